//! What the API is made of: everything it needs from the other parts, and one router for all paths.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use model::Clock;
use store::TraceStore;
use tokio_util::sync::CancellationToken;

use crate::console::shape::Listeners;

/// What the API asks; `server` builds it.
#[derive(Clone, Debug)]
pub struct Deps {
    pub store: Arc<dyn TraceStore>,
    pub ingest: ingest::Ingest,
    pub digest: digest::Digest,
    pub clock: Arc<dyn Clock>,
    /// The doors that are open, for the first-run page.
    pub listeners: Listeners,
    pub identity: Identity,
    /// Ends the live streams, which would otherwise hold up a shutdown.
    pub shutdown: CancellationToken,
}

/// The account and region that appear in ARNs.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Twelve digits.
    pub account_id: String,
    pub region: String,
}

/// Every path of the port: X-Ray's API, the console's API, health, metrics and the web application.
pub fn router(deps: Deps) -> Router {
    let _deps = Arc::new(deps);
    Router::new().route("/healthz", get(async || "ok\n"))
}
