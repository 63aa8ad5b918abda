//! What an endpoint of the console answers instead of its result, as RFC 9457 has it.

use std::sync::Arc;

use ::auth::{KeyFileError, PolicyError};
use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ingest::SubmitError;
use settings::AlertsError;
use store::StoreError;

use super::fault::Fault;
use super::{AWAY, Cause, RETRY_SECONDS, too_much};
use crate::body::BodyError;
use crate::filter::BadFilter;
use crate::shape;

/// What an endpoint of the console answers instead of its result.
///
/// The body is written by [`crate::request`], which knows the request's id.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    title: &'static str,
    pub(super) detail: String,
    filter: Option<shape::FilterProblem>,
    cause: Option<Cause>,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), filter: None, cause: None }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "The request cannot be understood", detail)
    }

    pub(crate) fn bad_filter(error: &BadFilter) -> Self {
        let filter = Some(shape::FilterProblem::from(error));
        let problem = Self::new(StatusCode::BAD_REQUEST, "This is no filter expression", error.to_string());
        Self { filter, ..problem }
    }

    pub(crate) fn not_signed_in(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "You are not signed in", detail)
    }

    pub(crate) fn not_permitted(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "You may not do this", detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "The request comes from another site", detail)
    }

    pub(crate) fn misdirected(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, "The request names another host", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such thing", detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Somebody changed it meanwhile", detail)
    }

    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "The method does not fit the path", detail)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large", detail)
    }

    fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "The request came too slowly", detail)
    }

    pub(crate) fn wrong_content_type() -> Self {
        let detail = "send the content type application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be JSON", detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server cannot do this now", detail)
    }

    fn internal(cause: Cause) -> Self {
        let detail = "something went wrong inside; the server's log has the reason under this request id";
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal failure", detail);
        Self { cause: Some(cause), ..problem }
    }

    /// The answer, once the request's id is known.
    pub(crate) fn render(self, request_id: &str) -> Response {
        let body = shape::Problem {
            kind: "about:blank".to_owned(),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            request_id: request_id.to_owned(),
            filter: self.filter,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_SECONDS);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(cause) = &self.cause {
            response.extensions_mut().insert(cause.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { reason } => Self::unavailable(reason),
            StoreError::Closed => Self::unavailable("the server is shutting down"),
            error @ StoreError::Exceeded { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "The query asks for too much", too_much(&error))
            }
            other => Self::internal(Cause(Arc::new(other))),
        }
    }
}

impl From<settings::SettingsError> for Problem {
    fn from(error: settings::SettingsError) -> Self {
        use settings::SettingsError;
        match error {
            SettingsError::NotFound { resource } => Self::not_found(format!("there is no {resource}")),
            SettingsError::Revision(text) => Self::conflict(text),
            SettingsError::Away { .. } => Self::unavailable(error.to_string()),
            SettingsError::Database(_) | SettingsError::Seal(_) => Self::internal(Cause(Arc::new(error))),
            other => Self::bad_request(other.to_string()),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::too_large(limit),
            BodyError::Busy(_) => Self::unavailable(error.to_string()),
            BodyError::Slow(_) => Self::too_slow(error.to_string()),
            other => Self::bad_request(other.to_string()),
        }
    }
}

impl From<KeyFileError> for Problem {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::BadName | KeyFileError::Past => Self::bad_request(error.to_string()),
            KeyFileError::NoSuchKey(_) => Self::not_found(error.to_string()),
            other => Self::internal(Cause(Arc::new(other))),
        }
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<Fault> for Problem {
    /// CloudWatch's words, where the console asks for the same.
    fn from(fault: Fault) -> Self {
        match (fault.status, fault.cause) {
            (_, Some(cause)) => Self::internal(cause),
            (StatusCode::NOT_FOUND, None) => Self::not_found(fault.message),
            (StatusCode::CONFLICT, None) => {
                Self::new(StatusCode::CONFLICT, "Something else needs it", fault.message)
            }
            (_, None) => Self::bad_request(fault.message),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Store(source) => Self::internal(Cause(source)),
            other => Self::unavailable(other.to_string()),
        }
    }
}

impl From<AlertsError> for Problem {
    fn from(error: AlertsError) -> Self {
        if error.passes() { Self::unavailable(AWAY) } else { Self::internal(Cause(Arc::new(error))) }
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(Cause(Arc::new(error)))
    }
}
