//! What queries tell of each driver's database, out of the options it connects with.

use fluoro_sdk::sql;
use sqlx::{Connection, Database};

/// The options that connections of a database are made with.
pub type OptionsOf<DB> = <<DB as Database>::Connection as Connection>::Options;

/// A driver whose queries can tell which database they went to: each of sqlx's own, by the feature of its name.
///
/// For another driver implement it, out of the parts of its options and never out of a connection string, which has a
/// password in it.
pub trait Known: Database {
    /// What the options say.
    fn database(options: &OptionsOf<Self>) -> sql::Database;

    /// How many rows a statement has changed.
    fn rows_affected(result: &Self::QueryResult) -> u64;
}

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite", feature = "any"))]
const DRIVER: &str = "sqlx 0.9";

#[cfg(feature = "postgres")]
impl Known for sqlx::Postgres {
    fn database(options: &OptionsOf<Self>) -> sql::Database {
        // Where none is given it is the user's.
        let database = options.get_database().unwrap_or(options.get_username());
        let host = if options.get_socket().is_some() { "localhost" } else { options.get_host() };
        let known = sql::Database::postgresql(host, options.get_port(), database);
        known.user(options.get_username()).driver(DRIVER)
    }

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }
}

#[cfg(feature = "mysql")]
impl Known for sqlx::MySql {
    fn database(options: &OptionsOf<Self>) -> sql::Database {
        let host = if options.get_socket().is_some() { "localhost" } else { options.get_host() };
        let known = sql::Database::mysql(host, options.get_port(), options.get_database().unwrap_or("mysql"));
        known.user(options.get_username()).driver(DRIVER)
    }

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }
}

#[cfg(feature = "sqlite")]
impl Known for sqlx_sqlite::Sqlite {
    fn database(options: &OptionsOf<Self>) -> sql::Database {
        let file = options.get_filename();
        // sqlx gives each database in memory a name of its own.
        let is_in_memory = file.to_string_lossy().starts_with("file:sqlx-in-memory-");
        let known =
            if is_in_memory { sql::Database::sqlite(":memory:") } else { sql::Database::sqlite(file) };
        known.driver(DRIVER)
    }

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }
}

#[cfg(feature = "any")]
impl Known for sqlx::Any {
    fn database(options: &OptionsOf<Self>) -> sql::Database {
        // Parsed: its parts have neither password nor parameters.
        let url = &options.database_url;
        let (host, path) = (url.host_str().unwrap_or("localhost"), url.path());
        let database = path.strip_prefix('/').unwrap_or(path);
        let known = match url.scheme() {
            "postgres" | "postgresql" => {
                sql::Database::postgresql(host, url.port().unwrap_or(5432), database)
            }
            "mysql" | "mariadb" => sql::Database::mysql(host, url.port().unwrap_or(3306), database),
            // `sqlite:file` and `sqlite://file`, where the file is read as a host.
            "sqlite" => sql::Database::sqlite(format!("{}{path}", url.host_str().unwrap_or_default())),
            _ => sql::Database::other("SQL", host, url.port().unwrap_or(0), database),
        };
        let known = if url.username().is_empty() { known } else { known.user(url.username()) };
        known.driver(DRIVER)
    }

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }
}
