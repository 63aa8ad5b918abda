//! The second service of the story: it greets, after a little work of its own, and counts visits in a database.

use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use fluoro_sdk::sql::Database;
use rusqlite::Connection;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let routes = Router::new().route("/visits", get(visits)).with_state(Visits::open()?);
    rust_axum::serve("SpringBoot2", routes.route("/hello", get(hello)), 8081).await
}

async fn hello() -> &'static str {
    // The call takes longer than the service itself, so that the two times can be told apart.
    fluoro_sdk::subsegment("## greet").scope(tokio::time::sleep(Duration::from_millis(20))).await;
    "Hello from SpringBoot2\n"
}

async fn visits(State(visits): State<Visits>) -> Result<String, StatusCode> {
    // The driver blocks. A thread of the pool is within the request only if it is taken along.
    let count = fluoro_sdk::in_current_entity(move || visits.count());
    let counted = tokio::task::spawn_blocking(count).await;
    match counted {
        Ok(Ok(count)) => Ok(format!("{count} visits\n")),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

#[derive(Clone)]
struct Visits {
    connection: Arc<Mutex<Connection>>,
    /// What queries are told of: a node of the map.
    database: Database,
}

impl Visits {
    fn open() -> rusqlite::Result<Self> {
        let file = env::var("DATABASE").unwrap_or_else(|_| ":memory:".into());
        let connection = Connection::open(&file)?;
        connection
            .execute_batch("CREATE TABLE IF NOT EXISTS visit (at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)")?;
        let database = Database::sqlite(file).driver("rusqlite 0.42").version(rusqlite::version());
        Ok(Self { connection: Arc::new(Mutex::new(connection)), database })
    }

    fn count(&self) -> rusqlite::Result<i64> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let insert = "INSERT INTO visit DEFAULT VALUES";
        self.database.query_blocking(insert, || connection.execute(insert, ()))?;
        let count = "SELECT count(*) FROM visit";
        self.database.query_blocking(count, || connection.query_row(count, (), |row| row.get(0)))
    }
}
