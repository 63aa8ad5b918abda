//! Counts and times every request.

use std::time::Instant;

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::metrics::{REQUESTS, SECONDS};
use crate::route;

/// Counts the request and how long its answer took.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let operation = label(&request);
    let started = Instant::now();
    let response = next.run(request).await;
    let class = match response.status().as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    REQUESTS.with_label_values(&[operation, class]).inc();
    SECONDS.with_label_values(&[operation]).observe(started.elapsed().as_secs_f64());
    response
}

/// Bounded: what the table of routes has, never what a client wrote.
fn label(request: &Request) -> &'static str {
    match route::of(request) {
        Some(route) => route.label(),
        None if matches!(*request.method(), Method::GET | Method::HEAD) => "page",
        None => "unknown",
    }
}
