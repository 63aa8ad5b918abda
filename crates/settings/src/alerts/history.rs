//! What happened to alarms, as CloudWatch's history tells it; kept when an alarm is deleted and made again.

use model::{Micros, TimeRange, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, params};

use super::{KEPT_DAYS, MAX_HISTORY};

const DAY: u64 = 24 * 60 * 60;

/// One line of an alarm's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    pub at: Timestamp,
    pub alarm: String,
    /// CloudWatch's word: `MetricAlarm`, `CompositeAlarm`.
    pub alarm_type: String,
    pub kind: HistoryKind,
    pub summary: String,
    /// A document of JSON, as CloudWatch gives it: in a string.
    pub data: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HistoryKind {
    ConfigurationUpdate,
    StateUpdate,
    Action,
}

/// An item, and the number that tells those of one moment apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    pub id: i64,
    pub item: HistoryItem,
}

/// Which items; what is `None` does not restrict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    pub alarm: Option<String>,
    pub alarm_type: Option<String>,
    pub kind: Option<HistoryKind>,
    pub range: TimeRange,
    pub oldest_first: bool,
    /// The last row of the page before.
    pub after: Option<(Timestamp, i64)>,
    pub limit: usize,
}

impl HistoryKind {
    pub const ALL: [Self; 3] = [Self::ConfigurationUpdate, Self::StateUpdate, Self::Action];

    /// CloudWatch's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigurationUpdate => "ConfigurationUpdate",
            Self::StateUpdate => "StateUpdate",
            Self::Action => "Action",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

pub(super) fn put(transaction: &Transaction<'_>, item: &HistoryItem) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare(
        "INSERT INTO history (at_micros, alarm, alarm_type, kind, summary, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    insert.execute(params![
        item.at.0,
        item.alarm,
        item.alarm_type,
        item.kind.name(),
        item.summary,
        item.data,
    ])?;
    Ok(())
}

pub(super) fn find(connection: &Connection, query: &HistoryQuery) -> rusqlite::Result<Vec<HistoryRow>> {
    let (beyond, order) = if query.oldest_first { (">", "ASC") } else { ("<", "DESC") };
    let mut find = connection.prepare(&format!(
        "SELECT id, at_micros, alarm, alarm_type, kind, summary, data FROM history
            WHERE at_micros >= ?1 AND at_micros < ?2
            AND (?3 IS NULL OR alarm = ?3) AND (?4 IS NULL OR alarm_type = ?4) AND (?5 IS NULL OR kind = ?5)
            AND (?6 IS NULL OR (at_micros, id) {beyond} (?6, ?7))
            ORDER BY at_micros {order}, id {order} LIMIT ?8"
    ))?;
    let rows = find.query_map(
        params![
            query.range.start.0,
            query.range.end.0,
            query.alarm,
            query.alarm_type,
            query.kind.map(HistoryKind::name),
            query.after.map(|(at, _)| at.0),
            query.after.map(|(_, id)| id),
            i64::try_from(query.limit).unwrap_or(i64::MAX),
        ],
        read,
    )?;
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<HistoryRow> {
    let kind: String = row.get(4)?;
    let kind = HistoryKind::parse(&kind)
        .ok_or_else(|| rusqlite::Error::InvalidColumnType(4, "kind".to_owned(), Type::Text))?;
    let item = HistoryItem {
        at: Timestamp(row.get(1)?),
        alarm: row.get(2)?,
        alarm_type: row.get(3)?,
        kind,
        summary: row.get(5)?,
        data: row.get(6)?,
    };
    Ok(HistoryRow { id: row.get(0)?, item })
}

pub(super) fn retain(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<usize> {
    let oldest = now.minus(Micros::from_secs(KEPT_DAYS * DAY));
    let old = transaction.execute("DELETE FROM history WHERE at_micros < ?1", [oldest.0])?;
    let most = i64::try_from(MAX_HISTORY).unwrap_or(i64::MAX);
    let many = transaction.execute(
        "DELETE FROM history WHERE id IN
            (SELECT id FROM history ORDER BY at_micros DESC, id DESC LIMIT -1 OFFSET ?1)",
        [most],
    )?;
    Ok(old + many)
}
