//! Databases for tests, in the PostgreSQL that `scripts/clickhouse` starts.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{LOCK, PATIENCE};
use crate::sql::Connection;
use crate::sql::postgres::Postgres;

static MADE: AtomicU32 = AtomicU32::new(0);

/// The URL of the server, without a database.
///
/// # Panics
///
/// Where no server is named.
pub fn server() -> String {
    std::env::var("FLUORO_TEST_POSTGRES")
        .expect("FLUORO_TEST_POSTGRES is set: scripts/clickhouse start prints it")
}

/// The URL of a database of its own. It stays: `scripts/clickhouse clean` takes them all away.
pub fn database() -> String {
    let name =
        format!("fluoro_test_settings_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    order(&format!("{}/postgres", server()), &format!("CREATE DATABASE {name}"));
    format!("{}/{name}", server())
}

/// # Panics
///
/// Where PostgreSQL does not do it.
pub fn order(url: &str, sql: &str) {
    let connection =
        Connection::new(Postgres::new(url, LOCK, PATIENCE).expect("the URL is one of PostgreSQL"));
    connection.execute(sql, &[]).expect("PostgreSQL does it");
}
