//! One ClickHouse server, asked by HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use crate::config::Config;
use crate::failure::Failure;

/// To reach the server at all.
const CONNECT: Duration = Duration::from_secs(2);
/// What one answer may weigh, which is held in memory.
const MAX_ANSWER_BYTES: usize = 128 << 20;
/// Of an error's text; the rest is the server's stack.
const MAX_ERROR_CHARACTERS: usize = 400;

/// Settings of every statement: what the server would do by default differs between versions and profiles.
const ALWAYS: &str =
    "wait_end_of_query=1&async_insert=0&log_queries=1&cancel_http_readonly_queries_on_client_close=1";
/// Of what reads. The limits end a query in the server; the time to live on this side is a little longer.
const READING: &str = "&max_execution_time=10&max_memory_usage=2147483648&max_threads=2&use_top_k_dynamic_filtering=0\
    &use_skip_indexes_for_top_k=0&max_query_size=16777216&max_ast_elements=1000000&max_expanded_ast_elements=1000000";
/// Of what is asked many times a second, which would fill the server's log of queries.
const POLLING: &str = "&log_queries=0";
/// Of what writes: one block is one part a partition, and its name makes a repetition nothing.
const WRITING: &str = "&max_execution_time=10&max_memory_usage=2147483648&max_insert_threads=1&max_partitions_per_insert_block=0\
    &insert_deduplicate=1&optimize_on_insert=0&max_insert_block_size=16777216&min_insert_block_size_bytes=0\
    &insert_keeper_max_retries=3&insert_quorum_parallel=1&insert_quorum_timeout=5000&input_format_defaults_for_omitted_fields=1";
/// In seconds. A replica that needs longer is not one to go over to.
const SYNCING: &str = "&receive_timeout=5";
const PATIENCE: Duration = Duration::from_secs(15);
const SHORT_PATIENCE: Duration = Duration::from_secs(2);
/// For statements that change the schema.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// What a question is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asks {
    Once,
    Often,
    /// To know whether the server is in good health: an answer that comes late is none.
    HowItIs,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Scheme, host and port.
    base: String,
    pub(crate) name: String,
    user: HeaderValue,
    password: HeaderValue,
    /// The setting that says in which database.
    within: String,
}

impl Node {
    /// `name` is its host and port.
    pub(crate) fn new(config: &Config, name: &str) -> Result<Self, std::io::Error> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            // Servers close idle connections after 30 s by default, and some proxies sooner.
            .pool_idle_timeout(Duration::from_secs(8))
            .build(connector);
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(std::io::Error::other)?;
            value.set_sensitive(true);
            Ok::<_, std::io::Error>(value)
        };
        let scheme = if config.secure { "https" } else { "http" };
        Ok(Self {
            client,
            base: format!("{scheme}://{name}"),
            name: name.to_owned(),
            user: secret(&config.user)?,
            password: secret(&config.password)?,
            // Letters, digits and underscores.
            within: format!("&database={}", config.database),
        })
    }

    /// The answer to a question, in the format that it names.
    pub(crate) async fn read(&self, asks: Asks, sql: Bytes) -> Result<Bytes, Failure> {
        match asks {
            Asks::Once => self.send(&[READING, &self.within], sql, PATIENCE).await,
            Asks::Often => self.send(&[READING, POLLING, &self.within], sql, PATIENCE).await,
            Asks::HowItIs => self.send(&[READING, POLLING], sql, SHORT_PATIENCE).await,
        }
    }

    /// Does what changes the schema; the database need not be there.
    pub(crate) async fn order(&self, sql: String) -> Result<Bytes, Failure> {
        self.send(&[], sql.into(), LONG_PATIENCE).await
    }

    /// Waits until it has all rows of a table that were kept anywhere when this was asked.
    pub(crate) async fn sync(&self, table: &str) -> Result<(), Failure> {
        let sql = format!("SYSTEM SYNC REPLICA {table} LIGHTWEIGHT");
        self.send(&[SYNCING, POLLING, &self.within], sql.into(), PATIENCE).await.map(drop)
    }

    /// Keeps rows, once for each token, on so many replicas. `into` names table and columns.
    pub(crate) async fn insert(
        &self,
        into: &str,
        token: &str,
        copies: usize,
        rows: Bytes,
    ) -> Result<(), Failure> {
        // Of one copy nothing is to be waited for, and a server without Keeper knows no quorum.
        let quorum = if copies > 1 { copies } else { 0 };
        let query = form_urlencoded::Serializer::new(String::from("&"))
            .append_pair("query", &format!("INSERT INTO {into} FORMAT RowBinary"))
            .append_pair("insert_deduplication_token", token)
            .append_pair("insert_quorum", &quorum.to_string())
            .finish();
        self.send(&[WRITING, &self.within, &query], rows, PATIENCE).await.map(drop)
    }

    async fn send(&self, settings: &[&str], body: Bytes, patience: Duration) -> Result<Bytes, Failure> {
        let uri = format!("{}/?{ALWAYS}{}", self.base, settings.concat());
        let request = Request::post(uri)
            .header("x-clickhouse-user", self.user.clone())
            .header("x-clickhouse-key", self.password.clone())
            .body(Full::new(body))
            .map_err(|error| self.lost(error))?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| self.lost(error))?;
            let status = response.status();
            let code = response.headers().get("x-clickhouse-exception-code");
            let code = code.and_then(|code| code.to_str().ok()?.parse().ok());
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = match body {
                Ok(body) => body.to_bytes(),
                Err(error) if error.is::<LengthLimitError>() => {
                    return Err(Failure::TooLarge { limit: MAX_ANSWER_BYTES });
                }
                Err(error) => return Err(self.lost(error)),
            };
            match (status, code) {
                (StatusCode::OK, None) => Ok(body),
                (_, Some(code)) => Err(Failure::Refused { code, text: first_line(&body) }),
                // Something between us and the server, of which nothing is known.
                (status, None) => {
                    Err(self.lost(std::io::Error::other(format!("{status}: {}", first_line(&body)))))
                }
            }
        };
        match timeout(patience, exchange).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(self.lost(elapsed)),
        }
    }

    /// What is said of a question that was not waited for to the end.
    pub(crate) fn lost(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
        Failure::Lost { node: self.name.clone(), source: source.into() }
    }
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().next().unwrap_or_default().chars().take(MAX_ERROR_CHARACTERS).collect()
}
