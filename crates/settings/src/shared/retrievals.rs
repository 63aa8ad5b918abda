//! Trace retrievals that were started, by token. Where several processes have the same settings, one that was begun at one of
//! them is read and ended at the others; else they end with the process.

use model::{Micros, Timestamp, TraceId};
use parking_lot::Mutex;

use super::{LOCK, PATIENCE};
use crate::error::{AlertsError, OpenError};
use crate::sql::postgres::Postgres;
use crate::sql::sqlite::Sqlite;
use crate::sql::{Connection, Row, SqlError, SqlResult, json_text, values};

/// How long a token is good for; what X-Ray gives a retrieval.
const LIFETIME: Micros = Micros::from_secs(60 * 60);
/// Retrievals at a time, each of some kilobytes; more are refused until one expires or is cancelled.
pub const MAX_RETRIEVALS: i64 = 1_000;

pub(super) const TABLE: &str = "CREATE TABLE fluoro_retrieval (
    token text PRIMARY KEY, started_micros bigint NOT NULL, is_cancelled bigint NOT NULL, traces text NOT NULL)";

/// Waits for an answer, so async callers come on a thread for blocking work.
#[derive(Debug)]
pub struct Retrievals {
    connection: Mutex<Connection>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrieval {
    pub is_cancelled: bool,
    /// Those that were found, in the order asked.
    pub traces: Vec<TraceId>,
}

impl Retrievals {
    /// Of this process alone.
    pub(crate) fn in_memory() -> Result<Self, OpenError> {
        let connection = Connection::new(Sqlite::open(None, &[TABLE], "retrievals in memory")?);
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Connects when it is first asked.
    pub(super) fn shared(url: &str) -> Result<Self, OpenError> {
        // Nothing else waits for these.
        let connection = Connection::new(Postgres::new(url, LOCK + 2, PATIENCE)?);
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Gives a token, or none where there are too many retrievals.
    pub fn start(&self, traces: &[TraceId], now: Timestamp) -> Result<Option<String>, AlertsError> {
        let connection = self.connection.lock();
        let transaction = connection.begin()?;
        let expired = now.minus(LIFETIME).0;
        transaction.execute("DELETE FROM fluoro_retrieval WHERE started_micros <= ?1", values![expired])?;
        if count(&transaction)? >= MAX_RETRIEVALS {
            // Nothing to be had from those.
            transaction.execute("DELETE FROM fluoro_retrieval WHERE is_cancelled = 1", &[])?;
        }
        if count(&transaction)? >= MAX_RETRIEVALS {
            return Ok(None);
        }
        // Nobody else can guess it.
        let token = format!("{:032x}", rand::random::<u128>());
        let ids: Vec<String> = traces.iter().map(ToString::to_string).collect();
        let sql = "INSERT INTO fluoro_retrieval VALUES (?1, ?2, 0, ?3)";
        transaction.execute(sql, values![token, now.0, json_text(&ids)?])?;
        transaction.commit()?;
        Ok(Some(token))
    }

    /// None where there is none, or none any more.
    pub fn find(&self, token: &str, now: Timestamp) -> Result<Option<Retrieval>, AlertsError> {
        let sql =
            "SELECT is_cancelled, traces FROM fluoro_retrieval WHERE token = ?1 AND started_micros > ?2";
        let oldest = now.minus(LIFETIME).0;
        Ok(self.connection.lock().first(sql, values![token, oldest], read)?)
    }

    /// False where there is none, or none any more.
    pub fn cancel(&self, token: &str, now: Timestamp) -> Result<bool, AlertsError> {
        let sql = "UPDATE fluoro_retrieval SET is_cancelled = 1 WHERE token = ?1 AND started_micros > ?2";
        let oldest = now.minus(LIFETIME).0;
        Ok(self.connection.lock().execute(sql, values![token, oldest])? > 0)
    }
}

fn count(connection: &Connection) -> SqlResult<i64> {
    connection.one("SELECT count(*) FROM fluoro_retrieval", &[], |row| row.get(0))
}

fn read(row: &Row) -> SqlResult<Retrieval> {
    let ids: Vec<String> = row.json(1)?;
    let id = |text: &String| text.parse().map_err(|_| SqlError::Malformed("a trace id".to_owned()));
    Ok(Retrieval { is_cancelled: row.get(0)?, traces: ids.iter().map(id).collect::<SqlResult<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_at_a_time_and_cancelled_ones_make_room() {
        let retrievals = Retrievals::in_memory().unwrap();
        let now = Timestamp(1_800_000_000_000_000);
        let start = |now| retrievals.start(&[TraceId([7; 16])], now).unwrap();
        let first = start(now).unwrap();
        for _ in 1..MAX_RETRIEVALS {
            assert!(start(now.plus(Micros(1))).is_some());
        }
        assert_eq!(start(now), None);
        assert!(retrievals.cancel(&first, now).unwrap());
        let found = retrievals.find(&first, now).unwrap();
        assert_eq!(found, Some(Retrieval { is_cancelled: true, traces: vec![TraceId([7; 16])] }));
        let last = start(now).unwrap();
        assert_eq!(retrievals.find(&first, now).unwrap(), None);
        assert_eq!(start(now), None);
        // All but those that were started a microsecond later expire.
        assert!(retrievals.cancel(&last, now.plus(LIFETIME)).is_ok_and(|was_there| !was_there));
        assert!(start(now.plus(LIFETIME)).is_some());
    }
}
