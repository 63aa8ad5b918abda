//! The front page is the README of the package.
//!
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod known;
mod query;

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use fluoro_sdk::{InCurrentEntity as _, sql};
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Describe, Error, Execute, Executor, Pool, SqlStr, Transaction};

pub use crate::known::{Known, OptionsOf};
use crate::query::{Counted, Step, Taken};

/// A pool, a connection or a transaction, each query on which is a subsegment.
///
/// A reference to it is an executor where a reference to what it holds would be one: `&traced` of a pool, `&mut traced` of
/// a connection or a transaction. What it holds is reached by `*traced`, and what is done on that is not recorded.
#[derive(Clone)]
pub struct Traced<E> {
    inner: E,
    database: Arc<sql::Database>,
}

impl<E> Traced<E> {
    /// Of a database that is described by hand, such as one behind a proxy; or a single connection, as `&mut connection`.
    pub fn named(inner: E, database: sql::Database) -> Self {
        Self { inner, database: Arc::new(database) }
    }

    /// What it holds.
    pub fn into_inner(self) -> E {
        self.inner
    }

    fn with<F>(&self, inner: F) -> Traced<F> {
        Traced { inner, database: Arc::clone(&self.database) }
    }
}

impl<DB: Known> Traced<Pool<DB>> {
    /// A pool, whose options say what its queries tell of the database.
    pub fn new(pool: Pool<DB>) -> Self {
        let database = DB::database(&pool.connect_options());
        Self::named(pool, database)
    }
}

impl<DB: Database> Traced<Pool<DB>> {
    /// Takes a connection out of the pool. Waiting for one is no query of its own.
    pub async fn acquire(&self) -> Result<Traced<PoolConnection<DB>>, Error> {
        Ok(self.with(self.inner.acquire().await?))
    }

    /// Begins a transaction, which is a query.
    pub async fn begin(&self) -> Result<Traced<Transaction<'static, DB>>, Error> {
        let begun = self.database.query("BEGIN", self.inner.begin()).await?;
        Ok(self.with(begun))
    }
}

impl<DB: Database> Traced<PoolConnection<DB>> {
    /// Begins a transaction, which is a query.
    pub async fn begin(&mut self) -> Result<Traced<Transaction<'_, DB>>, Error> {
        let begun = self.database.query("BEGIN", self.inner.begin()).await?;
        Ok(Traced { inner: begun, database: Arc::clone(&self.database) })
    }
}

impl<DB: Database> Traced<Transaction<'_, DB>> {
    /// Begins a savepoint.
    pub async fn begin(&mut self) -> Result<Traced<Transaction<'_, DB>>, Error> {
        let begun = self.database.query("SAVEPOINT", self.inner.begin()).await?;
        Ok(Traced { inner: begun, database: Arc::clone(&self.database) })
    }

    /// Commits it.
    pub async fn commit(self) -> Result<(), Error> {
        self.database.query("COMMIT", self.inner.commit()).await
    }

    /// Takes back what was done in it. One that is dropped is taken back as well, without a subsegment.
    pub async fn rollback(self) -> Result<(), Error> {
        self.database.query("ROLLBACK", self.inner.rollback()).await
    }
}

impl<E: fmt::Debug> fmt::Debug for Traced<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Traced").field(&self.inner).finish()
    }
}

impl<E> Deref for Traced<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.inner
    }
}

impl<E> DerefMut for Traced<E> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.inner
    }
}

/// The database of a connection.
type Of<C> = <<C as Deref>::Target as Connection>::Database;
type Row<DB> = <DB as Database>::Row;

impl<'p, DB: Known> Executor<'p> for &'p Traced<Pool<DB>>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, Q>(self, query: Q) -> BoxStream<'e, Step<DB>>
    where
        'p: 'e,
        Q: 'q + Execute<'q, DB>,
    {
        many(&self.database, &self.inner, query)
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        Q: 'q + Execute<'q, DB>,
    {
        optional(&self.database, &self.inner, query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        self.inner.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        self.inner.describe(sql)
    }
}

impl<'c, C> Executor<'c> for &'c mut Traced<C>
where
    C: DerefMut<Target: Connection<Database: Known> + Sized> + Send + fmt::Debug,
    for<'x> &'x mut C::Target: Executor<'x, Database = Of<C>>,
{
    type Database = Of<C>;

    fn fetch_many<'e, 'q: 'e, Q>(self, query: Q) -> BoxStream<'e, Step<Of<C>>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Of<C>>,
    {
        many(&self.database, &mut *self.inner, query)
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<Row<Of<C>>>, Error>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Of<C>>,
    {
        optional(&self.database, &mut *self.inner, query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<Of<C> as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<Of<C> as Database>::Statement, Error>>
    where
        'c: 'e,
    {
        (&mut *self.inner).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Of<C>>, Error>>
    where
        'c: 'e,
    {
        (&mut *self.inner).describe(sql)
    }
}

/// Whether there is anything to record; if not, a query goes to the driver as it is.
fn is_recorded() -> bool {
    !fluoro_sdk::log_id().is_empty()
}

fn many<'c, 'e, 'q, DB, X, Q>(database: &sql::Database, executor: X, query: Q) -> BoxStream<'e, Step<DB>>
where
    DB: Known,
    X: Executor<'c, Database = DB>,
    Q: 'q + Execute<'q, DB>,
    'c: 'e,
    'q: 'e,
{
    if !is_recorded() {
        return executor.fetch_many(query);
    }
    let query = Taken::of(query);
    let text = query.text.as_str().to_owned();
    Box::pin(database.query_stream(text, Counted::<DB>::new(executor.fetch_many(query))))
}

fn optional<'c, 'e, 'q, DB, X, Q>(
    database: &'e sql::Database,
    executor: X,
    query: Q,
) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
where
    DB: Known,
    X: Executor<'c, Database = DB>,
    Q: 'q + Execute<'q, DB>,
    'c: 'e,
    'q: 'e,
{
    if !is_recorded() {
        return executor.fetch_optional(query);
    }
    let query = Taken::of(query);
    let text = query.text.clone();
    let answer = executor.fetch_optional(query);
    let answer = async move {
        let row = answer.await?;
        query::returned(u64::from(row.is_some()));
        Ok(row)
    };
    let query = async move { database.query(text.as_str(), answer).await };
    Box::pin(query.in_current_entity())
}
