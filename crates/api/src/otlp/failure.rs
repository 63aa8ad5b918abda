//! Why a request of OTLP is not taken, as HTTP and as gRPC.

use std::error::Error;
use std::sync::Arc;

use ::otlp::{Rejects, response};
use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ingest::SubmitError;
use store::StoreError;

use crate::body::BodyError;
use crate::error::Cause;

/// Queues empty within this time; a client gives its batch up where it is told to wait longer than its own time limit leaves.
const SOON: u32 = 1;
/// For a disk that is full or a worker that is behind.
const LATER: u32 = 5;

#[derive(Debug)]
pub(crate) enum Failure {
    Invalid(String),
    UnknownType,
    UnknownEncoding(String),
    TooLarge {
        limit: usize,
    },
    /// Come back in so many seconds.
    Unavailable {
        message: String,
        seconds: u32,
    },
    NotFound(String),
    Unauthenticated(String),
    PermissionDenied(String),
    Internal(Arc<dyn Error + Send + Sync>),
}

/// The encoding of a request, in which it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Protobuf,
    Json,
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Busy(reason) => Self::unavailable(reason, SOON),
            SubmitError::Closed => Self::unavailable("the server is shutting down", LATER),
            SubmitError::Store(error) => match *error {
                StoreError::Busy { reason } => Self::unavailable(reason, LATER),
                StoreError::Closed => Self::unavailable("the server is shutting down", LATER),
                _ => Self::Internal(error),
            },
        }
    }
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge { limit },
            // 408 would make exporters give the spans up.
            BodyError::Busy(_) | BodyError::Slow(_) => Self::unavailable(&error.to_string(), SOON),
            BodyError::UnknownEncoding(_) => Self::UnknownEncoding(error.to_string()),
            BodyError::Damaged { .. } | BodyError::Cut => Self::Invalid(error.to_string()),
        }
    }
}

impl Failure {
    fn unavailable(message: &str, seconds: u32) -> Self {
        Self::Unavailable { message: message.to_owned(), seconds }
    }

    /// A word for the counter of what was refused; none where it was no input's fault.
    pub(super) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::UnknownType => Some("unknown_content_type"),
            Self::UnknownEncoding(_) => Some("broken_encoding"),
            Self::TooLarge { .. } => Some("oversized_body"),
            Self::Invalid(_) => Some("broken_body"),
            _ => None,
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Self::Invalid(message)
            | Self::UnknownEncoding(message)
            | Self::Unavailable { message, .. }
            | Self::NotFound(message)
            | Self::Unauthenticated(message)
            | Self::PermissionDenied(message) => message.clone(),
            Self::UnknownType => "send application/x-protobuf or application/json".to_owned(),
            Self::TooLarge { limit } => {
                format!("the request is larger than {limit} bytes; send smaller batches")
            }
            Self::Internal(_) => "the server could not keep the spans; its log says why".to_owned(),
        }
    }

    /// HTTP's status and gRPC's code. What a later try may mend is 503, since exporters give up on most others.
    fn codes(&self) -> (StatusCode, i32) {
        match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, 3),
            Self::UnknownType | Self::UnknownEncoding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 3),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, 8),
            Self::Unavailable { .. } | Self::Internal(_) => (StatusCode::SERVICE_UNAVAILABLE, 14),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, 12),
            Self::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, 16),
            Self::PermissionDenied(_) => (StatusCode::FORBIDDEN, 7),
        }
    }

    /// As a call of gRPC is told.
    pub(crate) fn for_grpc(self) -> (::otlp::grpc::Failure, Option<Cause>) {
        use ::otlp::grpc::Failure as Grpc;
        let message = self.message();
        let failure = match self {
            Self::Invalid(_) | Self::UnknownType => Grpc::Invalid(message),
            Self::TooLarge { .. } => Grpc::TooLarge(message),
            Self::UnknownEncoding(_) | Self::NotFound(_) => Grpc::Unimplemented(message),
            Self::Unauthenticated(_) => Grpc::Unauthenticated(message),
            Self::PermissionDenied(_) => Grpc::PermissionDenied(message),
            Self::Unavailable { seconds, .. } => Grpc::Unavailable { message, seconds },
            Self::Internal(cause) => {
                return (Grpc::Unavailable { message, seconds: LATER }, Some(Cause(cause)));
            }
        };
        (failure, None)
    }
}

impl Form {
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-protobuf" | "application/protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        })
    }

    pub(super) fn taken(self, rejects: &Rejects) -> Response {
        let body = match self {
            Self::Protobuf => Body::from(response::protobuf(rejects)),
            Self::Json => Body::from(response::json(rejects)),
        };
        ([(CONTENT_TYPE, self.header())], body).into_response()
    }

    pub(crate) fn failed(self, failure: Failure) -> Response {
        let (status, code) = failure.codes();
        let message = failure.message();
        let body = match self {
            Self::Protobuf => Body::from(response::status_protobuf(code, &message)),
            Self::Json => Body::from(response::status_json(code, &message)),
        };
        let mut answer = (status, [(CONTENT_TYPE, self.header())], body).into_response();
        let headers = answer.headers_mut();
        match failure {
            Failure::Unavailable { seconds, .. } => drop(headers.insert(RETRY_AFTER, seconds.into())),
            Failure::UnknownEncoding(_) => {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, deflate"));
            }
            Failure::Unauthenticated(_) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Failure::Internal(cause) => {
                headers.insert(RETRY_AFTER, LATER.into());
                answer.extensions_mut().insert(Cause(cause));
            }
            _ => {}
        }
        answer
    }
}
