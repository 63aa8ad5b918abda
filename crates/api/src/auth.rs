//! Who asks, and whether they may: before any handler, and only where the server was told to ask.
//!
//! | what is asked for | who may |
//! | --- | --- |
//! | the web application's files, `/signin`, `/api/session`, `/healthz`, `/readyz` | anybody |
//! | an operation of X-Ray | a key with `xray:<operation>` |
//! | the same below `/api/xray/`, for the console | a key with `xray:<operation>` |
//! | `/api/keys` | a key with `fluoro:ManageKeys` |
//! | the rest of `/api/` | a key with `fluoro:ReadConsole`, or `fluoro:WriteConsole` to change something |
//! | `/metrics` | a key with `fluoro:GetMetrics` |
//! | any other route | a key with `fluoro:Other` |
//!
//! A key is shown by an AWS signature or by a token in `Authorization: Bearer`, and for `/api/` also by a cookie.
//! Everything that is not named above needs a permission, so that a route added later is closed until somebody
//! decides about it.

pub(crate) mod page;
pub(crate) mod session;

use std::net::IpAddr;
use std::sync::Arc;

use ::auth::{Decision, Head, Key, Keys, Refusal};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::debug;

use crate::app::{App, Shared};
use crate::body::{self, BodyError, MAX_QUERY_BYTES, MAX_SEGMENTS_BYTES};
use crate::error::{Problem, XRayError};
use crate::metrics::UNAUTHORIZED;
use crate::xray::operation;

/// To make, see and revoke keys in the console.
const MANAGE_KEYS: &str = "fluoro:ManageKeys";
/// To change something in the console that is not an operation of X-Ray.
const WRITE_CONSOLE: &str = "fluoro:WriteConsole";

/// What the server needs to ask who is there.
#[derive(Debug, Clone)]
pub struct Auth {
    pub keys: Keys,
    /// Twelve digits, for the ARNs of users.
    pub account_id: String,
    /// Whether browsers reach this server by TLS, and so must not show the cookie elsewhere.
    pub is_tls: bool,
}

/// The address that a connection comes from; `server` puts it into every request. Headers that proxies add are not
/// looked at, since anybody can send them.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// What a path asks of whoever wants it.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    /// To have a key, whatever it may do.
    Key,
    /// Permission for this action.
    Action(String),
}

/// Why a request goes no further.
#[derive(Debug)]
enum Stop {
    NotAuthentic(Refusal),
    Denied {
        key: Arc<Key>,
        action: String,
        decision: Decision,
    },
    Body(BodyError),
    /// Nobody said where the connection comes from. Without it no condition can be decided.
    NoPeer,
}

pub(crate) async fn require(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let Some(auth) = &app.deps.auth else { return next.run(request).await };
    let pattern = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let path = request.uri().path();
    let need = need(request.method(), path, pattern.as_deref());
    if need == Need::Nothing {
        return next.run(request).await;
    }
    let is_xray = match pattern.as_deref() {
        Some(pattern) => operation::name_of(pattern).is_some(),
        None => !path.starts_with("/api/"),
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

fn need(method: &Method, path: &str, pattern: Option<&str>) -> Need {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match pattern {
        Some("/healthz" | "/readyz" | page::PATH | page::STYLE_PATH | "/api/session") => Need::Nothing,
        Some("/metrics") => Need::Action("fluoro:GetMetrics".to_owned()),
        // What a person types into the search box, parsed.
        Some("/api/filter/parse" | "/api/sampling/try") => Need::Action("fluoro:ReadConsole".to_owned()),
        Some(pattern) if pattern.starts_with("/api/keys") => Need::Action(MANAGE_KEYS.to_owned()),
        Some(pattern) if pattern.starts_with("/api/xray/") => {
            Need::Action(format!("xray:{}", pattern.trim_start_matches("/api/xray/")))
        }
        Some(pattern) if pattern.starts_with("/api/") && reads => {
            Need::Action("fluoro:ReadConsole".to_owned())
        }
        Some(pattern) if pattern.starts_with("/api/") => Need::Action(WRITE_CONSOLE.to_owned()),
        Some(pattern) => {
            let name = operation::name_of(pattern);
            Need::Action(name.map_or("fluoro:Other".to_owned(), |name| format!("xray:{name}")))
        }
        None if reads && !path.starts_with("/api/") => Need::Nothing,
        None => Need::Key,
    }
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
    if let Need::Action(action) = need {
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
    let limit = match operation::name_of(sent.path) {
        Some("PutTraceSegments") => MAX_SEGMENTS_BYTES,
        _ => MAX_QUERY_BYTES,
    };
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

    fn check(method: &str, path: &str, pattern: Option<&str>, expected: &str) {
        let need = need(&method.parse().unwrap(), path, pattern);
        let text = match &need {
            Need::Nothing => "nothing",
            Need::Key => "a key",
            Need::Action(action) => action,
        };
        assert_eq!(text, expected, "{method} {path}");
    }

    fn check_route(method: &str, pattern: &str, expected: &str) {
        check(method, pattern, Some(pattern), expected);
    }

    #[test]
    fn every_operation_of_xray_is_its_own_action() {
        for (path, name) in operation::OPERATIONS {
            check_route("POST", path, &format!("xray:{name}"));
        }
        check_route("POST", "/SamplingTargets", "xray:GetSamplingTargets");
    }

    #[test]
    fn the_console_is_read_or_written() {
        check_route("GET", "/api/traces/{id}", "fluoro:ReadConsole");
        check_route("HEAD", "/api/status", "fluoro:ReadConsole");
        check_route("POST", "/api/filter/parse", "fluoro:ReadConsole");
        check_route("POST", "/api/sampling/try", "fluoro:ReadConsole");
        check_route("GET", "/api/keys", "fluoro:ManageKeys");
        check_route("DELETE", "/api/keys/{id}", "fluoro:ManageKeys");
        check_route("POST", "/api/xray/DeleteGroup", "xray:DeleteGroup");
        check_route("POST", "/api/test-trace", "fluoro:WriteConsole");
        check_route("DELETE", "/api/groups/{name}", "fluoro:WriteConsole");
    }

    #[test]
    fn what_is_open_is_open_by_name_and_a_new_route_is_not() {
        for path in ["/healthz", "/readyz", "/signin", "/api/session"] {
            check_route("GET", path, "nothing");
        }
        check("GET", "/traces/1-6553f128-0", None, "nothing");
        check("GET", "/assets/index.js", None, "nothing");
        check("POST", "/nothing", None, "a key");
        check("GET", "/api/nothing", None, "a key");
        check_route("POST", "/v9/something", "fluoro:Other");
        check_route("GET", "/metrics", "fluoro:GetMetrics");
    }
}
