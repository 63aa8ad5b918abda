//! Many traces as one tree, and where the time of their clients went, end to end.

use serde_json::{Value, json};

use crate::support::{Server, T};

const FROM: f64 = 1_700_000_040_000.0;
const TO: f64 = 1_700_000_100_000.0;

/// `shop` asks `stock` for 100 ms and then `bank`, which takes long and fails where the visit is a bad one.
fn visit(number: u32, is_bad: bool) -> Value {
    let begin = T + f64::from(number % 50);
    let bank_seconds = if is_bad { 0.8 } else { 0.3 };
    let call = |id: u32, name: &str, from: f64, to: f64| {
        json!({
            "id": format!("{:016x}", u64::from(number) * 10 + u64::from(id)), "name": name,
            "namespace": "remote", "start_time": begin + from, "end_time": begin + to,
            "fault": is_bad && name == "bank",
        })
    };
    json!({
        "trace_id": format!("1-6553f128-{number:024x}"), "id": format!("{:016x}", u64::from(number) * 10 + 9),
        "name": "shop", "start_time": begin, "end_time": begin + 0.2 + bank_seconds, "fault": is_bad,
        "http": { "request": { "method": "GET", "url": format!("http://shop/orders/{number}") } },
        "subsegments": [call(1, "stock", 0.05, 0.15), call(2, "bank", 0.2, 0.2 + bank_seconds)],
    })
}

async fn shop() -> Server {
    let server = Server::start();
    let visits: Vec<Value> = (0..90).map(|number| visit(number, number % 3 == 0)).collect();
    server.put(&visits).await;
    server.settle().await;
    server
}

async fn ask(server: &Server, path: &str, mut question: Value) -> Value {
    question["from"] = json!(FROM);
    question["to"] = json!(TO);
    let answer = server.post(path, question.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn named<'a>(list: &'a Value, member: &str, name: &str) -> &'a Value {
    let list = list.as_array().unwrap();
    list.iter().find(|one| one[member] == name).unwrap_or_else(|| panic!("no {name} in {list:?}"))
}

#[tokio::test]
async fn a_set_is_one_tree_that_says_where_errors_and_time_arise() {
    let server = shop().await;
    let tree = ask(&server, "/api/tree", json!({ "a": "fault" })).await;
    assert_eq!((&tree["a"], &tree["b"]), (&json!({ "filter": "fault", "traces": 30 }), &Value::Null));
    let nodes = tree["nodes"].as_array().unwrap();
    let names: Vec<_> = nodes.iter().map(|node| (node["name"].as_str().unwrap(), &node["parent"])).collect();
    assert_eq!(names, [("shop", &Value::Null), ("bank", &json!(0)), ("stock", &json!(0))]);
    assert_eq!(nodes[0]["operation"], "GET /orders/{id}");
    let bank = &nodes[1]["a"];
    let figures = ["traces", "failedTraces", "fault", "arose"].map(|name| bank[name].as_u64().unwrap());
    assert_eq!(figures, [30, 30, 30, 30]);
    assert!((bank["total"].as_f64().unwrap() - 24_000.0).abs() < 1.0, "{bank}");
    assert_eq!((&nodes[0]["a"]["arose"], &nodes[0]["a"]["fault"]), (&json!(0), &json!(30)));
    assert_eq!((&tree["complete"], &tree["untold"]), (&json!(true), &json!(0)));
}

