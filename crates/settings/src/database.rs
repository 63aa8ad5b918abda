//! The settings as a database has them: the schema, reading all of it, and writing what differs between two states.
//!
//! In SQLite it is `settings.db`, of this process alone. In PostgreSQL each change has a number, by which processes see that others
//! have made one.

mod row;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::Timestamp;
use model::template::rule::UrlRules;

use crate::account::Account;
use crate::error::OpenError;
use crate::log_link::LogLinks;
use crate::snapshot::Snapshot;
use crate::sql::sqlite::Sqlite;
use crate::sql::{Connection, SqlResult, Transaction, values};
use crate::transaction_search::{Destination, IndexingRule};

/// The steps that lead from each schema to the next; the first makes version 1. A step that was released never
/// changes.
const UPGRADES: [&str; 5] = [
    "
    CREATE TABLE sampling_rules (
        name TEXT PRIMARY KEY,
        resource_arn TEXT NOT NULL,
        priority INTEGER NOT NULL,
        fixed_rate REAL NOT NULL,
        reservoir_size INTEGER NOT NULL,
        service_name TEXT NOT NULL,
        service_type TEXT NOT NULL,
        host TEXT NOT NULL,
        http_method TEXT NOT NULL,
        url_path TEXT NOT NULL,
        attributes TEXT NOT NULL,
        boost_max_rate REAL,
        boost_cooldown_minutes INTEGER,
        created_micros INTEGER NOT NULL,
        modified_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE groups (
        name TEXT PRIMARY KEY,
        key TEXT NOT NULL,
        filter_expression TEXT,
        insights_enabled INTEGER NOT NULL,
        notifications_enabled INTEGER NOT NULL,
        filter_changed_micros INTEGER
    ) STRICT;
    CREATE TABLE tags (
        resource TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (resource, key)
    ) STRICT;
    CREATE TABLE policies (
        name TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        revision INTEGER NOT NULL,
        updated_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE switches (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
",
    "
    CREATE TABLE notifiers (
        name TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        sealed TEXT NOT NULL,
        created_micros INTEGER NOT NULL,
        modified_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE subscriptions (
        id TEXT PRIMARY KEY,
        topic TEXT NOT NULL,
        protocol TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        is_raw INTEGER NOT NULL,
        created_micros INTEGER NOT NULL,
        confirmed_micros INTEGER
    ) STRICT;
",
    "
    CREATE TABLE alarms (
        name TEXT PRIMARY KEY,
        definition TEXT NOT NULL,
        created_micros INTEGER NOT NULL,
        configured_micros INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE mute_rules (
        name TEXT PRIMARY KEY,
        definition TEXT NOT NULL,
        modified_micros INTEGER NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE url_rules (place INTEGER PRIMARY KEY, service TEXT NOT NULL, path TEXT NOT NULL) STRICT;
",
    "
    CREATE TABLE log_links (
        place INTEGER PRIMARY KEY,
        service TEXT NOT NULL,
        title TEXT NOT NULL,
        url TEXT NOT NULL
    ) STRICT;
    CREATE TABLE views (
        name TEXT PRIMARY KEY,
        page TEXT NOT NULL,
        query TEXT NOT NULL,
        saved_micros INTEGER NOT NULL
    ) STRICT;
",
];

const RULES_MODIFIED: &str = "rules_modified_micros";
const INDEXING_PERCENTAGE: &str = "indexing_percentage";
const INDEXING_MODIFIED: &str = "indexing_modified_micros";
const DESTINATION: &str = "destination";
const DESTINATION_CHANGED: &str = "destination_changed_micros";
const URL_RULES_REVISION: &str = "url_rules_revision";
const LOG_LINKS_REVISION: &str = "log_links_revision";
const CLOUD_WATCH_LOGS: &str = "CloudWatchLogs";
const XRAY: &str = "XRay";

#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    is_shared: bool,
}

/// A change in the making, which nobody else makes one beside.
pub(crate) struct Changing<'a> {
    transaction: Transaction<'a>,
    is_shared: bool,
}

impl Database {
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, OpenError> {
        let connection = Connection::new(Sqlite::open(path, &UPGRADES, "settings.db")?);
        Ok(Self { connection, is_shared: false })
    }

    /// Over tables of PostgreSQL that are there.
    pub(crate) fn shared(connection: Connection) -> Self {
        Self { connection, is_shared: true }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn begin(&self) -> SqlResult<Changing<'_>> {
        Ok(Changing { transaction: self.connection.begin()?, is_shared: self.is_shared })
    }
}

impl Changing<'_> {
    /// The number of the newest change; none where nobody else makes any.
    pub(crate) fn revision(&self) -> SqlResult<Option<i64>> {
        if !self.is_shared {
            return Ok(None);
        }
        self.transaction.one("SELECT settings FROM fluoro_settings", &[], |row| row.get(0)).map(Some)
    }

    /// Writes what differs, and gives the number of the change where it has one.
    pub(crate) fn save(self, old: &Snapshot, new: &Snapshot, account: &Account) -> SqlResult<Option<i64>> {
        write(&self.transaction, old, new, account)?;
        let revision = match self.is_shared {
            true => {
                let sql = "UPDATE fluoro_settings SET settings = settings + 1 RETURNING settings";
                Some(self.transaction.one(sql, &[], |row| row.get(0))?)
            }
            false => None,
        };
        self.transaction.commit()?;
        Ok(revision)
    }

    pub(crate) fn load(&self, account: &Account) -> Result<Snapshot, OpenError> {
        load(&self.transaction, account)
    }
}

fn load(connection: &Connection, account: &Account) -> Result<Snapshot, OpenError> {
    let mut snapshot = Snapshot::initial(account);
    for record in row::rules(connection, account)? {
        snapshot.rules.insert(record.rule.name.clone(), record);
    }
    for record in row::groups(connection)? {
        snapshot.groups.insert(record.group.name.clone(), record);
    }
    for (resource, key, value) in row::tags(connection)? {
        snapshot.tags.entry(account.arn_again(&resource)).or_default().insert(key, value);
    }
    for policy in row::policies(connection)? {
        snapshot.policies.insert(policy.name.clone(), policy);
    }
    for notifier in row::notifiers(connection)? {
        snapshot.notifiers.insert(notifier.name.clone(), notifier);
    }
    for subscription in row::subscriptions(connection)? {
        snapshot.subscriptions.insert(subscription.id.clone(), subscription);
    }
    for record in row::alarms(connection)? {
        snapshot.alarms.insert(record.alarm.name().to_owned(), Arc::new(record));
    }
    for record in row::mutes(connection)? {
        snapshot.mutes.insert(record.rule.name.clone(), record);
    }
    let rules = UrlRules::read(row::url_rules(connection)?);
    let rules = rules.map_err(|_| OpenError::Damaged { what: "a rule for URLs" })?;
    snapshot.url_rules.rules = Arc::new(rules);
    let links = LogLinks::read(row::log_links(connection)?);
    let links = links.map_err(|_| OpenError::Damaged { what: "a link to logs" })?;
    snapshot.log_links.links = Arc::new(links);
    for view in row::views(connection)? {
        view.check().map_err(|_| OpenError::Damaged { what: "a saved view" })?;
        snapshot.views.insert(view.name.clone(), view);
    }
    let switches = row::switches(connection)?;
    load_switches(&switches, &mut snapshot)?;
    Ok(snapshot)
}

fn write(transaction: &Connection, old: &Snapshot, new: &Snapshot, account: &Account) -> SqlResult<()> {
    save_map(transaction, "sampling_rules", &old.rules, &new.rules, row::put_rule)?;
    save_map(transaction, "groups", &old.groups, &new.groups, row::put_group)?;
    save_map(transaction, "policies", &old.policies, &new.policies, row::put_policy)?;
    save_map(transaction, "notifiers", &old.notifiers, &new.notifiers, row::put_notifier)?;
    save_map(transaction, "subscriptions", &old.subscriptions, &new.subscriptions, row::put_subscription)?;
    save_map(transaction, "alarms", &old.alarms, &new.alarms, row::put_alarm)?;
    save_map(transaction, "mute_rules", &old.mutes, &new.mutes, row::put_mute)?;
    if old.tags != new.tags {
        row::put_tags(transaction, &new.tags, account)?;
    }
    if old.url_rules != new.url_rules {
        row::put_url_rules(transaction, new.url_rules.rules.as_slice())?;
    }
    if old.log_links != new.log_links {
        row::put_log_links(transaction, new.log_links.links.as_slice())?;
    }
    save_map(transaction, "views", &old.views, &new.views, row::put_view)?;
    let written = switches(old);
    for switch in switches(new).into_iter().filter(|switch| !written.contains(switch)) {
        transaction.replace("switches", "name", values![switch.0, switch.1])?;
    }
    Ok(())
}

fn save_map<T: PartialEq>(
    transaction: &Connection,
    table: &'static str,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    put: fn(&Connection, &T) -> SqlResult<()>,
) -> SqlResult<()> {
    let key = if table == "subscriptions" { "id" } else { "name" };
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        transaction.execute(&format!("DELETE FROM {table} WHERE {key} = ?1"), values![name])?;
    }
    for (_, value) in new.iter().filter(|(name, value)| old.get(*name) != Some(value)) {
        put(transaction, value)?;
    }
    Ok(())
}

fn switches(snapshot: &Snapshot) -> [(&'static str, String); 7] {
    let destination = match snapshot.destination {
        Destination::XRay => XRAY,
        Destination::CloudWatchLogs => CLOUD_WATCH_LOGS,
    };
    [
        (RULES_MODIFIED, snapshot.rules_modified.0.to_string()),
        (INDEXING_PERCENTAGE, snapshot.indexing.desired_percentage.to_string()),
        (INDEXING_MODIFIED, snapshot.indexing.modified.0.to_string()),
        (DESTINATION, destination.to_owned()),
        (DESTINATION_CHANGED, snapshot.destination_changed.0.to_string()),
        (URL_RULES_REVISION, snapshot.url_rules.revision.to_string()),
        (LOG_LINKS_REVISION, snapshot.log_links.revision.to_string()),
    ]
}

/// A switch that was never touched is not there.
fn load_switches(switches: &BTreeMap<String, String>, snapshot: &mut Snapshot) -> Result<(), OpenError> {
    let instant = |name: &str, otherwise: Timestamp| match switches.get(name).map(|text| text.parse()) {
        None => Ok(otherwise),
        Some(Ok(micros)) => Ok(Timestamp(micros)),
        Some(Err(_)) => Err(OpenError::Damaged { what: "a time" }),
    };
    snapshot.rules_modified = instant(RULES_MODIFIED, snapshot.rules_modified)?;
    let revision = |name: &str| match switches.get(name).map(|text| text.parse()) {
        None => Ok(0),
        Some(Ok(revision)) => Ok(revision),
        Some(Err(_)) => Err(OpenError::Damaged { what: "a revision" }),
    };
    snapshot.url_rules.revision = revision(URL_RULES_REVISION)?;
    snapshot.log_links.revision = revision(LOG_LINKS_REVISION)?;
    let desired_percentage = match switches.get(INDEXING_PERCENTAGE).map(|text| text.parse()) {
        None => snapshot.indexing.desired_percentage,
        Some(Ok(percentage)) => percentage,
        Some(Err(_)) => return Err(OpenError::Damaged { what: "an indexing percentage" }),
    };
    let modified = instant(INDEXING_MODIFIED, snapshot.indexing.modified)?;
    snapshot.indexing = IndexingRule { desired_percentage, modified };
    snapshot.destination_changed = instant(DESTINATION_CHANGED, snapshot.destination_changed)?;
    snapshot.destination = match switches.get(DESTINATION).map(String::as_str) {
        None | Some(XRAY) => Destination::XRay,
        Some(CLOUD_WATCH_LOGS) => Destination::CloudWatchLogs,
        Some(_) => return Err(OpenError::Damaged { what: "a destination" }),
    };
    Ok(())
}
