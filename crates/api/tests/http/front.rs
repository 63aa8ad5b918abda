//! `POST /` in the three wire forms: what is told apart, and how errors are said in each.

use axum::body::Body;
use axum::http::Request;
use insta::assert_snapshot;

use crate::auth::{ADDRESS, Guarded};
use crate::support::{Answer, Server};

const TARGET: &str = "GraniteServiceVersion20100801";

async fn json(server: &Server, operation: &str, body: &str, mode: bool) -> Answer {
    let mut request = Request::post("/").header("x-amz-target", format!("{TARGET}.{operation}"));
    request = request.header("content-type", "application/x-amz-json-1.0");
    if mode {
        request = request.header("x-amzn-query-mode", "true");
    }
    server.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn form(server: &Server, body: &str) -> Answer {
    let request =
        Request::post("/").header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    server.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn cbor(server: &Server, operation: &str, body: Vec<u8>) -> Answer {
    let request = Request::post(format!("/service/{TARGET}/operation/{operation}"));
    let request = request.header("smithy-protocol", "rpc-v2-cbor").header("content-type", "application/cbor");
    server.send(request.body(Body::from(body)).unwrap()).await
}

fn without_id(text: &str, answer: &Answer) -> String {
    text.replace(answer.headers["x-amzn-requestid"].to_str().unwrap(), "ID")
}

#[tokio::test]
async fn what_is_not_there_is_refused_with_a_sentence_in_each_form() {
    let server = Server::start();
    let answer = json(&server, "PutMetricData", "{}", false).await;
    assert!(!answer.headers.contains_key("x-amzn-query-error"));
    assert_snapshot!(format!("{} {}", answer.status, answer.text()), @r#"404 Not Found {"__type":"UnknownOperationException","message":"PutMetricData: Fluoro computes its metrics from traces and takes none"}"#);
    let answer = json(&server, "PutMetricData", "{}", true).await;
    assert_eq!(answer.headers["x-amzn-query-error"], "InvalidAction;Sender");
    let answer = form(&server, "Action=PutDashboard&Version=2010-08-01").await;
    assert_eq!(answer.headers["content-type"], "text/xml");
    assert_snapshot!(without_id(&answer.text(), &answer), @r#"<ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>PutDashboard: Fluoro has no dashboards</Message></Error><RequestId>ID</RequestId></ErrorResponse>"#);
    let answer = cbor(&server, "PutMetricStream", vec![0xa0]).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["smithy-protocol"]),
        (404, &"rpc-v2-cbor".parse().unwrap())
    );
    assert!(answer.text().contains("Fluoro has no metric streams"), "{}", answer.text());
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused() {
    let server = Server::start();
    assert_snapshot!(json(&server, "DescribeAlarms", "[", false).await.text(), @r#"{"__type":"SerializationException","message":"the body is not JSON: EOF while parsing a list at line 1 column 1"}"#);
    assert_eq!(cbor(&server, "DescribeAlarms", vec![0xff]).await.status, 400);
    let answer = form(&server, "Action=DescribeAlarms").await;
    assert_eq!(answer.status, 404, "without a version or a signature it is nobody's");
}

#[tokio::test]
async fn the_scope_of_a_signature_says_whose_a_form_is() {
    let server = Server::start();
    let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded").header(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=AKID/20261128/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=0",
    );
    let answer = server.send(request.body(Body::from("Action=PutDashboard")).unwrap()).await;
    assert!(answer.text().contains("Fluoro has no dashboards"), "{}", answer.text());
}

#[tokio::test]
async fn the_page_of_the_web_application_is_still_at_the_same_path() {
    let server = Server::start();
    let request = Request::get("/").header("host", ADDRESS).header("accept", "text/html");
    assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status, 200);
}

/// What comes of an operation that is asked for with the token.
async fn ask(guarded: &Guarded, token: Option<&str>, operation: &str) -> (u16, String) {
    let mut request = Request::post("/").header("x-amz-target", format!("{TARGET}.{operation}"));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = guarded.open(request, Body::from("{}")).await;
    (answer.status().as_u16(), answer.headers()["x-amzn-errortype"].to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_policy_decides_by_the_operation_that_is_named() {
    let guarded = Guarded::start();
    let new = guarded.token(::auth::Policy::read_only());
    let token = new.secret.reveal();
    let unknown = (404, "UnknownOperationException".to_owned());
    assert_eq!(ask(&guarded, Some(token), "GetDashboard").await, unknown);
    assert_eq!(ask(&guarded, Some(token), "PutDashboard").await, (403, "AccessDeniedException".to_owned()));
    assert_eq!(
        ask(&guarded, None, "GetDashboard").await,
        (403, "MissingAuthenticationTokenException".to_owned())
    );
    let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let answer = guarded.open(form, Body::from("Action=GetDashboard&Version=2010-08-01")).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (403, &"text/xml".parse().unwrap())
    );
}

#[tokio::test]
async fn the_console_asks_by_a_path_below_its_own() {
    let server = Server::start();
    let answer = server.post("/api/cloudwatch/DescribeAlarms", "{}").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["MetricAlarms"], serde_json::json!([]));
    let refused = server.post("/api/cloudwatch/DeleteAlarms", "{}").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.json()["message"].as_str().is_some_and(|text| !text.is_empty()));
    let unknown = server.post("/api/cloudwatch/PutDashboard", "{}").await;
    assert!(unknown.text().contains("Fluoro has no dashboards"), "{}", unknown.text());
    // A page of another site can send a form and a text without being asked, and nothing else.
    let foreign = axum::http::Request::post("/api/cloudwatch/DeleteAlarms").header("host", "127.0.0.1:2000");
    let foreign = foreign.header("content-type", "text/plain").body(axum::body::Body::from("{}")).unwrap();
    assert_eq!(server.send(foreign).await.status, 415);
}
