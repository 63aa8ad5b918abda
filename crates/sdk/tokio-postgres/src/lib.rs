//! The front page is the README of the package.
//!
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod query;
mod session;

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use fluoro_sdk::sql::{self, Rows};
use tokio_postgres::config::Host;
use tokio_postgres::types::{BorrowToSql, ToSql, Type};
use tokio_postgres::{Client, Config, Error, GenericClient as _, Row, SimpleQueryMessage, Transaction};

pub use crate::query::{Asked, Prepared, Query};
pub use crate::session::{Session, SessionMut};

/// What a connection's configuration says of its database: of several hosts the first.
///
/// The server says its version to the connection: `database(&config).version(connection.parameter("server_version")..)`.
pub fn database(config: &Config) -> sql::Database {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        // By a socket of this machine, and by an address alone.
        _ => config.get_hostaddrs().first().map_or_else(|| "localhost".to_owned(), ToString::to_string),
    };
    let user = config.get_user();
    // Where none is given it is the user's.
    let name = config.get_dbname().or(user).unwrap_or("postgres");
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let known = sql::Database::postgresql(&host, port, name).driver("tokio-postgres 0.7");
    match user {
        Some(user) => known.user(user),
        None => known,
    }
}

/// A client or a transaction, each query on which is a subsegment.
///
/// What it holds is reached by `*traced`, and what is done on that is not recorded.
#[derive(Clone)]
pub struct Traced<C> {
    inner: C,
    database: Arc<sql::Database>,
}

impl Traced<Client> {
    /// A client that was connected with that configuration.
    pub fn new(client: Client, config: &Config) -> Self {
        Self::named(client, Arc::new(database(config)))
    }
}

impl<'c> Traced<&'c Client> {
    /// A client of somebody else's, such as a pool's.
    pub fn borrowed(client: &'c Client, database: &Arc<sql::Database>) -> Self {
        Self::named(client, Arc::clone(database))
    }
}

impl<'c> Traced<&'c mut Client> {
    /// The same, for transactions.
    pub fn borrowed_mut(client: &'c mut Client, database: &Arc<sql::Database>) -> Self {
        Self::named(client, Arc::clone(database))
    }
}

impl<C> Traced<C> {
    /// Of a database that is described by hand, such as one behind a proxy.
    pub fn named(inner: C, database: Arc<sql::Database>) -> Self {
        Self { inner, database }
    }

    /// What it holds.
    pub fn into_inner(self) -> C {
        self.inner
    }
}

/// The parameters of a query.
type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

