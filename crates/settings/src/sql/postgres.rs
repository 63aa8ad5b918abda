//! PostgreSQL, by a connection that a thread of its own holds, so that callers may wait for it wherever they are.
//!
//! A transaction takes an advisory lock first, so that those that several processes make come one after the other, each over
//! what the one before left, as in SQLite. Where the answer to a commit is lost, PostgreSQL is asked what became of it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use super::{Engine, Row, SqlError, SqlResult, Value};

/// After an attempt to connect that failed, so that callers do not wait for one each.
const PAUSE: Duration = Duration::from_millis(500);
/// While it is not known what became of a commit.
const LOOKS_AGAIN: Duration = Duration::from_millis(100);
/// There are some fifty; it is bounded all the same.
const PREPARED: usize = 200;
/// The server ends what was left in the middle, so that a process that hangs holds no lock for ever.
const LIMITS: &str = "SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s'; \
                      SET client_min_messages = warning";

#[derive(Debug)]
pub(crate) struct Postgres {
    work: mpsc::SyncSender<Work>,
}

type Work = Box<dyn FnOnce(&Runtime, &mut Session) + Send>;

struct Session {
    server: ::postgres::Server,
    /// Taken by each transaction.
    lock: i64,
    patience: Duration,
    client: Option<Client>,
    statements: HashMap<String, Statement>,
    /// When it failed last, and how.
    failed: Option<(Instant, String)>,
    transaction: Option<String>,
}

