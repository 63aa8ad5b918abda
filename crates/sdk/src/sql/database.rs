//! Queries of any driver as subsegments.

use std::error::Error;
use std::future::Future;

use crate::begin::subsegment;
use crate::context::Kind;
use crate::record::{Namespace, Sql};
use crate::scope::OpenEntity;
#[cfg(feature = "stream")]
use crate::sql::Rows;
use crate::sql::sanitized;
use crate::stack::{self, Now};

/// A database, as its queries tell of it: a node of the map, named `database@host`. It is given by its parts, never by a
/// connection string, so that no password can be told.
///
/// ```
/// use fluoro_sdk::sql::Database;
///
/// # async fn fetch(_: &str) -> Result<u32, std::io::Error> { Ok(1) }
/// # async fn example() -> Result<(), std::io::Error> {
/// let orders = Database::postgresql("db.internal", 5432, "orders").user("app").driver("tokio-postgres 0.7");
/// let query = "SELECT count(*) FROM orders WHERE tenant = $1";
/// let count = orders.query(query, fetch(query)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Database {
    name: String,
    sql: Sql,
    collects: Option<bool>,
}

impl Database {
    /// PostgreSQL.
    pub fn postgresql(host: &str, port: u16, database: &str) -> Self {
        Self::new("PostgreSQL", "postgresql", host, port, database)
    }

    /// MySQL or MariaDB.
    pub fn mysql(host: &str, port: u16, database: &str) -> Self {
        Self::new("MySQL", "mysql", host, port, database)
    }

    /// SQLite, by the file.
    pub fn sqlite(file: impl AsRef<std::path::Path>) -> Self {
        let file = file.as_ref();
        let stem = file.file_stem().map_or_else(|| "memory".into(), |stem| stem.to_string_lossy());
        // `:memory:`, SQLite's own name for what is in no file.
        let stem = stem.trim_matches(':');
        let sql = Sql {
            url: Some(format!("sqlite:{}", file.display())),
            database_type: Some("SQLite".into()),
            ..Sql::default()
        };
        Self { name: format!("{stem}@localhost"), sql, collects: None }
    }

    /// Any other, by what it calls itself.
    pub fn other(kind: &'static str, host: &str, port: u16, database: &str) -> Self {
        Self::new(kind, &kind.to_lowercase(), host, port, database)
    }

    fn new(kind: &'static str, scheme: &str, host: &str, port: u16, database: &str) -> Self {
        let sql = Sql {
            url: Some(format!("{scheme}://{host}:{port}/{database}")),
            database_type: Some(kind.into()),
            ..Sql::default()
        };
        Self { name: format!("{database}@{host}"), sql, collects: None }
    }

    /// The user that connects.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.sql.user = Some(user.into());
        self
    }

    /// The driver and its version.
    pub fn driver(mut self, driver: &'static str) -> Self {
        self.sql.driver_version = Some(driver.into());
        self
    }

    /// What the server says that it is.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.sql.database_version = Some(version.into());
        self
    }

    /// Whether query texts are kept, without their literals; else the recorder decides, which by itself keeps none.
    pub fn collect_queries(mut self, collect: bool) -> Self {
        self.collects = Some(collect);
        self
    }

    /// Awaits the answer to a query within a subsegment. An `Err` is its cause; a query that is dropped before its answer
    /// is a fault of type `Cancelled`. Outside of any segment nothing is recorded and nothing said, as of any client.
    pub async fn query<T, E>(&self, text: &str, answer: impl Future<Output = Result<T, E>>) -> Result<T, E>
    where
        E: Error + 'static,
    {
        let open = self.begin(text);
        let entity = open.entity();
        let answered = async {
            let answer = answer.await;
            if let Err(error) = &answer {
                entity.error(error);
            }
            answer
        };
        open.scope(answered).await
    }

    /// The same for a driver that blocks.
    pub fn query_blocking<T, E: Error + 'static>(
        &self,
        text: &str,
        answer: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let open = self.begin(text);
        let entity = open.entity();
        open.run(|| {
            let answer = answer();
            if let Err(error) = &answer {
                entity.error(error);
            }
            answer
        })
    }

    /// The same for rows that come one by one: the subsegment begins when they are asked for first, and ends with them.
    ///
    /// Rows that are dropped while one is awaited are `Cancelled`; who has seen enough of them drops them without a fault.
    #[cfg(feature = "stream")]
    #[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
    pub fn query_stream<S>(&self, text: impl Into<String>, rows: S) -> Rows<S> {
        Rows::new(self.clone(), text.into(), rows)
    }

    /// Begins the subsegment of a query by hand, for drivers that the other methods do not fit. Outside of any segment
    /// what it gives does nothing.
    pub fn begin(&self, text: &str) -> OpenEntity {
        if stack::now() == Now::Nothing {
            return OpenEntity::new(Kind::Nothing);
        }
        let open = subsegment(self.name.clone()).namespace(Namespace::Remote).begin();
        if open.is_sampled() {
            // Of a prepared statement it may not be known any more.
            let collects = !text.is_empty() && self.collects.unwrap_or_else(|| open.collects_sql());
            open.sql(Sql { sanitized_query: collects.then(|| sanitized(text)), ..self.sql.clone() });
        }
        open
    }
}
