//! The console's own API under `/api/`: JSON made for its pages, problems by RFC 9457.
//!
//! `shape` is the contract with the web application. Ranges are epoch milliseconds, half-open.

mod compare;
pub(crate) mod daemon;
mod digest_row;
mod doctor;
mod filter;
mod graph;
mod group;
mod heatmap;
mod history;
mod key;
pub(crate) mod known;
pub(crate) mod live;
mod node;
mod node_id;
mod page;
pub(crate) mod params;
pub(crate) mod recent;
mod replay;
mod sampling;
mod scan;
pub mod shape;
mod span;
mod stats;
mod status;
mod test_trace;
mod trace;
mod traces;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::app::Shared;
use crate::auth::session;
use crate::xray;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/session", get(session::show).post(session::begin).delete(session::end))
        .route("/status", get(status::status))
        .route("/graph", get(graph::graph))
        .route("/node", get(node::node))
        .route("/history", get(history::history))
        .route("/replay", get(replay::replay))
        .route("/traces", get(traces::traces))
        .route("/traces/{id}", get(trace::trace))
        .route("/traces/{id}/spans/{span}", get(span::span))
        .route("/compare", post(compare::compare))
        .route("/traces/{id}/spans/{span}/percentile", get(trace::percentile::percentile))
        .route("/traces/{id}/graph", get(trace::view::graph))
        .route("/traces/{id}/raw", get(trace::view::raw))
        .route("/traces/{id}/documents", get(trace::view::documents))
        .route("/filter/parse", post(filter::parse))
        .route("/sampling", get(sampling::rules))
        .route("/sampling/try", post(sampling::decide))
        .route("/groups", get(group::groups))
        .route("/doctor", get(doctor::diagnose))
        .route("/keys", get(key::list).post(key::create))
        .route("/keys/check", post(key::check))
        .route("/keys/{id}", delete(key::revoke))
        .merge(xray::routes_by_name())
        .route("/filter/complete", post(filter::complete))
        .route("/live", get(live::live))
        .route("/test-trace", post(test_trace::send))
}
