//! Calls of gRPC. The body is read within the budget for bodies and unpacked there; `otlp::grpc` does the rest.

use ::otlp::grpc::{PREFIX_BYTES, answer, failed, frame, unframe};
use ::otlp::response;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use door::budget::Share;

use super::{Failure, Form, MAX_BODY_BYTES, ONLY_TRACES, keep, refuse};
use crate::app::Shared;
use crate::body::{self, BodyError, Purse, ReadBody};

/// OTLP's `TraceService.Export`.
pub(crate) async fn export(State(app): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let read = read(&app.bodies.of(&head.extensions), &head.headers, body).await;
    let (bytes, share) = match read {
        Ok(read) => read,
        Err(failure) => {
            if let Some(reason) = failure.reason() {
                refuse(&app, reason, failure.message(), 1, "");
            }
            return fail(failure);
        }
    };
    let (limit, ingest) = (bytes.len().max(1), app.ingest(&head.headers));
    let answered = answer(head, bytes, limit, move |message| async move {
        let kept = keep(&app, &ingest, message, Form::Protobuf).await;
        drop(share);
        let rejects = kept.map_err(|failure| failure.for_grpc().0)?;
        Ok(Bytes::from(response::protobuf(&rejects)))
    })
    .await;
    answered.map(Body::new)
}

/// Kubernetes' probe: whoever can be asked serves.
pub(crate) async fn health(request: Request) -> Response {
    let (head, _) = request.into_parts();
    let serving = |_| async { Ok(Bytes::from_static(b"\x08\x01")) };
    answer(head, frame(b""), 1, serving).await.map(Body::new)
}

pub(crate) async fn other_signal() -> Response {
    fail(Failure::NotFound(ONLY_TRACES.to_owned()))
}

pub(crate) fn fail(failure: Failure) -> Response {
    let (failure, cause) = failure.for_grpc();
    let mut answer: Response = failed(failure);
    if let Some(cause) = cause {
        answer.extensions_mut().insert(cause);
    }
    answer
}

/// The message, not packed and framed again, as tonic reads it.
async fn read(purse: &Purse, headers: &HeaderMap, body: Body) -> Result<(Bytes, Share), Failure> {
    let ReadBody { bytes, share } = body::collect(body, MAX_BODY_BYTES + PREFIX_BYTES, purse).await?;
    let (is_packed, message) =
        unframe(&bytes).map_err(|_| Failure::Invalid("the body is not one message of gRPC".to_owned()))?;
    if !is_packed {
        return Ok((bytes, share));
    }
    let encoding = headers.get("grpc-encoding").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if matches!(encoding, "" | "identity") {
        return Err(Failure::from(BodyError::UnknownEncoding("packed, and by nothing".to_owned())));
    }
    let ReadBody { bytes, share } = body::unpack(encoding, message, MAX_BODY_BYTES, purse).await?;
    Ok((frame(&bytes), share))
}
