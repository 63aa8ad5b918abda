//! A capsule that is open is only looked at: what changes something is refused to everybody.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use ::auth::{Decision, Policy};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};

use crate::error::{Problem, XRayError};
use crate::otlp;
use crate::route;

const TEXT: &str = "this is a capsule: it is opened to be read, and nothing in it is changed";

static READ_ONLY: LazyLock<Policy> = LazyLock::new(Policy::read_only);

/// Whether an action changes nothing.
pub(super) fn reads(action: &str) -> bool {
    READ_ONLY.decide(action, Ipv6Addr::UNSPECIFIED.into()) == Decision::Allowed
}

pub(super) fn refuse(request: &Request) -> Response {
    if let Some(spans) = otlp::Speech::of(request) {
        return spans.refuse(otlp::Failure::PermissionDenied(TEXT.to_owned()));
    }
    match route::of(request).is_some_and(|route| route.operation.is_some()) {
        true => denied().into_response(),
        false => Problem::not_permitted(TEXT).into_response(),
    }
}

/// The same in X-Ray's words.
pub(super) fn denied() -> XRayError {
    XRayError::AccessDenied(TEXT.to_owned())
}
