//! The mapping as tables: attributes in, what X-Ray's words make of them out. Numbers of complaints are those of the threads
//! that are named beside them.

#![expect(clippy::needless_pass_by_value, reason = "a table gives its values away")]

mod shape;

use model::segment::{DocumentKind, Namespace};
use model::{Entity, SegmentDocument};
use serde_json::{Value, json};

use crate::decode_json;

pub(super) const PARENT: &str = "00f067aa0ba902b7";

/// A span with attributes, of a service with attributes.
pub(super) fn document(span: Value, resource: Value) -> SegmentDocument {
    let mut whole = json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "GET /x",
        "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": "1700000001000000001",
    });
    for (key, value) in span.as_object().expect("members") {
        whole[key] = if key == "attributes" { attributes(value) } else { value.clone() };
    }
    let request = json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(&resource) }, "scopeSpans": [{ "spans": [whole] }]
    }] });
    let mut taken = decode_json(request.to_string().as_bytes()).expect("a request");
    assert!(taken.rejects.is_silent(), "{}", taken.rejects);
    taken.documents.pop().expect("a document")
}

fn attributes(members: &Value) -> Value {
    let members = members.as_object().expect("attributes");
    members.iter().map(|(key, value)| json!({ "key": key, "value": any(value) })).collect()
}

fn any(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "stringValue": text }),
        Value::Bool(value) => json!({ "boolValue": value }),
        Value::Number(number) if number.is_i64() => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::Array(values) => {
            json!({ "arrayValue": { "values": values.iter().map(any).collect::<Vec<_>>() } })
        }
        _ => json!({}),
    }
}

/// The entity of a span, or of the call inside of the segment that was made for it.
fn work(kind: i32, span: Value) -> Entity {
    let span = json!({ "kind": kind, "attributes": span, "parentSpanId": PARENT });
    document(span, json!({ "service.name": "shop" })).entity
}

/// As X-Ray's JSON.
fn shown(span: Value, resource: Value) -> Value {
    let document = document(span, resource);
    Value::Object(crate::xray::object(&document.raw, false).expect("a kept document"))
}

fn client(attributes: Value) -> Entity {
    work(3, attributes)
}

#[test]
fn callees_have_one_name_by_old_and_new_conventions() {
    let check = |attributes: Value, expected: &str| {
        let entity = client(attributes.clone());
        assert_eq!(entity.name, expected, "{attributes}");
        assert!(entity.namespace.is_some(), "{attributes}");
    };
    check(json!({ "aws.remote.service": "billing", "peer.service": "other" }), "billing");
    check(json!({ "aws.remote.service": "AWS::DynamoDB", "rpc.system": "aws-api" }), "DynamoDB");
    check(json!({ "aws.remote.service": "AWS.SDK.S3", "rpc.system": "aws-api" }), "S3");
    check(json!({ "aws.remote.service": "AWS::x", "rpc.system": "grpc" }), "AWS::x");
    check(json!({ "peer.service": "billing", "server.address": "b" }), "billing");
    check(json!({ "service.peer.name": "billing" }), "billing");
    check(json!({ "aws.service": "Kinesis" }), "Kinesis");
    check(json!({ "rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": "GetObject" }), "S3");
    check(json!({ "rpc.system": "grpc", "rpc.service": "shop.Cart", "server.address": "c" }), "shop.Cart");
    check(json!({ "rpc.system.name": "grpc", "rpc.method": "shop.Cart/Add" }), "shop.Cart");
    // One node a database, and none for each of its operations (XSAM/otelsql#97).
    check(json!({ "db.system": "mysql", "db.name": "orders", "net.peer.name": "db.in" }), "orders@db.in");
    check(
        json!({ "db.system.name": "mysql", "db.namespace": "orders", "server.address": "db.in" }),
        "orders@db.in",
    );
    check(json!({ "db.system.name": "redis", "server.address": "cache" }), "redis@cache");
    check(json!({ "db.system": "sqlite" }), "sqlite");
    // CC#33225
    check(
        json!({ "db.system": "mysql", "db.name": "o", "db.connection_string": "jdbc:mysql://db.in:3306" }),
        "o@db.in",
    );
    // CC#16178
    check(json!({ "db.system": "h2", "db.name": "offers?database=1" }), "offersdatabase=1");
    check(json!({ "messaging.system": "kafka", "messaging.destination.name": "orders" }), "orders");
    check(json!({ "messaging.system": "rabbitmq", "server.address": "mq" }), "rabbitmq");
    check(json!({ "gen_ai.provider.name": "openai", "server.address": "api.openai.com" }), "openai");
    check(json!({ "http.host": "b:81" }), "b:81");
    check(json!({ "server.address": "b", "server.port": 81 }), "b");
    check(json!({ "url.full": "https://user:pw@b.example:8443/x?y" }), "b.example:8443");
    check(json!({ "net.peer.name": "b" }), "b");
    check(json!({ "network.peer.address": "10.0.0.1" }), "10.0.0.1");
    check(json!({}), "GET /x");
}

