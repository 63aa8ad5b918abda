//! X-Ray's API: REST-JSON, every operation a POST, every member in PascalCase, absent members as nulls.
//!
//! What is answered is written in `docs/api.md`, operation by operation. Who may ask was decided before, by
//! [`crate::auth`].

mod documents;
pub(crate) mod encryption;
pub(crate) mod group;
mod input;
pub(crate) mod insight;
pub(crate) mod policy;
pub(crate) mod retrieval;
pub(crate) mod rule;
pub(crate) mod sampling;
pub(crate) mod segments;
pub(crate) mod series;
mod service;
pub(crate) mod service_graph;
pub(crate) mod summaries;
mod summary;
pub(crate) mod tag;
pub(crate) mod telemetry;
mod time;
mod token;
pub(crate) mod traces;
pub(crate) mod transaction_search;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// X-Ray's answer to a POST on a path that is no operation: 200, with the error in the body.
pub(crate) fn unknown_operation() -> Response {
    let body =
        r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
