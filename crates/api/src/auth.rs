//! Who asks, and whether they may: before any handler, and only where the server was told to ask.
//!
//! What a route asks for is in its row of the table ([`Need`]). The web application's files are for anybody; for any other path that
//! is no route one needs a key.
//!
//! A key is shown by an AWS signature or by a token in `Authorization: Bearer`, and for `/api/` also by a cookie.

mod capsule;
pub(crate) mod page;
pub(crate) mod session;
pub(crate) mod stop;

use std::sync::Arc;

use ::auth::{Head, Key, Refusal};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::debug;

use self::stop::{Stop, decide};
use crate::app::access::{Auth, Caller, Peer};
use crate::app::{App, Shared};
use crate::audit::Note;
use crate::body;
use crate::front::{self, Wire};
use crate::metrics::UNAUTHORIZED;
use crate::otlp;
use crate::request::RequestId;
use crate::route::{self, Need};

pub(crate) async fn require(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let route = route::of(&request);
    let Some(auth) = &app.deps.auth else {
        let action = route.filter(|_| app.deps.capsule.is_some()).and_then(|route| route.need.action());
        return match action.is_some_and(|action| !capsule::reads(&action)) {
            true => capsule::refuse(&request),
            false => next.run(request).await,
        };
    };
    let need = match route {
        Some(route) => route.need,
        None => need_without_route(request.method(), request.uri().path()),
    };
    if need == Need::Nothing {
        return next.run(request).await;
    }
    let is_xray = match route {
        Some(route) => route.operation.is_some(),
        None => !request.uri().path().starts_with("/api/"),
    };
    let wire = (need == Need::Named).then(|| Wire::of(&request));
    let spans = otlp::Speech::of(&request);
    let note = request.extensions().get::<Note>().cloned();
    let request_id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    match admit(&app, auth, need, request).await {
        Ok(request) => next.run(request).await,
        Err(stop) => {
            UNAUTHORIZED.with_label_values(&[stop.reason()]).inc();
            debug!(?stop, "refused a request because of who sent it");
            if let Some(note) = note {
                note.refused(stop.reason());
            }
            if let Some(spans) = spans {
                return spans.refuse(stop.for_spans());
            }
            if let Some(wire) = wire {
                return front::refuse(wire, stop.for_xray(auth), &request_id);
            }
            if is_xray { stop.for_xray(auth).into_response() } else { stop.for_console().into_response() }
        }
    }
}

/// The web application's files are no secret.
fn need_without_route(method: &Method, path: &str) -> Need {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads && !path.starts_with("/api/") { Need::Nothing } else { Need::Key }
}

/// The request again, once it is known that it may pass.
async fn admit(app: &App, auth: &Auth, need: Need, request: Request) -> Result<Request, Stop> {
    let Some(Peer(peer)) = request.extensions().get::<Peer>().copied() else { return Err(Stop::NoPeer) };
    let (head, body) = request.into_parts();
    let now = app.deps.clock.now();
    let token = bearer(&head.headers);
    let session = session::of(&head.headers).filter(|_| head.uri.path().starts_with("/api/"));
    let (key, body) = match (token, session) {
        (Some(token), _) => (auth.keys.by_token(token, now), body),
        (None, Some(session)) => (auth.keys.by_session(session, now), body),
        (None, None) => signed(app, auth, &head, body).await?,
    };
    let key = key.map_err(Stop::NotAuthentic)?;
    auth.keys.used(&key, now);
    if let Some(note) = head.extensions.get::<Note>() {
        note.who(&key);
    }
    if let Some(action) = need.action() {
        decide(&key, action, peer)?;
    }
    let mut request = Request::from_parts(head, body);
    request.extensions_mut().insert(Caller { key, peer });
    Ok(request)
}

/// The key that signed the request. The body is read only for a key of ours, for a stranger's could be any.
async fn signed(
    app: &App,
    auth: &Auth,
    head: &Parts,
    body: Body,
) -> Result<(Result<Arc<Key>, Refusal>, Body), Stop> {
    let sent = Head {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
    };
    let claimed = auth.keys.claim(&sent, app.deps.clock.now()).map_err(Stop::NotAuthentic)?;
    let limit = route::max_body(&head.extensions);
    let purse = app.bodies.of(&head.extensions);
    let read = match claimed.states_body(&sent) {
        // The signature covers what the body is said to be; that it is so shows at its end.
        true => match claimed.verify_head(&sent) {
            Ok(()) => body::collect(body, limit, &purse).await,
            Err(refusal) => return Ok((Err(refusal), Body::empty())),
        },
        false => body::collect_unchecked(body, limit, &purse).await,
    };
    let read = read.map_err(Stop::Body)?;
    // Hashing takes a millisecond a megabyte; the share of the budget passes on to the handler with the bytes.
    let key = claimed.verify(&sent, &read.bytes);
    Ok((key, Body::from(read.bytes)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_no_route_only_files_are_open() {
        let check = |method: &str, path, expected| {
            assert_eq!(need_without_route(&method.parse().unwrap(), path), expected, "{method} {path}");
        };
        check("GET", "/traces/1-6553f128-0", Need::Nothing);
        check("HEAD", "/assets/index.js", Need::Nothing);
        check("POST", "/nothing", Need::Key);
        check("GET", "/api/nothing", Need::Key);
    }
}
