//! One HTTP request by hand: to the daemon's TCP port, and to where machines tell about themselves. It is never traced,
//! needs no client, and waits no longer than it is told.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::address::HostPort;

/// The largest answer that is read.
const MAX_ANSWER_BYTES: u64 = 1 << 20;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
    pub(crate) connect: Duration,
    /// For the whole answer.
    pub(crate) read: Duration,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn ask(host: &HostPort, request: Ask<'_>) -> io::Result<Answer> {
    let mut stream = connect(host, request.connect)?;
    let deadline = Instant::now() + request.read;
    stream.set_write_timeout(Some(request.read))?;
    let mut head =
        format!("{} {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n", request.method, request.path);
    for (name, value) in request.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", request.body.len());
    stream.write_all(&[head.as_bytes(), request.body].concat())?;
    let mut answer = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
        let count = stream.read(&mut piece)?;
        answer.extend(&piece[..count]);
        if answer.len() as u64 > MAX_ANSWER_BYTES {
            return Err(io::Error::other("the answer is larger than 1 MiB"));
        }
        // Some servers keep the connection all the same.
        if count == 0 || is_whole(&answer) {
            return parse(&answer).ok_or_else(|| io::Error::other("the answer is not HTTP"));
        }
    }
}

fn connect(host: &HostPort, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in host.as_pair().to_socket_addrs()?.take(4) {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn head(answer: &[u8]) -> Option<(&str, &[u8])> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(known, _)| known.trim().eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim())
}

fn is_chunked(head: &str) -> bool {
    header(head, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
}

fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = head(answer) else { return false };
    if is_chunked(head) {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length = header(head, "content-length").and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let (head, body) = head(answer)?;
    let status = head.lines().next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let body = if is_chunked(head) { unchunked(body)? } else { body.to_vec() };
    Some(Answer { status, body })
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let line = str::from_utf8(&body[..end]).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        body = &body[end + 2..];
        whole.extend(body.get(..size)?);
        body = body.get(size.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn asked(answer: &'static [u8]) -> io::Result<Answer> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1_000];
            let count = stream.read(&mut request).unwrap();
            assert!(request[..count].starts_with(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:"));
            assert!(request[..count].ends_with(b"\r\n\r\n{}"));
            stream.write_all(answer).unwrap();
        });
        let host = HostPort { host: "127.0.0.1".into(), port };
        let second = Duration::from_secs(120);
        let request = Ask {
            method: "POST",
            path: "/x",
            headers: &[("A", "b")],
            body: b"{}",
            connect: second,
            read: second,
        };
        let answer = ask(&host, request);
        server.join().unwrap();
        answer
    }

    #[test]
    fn answers_with_a_length_in_chunks_or_to_the_end_are_read() {
        let check = |answer, status, body: &[u8]| {
            assert_eq!(asked(answer).unwrap(), Answer { status, body: body.to_vec() });
        };
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, b"hi");
        check(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
            200,
            b"hi!",
        );
        check(b"HTTP/1.0 404 Not Found\r\n\r\nto the end", 404, b"to the end");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        assert!(asked(b"").is_err());
        assert!(asked(b"SSH-2.0\r\n\r\n").is_err());
        assert!(
            asked(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhi").is_err()
        );
    }
}
