//! The list of traces as the console asks for it: order, picture, columns, and why nothing matches.

use serde_json::{Value, json};

use crate::support::{Server, T, plain};

const RANGE: &str = "from=1700000040000&to=1700000100000";

/// Thirty requests, one a second, each some 10 ms longer than the one before; every third of tenant acme.
async fn thirty() -> Server {
    let server = Server::start();
    let documents: Vec<Value> = (0..30)
        .map(|number| {
            let start = T + f64::from(number);
            let mut document = plain(number + 1, f64::from(number));
            document["end_time"] = json!(start + 0.01 * f64::from(number + 1));
            if number % 3 == 0 {
                document["annotations"] = json!({ "tenant": "acme", "paid": number % 2 == 0 });
            }
            document
        })
        .collect();
    server.put(&documents).await;
    server.settle().await;
    server
}

async fn list(server: &Server, query: &str) -> Value {
    let answer = server.get(&format!("/api/traces?{RANGE}&{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn times(list: &Value) -> Vec<i64> {
    let traces = list["traces"].as_array().unwrap();
    traces.iter().map(|trace| trace["responseTime"].as_f64().unwrap().round() as i64).collect()
}

#[tokio::test]
async fn another_order_than_that_of_time_is_over_all_that_matches() {
    let server = thirty().await;
    assert_eq!(times(&list(&server, "limit=3").await), [300, 290, 280]);
    assert_eq!(times(&list(&server, "limit=3&sort=start").await), [10, 20, 30]);
    let slowest = list(&server, "limit=4&sort=responsetime").await;
    assert_eq!(times(&slowest), [10, 20, 30, 40]);
    let cursor = slowest["cursor"].as_str().unwrap();
    let next = list(&server, &format!("limit=4&sort=responsetime&cursor={cursor}")).await;
    assert_eq!(times(&next), [50, 60, 70, 80]);
    assert_eq!(
        times(&list(&server, "limit=2&sort=-responsetime&filter=responsetime%20%3C%200.2").await),
        [190, 180]
    );
    assert_eq!(list(&server, "limit=30&sort=responsetime").await["cursor"], Value::Null);
    let bad = server.get(&format!("/api/traces?{RANGE}&sort=colour")).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn the_heatmap_has_every_trace_once_and_its_rows_can_be_asked_for() {
    let server = thirty().await;
    let heatmap = &list(&server, "limit=1").await["heatmap"];
    let cells = heatmap["cells"].as_array().unwrap();
    assert_eq!(cells.iter().map(|cell| cell["count"].as_u64().unwrap()).sum::<u64>(), 30);
    let edges = heatmap["edges"].as_array().unwrap();
    for row in 0..edges.len() - 1 {
        let seconds = |edge: usize| edges[edge].as_f64().unwrap() / 1_000.0;
        let filter = format!(
            "responsetime%20%3E%3D%20{}%20AND%20responsetime%20%3C%20{}",
            seconds(row),
            seconds(row + 1)
        );
        let in_row = cells.iter().filter(|cell| cell["row"] == row);
        let count: u64 = in_row.map(|cell| cell["count"].as_u64().unwrap()).sum();
        assert_eq!(list(&server, &format!("filter={filter}")).await["matched"], count);
    }
    assert_eq!(heatmap["step"], 1_000.0);
}

#[tokio::test]
async fn when_nothing_matches_each_condition_has_the_count_without_it() {
    let server = thirty().await;
    let empty = list(&server, "filter=annotation.tenant%20%3D%20%22acme%22%20AND%20fault").await;
    assert_eq!(
        empty["without"],
        json!([
            { "term": r#"annotation.tenant = "acme""#, "rest": "fault", "matched": 0 },
            { "term": "fault", "rest": r#"annotation.tenant = "acme""#, "matched": 10 },
        ])
    );
    assert_eq!(list(&server, "filter=ok").await["without"], json!([]));
}

#[tokio::test]
async fn annotations_are_columns_and_groups() {
    let server = thirty().await;
    let rows = list(&server, "sort=start&limit=2&annotations=paid%0Atenant&by=annotation.paid").await;
    assert_eq!(rows["traces"][0]["columns"], json!(["true", "acme"]));
    assert_eq!(rows["traces"][1]["columns"], json!([null, null]));
    let values: Vec<_> =
        rows["slices"].as_array().unwrap().iter().map(|slice| slice["value"].clone()).collect();
    assert_eq!(values, [Value::Null, json!("false"), json!("true")]);
    assert_eq!(
        list(&server, "by=entrypoint").await["slices"][0]["filter"],
        r#"service("frontend") { root }"#
    );
}

#[tokio::test]
async fn a_scan_that_was_cut_short_says_how_far_it_came() {
    let server = Server::start();
    let documents: Vec<Value> =
        (0..1_200).map(|number| plain(number + 1, f64::from(number) / 60.0)).collect();
    for batch in documents.chunks(200) {
        server.put(batch).await;
    }
    server.settle().await;
    let part = list(&server, "scan=100").await;
    assert_eq!(part["complete"], false);
    let reached = part["reached"].as_f64().unwrap();
    let scanned = part["scanned"].as_u64().unwrap();
    assert!(scanned < 1_200);
    let newer = server.get(&format!("/api/traces?from={reached}&to=1700000100000")).await.json();
    assert_eq!(newer["matched"], scanned);
    let whole = list(&server, "scan=5000").await;
    assert_eq!(
        (&whole["complete"], &whole["reached"], &whole["scanned"]),
        (&json!(true), &Value::Null, &json!(1_200))
    );
}
