//! Requests and answers as AWS's SDK writes and reads them.

use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::json;

use super::*;

fn request(uri: &str, headers: &[(&'static str, &'static str)], body: &str) -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_uri(uri.to_owned()).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, *value);
    }
    request
}

fn told(found: Found) -> Value {
    found.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
}

#[track_caller]
fn check_json(service: &str, operation: &str, body: &str, expected: &Value) {
    let request =
        request("https://x.amazonaws.com/", &[("content-type", "application/x-amz-json-1.0")], body);
    assert_eq!(told(of_request(service, operation, &request, None)), *expected);
}

#[test]
fn only_what_the_list_names_is_told() {
    check_json(
        "DynamoDB",
        "GetItem",
        r#"{"TableName":"orders","Key":{"id":{"S":"secret"}},"ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL"}"#,
        &json!({"table_name": "orders", "consistent_read": true}),
    );
    check_json(
        "DynamoDB",
        "BatchGetItem",
        r#"{"RequestItems":{"orders":{"Keys":["secret"]},"users":{}}}"#,
        &json!({"table_names": ["orders", "users"]}),
    );
    check_json(
        "SQS",
        "SendMessageBatch",
        r#"{"Entries":[{"Id":"1","MessageBody":"secret"},{}],"QueueUrl":"https://q"}"#,
        &json!({"message_count": 2, "queue_url": "https://q"}),
    );
    check_json(
        "SQS",
        "SendMessage",
        r#"{"QueueUrl":"https://q","MessageBody":"secret","DelaySeconds":null,"MessageAttributes":{"tenant":{"StringValue":"secret"}}}"#,
        &json!({"queue_url": "https://q", "message_attribute_names": ["tenant"]}),
    );
    check_json("DynamoDB", "ExecuteStatement", r#"{"Statement":"secret","TableName":"t"}"#, &json!({}));
    check_json("Kinesis", "PutRecord", r#"{"StreamName":"s"}"#, &json!({}));
}

#[test]
fn bodies_of_any_bytes_end_what_is_read() {
    for body in ["", "no JSON", "[]", "{", "{\"TableName\"", "null", "{\"Key\":tru"] {
        check_json("DynamoDB", "GetItem", body, &json!({}));
    }
    check_json("DynamoDB", "GetItem", "{\"TableName\":\"t\",\"Key\":", &json!({"table_name": "t"}));
    check_json("DynamoDB", "BatchGetItem", r#"{"RequestItems":7}"#, &json!({}));
    let long = format!(r#"{{"Limit":1,"Key":"{}","TableName":"t"}}"#, "x".repeat(MAX_BODY_BYTES));
    check_json("DynamoDB", "Query", &long, &json!({"limit": 1}));
}

#[test]
fn forms_are_read() {
    let publish = request(
        "https://sns.eu-west-1.amazonaws.com/",
        &[("content-type", "application/x-www-form-urlencoded")],
        "Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A1%3Aa+b&Message=secret",
    );
    assert_eq!(
        told(of_request("SNS", "Publish", &publish, None)),
        json!({"topic_arn": "arn:aws:sns:eu-west-1:1:a b"})
    );
}

#[track_caller]
fn check_s3(uri: &str, endpoint: &str, expected: &Value) {
    assert_eq!(told(of_request("S3", "GetObject", &request(uri, &[], ""), Some(endpoint))), *expected);
}

#[test]
fn buckets_are_in_the_host_or_in_the_path() {
    let both = json!({"bucket_name": "shop", "key": "a/ü b"});
    let path = "a/%C3%BC%20b?x-id=GetObject";
    check_s3(
        &format!("https://shop.s3.eu-west-1.amazonaws.com/{path}"),
        "https://shop.s3.eu-west-1.amazonaws.com",
        &both,
    );
    check_s3(&format!("http://127.0.0.1:5000/shop/{path}"), "http://127.0.0.1:5000/shop", &both);
    check_s3(&format!("http://shop.localhost:5000/{path}"), "http://shop.localhost:5000", &both);
    check_s3(
        "https://a.b.s3.amazonaws.com/k?versionId=v1",
        "https://a.b.s3.amazonaws.com",
        &json!({"bucket_name": "a.b", "key": "k", "version_id": "v1"}),
    );
    check_s3(
        "https://s3.eu-west-1.amazonaws.com/shop/?list-type=2&prefix=a%2F",
        "https://s3.eu-west-1.amazonaws.com/shop",
        &json!({"bucket_name": "shop", "prefix": "a/"}),
    );
    check_s3("https://s3.eu-west-1.amazonaws.com/", "https://s3.eu-west-1.amazonaws.com", &json!({}));
    check_s3("http://127.0.0.1:5000/", "http://127.0.0.1:5000", &json!({}));
    let bad = json!({"bucket_name": "shop", "key": "100%"});
    check_s3("https://shop.s3.amazonaws.com/100%", "https://shop.s3.amazonaws.com", &bad);
}

#[test]
fn functions_and_endpoints_are_in_the_path() {
    let invoke = request(
        "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn%3Aaws%3Af/invocations?Qualifier=live",
        &[("x-amz-invocation-type", "Event"), ("x-amz-client-context", "secret")],
        "secret",
    );
    assert_eq!(
        told(of_request("Lambda", "Invoke", &invoke, None)),
        json!({"function_name": "arn:aws:f", "invocation_type": "Event", "qualifier": "live"})
    );
    let endpoint =
        request("https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/m1/invocations", &[], "");
    assert_eq!(
        told(of_request("SageMaker Runtime", "InvokeEndpoint", &endpoint, None)),
        json!({"endpoint_name": "m1"})
    );
    let mut answer = HttpResponse::new(StatusCode::try_from(202).unwrap(), SdkBody::empty());
    answer.headers_mut().insert("x-amz-function-error", "Unhandled");
    assert_eq!(
        told(of_response("Lambda", "Invoke", &answer)),
        json!({"status_code": 202, "function_error": "Unhandled"})
    );
}

#[test]
fn answers_tell_what_the_list_names() {
    let body = r#"{"Item":{"secret":{}},"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}}"#;
    let answer = HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::from(body));
    assert_eq!(
        told(of_response("DynamoDB", "GetItem", &answer)),
        json!({"consumed_capacity": {"TableName": "t", "CapacityUnits": 0.5}})
    );
    let answer = HttpResponse::new(
        StatusCode::try_from(200).unwrap(),
        SdkBody::from(r#"{"Messages":[{"Body":"secret"},{"Body":"secret"}]}"#),
    );
    assert_eq!(told(of_response("SQS", "ReceiveMessage", &answer)), json!({"message_count": 2}));
}
