//! What an instance of EC2 tells of itself.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>

use std::time::Duration;

use serde_json::{Map, Value};

use crate::address::{DaemonAddress, HostPort};
use crate::ask::{Answer, Ask, ask};
use crate::plugin::Found;

const DOCUMENT: &str = "/latest/dynamic/instance-identity/document";

pub(super) fn instance(variable: &dyn Fn(&str) -> Option<String>) -> Option<Found> {
    if variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let host = match variable("IMDS_ENDPOINT") {
        Some(endpoint) => endpoint_of(&endpoint)?,
        None => HostPort { host: "169.254.169.254".to_owned(), port: 80 },
    };
    identity(&document(&host, Duration::from_millis(100), Duration::from_secs(1))?)
}

fn endpoint_of(text: &str) -> Option<HostPort> {
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let address = DaemonAddress::parse(bare).or_else(|_| DaemonAddress::parse(&format!("{bare}:80")));
    address.ok().map(|address| address.tcp)
}

/// With a token; without one only where the instance does not know of tokens. Where nobody answers nothing more is
/// tried: in a container the answer may be lost on its way.
fn document(host: &HostPort, connect: Duration, read: Duration) -> Option<Vec<u8>> {
    let request = |method, path, headers| ask(host, Ask { method, path, headers, body: b"", connect, read });
    let token =
        request("PUT", "/latest/api/token", &[("X-aws-ec2-metadata-token-ttl-seconds", "60")]).ok()?;
    let answer = match token {
        Answer { status: 200, body } => {
            let token = String::from_utf8(body).ok().filter(|token| !token.contains(['\r', '\n']))?;
            request("GET", DOCUMENT, &[("X-aws-ec2-metadata-token", &token)])
        }
        Answer { status: 400..=499, .. } => request("GET", DOCUMENT, &[]),
        Answer { .. } => return None,
    };
    answer.ok().filter(|answer| answer.status == 200).map(|answer| answer.body)
}

fn identity(document: &[u8]) -> Option<Found> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let mut block = Map::new();
    for (key, name) in [
        ("instance_id", "instanceId"),
        ("availability_zone", "availabilityZone"),
        ("instance_size", "instanceType"),
        ("ami_id", "imageId"),
    ] {
        if let Some(value) = document.get(name).filter(|value| value.is_string()) {
            block.insert(key.to_owned(), value.clone());
        }
    }
    block.contains_key("instance_id").then_some(Found { block, log_group: None })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use serde_json::json;

    use super::*;

    const IDENTITY: &str = r#"{"accountId":"123456789012","imageId":"ami-1","instanceId":"i-0b22","instanceType":"t2.micro","availabilityZone":"us-west-2a"}"#;

    /// An instance that answers so, and what it was asked.
    fn asked(answers: &'static [(&'static str, u16, &'static str)]) -> (Option<Found>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = HostPort { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port() };
        let server = thread::spawn(move || {
            let answer = |&(line, status, body): &(&str, u16, &str)| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 2_000];
                let count = stream.read(&mut request).unwrap();
                let request = String::from_utf8_lossy(&request[..count]).into_owned();
                assert!(request.starts_with(line), "{request}");
                write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                    .unwrap();
                request
            };
            answers.iter().map(answer).collect()
        });
        // A machine that tests run on may be slow.
        let long = Duration::from_secs(120);
        let found = document(&host, long, long).and_then(|document| identity(&document));
        (found, server.join().unwrap())
    }

    #[test]
    fn a_token_is_asked_for_and_sent() {
        let (found, requests) =
            asked(&[("PUT /latest/api/token", 200, "secret"), ("GET /latest/dynamic", 200, IDENTITY)]);
        assert_eq!(
            Value::Object(found.unwrap().block),
            json!({"instance_id": "i-0b22", "availability_zone": "us-west-2a", "instance_size": "t2.micro", "ami_id": "ami-1"})
        );
        assert!(requests[1].contains("X-aws-ec2-metadata-token: secret\r\n"));
    }

    #[test]
    fn an_instance_without_tokens_is_asked_without() {
        let (found, requests) = asked(&[("PUT ", 404, ""), ("GET ", 200, IDENTITY)]);
        assert!(found.is_some() && !requests[1].contains("token"));
        assert!(asked(&[("PUT ", 500, "")]).0.is_none());
        assert!(asked(&[("PUT ", 200, "t"), ("GET ", 200, "{}")]).0.is_none());
    }

    #[test]
    fn nobody_there_takes_no_time() {
        let variables = |key: &str| (key == "IMDS_ENDPOINT").then(|| "127.0.0.1:1".to_owned());
        assert_eq!(instance(&variables), None);
    }
}
