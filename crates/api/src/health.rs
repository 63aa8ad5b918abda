//! `/healthz`: the process lives. `/readyz`: it takes segments, and its answers are current.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::Shared;

/// Documents that may wait for the digest worker; at full speed it takes this many in about a second.
const MAX_BEHIND: u64 = 50_000;

pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

pub(crate) async fn readyz(State(app): State<Shared>) -> Response {
    let deps = &app.deps;
    if deps.shutdown.is_cancelled() {
        return unready("shutting down\n");
    }
    if deps.store.digests(&[]).await.is_err() {
        return unready("the store is closed\n");
    }
    let status = deps.store.status();
    let behind = status.newest.saturating_sub(status.digested);
    if behind > MAX_BEHIND {
        return unready(format!("{behind} documents are stored and not yet in the answers\n"));
    }
    "ready\n".into_response()
}

fn unready(reason: impl IntoResponse) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, reason).into_response()
}
