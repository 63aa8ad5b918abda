//! The TCP side: what SDKs ask X-Ray goes on to the first upstream that speaks its language, signed; `/healthz` and `/metrics` are
//! answered here.
//!
//! The AWS daemon forwards and signs whatever anybody sends it, so that who can reach it can use its role.
//! Here only what SDKs and agents need passes, unless `ProxyAll` asks for more.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use door::connections::{Connections, Limits};
use door::proxies::Proxies;
use door::site;
use door::unread::Unread;
use http::header::{self, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use model::error::chain;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::counters::Counters;
use crate::log::Sparse;
use crate::sign::{Scope, sign};
use crate::upstream::Upstream;

/// What SDKs ask for, and what other agents and SDKs send by TCP, such as documents beyond a datagram.
const ALLOWED: [&str; 4] = ["/GetSamplingRules", "/SamplingTargets", "/TraceSegments", "/TelemetryRecords"];
/// Each SDK has a connection of its own. Beyond them, those that are idle longest are closed.
const CONNECTIONS: Limits = Limits { total: 512, peer: 128, local: 448, probes: 8 };
/// What is answered on a connection, too, for which there is no room.
const HEALTH: &str = "/healthz";
const NOBODY: &str =
    "every upstream speaks OTLP, so nobody knows sampling rules; add a Fluoro or aws to Endpoints";
/// From the connection, or the last answer, to the end of the next request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(60);
/// How long an answer may stand still for its reader.
const UNREAD_LIMIT: Duration = Duration::from_secs(30);
/// For a body to come in, and for the upstream to begin its answer.
const BODY_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// 50 documents of 64 KB take 3.2 MB before they are escaped.
const MAX_BODY_BYTES: usize = 8 << 20;
/// Of all bodies together.
const BODIES_KILOBYTES: usize = 16 << 10;
/// What SDKs ask sampling with is below this; a share of the memory is kept for such.
const SMALL_BODY_BYTES: usize = 64 << 10;
const ROOM_FOR_SMALL_KILOBYTES: usize = 1 << 10;
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How long answers in flight have, once the shutdown began.
const GRACE: Duration = Duration::from_secs(1);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Of one connection only, so they are not for the next one, and a signature must not cover them. The last
/// three are here since others on the way change them.
const NOT_FORWARDED: [HeaderName; 11] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("x-forwarded-for"),
    header::EXPECT,
];

type Answer = Response<Either<Full<Bytes>, Incoming>>;

