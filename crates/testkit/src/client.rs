//! One HTTP request over a connection of its own.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Answer;

pub(crate) async fn request(server: SocketAddr, request: Request<Full<Bytes>>) -> Answer {
    let what = format!("{} {}", request.method(), request.uri());
    let stream =
        TcpStream::connect(server).await.unwrap_or_else(|error| panic!("connect for {what}: {error}"));
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.unwrap_or_else(|error| panic!("begin {what}: {error}"));
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap_or_else(|error| panic!("send {what}: {error}"));
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap_or_else(|error| panic!("read the answer to {what}: {error}"));
    connection.abort();
    Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() }
}
