//! The TCP door: HTTP/1.1 connections, with or without TLS, bounded in number, in header size and in how long they may dawdle.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use api::{OtlpOnly, Peer};
use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::{debug, warn};

/// Each costs a file and some memory. Beyond it, connections wait in the kernel's backlog.
const MAX_CONNECTIONS: usize = 4_096;
/// From the connection, or the last answer, to the end of the next request's head. SDKs and browsers keep
/// connections open and open new ones when they find them closed.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(60);
/// From the connection to the end of TLS' greetings.
const HANDSHAKE_TIME_LIMIT: Duration = Duration::from_secs(10);
/// Of the request's head. SigV4 with session tokens makes heads of some KiB.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;
/// After a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests in flight have, once the shutdown began.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

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
    pub(crate) tls: Option<TlsAcceptor>,
    /// It takes spans and nothing else.
    pub(crate) is_otlp_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

/// Serves until shutdown, then lets requests in flight finish, for a while.
pub(crate) async fn serve(listener: TcpListener, door: Door, shutdown: CancellationToken) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let (stream, peer, permit) = accepted;
        let (door, watcher) = (door.clone(), graceful.watcher());
        let closing = shutdown.clone();
        tokio::spawn(async move {
            match &door.tls {
                None => {
                    let version = tokio::select! {
                        () = closing.cancelled() => None,
                        version = version(&stream) => version,
                    };
                    if let Some(version) = version {
                        converse(stream, version, peer, door, watcher).await;
                    }
                }
                Some(tls) => match tokio::time::timeout(HANDSHAKE_TIME_LIMIT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        let version = if is_http2 { Version::Http2 } else { Version::Http1 };
                        converse(stream, version, peer, door, watcher).await;
                    }
                    // Such as a client that speaks HTTP, or does not trust the certificate.
                    Ok(Err(error)) => debug!(%peer, %error, "connection could not greet by TLS"),
                    Err(_) => debug!(%peer, "connection did not greet by TLS in time"),
                },
            }
            drop(permit);
        });
    }
    // New connections are refused from here on.
    drop(listener);
    let open = graceful.count();
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        warn!(open, "left requests unanswered that did not finish in time");
    }
}

/// Of a connection without TLS; `None` where it sends nothing in time.
async fn version(stream: &TcpStream) -> Option<Version> {
    let is_http2 = door::preface::is_http2(stream, HEAD_TIME_LIMIT).await?;
    Some(if is_http2 { Version::Http2 } else { Version::Http1 })
}

/// Answers the requests of one connection.
async fn converse<S>(stream: S, version: Version, peer: IpAddr, door: Door, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        if door.is_otlp_only {
            request.extensions_mut().insert(OtlpOnly);
        }
        // A router is always ready.
        door.router.clone().call(request.map(Body::new))
    });
    if version == Version::Http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD_BYTES as u32)
            .keep_alive_interval(PING_EVERY)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            debug!(%error, "connection ended early");
        }
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_LIMIT)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    // Such as a client that went away in the middle of its request.
    if let Err(error) = watcher.watch(connection).await {
        debug!(%error, "connection ended early");
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, tokio::sync::OwnedSemaphorePermit) {
    let permit = Arc::clone(connections).acquire_owned().await.expect("the semaphore is never closed");
    let mut is_failing = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small; waiting to fill a packet would add up to 40 ms to each.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "left Nagle's algorithm on");
                }
                return (stream, peer.ip().to_canonical(), permit);
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
