//! Insights: a document each, with the columns that they are asked by.

use model::{Micros, TimeRange, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use super::{KEPT_DAYS, MAX_INSIGHTS, schema};

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

pub(super) fn put(transaction: &Transaction<'_>, row: &InsightRow) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare("INSERT OR REPLACE INTO insights VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    insert.execute(params![
        row.id,
        row.group,
        row.root,
        row.start.0,
        row.end.map(|end| end.0),
        row.is_active,
        row.body.to_string(),
    ])?;
    Ok(())
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<InsightRow>> {
    let mut query = connection.prepare(&format!("SELECT {COLUMNS} FROM insights WHERE id = ?1"))?;
    query.query_row([id], read).optional()
}

pub(super) fn find(connection: &Connection, query: &InsightQuery) -> rusqlite::Result<Vec<InsightRow>> {
    let mut find = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM insights
            WHERE start_micros < ?2 AND (end_micros IS NULL OR end_micros > ?1)
            AND (?3 IS NULL OR group_name = ?3) AND (?4 IS NULL OR root = ?4)
            AND (?5 IS NULL OR is_active = ?5)
            AND (?6 IS NULL OR start_micros < ?6 OR (start_micros = ?6 AND id > ?7))
            ORDER BY start_micros DESC, id LIMIT ?8"
    ))?;
    let rows = find.query_map(
        params![
            query.range.start.0,
            query.range.end.0,
            query.group,
            query.root,
            query.is_active,
            query.after.as_ref().map(|(start, _)| start.0),
            query.after.as_ref().map(|(_, id)| id),
            i64::try_from(query.limit).unwrap_or(i64::MAX),
        ],
        read,
    )?;
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<InsightRow> {
    let end: Option<i64> = row.get(4)?;
    Ok(InsightRow {
        id: row.get(0)?,
        group: row.get(1)?,
        root: row.get(2)?,
        start: Timestamp(row.get(3)?),
        end: end.map(Timestamp),
        is_active: row.get(5)?,
        body: schema::json(row, 6)?,
    })
}

/// An active insight stays however old it is.
pub(super) fn retain(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<usize> {
    let oldest = now.minus(Micros::from_secs(KEPT_DAYS * DAY));
    let old = transaction.execute(
        "DELETE FROM insights WHERE is_active = 0 AND coalesce(end_micros, start_micros) < ?1",
        [oldest.0],
    )?;
    let most = i64::try_from(MAX_INSIGHTS).unwrap_or(i64::MAX);
    let many = transaction.execute(
        "DELETE FROM insights WHERE is_active = 0 AND id IN
            (SELECT id FROM insights ORDER BY start_micros DESC LIMIT -1 OFFSET ?1)",
        [most],
    )?;
    Ok(old + many)
}
