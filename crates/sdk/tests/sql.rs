//! Queries as subsegments: what is told of them, and what is not.

mod support;

use std::io;
use std::time::Duration;

use fluoro_sdk::sql::Database;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::json;
use support::{recording, with};

#[tokio::test]
async fn a_query_is_a_call_without_secrets() {
    let recording = with(|builder| builder.collect_sql_queries(true));
    let orders = Database::postgresql("db.internal", 5432, "orders").user("app").driver("mine 1");
    let work = async {
        let answer = orders.query("select 1 where mail = 'secret'", async { Ok::<_, io::Error>(7) }).await;
        assert_eq!(answer.unwrap(), 7);
        let fails = orders.query("select 2", async { Err::<(), _>(io::Error::other("no such table")) });
        fails.await.unwrap_err();
        let never = orders.query("select 3", std::future::pending::<Result<(), io::Error>>());
        tokio::time::timeout(Duration::from_millis(1), never).await.unwrap_err();
        Database::sqlite("/data/shop.db").query_blocking("select 4", || Ok::<_, io::Error>(())).unwrap();
    };
    recording.recorder.segment("shop").scope(work).await;
    let document = recording.documents().remove(0);
    let queries = document["subsegments"].as_array().unwrap();
    let [first, failed, cancelled, sqlite] = &queries[..] else { panic!("{document}") };
    assert_eq!(first["name"], "orders@db.internal");
    assert_eq!(first["namespace"], "remote");
    assert_eq!(
        first["sql"],
        json!({"url": "postgresql://db.internal:5432/orders", "user": "app", "database_type": "PostgreSQL",
        "driver_version": "mine 1", "preparation": "statement", "sanitized_query": "select ? where mail = ?"})
    );
    assert_eq!(failed["cause"]["exceptions"][0]["message"], "no such table");
    assert_eq!(cancelled["cause"]["exceptions"][0]["type"], "Cancelled");
    assert_eq!((&sqlite["name"], &sqlite["fault"]), (&json!("shop@localhost"), &json!(null)));
    assert!(!document.to_string().contains("secret"));
    assert_eq!(recording.entities().len(), 5);
    assert_eq!(recording.parent("shop@localhost"), "shop");
}

#[tokio::test]
async fn texts_are_not_kept_unless_asked_for() {
    let recording = recording();
    let database = Database::mysql("h", 3306, "d");
    let work = database.query("select 1", async { Ok::<_, io::Error>(()) });
    recording.recorder.segment("shop").scope(work).await.unwrap();
    assert!(recording.entity("d@h").value["sql"]["sanitized_query"].is_null());
}

#[tokio::test]
async fn rows_are_within_their_query_and_end_it() {
    let recording = recording();
    let work = async {
        let database = Database::postgresql("h", 5432, "d");
        let numbers = stream::iter([Ok(1), Err(io::Error::other("gone"))]);
        let rows = database.query_stream("select 1", numbers.inspect(|_| fluoro_sdk::annotate("row", true)));
        assert_eq!(rows.collect::<Vec<_>>().await.len(), 2);
        let mut enough = database.query_stream("select 2", stream::iter([Ok::<_, io::Error>(1), Ok(2)]));
        enough.next().await.unwrap().unwrap();
        drop(enough);
        let mut awaited = database.query_stream("select 3", stream::pending::<Result<(), io::Error>>());
        assert!(awaited.next().now_or_never().is_none());
        drop(awaited);
        drop(database.query_stream("never asked for", stream::empty::<Result<(), io::Error>>()));
        let shown = fluoro_sdk::subsegment("rows").begin().scope(stream::iter([1, 2]));
        assert_eq!(shown.collect::<Vec<_>>().await, [1, 2]);
    };
    recording.recorder.segment("shop").scope(work).await;
    let document = recording.documents().remove(0);
    let [whole, enough, awaited, shown] = &document["subsegments"].as_array().unwrap()[..] else {
        panic!("{document}")
    };
    assert_eq!(whole["cause"]["exceptions"][0]["message"], "gone");
    assert_eq!(whole["annotations"]["row"], true);
    assert!(enough["fault"].is_null(), "{enough}");
    assert_eq!(awaited["cause"]["exceptions"][0]["type"], "Cancelled");
    assert!(shown["metadata"].is_null(), "{shown}");
    let outside =
        Database::postgresql("h", 5432, "d").query_stream("select 1", stream::iter([Ok::<_, io::Error>(1)]));
    assert_eq!(outside.count().await, 1);
}
