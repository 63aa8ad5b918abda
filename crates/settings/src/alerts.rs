//! What was noticed and who is to be told of it, beside the settings, which say what to look for: `alerts.db`, or PostgreSQL.
//!
//! The states of alarms, their history, insights, and the outbox of notices. A [`Batch`] is written whole or not at all,
//! and is on disk when [`Alerts::commit`] returns, so that no state changes without the message that it owes. Bodies are
//! JSON of whoever writes them; what is asked by has a column. Everything is bounded: [`Alerts::retain`] lets go what is
//! old.
//!
//! Where several processes have the same alerts, one of them is on *duty*: it evaluates and tells. What it writes [on
//! duty](Alerts::on_duty) is refused once another one has taken over, who then begins with all that was written.

mod held;
mod history;
mod insight;
mod outbox;
mod schema;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alert::Notice;
use model::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::sync::watch;

use crate::error::{AlertsError, OpenError};
use crate::sql::sqlite::Sqlite;
use crate::sql::{Connection, SqlResult, Transaction, values};

pub use held::RELEASED_AFTER;
pub use history::{HistoryItem, HistoryKind, HistoryQuery, HistoryRow};
pub use insight::{InsightQuery, InsightRow};
pub use outbox::{
    Delivery, DeliveryState, GATHERED_FOR, MAX_PENDING, Outcome, Queued, TargetSummary, Targets, unique_id,
};

/// How long history and closed insights are kept: as long as X-Ray's API can ask back.
pub const KEPT_DAYS: u64 = 30;
/// How long a delivery stays on the list when it is done.
pub const DELIVERIES_KEPT_DAYS: u64 = 7;
/// Items of history at most; the oldest go first. Some 50 MB.
pub const MAX_HISTORY: u64 = 100_000;
/// Insights at most; the oldest closed ones go first.
pub const MAX_INSIGHTS: u64 = 20_000;

/// A cheap clone. Everything takes the one connection and a commit takes an fsync or some answers of PostgreSQL, so async callers
/// come on a thread for blocking work.
#[derive(Debug, Clone)]
pub struct Alerts {
    inner: Arc<Inner>,
    /// What is written counts only while this process has this turn of duty.
    turn: Option<u64>,
}

#[derive(Debug)]
struct Inner {
    /// Held for the time of a transaction.
    connection: Mutex<Connection>,
    changes: watch::Sender<u64>,
    /// Which turn of duty this process has.
    duty: watch::Sender<Option<u64>>,
    /// This process takes no further turn.
    is_leaving: Arc<AtomicBool>,
    /// How this process is called where others have the same alerts.
    shared: Option<Arc<str>>,
    /// By how much the states of alarms changed, as far as is known here.
    states: watch::Sender<i64>,
}

/// What one step of whoever watches comes to; empty lists are nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// By name of the alarm; `None` forgets its state.
    pub alarm_states: Vec<(String, Option<Value>)>,
    pub history: Vec<HistoryItem>,
    /// Each replaces what was known under its id.
    pub insights: Vec<InsightRow>,
    /// Put into the outbox in this order.
    pub notices: Vec<Notice>,
    /// What else the writer wants to find again, such as how far it evaluated: by name; `None` forgets it.
    pub marks: Vec<(String, Option<Value>)>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a change of alarms is made over.
#[derive(Debug)]
pub struct Before<'a> {
    connection: &'a Connection,
    /// The states of all alarms, where they are not those that the caller knows.
    pub states: Option<BTreeMap<String, Value>>,
}

