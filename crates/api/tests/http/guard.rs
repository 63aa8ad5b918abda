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

/// CO#13402, CO#7681, opentelemetry-js#2336: what a browser's exporter needs, of allowed origins and nobody else.
#[tokio::test]
async fn pages_of_allowed_origins_may_send_spans_and_nothing_else() {
    let server = Server::start();
    let ask = async |method: &str, path: &str, origin: &str, kind: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("host", "127.0.0.1:2000").header("origin", origin);
        let request = request.header("access-control-request-headers", "content-type,traceparent");
        server.send(request.header("content-type", kind).body(Body::from(body)).unwrap()).await
    };
    const APP: &str = "https://app.example.com";
    let preflight = ask("OPTIONS", "/v1/traces", APP, "", "").await;
    assert_eq!(preflight.status, 204);
    for (name, value) in [
        ("access-control-allow-origin", APP),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type,traceparent"),
        ("vary", "origin"),
    ] {
        assert_eq!(preflight.headers[name], value, "{name}");
    }
    // The answer to the POST itself, and to one that is refused.
    for (body, status) in [("{}", 200), ("{", 400)] {
        let answer = ask("POST", "/v1/traces", APP, "application/json", body).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers["access-control-allow-origin"], APP);
    }
    // opentelemetry-js#2321: a beacon without headers is text.
    let beacon = ask("POST", "/v1/traces", APP, "text/plain", "{}").await;
    assert_eq!(beacon.status, 415);
    assert!(beacon.text().contains("application/json"), "{}", beacon.text());
    for (method, path, origin) in [
        ("POST", "/v1/traces", "https://evil.example"),
        ("OPTIONS", "/v1/traces", "https://evil.example"),
        ("POST", "/TraceSegments", APP),
        ("OPTIONS", "/TraceSegments", APP),
    ] {
        let answer = ask(method, path, origin, "application/json", "{}").await;
        assert!(!answer.status.is_success(), "{method} {path} {origin}: {}", answer.status);
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{method} {path} {origin}");
    }
}
