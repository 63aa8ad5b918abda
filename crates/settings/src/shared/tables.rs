//! The tables in PostgreSQL, and whether the database is one that this version can work with.

use super::{LOCK, PATIENCE, retrievals};
use crate::error::OpenError;
use crate::sql::postgres::Postgres;
use crate::sql::{Connection, SqlError, SqlResult, values};
use auth::Seal;

/// Of these tables, with all upgrades.
const VERSION: i64 = FIRST + UPGRADES.len() as i64;
/// Of the tables that a new database begins with.
const FIRST: i64 = 1;
/// The first that tells what became of a transaction whose answer was lost.
const OLDEST_SERVER: i64 = 13;

/// As `settings.db` and `alerts.db` have them, with texts in the order of their bytes.
const TABLES: &str = r#"
    CREATE TABLE fluoro_settings (
        id bigint PRIMARY KEY CHECK (id = 1), version bigint NOT NULL, settings bigint NOT NULL, alerts bigint NOT NULL,
        states bigint NOT NULL, keys bigint NOT NULL, seal text NOT NULL);
    CREATE TABLE fluoro_keys (id bigint PRIMARY KEY CHECK (id = 1), document text, seal text NOT NULL, used text);
    CREATE TABLE fluoro_duty (
        id bigint PRIMARY KEY CHECK (id = 1), owner text NOT NULL, epoch bigint NOT NULL, until timestamptz NOT NULL);
    CREATE TABLE fluoro_reservoir (rule text COLLATE "C" PRIMARY KEY, revision bigint NOT NULL, state text NOT NULL);
    CREATE TABLE sampling_rules (
        name text COLLATE "C" PRIMARY KEY, resource_arn text NOT NULL, priority bigint NOT NULL, fixed_rate double precision NOT NULL,
        reservoir_size bigint NOT NULL, service_name text NOT NULL, service_type text NOT NULL, host text NOT NULL,
        http_method text NOT NULL, url_path text NOT NULL, attributes text NOT NULL, boost_max_rate double precision,
        boost_cooldown_minutes bigint, created_micros bigint NOT NULL, modified_micros bigint NOT NULL);
    CREATE TABLE groups (
        name text COLLATE "C" PRIMARY KEY, key text NOT NULL, filter_expression text, insights_enabled bigint NOT NULL,
        notifications_enabled bigint NOT NULL, filter_changed_micros bigint);
    CREATE TABLE tags (
        resource text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, value text NOT NULL, PRIMARY KEY (resource, key));
    CREATE TABLE policies (
        name text COLLATE "C" PRIMARY KEY, document text NOT NULL, revision bigint NOT NULL, updated_micros bigint NOT NULL);
    CREATE TABLE switches (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);
    CREATE TABLE notifiers (
        name text COLLATE "C" PRIMARY KEY, kind text NOT NULL, body text NOT NULL, sealed text NOT NULL,
        created_micros bigint NOT NULL, modified_micros bigint NOT NULL);
    CREATE TABLE subscriptions (
        id text COLLATE "C" PRIMARY KEY, topic text NOT NULL, protocol text NOT NULL, endpoint text NOT NULL,
        is_raw bigint NOT NULL, created_micros bigint NOT NULL, confirmed_micros bigint);
    CREATE TABLE alarms (
        name text COLLATE "C" PRIMARY KEY, definition text NOT NULL, created_micros bigint NOT NULL, configured_micros bigint NOT NULL);
    CREATE TABLE mute_rules (name text COLLATE "C" PRIMARY KEY, definition text NOT NULL, modified_micros bigint NOT NULL);
    CREATE TABLE url_rules (place bigint PRIMARY KEY, service text NOT NULL, path text NOT NULL);
    CREATE TABLE alarm_states (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);
    CREATE TABLE marks (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);
    CREATE TABLE history (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at_micros bigint NOT NULL, alarm text COLLATE "C" NOT NULL,
        alarm_type text NOT NULL, kind text NOT NULL, summary text NOT NULL, data text NOT NULL);
    CREATE INDEX history_by_time ON history (at_micros, id);
    CREATE INDEX history_by_alarm ON history (alarm, at_micros, id);
    CREATE TABLE insights (
        id text COLLATE "C" PRIMARY KEY, group_name text NOT NULL, root text NOT NULL, start_micros bigint NOT NULL,
        end_micros bigint, is_active bigint NOT NULL, body text NOT NULL);
    CREATE INDEX insights_by_start ON insights (start_micros, id);
    CREATE TABLE notices (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL, created_micros bigint NOT NULL,
        is_routed bigint NOT NULL, notice text NOT NULL);
    CREATE INDEX notices_to_route ON notices (seq) WHERE is_routed = 0;
    CREATE TABLE deliveries (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text COLLATE "C" NOT NULL, notice bigint NOT NULL,
        target text COLLATE "C" NOT NULL, dedup_key text COLLATE "C" NOT NULL, is_firing bigint NOT NULL, state text NOT NULL,
        tries bigint NOT NULL, due_micros bigint NOT NULL, created_micros bigint NOT NULL, done_micros bigint, answer text);
    CREATE INDEX deliveries_pending ON deliveries (target, dedup_key, seq) WHERE state = 'pending';
    CREATE INDEX deliveries_held ON deliveries (due_micros) WHERE state = 'held';
    CREATE INDEX deliveries_by_notice ON deliveries (notice);
    CREATE INDEX deliveries_by_target ON deliveries (target, dedup_key, seq);
    CREATE INDEX deliveries_by_id ON deliveries (id);
    INSERT INTO fluoro_duty VALUES (1, '', 0, '-infinity')"#;

