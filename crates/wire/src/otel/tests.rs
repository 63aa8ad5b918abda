//! Segments as spans, by one that has everything.

use serde_json::json;

use super::*;
use crate::render::tests::{stored, trace};

fn check(document: &Value, expected: &Value) {
    let documents = [stored(document.to_string().as_bytes())];
    let spans = spans(&trace(&documents), &documents);
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].id, documents[0].document.entity.id);
    assert_eq!(&spans[0].document, expected);
}

#[test]
fn calls_are_client_spans_of_the_segments_resource() {
    let part = |id: &str, more: Value| {
        let mut part = json!({ "id": id, "name": "part", "start_time": 1, "end_time": 2 });
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    };
    let sql = part(
        "00000000000000a4",
        json!({ "namespace": "remote", "sql": {
        "database_type": "PostgreSQL", "sanitized_query": "SELECT 1", "url": "jdbc:postgresql://db/shop",
    } }),
    );
    let local = part("00000000000000a3", json!({ "subsegments": [sql] }));
    let table = part(
        "00000000000000a2",
        json!({ "name": "DynamoDB", "namespace": "aws", "aws": {
        "operation": "GetItem", "table_name": "orders", "region": "eu-west-1", "request_id": "r1",
    } }),
    );
    let segment = part(
        "00000000000000a1",
        json!({
            "trace_id": "1-581cf771-a006649127e371903a2de979", "name": "shop", "subsegments": [table, local],
        }),
    );
    let documents = [stored(segment.to_string().as_bytes())];
    let found = spans(&trace(&documents), &documents);
    let found: Vec<Value> = found
        .into_iter()
        .map(|span| {
            json!([
                span.id.to_string(),
                span.document["parentSpanId"],
                span.document["kind"],
                span.document["attributes"],
            ])
        })
        .collect();
    assert!(
        spans(&trace(&documents), &documents)
            .iter()
            .all(|span| span.document["resource"]["attributes"]["service.name"] == "shop")
    );
    assert_eq!(
        Value::from(found),
        json!([
            ["00000000000000a1", null, "SERVER", {}],
            ["00000000000000a2", "00000000000000a1", "CLIENT", {
                "rpc.method": "GetItem", "cloud.region": "eu-west-1", "aws.request_id": "r1", "rpc.system": "aws-api",
                "rpc.service": "DynamoDB", "aws.dynamodb.table_names": ["orders"],
            }],
            ["00000000000000a3", "00000000000000a1", "INTERNAL", {}],
            ["00000000000000a4", "00000000000000a3", "CLIENT", {
                "db.query.text": "SELECT 1", "db.system.name": "postgresql", "peer.service": "part",
                "db.connection_string": "jdbc:postgresql://db/shop",
            }],
        ])
    );
}

#[test]
fn a_segment_is_a_server_span() {
    let document = json!({
        "trace_id": "1-581cf771-a006649127e371903a2de979", "id": "70de5b6f19ff9a0a", "name": "shop",
        "parent_id": "70de5b6f19ff9a0b", "start_time": 1_700_000_000.5, "end_time": 1_700_000_001.25, "fault": true,
        "origin": "AWS::EKS::Container", "user": "ada", "service": { "version": "1.2" },
        "aws": { "account_id": "111122223333", "eks": { "cluster_name": "prod", "pod": "shop-1" } },
        "http": {
            "request": { "method": "GET", "url": "http://shop/", "client_ip": "10.0.0.9" },
            "response": { "status": 500 },
        },
        "annotations": { "tenant": "acme", "vip": true },
        "metadata": { "default": { "http.route": "/", "deep": { "a": [1] } }, "own": { "n": 5, "none": null } },
        "links": [{
            "trace_id": "1-581cf771-000000000000000000000001", "id": "00000000000000a1", "attributes": { "k": "v" }
        }],
        "cause": { "exceptions": [{
            "id": "00000000000000e1", "type": "Oops", "message": "no stock",
            "stack": [{ "path": "shop.py", "line": 7, "label": "buy" }, { "label": "main" }],
        }] },
    });
    check(
        &document,
        &json!({
            "resource": { "attributes": {
                "service.name": "shop", "service.version": "1.2", "cloud.provider": "aws", "cloud.platform": "aws_eks",
                "aws.xray.origin": "AWS::EKS::Container", "cloud.account.id": "111122223333",
                "k8s.cluster.name": "prod", "k8s.pod.name": "shop-1",
            } },
            "scope": { "name": "", "version": "" },
            "traceId": "581cf771a006649127e371903a2de979", "spanId": "70de5b6f19ff9a0a", "parentSpanId": "70de5b6f19ff9a0b",
            "flags": 1, "name": "shop", "kind": "SERVER",
            "startTimeUnixNano": 1_700_000_000_500_000_000_i64, "endTimeUnixNano": 1_700_000_001_250_000_000_i64,
            "durationNano": 750_000_000,
            "attributes": {
                "enduser.id": "ada", "http.request.method": "GET", "url.full": "http://shop/",
                "client.address": "10.0.0.9", "http.response.status_code": 500, "http.route": "/",
                "deep": "{\"a\":[1]}", "own.n": 5, "tenant": "acme", "vip": true,
                "aws.xray.annotations": ["tenant", "vip"],
            },
            "events": [{
                "name": "exception", "timeUnixNano": 1_700_000_001_250_000_000_i64,
                "attributes": {
                    "exception.type": "Oops", "exception.message": "no stock",
                    "exception.stacktrace": "Oops: no stock\n\tat buy(shop.py:7)\n\tat main()",
                },
            }],
            "links": [{
                "traceId": "581cf771000000000000000000000001", "spanId": "00000000000000a1", "attributes": { "k": "v" }
            }],
            "status": { "code": "ERROR", "message": "no stock" },
        }),
    );
}

#[test]
fn work_in_progress_has_no_end() {
    let document = json!({
        "trace_id": "1-581cf771-a006649127e371903a2de979", "id": "70de5b6f19ff9a0a", "name": "shop",
        "start_time": 1_700_000_000, "in_progress": true,
    });
    check(
        &document,
        &json!({
            "resource": { "attributes": { "service.name": "shop" } },
            "scope": { "name": "", "version": "" },
            "traceId": "581cf771a006649127e371903a2de979", "spanId": "70de5b6f19ff9a0a", "parentSpanId": null,
            "flags": 1, "name": "shop", "kind": "SERVER",
            "startTimeUnixNano": 1_700_000_000_000_000_000_i64, "endTimeUnixNano": null, "durationNano": null,
            "attributes": { "aws.xray.inprogress": true },
            "events": [], "links": [], "status": { "code": "UNSET" },
        }),
    );
}
