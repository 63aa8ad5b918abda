//! Queries by tokio-postgres.

#[expect(dead_code, reason = "it looks at documents, not at trees")]
#[path = "../../../../crates/sdk/tests/support/mod.rs"]
mod support;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fluoro_sdk_tokio_postgres::{Traced, database};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use support::{Recording, with};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls};

/// Where `scripts/sdk-tests` has started a server.
fn config() -> Config {
    let url = std::env::var("POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "POSTGRES_URL is not set: these tests need a server of their own, run them by scripts/sdk-tests"
        )
    });
    url.parse().expect("it is an address")
}

async fn connect() -> (Client, Config) {
    let config = config();
    let (client, connection) = config.connect(NoTls).await.expect("it accepts the user");
    tokio::spawn(connection);
    (client, config)
}

async fn open() -> Traced<Client> {
    let (client, config) = connect().await;
    Traced::new(client, &config)
}

fn recording() -> Recording {
    with(|builder| builder.collect_sql_queries(true))
}

async fn queries(work: impl Future<Output = ()>) -> Vec<Value> {
    let recording = recording();
    recording.recorder.segment("shop").scope(work).await;
    let document = recording.documents().pop().expect("the segment");
    document["subsegments"].as_array().cloned().unwrap_or_default()
}

/// The text of each query, and what became of it.
fn told(queries: &[Value]) -> Vec<(&str, &Value)> {
    queries.iter().map(|query| (text(query), &query["metadata"]["sql"])).collect()
}

fn text(query: &Value) -> &str {
    query["sql"]["sanitized_query"].as_str().unwrap_or("unknown")
}

#[tokio::test]
async fn each_query_is_one_subsegment_with_its_error() {
    let db = open().await;
    let queries = queries(async {
        db.batch_execute("CREATE TEMPORARY TABLE item (id SERIAL, name TEXT)").await.unwrap();
        let insert = "INSERT INTO item (name) VALUES ($1), ('secret')";
        assert_eq!(db.execute(insert, &[&"pen"]).await.unwrap(), 2);
        let all = db.query("SELECT name FROM item ORDER BY id", &[]).await.unwrap();
        assert_eq!(all[1].get::<_, String>(0), "secret");
        assert!(db.query_opt("SELECT id FROM item WHERE id = 77", &[]).await.unwrap().is_none());
        db.query_one("SELECT id FROM item WHERE id = 78", &[]).await.unwrap_err();
        let typed = db.query_typed("SELECT name FROM item WHERE id = $1", &[(&1, Type::INT4)]).await.unwrap();
        assert_eq!(typed.len(), 1);
        db.simple_query("SELECT 1; SELECT 2").await.unwrap();
        db.query("SELECT absent FROM item", &[]).await.unwrap_err();
    })
    .await;
    let (returned, affected) = (|rows| json!({"rows_returned": rows}), json!({"rows_affected": 2}));
    assert_eq!(
        told(&queries),
        [
            ("CREATE TEMPORARY TABLE item (id SERIAL, name TEXT)", &Value::Null),
            ("INSERT INTO item (name) VALUES ($1), (?)", &affected),
            ("SELECT name FROM item ORDER BY id", &returned(2)),
            ("SELECT id FROM item WHERE id = ?", &returned(0)),
            ("SELECT id FROM item WHERE id = ?", &Value::Null),
            ("SELECT name FROM item WHERE id = $1", &returned(1)),
            ("SELECT ?; SELECT ?", &returned(2)),
            ("SELECT absent FROM item", &Value::Null),
        ]
    );
    let port = config().get_ports()[0];
    assert_eq!(
        queries[2]["sql"],
        json!({"url": format!("postgresql://127.0.0.1:{port}/postgres"), "user": "app", "database_type": "PostgreSQL",
            "driver_version": "tokio-postgres 0.7", "preparation": "statement",
            "sanitized_query": "SELECT name FROM item ORDER BY id"})
    );
    for query in &queries[..7] {
        assert_eq!((&query["name"], &query["namespace"]), (&json!("postgres@127.0.0.1"), &json!("remote")));
        assert!(query["fault"].is_null(), "no row is no fault: {query}");
    }
    assert_eq!(queries[7]["fault"], true);
    let exceptions = queries[7]["cause"]["exceptions"].as_array().unwrap();
    assert!(format!("{exceptions:?}").contains("column \\\"absent\\\" does not exist"), "{exceptions:?}");
    // Neither the password nor what was typed.
    assert!(!format!("{queries:?}").contains("secret"));
}

