//! A server without a socket, and the few requests that all tests make.

use std::sync::Arc;
use std::time::Duration;

use api::{Audit, Auth, Deps, Listeners, router};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use model::{Clock, ManualClock, Micros, Timestamp};
use serde_json::{Value, json};
use settings::{Account, Alerts, Settings};
use store::TraceStore;
use store::memory::MemoryStore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use watch::{Alarms, Reader};

use crate::aws_model;

/// A minute that begins at a whole minute: 2023-11-14T22:14:00Z.
pub(crate) const T: f64 = 1_700_000_040.0;

pub(crate) struct Server {
    router: Router,
    store: Arc<MemoryStore>,
    ingest: ingest::Ingest,
    digest: digest::Digest,
    clock: Arc<ManualClock>,
    pub(crate) alerts: Alerts,
    pub(crate) alarms: Alarms,
    pub(crate) shutdown: CancellationToken,
    audited: Audited,
}

/// The audit log.
#[derive(Clone, Default)]
struct Audited(Arc<parking_lot::Mutex<Vec<u8>>>);

impl std::io::Write for Audited {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// With the clock two seconds after [`T`].
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    pub(crate) fn start_with(auth: Option<Auth>) -> Self {
        Self::start_within(api::Limits::SERVER, auth)
    }

    pub(crate) fn start_within(limits: api::Limits, auth: Option<Auth>) -> Self {
        Self::start_over(limits, auth, None)
    }

    /// As `fluoro open` does, here over what is put into it directly.
    pub(crate) fn opened(capsule: capsule::Head) -> Self {
        Self::start_over(api::Limits::SERVER, None, Some(Arc::new(capsule)))
    }

    fn start_over(limits: api::Limits, auth: Option<Auth>, capsule: Option<Arc<capsule::Head>>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(T + 2.0)));
        let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let store = Arc::new(MemoryStore::new());
        let as_store: Arc<dyn TraceStore> = Arc::<MemoryStore>::clone(&store);
        let shutdown = CancellationToken::new();
        let config = ingest::Config { queue_bytes: 64 << 20, patience: Duration::ZERO, copies: None };
        let ingest = ingest::start(&config, Arc::clone(&as_store), Arc::clone(&as_clock), shutdown.clone());
        let account = Account { id: "123456789012".to_owned(), region: "eu-west-1".to_owned() };
        let settings = Settings::in_memory(account).unwrap();
        let groups = api::Groups::of(&settings);
        let of_urls = settings.clone();
        let url_rules = Arc::new(move || Arc::clone(&of_urls.snapshot().url_rules.rules));
        let digest = digest::start(
            &digest::Config { groups: groups.ask(), url_rules, ..digest::Config::default() },
            Arc::clone(&as_store),
            Arc::clone(&as_clock),
            shutdown.clone(),
        );
        let address = || "127.0.0.1:2000".to_owned();
        let listeners = Listeners {
            http: address(),
            udp: address(),
            host_names: Vec::new(),
            otlp_origins: vec!["https://app.example.com".parse().unwrap()],
        };
        let alerts = Alerts::in_memory().unwrap();
        let alarms = Alarms::open(settings.clone(), alerts.clone()).unwrap();
        let metrics = Reader::new(Arc::clone(&as_store), settings.clone());
        watch::start(
            alarms.clone(),
            metrics.clone(),
            Arc::clone(&as_store),
            digest.clone(),
            Arc::clone(&as_clock),
            shutdown.clone(),
        );
        let audited = Audited::default();
        let audit = Audit::new(Box::new(audited.clone()));
        let router = router(Deps {
            store: as_store,
            ingest: ingest.clone(),
            digest: digest.clone(),
            clock: as_clock,
            listeners,
            notify: notify::Notify::new(
                &notify::Config { console: "http://127.0.0.1:2000".to_owned() },
                notify::Notifiers::new(settings.clone(), Vec::new()),
                notify::Sender::new(notify::address::Policy::default(), notify::send::Names::System).unwrap(),
                Arc::<ManualClock>::clone(&clock) as Arc<dyn Clock>,
            ),
            settings,
            capsule,
            log_links: Arc::default(),
            redaction: capsule::Redaction::default(),
            alerts: alerts.clone(),
            alarms: alarms.clone(),
            agents: watch::about::Agents::default(),
            metrics,
            groups,
            auth,
            audit: Some(audit),
            limits,
            shutdown: shutdown.clone(),
        });
        Self { router, store, ingest, digest, clock, alerts, alarms, shutdown, audited }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    /// The response itself, for streams.
    pub(crate) async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("host", "127.0.0.1:2000").body(Body::empty()).unwrap()).await
    }

    /// As SDKs send it.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.header("host", "127.0.0.1:2000").body(body.into()).unwrap()).await
    }

    /// An operation of X-Ray's API that succeeds, and answers as the model says.
    pub(crate) async fn call(&self, path: &str, input: Value) -> Value {
        let answer = self.post(path, input.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let output = answer.json();
        aws_model::check_output(path, &output);
        output
    }

    /// An operation that fails: status, the error's name and the body without it.
    pub(crate) async fn refuse(&self, path: &str, input: &str) -> String {
        let answer = self.post(path, input.to_owned()).await;
        let mut body = answer.json();
        let name = body.as_object_mut().unwrap().shift_remove("__type").unwrap();
        assert_eq!(answer.headers["x-amzn-errortype"], *name.as_str().unwrap());
        assert!(answer.headers.contains_key("x-amzn-requestid"));
        format!("{} {} {body}", answer.status.as_u16(), name.as_str().unwrap())
    }

    /// Puts documents and waits until every answer knows them.
    pub(crate) async fn put(&self, documents: &[Value]) -> Value {
        let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
        let output = self.call("/TraceSegments", json!({ "TraceSegmentDocuments": texts })).await;
        self.settle().await;
        output
    }

    pub(crate) async fn settle(&self) {
        self.digest.reached(self.store.status().newest).await;
    }

    /// Waits until nothing more is taken.
    pub(crate) async fn drained(&self) {
        self.ingest.drained().await;
    }

    /// What the audit log says, a line each: who, what, on what, and what came of it.
    pub(crate) fn audited(&self) -> Vec<String> {
        let text = String::from_utf8(self.audited.0.lock().clone()).unwrap();
        let told = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            let word = |member: &str| line[member].as_str().unwrap_or("-").to_owned();
            ["name", "from", "what", "on", "outcome", "why"].map(word).join(" | ")
        };
        text.lines().map(told).collect()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Micros::from_secs(seconds));
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) const TRACE: &str = "1-6553f128-000000000000000000000001";

