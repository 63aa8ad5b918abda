//! What one service does, and what all of them raise.

use serde_json::{Value, json};

use crate::support::{Server, T, plain};

const RANGE: &str = "from=1700000040000&to=1700000100000";

/// A request for an order, which version 2 refuses with an exception.
fn request(number: u32, version: &str) -> Value {
    let start = T + f64::from(number);
    let mut document = plain(number, f64::from(number));
    document["service"] = json!({ "version": version });
    document["http"]["request"] = json!({ "method": "GET", "url": format!("http://shop/orders/{number}") });
    document["end_time"] = json!(start + 0.1 * f64::from(number));
    if version == "2" {
        document["fault"] = json!(true);
        let exception = json!({ "id": format!("{number:016x}"), "type": "Timeout", "message": format!("after {number} s") });
        document["cause"] = json!({ "working_directory": "/", "exceptions": [exception] });
    }
    document
}

async fn shop() -> Server {
    let server = Server::start();
    server.put(&[request(1, "1"), request(2, "1"), request(3, "2"), request(4, "2")]).await;
    server.settle().await;
    server
}

#[tokio::test]
async fn a_service_is_told_by_operation_and_version() {
    let server = shop().await;
    let answer =
        server.get(&format!("/api/service?{RANGE}&name=frontend&type=AWS::EC2::Instance")).await.json();
    let operation = &answer["operations"][0];
    assert_eq!(answer["operations"].as_array().unwrap().len(), 1);
    assert_eq!(operation["operation"], "GET /orders/{id}");
    assert_eq!((&operation["stats"]["total"], &operation["stats"]["fault"]), (&json!(4), &json!(2)));
    assert_eq!(
        operation["slowest"], operation["failing"],
        "the last one is the slowest and the newest that failed"
    );
    let versions: Vec<_> = answer["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["version"], &one["counts"]["fault"]))
        .collect();
    assert_eq!(versions, [(&json!("1"), &json!(0)), (&json!("2"), &json!(2))]);
    assert_eq!(
        (&answer["scanned"], &answer["complete"], &answer["others"]),
        (&json!(4), &json!(true), &json!(null))
    );

    let filter = answer["versions"][1]["filter"].as_str().unwrap();
    assert!(filter.ends_with(r#"{ version = "2" }"#), "{filter}");
    let parsed = server.post("/api/filter/parse", json!({ "expression": filter }).to_string()).await;
    assert_eq!(parsed.status, 200, "{}", parsed.text());
}

#[tokio::test]
async fn exceptions_of_all_services_are_listed_with_the_versions_that_raise_them() {
    let server = shop().await;
    let answer = server.get(&format!("/api/exceptions?{RANGE}")).await.json();
    let exceptions = answer["exceptions"].as_array().unwrap();
    assert_eq!(exceptions.len(), 1, "{answer}");
    let exception = &exceptions[0];
    assert_eq!(
        (&exception["node"], &exception["name"], &exception["count"]),
        (&json!("frontend"), &json!("Timeout"), &json!(2))
    );
    assert_eq!(exception["message"], "after 4 s");
    assert_eq!(exception["versions"], json!([{ "version": "2", "count": 2 }]));
}

#[tokio::test]
async fn who_was_not_seen_is_not_found() {
    let server = shop().await;
    assert_eq!(server.get(&format!("/api/service?{RANGE}&name=nobody")).await.status, 404);
    assert_eq!(server.get("/api/service?from=2&to=1&name=frontend").await.status, 400);
    assert_eq!(server.get("/api/exceptions?from=2&to=1").await.status, 400);
}