#[tokio::test]
async fn two_sets_are_one_tree_with_what_differs_by_more_than_chance() {
    let server = shop().await;
    let tree = ask(&server, "/api/tree", json!({ "a": "fault", "rest": true })).await;
    assert_eq!((&tree["b"]["filter"], &tree["b"]["traces"]), (&json!("!fault"), &json!(60)));
    let bank = named(&tree["nodes"], "name", "bank");
    assert_eq!((&bank["a"]["fault"], &bank["b"]["fault"]), (&json!(30), &json!(0)));
    assert!(bank["byChance"]["own"].as_f64().unwrap() < 0.001, "{bank}");
    assert!(bank["byChance"]["failed"].as_f64().unwrap() < 0.001, "{bank}");
    let stock = named(&tree["nodes"], "name", "stock");
    assert_eq!(stock["byChance"], json!({ "requests": 1.0, "failed": 1.0, "own": 1.0 }));
    let again = ask(&server, "/api/tree", json!({ "a": "fault", "b": "!fault" })).await;
    assert_eq!(again["nodes"], tree["nodes"]);
}

#[tokio::test]
async fn clients_wait_for_edges_of_the_map_and_shares_are_one() {
    let server = shop().await;
    let paths = ask(&server, "/api/critical-path", json!({})).await;
    assert_eq!((&paths["traces"], &paths["complete"]), (&json!(90), &json!(true)));
    for band in ["p50", "p99"] {
        let edges = paths["edges"].as_array().unwrap().iter();
        let share = |edge: &Value| edge[band]["work"].as_f64().unwrap() + edge[band]["way"].as_f64().unwrap();
        let sum: f64 = edges.map(share).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{band}: {sum}");
    }
    let client = named(&paths["edges"], "source", "shop~client");
    assert_eq!(client["p50"]["through"], 1.0);
    let bank = named(&paths["edges"], "targetName", "bank");
    assert!((bank["p50"]["through"].as_f64().unwrap() - 0.6).abs() < 0.01, "{bank}");
    assert!((bank["p99"]["through"].as_f64().unwrap() - 0.8).abs() < 0.01, "{bank}");
    let graph = server.get(&format!("/api/graph?from={FROM}&to={TO}")).await.json();
    let on_map = |edge: &Value| graph["edges"].as_array().unwrap().iter().any(|one| one["id"] == edge["id"]);
    assert!(graph["edges"].as_array().unwrap().is_empty() || on_map(bank));
}

#[tokio::test]
async fn what_if_a_call_were_faster_is_answered_by_entry() {
    let server = shop().await;
    let paths = ask(&server, "/api/critical-path", json!({})).await;
    let bank = &named(&paths["edges"], "targetName", "bank");
    let entry = async |by: f64, caller: Option<&Value>| {
        let faster = json!({ "node": bank["target"], "caller": caller, "by": by });
        let paths = ask(&server, "/api/critical-path", json!({ "faster": faster })).await;
        paths["entries"][0].clone()
    };
    let now = entry(0.0, None).await;
    assert_eq!(now["operation"], "GET /orders/{id}");
    assert_eq!((&now["p50"], &now["p99"]), (&now["wouldP50"], &now["wouldP99"]));
    let then = entry(100.0, Some(&bank["source"])).await;
    let saved = [("p50", "wouldP50"), ("p99", "wouldP99")]
        .map(|(is, would)| (then[is].as_f64().unwrap() - then[would].as_f64().unwrap()).round());
    assert_eq!(saved, [100.0, 100.0]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_its_place() {
    let server = Server::start();
    let refused = async |path: &str, question: Value, what: &str| {
        let mut whole = json!({ "from": FROM, "to": TO });
        whole.as_object_mut().unwrap().extend(question.as_object().unwrap().clone());
        let answer = server.post(path, whole.to_string()).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(what), "{}", answer.text());
    };
    refused("/api/tree", json!({ "a": "fault AND" }), "position").await;
    refused("/api/tree", json!({ "within": 1e9 }), "within must be from 1 to 20000").await;
    refused("/api/critical-path", json!({ "filter": "(" }), "position").await;
    let by = json!({ "faster": { "node": "shop", "by": -1 } });
    refused("/api/critical-path", by, "faster.by must be from 0").await;
    let node = json!({ "faster": { "node": "a~b~c~d", "by": 1 } });
    refused("/api/critical-path", node, "is no id of a node").await;
}
