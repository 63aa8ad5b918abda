//! A running server, to which documents go as PutTraceSegments requests, one after the other.

use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use store_local::offline::Received;
use tokio::net::TcpStream;

const MAX_ANSWER_BYTES: usize = 1 << 20;
/// A server that is busy or restarts is asked again, for about a minute.
const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Endpoint {
    address: String,
    connection: SendRequest<Body>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    unprocessed_trace_segments: Vec<Unprocessed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unprocessed {
    id: Option<String>,
    error_code: String,
    message: String,
}

impl Endpoint {
    pub(super) async fn open(address: &str) -> anyhow::Result<Endpoint> {
        Ok(Endpoint { address: address.to_owned(), connection: connect(address).await? })
    }

    /// Gives why documents were refused.
    pub(super) async fn put(&mut self, batch: &[Received]) -> anyhow::Result<Vec<String>> {
        let documents: Vec<_> = batch.iter().map(|one| String::from_utf8_lossy(&one.raw)).collect();
        let body = serde_json::json!({ "TraceSegmentDocuments": documents }).to_string();
        for _ in 0..ATTEMPTS {
            let request = Request::post("/TraceSegments")
                .header(header::HOST, &self.address)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.clone()))
                .context("make a request")?;
            let Ok(response) = self.connection.send_request(request).await else {
                // It may be the server's right to close a connection; what it had taken it takes as a duplicate.
                tokio::time::sleep(PAUSE).await;
                self.connection = connect(&self.address).await?;
                continue;
            };
            let status = response.status();
            let answer = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
            let answer =
                answer.map_err(anyhow::Error::from_boxed).context("read the server's answer")?.to_bytes();
            match status {
                StatusCode::OK => return refusals(&answer),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(PAUSE).await
                }
                _ => bail!("the server answers {status}: {}", String::from_utf8_lossy(&answer)),
            }
        }
        bail!("the server at {} stays busy", self.address)
    }
}

fn refusals(answer: &[u8]) -> anyhow::Result<Vec<String>> {
    let answer: Answer = serde_json::from_slice(answer).context("read the server's answer")?;
    let texts = answer.unprocessed_trace_segments.into_iter();
    Ok(texts
        .map(|one| format!("{} {}: {}", one.id.unwrap_or_default(), one.error_code, one.message))
        .collect())
}

async fn connect(address: &str) -> anyhow::Result<SendRequest<Body>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.context("speak HTTP")?;
    // It ends with the sender, and an error of it is the sender's too.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}
