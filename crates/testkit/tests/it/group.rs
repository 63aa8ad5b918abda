//! A group over a restart: it is there, its traces stay in it, and nothing counts twice.

use serde_json::{Value, json};
use testkit::{Sandbox, segment, trace_id};

/// Name and count of each service in the group's graph, clients aside.
async fn counted(sandbox: &Sandbox) -> Vec<(String, i64)> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock after 1970")
        .as_secs_f64();
    let range = json!({ "StartTime": now - 600.0, "EndTime": now + 60.0, "GroupName": "failing" });
    let graph = sandbox.post("/ServiceGraph", &range).await.json();
    let services =
        graph["Services"].as_array().expect("a list").iter().filter(|service| service["Type"] != "client");
    services
        .map(|service| {
            let count = service["SummaryStatistics"]["TotalCount"].as_i64().expect("a count");
            (service["Name"].as_str().expect("a name").to_owned(), count)
        })
        .collect()
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

#[tokio::test]
async fn a_trace_stays_in_its_group_and_is_counted_once() {
    let sandbox = Sandbox::start().await;
    let group = json!({ "GroupName": "failing", "FilterExpression": "fault" });
    assert_eq!(sandbox.post("/CreateGroup", &group).await.status, 200);
    let trace = trace_id(1);
    let failed = with(segment("front", &trace, 1), "fault", json!(true));
    sandbox.put(&[failed, segment("front", &trace_id(2), 2)]).await;
    sandbox.kept(2).await;
    assert_eq!(counted(&sandbox).await, [("front".to_owned(), 1)]);

    let sandbox = sandbox.restart().await;
    let late = with(segment("back", &trace, 3), "parent_id", json!(format!("{:016x}", 1)));
    sandbox.put(&[late]).await;
    sandbox.kept(3).await;
    assert_eq!(counted(&sandbox).await, [("back".to_owned(), 1), ("front".to_owned(), 1)]);
}
