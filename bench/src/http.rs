//! A connection that is kept open and speaks just enough HTTP/1.1 to measure the other side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, ensure};

const NO_CONTENT: u16 = 204;

pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The body of an answer that must be good.
    pub(crate) fn expect_ok(self) -> anyhow::Result<String> {
        ensure!(self.status == 200, "status {}: {:.500}", self.status, self.body);
        Ok(self.body)
    }
}

impl Connection {
    pub(crate) fn open(host: &str) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(host).with_context(|| format!("connect to {host}"))?;
        // Otherwise the kernel may hold a request back for 40 ms.
        stream.set_nodelay(true).context("set TCP_NODELAY")?;
        Ok(Connection { stream: BufReader::new(stream), host: host.to_owned() })
    }

    pub(crate) fn post(&mut self, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.post_as("application/json", path, body)
    }

    pub(crate) fn post_as(&mut self, kind: &str, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.request(&head, body)
    }

    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.request(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.host), &[])
    }

    fn request(&mut self, head: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let mut message = head.as_bytes().to_vec();
        message.extend_from_slice(body);
        self.stream.get_mut().write_all(&message).context("send a request")?;
        let (status, length) = self.read_head()?;
        let body = match length {
            // It has no body, and says nothing of its length.
            _ if status == NO_CONTENT => Vec::new(),
            Some(length) => {
                let mut answer = vec![0; length];
                self.stream.read_exact(&mut answer).context("read an answer")?;
                answer
            }
            None => self.read_chunks()?,
        };
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// The status, and the length unless the body comes in chunks.
    fn read_head(&mut self) -> anyhow::Result<(u16, Option<usize>)> {
        let line = self.read_line()?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.with_context(|| format!("read the status in {line:?}"))?;
        let mut length = None;
        loop {
            let line = self.read_line()?.to_ascii_lowercase();
            if line.is_empty() {
                return Ok((status, length));
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse().context("read Content-Length")?);
            }
        }
    }

    fn read_chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut answer = Vec::new();
        loop {
            let line = self.read_line()?;
            let length = usize::from_str_radix(line.trim(), 16).context("read a chunk's length")?;
            let begin = answer.len();
            answer.resize(begin + length, 0);
            self.stream.read_exact(&mut answer[begin..]).context("read a chunk")?;
            self.read_line()?;
            if length == 0 {
                return Ok(answer);
            }
        }
    }

    fn read_line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).context("read an answer")?;
        ensure!(read > 0, "the server closed the connection");
        Ok(line.trim_end().to_owned())
    }
}
