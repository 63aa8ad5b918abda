//! The sandbox itself: start, restart, the doors, and waiting for what must become true.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use ingest::refusals::Door;
use serde_json::{Value, json};
use server::Server;
use server::config::{
    AuditTo, Config, Limits, LogConfig, LogFormat, NotifyConfig, OtlpPort, Proxies, Retention, StoreChoice,
};
use server::server::StartError;
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::{Answer, Quiet, client, document};

/// Far more than anything takes; a test that runs into it has failed.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);
const HEADER: &str = "{\"format\":\"json\",\"version\":1}\n";

/// Stop it with [`Sandbox::stop`] where the test is about what was kept; dropping it ends it as a crash would.
#[derive(Debug)]
pub struct Sandbox {
    server: Server,
    socket: UdpSocket,
    directory: TempDir,
    store: StoreChoice,
    /// Last, so that it hears what the others log while they go.
    quiet: Quiet,
}

impl Sandbox {
    /// Over the embedded engine, in a directory of its own.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("make a directory");
        let store = StoreChoice::Local(directory.path().join("data"));
        Self::start_over(directory, store).await
    }

    /// Over a store that forgets everything when it stops.
    pub async fn in_memory() -> Self {
        Self::start_over(tempfile::tempdir().expect("make a directory"), StoreChoice::Memory).await
    }

    /// In memory, and recording its own work.
    pub async fn tracing_itself() -> Self {
        let config = Config { trace_self: true, ..config(StoreChoice::Memory) };
        Self::start_with(tempfile::tempdir().expect("make a directory"), config).await
    }

    /// In memory, behind doors with other limits.
    pub async fn with_limits(limits: Limits) -> Self {
        let config = Config { limits, ..config(StoreChoice::Memory) };
        Self::start_with(tempfile::tempdir().expect("make a directory"), config).await
    }

    async fn start_over(directory: TempDir, store: StoreChoice) -> Self {
        Self::start_with(directory, config(store)).await
    }

    async fn start_with(directory: TempDir, config: Config) -> Self {
        let quiet = Quiet::new();
        let server = Server::start(&config).await.expect("start the server");
        let store = config.store;
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bind a sender's socket");
        Self { server, socket, directory, store, quiet }
    }

    /// This test makes the server log a warning or an error with these words, which fails any other. Counts for the
    /// sandboxes that the test starts later, too.
    pub fn expect_in_log(&self, words: &'static str) {
        self.quiet.expect(words);
    }

    /// What a second server would be told that wants the same directory.
    pub async fn start_another(&self) -> Result<Server, StartError> {
        Server::start(&config(self.store.clone())).await
    }

    /// Stops in an orderly way.
    pub async fn stop(self) -> TempDir {
        self.server.stop().await.expect("stop the server");
        self.directory
    }

    /// Stops, and starts again on the same directory.
    pub async fn restart(self) -> Self {
        let store = self.store.clone();
        Self::start_over(self.stop().await, store).await
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    pub fn http(&self) -> SocketAddr {
        self.server.doors.http
    }

    /// Sends one document by UDP, as an SDK does.
    pub async fn send(&self, document: &Value) {
        self.send_datagram(format!("{HEADER}{document}").as_bytes()).await;
    }

    pub async fn send_datagram(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.server.doors.udp).await.expect("send a datagram");
    }

    /// Sends documents through `PutTraceSegments` and gives its answer.
    pub async fn put(&self, documents: &[Value]) -> Answer {
        let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
        self.post("/TraceSegments", &json!({ "TraceSegmentDocuments": texts })).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_bytes(path, &[], body.to_string()).await
    }

    pub async fn post_bytes(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        self.request("POST", path, headers, body.into()).await
    }

    /// A change by the console's API.
    pub async fn replace(&self, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.request("PUT", path, &json, body.to_string().into()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], Bytes::new()).await
    }

    async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        let host = self.http().to_string();
        let mut request = Request::builder().method(method).uri(path).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).expect("the test's request is well-formed");
        tokio::time::timeout(PATIENCE, client::request(self.http(), request))
            .await
            .unwrap_or_else(|_| panic!("no answer to {method} {path}"))
    }

    /// `GetServiceGraph` of the last minutes.
    pub async fn service_graph(&self) -> Value {
        let range = last_minutes();
        self.post("/ServiceGraph", &range).await.json()["Services"].take()
    }

    /// `GetTraceSummaries` of the last minutes.
    pub async fn trace_summaries(&self, filter: &str) -> Value {
        let mut query = last_minutes();
        if !filter.is_empty() {
            query["FilterExpression"] = json!(filter);
        }
        self.post("/TraceSummaries", &query).await.json()["TraceSummaries"].take()
    }

    /// `BatchGetTraces` of one trace: its documents, parsed.
    pub async fn trace(&self, id: &str) -> Vec<Value> {
        let answer = self.post("/Traces", &json!({ "TraceIds": [id] })).await.json();
        let segments = answer["Traces"][0]["Segments"].as_array().cloned().unwrap_or_default();
        let document =
            |segment: &Value| segment["Document"].as_str().and_then(|text| serde_json::from_str(text).ok());
        segments.iter().map(|segment| document(segment).expect("a segment holds its document")).collect()
    }

    /// Waits until this many documents, accepted or not, have come in through a door since the start.
    pub async fn received(&self, door: Door, documents: u64) {
        let refusals = self.server.pipeline.ingest.refusals();
        let count = || refusals.received().iter().find(|(at, _)| *at == door).map_or(0, |(_, count)| *count);
        self.eventually(&format!("{documents} documents through {door:?}"), async || {
            (count() >= documents).then_some(())
        })
        .await;
    }

    /// Waits until this many documents are kept and all that are kept are in every answer.
    pub async fn kept(&self, documents: u64) {
        self.eventually(&format!("{documents} documents in the store"), async || {
            let status = self.server.ground.store.status();
            (status.documents >= documents && status.digested >= status.newest).then_some(())
        })
        .await;
    }

    /// How often something was refused for this reason.
    pub fn refused(&self, door: Door, reason: &str) -> u64 {
        let counts = self.server.pipeline.ingest.refusals().counts();
        counts.iter().filter(|(at, why, _)| *at == door && why == reason).map(|(_, _, count)| count).sum()
    }

    /// Asks again and again until there is an answer; panics when patience ends.
    pub async fn eventually<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            tokio::time::sleep(POLL).await;
        }
    }
}

fn config(store: StoreChoice) -> Config {
    Config {
        bind: "127.0.0.1:0".parse().expect("it is an address"),
        store,
        mirror: None,
        retention: Retention::default(),
        encryption_key: None,
        auth: false,
        keys_file: None,
        udp_open: false,
        host_names: Vec::new(),
        trusted_proxies: Proxies::default(),
        otlp_cors: Vec::new(),
        tls: None,
        otlp_grpc: OtlpPort::Off,
        otlp_http: OtlpPort::Off,
        endpoints: None,
        notify: NotifyConfig::default(),
        demo: Default::default(),
        trace_self: false,
        log: LogConfig { format: LogFormat::Text, filter: "warn".to_owned(), has_colour: false },
        audit: AuditTo::Nowhere,
        limits: Limits::SERVER,
        log_links: Default::default(),
        redaction: Default::default(),
        without_effect: Vec::new(),
    }
}

fn last_minutes() -> Value {
    let now = document::now().as_secs();
    json!({ "StartTime": now - 600, "EndTime": now + 60 })
}
