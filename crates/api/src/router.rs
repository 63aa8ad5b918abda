//! All paths of the port in one router, with what every request passes before its handler.

pub(crate) mod table;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::{App, Deps, Shared};
use crate::error::{Problem, panicked};
use crate::{answer, assets, audit, auth, guard, measure, otlp, request, turn, xray};

/// From the first byte of the request to the head of the answer; slow senders are cut off here as well.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Every path of the port: X-Ray's API, the console's API, health, metrics and the web application.
pub fn router(deps: Deps) -> Router {
    let app = Arc::new(App::new(deps));
    table::routes()
        .iter()
        .fold(Router::new(), |router, route| router.route(&route.path, route.handler()))
        .fallback(other)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), turn::await_own))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), auth::require))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), audit::watch))
        .layer(middleware::from_fn(measure::measure))
        .layer(middleware::from_fn(recognize))
        .layer(middleware::from_fn(otlp::keep_to_spans))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIME_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard::refuse_other_sites))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), otlp::cors::let_pages_in))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), answer::bound))
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
async fn other(State(app): State<Shared>, request: Request) -> Response {
    let path = request.uri().path();
    match *request.method() {
        _ if path.starts_with("/api/") => Problem::not_found(format!("there is no {path}")).into_response(),
        Method::GET | Method::HEAD => assets::serve(&app, &request),
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
