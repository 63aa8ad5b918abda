//! Errors as HTTP: X-Ray's own, and RFC 9457 problems for the console. The only file that knows which
//! status goes with which error.
//!
//! What went wrong inside is not told to clients. It travels beside the answer as a [`Cause`], and
//! [`crate::request`] logs it with the request's id.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use ::auth::{KeyFileError, PolicyError, Refusal};
use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ingest::SubmitError;
use serde_json::json;
use settings::SettingsError;
use store::StoreError;

use crate::body::BodyError;
use crate::filter::BadFilter;
use crate::shape;

/// X-Ray's clients take the name of an error from this header.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// Seconds; queues empty within that time unless the disk is full.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// What an operation of X-Ray's API answers instead of its result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XRayError {
    /// The request cannot be served as it is.
    #[error("{0}")]
    InvalidRequest(Cow<'static, str>),
    /// A member does not meet a constraint of the model. One sentence a violation.
    #[error("{} validation errors", .0.len())]
    Validation(Vec<String>),
    /// The body is not JSON, or a member has the wrong JSON type.
    #[error("{0}")]
    Serialization(Cow<'static, str>),
    /// The resource that the request is about does not exist.
    #[error("{message}")]
    NotFound { message: String, resource: String },
    /// The settings do not take a change, for a reason that X-Ray has a name for.
    #[error(transparent)]
    Settings(SettingsError),
    /// Who asks has not shown who it is.
    #[error(transparent)]
    NotAuthentic(Refusal),
    /// Who asks is known, and may not do this.
    #[error("{0}")]
    AccessDenied(String),
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// Come back in a second. SDKs wait longer after a 429 than after a 503, which is what a full queue needs.
    #[error("{0}")]
    Throttled(&'static str),
    /// The disk is full, or the process is about to end.
    #[error("{0}")]
    Unavailable(&'static str),
    #[error("internal failure")]
    Internal(#[source] Arc<dyn Error + Send + Sync>),
}

/// What went wrong inside, for the log.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) Arc<dyn Error + Send + Sync>);

impl XRayError {
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidRequest(message.into())
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "InvalidRequestException"),
            Self::Validation(_) => (StatusCode::BAD_REQUEST, "ValidationException"),
            Self::Serialization(_) => (StatusCode::BAD_REQUEST, "SerializationException"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Self::Settings(error) => (StatusCode::BAD_REQUEST, settings_name(error)),
            Self::NotAuthentic(refusal) => (StatusCode::FORBIDDEN, refusal_name(refusal)),
            Self::AccessDenied(_) => (StatusCode::FORBIDDEN, "AccessDeniedException"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException"),
            Self::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "ThrottledException"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        }
    }
}

/// <https://docs.aws.amazon.com/xray/latest/api/CommonErrors.html>
fn refusal_name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Missing => "MissingAuthenticationTokenException",
        Refusal::Incomplete(_) => "IncompleteSignatureException",
        Refusal::UnknownKey => "UnrecognizedClientException",
        Refusal::Untimely(_) | Refusal::Wrong(_) => "InvalidSignatureException",
    }
}

impl IntoResponse for XRayError {
    fn into_response(self) -> Response {
        let (status, name) = self.status();
        let body = match &self {
            // These are written with a small m, the others with a capital one.
            Self::Validation(violations) => {
                let plural = if violations.len() == 1 { "error" } else { "errors" };
                let count = violations.len();
                let text = violations.join("; ");
                json!({ "__type": name, "message": format!("{count} validation {plural} detected: {text}") })
            }
            Self::NotAuthentic(_) | Self::AccessDenied(_) => {
                json!({ "__type": name, "message": self.to_string() })
            }
            Self::Internal(_) => json!({ "__type": name, "message": null }),
            Self::NotFound { resource, .. } | Self::Settings(SettingsError::TooManyTags { resource, .. }) => {
                json!({ "__type": name, "Message": self.to_string(), "ResourceName": resource })
            }
            other => json!({ "__type": name, "Message": other.to_string() }),
        };
        let mut response =
            (status, [(ERROR_TYPE, HeaderValue::from_static(name))], Json(body)).into_response();
        match self {
            Self::Throttled(_) | Self::Unavailable(_) => {
                response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
            }
            Self::Internal(cause) => {
                response.extensions_mut().insert(Cause(cause));
            }
            _ => {}
        }
        response
    }
}

/// What X-Ray calls a refused change of settings.
fn settings_name(error: &SettingsError) -> &'static str {
    match error {
        SettingsError::TooManyRules(_) => "RuleLimitExceededException",
        SettingsError::TooManyTags { .. } => "TooManyTagsException",
        SettingsError::MalformedPolicy(_) => "MalformedPolicyDocumentException",
        SettingsError::PolicyLocksOut(_) => "LockoutPreventionException",
        SettingsError::PolicyRevision(_) => "InvalidPolicyRevisionIdException",
        SettingsError::PolicyTooLarge { .. } => "PolicySizeLimitExceededException",
        SettingsError::TooManyPolicies { .. } => "PolicyCountLimitExceededException",
        _ => "InvalidRequestException",
    }
}