#[tokio::test]
async fn transactions_savepoints_and_prepared_statements_are_queries() {
    let mut db = open().await;
    let queries = queries(async {
        db.batch_execute("CREATE TEMPORARY TABLE item (id INTEGER)").await.unwrap();
        let mut transaction = db.transaction().await.unwrap();
        let insert = transaction.prepare("INSERT INTO item VALUES ($1)").await.unwrap();
        transaction.execute(&insert, &[&1]).await.unwrap();
        let savepoint = transaction.transaction().await.unwrap();
        savepoint.execute(&insert, &[&2]).await.unwrap();
        savepoint.rollback().await.unwrap();
        // By the driver alone: its text is not known.
        transaction.execute(insert.statement(), &[&3]).await.unwrap();
        transaction.commit().await.unwrap();
        let dropped = db.transaction().await.unwrap();
        dropped.execute("DELETE FROM item", &[]).await.unwrap();
        drop(dropped);
        assert_eq!(db.query("SELECT id FROM item", &[]).await.unwrap().len(), 2);
    })
    .await;
    let texts: Vec<_> = queries.iter().map(text).collect();
    assert_eq!(
        texts,
        [
            "CREATE TEMPORARY TABLE item (id INTEGER)",
            "BEGIN",
            "INSERT INTO item VALUES ($1)",
            "SAVEPOINT",
            "INSERT INTO item VALUES ($1)",
            "ROLLBACK",
            "unknown",
            "COMMIT",
            "BEGIN",
            "DELETE FROM item",
            "SELECT id FROM item",
        ]
    );
    assert!(queries[6]["sql"]["sanitized_query"].is_null());
}

#[tokio::test]
async fn a_query_that_is_dropped_is_cancelled_and_rows_that_suffice_are_not() {
    let db = open().await;
    let queries = queries(async {
        {
            let mut waiting = pin!(db.query("SELECT pg_sleep(60)", &[]));
            assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        drop(db.query("SELECT 2", &[]));
        {
            let mut rows = pin!(db.query_raw("SELECT generate_series(1, 3)", Vec::<i32>::new()));
            assert_eq!(rows.next().await.unwrap().unwrap().get::<_, i32>(0), 1);
            assert_eq!(rows.next().await.unwrap().unwrap().get::<_, i32>(0), 2);
        }
        {
            let mut rows = pin!(db.query_raw("SELECT pg_sleep(60)", Vec::<i32>::new()));
            poll_fn(|task| {
                assert!(rows.as_mut().poll_next_unpin(task).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        let mut rows = pin!(db.query_raw("SELECT absent", Vec::<i32>::new()));
        rows.next().await.unwrap().unwrap_err();
        assert!(rows.next().await.is_none());
    })
    .await;
    let kinds: Vec<_> =
        queries.iter().map(|query| query["cause"]["exceptions"][0]["type"].as_str()).collect();
    assert_eq!(
        kinds,
        [Some("Cancelled"), None, Some("Cancelled"), Some("tokio_postgres::error::Error")],
        "what nobody polled was no query"
    );
    assert_eq!(queries[1]["metadata"]["sql"], json!({"rows_returned": 2}));
    assert!(queries[1]["fault"].is_null());
}

#[tokio::test]
async fn what_a_pool_lends_is_borrowed() {
    let (mut lent, config) = connect().await;
    let database = Arc::new(database(&config).version("15.0"));
    let queries = queries(async {
        Traced::borrowed(&lent, &database).query("SELECT 1", &[]).await.unwrap();
        let mut db = Traced::borrowed_mut(&mut lent, &database);
        db.transaction().await.unwrap().rollback().await.unwrap();
    })
    .await;
    assert_eq!(queries.iter().map(text).collect::<Vec<_>>(), ["SELECT ?", "BEGIN", "ROLLBACK"]);
    assert_eq!(queries[0]["sql"]["database_version"], "15.0");
}

#[tokio::test]
async fn outside_of_a_segment_and_unsampled_queries_are_as_without() {
    let db = open().await;
    let recording = recording();
    let work = async {
        db.query_one("SELECT 1", &[]).await.unwrap();
        db.batch_execute("SELECT 1").await.unwrap();
        let rows = db.query_raw("SELECT generate_series(1, 3)", Vec::<i32>::new());
        assert_eq!(rows.count().await, 3);
    };
    work.await;
    let work = async {
        db.query_one("SELECT 1", &[]).await.unwrap();
    };
    recording.recorder.segment("shop").sampled(false).scope(work).await;
    assert!(recording.documents().is_empty());
    assert_eq!(recording.recorder.stats().context_missing, 0);
}
