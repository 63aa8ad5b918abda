//! Rows of settings and of what was noticed as JSON, for a capsule: taken out of either engine without secrets, and put into files
//! of SQLite that live in memory alone.
//!
//! What is left out: keys and seals, resource policies, and subscriptions, which are addresses of people. Rows that come back
//! are a stranger's: tables and columns are those of the schema, and what they hold is read as it is on every start.

use std::error::Error;

use model::TimeRange;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::account::Account;
use crate::alerts::Alerts;
use crate::database::Database;
use crate::error::{AlertsError, OpenError, SettingsError};
use crate::settings::Settings;
use crate::sql::{self, Connection, SqlResult, ToValue, Value as Cell, values};

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
    Row { table: &'static str, source: Box<dyn Error + Send + Sync> },
    #[error("{0} cannot be read")]
    Damaged(&'static str),
    #[error(transparent)]
    Open(OpenError),
}

/// What is set up, secrets aside.
const SETTINGS: [Table; 10] = [
    Table::whole("sampling_rules"),
    Table::whole("groups"),
    Table::whole("tags"),
    Table::whole("switches"),
    Table { but: &[("sealed", "{}")], ..Table::whole("notifiers") },
    Table::whole("alarms"),
    Table::whole("mute_rules"),
    Table::whole("url_rules"),
    Table::whole("log_links"),
    Table::whole("views"),
];

/// What was noticed in a time, from `?1` to `?2`, and who was told.
const ALERTS: [Table; 6] = [
    Table::whole("alarm_states"),
    Table { only: "WHERE substr(name, 1, 13) = 'insight-note/'", ..Table::whole("marks") },
    Table { only: "WHERE at_micros >= ?1 AND at_micros < ?2", last_by: "id", ..Table::whole("history") },
    Table {
        only: "WHERE start_micros < ?2 AND (end_micros IS NULL OR end_micros > ?1)",
        last_by: "start_micros",
        ..Table::whole("insights")
    },
    Table {
        only: "WHERE created_micros >= ?1 AND created_micros < ?2",
        last_by: "seq",
        ..Table::whole("notices")
    },
    Table {
        only: "WHERE notice IN (SELECT seq FROM notices WHERE created_micros >= ?1 AND created_micros < ?2)",
        last_by: "seq",
        ..Table::whole("deliveries")
    },
];

/// Rows of a table of what was noticed, so that a storm of alarms does not fill a capsule: those of a busy day.
const MOST: usize = 20_000;

struct Table {
    name: &'static str,
    /// Columns whose values stay here, with what stands in their place.
    but: &'static [(&'static str, &'static str)],
    /// Which rows.
    only: &'static str,
    /// The last ones by this column, [`MOST`] of them; empty where all are taken.
    last_by: &'static str,
}

/// What was noticed in a time.
#[derive(Debug)]
pub struct Noticed {
    pub rows: Vec<Row>,
    /// Whether that is all.
    pub complete: bool,
}

impl Table {
    const fn whole(name: &'static str) -> Self {
        Self { name, but: &[], only: "", last_by: "" }
    }

    fn row(&self, row: &sql::Row) -> Row {
        let value = |column: &str, cell: &Cell| match self.but.iter().find(|(name, _)| *name == column) {
            Some((_, stands_in)) => Value::from(*stands_in),
            None => json(cell),
        };
        let values = row.cells().map(|(column, cell)| (column.to_owned(), value(column, cell))).collect();
        Row { table: self.name.to_owned(), values }
    }
}

impl From<OpenError> for RowError {
    fn from(error: OpenError) -> Self {
        match error {
            // What helps where it is a server's own is no help here.
            OpenError::Damaged { what } => Self::Damaged(what),
            other => Self::Open(other),
        }
    }
}

impl Settings {
    /// What is set up, without what a stranger may not see.
    pub fn rows(&self) -> Result<Vec<Row>, SettingsError> {
        Ok(self.read(|connection| take(connection, &SETTINGS, None))?.rows)
    }

    /// Settings of such rows, which are gone with the process.
    pub fn of_rows(rows: &[Row], account: Account) -> Result<Self, RowError> {
        let database = Database::open(None)?;
        put(database.connection(), &SETTINGS, rows)?;
        Ok(Self::over(database, account, None, None, None)?)
    }
}

impl Alerts {
    /// What was noticed in a time, and who was told.
    pub fn rows(&self, range: TimeRange) -> Result<Noticed, AlertsError> {
        self.read(|connection| take(connection, &ALERTS, Some(range)))
    }

    /// Alerts of such rows, which are gone with the process.
    pub fn of_rows(rows: &[Row]) -> Result<Self, RowError> {
        let alerts = Self::in_memory()?;
        put(&alerts.connection(), &ALERTS, rows)?;
        Ok(alerts)
    }
}

fn take(connection: &Connection, tables: &[Table], range: Option<TimeRange>) -> SqlResult<Noticed> {
    let mut taken = Noticed { rows: Vec::new(), complete: true };
    for table in tables {
        let Table { name, only, last_by, .. } = table;
        let bounds = range.filter(|_| only.contains("?1")).map(|range| [range.start.0, range.end.0]);
        let bounds: Vec<Cell> = bounds.iter().flatten().map(ToValue::to_value).collect();
        let last = match last_by.is_empty() {
            true => String::new(),
            // One more says that there are more.
            false => format!("ORDER BY {last_by} DESC LIMIT {}", MOST + 1),
        };
        let query = format!("SELECT * FROM {name} {only} {last}");
        let mut rows = connection.all(&query, &bounds, |row| Ok(table.row(row)))?;
        if !last_by.is_empty() && rows.len() > MOST {
            rows.truncate(MOST);
            taken.complete = false;
        }
        taken.rows.append(&mut rows);
    }
    Ok(taken)
}

fn json(cell: &Cell) -> Value {
    match cell {
        Cell::Nothing => Value::Null,
        Cell::Integer(number) => Value::from(*number),
        Cell::Real(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Cell::Text(text) => Value::from(text.clone()),
    }
}

/// Into SQLite, wherever they came from: both engines have the same columns.
fn put(connection: &Connection, tables: &[Table], rows: &[Row]) -> Result<(), RowError> {
    let mut columns_of = Vec::new();
    for table in tables {
        columns_of.push((table.name, columns(connection, table.name).map_err(OpenError::from)?));
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
        let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
        // Names of tables and columns are the schema's own; see above.
        let (names, places) = (names.join(", "), places.join(", "));
        let insert = format!("INSERT OR REPLACE INTO {table} ({names}) VALUES ({places})");
        let inserted = connection.execute(&insert, &cells);
        inserted.map_err(|source| RowError::Row { table, source: Box::new(source) })?;
    }
    Ok(())
}

fn columns(connection: &Connection, table: &'static str) -> SqlResult<Vec<String>> {
    connection.all("SELECT name FROM pragma_table_info(?1)", values![table], |row| row.get(0))
}

fn cell(value: &Value) -> Option<Cell> {
    match value {
        Value::Null => Some(Cell::Nothing),
        Value::Bool(is) => Some(is.to_value()),
        Value::Number(number) => {
            number.as_i64().map(Cell::Integer).or_else(|| number.as_f64().map(Cell::Real))
        }
        Value::String(text) => Some(Cell::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