pub(crate) struct Proxy {
    /// None where all upstreams speak OTLP.
    pub(crate) upstream: Option<Arc<Upstream>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) forwards_all: bool,
    pub(crate) bodies: Semaphore,
    pub(crate) failures: parking_lot::Mutex<Sparse>,
    /// Whether documents are still taken.
    pub(crate) is_healthy: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Proxy {
    pub(crate) fn new(
        upstream: Option<Arc<Upstream>>,
        counters: Arc<Counters>,
        forwards_all: bool,
        is_healthy: Box<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        let bodies = Semaphore::new(BODIES_KILOBYTES);
        let failures = parking_lot::Mutex::new(Sparse::new());
        Self { upstream, counters, forwards_all, bodies, failures, is_healthy }
    }

    /// Serves until shutdown, then lets answers in flight finish, for a moment.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        let connections = Connections::new(CONNECTIONS, Proxies::default());
        let graceful = GracefulShutdown::new();
        let is_local = listener.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
        loop {
            let (stream, peer) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
                    Err(error) => {
                        warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
                () = shutdown.cancelled() => break,
            };
            if let Err(error) = stream.set_nodelay(true) {
                debug!(%error, "left Nagle's algorithm on");
            }
            let held = Arc::new(connections.admit(peer));
            let (proxy, of_requests) = (Arc::clone(&self), Arc::clone(&held));
            let service = service_fn(move |request| {
                let (proxy, in_flight) = (Arc::clone(&proxy), of_requests.request());
                let is_for_probes = of_requests.is_for_probes();
                async move {
                    let answer = match is_for_probes && request.uri().path() != HEALTH {
                        true => proxy.refuse(StatusCode::SERVICE_UNAVAILABLE),
                        false => proxy.answer(request, is_local).await,
                    };
                    drop(in_flight);
                    Ok::<_, Infallible>(answer)
                }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_LIMIT)
                .max_buf_size(MAX_HEAD_BYTES)
                .serve_connection(TokioIo::new(Unread::new(stream, UNREAD_LIMIT)), service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                tokio::select! {
                    ended = connection => {
                        if let Err(error) = ended {
                            debug!(%error, "connection ended early");
                        }
                    }
                    () = held.closed() => debug!(%peer, "closed an idle connection to make room"),
                }
            });
        }
        drop(listener);
        if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
            warn!("left proxied requests unanswered that did not finish in time");
        }
    }

    /// `is_local`: whether nobody but this machine comes here, so that names of it alone are meant.
    async fn answer(&self, request: Request<Incoming>, is_local: bool) -> Answer {
        if let Err(why) = site::of_program(request.headers(), request.uri(), is_local) {
            self.counters.proxy_refused.add(1);
            return denied(why);
        }
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, HEALTH) => return self.health(),
            (&Method::GET | &Method::HEAD, "/metrics") => {
                let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
                let mut answer = text(StatusCode::OK, self.counters.to_prometheus());
                answer.headers_mut().insert(header::CONTENT_TYPE, kind);
                return answer;
            }
            _ => {}
        }
        let is_allowed = request.method() == Method::POST && ALLOWED.contains(&request.uri().path());
        if !is_allowed && !self.forwards_all {
            self.counters.proxy_refused.add(1);
            return denied(
                "the agent forwards only what SDKs need; ProxyAll: true in its configuration opens all of X-Ray's API",
            );
        }
        match self.forward(request).await {
            Ok(answer) => {
                self.counters.proxied.add(1);
                answer
            }
            Err(refused) => refused,
        }
    }

    fn health(&self) -> Answer {
        if (self.is_healthy)() {
            text(StatusCode::OK, "ok\n".to_owned())
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, "no segments are received any more\n".to_owned())
        }
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Answer, Answer> {
        let Some(upstream) = &self.upstream else {
            self.counters.proxy_refused.add(1);
            return Err(denied(NOBODY));
        };
        let (parts, body) = request.into_parts();
        let announced = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
        if announced.is_some_and(|bytes| bytes > MAX_BODY_BYTES) {
            return Err(self.refuse(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let (body, share) = match tokio::time::timeout(BODY_LIMIT, self.collect(body)).await {
            Ok(Ok(collected)) => collected,
            Ok(Err(status)) => return Err(self.refuse(status)),
            Err(_) => return Err(self.refuse(StatusCode::REQUEST_TIMEOUT)),
        };
        let request = rewrite(upstream, parts, body).await.map_err(|why| self.fail(upstream, &why))?;
        let answer = tokio::time::timeout(ANSWER_LIMIT, upstream.client.request(request)).await;
        drop(share);
        match answer {
            Ok(Ok(response)) => {
                let (mut parts, body) = response.into_parts();
                remove_hop_by_hop(&mut parts.headers);
                Ok(Response::from_parts(parts, Either::Right(body)))
            }
            Ok(Err(error)) => Err(self.fail(upstream, &chain(&error))),
            Err(_) => Err(self.fail(upstream, "no answer within 10 s")),
        }
    }

    /// Takes memory as the bytes come, so that who announces much and sends nothing holds up nobody; and never waits for
    /// it, so that bodies cannot wait for each other.
    async fn collect(&self, mut body: Incoming) -> Result<(Bytes, Option<SemaphorePermit<'_>>), StatusCode> {
        let mut whole = BytesMut::new();
        let mut share: Option<SemaphorePermit<'_>> = None;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
            if whole.len() + data.len() > MAX_BODY_BYTES {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            let kilobytes = (whole.len() + data.len()).div_ceil(1 << 10) - whole.len().div_ceil(1 << 10);
            let more = u32::try_from(kilobytes).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
            // Small ones find room that large ones may not take.
            let is_small = whole.len() + data.len() <= SMALL_BODY_BYTES;
            let room = self.bodies.available_permits();
            if !is_small && room < kilobytes + ROOM_FOR_SMALL_KILOBYTES {
                return Err(StatusCode::TOO_MANY_REQUESTS);
            }
            let more = self.bodies.try_acquire_many(more).map_err(|_| StatusCode::TOO_MANY_REQUESTS)?;
            match &mut share {
                Some(held) => held.merge(more),
                None => share = Some(more),
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), share))
    }

    fn refuse(&self, status: StatusCode) -> Answer {
        self.counters.proxy_refused.add(1);
        text(status, String::new())
    }

    /// As the AWS daemon answers when it gets none: 502 and nothing else.
    fn fail(&self, upstream: &Upstream, why: &str) -> Answer {
        self.counters.proxy_failed.add(1);
        if self.failures.lock().lets_through(std::time::Instant::now()) {
            error!("Proxied request failed: {why} ({})", upstream.endpoint);
        }
        text(StatusCode::BAD_GATEWAY, String::new())
    }
}

/// Binds the address; where that fails, segments are still received (docs/aws-daemon.md A7).
pub(crate) fn bind(address: SocketAddr) -> Option<TcpListener> {
    let bound = std::net::TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    });
    match bound {
        Ok(listener) => Some(listener),
        Err(error) => {
            error!("proxy http server failed to listen on {address}: {error}");
            None
        }
    }
}

