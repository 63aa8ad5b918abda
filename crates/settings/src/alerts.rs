//! `alerts.db`: what was noticed and who is to be told of it, beside `settings.db`, which says what to look for.
//!
//! The states of alarms, their history, insights, and the outbox of notices. A [`Batch`] is written whole or not at all,
//! and is on disk when [`Alerts::commit`] returns, so that no state changes without the message that it owes. Bodies are
//! JSON of whoever writes them; what is asked by has a column. Everything is bounded: [`Alerts::retain`] lets go what is
//! old.

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

use alert::Notice;
use model::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;
use tokio::sync::watch;

use crate::error::{AlertsError, OpenError};

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

/// A cheap clone. Everything takes the one connection and a commit takes an fsync, so async callers come on a thread for
/// blocking work.
#[derive(Debug, Clone)]
pub struct Alerts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Held for the time of a transaction, which is one fsync.
    connection: Mutex<Connection>,
    changes: watch::Sender<u64>,
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

impl Alerts {
    /// Opens `alerts.db` in the directory, or makes it.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let connection = Connection::open(directory.join("alerts.db")).map_err(OpenError::alerts)?;
        Self::over(connection)
    }

    /// Alerts that are gone with the process.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::over(Connection::open_in_memory().map_err(OpenError::alerts)?)
    }

    fn over(mut connection: Connection) -> Result<Self, OpenError> {
        schema::prepare(&mut connection)?;
        let connection = Mutex::new(connection);
        Ok(Self { inner: Arc::new(Inner { connection, changes: watch::Sender::new(0) }) })
    }

    /// Changes whenever something was written; whoever waits for notices or shows states looks again then.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Writes all of it, durably, or nothing.
    pub fn commit(&self, batch: &Batch, now: Timestamp) -> Result<(), AlertsError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            put_named(transaction, "alarm_states", &batch.alarm_states)?;
            put_named(transaction, "marks", &batch.marks)?;
            batch.history.iter().try_for_each(|item| history::put(transaction, item))?;
            batch.insights.iter().try_for_each(|row| insight::put(transaction, row))?;
            batch.notices.iter().try_for_each(|notice| outbox::put(transaction, notice, now))
        })
    }

    /// The state of every alarm that has one, by name.
    pub fn alarm_states(&self) -> Result<BTreeMap<String, Value>, AlertsError> {
        self.read(|connection| {
            let mut query = connection.prepare("SELECT name, value FROM alarm_states")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, schema::json(row, 1)?)))?;
            rows.collect()
        })
    }

    pub fn alarm_state(&self, name: &str) -> Result<Option<Value>, AlertsError> {
        self.read(|connection| named(connection, "alarm_states", name))
    }

    pub fn mark(&self, name: &str) -> Result<Option<Value>, AlertsError> {
        self.read(|connection| named(connection, "marks", name))
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

    pub(crate) fn with_connection<T>(&self, ask: impl FnOnce(&Connection) -> T) -> T {
        ask(&self.inner.connection.lock())
    }

    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, AlertsError> {
        Ok(read(&self.inner.connection.lock())?)
    }

    fn write<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, AlertsError> {
        let mut connection = self.inner.connection.lock();
        let transaction = connection.transaction()?;
        let result = write(&transaction)?;
        transaction.commit()?;
        drop(connection);
        self.inner.changes.send_modify(|revision| *revision += 1);
        Ok(result)
    }
}

fn put_named(
    transaction: &Transaction<'_>,
    table: &'static str,
    values: &[(String, Option<Value>)],
) -> rusqlite::Result<()> {
    for (name, value) in values {
        match value {
            None => transaction.execute(&format!("DELETE FROM {table} WHERE name = ?1"), [name])?,
            Some(value) => transaction.execute(
                &format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2)"),
                params![name, value.to_string()],
            )?,
        };
    }
    Ok(())
}

fn named(connection: &Connection, table: &'static str, name: &str) -> rusqlite::Result<Option<Value>> {
    let mut query = connection.prepare(&format!("SELECT value FROM {table} WHERE name = ?1"))?;
    query.query_row([name], |row| schema::json(row, 0)).optional()
}
