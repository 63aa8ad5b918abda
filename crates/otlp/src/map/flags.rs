//! What became of a request.

use model::segment::Flags;

use super::http;
use crate::message::{Attributes, Span};

/// X-Ray's own flags, of a span that was made of its entity.
pub(crate) const OF_XRAY: [&str; 3] = ["aws.xray.error", "aws.xray.throttle", "aws.xray.fault"];

/// An HTTP status decides alone. Without one it is the span's, and what RPC says of whose mistake it was.
pub(super) fn of(span: &Span) -> Flags {
    let attributes = Attributes(&span.attributes);
    if attributes.has(&OF_XRAY) {
        let [error, throttle, fault] = OF_XRAY.map(|key| attributes.boolean(key));
        return Flags { error, throttle, fault };
    }
    if let Some(status) = http::status(attributes)
        && Flags::from_status(status).any()
    {
        return Flags::from_status(status);
    }
    if http::status(attributes).is_some_and(|status| (100..400).contains(&status)) && !span.is_error() {
        return Flags::default();
    }
    if !span.is_error() {
        return Flags::default();
    }
    const ERROR: Flags = Flags { error: true, throttle: false, fault: false };
    const THROTTLE: Flags = Flags { error: true, throttle: true, fault: false };
    const FAULT: Flags = Flags { error: false, throttle: false, fault: true };
    match grpc_code(attributes) {
        // The caller's: cancelled, an invalid argument, not found, already there, not permitted, a failed precondition, out of range,
        // not authenticated.
        Some(1 | 3 | 5 | 6 | 7 | 9 | 11 | 16) => return ERROR,
        Some(8) => return THROTTLE,
        _ => {}
    }
    let kind = attributes.first_text(&["error.type", "aws.error.code"]).unwrap_or_default();
    if kind.contains("Throttl") { THROTTLE } else { FAULT }
}

fn grpc_code(attributes: Attributes<'_>) -> Option<i64> {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    attributes.number(&["rpc.grpc.status_code", "rpc.response.status_code"]).or_else(|| {
        let name = attributes.text("rpc.response.status_code")?;
        NAMES.iter().position(|it| *it == name).map(|code| code as i64)
    })
}
