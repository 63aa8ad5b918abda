//! What gRPC says of an answer: with 200 as its status, how it went is in the trailers.

use http::HeaderMap;

use crate::cause::Exception;
use crate::context::Kind;
use crate::entity::Entity;
use crate::http::text;
use crate::percent::decoded;

/// The names of the codes, by their numbers.
const CODES: [&str; 17] = [
    "Ok",
    "Cancelled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// Sets flags and cause by what a head or trailers say; nothing where they say that all is well, or nothing.
pub(crate) fn flag(entity: &Entity, headers: &HeaderMap, is_remote: bool) {
    let Kind::Sampled(cell) = &entity.0 else { return };
    let code = text(headers, "grpc-status").and_then(|code| code.trim().parse::<usize>().ok());
    let Some(code) = code.filter(|code| *code != 0) else { return };
    // Deadlines, what the server has not, its own errors, and that it cannot be reached.
    let is_fault = matches!(code, 2 | 4 | 12..=15);
    let message = text(headers, "grpc-message").map(decoded).unwrap_or_default();
    let mut exception = Exception::new(CODES.get(code).copied().unwrap_or("Unknown"), &message);
    exception.remote = is_remote;
    cell.add_cause(vec![exception], is_fault);
    match code {
        // Resource exhausted.
        8 => entity.throttle(),
        _ if is_fault => {}
        _ => entity.client_error(),
    }
}
