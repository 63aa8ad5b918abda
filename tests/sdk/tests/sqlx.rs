//! Queries by sqlx on SQLite, PostgreSQL and MariaDB.

#[expect(dead_code, reason = "it looks at documents, not at trees")]
#[path = "../../../crates/sdk/tests/support/mod.rs"]
mod support;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use fluoro_sdk_sqlx::Traced;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use sqlx::any::AnyPoolOptions;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{MySqlPool, PgPool, Row as _, SqlitePool};
use support::{Recording, with};

/// Where `scripts/sdk-tests` has started a server.
fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: these tests need servers of their own, run them by scripts/sdk-tests")
    })
}

fn recording() -> Recording {
    with(|builder| builder.collect_sql_queries(true))
}

async fn in_segment(recording: &Recording, work: impl Future<Output = ()>) -> Vec<Value> {
    recording.recorder.segment("shop").scope(work).await;
    let document = recording.documents().pop().expect("the segment");
    document["subsegments"].as_array().cloned().unwrap_or_default()
}

/// The text of each query, and what became of it.
fn told(queries: &[Value]) -> Vec<(&str, &Value)> {
    queries.iter().map(|query| (text(query), &query["metadata"]["sql"])).collect()
}

fn text(query: &Value) -> &str {
    query["sql"]["sanitized_query"].as_str().expect("it is kept")
}

async fn sqlite(folder: &tempfile::TempDir) -> Traced<SqlitePool> {
    let options = SqliteConnectOptions::new().filename(folder.path().join("shop.db")).create_if_missing(true);
    Traced::new(SqlitePool::connect_with(options).await.expect("a database"))
}

#[tokio::test]
async fn each_query_of_a_pool_is_one_subsegment_with_its_error() {
    let folder = tempfile::tempdir().unwrap();
    let db = sqlite(&folder).await;
    let recording = recording();
    let queries = in_segment(&recording, async {
        sqlx::query("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)").execute(&db).await.unwrap();
        let insert = sqlx::query("INSERT INTO item (name) VALUES (?), ('secret')").bind("pen").execute(&db);
        assert_eq!(insert.await.unwrap().rows_affected(), 2);
        let all = sqlx::query("SELECT name FROM item ORDER BY id").fetch_all(&db).await.unwrap();
        assert_eq!(all[1].get::<String, _>(0), "secret");
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM item").fetch_one(&db).await.unwrap();
        assert_eq!(count, 2);
        let none = sqlx::query("SELECT id FROM item WHERE id = 77").fetch_optional(&db).await.unwrap();
        assert!(none.is_none());
        sqlx::query("SELECT id FROM item WHERE id = 78").fetch_one(&db).await.unwrap_err();
        sqlx::query("SELECT absent FROM item").fetch_all(&db).await.unwrap_err();
    })
    .await;
    let (returned, affected) =
        (|rows| json!({"rows_returned": rows}), |rows| json!({"rows_affected": rows, "rows_returned": 0}));
    let told = told(&queries);
    assert_eq!(
        told[1..],
        [
            ("INSERT INTO item (name) VALUES (?), (?)", &affected(2)),
            ("SELECT name FROM item ORDER BY id", &returned(2)),
            ("SELECT count(*) FROM item", &returned(1)),
            ("SELECT id FROM item WHERE id = ?", &returned(0)),
            ("SELECT id FROM item WHERE id = ?", &returned(0)),
            ("SELECT absent FROM item", &returned(0)),
        ]
    );
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    assert_eq!(
        queries[2]["sql"],
        json!({"url": url, "database_type": "SQLite", "driver_version": "sqlx 0.9", "preparation": "statement",
            "sanitized_query": "SELECT name FROM item ORDER BY id"})
    );
    for query in &queries[..6] {
        assert_eq!((&query["name"], &query["namespace"]), (&json!("shop@localhost"), &json!("remote")));
        assert!(query["fault"].is_null(), "no row is no fault: {query}");
    }
    assert_eq!(queries[6]["fault"], true);
    let message = queries[6]["cause"]["exceptions"][0]["message"].as_str().unwrap();
    assert!(message.contains("no such column: absent"), "{message}");
}

