//! Calls of AWS's SDK in its present version, whose connections are played. `scripts/sdk-tests` has real services.

#[expect(dead_code, reason = "it looks at documents, not at trees")]
mod support;

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use fluoro_sdk::aws::Calls;
use serde_json::{Value, json};
use support::{Recording, recording};

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// Answers in turn; after the last one never.
#[derive(Debug, Clone, Default)]
struct Played {
    answers: Arc<Mutex<Vec<(u16, &'static str)>>>,
    headers: Arc<Mutex<Vec<Option<String>>>>,
}

impl HttpConnector for Played {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = request.headers().get("x-amzn-trace-id").map(str::to_owned);
        self.headers.lock().expect("nobody panics with it").push(header);
        let mut answers = self.answers.lock().expect("nobody panics with it");
        if answers.is_empty() {
            return HttpConnectorFuture::new(pending());
        }
        let (status, body) = answers.remove(0);
        let status = status.try_into().expect("a status");
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        response.headers_mut().insert("x-amzn-requestid", "r-1");
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Played {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn client(answers: &[(u16, &'static str)]) -> (Client, Played) {
    let played = Played { answers: Arc::new(Mutex::new(answers.to_vec())), ..Played::default() };
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50));
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
        .retry_config(retries)
        .http_client(played.clone())
        .interceptor(Calls::new());
    // Only where nothing is answered: else a slow machine would decide.
    let config = if answers.is_empty() { config.timeout_config(timeouts.build()) } else { config };
    (Client::from_conf(config.build()), played)
}

async fn only_call(recording: &Recording, work: impl Future<Output = ()>) -> Value {
    recording.recorder.segment("shop").scope(work).await;
    let documents = recording.documents();
    let calls = documents[0]["subsegments"].as_array().expect("a call");
    assert_eq!(calls.len(), 1, "{calls:?}");
    calls[0].clone()
}

#[tokio::test]
async fn a_call_tells_what_it_was_and_takes_the_trace_along() {
    let (client, played) = client(&[(200, IDENTITY)]);
    let recording = recording();
    let call = only_call(&recording, async {
        client.get_caller_identity().send().await.unwrap();
    })
    .await;
    assert_eq!((&call["name"], &call["namespace"]), (&json!("STS"), &json!("aws")));
    let told =
        json!({"operation": "GetCallerIdentity", "region": "eu-west-1", "request_id": "r-1", "retries": 0});
    assert_eq!(call["aws"], told);
    assert_eq!(call["http"], json!({"response": {"status": 200}}));
    let root = &recording.documents()[0]["trace_id"];
    let header = format!("Root={};Parent={};Sampled=1", root.as_str().unwrap(), call["id"].as_str().unwrap());
    assert_eq!(*played.headers.lock().unwrap(), [Some(header)]);
}

#[tokio::test]
async fn the_last_attempt_decides() {
    let refused =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>";
    let slower = "<ErrorResponse><Error><Code>SlowDown</Code></Error></ErrorResponse>";
    for (answers, flags, kind) in [
        (&[(503, slower), (500, ""), (200, IDENTITY)], [false, false, false], Value::Null),
        (&[(500, ""), (500, ""), (403, refused)], [true, false, false], json!("AccessDenied")),
        (&[(500, ""), (500, ""), (503, slower)], [true, true, false], json!("SlowDown")),
        (&[(500, ""), (500, ""), (500, "")], [false, false, true], json!("HTTP 500")),
    ] {
        let (client, _) = client(answers);
        let call = only_call(&recording(), async {
            let _answer = client.get_caller_identity().send().await;
        })
        .await;
        assert_eq!(call["aws"]["retries"], 2);
        assert_eq!(["error", "throttle", "fault"].map(|flag| call[flag] == true), flags, "{answers:?}");
        assert_eq!(call["cause"]["exceptions"][0]["type"], kind);
    }
}

#[tokio::test]
async fn what_takes_too_long_and_what_is_dropped_are_faults() {
    let (client, _) = client(&[]);
    let late = only_call(&recording(), async {
        client.get_caller_identity().send().await.unwrap_err();
    })
    .await;
    let dropped = only_call(&recording(), async {
        let mut call = pin!(client.get_caller_identity().send());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    })
    .await;
    for (call, kind) in [(late, "TimeoutError"), (dropped, "Cancelled")] {
        assert_eq!((&call["fault"], &call["cause"]["exceptions"][0]["type"]), (&json!(true), &json!(kind)));
    }
}
