//! DynamoDB, S3 and SQS as moto plays them.

mod support;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ReturnConsumedCapacity,
    ScalarAttributeType,
};
use aws_sdk_s3::presigning::PresigningConfig;
use serde_json::{Value, json};
use support::{calls_in_segment, config, in_segment, recording, shared_config};

/// Where `scripts/sdk-tests` has started moto.
fn moto() -> String {
    std::env::var("MOTO_URL").unwrap_or_else(|_| {
        panic!("MOTO_URL is not set: these tests need moto, run them by scripts/sdk-tests")
    })
}

/// The `aws` block without what differs each time.
fn aws(call: &Value) -> Value {
    let mut aws = call["aws"].clone();
    let members = aws.as_object_mut().expect("it has one");
    assert!(members.remove("request_id").is_some_and(|id| id.is_string()), "{call}");
    members.remove("id_2");
    aws
}

#[tokio::test]
async fn dynamodb() {
    let client = aws_sdk_dynamodb::Client::from_conf(config!(aws_sdk_dynamodb, &moto()).build());
    let calls = calls_in_segment(async {
        let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
        let attribute =
            AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
        client
            .create_table()
            .table_name("orders")
            .key_schema(key)
            .attribute_definitions(attribute.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
        let secret = AttributeValue::S("secret".to_owned());
        let put = client.put_item().table_name("orders").item("id", secret.clone());
        put.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        let get = client.get_item().table_name("orders").key("id", secret.clone()).consistent_read(true);
        assert!(get.send().await.unwrap().item.is_some());
        client.get_item().table_name("nowhere").key("id", secret).send().await.unwrap_err();
        client.list_tables().limit(5).send().await.unwrap();
    })
    .await;
    let [_, put, get, missing, list] = &calls[..] else { panic!("five calls: {calls:?}") };
    for call in &calls {
        assert_eq!((&call["name"], &call["namespace"]), (&json!("DynamoDB"), &json!("aws")));
    }
    assert_eq!(put["aws"]["table_name"], "orders");
    assert_eq!(put["aws"]["consumed_capacity"]["TableName"], "orders");
    assert_eq!(
        aws(get),
        json!({"operation": "GetItem", "region": "eu-west-1", "table_name": "orders", "consistent_read": true, "retries": 0})
    );
    assert_eq!(get["http"]["response"]["status"], 200);
    assert!(get["http"]["response"]["content_length"].is_u64());
    assert_eq!(list["aws"]["table_count"], 1);
    assert_eq!(list["aws"]["limit"], 5);
    // What a service refuses is an error of the caller's, and no fault.
    assert_eq!((&missing["error"], &missing["fault"]), (&json!(true), &Value::Null));
    let exception = &missing["cause"]["exceptions"][0];
    assert_eq!(
        (&exception["type"], &exception["remote"]),
        (&json!("ResourceNotFoundException"), &json!(true))
    );
    assert!(exception["message"].as_str().unwrap().contains("not found"), "{exception}");
    assert!(!format!("{calls:?}").contains("secret"));
}

#[tokio::test]
async fn sqs() {
    let client = aws_sdk_sqs::Client::from_conf(config!(aws_sdk_sqs, &moto()).build());
    let calls = calls_in_segment(async {
        let queue = client.create_queue().queue_name("parcels").send().await.unwrap().queue_url.unwrap();
        client.send_message().queue_url(&queue).message_body("secret").send().await.unwrap();
        let received = client.receive_message().queue_url(&queue).send().await.unwrap();
        assert_eq!(received.messages().len(), 1);
        client.send_message().queue_url(format!("{queue}-gone")).message_body("x").send().await.unwrap_err();
    })
    .await;
    let [create, send, receive, gone] = &calls[..] else { panic!("four calls: {calls:?}") };
    assert_eq!(create["name"], "SQS");
    assert_eq!(create["aws"]["queue_name"], "parcels");
    let url = send["aws"]["queue_url"].as_str().unwrap();
    assert!(url.ends_with("/parcels"), "{url}");
    assert!(send["aws"]["message_id"].is_string());
    assert_eq!(
        (&receive["aws"]["message_count"], &receive["aws"]["operation"]),
        (&json!(1), &json!("ReceiveMessage"))
    );
    assert_eq!(gone["error"], true);
    assert!(gone["cause"]["exceptions"][0]["type"].as_str().unwrap().contains("Queue"), "{gone}");
    assert!(!format!("{calls:?}").contains("secret"));
}

#[tokio::test]
async fn s3() {
    let client = aws_sdk_s3::Client::from_conf(config!(aws_sdk_s3, &moto()).force_path_style(true).build());
    let calls = calls_in_segment(async {
        client
            .create_bucket()
            .bucket("shop")
            .create_bucket_configuration(
                aws_sdk_s3::types::CreateBucketConfiguration::builder()
                    .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
                    .build(),
            )
            .send()
            .await
            .unwrap();
        let body = aws_sdk_s3::primitives::ByteStream::from_static(b"secret");
        client.put_object().bucket("shop").key("a/b c.txt").body(body).send().await.unwrap();
        let object = client.get_object().bucket("shop").key("a/b c.txt").send().await.unwrap();
        assert_eq!(object.body.collect().await.unwrap().to_vec(), b"secret");
        client.list_objects_v2().bucket("shop").prefix("a/").send().await.unwrap();
        client.get_object().bucket("shop").key("none").send().await.unwrap_err();
        client.head_object().bucket("shop").key("none").send().await.unwrap_err();
    })
    .await;
    let [_, put, get, list, missing, head] = &calls[..] else { panic!("six calls: {calls:?}") };
    assert_eq!(put["name"], "S3");
    assert_eq!(
        aws(get),
        json!({"operation": "GetObject", "region": "eu-west-1", "bucket_name": "shop", "key": "a/b c.txt", "retries": 0})
    );
    assert_eq!(list["aws"]["prefix"], "a/");
    assert_eq!((&missing["error"], &missing["fault"]), (&json!(true), &Value::Null));
    assert_eq!(missing["cause"]["exceptions"][0]["type"], "NoSuchKey");
    // There is no body that could tell a code.
    assert_eq!(head["cause"]["exceptions"][0]["type"], "HTTP 404");
    assert!(!format!("{calls:?}").contains("secret"));
}

#[tokio::test]
async fn a_presigned_url_is_byte_equal_with_and_without_us_and_no_call() {
    let traced = config!(aws_sdk_s3, &moto()).force_path_style(true).build();
    let plain = aws_sdk_s3::config::Builder::from(&shared_config(&moto())).force_path_style(true).build();
    let start = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_790_000_000);
    let lifetime =
        PresigningConfig::builder().start_time(start).expires_in(std::time::Duration::from_secs(60));
    let lifetime = lifetime.build().unwrap();
    let presign = async |config: aws_sdk_s3::Config| {
        let request = aws_sdk_s3::Client::from_conf(config).get_object().bucket("shop").key("k");
        let request = request.presigned(lifetime.clone()).await.unwrap();
        let headers: Vec<_> = request.headers().map(|(name, _)| name.to_owned()).collect();
        (request.uri().to_owned(), headers)
    };
    let recording = recording();
    let calls = in_segment(&recording, async {
        assert_eq!(presign(traced).await, presign(plain).await);
    })
    .await;
    assert!(calls.is_empty(), "{calls:?}");
    assert_eq!(recording.recorder.stats().dropped.after_end, 0);
}

/// Polls so often, and drops what is not done by then.
async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|task| match left.checked_sub(1) {
        None => Poll::Ready(None),
        Some(less) => {
            left = less;
            future.as_mut().poll(task).map(Some)
        }
    })
    .await
}

#[tokio::test]
async fn a_call_can_be_dropped_after_any_poll() {
    let client = aws_sdk_sqs::Client::from_conf(config!(aws_sdk_sqs, &moto()).build());
    for times in 0.. {
        let recording = recording();
        let mut answer = None;
        let calls = in_segment(&recording, async {
            answer = polled(times, client.list_queues().send()).await;
        })
        .await;
        assert_eq!(calls.len(), usize::from(times > 0), "after {times} polls: {calls:?}");
        assert_eq!(recording.recorder.stats().open_segments, 0);
        if let Some(answer) = answer {
            answer.unwrap();
            assert!(calls[0]["fault"].is_null());
            assert!(times > 1, "it waited for something");
            break;
        }
        if times > 0 {
            assert_eq!(calls[0]["cause"]["exceptions"][0]["type"], "Cancelled", "after {times} polls");
        }
    }
}
