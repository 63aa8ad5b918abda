//! The TCP door: HTTP connections, with or without TLS, bounded in number, in header size and in how long they may dawdle, be it
//! with a request or with reading an answer. How much each bound is stands in `door::limits`.

mod answered;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api::{OtlpOnly, Peer, cut};
use axum::Router;
use axum::body::Body;
use door::connections::{Connection, Connections};
use door::cut::Cut;
use door::limits::Limits;
use door::proxies::{Proxies, Unclear};
use door::reading::Reading;
use door::unread::Unread;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::{debug, warn};

use self::answered::Answered;
use crate::tls::Certificate;

/// Of the request's head. SigV4 with session tokens makes heads of some KiB.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;
/// After a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests in flight have, once the shutdown began.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
/// What is answered on a connection, too, for which there is no room.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/grpc.health.v1.Health/Check"];

/// Calls of one connection at a time; a collector has some dozens.
const MAX_STREAMS: u32 = 256;
/// So that a batch of a megabyte need not wait for the other side.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// A connection that does not answer a ping is gone. Clients may ping as often as they like.
const PING_EVERY: Duration = Duration::from_secs(60);

/// What is behind a port.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) tls: Option<Certificate>,
    /// It takes spans and nothing else.
    pub(crate) is_otlp_only: bool,
    /// Of all ports together.
    pub(crate) connections: Connections,
    pub(crate) limits: Limits,
    /// Whose word is taken on where requests come from.
    pub(crate) proxies: Proxies,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

/// How a connection began.
#[derive(Debug, Clone, Copy)]
struct Greeting {
    version: Version,
    /// Certificates of clients are asked for, and it showed none.
    is_stranger: bool,
}

/// A connection that was let in, and what is known of it while it lasts.
struct Guest {
    peer: IpAddr,
    held: Connection,
    /// When its first request must be there.
    first_head: Instant,
    /// Cancelled by its first request.
    spoke: CancellationToken,
    reading: Reading,
}

/// Serves until shutdown, then lets requests in flight finish, for a while.
pub(crate) async fn serve(listener: TcpListener, door: Door, shutdown: CancellationToken) {
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let guest = Arc::new(Guest {
            peer,
            held: door.connections.admit(peer),
            first_head: Instant::now() + door.limits.first_head,
            spoke: CancellationToken::new(),
            reading: Reading::default(),
        });
        let (door, watcher) = (door.clone(), graceful.watcher());
        let closing = shutdown.clone();
        tokio::spawn(async move {
            let limits = door.limits;
            tokio::select! {
                () = receive(stream, &guest, door, watcher, closing) => {}
                reason = guest.overstays(&limits) => {
                    cut(reason);
                    debug!(%peer, reason = reason.reason(), "closed a connection");
                }
            }
        });
    }
    // New connections are refused from here on.
    drop(listener);
    let open = graceful.count();
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        warn!(open, "left requests unanswered that did not finish in time");
    }
}

impl Guest {
    /// Returns when the connection must go, with the reason.
    async fn overstays(&self, limits: &Limits) -> Cut {
        tokio::select! {
            () = self.held.closed() => Cut::IdleConnection,
            () = self.reading.stands_still(limits.unread) => Cut::UnreadAnswer,
            late = timeout_at(self.first_head, self.spoke.cancelled()) => match late {
                Err(_) => Cut::SlowHead,
                Ok(()) => tokio::select! {
                    () = self.held.closed() => Cut::IdleConnection,
                    () = self.reading.stands_still(limits.unread) => Cut::UnreadAnswer,
                },
            },
        }
    }
}

/// Greets, and answers the requests of one connection.
async fn receive(
    stream: TcpStream,
    guest: &Arc<Guest>,
    door: Door,
    watcher: Watcher,
    closing: CancellationToken,
) {
    let peer = guest.peer;
    match door.tls.clone() {
        None => {
            let version = tokio::select! {
                () = closing.cancelled() => None,
                version = version(&stream, door.limits.next_head) => version,
            };
            if let Some(version) = version {
                let greeting = Greeting { version, is_stranger: false };
                converse(stream, greeting, guest, door, watcher).await;
            }
        }
        Some(tls) => match tls.acceptor().accept(stream).await {
            Ok(stream) => {
                let session = stream.get_ref().1;
                let is_http2 = session.alpn_protocol() == Some(b"h2");
                let version = if is_http2 { Version::Http2 } else { Version::Http1 };
                let is_stranger = tls.asks_clients() && session.peer_certificates().is_none();
                converse(stream, Greeting { version, is_stranger }, guest, door, watcher).await;
            }
            // Such as a client that speaks HTTP, does not trust the certificate, or shows one that is not trusted.
            Err(error) => debug!(%peer, %error, "connection could not greet by TLS"),
        },
    }
}

