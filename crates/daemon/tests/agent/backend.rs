//! A backend on port 0 that answers as it is told and keeps what it was sent.

use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt, Full};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// Unpacked.
    pub(crate) body: Vec<u8>,
}

/// What goes out.
pub(crate) type Reply = Response<Full<Bytes>>;
type Rule = Box<dyn FnMut(&Received) -> Reply + Send>;

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    received: Mutex<mpsc::Receiver<Received>>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn documents(&self) -> Vec<String> {
        let documents = self.json()["TraceSegmentDocuments"].as_array().unwrap().clone();
        documents.iter().map(|document| document.as_str().unwrap().to_owned()).collect()
    }
}

/// A JSON answer.
pub(crate) fn reply(status: u16, body: &str) -> Reply {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap()
}

pub(crate) fn accepted() -> Reply {
    reply(200, r#"{"UnprocessedTraceSegments":[]}"#)
}

impl Backend {
    /// Accepts everything.
    pub(crate) async fn start() -> Self {
        Self::with(|_| accepted()).await
    }

    pub(crate) async fn with(rule: impl FnMut(&Received) -> Reply + Send + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), rule).await
    }

    pub(crate) async fn at(
        address: SocketAddr,
        rule: impl FnMut(&Received) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::channel(10_000);
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(rule)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, rule) = (sender.clone(), Arc::clone(&rule));
                let service = service_fn(move |request| answer(request, sender.clone(), Arc::clone(&rule)));
                tokio::spawn(async move {
                    match door::preface::is_http2(&stream, PATIENCE).await {
                        Some(true) => {
                            let http2 = http2::Builder::new(TokioExecutor::new());
                            let _ = http2.serve_connection(TokioIo::new(stream), service).await;
                        }
                        _ => {
                            let _ =
                                http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                        }
                    }
                });
            }
        });
        Self { address, received: Mutex::new(received) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next request.
    pub(crate) async fn next(&self) -> Received {
        let mut received = self.received.lock().await;
        tokio::time::timeout(PATIENCE, received.recv()).await.expect("a request in time").unwrap()
    }

    /// Waits until so many documents came, in whatever batches, and gives them sorted.
    pub(crate) async fn documents(&self, count: usize) -> Vec<String> {
        let mut documents = Vec::new();
        while documents.len() < count {
            let request = self.next().await;
            if request.path == "/TraceSegments" {
                documents.extend(request.documents());
            }
        }
        documents.sort();
        documents
    }

    /// What came and was not looked at yet.
    pub(crate) async fn rest(&self) -> Vec<Received> {
        let mut received = self.received.lock().await;
        std::iter::from_fn(|| received.try_recv().ok()).collect()
    }
}

async fn answer(
    request: http::Request<hyper::body::Incoming>,
    sender: mpsc::Sender<Received>,
    rule: Arc<Mutex<Rule>>,
) -> Result<Reply, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut unpacked = Vec::new();
    match parts.headers.get("content-encoding").map(http::HeaderValue::as_bytes) {
        Some(b"zstd") => unpacked = zstd::decode_all(&body[..]).unwrap(),
        Some(b"gzip") => {
            flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut unpacked).unwrap();
        }
        _ => unpacked.extend_from_slice(&body),
    }
    let received = Received {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: unpacked,
    };
    let reply = rule.lock().await(&received);
    let _ = sender.send(received).await;
    Ok(reply)
}