#[test]
fn segments_are_called_as_their_service() {
    let check = |span: Value, resource: Value, expected: &str| {
        assert_eq!(document(span.clone(), resource).entity.name, expected, "{span}");
    };
    let shop = || json!({ "service.name": "shop" });
    for kind in 0..=5 {
        check(json!({ "kind": kind }), shop(), "shop");
    }
    check(json!({ "kind": 2, "attributes": { "peer.service": "x", "rpc.service": "y" } }), shop(), "shop");
    check(json!({ "kind": 2, "attributes": { "aws.local.service": "cart" } }), shop(), "cart");
    check(json!({ "kind": 2 }), json!({ "service.name": "unknown_service:java" }), "unknown_service:java");
    check(json!({ "kind": 2, "attributes": { "server.address": "host" } }), json!({}), "host");
    check(json!({ "kind": 2 }), json!({}), "GET /x");
    // CC#16327: a comma, and nothing else, is not X-Ray's.
    check(json!({ "kind": 2 }), json!({ "service.name": "Shop, Inc. \u{3042}" }), "Shop Inc. \u{3042}");
    check(json!({ "kind": 2 }), json!({ "service.name": "?" }), "span");
    check(json!({ "kind": 2 }), json!({ "service.name": "s".repeat(300) }), &"s".repeat(200));
}

#[test]
fn work_inside_of_a_service_keeps_its_name() {
    let entity = work(1, json!({ "peer.service": "x" }));
    assert_eq!((entity.name.as_str(), entity.namespace), ("GET /x", None));
}

#[test]
fn calls_of_aws() {
    let check = |kind: i32, attributes: Value, expected: Namespace| {
        assert_eq!(work(kind, attributes.clone()).namespace, Some(expected), "{attributes}");
    };
    check(3, json!({ "rpc.system": "aws-api" }), Namespace::Aws);
    check(1, json!({ "rpc.system.name": "aws-api" }), Namespace::Aws);
    check(3, json!({ "aws.service": "S3" }), Namespace::Aws);
    check(3, json!({ "aws.service": "S3", "peer.service": "x" }), Namespace::Remote);
    check(4, json!({ "messaging.system": "aws_sqs" }), Namespace::Aws);
    // CC#40995
    check(4, json!({ "messaging.system": "kafka" }), Namespace::Remote);

    let aws = client(json!({
        // CC#6109
        "rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem", "aws.request_id": "r",
        "aws.dynamodb.table_names": ["orders"], "cloud.region": "eu-west-1",
    }))
    .aws
    .expect("aws");
    assert_eq!(aws.operation.as_deref(), Some("GetItem"));
    assert_eq!(aws.table_name.as_deref(), Some("orders"));
    assert_eq!((aws.request_id.as_deref(), aws.region.as_deref()), (Some("r"), Some("eu-west-1")));

    let queue = work(4, json!({ "messaging.system": "aws_sqs", "messaging.destination.name": "q" }));
    let aws = queue.aws.expect("aws");
    assert_eq!((queue.name.as_str(), aws.queue_url.as_deref()), ("SQS", Some("q")));
    assert_eq!(aws.operation.as_deref(), Some("SendMessage"));

    let member = |attributes: Value, get: fn(&model::segment::Aws) -> &Option<String>, expected: &str| {
        let entity = client(attributes.clone());
        let found = entity.aws.as_deref().and_then(|aws| get(aws).as_deref());
        assert_eq!(found, Some(expected), "{attributes}");
    };
    member(json!({ "aws.s3.bucket": "b" }), |aws| &aws.bucket_name, "b");
    member(json!({ "aws.sns.topic.arn": "t" }), |aws| &aws.topic_arn, "t");
    member(json!({ "aws.queue.url": "u" }), |aws| &aws.queue_url, "u");
    member(json!({ "aws.table.name": "t" }), |aws| &aws.table_name, "t");
    member(
        json!({ "aws.lambda.invoked_arn": "arn:aws:lambda:eu-west-1:1:function:f" }),
        |aws| &aws.function_name,
        "f",
    );
    member(json!({ "faas.invocation_id": "i" }), |aws| &aws.request_id, "i");
}

