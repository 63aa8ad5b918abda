//! Who asks, and whether they may: before any handler, and only where the server was told to ask.
//!
//! What a route asks for is in its row of the table ([`Need`]). The web application's files are for anybody; for any other path that
//! is no route one needs a key.
//!
//! A key is shown by an AWS signature or by a token in `Authorization: Bearer`, and for `/api/` also by a cookie.

pub(crate) mod page;
pub(crate) mod session;

use std::borrow::Cow;
use std::sync::Arc;

use ::auth::{Decision, Head, Key, Refusal};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::debug;

use crate::app::access::{Auth, Peer};
use crate::app::{App, Shared};
use crate::body::{self, BodyError};
use crate::error::{Problem, XRayError};
use crate::metrics::UNAUTHORIZED;
use crate::route::{self, Need};

/// Why a request goes no further.
#[derive(Debug)]
enum Stop {
    NotAuthentic(Refusal),
    Denied {
        key: Arc<Key>,
        action: Cow<'static, str>,
        decision: Decision,
    },
    Body(BodyError),
    /// Nobody said where the connection comes from. Without it no condition can be decided.
    NoPeer,
}

pub(crate) async fn require(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let Some(auth) = &app.deps.auth else { return next.run(request).await };
    let route = route::of(&request);
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
    match admit(&app, auth, need, request).await {
        Ok(request) => next.run(request).await,
        Err(stop) => {
            UNAUTHORIZED.with_label_values(&[stop.reason()]).inc();
            debug!(?stop, "refused a request because of who sent it");
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
        (Some(token), _) => (auth.keys.by_token(token).ok_or(Refusal::UnknownKey), body),
        (None, Some(session)) => (auth.keys.by_session(session, now).ok_or(Refusal::Missing), body),
        (None, None) => signed(app, auth, &head, body).await?,
    };
    let key = key.map_err(Stop::NotAuthentic)?;
    if let Some(action) = need.action() {
        let decision = key.policy.decide(&action, peer);
        if decision != Decision::Allowed {
            return Err(Stop::Denied { key, action, decision });
        }
    }
    Ok(Request::from_parts(head, body))
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
    let read = body::collect(body, limit, &app.bodies).await.map_err(Stop::Body)?;
    // Hashing takes a millisecond a megabyte; the share of the budget passes on to the handler with the bytes.
    let key = claimed.verify(&sent, &read.bytes);
    Ok((key, Body::from(read.bytes)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Stop {
    /// A label, so of few values.
    fn reason(&self) -> &'static str {
        match self {
            Self::NotAuthentic(Refusal::Missing) => "missing",
            Self::NotAuthentic(Refusal::Incomplete(_)) => "incomplete",
            Self::NotAuthentic(Refusal::UnknownKey) => "unknown_key",
            Self::NotAuthentic(Refusal::Untimely(_)) => "untimely",
            Self::NotAuthentic(Refusal::Wrong(_)) => "wrong_signature",
            Self::Denied { .. } => "denied",
            Self::Body(_) => "body",
            Self::NoPeer => "no_peer",
        }
    }

    fn for_xray(self, auth: &Auth) -> XRayError {
        match self {
            Self::NotAuthentic(refusal) => XRayError::NotAuthentic(refusal),
            Self::Denied { key, action, decision } => {
                let (account, name) = (&auth.account_id, &key.name);
                let why = match decision {
                    Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
                    _ => format!("because no identity-based policy allows the {action} action"),
                };
                XRayError::AccessDenied(format!(
                    "User: arn:aws:iam::{account}:user/{name} is not authorized to perform: {action} on \
                     resource: * {why}"
                ))
            }
            Self::Body(error) => XRayError::from(error),
            Self::NoPeer => XRayError::Unavailable("the server does not know where the request comes from"),
        }
    }

    fn for_console(self) -> Problem {
        match self {
            Self::NotAuthentic(Refusal::Missing) => {
                Problem::not_signed_in("sign in at /signin, or send a token or an AWS signature")
            }
            Self::NotAuthentic(refusal) => Problem::not_signed_in(refusal.to_string()),
            Self::Denied { key, action, .. } => {
                Problem::not_permitted(format!("the policy of {} does not allow {action}", key.name))
            }
            Self::Body(BodyError::TooLarge { limit }) => Problem::too_large(limit),
            Self::Body(error) => Problem::unavailable(error.to_string()),
            Self::NoPeer => Problem::unavailable("the server does not know where the request comes from"),
        }
    }
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
