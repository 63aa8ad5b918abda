//! A connection of gRPC that does just enough to measure the other side.

use anyhow::{Context, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

pub(crate) struct Connection {
    runtime: Runtime,
    sender: http2::SendRequest<Full<Bytes>>,
    host: String,
}

/// `grpc-status` of an answer, and its message's bytes.
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) message: Bytes,
}

impl Connection {
    pub(crate) fn open(host: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sender = runtime.block_on(async {
            let stream = TcpStream::connect(host).await.with_context(|| format!("connect to {host}"))?;
            stream.set_nodelay(true).context("set TCP_NODELAY")?;
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(1 << 20)
                .handshake(TokioIo::new(stream))
                .await
                .context("begin HTTP/2")?;
            tokio::spawn(connection);
            anyhow::Ok(sender)
        })?;
        Ok(Self { runtime, sender, host: host.to_owned() })
    }

    pub(crate) fn export(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        let mut framed = BytesMut::with_capacity(request.len() + 5);
        framed.put_u8(0);
        framed.put_u32(u32::try_from(request.len()).context("frame a request")?);
        framed.put_slice(request);
        let request = http::Request::post(format!("http://{}{EXPORT}", self.host))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(framed.freeze()))?;
        let sender = &mut self.sender;
        self.runtime.block_on(async {
            sender.ready().await.context("wait for the connection")?;
            let answer = sender.send_request(request).await.context("send a request")?;
            ensure!(answer.status() == 200, "status {}", answer.status());
            let head = status(answer.headers());
            let body = answer.into_body().collect().await.context("read an answer")?;
            let status = body.trailers().and_then(status).or(head).context("find grpc-status")?;
            Ok(Answer { status, message: body.to_bytes() })
        })
    }
}

fn status(headers: &http::HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}
