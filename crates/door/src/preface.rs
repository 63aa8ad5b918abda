//! Which HTTP a connection without TLS speaks, by its first bytes.

use std::time::Duration;

use tokio::net::TcpStream;

/// What clients of HTTP/2 begin with, and no request of HTTP/1.1 does.
const PREFACE: &[u8] = b"PRI";
/// Between looks at a connection that has sent less than that. A client sends its first line at once.
const PAUSE: Duration = Duration::from_millis(2);

/// Whether it is HTTP/2; the bytes stay where they are. `None` where none come in time.
pub async fn is_http2(stream: &TcpStream, limit: Duration) -> Option<bool> {
    let mut first = [0; PREFACE.len()];
    let look = async {
        loop {
            match stream.peek(&mut first).await {
                Ok(0) | Err(_) => return None,
                Ok(read) if first[..read] != PREFACE[..read] => return Some(false),
                Ok(read) if read == PREFACE.len() => return Some(true),
                Ok(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    };
    tokio::time::timeout(limit, look).await.ok().flatten()
}
