//! What traces can be narrowed by, how they fall apart over time, numbers that part two sets, and the export of all.

use serde_json::{Value, json};

use crate::support::{Server, T, plain};

const RANGE: &str = "from=1700000040000&to=1700000100000";

/// Sixty requests, a second apart; every third fails, takes two seconds and has many items.
async fn shop() -> Server {
    let server = Server::start();
    let documents: Vec<Value> = (0..60)
        .map(|number| {
            let is_bad = number % 3 == 0;
            let mut document = plain(number, f64::from(number % 50));
            document["annotations"] = json!({
                "tenant": if is_bad { "acme" } else { "globex" },
                "items": if is_bad { 20 + number % 5 } else { 1 + number % 5 },
                "request": format!("r-{number}"),
            });
            document["fault"] = json!(is_bad);
            document["http"]["response"]["status"] = json!(if is_bad { 500 } else { 200 });
            document["end_time"] = json!(T + f64::from(number % 50) + if is_bad { 2.0 } else { 0.1 });
            document
        })
        .collect();
    server.put(&documents).await;
    server.settle().await;
    server
}

async fn ask(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn facet<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let facets = answer["facets"].as_array().unwrap();
    facets.iter().find(|facet| facet["field"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
async fn each_value_says_how_many_traces_its_filter_leaves() {
    let server = shop().await;
    let all = ask(&server, &format!("/api/facets?{RANGE}")).await;
    assert_eq!((&all["traces"], &all["fault"], &all["complete"]), (&json!(60), &json!(20), &json!(true)));
    assert_eq!(
        facet(&all, "annotation.tenant")["values"],
        json!([
            { "value": "globex", "filter": "annotation.tenant = \"globex\"", "count": 40 },
            { "value": "acme", "filter": "annotation.tenant = \"acme\"", "count": 20 },
        ])
    );
    assert_eq!(facet(&all, "annotation.request")["isId"], true);
    assert_eq!(
        facet(&all, "status")["values"][0],
        json!({ "value": "200", "filter": "http.status = 200", "count": 40 })
    );
    for name in ["annotation.tenant", "status", "method", "service"] {
        for value in facet(&all, name)["values"].as_array().unwrap() {
            let filter =
                value["filter"].as_str().unwrap().replace(' ', "%20").replace('"', "%22").replace('=', "%3D");
            let narrowed = ask(&server, &format!("/api/facets?{RANGE}&filter={filter}")).await;
            assert_eq!(narrowed["traces"], value["count"], "{filter}");
        }
    }
    let items = &all["measures"][0];
    assert_eq!(
        (&items["key"], &items["values"], &items["least"], &items["most"]),
        (&json!("items"), &json!(60), &json!(1.0), &json!(24.0))
    );
}

#[tokio::test]
async fn values_over_time_add_up_to_what_they_are_in_all() {
    let server = shop().await;
    let answer = ask(&server, &format!("/api/breakdown?{RANGE}&by=annotation.tenant")).await;
    let slices = answer["slices"].as_array().unwrap();
    assert_eq!(
        slices.iter().map(|slice| slice["value"].as_str().unwrap()).collect::<Vec<_>>(),
        ["globex", "acme"]
    );
    for slice in slices {
        for outcome in ["ok", "fault"] {
            let points = slice["points"].as_array().unwrap();
            let sum: u64 = points.iter().map(|point| point[outcome].as_u64().unwrap()).sum();
            assert_eq!(sum, slice[outcome].as_u64().unwrap());
        }
        assert!(
            slice["points"]
                .as_array()
                .unwrap()
                .iter()
                .all(|point| point["column"].as_u64() < answer["columns"].as_u64())
        );
    }
    assert_eq!((&slices[1]["p50"], &slices[1]["points"][0]["p95"]), (&json!(2_000.0), &json!(2_000.0)));
    let bad = server.get(&format!("/api/breakdown?{RANGE}&by=size")).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn numbers_that_part_two_sets_are_ranked_with_a_filter_for_where() {
    let server = shop().await;
    let question = json!({ "from": 1_700_000_040_000.0, "to": 1_700_000_100_000.0, "a": "fault" });
    let answer = server.post("/api/compare", question.to_string()).await.json();
    let items = &answer["measures"][0];
    assert_eq!(
        (&items["key"], &items["delta"], &items["isChance"]),
        (&json!("items"), &json!(1.0), &json!(false))
    );
    assert_eq!(items["split"], json!({ "from": 20.0, "filter": "annotation.items >= 20", "a": 20, "b": 0 }));
}

#[tokio::test]
async fn an_export_holds_every_trace_and_not_one_page() {
    let server = shop().await;
    let get = async |rest: &str| {
        let answer = server.get(&format!("/api/traces/export?{RANGE}{rest}")).await;
        assert_eq!(answer.status, 200);
        answer.text()
    };
    let whole: Value = serde_json::from_str(&get("").await).unwrap();
    let traces = whole["Traces"].as_array().unwrap();
    assert_eq!(traces.len(), 60);
    let document: Value =
        serde_json::from_str(traces[0]["Segments"][0]["Document"].as_str().unwrap()).unwrap();
    assert_eq!(document["name"], "frontend");
    let lines = get("&format=ndjson&filter=fault").await;
    let ids: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["Id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 20);
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 20);
    let rows = get("&format=csv").await;
    assert!(rows.starts_with("id,start,response_time_ms,"));
    assert_eq!(rows.trim_end().split("\r\n").count(), 61);
    assert_eq!(get("&filter=throttle").await, "{\"Traces\":[],\"UnprocessedTraceIds\":[]}\n");
    assert_eq!(server.get(&format!("/api/traces/export?{RANGE}&format=xml")).await.status, 400);
    assert_eq!(server.get(&format!("/api/traces/export?{RANGE}&filter=nonsense%20%3D")).await.status, 400);
}

#[tokio::test]
async fn a_trace_of_a_file_is_shown_and_not_kept() {
    let server = Server::start();
    let mut document = plain(7, 1.0);
    document["subsegments"] = json!([{
        "id": "00000000000000d1", "name": "shop@db", "namespace": "remote", "start_time": T + 1.0, "end_time": T + 1.05,
        "sql": { "sanitized_query": "SELECT\n 1" },
    }]);
    let view = async |documents: Vec<String>| {
        server.post("/api/view", json!({ "documents": documents }).to_string()).await
    };
    let seen = view(vec![document.to_string(), "{}".to_owned()]).await.json();
    let spans = seen["trace"]["spans"].as_array().unwrap();
    assert_eq!(
        spans.iter().map(|span| span["kind"].as_str().unwrap()).collect::<Vec<_>>(),
        ["segment", "subsegment", "inferred"]
    );
    assert_eq!(spans[1]["statement"], "SELECT 1");
    assert_eq!(seen["spans"][1]["document"]["sql"]["sanitized_query"], "SELECT\n 1");
    assert!(seen["refused"][0].as_str().unwrap().starts_with("document 2: "));
    let id = seen["trace"]["summary"]["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/api/traces/{id}")).await.status, 404);
    assert_eq!(view(vec![]).await.status, 400);
    assert_eq!(view(vec![document.to_string(), plain(8, 1.0).to_string()]).await.status, 400);
}
