//! Links from spans to their log lines, by rules and by what plugins recorded.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Server, T};

const PATH: &str = "/api/log-links";

fn rule(service: &str, title: &str, url: &str) -> Value {
    json!({ "service": service, "title": title, "url": url })
}

async fn put(server: &Server, body: &Value) -> Answer {
    let request =
        Request::put(PATH).header("host", "127.0.0.1:2000").header("content-type", "application/json");
    server.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn a_span_has_the_links_of_its_service_and_those_of_its_log_groups() {
    let server = Server::start();
    let answer = put(
        &server,
        &json!({ "revision": 0, "rules": [
        rule("shop", "Loki", "https://loki.example/?q={trace_id}&from={start}&to={end}"),
        rule("other", "Never", "https://never.example/"),
        rule("*", "Lines", "https://logs.example/{log_group}/{span_id}"),
    ] }),
    )
    .await;
    assert_eq!((answer.status.as_u16(), &answer.json()["revision"]), (200, &json!(1)));
    server
        .put(&[json!({
            "trace_id": "1-6553f128-000000000000000000000007", "id": "000000000000000a", "name": "shop",
            "start_time": T, "end_time": T + 1.0,
            "aws": {
                "ecs": { "container_arn": "arn:aws:ecs:us-east-2:1:container/x" },
                "cloudwatch_logs": [
                    { "log_group": "/ecs/shop", "arn": "arn:aws:logs:eu-west-1:1:log-group:/ecs/shop" },
                    { "log_group": "a\" onclick=\"x" },
                    { "log_group": "" },
                ],
            },
            "subsegments": [{ "id": "000000000000000b", "name": "inner", "start_time": T + 0.1, "end_time": T + 0.2 }],
        })])
        .await;
    let path = "/api/traces/1-6553f128-000000000000000000000007/spans/000000000000000b";
    let links = server.get(path).await.json()["logs"].clone();
    let links: Vec<(String, String)> = links
        .as_array()
        .unwrap()
        .iter()
        .map(|link| (link["title"].as_str().unwrap().to_owned(), link["url"].as_str().unwrap().to_owned()))
        .collect();
    let titles: Vec<&str> = links.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Loki",
            "Lines (/ecs/shop)",
            "Lines (a\" onclick=\"x)",
            "CloudWatch Logs (/ecs/shop)",
            "CloudWatch Logs (a\" onclick=\"x)",
        ]
    );
    assert_eq!(
        links[0].1,
        "https://loki.example/?q=1-6553f128-000000000000000000000007&from=1699999980100&to=1700000100200"
    );
    assert_eq!(links[1].1, "https://logs.example/%2Fecs%2Fshop/000000000000000b");
    assert!(
        links[3]
            .1
            .starts_with("https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:")
    );
    assert!(links[4].1.starts_with("https://us-east-2.console.aws.amazon.com/"), "{}", links[4].1);
    assert!(links.iter().all(|(_, url)| !url.contains(['"', '<', ' '])));
}

#[tokio::test]
async fn what_is_wrong_with_links_is_named_and_nothing_is_changed() {
    let server = Server::start();
    let refused = async |body: Value| {
        let answer = put(&server, &body).await;
        format!("{} {}", answer.status.as_u16(), answer.json()["detail"].as_str().unwrap())
    };
    assert_eq!(
        refused(json!({ "rules": [rule("*", "a", "javascript:alert(1)")] })).await,
        "400 rule 1, url, character 1: it must begin with https:// or http://"
    );
    assert!(refused(json!({ "rules": [{ "title": "a" }] })).await.contains("missing field"));
    assert_eq!(
        refused(json!({ "rules": [], "revision": 4 })).await,
        "409 the links are of revision 0 now, and not 4: read them again"
    );
    assert_eq!(
        server.get(PATH).await.json(),
        json!({ "rules": [], "fixed": [], "revision": 0, "limit": 100 })
    );
}

#[tokio::test]
async fn views_are_saved_under_a_name_found_again_and_deleted() {
    let server = Server::start();
    let view = json!({ "name": "late orders", "page": "/traces", "query": "filter=duration%20%3E%201" });
    let saved = server.post("/api/views", view.to_string()).await;
    assert_eq!(saved.status.as_u16(), 200, "{}", saved.text());
    let again = server.post("/api/views", view.to_string()).await;
    assert_eq!(again.json()["detail"], "name: there is a view late orders already");
    let replaced = json!({ "name": "late orders", "page": "/analytics", "query": "a=b", "replaces": true });
    assert_eq!(server.post("/api/views", replaced.to_string()).await.status.as_u16(), 200);
    let listed = server.get("/api/views").await.json();
    assert_eq!(
        listed,
        json!([{ "name": "late orders", "page": "/analytics", "query": "a=b", "saved": (T + 2.0) * 1e3 }])
    );
    let elsewhere = json!({ "name": "x", "page": "//evil.example", "query": "" });
    assert_eq!(server.post("/api/views", elsewhere.to_string()).await.status.as_u16(), 400);
    let delete = async || {
        let request = Request::delete("/api/views/late%20orders").header("host", "127.0.0.1:2000");
        server.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!((delete().await, delete().await), (200, 404));
    assert_eq!(server.get("/api/views").await.json(), json!([]));
}
