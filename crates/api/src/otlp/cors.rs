//! Pages of a browser that send spans: only those of origins that were allowed, to `/v1/traces` and nowhere else.
//!
//! An exporter in a page sends with credentials, so its origin is named and never `*`; and a browser hides an answer, errors too, from
//! a page unless the answer itself names the page's origin.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::TRACES;
use crate::app::Shared;

/// How long a browser need not ask again; Chromium keeps no answer for longer.
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// Marks a request of a page that may send spans.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaySend;

pub(crate) async fn let_pages_in(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    if request.uri().path() != TRACES {
        return next.run(request).await;
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let allowed = origin.filter(|origin| {
        let text = origin.to_str().unwrap_or_default();
        app.deps.listeners.otlp_origins.iter().any(|allowed| allowed.is(text))
    });
    let Some(origin) = allowed else { return next.run(request).await };
    let mut answer = if *request.method() == Method::OPTIONS {
        preflight(&request)
    } else {
        request.extensions_mut().insert(MaySend);
        next.run(request).await
    };
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    headers.append(VARY, HeaderValue::from_static("origin"));
    answer
}

fn preflight(request: &Request) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    if let Some(asked) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    answer
}
