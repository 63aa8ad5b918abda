//! A real receiver of HTTP on a port of its own, which answers as it is told and remembers what came.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

#[derive(Debug, Default)]
struct Inner {
    received: Vec<Received>,
    /// Status and `Retry-After` of the next answers; then 200.
    answers: VecDeque<(u16, Option<u32>)>,
}

#[derive(Debug, Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner::default()));
        let shared = Arc::clone(&inner);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let shared = Arc::clone(&shared);
                    async move { Ok::<_, Infallible>(answer(&shared, request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, inner }
    }

    pub(super) fn answer_next(&self, status: u16, retry_after: Option<u32>) {
        self.inner.lock().answers.push_back((status, retry_after));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inner.lock().received.is_empty()
    }

    /// What came since this was asked last.
    pub(super) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.inner.lock().received)
    }
}

async fn answer(
    shared: &Mutex<Inner>,
    request: http::Request<hyper::body::Incoming>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut inner = shared.lock();
    inner.received.push(Received { path: head.uri.to_string(), headers: head.headers, body });
    let (status, retry_after) = inner.answers.pop_front().unwrap_or((200, None));
    let mut response = Response::new(Full::new(Bytes::from_static(b"ok, thank you")));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.to_string().parse().unwrap());
    }
    response.headers_mut().insert("location", "http://169.254.169.254/".parse().unwrap());
    response
}