impl Alerts {
    /// Opens `alerts.db` in the directory, or makes it.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let path = directory.join("alerts.db");
        Ok(Self::alone(Sqlite::open(Some(&path), &schema::UPGRADES, "alerts.db")?))
    }

    /// Alerts that are gone with the process.
    pub fn in_memory() -> Result<Self, OpenError> {
        Ok(Self::alone(Sqlite::open(None, &schema::UPGRADES, "alerts.db")?))
    }

    fn alone(sqlite: Sqlite) -> Self {
        let (connection, changes) = (Mutex::new(Connection::new(sqlite)), watch::Sender::new(0));
        let (duty, states) = (watch::Sender::new(Some(0)), watch::Sender::new(0));
        Self {
            inner: Arc::new(Inner {
                connection,
                changes,
                duty,
                is_leaving: Arc::default(),
                shared: None,
                states,
            }),
            turn: None,
        }
    }

    /// Over tables of PostgreSQL that are there.
    pub(crate) fn shared(
        connection: Connection,
        name: Arc<str>,
        changes: watch::Sender<u64>,
        duty: watch::Sender<Option<u64>>,
        is_leaving: Arc<AtomicBool>,
        states: watch::Sender<i64>,
    ) -> Self {
        let connection = Mutex::new(connection);
        Self {
            inner: Arc::new(Inner { connection, changes, duty, is_leaving, shared: Some(name), states }),
            turn: None,
        }
    }

    /// Changes whenever something was written; whoever waits for notices or shows states looks again then.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Whether it is for this process to evaluate and to tell: the number of its turn. Alone it always is.
    pub fn duty(&self) -> watch::Receiver<Option<u64>> {
        self.inner.duty.subscribe()
    }

    /// The same alerts, for who writes because it is on duty.
    pub fn on_duty(&self, turn: u64) -> Self {
        Self { inner: Arc::clone(&self.inner), turn: Some(turn) }
    }

    /// Lets another process go on at once. Nothing may be written on duty any more.
    pub fn leave_duty(&self) -> Result<(), AlertsError> {
        let Some(name) = &self.inner.shared else { return Ok(()) };
        self.inner.is_leaving.store(true, Ordering::Release);
        self.inner.duty.send_replace(None);
        let sql = "UPDATE fluoro_duty SET until = now(), owner = '' WHERE owner = ?1";
        self.inner.connection.lock().execute(sql, values![**name])?;
        Ok(())
    }

    /// Which states of alarms there are, as far as is known here: another number says that others have changed some.
    pub fn states_known(&self) -> i64 {
        *self.inner.states.borrow()
    }

    /// Writes all of it, durably, or nothing.
    pub fn commit(&self, batch: &Batch, now: Timestamp) -> Result<(), AlertsError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.write(|transaction| put_batch(transaction, batch, now))
    }

    /// Writes what `collect` makes of the states of alarms, which nobody changes meanwhile. `known` is the number of those that
    /// the caller has; gives the number of those that there are then.
    pub fn change<E: From<AlertsError>>(
        &self,
        known: i64,
        now: Timestamp,
        collect: impl FnOnce(&Before<'_>) -> Result<Batch, E>,
    ) -> Result<i64, E> {
        let connection = self.inner.connection.lock();
        let transaction = connection.begin().map_err(AlertsError::from)?;
        let (before, found) = self.before(&transaction, known)?;
        let batch = collect(&before)?;
        if batch.is_empty() {
            return Ok(found);
        }
        let written = self.finish(transaction, &batch, now)?;
        drop(connection);
        self.inner.changes.send_modify(|revision| *revision += 1);
        Ok(written)
    }

    fn before<'a>(
        &self,
        transaction: &'a Transaction<'_>,
        known: i64,
    ) -> Result<(Before<'a>, i64), AlertsError> {
        self.check_duty(transaction)?;
        let (mut states, mut found) = (None, known);
        if self.inner.shared.is_some() {
            let sql = "SELECT states FROM fluoro_settings";
            found = transaction.one(sql, &[], |row| row.get(0))?;
            if found != known {
                states = Some(read_states(transaction)?);
            }
        }
        Ok((Before { connection: transaction, states }, found))
    }

    fn finish(
        &self,
        transaction: Transaction<'_>,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<i64, AlertsError> {
        put_batch(&transaction, batch, now)?;
        let mut number = 0;
        if self.inner.shared.is_some() {
            let sql = "UPDATE fluoro_settings SET alerts = alerts + 1, states = states + ?1 RETURNING states";
            let changes = !batch.alarm_states.is_empty();
            number = transaction.one(sql, values![changes], |row| row.get(0))?;
        }
        transaction.commit()?;
        Ok(number)
    }

    /// The states of all alarms, by name, with their number.
    pub fn states(&self) -> Result<(i64, BTreeMap<String, Value>), AlertsError> {
        let connection = self.inner.connection.lock();
        let number = match self.inner.shared {
            // Read first: what changes in between is read again.
            Some(_) => connection.one("SELECT states FROM fluoro_settings", &[], |row| row.get(0))?,
            None => 0,
        };
        Ok((number, read_states(&connection)?))
    }

    pub fn alarm_state(&self, name: &str) -> Result<Option<Value>, AlertsError> {
        self.read(|connection| named(connection, "alarm_states", name))
    }

    pub fn mark(&self, name: &str) -> Result<Option<Value>, AlertsError> {
        self.read(|connection| named(connection, "marks", name))
    }

    /// All marks whose names begin so.
    pub fn marks(&self, beginning: &str) -> Result<Vec<(String, Value)>, AlertsError> {
        let sql = "SELECT name, value FROM marks WHERE substr(name, 1, ?1) = ?2 ORDER BY name";
        let length = beginning.chars().count() as i64;
        self.read(|connection| {
            connection.all(sql, values![length, beginning], |row| Ok((row.get(0)?, row.json(1)?)))
        })
    }

    /// Items that are asked for, in the order that is asked for.
    pub fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, AlertsError> {
        self.read(|connection| history::find(connection, query))
    }

    /// Insights that are asked for, the newest start first, then by id.
    pub fn insights(&self, query: &InsightQuery) -> Result<Vec<InsightRow>, AlertsError> {
        self.read(|connection| insight::find(connection, query))
    }

    pub fn insight(&self, id: &str) -> Result<Option<InsightRow>, AlertsError> {
        self.read(|connection| insight::get(connection, id))
    }

    /// Lets go what is older than it is kept, and what is too much of it; says how many rows went. Called about hourly.
    pub fn retain(&self, now: Timestamp) -> Result<usize, AlertsError> {
        self.write(|transaction| {
            let gone = history::retain(transaction, now)? + insight::retain(transaction, now)?;
            Ok(gone + outbox::retain(transaction, now)?)
        })
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> SqlResult<T>) -> Result<T, AlertsError> {
        Ok(read(&self.inner.connection.lock())?)
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.inner.connection.lock()
    }

    fn write<T>(&self, write: impl FnOnce(&Connection) -> SqlResult<T>) -> Result<T, AlertsError> {
        let connection = self.inner.connection.lock();
        let transaction = connection.begin()?;
        self.check_duty(&transaction)?;
        let result = write(&transaction)?;
        if self.inner.shared.is_some() {
            transaction.execute("UPDATE fluoro_settings SET alerts = alerts + 1", &[])?;
        }
        transaction.commit()?;
        drop(connection);
        self.inner.changes.send_modify(|revision| *revision += 1);
        Ok(result)
    }

    /// Nobody takes over before the transaction has ended.
    fn check_duty(&self, transaction: &Connection) -> Result<(), AlertsError> {
        let (Some(turn), Some(name)) = (self.turn, &self.inner.shared) else { return Ok(()) };
        let sql = "SELECT epoch FROM fluoro_duty WHERE owner = ?1";
        let found: Option<i64> = transaction.first(sql, values![**name], |row| row.get(0))?;
        if found != i64::try_from(turn).ok() { Err(AlertsError::OffDuty) } else { Ok(()) }
    }
}