pub(crate) fn announce(upstream: Option<&Upstream>, address: SocketAddr) {
    match upstream {
        Some(upstream) => info!("HTTP Proxy server using X-Ray Endpoint : {}", upstream.endpoint),
        None => info!("HTTP Proxy server without X-Ray: {NOBODY}"),
    }
    info!("Starting proxy http server on {address}");
}

/// The same request to the upstream, signed as the last thing that happens to it.
async fn rewrite(upstream: &Upstream, mut parts: Parts, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    parts.uri = upstream.endpoint.join(&path).map_err(|error| error.to_string())?;
    parts.version = http::Version::HTTP_11;
    remove_hop_by_hop(&mut parts.headers);
    for name in NOT_FORWARDED {
        parts.headers.remove(name);
    }
    parts.headers.remove(header::HOST);
    // A signature covers text alone.
    let unsignable: Vec<HeaderName> = parts
        .headers
        .iter()
        .filter(|(_, value)| value.to_str().is_err())
        .map(|(name, _)| name.clone())
        .collect();
    for name in unsignable {
        parts.headers.remove(name);
    }
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let credentials = match upstream.endpoint.is_aws() {
        true => upstream.identity.first().await,
        false => upstream.identity.current(),
    };
    // Without credentials it goes as it came; AWS answers 403, which says more than we could.
    if let Some(credentials) = credentials {
        for name in [header::AUTHORIZATION, HeaderName::from_static("x-amz-date")] {
            parts.headers.remove(name);
        }
        for name in ["x-amz-security-token", "x-amz-content-sha256"] {
            parts.headers.remove(name);
        }
        let Upstream { region, endpoint, .. } = upstream;
        let scope = Scope { region, is_aws: endpoint.is_aws() };
        sign(&mut parts, &body, &credentials, scope, SystemTime::now()).map_err(|error| chain(&error))?;
    }
    Ok(Request::from_parts(parts, Full::new(body)))
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in &NOT_FORWARDED[..9] {
        headers.remove(name);
    }
}

fn denied(why: &str) -> Answer {
    let mut answer = text(StatusCode::FORBIDDEN, format!("{{\"Message\":\"{why}\"}}"));
    let error_type = HeaderValue::from_static("AccessDeniedException");
    answer.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), error_type);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn text(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    *answer.status_mut() = status;
    answer
}
