//! The TCP door: HTTP/1.1 connections, bounded in number, in header size and in how long they may dawdle.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Each costs a file and some memory. Beyond it, connections wait in the kernel's backlog.
const MAX_CONNECTIONS: usize = 4_096;
/// From the connection, or the last answer, to the end of the next request's head. SDKs and browsers keep
/// connections open and open new ones when they find them closed.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(60);
/// Of the request's head. SigV4 with session tokens makes heads of some KiB.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;
/// After a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests in flight have, once the shutdown began.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// Serves until shutdown, then lets requests in flight finish, for a while.
pub(crate) async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let (stream, permit) = accepted;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_LIMIT)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // Such as a client that went away in the middle of its request.
            if let Err(error) = connection.await {
                debug!(%error, "connection ended early");
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

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, tokio::sync::OwnedSemaphorePermit) {
    let permit = Arc::clone(connections).acquire_owned().await.expect("the semaphore is never closed");
    let mut is_failing = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small; waiting to fill a packet would add up to 40 ms to each.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "left Nagle's algorithm on");
                }
                return (stream, permit);
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
