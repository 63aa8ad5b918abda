//! SQLite: WAL with `synchronous=FULL`, so that a change is on disk when it returns, and a crash loses none.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::{Engine, Row, SqlError, SqlResult, Value};
use crate::error::OpenError;

#[derive(Debug)]
pub(crate) struct Sqlite(Connection);

impl Sqlite {
    /// Opens a file, or none that outlives the process, and brings its schema to the newest version (`PRAGMA user_version`). The
    /// steps lead from each schema to the next, and the first makes version 1.
    pub(crate) fn open(
        path: Option<&Path>,
        upgrades: &[&str],
        file: &'static str,
    ) -> Result<Self, OpenError> {
        let failed = |error: rusqlite::Error| OpenError::of_file(file, error);
        let opened = path.map_or_else(Connection::open_in_memory, Connection::open);
        let mut connection = opened.map_err(failed)?;
        let known = upgrades.len() as i64;
        let found = prepare(&connection).map_err(failed)?;
        let Some(done) = usize::try_from(found).ok().filter(|done| *done <= upgrades.len()) else {
            return Err(OpenError::Newer { file, found, known });
        };
        if done < upgrades.len() {
            upgrade(&mut connection, &upgrades[done..], known).map_err(failed)?;
        }
        Ok(Self(connection))
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn upgrade(connection: &mut Connection, upgrades: &[&str], to: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for upgrade in upgrades {
        transaction.execute_batch(upgrade)?;
    }
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()
}

impl Engine for Sqlite {
    fn query(&self, sql: &str, parameters: &[Value]) -> SqlResult<Vec<Row>> {
        let mut statement = self.0.prepare(sql)?;
        let columns: Arc<[String]> = statement.column_names().map(ToOwned::to_owned).collect();
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let value = |column| Ok(value_of(row.get_ref(column)?));
            let values = (0..columns.len()).map(value).collect::<rusqlite::Result<Vec<Value>>>()?;
            found.push(Row { columns: Arc::clone(&columns), values });
        }
        Ok(found)
    }

    fn execute(&self, sql: &str, parameters: &[Value]) -> SqlResult<usize> {
        Ok(self.0.prepare(sql)?.execute(params_from_iter(parameters))?)
    }

    fn begin(&self) -> SqlResult<()> {
        Ok(self.0.execute_batch("BEGIN")?)
    }

    fn commit(&self) -> SqlResult<()> {
        let committed = self.0.execute_batch("COMMIT");
        if committed.is_err() {
            // A full disk leaves it open.
            self.roll_back();
        }
        Ok(committed?)
    }

    fn roll_back(&self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "cannot roll back a change in SQLite");
        }
    }
}

fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Nothing,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        // No column of ours has other bytes than text.
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Value::Text(String::from_utf8_lossy(text).into_owned())
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Nothing => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Real(number) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(Box::new(error))
    }
}
