//! What the API is made of: everything it needs from the other parts, and one router for all paths.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::Clock;
use store::TraceStore;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::auth::{self, Auth};
use crate::body::BodyBudget;
use crate::console::live::MAX_STREAMS;
use crate::console::recent::Recent;
use crate::console::shape::Listeners;
use crate::error::{Problem, panicked};
use crate::{assets, console, guard, health, metrics, request, xray};

/// From the first byte of the request to the head of the answer; slow senders are cut off here as well.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Each holds some megabytes while it goes through the store, and a core for much of the time.
const MAX_SCANS: usize = 4;

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
    /// Who may do what; none lets anybody do everything.
    pub auth: Option<Auth>,
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

/// [`Deps`], and what the API itself holds between requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) deps: Deps,
    pub(crate) sampling: xray::sampling::Sampling,
    pub(crate) bodies: BodyBudget,
    pub(crate) graphs: Recent,
    /// One permit a question that looks at many traces or minutes.
    pub(crate) scans: Semaphore,
    /// One permit a live stream.
    pub(crate) streams: Arc<Semaphore>,
}

pub(crate) type Shared = Arc<App>;

/// Every path of the port: X-Ray's API, the console's API, health, metrics and the web application.
pub fn router(deps: Deps) -> Router {
    let app = Arc::new(App {
        sampling: xray::sampling::Sampling::new(&deps.identity),
        bodies: BodyBudget::new(),
        graphs: Recent::default(),
        scans: Semaphore::new(MAX_SCANS),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        deps,
    });
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::render))
        .merge(auth::page::routes())
        .nest("/api", console::routes())
        .merge(xray::routes())
        .fallback(other)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), auth::require))
        .layer(middleware::from_fn(metrics::measure))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIME_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard::refuse_other_sites))
        .layer(middleware::from_fn(request::finish))
        .with_state(app)
}

/// A path that is no endpoint: a page or file of the web application, or an operation that X-Ray does not have.
async fn other(request: Request) -> Response {
    let path = request.uri().path();
    match *request.method() {
        _ if path.starts_with("/api/") => Problem::not_found(format!("there is no {path}")).into_response(),
        Method::GET | Method::HEAD => assets::serve(&request),
        Method::POST => xray::unknown_operation(),
        _ => {
            Problem::method_not_allowed(format!("{} {path} does not exist", request.method())).into_response()
        }
    }
}

async fn wrong_method(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    Problem::method_not_allowed(format!("{path} does not take {method}")).into_response()
}
