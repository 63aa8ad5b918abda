//! The keys of people and programs, which open every process.

use std::sync::Arc;

use auth::{KeptKeys, KeyFileError, KeyPlace};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{LOCK, PATIENCE, tables};
use crate::error::OpenError;
use crate::sql::postgres::Postgres;
use crate::sql::{Connection, Row, SqlError, SqlResult, values};

/// Keys in PostgreSQL: the document that else is a file, what seals its secrets and signs sessions, and when keys were used.
#[derive(Debug)]
pub struct SharedKeys {
    connection: Mutex<Connection>,
    revision: watch::Receiver<i64>,
}

impl SharedKeys {
    /// For a command, which looks once. Waits for PostgreSQL.
    pub fn open(url: &str) -> Result<Self, OpenError> {
        tables::found(url)?;
        Self::new(url, watch::Sender::new(0).subscribe())
    }

    /// Connects when it is first asked.
    pub(super) fn new(url: &str, revision: watch::Receiver<i64>) -> Result<Self, OpenError> {
        let connection = Mutex::new(Connection::new(Postgres::new(url, LOCK, PATIENCE)?));
        Ok(Self { connection, revision })
    }

    pub fn place(self) -> Arc<dyn KeyPlace> {
        Arc::new(self)
    }
}

impl KeyPlace for SharedKeys {
    fn revision(&self) -> i64 {
        *self.revision.borrow()
    }

    fn read(&self) -> Result<KeptKeys, KeyFileError> {
        read(&self.connection.lock()).map_err(|error| away(&error))
    }

    fn change(
        &self,
        change: &mut dyn FnMut(&KeptKeys) -> Result<String, KeyFileError>,
    ) -> Result<(), KeyFileError> {
        let connection = self.connection.lock();
        let transaction = connection.begin().map_err(|error| away(&error))?;
        let document = change(&read(&transaction).map_err(|error| away(&error))?)?;
        let write = || {
            transaction.execute("UPDATE fluoro_keys SET document = ?1", values![document])?;
            transaction.execute("UPDATE fluoro_settings SET keys = keys + 1", &[])
        };
        write().map_err(|error| away(&error))?;
        transaction.commit().map_err(|error| away(&error))
    }

    fn keep_uses(&self, merge: &mut dyn FnMut(&KeptKeys) -> String) -> Result<(), KeyFileError> {
        let connection = self.connection.lock();
        let transaction = connection.begin().map_err(|error| away(&error))?;
        let used = merge(&read(&transaction).map_err(|error| away(&error))?);
        transaction
            .execute("UPDATE fluoro_keys SET used = ?1", values![used])
            .map_err(|error| away(&error))?;
        transaction.commit().map_err(|error| away(&error))
    }
}

fn read(connection: &Connection) -> SqlResult<KeptKeys> {
    let kept = |row: &Row| Ok(KeptKeys { document: row.get(0)?, seal: row.get(1)?, used: row.get(2)? });
    connection.one("SELECT document, seal, used FROM fluoro_keys", &[], kept)
}

fn away(error: &SqlError) -> KeyFileError {
    KeyFileError::Away(error.to_string())
}