#[tokio::test]
async fn connections_transactions_and_savepoints_are_executors() {
    let folder = tempfile::tempdir().unwrap();
    let db = sqlite(&folder).await;
    let recording = recording();
    let queries = in_segment(&recording, async {
        let mut connection = db.acquire().await.unwrap();
        sqlx::query("CREATE TABLE item (id INTEGER)").execute(&mut connection).await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        sqlx::query("INSERT INTO item VALUES (1)").execute(&mut transaction).await.unwrap();
        let mut inner = transaction.begin().await.unwrap();
        sqlx::query("INSERT INTO item VALUES (2)").execute(&mut inner).await.unwrap();
        inner.rollback().await.unwrap();
        transaction.commit().await.unwrap();
        drop(connection);
        let mut transaction = db.begin().await.unwrap();
        let ids = sqlx::query_scalar::<_, i64>("SELECT id FROM item").fetch(&mut transaction);
        assert_eq!(ids.try_collect::<Vec<_>>().await.unwrap(), [1]);
        drop(transaction);
        let mut own = db.acquire().await.unwrap().into_inner().detach();
        let mut own = Traced::named(&mut own, fluoro_sdk::sql::Database::sqlite("other.db"));
        sqlx::raw_sql("SELECT 1; SELECT 2").fetch_all(&mut own).await.unwrap();
    })
    .await;
    let texts: Vec<_> = queries.iter().map(text).collect();
    assert_eq!(
        texts,
        [
            "CREATE TABLE item (id INTEGER)",
            "BEGIN",
            "INSERT INTO item VALUES (?)",
            "SAVEPOINT",
            "INSERT INTO item VALUES (?)",
            "ROLLBACK",
            "COMMIT",
            "BEGIN",
            "SELECT id FROM item",
            "SELECT ?; SELECT ?"
        ]
    );
    assert_eq!(queries[9]["name"], "other@localhost");
    assert_eq!(queries[9]["metadata"]["sql"]["rows_returned"], 2);
}

#[tokio::test]
async fn a_query_that_is_dropped_is_cancelled_and_rows_that_suffice_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let db = sqlite(&folder).await;
    // Held by somebody else: the query waits, however fast the machine is.
    let options = SqlitePoolOptions::new().max_connections(1);
    let only = Traced::new(options.connect_with((*db.connect_options()).clone()).await.unwrap());
    let recording = recording();
    let queries = in_segment(&recording, async {
        let held = only.acquire().await.unwrap();
        let mut waiting = pin!(sqlx::query("SELECT 1").fetch_all(&only));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(sqlx::query("SELECT 2").fetch_all(&only));
        waiting.set(sqlx::query("SELECT 3").fetch_all(&only));
        drop(held);
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
        let mut rows = sqlx::query(numbers).fetch(&db);
        rows.next().await.unwrap().unwrap();
        rows.next().await.unwrap().unwrap();
    })
    .await;
    assert_eq!(queries.len(), 2, "what nobody polled was no query: {queries:?}");
    assert_eq!(queries[0]["cause"]["exceptions"][0]["type"], "Cancelled");
    assert_eq!(queries[1]["metadata"]["sql"], json!({"rows_returned": 2}));
    assert!(queries[1]["fault"].is_null());
}

#[tokio::test]
async fn outside_of_a_segment_and_unsampled_queries_are_as_without() {
    let folder = tempfile::tempdir().unwrap();
    let db = sqlite(&folder).await;
    let recording = recording();
    let work = async {
        sqlx::query("SELECT 1").fetch_one(&db).await.unwrap();
        sqlx::query("SELECT 1").execute(&db).await.unwrap();
    };
    work.await;
    let work = async {
        sqlx::query("SELECT 1").fetch_one(&db).await.unwrap();
    };
    recording.recorder.segment("shop").sampled(false).scope(work).await;
    assert!(recording.documents().is_empty());
    assert_eq!(recording.recorder.stats().context_missing, 0);
}

