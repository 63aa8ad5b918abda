//! Rows of both files as JSON, for a capsule: taken out without secrets, and put into files that live in memory alone.
//!
//! What is left out: keys and seals, resource policies, and subscriptions, which are addresses of people. Rows that come back
//! are a stranger's: tables and columns are those of the schema, and what they hold is read as it is on every start.

use model::TimeRange;
use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::account::Account;
use crate::alerts::Alerts;
use crate::database::Database;
use crate::error::{AlertsError, OpenError, SettingsError};
use crate::settings::Settings;

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub table: String,
    pub values: Map<String, Value>,
}

/// Why rows are not taken.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    #[error("there is no table {0:?}")]
    Table(String),
    #[error("{table} has no column {column:?}")]
    Column { table: &'static str, column: String },
    #[error("{column} of {table} is no text, number or null")]
    Cell { table: &'static str, column: String },
    #[error("a row does not fit into {table}")]
    Row { table: &'static str, source: rusqlite::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// What is set up, secrets aside.
const SETTINGS: [Table; 10] = [
    Table::whole("sampling_rules"),
    Table::whole("groups"),
    Table::whole("tags"),
    Table::whole("switches"),
    Table { name: "notifiers", but: &[("sealed", "{}")], only: "" },
    Table::whole("alarms"),
    Table::whole("mute_rules"),
    Table::whole("url_rules"),
    Table::whole("log_links"),
    Table::whole("views"),
];

/// What was noticed in a time, from `?1` to `?2`, and who was told.
const ALERTS: [Table; 6] = [
    Table::whole("alarm_states"),
    Table { only: "WHERE name GLOB 'insight-note/*'", ..Table::whole("marks") },
    Table { only: "WHERE at_micros >= ?1 AND at_micros < ?2 LIMIT 20000", ..Table::whole("history") },
    Table {
        only: "WHERE start_micros < ?2 AND (end_micros IS NULL OR end_micros > ?1) LIMIT 20000",
        ..Table::whole("insights")
    },
    Table {
        only: "WHERE created_micros >= ?1 AND created_micros < ?2 LIMIT 20000",
        ..Table::whole("notices")
    },
    Table {
        only: "WHERE notice IN (SELECT seq FROM notices WHERE created_micros >= ?1 AND created_micros < ?2) LIMIT 20000",
        ..Table::whole("deliveries")
    },
];

struct Table {
    name: &'static str,
    /// Columns whose values stay here, with what stands in their place.
    but: &'static [(&'static str, &'static str)],
    /// Which rows.
    only: &'static str,
}

impl Table {
    const fn whole(name: &'static str) -> Self {
        Self { name, but: &[], only: "" }
    }
}

impl Settings {
    /// What is set up, without what a stranger may not see.
    pub fn rows(&self) -> Result<Vec<Row>, SettingsError> {
        Ok(self.with_connection(|connection| take(connection, &SETTINGS, None))?)
    }

    /// Settings of such rows, which are gone with the process.
    pub fn of_rows(rows: &[Row], account: Account) -> Result<Self, RowError> {
        let database = Database::in_memory()?;
        put(database.connection(), &SETTINGS, rows)?;
        Ok(Self::of_database(database, account)?)
    }
}

impl Alerts {
    /// What was noticed in a time, and who was told.
    pub fn rows(&self, range: TimeRange) -> Result<Vec<Row>, AlertsError> {
        self.read(|connection| take(connection, &ALERTS, Some(range)))
    }

    /// Alerts of such rows, which are gone with the process.
    pub fn of_rows(rows: &[Row]) -> Result<Self, RowError> {
        let alerts = Self::in_memory()?;
        alerts.with_connection(|connection| put(connection, &ALERTS, rows))?;
        Ok(alerts)
    }
}

fn take(connection: &Connection, tables: &[Table], range: Option<TimeRange>) -> rusqlite::Result<Vec<Row>> {
    let mut taken = Vec::new();
    for table in tables {
        let mut query = connection.prepare(&format!("SELECT * FROM {} {}", table.name, table.only))?;
        let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
        let bounds = range.filter(|_| table.only.contains("?1")).map(|range| [range.start.0, range.end.0]);
        let mut rows = query.query(params_from_iter(bounds.into_iter().flatten()))?;
        while let Some(row) = rows.next()? {
            let mut values = Map::new();
            for (place, column) in columns.iter().enumerate() {
                let stands_in = table.but.iter().find(|(name, _)| name == column);
                let value = match stands_in {
                    Some((_, text)) => Value::from(*text),
                    None => json(row.get_ref(place)?),
                };
                values.insert(column.clone(), value);
            }
            taken.push(Row { table: table.name.to_owned(), values });
        }
    }
    Ok(taken)
}

/// No table here has bytes.
fn json(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text).into_owned()),
    }
}

fn put(connection: &Connection, tables: &[Table], rows: &[Row]) -> Result<(), RowError> {
    let mut columns_of = Vec::new();
    for table in tables {
        let known = columns(connection, table.name).map_err(OpenError::from)?;
        columns_of.push((table.name, known));
    }
    for row in rows {
        let found = columns_of.iter().find(|(name, _)| *name == row.table);
        let (table, known) = found.ok_or_else(|| RowError::Table(row.table.clone()))?;
        let mut cells = Vec::new();
        for (column, value) in &row.values {
            if !known.contains(column) {
                return Err(RowError::Column { table, column: column.clone() });
            }
            cells.push(cell(value).ok_or_else(|| RowError::Cell { table, column: column.clone() })?);
        }
        let names: Vec<&str> = row.values.keys().map(String::as_str).collect();
        let marks = vec!["?"; names.len()].join(", ");
        // Names of tables and columns are the schema's own; see above.
        let insert = format!("INSERT OR REPLACE INTO {table} ({}) VALUES ({marks})", names.join(", "));
        let inserted = connection.execute(&insert, params_from_iter(cells));
        inserted.map_err(|source| RowError::Row { table, source })?;
    }
    Ok(())
}

fn columns(connection: &Connection, table: &'static str) -> rusqlite::Result<Vec<String>> {
    let query = connection.prepare(&format!("SELECT * FROM {table}"))?;
    Ok(query.column_names().map(str::to_owned).collect())
}

fn cell(value: &Value) -> Option<Cell> {
    match value {
        Value::Null => Some(Cell::Null),
        Value::Bool(is) => Some(Cell::Integer(i64::from(*is))),
        Value::Number(number) => {
            number.as_i64().map(Cell::Integer).or_else(|| number.as_f64().map(Cell::Real))
        }
        Value::String(text) => Some(Cell::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
