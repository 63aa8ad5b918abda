//! Rules for URLs over a restart: they are there, and what comes then is shown by them.

use serde_json::{Value, json};
use testkit::{Sandbox, segment, trace_id};

fn asked(url: &str, number: u64) -> Value {
    let mut document = segment("shop", &trace_id(number), number);
    document["http"] = json!({ "request": { "method": "GET", "url": url } });
    document
}

/// Each template of a URL that a trace began with.
async fn templates(sandbox: &Sandbox) -> Vec<String> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock after 1970")
        .as_millis() as f64;
    let path = format!("/api/traces?from={}&to={}&by=url", now - 600e3, now + 60e3);
    let page = sandbox.get(&path).await.json();
    let slices = page["slices"].as_array().expect("a list").iter();
    let mut values: Vec<String> =
        slices.map(|slice| slice["value"].as_str().expect("a URL").to_owned()).collect();
    values.sort();
    values
}

#[tokio::test]
async fn rules_for_urls_are_there_after_a_restart() {
    let sandbox = Sandbox::start().await;
    let rules = json!({ "rules": [{ "service": "shop", "path": "/users/{user}/*" }] });
    assert_eq!(sandbox.replace("/api/url-templates", &rules).await.status, 200);
    sandbox.put(&[asked("/users/ann/cart", 1)]).await;
    sandbox.kept(1).await;
    let sandbox = sandbox.restart().await;
    sandbox.put(&[asked("/users/bob/orders", 2), asked("/users/bob", 3)]).await;
    sandbox.kept(3).await;
    assert_eq!(templates(&sandbox).await, ["GET /users/bob", "GET /users/{user}/*"]);
}
