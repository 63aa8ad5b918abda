//! The doors of OTLP: spans come by gRPC and HTTP and leave in X-Ray's batches, in the texts of `otlp::relay`.
//!
//! What is taken waits in memory or in the spool like any document. Where neither has room, senders are told to come back, since
//! they, other than those of datagrams, can.

use std::convert::Infallible;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use door::{preface, site};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use otlp::grpc::{self, Failure};
use otlp::{Rejects, relay, response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::counters::Counters;
use crate::intake::Intake;

const TRACES: &str = "/v1/traces";
const ONLY_TRACES: &str = "this port takes traces; switch this exporter off with OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none";
/// Each exporter has one.
const MAX_CONNECTIONS: usize = 256;
/// Packed and unpacked. An SDK's batch has some 300 KB, a collector's 4 MB.
const MAX_BODY_BYTES: usize = 16 << 20;
/// Of all bodies together, in kilobytes, packed and unpacked: the agent is small.
const BODIES_KILOBYTES: usize = 32 << 10;
/// From the connection, or the last answer, to the end of the next request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(60);
const BODY_LIMIT: Duration = Duration::from_secs(10);
const MAX_HEAD_BYTES: usize = 64 << 10;
const MAX_STREAMS: u32 = 64;
const STREAM_WINDOW: u32 = 1 << 20;
const PING_EVERY: Duration = Duration::from_secs(60);
/// How long requests in flight have, once the shutdown began.
const GRACE: Duration = Duration::from_millis(500);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What a sender is told to wait; exporters give a batch up after ten.
const SOON: u32 = 1;

type Answer = Response<UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>>;

/// Both ports, each of which takes both protocols.
pub(crate) struct Door {
    intake: Arc<Intake>,
    counters: Arc<Counters>,
    /// What does not fit into memory goes to disk, so nobody is told to come back.
    has_spool: bool,
    connections: Semaphore,
    bodies: Semaphore,
}

/// How spans are written in a request by HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

impl Door {
    pub(crate) fn new(intake: Arc<Intake>, counters: Arc<Counters>, has_spool: bool) -> Self {
        let connections = Semaphore::new(MAX_CONNECTIONS);
        Self { intake, counters, has_spool, connections, bodies: Semaphore::new(BODIES_KILOBYTES) }
    }

    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let is_local = listener.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
                () = shutdown.cancelled() => break,
            };
            let (door, watcher, closing) = (Arc::clone(&self), graceful.watcher(), shutdown.clone());
            tokio::spawn(async move {
                // Beyond the bound it is closed, and its sender tries again.
                let Ok(_permit) = door.connections.try_acquire() else { return };
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "left Nagle's algorithm on");
                }
                let version = tokio::select! {
                    version = preface::is_http2(&stream, HEAD_LIMIT) => version,
                    () = closing.cancelled() => None,
                };
                if let Some(is_http2) = version {
                    converse(stream, is_http2, Arc::clone(&door), is_local, watcher).await;
                }
            });
        }
        drop(listener);
        if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
            debug!("left requests of OTLP unanswered that did not finish in time");
        }
    }

    async fn answer(&self, request: Request<Incoming>, is_local: bool) -> Answer {
        let path = request.uri().path();
        let is_grpc = path.starts_with("/opentelemetry.") || path.starts_with("/grpc.");
        let form = form(request.headers());
        if let Err(why) = site::of_program(request.headers(), request.uri(), is_local) {
            self.counters.otlp_refused.add(1);
            return fail(is_grpc, form, Failure::PermissionDenied(why.to_owned()));
        }
        match (request.method(), path) {
            (&Method::POST, grpc::EXPORT) => self.export(request).await,
            (&Method::POST, grpc::HEALTH) => {
                let (head, _) = request.into_parts();
                let serving = |_| async { Ok(Bytes::from_static(b"\x08\x01")) };
                grpc::answer(head, grpc::frame(b""), 1, serving).await.map(boxed)
            }
            (&Method::POST, TRACES) => {
                let taken = match form {
                    Some(form) => self.take(request, form).await,
                    None => Err(Failure::Unimplemented(
                        "send application/x-protobuf or application/json".to_owned(),
                    )),
                };
                match taken {
                    Ok(rejects) => success(form.unwrap_or(Form::Json), &rejects),
                    Err(failure) => self.refuse(false, form, failure),
                }
            }
            _ => self.refuse(is_grpc, form, Failure::NotFound(ONLY_TRACES.to_owned())),
        }
    }

    async fn take(&self, request: Request<Incoming>, form: Form) -> Result<Rejects, Failure> {
        let (head, body) = request.into_parts();
        let encoding = word(&head.headers, &CONTENT_ENCODING);
        let (body, share) = self.collect(body, MAX_BODY_BYTES).await?;
        let (body, share) = self.unpack(&encoding, body, share)?;
        let rejects = self.relay(&body, form);
        drop(share);
        rejects
    }

    async fn export(&self, request: Request<Incoming>) -> Answer {
        match self.exported(request).await {
            Ok(answer) => answer,
            Err(failure) => self.refuse(true, None, failure),
        }
    }

    async fn exported(&self, request: Request<Incoming>) -> Result<Answer, Failure> {
        let (head, body) = request.into_parts();
        let (body, share) = self.collect(body, MAX_BODY_BYTES + grpc::PREFIX_BYTES).await?;
        let (is_packed, message) = grpc::unframe(&body)?;
        let (message, share) = if is_packed {
            let encoding = head.headers.get("grpc-encoding").and_then(|value| value.to_str().ok());
            self.unpack(encoding.unwrap_or("an encoding without a name"), message, share)?
        } else {
            (message, share)
        };
        let rejects = self.relay(&message, Form::Protobuf)?;
        drop(share);
        // Taken already: what is left is to say so as gRPC does.
        let said = Bytes::from(response::protobuf(&rejects));
        Ok(grpc::answer(head, grpc::frame(b""), 1, |_| async { Ok(said) }).await.map(boxed))
    }

    /// Hands the spans on; what is taken of them is taken whole.
    fn relay(&self, body: &[u8], form: Form) -> Result<Rejects, Failure> {
        if !self.has_spool && self.intake.is_filling() {
            return Err(Failure::Unavailable {
                message: "what waits to be sent fills the agent's memory; it has no spool".to_owned(),
                seconds: SOON,
            });
        }
        let mut sink = |text: &str| {
            self.counters.received.add(1);
            self.intake.push(text.as_bytes());
        };
        let relayed = match form {
            Form::Protobuf => relay::protobuf(body, &mut sink),
            Form::Json => relay::json(body, &mut sink),
        };
        let rejects = relayed.map_err(|error| Failure::Invalid(error.to_string()))?;
        self.counters.otlp_taken.add(1);
        self.counters.otlp_spans_refused.add(usize::try_from(rejects.count()).unwrap_or(usize::MAX));
        Ok(rejects)
    }

    /// Takes memory as the bytes come, and never waits for it.
    async fn collect(
        &self,
        mut body: Incoming,
        limit: usize,
    ) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Failure> {
        let read = async {
            let mut whole = BytesMut::new();
            let mut share = None;
            while let Some(frame) = body.frame().await {
                let cut = |_| Failure::Invalid("the body ended before it was complete".to_owned());
                let Ok(data) = frame.map_err(cut)?.into_data() else { continue };
                self.grow(&mut share, whole.len(), data.len(), limit)?;
                whole.extend_from_slice(&data);
            }
            Ok((whole.freeze(), share))
        };
        let late = |_| Failure::Invalid("the body did not come within 10 s".to_owned());
        tokio::time::timeout(BODY_LIMIT, read).await.map_err(late)?
    }

    fn grow<'s>(
        &'s self,
        share: &mut Option<SemaphorePermit<'s>>,
        have: usize,
        more: usize,
        limit: usize,
    ) -> Result<(), Failure> {
        if have + more > limit {
            return Err(Failure::TooLarge(format!(
                "the request is larger than {limit} bytes; send smaller batches"
            )));
        }
        let kilobytes = (have + more).div_ceil(1 << 10) - have.div_ceil(1 << 10);
        let busy = |_| Failure::Unavailable {
            message: "too many large requests at a time".to_owned(),
            seconds: SOON,
        };
        let kilobytes = u32::try_from(kilobytes).unwrap_or(u32::MAX);
        let more = self.bodies.try_acquire_many(kilobytes).map_err(busy)?;
        match share {
            Some(held) => held.merge(more),
            None => *share = Some(more),
        }
        Ok(())
    }

    fn unpack<'s>(
        &'s self,
        encoding: &str,
        packed: Bytes,
        share: Option<SemaphorePermit<'s>>,
    ) -> Result<(Bytes, Option<SemaphorePermit<'s>>), Failure> {
        let mut reader: Box<dyn Read + '_> = match encoding {
            "" | "identity" => return Ok((packed, share)),
            "gzip" => Box::new(flate2::read::MultiGzDecoder::new(&packed[..])),
            "deflate" => Box::new(flate2::read::ZlibDecoder::new(&packed[..])),
            "zstd" => Box::new(zstd::Decoder::new(&packed[..]).map_err(|error| damaged(&error))?),
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(Failure::Unimplemented(format!(
                    "the encoding {other:?} is not taken; send gzip, zstd, deflate or none"
                )));
            }
        };
        let mut unpacked = Vec::new();
        let mut piece = [0; 16 << 10];
        let mut own = None;
        loop {
            match reader.read(&mut piece) {
                Ok(0) => return Ok((unpacked.into(), own)),
                Ok(read) => {
                    self.grow(&mut own, unpacked.len(), read, MAX_BODY_BYTES)?;
                    unpacked.extend_from_slice(&piece[..read]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(damaged(&error)),
            }
        }
    }

    fn refuse(&self, is_grpc: bool, form: Option<Form>, failure: Failure) -> Answer {
        let counter = match failure {
            Failure::Unavailable { .. } => &self.counters.otlp_busy,
            _ => &self.counters.otlp_refused,
        };
        counter.add(1);
        fail(is_grpc, form, failure)
    }
}

