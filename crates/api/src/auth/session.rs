//! Signing in to the console: a token is shown once, and a cookie stands for it from then on.

use std::net::IpAddr;
use std::sync::Arc;

use ::auth::{Decision, Key, Refusal};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;

use crate::app::access::{Auth, Peer};
use crate::app::{App, Shared};
use crate::audit::Note;
use crate::error::Problem;
use crate::params::JsonBody;
use crate::route::Need;
use crate::shape::{CapsuleHead, Session};

const COOKIE_NAME: &str = "fluoro_session";

#[derive(Debug, Deserialize)]
pub(crate) struct Begin {
    token: String,
}

/// The session that a request shows, unchecked.
pub(super) fn of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

/// The key of whoever is signed in.
pub(crate) fn holder(app: &App, auth: &Auth, headers: &HeaderMap) -> Option<Arc<Key>> {
    auth.keys.by_session(of(headers)?, app.deps.clock.now()).ok()
}

/// The cookie for a token, with the key that goes with it.
pub(super) fn sign_in(
    app: &App,
    auth: &Auth,
    token: &str,
    note: Option<&Note>,
) -> Result<(Arc<Key>, HeaderValue), String> {
    let now = app.deps.clock.now();
    let key = auth.keys.by_token(token, now).map_err(|refusal| match refusal {
        Refusal::Expired(text) => text,
        _ => WRONG_TOKEN.to_owned(),
    })?;
    auth.keys.used(&key, now);
    if let Some(note) = note {
        note.who(&key);
    }
    let session = auth.keys.session(&key, now).ok_or(WRONG_TOKEN)?;
    let cookie = cookie(auth, &session, ::auth::SESSION_LIFETIME.0 / 1_000_000);
    Ok((key, cookie))
}

/// Takes the cookie away.
pub(super) fn sign_out(auth: &Auth) -> HeaderValue {
    cookie(auth, "", 0)
}

fn cookie(auth: &Auth, session: &str, seconds: u64) -> HeaderValue {
    let secure = if auth.is_tls { "; Secure" } else { "" };
    let text =
        format!("{COOKIE_NAME}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).expect("ids, digits and dots are a header's value")
}

/// `GET /api/session`: whether one must sign in, who has, and what they may do.
pub(crate) async fn show(
    State(app): State<Shared>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Json<Session> {
    let key = app.deps.auth.as_ref().and_then(|auth| holder(&app, auth, &headers));
    let peer = peer.map(|Extension(Peer(peer))| peer);
    let mut session = session(app.deps.auth.is_some(), key.as_deref(), peer);
    if let Some(head) = &app.deps.capsule {
        session.may_change = false;
        session.capsule = Some(CapsuleHead::from(&**head));
    }
    Json(session)
}

fn session(required: bool, key: Option<&Key>, peer: Option<IpAddr>) -> Session {
    let may = |need: Need| {
        let asked = key.zip(peer).zip(need.action());
        asked.is_some_and(|((key, peer), action)| key.policy.decide(&action, peer) == Decision::Allowed)
    };
    Session {
        required,
        name: key.map(|key| key.name.clone()),
        key_id: key.map(|key| key.id.clone()),
        may_change: !required || may(Need::WriteConsole),
        may_manage_keys: may(Need::ManageKeys),
        capsule: None,
    }
}

/// `POST /api/session`: signs in with a token.
pub(crate) async fn begin(
    State(app): State<Shared>,
    peer: Option<Extension<Peer>>,
    note: Option<Extension<Note>>,
    JsonBody(begin): JsonBody<Begin>,
) -> Result<Response, Problem> {
    let Some(auth) = &app.deps.auth else {
        return Err(Problem::bad_request("this server asks nobody to sign in"));
    };
    let note = note.as_deref();
    let (key, cookie) = sign_in(&app, auth, &begin.token, note).map_err(Problem::not_signed_in)?;
    let session = session(true, Some(&key), peer.map(|Extension(Peer(peer))| peer));
    Ok(([(SET_COOKIE, cookie)], Json(session)).into_response())
}

const WRONG_TOKEN: &str = "this is no token of this server, or it was revoked";

/// `DELETE /api/session`: signs out.
pub(crate) async fn end(
    State(app): State<Shared>,
    note: Option<Extension<Note>>,
    headers: HeaderMap,
) -> Response {
    let key = app.deps.auth.as_ref().and_then(|auth| holder(&app, auth, &headers));
    if let (Some(key), Some(note)) = (key, note) {
        note.who(&key);
    }
    match &app.deps.auth {
        Some(auth) => (StatusCode::NO_CONTENT, [(SET_COOKIE, sign_out(auth))]).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}