#[test]
fn requests_by_old_and_new_conventions() {
    let url = |kind: i32, attributes: Value, expected: Option<&str>| {
        let entity = work(kind, attributes.clone());
        assert_eq!(entity.http.and_then(|http| http.url).as_deref(), expected, "{attributes}");
    };
    url(3, json!({ "url.full": "http://b/x?y", "http.url": "old" }), Some("http://b/x?y"));
    url(3, json!({ "http.url": "http://b/x" }), Some("http://b/x"));
    // CC#35375
    url(3, json!({ "http.method": "GET", "net.peer.name": "b", "http.target": "/x" }), Some("http://b/x"));
    url(
        3,
        json!({ "http.request.method": "GET", "server.address": "b", "server.port": 443, "url.scheme": "https" }),
        Some("https://b/"),
    );
    // CC#38242
    url(
        2,
        json!({ "url.scheme": "https", "server.address": "a", "server.port": 8443, "url.path": "/p", "url.query": "q=1" }),
        Some("https://a:8443/p?q=1"),
    );
    url(
        2,
        json!({ "http.scheme": "http", "http.host": "a:81", "http.target": "/p?q", "net.host.port": 81 }),
        Some("http://a:81/p?q"),
    );
    url(2, json!({ "http.method": "GET", "net.host.name": "a", "net.host.port": 80 }), Some("http://a/"));
    url(2, json!({ "url.path": "/p", "url.query": "q" }), Some("/p?q"));
    url(
        2,
        json!({ "http.method": "GET", "server.address": "::1", "server.port": 81 }),
        Some("http://[::1]:81/"),
    );
    url(2, json!({ "server.address": "a" }), None);

    let http = |kind: i32, attributes: Value| work(kind, attributes).http.expect("http");
    assert_eq!(
        http(2, json!({ "http.request.method": "_OTHER", "http.request.method_original": "PURGE" }))
            .method
            .as_deref(),
        Some("PURGE")
    );
    let status = |attributes: Value| http(2, attributes).status;
    assert_eq!(status(json!({ "http.response.status_code": 404 })), Some(404));
    assert_eq!(status(json!({ "http.status_code": "503" })), Some(503));
    let ip = |kind: i32, attributes: Value| http(kind, attributes).client_ip;
    let method = "http.request.method";
    assert_eq!(ip(2, json!({ method: "GET", "client.address": "1.2.3.4" })).as_deref(), Some("1.2.3.4"));
    assert_eq!(
        ip(2, json!({ method: "GET", "client.address": "host", "network.peer.address": "::2" })).as_deref(),
        Some("::2")
    );
    assert_eq!(ip(3, json!({ method: "GET", "network.peer.address": "9.9.9.9" })), None);
    assert_eq!(http(2, json!({ "user_agent.original": "u" })).user_agent.as_deref(), Some("u"));
}