#[tokio::test]
async fn a_database_in_memory_and_one_of_any_driver_are_named() {
    sqlx::any::install_default_drivers();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("any.db");
    std::fs::write(&file, "").unwrap();
    let memory = Traced::new(SqlitePool::connect("sqlite::memory:").await.unwrap());
    let any = AnyPoolOptions::new().connect(&format!("sqlite://{}?mode=rwc", file.display())).await.unwrap();
    let any = Traced::new(any);
    let recording = recording();
    let queries = in_segment(&recording, async {
        sqlx::query("SELECT 1").execute(&memory).await.unwrap();
        sqlx::query("SELECT 1").execute(&any).await.unwrap();
    })
    .await;
    assert_eq!(queries[0]["sql"]["url"], "sqlite::memory:");
    assert_eq!(queries[0]["name"], "memory@localhost");
    assert_eq!(queries[1]["name"], "any@localhost");
    assert_eq!(queries[1]["sql"]["url"], format!("sqlite:{}", file.display()));
}

/// What both servers are asked: SQL that both understand.
macro_rules! story {
    ($db:expr, $recording:expr, $mark:literal) => {{
        let db = $db;
        in_segment(&$recording, async {
            sqlx::query("CREATE TEMPORARY TABLE item (name VARCHAR(20))").execute(&db).await.unwrap();
            let mut transaction = db.begin().await.unwrap();
            sqlx::query("CREATE TEMPORARY TABLE basket (name VARCHAR(20))")
                .execute(&mut transaction)
                .await
                .unwrap();
            let insert = concat!("INSERT INTO basket VALUES (", $mark, "), ('secret')");
            let inserted = sqlx::query(insert).bind("pen").execute(&mut transaction).await.unwrap();
            assert_eq!(inserted.rows_affected(), 2);
            let all = sqlx::query("SELECT name FROM basket").fetch_all(&mut transaction).await.unwrap();
            assert_eq!(all.len(), 2);
            transaction.rollback().await.unwrap();
            sqlx::query("SELECT absent FROM nowhere").fetch_optional(&db).await.unwrap_err();
        })
        .await
    }};
}

#[track_caller]
fn check(queries: &[Value], name: &str, sql: &Value, error: &str) {
    let texts: Vec<_> = queries.iter().map(text).map(|text| text.split(' ').next()).collect();
    assert_eq!(texts, ["CREATE", "BEGIN", "CREATE", "INSERT", "SELECT", "ROLLBACK", "SELECT"].map(Some));
    assert_eq!(queries[3]["metadata"]["sql"], json!({"rows_affected": 2, "rows_returned": 0}));
    assert_eq!(queries[4]["metadata"]["sql"], json!({"rows_returned": 2}));
    assert_eq!(&queries[4]["sql"], sql);
    assert!(queries.iter().all(|query| query["name"] == name));
    let message = queries[6]["cause"]["exceptions"][0]["message"].as_str().expect("it has one");
    assert!(message.contains(error), "{message}");
    // Neither the password nor what was typed.
    assert!(!format!("{queries:?}").contains("secret"));
}

#[tokio::test]
async fn postgresql() {
    let options: PgConnectOptions = server("POSTGRES_URL").parse().unwrap();
    let port = options.get_port();
    let recording = recording();
    let pool = PgPool::connect_with(options).await.expect("it accepts the user");
    let queries = story!(Traced::new(pool), recording, "$1");
    let sql = json!({"url": format!("postgresql://127.0.0.1:{port}/postgres"), "user": "app", "database_type": "PostgreSQL",
        "driver_version": "sqlx 0.9", "preparation": "statement", "sanitized_query": "SELECT name FROM basket"});
    check(&queries, "postgres@127.0.0.1", &sql, "relation \"nowhere\" does not exist");
}

#[tokio::test]
async fn mariadb() {
    let options: MySqlConnectOptions = server("MYSQL_URL").parse().unwrap();
    let port = options.get_port();
    let recording = recording();
    let pool = MySqlPool::connect_with(options).await.expect("it accepts the user");
    let queries = story!(Traced::new(pool), recording, "?");
    let sql = json!({"url": format!("mysql://127.0.0.1:{port}/shop"), "user": "app", "database_type": "MySQL",
        "driver_version": "sqlx 0.9", "preparation": "statement", "sanitized_query": "SELECT name FROM basket"});
    check(&queries, "shop@127.0.0.1", &sql, "nowhere' doesn't exist");
}
