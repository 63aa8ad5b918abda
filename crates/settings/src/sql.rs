//! SQL in the words that both engines know: SQLite in a file of this process, and PostgreSQL, which processes share.
//!
//! Parameters are `?1`, `?2` and so on. Values are whole numbers, other numbers and texts, or nothing; truth is 1 or 0, and JSON
//! is text. What is written within a [`Transaction`] is written whole when it is committed, or not at all.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Nothing,
    Integer(i64),
    Real(f64),
    Text(String),
}

/// A value that a statement is given.
pub(crate) trait ToValue {
    fn to_value(&self) -> Value;
}

/// A value that a row has.
pub(crate) trait FromValue: Sized {
    /// None where it is of another kind.
    fn from_value(value: &Value) -> Option<Self>;
}

/// The parameters of a statement, in their order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::ToValue::to_value(&$value)),*] };
}
pub(crate) use values;

/// A row of an answer.
#[derive(Debug)]
pub(crate) struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

/// A column, by its place from 0 or by its name.
pub(crate) trait Column: fmt::Debug + Copy {
    fn place(self, columns: &[String]) -> Option<usize>;
}

/// Split by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// The server does not answer; it may do so later.
    #[error("{0}")]
    Away(String),
    /// The connection ended in place of the answer to a commit, and whether it was made could not be found out.
    #[error("the answer to a commit was lost")]
    Unknown,
    #[error("a column holds what is not understood: {0}")]
    Malformed(String),
    #[error(transparent)]
    Refused(Box<dyn Error + Send + Sync>),
}

pub(crate) type SqlResult<T> = Result<T, SqlError>;

/// One connection, used by one thread at a time.
pub(crate) trait Engine: fmt::Debug + Send {
    fn query(&self, sql: &str, parameters: &[Value]) -> SqlResult<Vec<Row>>;
    /// How many rows it changed.
    fn execute(&self, sql: &str, parameters: &[Value]) -> SqlResult<usize>;
    fn begin(&self) -> SqlResult<()>;
    fn commit(&self) -> SqlResult<()>;
    fn roll_back(&self);
}

#[derive(Debug)]
pub(crate) struct Connection(Box<dyn Engine>);

/// Rolled back when it is dropped.
pub(crate) struct Transaction<'a> {
    connection: &'a Connection,
    is_open: bool,
}

impl Connection {
    pub(crate) fn new(engine: impl Engine + 'static) -> Self {
        Self(Box::new(engine))
    }

    pub(crate) fn execute(&self, sql: &str, parameters: &[Value]) -> SqlResult<usize> {
        self.0.execute(sql, parameters)
    }

    pub(crate) fn all<T>(
        &self,
        sql: &str,
        parameters: &[Value],
        read: impl FnMut(&Row) -> SqlResult<T>,
    ) -> SqlResult<Vec<T>> {
        self.0.query(sql, parameters)?.iter().map(read).collect()
    }

    /// The first row, where there is one.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        parameters: &[Value],
        read: impl FnOnce(&Row) -> SqlResult<T>,
    ) -> SqlResult<Option<T>> {
        self.0.query(sql, parameters)?.first().map(read).transpose()
    }

    /// Of a question that always has an answer.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        parameters: &[Value],
        read: impl FnOnce(&Row) -> SqlResult<T>,
    ) -> SqlResult<T> {
        self.first(sql, parameters, read)?.ok_or_else(|| SqlError::Malformed("no row".to_owned()))
    }

    /// Puts a row of all columns in the place of one with the same first column, which is the key.
    pub(crate) fn replace(&self, table: &str, key: &str, values: &[Value]) -> SqlResult<()> {
        self.execute(&format!("DELETE FROM {table} WHERE {key} = ?1"), &values[..1])?;
        let places: Vec<String> = (1..=values.len()).map(|place| format!("?{place}")).collect();
        self.execute(&format!("INSERT INTO {table} VALUES ({})", places.join(", ")), values).map(drop)
    }

    pub(crate) fn begin(&self) -> SqlResult<Transaction<'_>> {
        self.0.begin()?;
        Ok(Transaction { connection: self, is_open: true })
    }
}

impl Transaction<'_> {
    pub(crate) fn commit(mut self) -> SqlResult<()> {
        self.is_open = false;
        self.connection.0.commit()
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.connection.0.roll_back();
        }
    }
}

impl Row {
    pub(crate) fn get<T: FromValue>(&self, column: impl Column) -> SqlResult<T> {
        let value = column.place(&self.columns).and_then(|place| self.values.get(place));
        let read = value.and_then(T::from_value);
        read.ok_or_else(|| SqlError::Malformed(format!("column {column:?}")))
    }

    /// Each column's name and value, in their order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns.iter().map(String::as_str).zip(&self.values)
    }

    /// What a column of JSON holds.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: impl Column) -> SqlResult<T> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text)
            .map_err(|error| SqlError::Malformed(format!("column {column:?}: {error}")))
    }
}

/// JSON as a column keeps it.
pub(crate) fn json_text<T: Serialize>(value: &T) -> SqlResult<String> {
    serde_json::to_string(value).map_err(|error| SqlError::Refused(Box::new(error)))
}

impl Column for usize {
    fn place(self, _: &[String]) -> Option<usize> {
        Some(self)
    }
}

impl Column for &str {
    fn place(self, columns: &[String]) -> Option<usize> {
        columns.iter().position(|column| column == self)
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Nothing, ToValue::to_value)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl ToValue for i64 {
    fn to_value(&self) -> Value {
        Value::Integer(*self)
    }
}

impl ToValue for i32 {
    fn to_value(&self) -> Value {
        Value::Integer((*self).into())
    }
}

impl ToValue for u32 {
    fn to_value(&self) -> Value {
        Value::Integer((*self).into())
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value {
        Value::Integer((*self).into())
    }
}

impl ToValue for f64 {
    fn to_value(&self) -> Value {
        Value::Real(*self)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Nothing { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Integer(number) = value { Some(*number) } else { None }
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Real(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }
}