impl<C: Session> Traced<C> {
    /// Awaits an answer, and tells how many rows it is; where nothing is recorded as it is.
    async fn asked<T>(
        &self,
        text: &str,
        answer: impl Future<Output = Result<T, Error>>,
        count: impl FnOnce(&T) -> (&'static str, u64),
    ) -> Result<T, Error> {
        if fluoro_sdk::log_id().is_empty() {
            return answer.await;
        }
        let counted = async {
            let answer = match answer.await {
                Err(error) if is_row_count(&error) => return Ok(Err(error)),
                answer => answer?,
            };
            let (key, rows) = count(&answer);
            fluoro_sdk::metadata_in("sql", key, &rows);
            Ok(Ok(answer))
        };
        self.database.query(text, counted).await?
    }

    /// [`Client::query`].
    pub async fn query<T: Query + ?Sized>(
        &self,
        query: &T,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Error> {
        let answer = self.inner.session().query(query.statement(), parameters);
        self.asked(query.text(), answer, |rows| returned(rows.len())).await
    }

    /// [`Client::query_one`]. Another number of rows is an error, and no fault.
    pub async fn query_one<T: Query + ?Sized>(
        &self,
        query: &T,
        parameters: Parameters<'_>,
    ) -> Result<Row, Error> {
        let answer = self.inner.session().query_one(query.statement(), parameters);
        self.asked(query.text(), answer, |_| returned(1)).await
    }

    /// [`Client::query_opt`].
    pub async fn query_opt<T: Query + ?Sized>(
        &self,
        query: &T,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, Error> {
        let answer = self.inner.session().query_opt(query.statement(), parameters);
        self.asked(query.text(), answer, |row| returned(usize::from(row.is_some()))).await
    }

    /// [`Client::query_typed`].
    pub async fn query_typed(
        &self,
        query: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        let answer = self.inner.session().query_typed(query, parameters);
        self.asked(query, answer, |rows| returned(rows.len())).await
    }

    /// [`Client::query_raw`], whose rows come one by one. It is asked when the first is, and its subsegment ends with the last.
    ///
    /// Rows that are dropped while one is awaited are `Cancelled`; who has seen enough of them drops them without a fault.
    pub fn query_raw<'a, T, P, I>(&'a self, query: &'a T, parameters: I) -> Rows<Asked<'a>>
    where
        T: Query + ?Sized,
        P: BorrowToSql + 'a,
        I: IntoIterator<Item = P, IntoIter: ExactSizeIterator> + Sync + Send + 'a,
    {
        let answer = self.inner.session().query_raw(query.statement(), parameters);
        self.database.query_stream(query.text(), Asked::new(answer))
    }

    /// [`Client::execute`].
    pub async fn execute<T: Query + ?Sized>(
        &self,
        query: &T,
        parameters: Parameters<'_>,
    ) -> Result<u64, Error> {
        let answer = self.inner.session().execute(query.statement(), parameters);
        self.asked(query.text(), answer, |rows| ("rows_affected", *rows)).await
    }

    /// [`Client::simple_query`].
    pub async fn simple_query(&self, query: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        let answer = self.inner.session().simple_query(query);
        let is_row = |message: &&SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(_));
        self.asked(query, answer, |messages| returned(messages.iter().filter(is_row).count())).await
    }

    /// [`Client::batch_execute`].
    pub async fn batch_execute(&self, query: &str) -> Result<(), Error> {
        self.database.query(query, self.inner.session().batch_execute(query)).await
    }

    /// [`Client::prepare`]: what it gives keeps its text. Preparing is no query.
    pub async fn prepare(&self, query: &str) -> Result<Prepared, Error> {
        Ok(Prepared::new(self.inner.session().prepare(query).await?, query))
    }
}

impl<C: SessionMut> Traced<C> {
    /// [`Client::transaction`], and of a transaction a savepoint. To begin it is a query.
    pub async fn transaction(&mut self) -> Result<Traced<Transaction<'_>>, Error> {
        let database = Arc::clone(&self.database);
        let inner = database.query(C::BEGIN, self.inner.session_mut().transaction()).await?;
        Ok(Traced { inner, database })
    }
}

impl Traced<Transaction<'_>> {
    /// [`Transaction::commit`].
    pub async fn commit(self) -> Result<(), Error> {
        self.database.query("COMMIT", self.inner.commit()).await
    }

    /// [`Transaction::rollback`]. One that is dropped is taken back as well, without a subsegment.
    pub async fn rollback(self) -> Result<(), Error> {
        self.database.query("ROLLBACK", self.inner.rollback()).await
    }
}

fn returned(rows: usize) -> (&'static str, u64) {
    ("rows_returned", rows as u64)
}

/// That there is not the one row that was wanted, which the driver tells by its text alone.
fn is_row_count(error: &Error) -> bool {
    error.code().is_none() && error.to_string() == "query returned an unexpected number of rows"
}

impl<C: fmt::Debug> fmt::Debug for Traced<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Traced").field(&self.inner).finish()
    }
}

impl<C> Deref for Traced<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.inner
    }
}

impl<C> DerefMut for Traced<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(config: &str, name: &str, url: &str) {
        let told = format!("{:?}", database(&config.parse().unwrap()));
        assert!(told.contains(&format!("{name:?}")) && told.contains(&format!("{url:?}")), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn a_configuration_tells_its_first_host_and_never_the_password() {
        check(
            "postgres://app:se%23cret:secret@db.internal:6432/orders?sslmode=require",
            "orders@db.internal",
            "postgresql://db.internal:6432/orders",
        );
        check("host=a,b port=1,2 user=app password=secret", "app@a", "postgresql://a:1/app");
        check("host=/run/postgresql user=app dbname=o", "o@localhost", "postgresql://localhost:5432/o");
        check("hostaddr=10.0.0.1 user=app dbname=o", "o@10.0.0.1", "postgresql://10.0.0.1:5432/o");
        check("", "postgres@localhost", "postgresql://localhost:5432/postgres");
    }
}