/// Of a connection without TLS; `None` where it sends nothing in time.
async fn version(stream: &TcpStream, limit: Duration) -> Option<Version> {
    let is_http2 = door::preface::is_http2(stream, limit).await?;
    Some(if is_http2 { Version::Http2 } else { Version::Http1 })
}

/// Answers the requests of one connection.
async fn converse<S>(stream: S, greeting: Greeting, guest: &Arc<Guest>, door: Door, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Limits { unread, next_head, .. } = door.limits;
    let Greeting { version, is_stranger } = greeting;
    let stream = TokioIo::new(Unread::new(stream, unread));
    if version == Version::Http2 {
        // Clients of gRPC open connections long before they have something to say.
        guest.spoke.cancel();
    }
    let of_service = Arc::clone(guest);
    let service =
        service_fn(move |request: Request<Incoming>| answer(request, is_stranger, &of_service, &door));
    if version == Version::Http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD_BYTES as u32)
            .keep_alive_interval(PING_EVERY)
            .serve_connection(stream, service);
        ended(watcher.watch(connection).await);
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(next_head)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(stream, service);
    ended(watcher.watch(connection).await);
}

fn ended(result: hyper::Result<()>) {
    let Err(error) = result else { return };
    // Such as a client that went away in the middle of its request.
    debug!(%error, "connection ended early");
    if is_unread(&error) {
        cut(Cut::UnreadAnswer);
    }
}

/// Whether the kernel took no more of an answer, as `Unread` tells it.
fn is_unread(error: &hyper::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut) {
            return true;
        }
        source = error.source();
    }
    false
}

/// One request, which is in flight until its answer is sent.
fn answer(
    mut request: Request<Incoming>,
    is_stranger: bool,
    guest: &Guest,
    door: &Door,
) -> impl Future<Output = Result<Response<Answered>, Infallible>> + use<> {
    guest.spoke.cancel();
    let (in_flight, reading) = (guest.held.request(), guest.reading.clone());
    let is_probe = PROBES.contains(&request.uri().path());
    let is_turned_away = guest.held.is_for_probes() && !is_probe;
    let client = door.proxies.client(guest.peer, request.headers());
    request.extensions_mut().insert(Peer(client.unwrap_or(guest.peer)));
    if door.is_otlp_only {
        request.extensions_mut().insert(OtlpOnly);
    }
    let refusal = match client {
        _ if is_turned_away => Some(turn_away()),
        _ if is_stranger && !is_probe => Some(without_certificate(request.headers())),
        Err(Unclear) => Some(unclear()),
        Ok(_) => None,
    };
    // A router is always ready.
    let answer = refusal.map_or_else(|| Ok(door.router.clone().call(request.map(Body::new))), Err);
    async move {
        let response = match answer {
            Ok(answer) => answer.await?,
            Err(refusal) => refusal,
        };
        Ok(response.map(|body| Answered::new(body, reading, in_flight)))
    }
}

/// There is room for probes alone.
fn turn_away() -> Response<Body> {
    cut(Cut::Connections);
    let mut response = Response::new(Body::from("too many connections are busy\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Clients must show a certificate, and this one has shown none.
fn without_certificate(headers: &HeaderMap) -> Response<Body> {
    const WHY: &str = "this server asks for a certificate of clients (--tls-client-ca), and none was shown";
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if kind.starts_with(b"application/grpc") {
        return otlp::grpc::failed(otlp::grpc::Failure::Unauthenticated(WHY.to_owned()));
    }
    let mut response = Response::new(Body::from(format!("{WHY}\n")));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// Nobody knows whose request it is.
fn unclear() -> Response<Body> {
    const WHY: &str = "X-Forwarded-For and Forwarded name different clients; let the proxy remove the one that it does not write\n";
    let mut response = Response::new(Body::from(WHY));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    let mut is_failing = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small; waiting to fill a packet would add up to 40 ms to each.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "left Nagle's algorithm on");
                }
                return (stream, peer.ip().to_canonical());
            }
            Err(error) => {
                if !is_failing {
                    warn!(%error, "cannot accept connections");
                    is_failing = true;
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