/// The worked example of the specification (appendix E): `frontend` calls `backend`, which reads a table; the
/// request fails, and an audit goes on after it.
pub(crate) fn worked_example() -> Vec<Value> {
    vec![
        json!({
            "trace_id": TRACE, "id": "f000000000000001", "name": "frontend", "origin": "AWS::EC2::Instance",
            "start_time": T, "end_time": T + 1.0, "fault": true, "user": "u-1",
            "annotations": { "tenant": "acme", "retries": 3, "beta": true },
            "http": {
                "request": {
                    "method": "POST", "url": "http://shop/checkout", "client_ip": "10.0.0.9", "user_agent": "curl"
                },
                "response": { "status": 500 },
            },
            "subsegments": [{
                "id": "a000000000000001", "name": "backend.internal", "namespace": "remote",
                "start_time": T + 0.1, "end_time": T + 0.9, "fault": true,
            }],
        }),
        json!({
            "trace_id": TRACE, "id": "b000000000000001", "parent_id": "a000000000000001", "name": "backend",
            "start_time": T + 0.15, "end_time": T + 0.88, "fault": true,
            "cause": { "working_directory": "/srv", "exceptions": [{
                "id": "e000000000000001", "type": "DbTimeout", "message": "no answer in 600 ms",
                "stack": [{ "path": "ledger.py", "line": 88, "label": "charge" }],
            }] },
            "subsegments": [{
                "id": "d000000000000001", "name": "DynamoDB", "namespace": "aws",
                "start_time": T + 0.2, "end_time": T + 0.8,
                "aws": { "operation": "GetItem", "table_name": "orders" },
            }],
        }),
        json!({
            "trace_id": TRACE, "id": "c000000000000001", "parent_id": "f000000000000001", "type": "subsegment",
            "name": "audit", "start_time": T + 0.95, "end_time": T + 1.4,
        }),
    ]
}

/// A good request of `frontend` alone, which began some seconds after [`T`].
pub(crate) fn plain(number: u32, after: f64) -> Value {
    json!({
        "trace_id": format!("1-6553f128-{number:024x}"), "id": format!("{number:016x}"), "name": "frontend",
        "origin": "AWS::EC2::Instance", "start_time": T + after, "end_time": T + after + 0.25,
        "http": { "request": { "method": "GET", "url": "http://shop/" }, "response": { "status": 200 } },
    })
}
