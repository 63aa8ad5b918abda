//! What happens around every request: an id, a log line, headers that browsers obey.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;
use model::error::chain;
use tracing::{debug, error};

use crate::error::{Cause, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// The web application needs no more than this, and what is in a trace is an attacker's text.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; \
     connect-src 'self'; worker-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
);
const SAFE_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The id of a request, for answers that repeat it in their body.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives the request an id, logs how it went, and finishes the answer.
pub(crate) async fn finish(mut request: Request, next: Next) -> Response {
    let id = new_id();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Some(Cause(cause)) = response.extensions_mut().remove::<Cause>() {
        error!(request_id = %id, %method, path, error = chain(&*cause), "failed to answer a request");
    }
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.render(&id);
    }
    debug!(request_id = %id, %method, path, status = response.status().as_u16(), "answered a request");
    let headers = response.headers_mut();
    headers
        .insert(REQUEST_ID, HeaderValue::from_str(&id).expect("hex digits and dashes are a header's value"));
    if path.starts_with("/api/") {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    for (name, value) in SAFE_HEADERS {
        // A page may bring a policy of its own.
        headers.entry(name).or_insert(value);
    }
    response
}

/// A random id in the form of a UUID, as X-Ray's request ids are.
fn new_id() -> String {
    let bits: u128 = rand::random();
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
