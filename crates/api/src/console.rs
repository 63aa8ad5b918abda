//! The console's own API under `/api/`: JSON made for its pages, problems by RFC 9457.
//!
//! `shape` is the contract with the web application. Ranges are epoch milliseconds, half-open.

mod compare;
mod digest_row;
mod filter;
mod graph;
pub(crate) mod live;
mod node;
mod node_id;
pub(crate) mod params;
pub(crate) mod recent;
mod scan;
pub mod shape;
mod span;
mod stats;
mod status;
mod test_trace;
mod trace;
mod traces;

use axum::Router;
use axum::routing::{get, post};

use crate::app::Shared;
use crate::auth::session;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/session", get(session::show).post(session::begin).delete(session::end))
        .route("/status", get(status::status))
        .route("/graph", get(graph::graph))
        .route("/node", get(node::node))
        .route("/traces", get(traces::traces))
        .route("/traces/{id}", get(trace::trace))
        .route("/traces/{id}/spans/{span}", get(span::span))
        .route("/compare", post(compare::compare))
        .route("/traces/{id}/spans/{span}/percentile", get(trace::percentile::percentile))
        .route("/traces/{id}/graph", get(trace::view::graph))
        .route("/traces/{id}/raw", get(trace::view::raw))
        .route("/traces/{id}/documents", get(trace::view::documents))
        .route("/filter/parse", post(filter::parse))
        .route("/live", get(live::live))
        .route("/test-trace", post(test_trace::send))
}
