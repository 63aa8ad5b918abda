//! Errors as HTTP: X-Ray's own, and RFC 9457 problems for the console. Only here it is known which
//! status goes with which error.
//!
//! What went wrong inside is not told to clients. It travels beside the answer as a [`Cause`], and
//! [`crate::request`] logs it with the request's id.

pub(crate) mod fault;
mod problem;
mod xray;

use std::any::Any;
use std::error::Error;
use std::sync::Arc;

use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use store::StoreError;

pub(crate) use self::problem::Problem;
pub(crate) use self::xray::XRayError;

/// Seconds; queues empty within that time unless the disk is full.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// The PostgreSQL that has settings and what was noticed does not answer.
const AWAY: &str = "PostgreSQL, which has the settings, does not answer; try again in some seconds";

/// There is no room now, as the console is told it, or X-Ray's clients are.
pub(crate) fn unavailable(path: &str, why: &'static str) -> Response {
    match path.starts_with("/api/") {
        true => Problem::unavailable(why).into_response(),
        false => XRayError::Unavailable(why).into_response(),
    }
}

/// What went wrong inside, for the log.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) Arc<dyn Error + Send + Sync>);

/// Trying again would not help, and would keep others waiting.
fn too_much(error: &StoreError) -> String {
    format!("{error}; ask for a shorter time, or for fewer traces by a filter")
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
    use axum::http::header::{HeaderMap, RETRY_AFTER};
    use ingest::SubmitError;

    use super::xray::ERROR_TYPE;
    use super::*;

    fn check(error: impl IntoResponse, status: u16) -> HeaderMap {
        let response = error.into_response();
        assert_eq!(response.status(), status);
        response.headers().clone()
    }

    #[test]
    fn documents_that_cannot_be_taken_now_are_never_throttled() {
        let full = check(XRayError::from(SubmitError::Busy("the queue is full")), 503);
        assert_eq!([&full[ERROR_TYPE], &full[RETRY_AFTER]], ["ServiceUnavailableException", "1"]);
        let disk = Arc::new(StoreError::Busy { reason: store::DISK_FULL });
        let full = check(XRayError::from(SubmitError::Store(disk)), 503);
        assert_eq!([&full[ERROR_TYPE], &full[RETRY_AFTER]], ["ServiceUnavailableException", "1"]);
    }

    #[test]
    fn what_went_wrong_inside_is_logged_and_not_told() {
        let damaged = || StoreError::Damaged { what: "p-7: checksum".to_owned() };
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
