//! What happened to alarms, as CloudWatch's history tells it; kept when an alarm is deleted and made again.

use model::{Micros, TimeRange, Timestamp};

use super::{KEPT_DAYS, MAX_HISTORY};
use crate::sql::{Connection, Row, SqlError, SqlResult, values};

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

pub(super) fn put(transaction: &Connection, item: &HistoryItem) -> SqlResult<()> {
    let sql = "INSERT INTO history (at_micros, alarm, alarm_type, kind, summary, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = values![item.at.0, item.alarm, item.alarm_type, item.kind.name(), item.summary, item.data,];
    transaction.execute(sql, values).map(drop)
}

pub(super) fn find(connection: &Connection, query: &HistoryQuery) -> SqlResult<Vec<HistoryRow>> {
    let (beyond, order) = if query.oldest_first { (">", "ASC") } else { ("<", "DESC") };
    let sql = format!(
        "SELECT id, at_micros, alarm, alarm_type, kind, summary, data FROM history
            WHERE at_micros >= ?1 AND at_micros < ?2
            AND (alarm = ?3 OR ?3 IS NULL) AND (alarm_type = ?4 OR ?4 IS NULL) AND (kind = ?5 OR ?5 IS NULL)
            AND ((at_micros, id) {beyond} (?6, ?7) OR ?6 IS NULL)
            ORDER BY at_micros {order}, id {order} LIMIT ?8"
    );
    let values = values![
        query.range.start.0,
        query.range.end.0,
        query.alarm,
        query.alarm_type,
        query.kind.map(HistoryKind::name),
        query.after.map(|(at, _)| at.0),
        query.after.map(|(_, id)| id),
        i64::try_from(query.limit).unwrap_or(i64::MAX),
    ];
    connection.all(&sql, values, read)
}

fn read(row: &Row) -> SqlResult<HistoryRow> {
    let kind: String = row.get(4)?;
    let kind = HistoryKind::parse(&kind).ok_or_else(|| SqlError::Malformed("kind".to_owned()))?;
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

pub(super) fn retain(transaction: &Connection, now: Timestamp) -> SqlResult<usize> {
    let oldest = now.minus(Micros::from_secs(KEPT_DAYS * DAY));
    let old = transaction.execute("DELETE FROM history WHERE at_micros < ?1", values![oldest.0])?;
    let most = i64::try_from(MAX_HISTORY).unwrap_or(i64::MAX);
    let many = transaction.execute(
        "DELETE FROM history WHERE id IN
            (SELECT id FROM history ORDER BY at_micros DESC, id DESC LIMIT 9223372036854775807 OFFSET ?1)",
        values![most],
    )?;
    Ok(old + many)
}
