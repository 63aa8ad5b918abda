//! BatchGetTraces and GetTraceGraph's neighbours: whole traces by id.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, TRACE, worked_example};

#[tokio::test]
async fn a_trace_comes_back_with_its_late_subsegment_and_its_inferred_segment() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let output = server.call("/Traces", json!({ "TraceIds": [TRACE] })).await;
    let trace = &output["Traces"][0];
    assert_eq!(trace["Id"], TRACE);
    assert_eq!((&trace["Duration"], &trace["LimitExceeded"]), (&json!(1.4), &json!(false)));
    assert_eq!((&output["UnprocessedTraceIds"], &output["NextToken"]), (&json!([]), &Value::Null));
    let documents: Vec<Value> = trace["Segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|segment| serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap())
        .collect();
    let names: Vec<&str> = documents.iter().map(|document| document["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["frontend", "backend", "DynamoDB"]);
    assert_eq!(documents[0]["subsegments"][1]["name"], "audit");
    assert_eq!(documents[2]["inferred"], true);
    assert_eq!(documents[2]["origin"], "AWS::DynamoDB::Table");
    assert_eq!(documents[1]["cause"]["exceptions"][0]["stack"][0]["line"], 88);
}

#[tokio::test]
async fn ids_that_are_not_known_are_left_out() {
    let server = Server::start();
    let unknown = server.call("/Traces", json!({ "TraceIds": [TRACE] })).await;
    assert_eq!(unknown, json!({ "Traces": [], "UnprocessedTraceIds": [], "NextToken": null }));
    let none = server.call("/Traces", json!({ "TraceIds": [] })).await;
    assert_eq!(none, unknown);
}

#[tokio::test]
async fn a_trace_of_orphans_has_no_segments_and_no_duration() {
    let server = Server::start();
    server.put(&worked_example()[2..]).await;
    let output = server.call("/Traces", json!({ "TraceIds": [TRACE] })).await;
    let expected = json!([{ "Id": TRACE, "Duration": null, "LimitExceeded": false, "Segments": [] }]);
    assert_eq!(output["Traces"], expected);
}

#[tokio::test]
async fn bad_ids_are_refused_in_xrays_words() {
    let server = Server::start();
    let check = async |ids: Value| server.refuse("/Traces", &json!({ "TraceIds": ids }).to_string()).await;
    assert_snapshot!(check(json!(["nonsense"])).await, @r#"400 InvalidRequestException {"Message":"Invalid trace id nonsense: incorrect id format"}"#);
    assert_snapshot!(check(json!([TRACE, TRACE])).await, @r#"400 InvalidRequestException {"Message":"Containing duplicate trace ids"}"#);
    assert_snapshot!(check(json!([TRACE, "1", "2", "3", "4", "5"])).await, @r#"400 InvalidRequestException {"Message":"Exceeding maximum query size: 5"}"#);
    assert_snapshot!(check(json!([7])).await, @r#"400 SerializationException {"Message":"NUMBER_VALUE can not be converted to a String"}"#);
    assert_snapshot!(check(json!(TRACE)).await, @r#"400 SerializationException {"Message":"Expected list or null"}"#);
    assert_snapshot!(check(Value::Null).await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'traceIds' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(server.refuse("/Traces", "").await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'traceIds' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(server.refuse("/Traces", "[]").await, @r#"400 SerializationException {"Message":"Unexpected value type in payload"}"#);
    assert_snapshot!(server.refuse("/Traces", "{\"TraceIds\"").await, @r#"400 SerializationException {"Message":"the body is not JSON: EOF while parsing an object at line 1 column 11"}"#);
}
