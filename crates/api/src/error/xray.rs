//! What an operation of X-Ray's API answers instead of its result.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use ::auth::Refusal;
use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ingest::SubmitError;
use serde_json::json;
use settings::{AlertsError, SettingsError};
use store::StoreError;

use super::{AWAY, Cause, RETRY_SECONDS, too_much};
use crate::body::BodyError;

/// X-Ray's clients take the name of an error from this header.
pub(super) const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

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
    /// The body did not come in its time.
    #[error("{0}")]
    Slow(String),
    /// Too many questions at a time. Never said of documents: the collector's exporter drops them then.
    #[error("{0}")]
    Throttled(&'static str),
    /// Come back in a second: a queue or the disk is full, or the process is about to end.
    #[error("{0}")]
    Unavailable(&'static str),
    #[error("internal failure")]
    Internal(#[source] Arc<dyn Error + Send + Sync>),
}

impl XRayError {
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidRequest(message.into())
    }

    pub(super) fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "InvalidRequestException"),
            Self::Validation(_) => (StatusCode::BAD_REQUEST, "ValidationException"),
            Self::Serialization(_) => (StatusCode::BAD_REQUEST, "SerializationException"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            Self::Settings(error) => (StatusCode::BAD_REQUEST, settings_name(error)),
            Self::NotAuthentic(refusal) => (StatusCode::FORBIDDEN, refusal_name(refusal)),
            Self::AccessDenied(_) => (StatusCode::FORBIDDEN, "AccessDeniedException"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException"),
            // By this name the AWS SDKs know that they may try again.
            Self::Slow(_) => (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException"),
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
        Refusal::Expired(_) => "ExpiredTokenException",
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
        SettingsError::Revision(_) => "InvalidPolicyRevisionIdException",
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
            SettingsError::Away { .. } => Self::Unavailable(AWAY),
            SettingsError::Database(_) => Self::Internal(Arc::new(error)),
            other => Self::Settings(other),
        }
    }
}

impl From<tokio::task::JoinError> for XRayError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Internal(Arc::new(error))
    }
}

impl From<AlertsError> for XRayError {
    fn from(error: AlertsError) -> Self {
        if error.passes() { Self::Unavailable(AWAY) } else { Self::Internal(Arc::new(error)) }
    }
}

impl From<StoreError> for XRayError {
    fn from(error: StoreError) -> Self {
        Self::from(&Arc::new(error))
    }
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
            SubmitError::Busy(reason) => Self::Unavailable(reason),
            SubmitError::Closed => Self::Unavailable("the server is shutting down"),
            SubmitError::Store(error) => Self::from(&error),
        }
    }
}

impl From<BodyError> for XRayError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge { limit },
            BodyError::Busy(text) => Self::Unavailable(text),
            BodyError::Slow(_) => Self::Slow(error.to_string()),
            other => Self::Serialization(other.to_string().into()),
        }
    }
}