/// The steps that lead from each version to the next, the first from version 1. A step that was released never changes, and one leaves
/// in place what processes of the version before still use.
const UPGRADES: [&str; 2] = [
    "
    CREATE TABLE log_links (place bigint PRIMARY KEY, service text NOT NULL, title text NOT NULL, url text NOT NULL);
    CREATE TABLE views (
        name text COLLATE \"C\" PRIMARY KEY, page text NOT NULL, query text NOT NULL, saved_micros bigint NOT NULL)",
    retrievals::TABLE,
];

/// Makes what is missing, refuses what this version must not touch, and gives what seals secrets.
pub(super) fn found(url: &str) -> Result<String, OpenError> {
    let connection = Connection::new(Postgres::new(url, LOCK, PATIENCE).map_err(|error| unusable(&error))?);
    check_server(&connection)?;
    let transaction = connection.begin().map_err(|error| unusable(&error))?;
    if !is_there(&transaction, "fluoro_settings").map_err(|error| unusable(&error))? {
        let others = others(&transaction).map_err(|error| unusable(&error))?;
        if !others.is_empty() {
            return Err(OpenError::Shared {
                detail: format!("the database has tables of something else: {}", others.join(", ")),
                remedy: OWN.to_owned(),
            });
        }
        let random = || Seal::random_digits().map_err(|error| OpenError::Failed(Box::new(error)));
        make(&transaction, &random()?, &random()?).map_err(|error| unusable(&error))?;
    }
    let sql = "SELECT version, seal FROM fluoro_settings WHERE id = 1";
    let read = transaction.one(sql, &[], |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)));
    let (version, seal) = read.map_err(|error| OpenError::Shared {
        detail: format!("the table fluoro_settings is not Fluoro's: {}", innermost(&error)),
        remedy: OWN.to_owned(),
    })?;
    if version > VERSION {
        return Err(OpenError::Shared {
            detail: format!(
                "its tables are of version {version}, and this version of Fluoro knows {VERSION}"
            ),
            remedy: "use the newer version of Fluoro that made them".to_owned(),
        });
    }
    upgrade(&transaction, version).map_err(|error| unusable(&error))?;
    transaction.commit().map_err(|error| unusable(&error))?;
    Ok(seal)
}

const OWN: &str = "name in --settings a database of its own, such as one made with `createdb fluoro`";

fn check_server(connection: &Connection) -> Result<(), OpenError> {
    let sql =
        "SELECT current_setting('server_version_num')::bigint / 10000, current_setting('server_encoding')";
    let read = connection.one(sql, &[], |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)));
    let (version, encoding) = read.map_err(|error| unusable(&error))?;
    if version < OLDEST_SERVER {
        return Err(OpenError::Shared {
            detail: format!("the server has version {version}"),
            remedy: format!("use {OLDEST_SERVER} or newer"),
        });
    }
    if encoding != "UTF8" {
        return Err(OpenError::Shared {
            detail: format!("the database keeps text as {encoding}"),
            remedy: "make one with `createdb --encoding UTF8 --template template0`".to_owned(),
        });
    }
    Ok(())
}

fn is_there(connection: &Connection, table: &str) -> SqlResult<bool> {
    let sql = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename::text = ?1";
    Ok(connection.one(sql, values![table], |row| row.get::<i64>(0))? > 0)
}

/// Some tables that are not Fluoro's.
fn others(connection: &Connection) -> SqlResult<Vec<String>> {
    let sql = "SELECT tablename::text FROM pg_tables
        WHERE schemaname = current_schema() AND NOT starts_with(tablename, 'fluoro_') ORDER BY 1 LIMIT 4";
    connection.all(sql, &[], |row| row.get(0))
}

/// Whoever comes first does it; others wait for the lock and find it done.
fn upgrade(connection: &Connection, from: i64) -> SqlResult<()> {
    if from == VERSION {
        return Ok(());
    }
    let done = usize::try_from(from - FIRST).map_err(|_| SqlError::Malformed("version".to_owned()))?;
    for statement in UPGRADES.iter().skip(done).flat_map(|step| step.split(';')) {
        connection.execute(statement, &[])?;
    }
    connection.execute("UPDATE fluoro_settings SET version = ?1", values![VERSION]).map(drop)
}

fn make(connection: &Connection, seal: &str, of_keys: &str) -> SqlResult<()> {
    for statement in TABLES.split(';') {
        connection.execute(statement, &[])?;
    }
    connection.execute("INSERT INTO fluoro_keys (id, seal) VALUES (1, ?1)", values![of_keys])?;
    let sql = "INSERT INTO fluoro_settings VALUES (1, ?1, 1, 1, 1, 1, ?2)";
    connection.execute(sql, values![FIRST, seal]).map(drop)
}

fn unusable(error: &SqlError) -> OpenError {
    let state = match error {
        SqlError::Refused(cause) => {
            cause.downcast_ref::<tokio_postgres::Error>().and_then(|cause| cause.code())
        }
        _ => None,
    };
    let detail = innermost(error);
    let remedy = ::postgres::remedy(state, &detail).to_owned();
    OpenError::Shared { detail, remedy }
}

fn innermost(error: &SqlError) -> String {
    match error {
        SqlError::Refused(cause) => ::postgres::reason(&**cause),
        other => other.to_string(),
    }
}
