//! What no service does when it is asked to: throttling, silence, and connections that are refused.

mod support;

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use fluoro_sdk::aws::Calls;
use serde_json::{Value, json};
use support::{Server, calls_in_segment, config, in_segment, recording};

const THROTTLED: (u16, &str) = (
    400,
    r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slower"}"#,
);

fn quick() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1))
}

async fn get(client: &Client) -> bool {
    client.get_item().table_name("orders").key("id", AttributeValue::N("1".to_owned())).send().await.is_ok()
}

#[tokio::test]
async fn attempts_are_one_call_and_the_last_one_counts() {
    let server = Server::start([THROTTLED, (500, "{}"), (200, "{}"), THROTTLED, THROTTLED, THROTTLED]);
    let client = Client::from_conf(config!(aws_sdk_dynamodb, &server.url).retry_config(quick()).build());
    let calls = calls_in_segment(async {
        assert!(get(&client).await);
        assert!(!get(&client).await);
    })
    .await;
    let [passed, throttled] = &calls[..] else { panic!("two calls: {calls:?}") };
    assert_eq!(
        (&passed["aws"]["retries"], &passed["error"], &passed["fault"]),
        (&json!(2), &Value::Null, &Value::Null)
    );
    assert_eq!(throttled["aws"]["retries"], 2);
    let flags = ["error", "throttle", "fault"].map(|flag| throttled[flag].clone());
    assert_eq!(flags, [json!(true), json!(true), Value::Null]);
    assert_eq!(throttled["cause"]["exceptions"][0]["type"], "ProvisionedThroughputExceededException");
    assert_eq!(throttled["cause"]["exceptions"][0]["message"], "slower");
}

#[tokio::test]
async fn the_header_names_the_call_and_what_is_not_recorded_says_so() {
    let server = Server::start([(500, "{}"), (200, "{}"), (200, "{}"), (200, "{}")]);
    let client = Client::from_conf(config!(aws_sdk_dynamodb, &server.url).retry_config(quick()).build());
    let recording = recording();
    let calls = in_segment(&recording, async { assert!(get(&client).await) }).await;
    recording.recorder.segment("shop").sampled(false).scope(async { assert!(get(&client).await) }).await;
    assert!(get(&client).await, "outside of any segment");
    let root = recording.documents()[0]["trace_id"].as_str().unwrap().to_owned();
    let recorded = format!("Root={root};Parent={};Sampled=1", calls[0]["id"].as_str().unwrap());
    let headers = server.trace_headers();
    assert_eq!(headers[..2], [Some(recorded.clone()), Some(recorded)], "each attempt");
    let unsampled = headers[2].as_deref().unwrap();
    assert!(unsampled.starts_with("Root=1-") && unsampled.ends_with(";Sampled=0"), "{unsampled}");
    assert_eq!(headers[3], None);
    assert_eq!(recording.documents().len(), 1);
    assert_eq!(recording.recorder.stats().context_missing, 0);
}

#[tokio::test]
async fn two_interceptors_record_one_call_and_inputs_can_be_looked_at() {
    let server = Server::start([(200, "{}")]);
    let extract = Calls::new().extract(|input: &GetItemInput, entity| {
        entity.aws("keys", &input.key().map(|key| key.keys().cloned().collect::<Vec<_>>()));
    });
    let config = config!(aws_sdk_dynamodb, &server.url, extract).interceptor(Calls::new()).build();
    let client = Client::from_conf(config);
    let calls = calls_in_segment(async { assert!(get(&client).await) }).await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0]["aws"]["keys"], json!(["id"]));
}

#[tokio::test]
async fn a_refused_connection_is_a_fault_with_its_reason() {
    let url = Server::start([]).url.clone();
    let client = Client::from_conf(config!(aws_sdk_dynamodb, &url).retry_config(quick()).build());
    let calls = calls_in_segment(async { assert!(!get(&client).await) }).await;
    assert_eq!(calls[0]["fault"], true);
    let exception = &calls[0]["cause"]["exceptions"][0];
    assert_eq!(exception["type"], "DispatchFailure");
    assert!(exception["message"].as_str().unwrap().contains("onnection refused"), "{exception}");
    assert_eq!(calls[0]["aws"]["table_name"], "orders");
    assert_eq!(calls[0]["aws"]["retries"], 2);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_and_one_that_waits_too_long_timed_out() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let client = Client::from_conf(config!(aws_sdk_dynamodb, &url).timeout_config(timeouts).build());
    let calls = calls_in_segment(async {
        {
            let mut call = pin!(get(&client));
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(!get(&client).await);
    })
    .await;
    let kinds: Vec<_> =
        calls.iter().map(|call| call["cause"]["exceptions"][0]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "Cancelled");
    // Older versions of AWS's SDK drop a call whose time is over without another word.
    assert!(["TimeoutError", "Cancelled"].contains(&kinds[1]), "{kinds:?}");
    assert!(calls.iter().all(|call| call["fault"] == true));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_fault() {
    let server = Server::start([(200, "no JSON")]);
    let client = Client::from_conf(config!(aws_sdk_dynamodb, &server.url).retry_config(quick()).build());
    let calls = calls_in_segment(async { assert!(!get(&client).await) }).await;
    assert_eq!(calls[0]["fault"], true);
    assert_eq!(calls[0]["cause"]["exceptions"][0]["type"], "ResponseError");
}
