//! What is broken now: the same before and after a restart.

use serde_json::{Value, json};
use testkit::Sandbox;

const FAILING: u64 = 8;

/// A request to `pay` that fails for a user of its own.
fn failing(number: u64, now: f64) -> Value {
    json!({
        "trace_id": testkit::trace_id(number), "id": format!("{:016x}", number + 1), "name": "pay",
        "start_time": now - 0.2, "end_time": now - 0.1, "fault": true, "user": format!("user {number}"),
        "http": { "request": { "method": "POST", "url": "http://shop.example/pay/4711" }, "response": { "status": 500 } },
        "cause": { "working_directory": "/", "exceptions": [{ "id": "00000000000000e1", "type": "Bug", "message": "no" }] },
    })
}

/// The first entry, without what changes with the time at which somebody asks.
async fn first_entry(sandbox: &Sandbox, now: f64) -> Value {
    let path = format!("/api/now?from={}&to={}", (now - 600.0) * 1e3, (now + 60.0) * 1e3);
    let mut entry = sandbox
        .eventually("all failures in one entry", async || {
            let entry = sandbox.get(&path).await.json()["entries"][0].clone();
            (entry["failing"] == FAILING).then_some(entry)
        })
        .await;
    entry["sentence"].take();
    entry["episode"]["sparks"].take();
    entry
}

#[tokio::test]
async fn a_restart_changes_nothing_of_what_is_broken() {
    let sandbox = Sandbox::start().await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |now| now.as_secs_f64());
    let documents: Vec<Value> = (1..=FAILING).map(|number| failing(number, now)).collect();
    sandbox.put(&documents).await;
    sandbox.kept(FAILING).await;
    let before = first_entry(&sandbox, now).await;
    assert_eq!(before["node"], "pay");
    assert_eq!((&before["what"], &before["weight"]), (&json!("failing"), &json!("outage")));
    assert_eq!((&before["users"], &before["until"]), (&json!(FAILING), &Value::Null));
    assert_eq!(before["operation"], "POST /pay/{id}");
    assert_eq!(before["exception"]["name"], "Bug");
    let sandbox = sandbox.restart().await;
    assert_eq!(first_entry(&sandbox, now).await, before);
}
