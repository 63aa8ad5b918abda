//! What an operation of CloudWatch or SNS answers instead of its result: a name in JSON and CBOR, a code in forms.

use std::error::Error;
use std::sync::Arc;

use axum::http::StatusCode;
use settings::SettingsError;
use store::StoreError;
use watch::DeskError;

use super::{AWAY, Cause, XRayError};

/// CloudWatch's errors have two names: that of the shape, and the code of the older query protocol.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// The shape's name, as JSON and CBOR send it.
    pub(crate) shape: &'static str,
    /// What the query protocol sends, and `x-amzn-query-error` says.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// What went wrong inside, for the log.
    pub(crate) cause: Option<Cause>,
}

impl Fault {
    fn new(status: StatusCode, shape: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, shape, code, message: message.into(), cause: None }
    }

    fn bad(shape: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, shape, code, message)
    }

    /// A member breaks a constraint of the model.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::bad("ValidationException", "ValidationError", message)
    }

    /// The body cannot be read at all.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::bad("SerializationException", "MalformedInput", message)
    }

    pub(crate) fn invalid_value(message: impl Into<String>) -> Self {
        Self::bad("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(crate) fn invalid_combination(message: impl Into<String>) -> Self {
        Self::bad("InvalidParameterCombinationException", "InvalidParameterCombination", message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::bad("MissingRequiredParameterException", "MissingParameter", message)
    }

    pub(crate) fn invalid_format(message: impl Into<String>) -> Self {
        Self::bad("InvalidFormatFault", "InvalidFormat", message)
    }

    pub(crate) fn invalid_token(message: impl Into<String>) -> Self {
        Self::bad("InvalidNextToken", "InvalidNextToken", message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::bad("LimitExceededFault", "LimitExceeded", message)
    }

    /// SetAlarmState and mute rules.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", "ResourceNotFound", message)
    }

    /// Tags.
    pub(crate) fn no_resource(message: impl Into<String>) -> Self {
        let name = "ResourceNotFoundException";
        Self::new(StatusCode::NOT_FOUND, name, name, message)
    }

    /// What SNS says of a member that it does not take.
    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::bad("InvalidParameterException", "InvalidParameter", message)
    }

    /// What SNS says of a topic or a subscription that is not there.
    pub(crate) fn no_topic(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFoundException", "NotFound", message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "ConflictException", "ResourceConflict", message)
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDeniedException", "AccessDenied", message)
    }

    pub(crate) fn unknown_operation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "UnknownOperationException", "InvalidAction", message)
    }

    /// Too much is asked of the store, or it has no time.
    pub(crate) fn throttled(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", "Throttling", message)
    }

    /// It may work in some seconds.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "ServiceUnavailableException", "ServiceUnavailable", message)
    }

    pub(crate) fn internal(cause: Arc<dyn Error + Send + Sync>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let fault = Self::new(status, "InternalServiceFault", "InternalServiceError", "internal failure");
        Self { cause: Some(Cause(cause)), ..fault }
    }
}

impl From<SettingsError> for Fault {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::NotFound { .. } => Self::no_resource(error.to_string()),
            SettingsError::TooManyTags { .. } | SettingsError::TooManyAlarms { .. } => {
                Self::limit(error.to_string())
            }
            SettingsError::Away { .. } => Self::unavailable(AWAY),
            SettingsError::Database(_) | SettingsError::Seal(_) => Self::internal(Arc::new(error)),
            other => Self::invalid_value(other.to_string()),
        }
    }
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Settings(error) => Self::from(error),
            DeskError::NoAlarm(_) => Self::not_found(error.to_string()),
            DeskError::Refused(text) => Self::validation(text),
            DeskError::InUse(text) => Self::conflict(text),
            DeskError::Alerts(error) => Self::from(error),
        }
    }
}

impl From<settings::AlertsError> for Fault {
    fn from(error: settings::AlertsError) -> Self {
        if error.passes() { Self::unavailable(AWAY) } else { Self::internal(Arc::new(error)) }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy { .. } | StoreError::Closed => Self::throttled(error.to_string()),
            StoreError::Exceeded { .. } => Self::invalid_value(super::too_much(&error)),
            other => Self::internal(Arc::new(other)),
        }
    }
}

/// What every request may be refused with before it is known what it wants.
impl From<XRayError> for Fault {
    fn from(error: XRayError) -> Self {
        let (status, shape) = error.status();
        let code = match shape {
            "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
            "IncompleteSignatureException" => "IncompleteSignature",
            "UnrecognizedClientException" => "InvalidClientTokenId",
            "ExpiredTokenException" => "ExpiredToken",
            "InvalidSignatureException" => "SignatureDoesNotMatch",
            "AccessDeniedException" => "AccessDenied",
            "RequestTimeoutException" => "RequestTimeout",
            "ThrottledException" => "Throttling",
            "ServiceUnavailableException" => "ServiceUnavailable",
            "RequestEntityTooLargeException" => "RequestEntityTooLarge",
            "InternalFailure" => "InternalFailure",
            _ => "MalformedInput",
        };
        let message = error.to_string();
        let cause = match error {
            XRayError::Internal(cause) => Some(Cause(cause)),
            _ => None,
        };
        Self { status, shape, code, message, cause }
    }
}
