//! `GET /metrics`: everything that any part registered, as Prometheus' text.

mod store;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus::TextEncoder;

use crate::app::Shared;
use crate::metrics::HELD;

pub(crate) async fn render(State(app): State<Shared>) -> Response {
    // What cannot be asked stays as it was told last.
    let holdings = app.deps.store.holdings().await.ok();
    let held = [("bodies", app.bodies.held_bytes()), ("answers", app.answers.held_bytes())];
    for (what, bytes) in held {
        HELD.with_label_values(&[what]).set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
    store::set(&app.deps.store.status(), holdings.as_ref());
    match TextEncoder::new().encode_to_string(&prometheus::gather()) {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