async fn converse(stream: TcpStream, is_http2: bool, door: Arc<Door>, is_local: bool, watcher: Watcher) {
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(request, is_local).await) }
    });
    let ended = if is_http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .max_header_list_size(MAX_HEAD_BYTES as u32)
            .keep_alive_interval(PING_EVERY)
            .serve_connection(TokioIo::new(stream), service);
        watcher.watch(connection).await
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        watcher.watch(connection).await
    };
    if let Err(error) = ended {
        debug!(%error, "connection ended early");
    }
}

fn damaged(error: &io::Error) -> Failure {
    Failure::Invalid(format!("the body cannot be unpacked: {error}"))
}

fn form(headers: &HeaderMap) -> Option<Form> {
    match word(headers, &CONTENT_TYPE).split(';').next()?.trim() {
        "application/x-protobuf" | "application/protobuf" => Some(Form::Protobuf),
        "application/json" => Some(Form::Json),
        _ => None,
    }
}

fn word(headers: &HeaderMap, name: &http::HeaderName) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim().to_ascii_lowercase()
}

fn boxed<B>(body: B) -> UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    body.map_err(Into::into).boxed_unsync()
}

fn success(form: Form, rejects: &Rejects) -> Answer {
    let body = match form {
        Form::Protobuf => response::protobuf(rejects).into(),
        Form::Json => Bytes::from(response::json(rejects)),
    };
    by_http(StatusCode::OK, form, body)
}

