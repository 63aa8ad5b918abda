//! What other sites' pages cannot do, and what every answer tells browsers.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::support::{Server, plain};

#[tokio::test]
async fn a_page_of_another_site_cannot_plant_segments() {
    let server = Server::start();
    let body = json!({ "TraceSegmentDocuments": [plain(1, 0.0).to_string()] }).to_string();
    let request = Request::post("/TraceSegments")
        .header("host", "127.0.0.1:2000")
        .header("origin", "https://evil.example")
        .header("content-type", "text/plain");
    let answer = server.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(server.get("/api/status").await.json()["hasData"], false);
}

#[tokio::test]
async fn the_consoles_posts_need_a_content_type_that_forms_do_not_have() {
    let server = Server::start();
    let request = Request::post("/api/test-trace").header("host", "127.0.0.1:2000");
    let answer =
        server.send(request.header("content-type", "text/plain").body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn every_answer_carries_the_policy_and_an_id() {
    let server = Server::start();
    for path in ["/", "/api/status", "/api/nothing", "/metrics", "/assets/nothing.js"] {
        let answer = server.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-amzn-requestid").len(), 36);
    }
}