#[test]
fn flags_follow_http_then_status_then_rpc() {
    let check = |status: i32, attributes: Value, expected: &str| {
        let span = json!({
            "kind": 2, "attributes": attributes, "status": { "code": status, "message": "m" },
        });
        let flags = document(span, json!({})).entity.flags;
        let words = [(flags.error, "error"), (flags.throttle, "throttle"), (flags.fault, "fault")];
        let found: Vec<&str> = words.iter().filter(|(is_set, _)| *is_set).map(|(_, word)| *word).collect();
        assert_eq!(found.join(" "), expected, "{status} {attributes}");
    };
    let old = |code: i32| json!({ "http.status_code": code });
    let new = |code: i32| json!({ "http.response.status_code": code });
    // CC#24381, aws-otel-collector#2586
    check(0, old(404), "error");
    check(0, new(404), "error");
    check(0, new(429), "error throttle");
    check(0, new(503), "fault");
    check(2, new(404), "error");
    check(1, new(500), "fault");
    check(2, new(200), "fault");
    // CC#1739: a message without an error is none.
    check(0, old(200), "");
    check(0, json!({}), "");
    check(1, json!({}), "");
    check(2, json!({}), "fault");
    for code in [1, 3, 5, 6, 7, 9, 11, 16] {
        check(2, json!({ "rpc.grpc.status_code": code }), "error");
    }
    check(2, json!({ "rpc.grpc.status_code": 8 }), "error throttle");
    check(2, json!({ "rpc.grpc.status_code": 13 }), "fault");
    check(2, json!({ "rpc.response.status_code": "NOT_FOUND" }), "error");
    check(2, json!({ "error.type": "ThrottlingException" }), "error throttle");
}

#[test]
fn exceptions_come_from_events() {
    let event = |attributes: Value| json!({ "name": "exception", "attributes": super::tests::attributes(&attributes) });
    // CC#7781: without an error it is shown and flags nothing. CC#45356: of Node.
    let span = json!({ "kind": 2, "events": [event(json!({
        "exception.type": "TypeError", "exception.message": "bad", "exception.stacktrace": "TypeError: bad\n    at f (/a.js:1:2)",
    }))] });
    let resource = || json!({ "telemetry.sdk.language": "nodejs" });
    let found = document(span.clone(), resource()).entity;
    assert!(!found.flags.any());
    let cause = found.cause.expect("a cause");
    assert_eq!(cause.exceptions[0].name.as_deref(), Some("TypeError"));
    let shown = shown(span.clone(), resource());
    assert_eq!(
        shown["cause"]["exceptions"][0]["stack"],
        json!([{ "path": "/a.js", "line": 1, "label": "f" }])
    );
    assert_eq!(
        document(span.clone(), resource()).entity,
        document(span, resource()).entity,
        "ids are the same each time"
    );

    let exceptions = |span: Value| {
        let cause = document(span, json!({})).entity.cause.unwrap_or_default();
        cause
            .exceptions
            .into_iter()
            .map(|one| (one.name, one.message, one.cause.is_some()))
            .collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        exceptions(json!({ "kind": 2, "events": [event(json!({
            "exception.type": "A", "exception.stacktrace": "A: a\n\tat x.Y.z(Y.java:1)\nCaused by: B: b\n\tat x.Y.z(Y.java:2)",
        }))] })),
        [(text("A"), text("a"), true), (text("B"), text("b"), false)]
    );
    assert_eq!(
        exceptions(json!({ "kind": 2, "attributes": { "exception.type": "A", "exception.message": "a" } })),
        [(text("A"), text("a"), false)]
    );
    assert_eq!(
        exceptions(
            json!({ "kind": 2, "status": { "code": 2, "message": "gone" }, "attributes": { "error.type": "500" } })
        ),
        [(None, text("gone"), false)]
    );
    assert_eq!(exceptions(json!({ "kind": 2, "status": { "code": 2 } })), []);
    assert_eq!(
        exceptions(json!({ "kind": 2, "events": [{
            "name": "HTTP request failure", "timeUnixNano": "1700000000500000000",
            "attributes": super::tests::attributes(&json!({ "http.response.status_code": 503, "aws.http.error_message": "slow" })),
        }] })),
        [(text("aws.http.error.event"), text("503@1700000000.500000@slow"), false)]
    );
}

