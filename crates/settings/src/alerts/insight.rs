//! Insights: a document each, with the columns that they are asked by.

use model::{Micros, TimeRange, Timestamp};
use serde_json::Value;

use super::{KEPT_DAYS, MAX_INSIGHTS};
use crate::sql::{Connection, Row, SqlResult, values};

const DAY: u64 = 24 * 60 * 60;
const COLUMNS: &str = "id, group_name, root, start_micros, end_micros, is_active, body";

#[derive(Debug, Clone, PartialEq)]
pub struct InsightRow {
    pub id: String,
    pub group: String,
    /// Name of the node where it began.
    pub root: String,
    pub start: Timestamp,
    /// When it was over; an insight may be known to have ended before it is closed.
    pub end: Option<Timestamp>,
    pub is_active: bool,
    /// All of it, in the writer's own shape.
    pub body: Value,
}

/// Which insights; what is `None` does not restrict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsightQuery {
    /// They overlap it; one that is not over lasts for ever.
    pub range: TimeRange,
    pub group: Option<String>,
    pub root: Option<String>,
    pub is_active: Option<bool>,
    /// The last one of the page before: its start and id.
    pub after: Option<(Timestamp, String)>,
    pub limit: usize,
}

pub(super) fn put(transaction: &Connection, row: &InsightRow) -> SqlResult<()> {
    let values = values![
        row.id,
        row.group,
        row.root,
        row.start.0,
        row.end.map(|end| end.0),
        row.is_active,
        row.body.to_string(),
    ];
    transaction.replace("insights", "id", values)
}

pub(super) fn get(connection: &Connection, id: &str) -> SqlResult<Option<InsightRow>> {
    connection.first(&format!("SELECT {COLUMNS} FROM insights WHERE id = ?1"), values![id], read)
}

pub(super) fn find(connection: &Connection, query: &InsightQuery) -> SqlResult<Vec<InsightRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM insights
            WHERE start_micros < ?2 AND (end_micros IS NULL OR end_micros > ?1)
            AND (group_name = ?3 OR ?3 IS NULL) AND (root = ?4 OR ?4 IS NULL)
            AND (is_active = ?5 OR ?5 IS NULL)
            AND (start_micros < ?6 OR (start_micros = ?6 AND id > ?7) OR ?6 IS NULL)
            ORDER BY start_micros DESC, id LIMIT ?8"
    );
    let values = values![
        query.range.start.0,
        query.range.end.0,
        query.group,
        query.root,
        query.is_active,
        query.after.as_ref().map(|(start, _)| start.0),
        query.after.as_ref().map(|(_, id)| id),
        i64::try_from(query.limit).unwrap_or(i64::MAX),
    ];
    connection.all(&sql, values, read)
}

fn read(row: &Row) -> SqlResult<InsightRow> {
    let end: Option<i64> = row.get(4)?;
    Ok(InsightRow {
        id: row.get(0)?,
        group: row.get(1)?,
        root: row.get(2)?,
        start: Timestamp(row.get(3)?),
        end: end.map(Timestamp),
        is_active: row.get(5)?,
        body: row.json(6)?,
    })
}

/// An active insight stays however old it is.
pub(super) fn retain(transaction: &Connection, now: Timestamp) -> SqlResult<usize> {
    let oldest = now.minus(Micros::from_secs(KEPT_DAYS * DAY));
    let old = transaction.execute(
        "DELETE FROM insights WHERE is_active = 0 AND coalesce(end_micros, start_micros) < ?1",
        values![oldest.0],
    )?;
    let most = i64::try_from(MAX_INSIGHTS).unwrap_or(i64::MAX);
    let many = transaction.execute(
        "DELETE FROM insights WHERE is_active = 0 AND id IN
            (SELECT id FROM insights ORDER BY start_micros DESC LIMIT 9223372036854775807 OFFSET ?1)",
        values![most],
    )?;
    Ok(old + many)
}