fn fail(is_grpc: bool, form: Option<Form>, failure: Failure) -> Answer {
    if is_grpc {
        return grpc::failed::<Full<Bytes>>(failure).map(boxed);
    }
    let form = form.unwrap_or(Form::Json);
    let (status, code, message, seconds) = match failure {
        Failure::Invalid(message) => (StatusCode::BAD_REQUEST, 3, message, None),
        Failure::TooLarge(message) => (StatusCode::PAYLOAD_TOO_LARGE, 8, message, None),
        Failure::Unavailable { message, seconds } => {
            (StatusCode::SERVICE_UNAVAILABLE, 14, message, Some(seconds))
        }
        Failure::Unauthenticated(message) => (StatusCode::UNAUTHORIZED, 16, message, None),
        Failure::PermissionDenied(message) => (StatusCode::FORBIDDEN, 7, message, None),
        Failure::Unimplemented(message) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 3, message, None),
        Failure::NotFound(message) => (StatusCode::NOT_FOUND, 12, message, None),
    };
    let body = match form {
        Form::Protobuf => response::status_protobuf(code, &message).into(),
        Form::Json => Bytes::from(response::status_json(code, &message)),
    };
    let mut answer = by_http(status, form, body);
    if let Some(seconds) = seconds {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

fn by_http(status: StatusCode, form: Form, body: Bytes) -> Answer {
    let kind = match form {
        Form::Protobuf => "application/x-protobuf",
        Form::Json => "application/json",
    };
    let mut answer = Response::new(boxed(Full::new(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// Binds a port that nobody asked for by name only where it is free: a server on this machine has it too.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
