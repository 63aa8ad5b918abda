//! What the API is made of: everything it needs from the other parts, and one router for all paths.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use model::{Clock, Timestamp};
use query::Groups;
use settings::{Settings, SettingsError};
use store::TraceStore;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::warn;

use crate::auth::{self, Auth};
use crate::body::BodyBudget;
use crate::console::daemon::Daemons;
use crate::console::known::Collected;
use crate::console::live::MAX_STREAMS;
use crate::console::recent::Recent;
use crate::console::shape::Listeners;
use crate::error::{Problem, XRayError, panicked};
use crate::route::table;
use crate::{assets, guard, metrics, request, xray};

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
    pub settings: Settings,
    /// Told of every change of a group; the digest worker listens.
    pub groups: watch::Sender<Arc<Groups>>,
    /// Who may do what; none lets anybody do everything.
    pub auth: Option<Auth>,
    /// Ends the live streams, which would otherwise hold up a shutdown.
    pub shutdown: CancellationToken,
}

/// [`Deps`], and what the API itself holds between requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) deps: Deps,
    pub(crate) sampling: xray::sampling::Sampling,
    pub(crate) retrievals: xray::retrieval::Retrievals,
    pub(crate) bodies: BodyBudget,
    pub(crate) graphs: Recent,
    /// What agents say of themselves.
    pub(crate) daemons: Daemons,
    pub(crate) known: Collected,
    /// One permit a question that looks at many traces or minutes.
    pub(crate) scans: Semaphore,
    /// One permit a live stream.
    pub(crate) streams: Arc<Semaphore>,
}

pub(crate) type Shared = Arc<App>;

impl App {
    /// Makes a change of the settings, on a thread that may wait for the disk.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Settings, Timestamp) -> Result<T, SettingsError> + Send + 'static,
    ) -> Result<T, XRayError> {
        let settings = self.deps.settings.clone();
        let now = self.deps.clock.now();
        match tokio::task::spawn_blocking(move || change(&settings, now)).await {
            Ok(result) => result.map_err(XRayError::from),
            Err(panic) => Err(XRayError::Internal(Arc::new(panic))),
        }
    }

    /// The groups as they are now.
    pub(crate) fn groups(&self) -> Arc<Groups> {
        Arc::clone(&self.deps.groups.borrow())
    }

    /// Lets everybody know of a change of the groups.
    pub(crate) fn publish_groups(&self) {
        // The newest state is read under the sender's lock, so the last to come publishes it.
        self.deps.groups.send_modify(|published| *published = groups(&self.deps.settings));
    }
}

/// The groups that are set up, with their expressions read.
pub fn groups(settings: &Settings) -> Arc<Groups> {
    let state = settings.state();
    let expressions = state.groups.values().filter_map(|record| {
        let expression = record.group.filter_expression.as_deref()?;
        Some((record.key.as_str(), expression))
    });
    let groups = Groups::read(expressions);
    for group in groups.excluded() {
        warn!(group, "group takes no traces: its filter names a group that is gone, or cannot be read");
    }
    metrics::EXCLUDED_GROUPS.set(groups.excluded().count() as i64);
    Arc::new(groups)
}

/// Every path of the port: X-Ray's API, the console's API, health, metrics and the web application.
pub fn router(deps: Deps) -> Router {
    let app = Arc::new(App {
        sampling: xray::sampling::Sampling::default(),
        retrievals: xray::retrieval::Retrievals::default(),
        bodies: BodyBudget::new(),
        graphs: Recent::default(),
        daemons: Daemons::default(),
        known: Collected::default(),
        scans: Semaphore::new(MAX_SCANS),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        deps,
    });
    table::routes()
        .iter()
        .fold(Router::new(), |router, route| router.route(&route.path, route.handler()))
        .fallback(other)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), auth::require))
        .layer(middleware::from_fn(metrics::measure))
        .layer(middleware::from_fn(recognize))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIME_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard::refuse_other_sites))
        .layer(middleware::from_fn(request::finish))
        .with_state(app)
}

/// Lets everybody below know which route the request is for.
async fn recognize(mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    if let Some(route) = path.and_then(|path| table::find(request.method(), path.as_str())) {
        request.extensions_mut().insert(route);
    }
    next.run(request).await
}

/// A path that is no route: a page or file of the web application, or an operation that X-Ray does not have.
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