impl Before<'_> {
    /// Insights that are asked for, as [`Alerts::insights`] gives them.
    pub fn insights(&self, query: &InsightQuery) -> Result<Vec<InsightRow>, AlertsError> {
        Ok(insight::find(self.connection, query)?)
    }
}

fn put_batch(transaction: &Connection, batch: &Batch, now: Timestamp) -> SqlResult<()> {
    put_named(transaction, "alarm_states", &batch.alarm_states)?;
    put_named(transaction, "marks", &batch.marks)?;
    batch.history.iter().try_for_each(|item| history::put(transaction, item))?;
    batch.insights.iter().try_for_each(|row| insight::put(transaction, row))?;
    batch.notices.iter().try_for_each(|notice| outbox::put(transaction, notice, now))
}

fn read_states(connection: &Connection) -> SqlResult<BTreeMap<String, Value>> {
    let rows =
        connection.all("SELECT name, value FROM alarm_states", &[], |row| Ok((row.get(0)?, row.json(1)?)))?;
    Ok(rows.into_iter().collect())
}

fn put_named(
    transaction: &Connection,
    table: &'static str,
    values: &[(String, Option<Value>)],
) -> SqlResult<()> {
    for (name, value) in values {
        match value {
            None => {
                transaction.execute(&format!("DELETE FROM {table} WHERE name = ?1"), values![name])?;
            }
            Some(value) => transaction.replace(table, "name", values![name, value.to_string()])?,
        }
    }
    Ok(())
}

fn named(connection: &Connection, table: &'static str, name: &str) -> SqlResult<Option<Value>> {
    let sql = format!("SELECT value FROM {table} WHERE name = ?1");
    connection.first(&sql, values![name], |row| row.json(0))
}