#[test]
fn queries_by_old_and_new_conventions() {
    // CC#40781, CC#16178
    let new = json!({ "kind": 3, "parentSpanId": PARENT, "name": "SELECT orders", "attributes": {
        "db.system.name": "postgresql", "db.namespace": "shop", "server.address": "db", "server.port": 5432,
        "db.query.text": "SELECT ?",
    } });
    assert_eq!(
        shown(new, json!({}))["sql"],
        json!({
            // CC#13864: the operation, not the connection.
            "url": "SELECT orders", "connection_string": "db:5432/shop", "database_type": "postgresql",
            "sanitized_query": "SELECT ?",
        })
    );
    let old = json!({ "kind": 3, "parentSpanId": PARENT, "attributes": {
        "db.system": "mysql", "db.name": "shop", "db.user": "u", "db.statement": "SELECT 1",
    } });
    assert_eq!(
        shown(old, json!({}))["sql"],
        json!({
            "url": "GET /x", "connection_string": "localhost/shop", "database_type": "mysql", "user": "u",
            "sanitized_query": "SELECT 1",
        })
    );
    assert!(client(json!({ "db.system": "redis" })).sql.is_none());
    assert!(client(json!({ "db.system": "cockroachdb" })).sql.is_some());
}

#[test]
fn every_attribute_with_one_value_is_searchable() {
    let resource = json!({ "service.name": "s", "deployment.environment": "prod", "process.pid": 7 });
    let span = json!({ "kind": 2, "attributes": {
        "text": "t", "int": 7, "double": 0.5, "bool": true, "list": ["a"], "long": "x".repeat(1_001),
        "a-b": 1,
    } });
    let keys: Vec<String> =
        document(span.clone(), resource.clone()).entity.annotations.into_iter().map(|it| it.key).collect();
    assert_eq!(keys, ["text", "int", "double", "bool", "a-b", "otel.resource.deployment.environment"]);
    let shown = shown(span, resource);
    assert_eq!(shown["annotations"]["a_b"], 1);
    assert_eq!(shown["metadata"]["default"]["list"], json!(["a"]));
    assert_eq!(shown["metadata"]["default"]["otel.resource.process.pid"], 7);
    assert_eq!(shown["metadata"]["otel"], json!({ "name": "GET /x", "kind": "SERVER" }));
}

#[test]
fn the_rest() {
    let of = |span: Value| document(span, json!({}));
    // CC#44001
    assert_eq!(of(json!({ "kind": 2, "attributes": { "aws.xray.inprogress": true } })).entity.end, None);
    assert_eq!(of(json!({ "kind": 2, "endTimeUnixNano": "0" })).entity.end, None);
    assert_eq!(of(json!({ "attributes": { "enduser.id": "u" } })).entity.user.as_deref(), Some("u"));
    // CC#37724, CC#20350: links stay, and one that names no trace harms none.
    let links = json!([
        { "traceId": "00000000000000000000000000000000", "spanId": PARENT },
        { "traceId": "0000000000000000a5b6c7d8e9f00112", "spanId": PARENT },
    ]);
    let span = json!({ "kind": 5, "links": links });
    assert_eq!(of(span.clone()).entity.links.len(), 1);
    assert_eq!(shown(span, json!({}))["links"][0]["trace_id"], "1-00000000-00000000a5b6c7d8e9f00112");
    // langwatch#5937
    assert_eq!(of(json!({ "parentSpanId": PARENT })).kind, DocumentKind::Subsegment);
    let entity = of(json!({ "startTimeUnixNano": "1700000000123456789" })).entity;
    assert_eq!(entity.start.0, 1_700_000_000_123_456);
}