impl From<SettingsError> for XRayError {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::NotFound { ref resource } => {
                Self::NotFound { message: error.to_string(), resource: resource.clone() }
            }
            SettingsError::Database(_) => Self::Internal(Arc::new(error)),
            other => Self::Settings(other),
        }
    }
}

impl From<StoreError> for XRayError {
    fn from(error: StoreError) -> Self {
        Self::from(&Arc::new(error))
    }
}

/// Trying again would not help, and would keep others waiting.
fn too_much(error: &StoreError) -> String {
    format!("{error}; ask for a shorter time, or for fewer traces by a filter")
}

impl From<&Arc<StoreError>> for XRayError {
    fn from(error: &Arc<StoreError>) -> Self {
        match **error {
            StoreError::Busy { reason } => Self::Unavailable(reason),
            StoreError::Closed => Self::Unavailable("the server is shutting down"),
            StoreError::Exceeded { .. } => Self::invalid(too_much(error)),
            _ => Self::Internal(Arc::<StoreError>::clone(error)),
        }
    }
}

impl From<SubmitError> for XRayError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Busy(reason) => Self::Throttled(reason),
            SubmitError::Closed => Self::Unavailable("the server is shutting down"),
            SubmitError::Store(error) => Self::from(&error),
        }
    }
}

impl From<BodyError> for XRayError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge { limit },
            BodyError::Busy => Self::Throttled("too many large requests at a time"),
            other => Self::Serialization(other.to_string().into()),
        }
    }
}

/// What an endpoint of the console answers instead of its result.
///
/// The body is written by [`crate::request`], which knows the request's id.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    title: &'static str,
    detail: String,
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

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such thing", detail)
    }

    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "The method does not fit the path", detail)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large", detail)
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

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::too_large(limit),
            BodyError::Busy => Self::unavailable(error.to_string()),
            other => Self::bad_request(other.to_string()),
        }
    }
}

impl From<KeyFileError> for Problem {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::BadName => Self::bad_request(error.to_string()),
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

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Store(source) => Self::internal(Cause(source)),
            other => Self::unavailable(other.to_string()),
        }
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(Cause(Arc::new(error)))
    }
}

/// The panic of a handler, as an error for the log.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

/// A panic is a mistake of ours: it is logged, answered, and harms no other request.
pub(crate) fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().copied().unwrap_or("no message").to_owned(),
    };
    XRayError::Internal(Arc::new(Panicked(text))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::header::HeaderMap;

    use super::*;

    fn check(error: impl IntoResponse, status: u16) -> HeaderMap {
        let response = error.into_response();
        assert_eq!(response.status(), status);
        response.headers().clone()
    }

    #[test]
    fn a_full_queue_is_throttling_and_a_full_disk_is_not() {
        let full = check(XRayError::from(SubmitError::Busy("the queue is full")), 429);
        assert_eq!([&full[ERROR_TYPE], &full[RETRY_AFTER]], ["ThrottledException", "1"]);
        let disk = Arc::new(StoreError::Busy { reason: store::DISK_FULL });
        let full = check(XRayError::from(SubmitError::Store(disk)), 503);
        assert_eq!([&full[ERROR_TYPE], &full[RETRY_AFTER]], ["ServiceUnavailableException", "1"]);
    }

    #[test]
    fn what_went_wrong_inside_is_logged_and_not_told() {
        let damaged = || StoreError::Corrupt { part: "p-7".to_owned(), detail: "checksum".to_owned() };
        let response = XRayError::from(damaged()).into_response();
        assert_eq!(response.status(), 500);
        assert_eq!(response.extensions().get::<Cause>().unwrap().0.to_string(), damaged().to_string());
        assert!(!Problem::from(damaged()).detail.contains("p-7"));
    }

    #[test]
    fn a_panic_is_an_internal_failure() {
        check(panicked(Box::new("index out of bounds")), 500);
        check(panicked(Box::new(7)), 500);
    }
}
