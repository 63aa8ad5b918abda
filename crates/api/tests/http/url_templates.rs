//! Rules for URLs: kept as a whole, tried, and what they make of traces that come after them.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Server, T};

const PATH: &str = "/api/url-templates";

fn rule(service: &str, path: &str) -> Value {
    json!({ "service": service, "path": path })
}

async fn put(server: &Server, body: &Value) -> Answer {
    let request =
        Request::put(PATH).header("host", "127.0.0.1:2000").header("content-type", "application/json");
    server.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// That a list is refused, and what is said.
async fn refused(server: &Server, body: Value) -> String {
    let answer = put(server, &body).await;
    format!("{} {}", answer.status.as_u16(), answer.json()["detail"].as_str().unwrap())
}

#[tokio::test]
async fn rules_are_replaced_as_a_whole() {
    let server = Server::start();
    assert_eq!(server.get(PATH).await.json(), json!({ "rules": [], "revision": 0, "limit": 200 }));
    let rules = json!([rule("shop", "/b/{x}"), rule("*", "/a/*")]);
    let answer = put(&server, &json!({ "rules": rules, "revision": 0 })).await;
    let expected = json!({ "rules": rules, "revision": 1, "limit": 200 });
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected.clone()));
    assert_eq!(server.get(PATH).await.json(), expected);
    assert_eq!(put(&server, &json!({ "rules": [] })).await.json()["revision"], 2);
}

#[tokio::test]
async fn what_is_wrong_with_rules_is_named_and_nothing_is_changed() {
    let server = Server::start();
    put(&server, &json!({ "rules": [rule("*", "/a")] })).await;
    let second = |service: &str, path: &str| json!({ "rules": [rule("*", "/b"), rule(service, path)] });
    assert_eq!(
        refused(&server, second("*", "/orders/{order}x")).await,
        "400 rule 2, path, character 9: a name in braces is a whole part, such as /orders/{order}; the braces themselves are %7B and %7D"
    );
    assert_eq!(
        refused(&server, second("", "/a")).await,
        "400 rule 2, service: name a service, or write * for all of them"
    );
    let many = vec![rule("*", "/a"); 201];
    assert_eq!(refused(&server, json!({ "rules": many })).await, "400 there may be 200 rules at most");
    assert_eq!(
        refused(&server, json!({ "rules": [], "revision": 7 })).await,
        "409 the rules are of revision 1 now, and not 7: read them again"
    );
    assert!(
        refused(&server, json!({ "rules": [{ "path": "/a" }] })).await.contains("missing field `service`")
    );
    assert!(refused(&server, json!({ "rules": [], "rule": 1 })).await.contains("unknown field `rule`"));
    assert!(refused(&server, json!({})).await.contains("missing field `rules`"));
    assert_eq!(server.get(PATH).await.json()["revision"], 1);
}

#[tokio::test]
async fn a_url_is_tried_against_rules_that_are_there_or_not_saved_yet() {
    let server = Server::start();
    put(&server, &json!({ "rules": [rule("bank", "/*"), rule("*", "/v2/users/{user}/*")] })).await;
    let check = async |asked: Value, expected: Value| {
        let answer = server.post("/api/url-templates/try", asked.to_string()).await;
        assert_eq!(answer.json(), expected);
    };
    let url = "https://shop.example/v2/users/4711/orders/8?x";
    let by_looks = "/v2/users/{id}/orders/{id}";
    check(
        json!({ "service": "shop", "url": url }),
        json!({ "rule": 1, "template": "/v2/users/{user}/*", "byLooks": by_looks }),
    )
    .await;
    check(
        json!({ "service": "bank", "url": url }),
        json!({ "rule": 0, "template": "/*", "byLooks": by_looks }),
    )
    .await;
    check(
        json!({ "service": "bank", "url": url, "rules": [rule("*", "/v2")] }),
        json!({ "rule": null, "template": by_looks, "byLooks": by_looks }),
    )
    .await;
    let draft = json!({ "service": "a", "url": "/a", "rules": [rule("*", "a")] });
    let answer = server.post("/api/url-templates/try", draft.to_string()).await;
    assert_eq!(answer.json()["detail"], "rule 1, path, character 1: a path begins with a slash");
}

fn request(number: u32, path: &str) -> Value {
    json!({
        "trace_id": format!("1-65535628-{number:024x}"), "id": format!("{number:016x}"), "name": "shop",
        "start_time": T + 0.1, "end_time": T + 0.2,
        "http": { "request": { "method": "GET", "url": format!("http://shop{path}") }, "response": { "status": 200 } },
    })
}

#[tokio::test]
async fn traces_that_come_after_a_rule_are_shown_by_it_and_those_before_as_they_were() {
    let server = Server::start();
    server.put(&[request(1, "/users/2024"), request(2, "/carts/lamp/lines")]).await;
    put(&server, &json!({ "rules": [rule("shop", "/users/2024"), rule("s*", "/carts/{cart}/*")] })).await;
    server
        .put(&[request(3, "/users/2024/"), request(4, "/carts/lamp/lines?a=b"), request(5, "/users/7")])
        .await;
    let range = format!("from={}&to={}", T * 1e3, (T + 10.0) * 1e3);
    let page = server.get(&format!("/api/traces?{range}&by=url")).await.json();
    let mut slices: Vec<(String, i64)> = page["slices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slice| (slice["value"].as_str().unwrap().to_owned(), slice["count"].as_i64().unwrap()))
        .collect();
    slices.sort();
    let expected = [
        ("GET /carts/lamp/lines", 1),
        ("GET /carts/{cart}/*", 1),
        ("GET /users/2024", 1),
        ("GET /users/{id}", 2),
    ];
    assert_eq!(slices, expected.map(|(name, count)| (name.to_owned(), count)));
}