impl Postgres {
    /// Of a URL that was checked; connects when it is first asked. `patience` is for a connection, and for each statement.
    pub(crate) fn new(url: &str, lock: i64, patience: Duration) -> SqlResult<Self> {
        let refused = |error: Box<dyn Error + Send + Sync>| SqlError::Refused(error);
        let server = ::postgres::Server::parse(url).map_err(|error| refused(Box::new(error)))?;
        let server = server.with(patience, "fluoro settings");
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| refused(Box::new(error)))?;
        // One caller at a time has the connection.
        let (work, worked) = mpsc::sync_channel::<Work>(1);
        let thread = thread::Builder::new().name("postgres".to_owned());
        let mut session = Session {
            server,
            lock,
            patience,
            client: None,
            statements: HashMap::new(),
            failed: None,
            transaction: None,
        };
        let run = move || {
            while let Ok(work) = worked.recv() {
                work(&runtime, &mut session);
            }
        };
        thread.spawn(run).map_err(|error| refused(Box::new(error)))?;
        Ok(Self { work })
    }

    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Runtime, &mut Session) -> SqlResult<T> + Send + 'static,
    ) -> SqlResult<T> {
        let (answer, answered) = mpsc::sync_channel(1);
        let work: Work = Box::new(move |runtime, session| {
            // Nobody waits only where the process is going down.
            let _ = answer.send(work(runtime, session));
        });
        let gone = || SqlError::Away("its thread ended".to_owned());
        self.work.send(work).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Engine for Postgres {
    fn query(&self, sql: &str, parameters: &[Value]) -> SqlResult<Vec<Row>> {
        let (sql, parameters) = (numbered(sql), parameters.to_vec());
        self.ask(move |runtime, session| runtime.block_on(session.query(&sql, &parameters)))
    }

    fn execute(&self, sql: &str, parameters: &[Value]) -> SqlResult<usize> {
        let (sql, parameters) = (numbered(sql), parameters.to_vec());
        self.ask(move |runtime, session| runtime.block_on(session.execute(&sql, &parameters)))
    }

    fn begin(&self) -> SqlResult<()> {
        self.ask(|runtime, session| runtime.block_on(session.begin()))
    }

    fn commit(&self) -> SqlResult<()> {
        self.ask(|runtime, session| runtime.block_on(session.commit()))
    }

    fn roll_back(&self) {
        let rolled = self.ask(|runtime, session| {
            runtime.block_on(session.roll_back());
            Ok(())
        });
        // Without its thread there is nothing to roll back.
        drop(rolled);
    }
}

impl Session {
    async fn client(&mut self) -> SqlResult<&Client> {
        let is_there = self.client.as_ref().is_some_and(|client| !client.is_closed());
        if !is_there {
            if self.transaction.is_some() {
                return Err(SqlError::Away("the connection ended in the middle of a change".to_owned()));
            }
            if let Some((at, why)) = &self.failed
                && at.elapsed() < PAUSE
            {
                return Err(SqlError::Away(why.clone()));
            }
            self.connect().await?;
        }
        self.client.as_ref().ok_or_else(|| SqlError::Away("there is no connection".to_owned()))
    }

    async fn connect(&mut self) -> SqlResult<()> {
        let patience = self.patience;
        self.lose();
        let connecting = async {
            // It is driven while somebody waits for an answer.
            let client = self.server.connect().await?;
            client.batch_execute(LIMITS).await?;
            Ok(client)
        };
        match timed(patience, connecting).await {
            Ok(client) => {
                self.client = Some(client);
                self.failed = None;
                Ok(())
            }
            Err(error) => {
                self.failed = Some((Instant::now(), error.to_string()));
                Err(error)
            }
        }
    }

    fn lose(&mut self) {
        self.client = None;
        self.statements.clear();
    }

    /// Of a connection that failed nobody knows what it is in.
    fn note<T>(&mut self, result: SqlResult<T>) -> SqlResult<T> {
        if matches!(result, Err(SqlError::Away(_))) {
            self.lose();
        }
        result
    }

    async fn prepared(&mut self, sql: &str) -> SqlResult<Statement> {
        let patience = self.patience;
        self.client().await?;
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let client = self.client().await?;
        let statement = timed(patience, client.prepare(sql)).await;
        let statement = self.note(statement)?;
        if self.statements.len() >= PREPARED {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    async fn query(&mut self, sql: &str, parameters: &[Value]) -> SqlResult<Vec<Row>> {
        let patience = self.patience;
        let statement = self.prepared(sql).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let client = self.client().await?;
        let rows = timed(patience, client.query(&statement, &parameters)).await;
        let rows = self.note(rows)?;
        let columns: Arc<[String]> =
            statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let row = |row: &tokio_postgres::Row| {
            let values = (0..row.len()).map(|column| value_of(row, column)).collect::<SqlResult<Vec<_>>>()?;
            Ok(Row { columns: Arc::clone(&columns), values })
        };
        rows.iter().map(row).collect()
    }

    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> SqlResult<usize> {
        let patience = self.patience;
        let statement = self.prepared(sql).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let client = self.client().await?;
        let changed = timed(patience, client.execute(&statement, &parameters)).await;
        self.note(changed).map(|changed| usize::try_from(changed).unwrap_or(usize::MAX))
    }

    async fn begin(&mut self) -> SqlResult<()> {
        let patience = self.patience;
        self.transaction = None;
        let lock = self.lock;
        let client = self.client().await?;
        let begun = timed(patience, async {
            client.batch_execute("BEGIN").await?;
            let sql = "SELECT pg_current_xact_id()::text, pg_advisory_xact_lock($1)::text";
            Ok(client.query_one(sql, &[&lock]).await?.get(0))
        });
        let begun = begun.await;
        match self.note(begun) {
            Ok(number) => {
                self.transaction = Some(number);
                Ok(())
            }
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    async fn commit(&mut self) -> SqlResult<()> {
        let patience = self.patience;
        let client = self.client().await;
        let committed = match client {
            Ok(client) => timed(patience, client.batch_execute("COMMIT")).await,
            // It was never asked for.
            Err(error) => {
                self.transaction = None;
                return Err(error);
            }
        };
        let number = self.transaction.take();
        match (self.note(committed), number) {
            (Err(SqlError::Away(_)), Some(number)) => self.outcome(&number).await,
            (committed, _) => committed,
        }
    }

    /// What became of a transaction.
    async fn outcome(&mut self, number: &str) -> SqlResult<()> {
        let patience = self.patience;
        let until = Instant::now() + self.patience;
        while Instant::now() < until {
            tokio::time::sleep(LOOKS_AGAIN).await;
            if self.connect().await.is_err() {
                continue;
            }
            let Some(client) = &self.client else { continue };
            let sql = "SELECT pg_xact_status($1::text::xid8)";
            let status = timed(patience, client.query_one(sql, &[&number])).await;
            match status.map(|row| row.get::<_, Option<String>>(0)) {
                Ok(Some(status)) if status == "committed" => return Ok(()),
                Ok(Some(status)) if status == "aborted" => {
                    return Err(SqlError::Away("the connection ended in the middle of a change".to_owned()));
                }
                _ => {}
            }
        }
        Err(SqlError::Unknown)
    }

    async fn roll_back(&mut self) {
        let patience = self.patience;
        self.transaction = None;
        let Some(client) = &self.client else { return };
        if timed(patience, client.batch_execute("ROLLBACK")).await.is_err() {
            self.lose();
        }
    }
}

/// A server that hangs must not hold up whoever asks it.
async fn timed<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> SqlResult<T> {
    match tokio::time::timeout(patience, work).await {
        Ok(done) => done.map_err(SqlError::from),
        Err(_) => Err(SqlError::Away(format!("no answer within {} s", patience.as_secs()))),
    }
}

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        // Conditions of the connection, of its resources, and ends that an operator or a limit made pass by.
        const PASSING: [&str; 4] = ["08", "40", "53", "57"];
        let passes = |state: &SqlState| {
            PASSING.iter().any(|class| state.code().starts_with(class))
                || [SqlState::LOCK_NOT_AVAILABLE, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT].contains(state)
                // After a takeover by a replica that is none yet.
                || *state == SqlState::READ_ONLY_SQL_TRANSACTION
        };
        match error.code() {
            Some(state) if !passes(state) => Self::Refused(Box::new(error)),
            _ => Self::Away(::postgres::reason(&error)),
        }
    }
}

/// `?1` as PostgreSQL writes it.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

fn value_of(row: &tokio_postgres::Row, column: usize) -> SqlResult<Value> {
    let kind = row.columns()[column].type_();
    let value = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(column)?.map(Value::Integer),
        Type::INT4 => row.try_get::<_, Option<i32>>(column)?.map(|number| Value::Integer(number.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(column)?.map(|is_so| Value::Integer(is_so.into())),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(column)?.map(Value::Real),
        Type::TEXT | Type::VARCHAR => row.try_get::<_, Option<String>>(column)?.map(Value::Text),
        _ => return Err(SqlError::Malformed(format!("a column of type {kind}"))),
    };
    Ok(value.unwrap_or(Value::Nothing))
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, kind) {
            (Self::Nothing, _) => Ok(IsNull::Yes),
            (Self::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Integer(number), &Type::FLOAT8) => (*number as f64).to_sql(kind, out),
            (Self::Integer(number), &Type::BOOL) => (*number != 0).to_sql(kind, out),
            (Self::Integer(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Real(number), &Type::FLOAT8) => number.to_sql(kind, out),
            // PostgreSQL knows no text with zeros.
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR) => {
                text.replace('\0', "\u{fffd}").to_sql(kind, out)
            }
            _ => Err(format!("{self:?} for a column of type {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_as_postgres_does() {
        assert_eq!(numbered("a = ?1 AND (?2 IS NULL OR b = ?12)"), "a = $1 AND ($2 IS NULL OR b = $12)");
    }
}
