//! A running server, asked by HTTP or HTTPS.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

/// The console's longest answer is a trace of 100,000 spans, some 30 MB.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// A search may take the server 20 s.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(crate) struct Connection {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    /// Scheme, host and port, without a slash at the end.
    base: String,
    authorization: Option<HeaderValue>,
}

/// RFC 9457: what the console's API answers where it refuses.
#[derive(Debug, Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
}

impl Connection {
    pub(crate) fn new(endpoint: &str, token: Option<&str>) -> anyhow::Result<Self> {
        let base = base(endpoint)?;
        let authorization = token.map(|token| HeaderValue::from_str(&format!("Bearer {token}")));
        let mut authorization =
            authorization.transpose().context("the token has characters that no token has")?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .context("read the certificates of this machine")?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, base, authorization })
    }

    /// The answer to a GET of this path with its query.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = timeout(PATIENCE, self.answer(path)).await;
        answer.with_context(|| format!("{} does not answer within {} s", self.base, PATIENCE.as_secs()))?
    }

    /// A stream of server-sent events, as bytes.
    pub(crate) async fn follow(&self, path: &str) -> anyhow::Result<Incoming> {
        let answer = timeout(PATIENCE, self.send(path)).await;
        answer.with_context(|| format!("{} does not answer within {} s", self.base, PATIENCE.as_secs()))?
    }

    async fn answer(&self, path: &str) -> anyhow::Result<Value> {
        let body = self.send(path).await?;
        serde_json::from_slice(&collect(body).await?)
            .with_context(|| format!("what {} answers is not what Fluoro answers", self.base))
    }

    async fn send(&self, path: &str) -> anyhow::Result<Incoming> {
        let mut request = Request::get(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json, text/event-stream");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let request = request.body(Empty::new()).context("make a request")?;
        let response = self.client.request(request).await.with_context(|| {
            format!(
                "nothing answers at {}: is `fluoro serve` running there? --endpoint names another server",
                self.base
            )
        })?;
        match response.status() {
            StatusCode::OK => Ok(response.into_body()),
            StatusCode::UNAUTHORIZED => bail!(
                "{} asks for a token: make one with `fluoro keys create --name me --console`, and give it in a file \
                 (--token-file) or in FLUORO_TOKEN",
                self.base
            ),
            status => {
                let answer = collect(response.into_body()).await?;
                bail!("{}", refusal(status, &answer))
            }
        }
    }
}

async fn collect(body: Incoming) -> anyhow::Result<Bytes> {
    let collected = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
    Ok(collected.map_err(anyhow::Error::from_boxed).context("read the server's answer")?.to_bytes())
}

pub(crate) fn refusal(status: StatusCode, answer: &[u8]) -> String {
    let problem: Option<Problem> = serde_json::from_slice(answer).ok();
    match problem.and_then(|problem| problem.detail.or(problem.title)) {
        Some(reason) => crate::text::plain(&reason),
        None => format!("the server answers {status}"),
    }
}

/// What people type, as scheme, host and port: `host:2000` means HTTP.
fn base(endpoint: &str) -> anyhow::Result<String> {
    let full = if endpoint.contains("://") { endpoint.to_owned() } else { format!("http://{endpoint}") };
    let uri: Uri = full
        .parse()
        .with_context(|| format!("`{endpoint}` is no address such as {}", "http://127.0.0.1:2000"))?;
    let scheme = uri.scheme_str().unwrap_or_default();
    ensure!(matches!(scheme, "http" | "https"), "`{endpoint}` must begin with http:// or https://");
    ensure!(matches!(uri.path(), "" | "/"), "`{endpoint}` must be an address alone, without a path");
    let authority = uri.authority().with_context(|| format!("`{endpoint}` names no host"))?;
    Ok(format!("{scheme}://{authority}"))
}

/// A value as it stands in a query.
pub(crate) fn encode(value: &str) -> String {
    model::percent::encoded(value.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_scheme_a_host_and_a_port() {
        for (endpoint, expected) in [
            ("localhost:2000", Some("http://localhost:2000")),
            ("http://127.0.0.1:2000/", Some("http://127.0.0.1:2000")),
            ("https://traces.example", Some("https://traces.example")),
            ("https://traces.example/console", None),
            ("ftp://traces.example", None),
            ("", None),
            ("a b", None),
        ] {
            assert_eq!(base(endpoint).ok().as_deref(), expected, "{endpoint:?}");
        }
    }

    #[test]
    fn a_refusal_says_the_reason_and_steers_no_terminal() {
        let problem = r#"{"title":"Bad Request","detail":"unknown keyword `x\u001b[2J` at 3"}"#;
        assert_eq!(refusal(StatusCode::BAD_REQUEST, problem.as_bytes()), "unknown keyword `x·[2J` at 3");
        assert_eq!(refusal(StatusCode::BAD_GATEWAY, b"<html>"), "the server answers 502 Bad Gateway");
    }

    #[test]
    fn a_filter_passes_through_a_url_as_it_is() {
        assert_eq!(encode(r#"service("a b") { fault }"#), "service%28%22a%20b%22%29%20%7B%20fault%20%7D");
    }
}
