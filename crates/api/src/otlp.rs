//! The doors of OTLP: `/v1/traces` in protobuf and JSON, and gRPC's method of the same meaning. Every port answers both.
//!
//! What is answered is OTLP's, not X-Ray's: `google.rpc.Status` in the encoding of the request, `partial_success` with reasons where spans
//! were refused, and on overload 503 or UNAVAILABLE with a time to come back, never 429, after which older exporters drop the batch.

pub(crate) mod cors;
mod failure;
pub(crate) mod grpc;
pub(crate) mod http;

use std::sync::Arc;

use ::otlp::{BadRequest, Rejects};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ingest::Ingest;
use ingest::refusals::{Door, Refusal, excerpt};
use model::SegmentDocument;
use tokio::sync::mpsc;

pub(crate) use self::failure::{Failure, Form};
use crate::app::{App, Shared};

/// The largest request, unpacked: what OTLP's specification recommends since 1.11. A smaller bound loses whole batches.
pub(crate) const MAX_BODY_BYTES: usize = 64 << 20;
/// Decoding of more than this moves off the threads that serve requests.
const MUCH: usize = 128 << 10;
pub(crate) const TRACES: &str = "/v1/traces";
const ONLY_TRACES: &str = "Fluoro takes traces; switch this exporter off with OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none";

/// Marks a request that came by a port for OTLP alone.
#[derive(Debug, Clone, Copy)]
pub struct OtlpOnly;

/// A port for OTLP answers nothing else: whoever opens it opens neither the console nor X-Ray's API.
pub(crate) async fn keep_to_spans(request: Request, next: Next) -> Response {
    let is_restricted = request.extensions().get::<OtlpOnly>().is_some();
    let path = request.uri().path();
    let is_span =
        path.starts_with("/v1/") || path.starts_with("/opentelemetry.") || path.starts_with("/grpc.");
    if is_restricted && !is_span && path != "/healthz" {
        let form = Form::of(request.headers()).unwrap_or(Form::Json);
        return form
            .failed(Failure::NotFound(format!("this port takes spans at {TRACES} and by gRPC alone")))
            .into_response();
    }
    next.run(request).await
}

/// How a request of OTLP wants to be answered, whoever answers it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Speech {
    Http(Form),
    Grpc,
}

impl Speech {
    /// `None` of what is no request of OTLP.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        match request.uri().path() {
            ::otlp::grpc::EXPORT => Some(Self::Grpc),
            TRACES => Some(Self::Http(Form::of(request.headers()).unwrap_or(Form::Json))),
            _ => None,
        }
    }

    pub(crate) fn refuse(self, failure: Failure) -> Response {
        match self {
            Self::Http(form) => form.failed(failure),
            Self::Grpc => grpc::fail(failure),
        }
    }
}

/// Keeps the spans of a request. When it returns they are durable, but for those that are refused.
async fn keep(app: &Shared, ingest: &Ingest, bytes: Bytes, form: Form) -> Result<Rejects, Failure> {
    let start = excerpt(&bytes[..bytes.len().min(512)]);
    let taken = if bytes.len() > MUCH {
        keep_much(app, ingest, bytes, form).await?
    } else {
        let mut chunks = Vec::new();
        let rejects = cut(&bytes, form, &mut |chunk| {
            chunks.push(chunk);
            true
        });
        for chunk in chunks {
            ingest.submit(Door::Otlp, chunk).await?;
        }
        rejects
    };
    let rejects = taken.map_err(|bad| {
        refuse(app, "not_otlp", bad.to_string(), 1, &start);
        Failure::Invalid(bad.to_string())
    })?;
    for (first, count) in rejects.reasons() {
        refuse(app, first.reason(), first.to_string(), *count, &start);
    }
    Ok(rejects)
}

/// The same for what takes long. While one chunk becomes durable the next is made, and no more than these are in memory; how many
/// requests are cut at a time is bounded, and those beyond wait with their bodies.
async fn keep_much(
    app: &Shared,
    ingest: &Ingest,
    bytes: Bytes,
    form: Form,
) -> Result<Result<Rejects, BadRequest>, Failure> {
    let closed = |error| Failure::Internal(Arc::new(error));
    let turn = Arc::clone(&app.cutting).acquire_owned().await.map_err(closed)?;
    let (sender, mut chunks) = mpsc::channel(1);
    let cut = tokio::task::spawn_blocking(move || {
        // Its turn lasts until it ends, also where nobody waits for it any more.
        let _turn = turn;
        cut(&bytes, form, &mut |chunk| sender.blocking_send(chunk).is_ok())
    });
    while let Some(chunk) = chunks.recv().await {
        ingest.submit(Door::Otlp, chunk).await?;
    }
    cut.await.map_err(|error| Failure::Internal(Arc::new(error)))
}

fn cut(
    bytes: &[u8],
    form: Form,
    sink: &mut dyn FnMut(Vec<SegmentDocument>) -> bool,
) -> Result<Rejects, BadRequest> {
    match form {
        Form::Json => ::otlp::cut_json(bytes, sink),
        Form::Protobuf => ::otlp::cut_protobuf(bytes, sink),
    }
}

fn refuse(app: &App, reason: &str, detail: String, count: u64, start: &str) {
    let refusal = Refusal {
        at: app.deps.clock.now(),
        door: Door::Otlp,
        reason: reason.to_owned(),
        detail,
        excerpt: start.to_owned(),
    };
    app.deps.ingest.refusals().record_several(refusal, count);
}
