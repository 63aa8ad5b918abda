//! Clients that are traced, and a server that answers what it was told to.

#[expect(dead_code, reason = "it looks at documents, not at trees")]
#[path = "../../../../../crates/sdk/tests/support/mod.rs"]
mod documents;

use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) use documents::{Recording, recording};
use serde_json::Value;

/// A client's configuration with the interceptor, for a server of plain HTTP.
macro_rules! config {
    ($sdk:ident, $url:expr) => {
        config!($sdk, $url, fluoro_sdk::aws::Calls::new())
    };
    ($sdk:ident, $url:expr, $calls:expr) => {
        $sdk::config::Builder::from(&crate::support::shared_config($url)).interceptor($calls)
    };
}
pub(crate) use config;

pub(crate) fn shared_config(url: &str) -> aws_types::SdkConfig {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
    aws_types::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "key", "secret", None, None, "tests",
        )))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .build()
}

pub(crate) async fn in_segment(recording: &Recording, work: impl Future<Output = ()>) -> Vec<Value> {
    recording.recorder.segment("shop").scope(work).await;
    let document = recording.documents().pop().expect("the segment");
    document["subsegments"].as_array().cloned().unwrap_or_default()
}

pub(crate) async fn calls_in_segment(work: impl Future<Output = ()>) -> Vec<Value> {
    in_segment(&recording(), work).await
}

/// Answers requests in turn, each on a connection of its own, and refuses those after the last.
pub(crate) struct Server {
    pub(crate) url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start<const N: usize>(answers: [(u16, &'static str); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let server = Self { url, heads: Arc::clone(&heads) };
        if N > 0 {
            thread::spawn(move || {
                for answer in answers {
                    let (stream, _) = listener.accept().expect("a connection");
                    let head = read(&stream);
                    heads.lock().expect("nobody panics with it").push(head);
                    write(&stream, answer);
                }
            });
        }
        server
    }

    /// The header of each request so far.
    pub(crate) fn trace_headers(&self) -> Vec<Option<String>> {
        let heads = self.heads.lock().expect("nobody panics with it");
        let header = |head: &String| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines
                .find(|(name, _)| name.eq_ignore_ascii_case("x-amzn-trace-id"))
                .map(|(_, value)| value.to_owned())
        };
        heads.iter().map(header).collect()
    }
}

/// Reads one request, and gives its head.
fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).expect("a line"), 0, "the request is whole");
    }
    let mut lengths = head.lines().filter_map(|line| line.split_once(": "));
    let length = lengths.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().expect("a number"))];
    reader.read_exact(&mut body).expect("a body");
    head
}

fn write(mut stream: &TcpStream, (status, body): (u16, &str)) {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-requestid: r-1\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).expect("it is read");
}
