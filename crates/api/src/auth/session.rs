//! Signing in to the console: a token is shown once, and a cookie stands for it from then on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Auth;
use crate::app::{App, Shared};
use crate::console::params::JsonBody;
use crate::console::shape::Session;
use crate::error::Problem;

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

/// The name of whoever is signed in.
pub(super) fn holder(app: &App, auth: &Auth, headers: &HeaderMap) -> Option<String> {
    let key = auth.keys.by_session(of(headers)?, app.deps.clock.now())?;
    Some(key.name.clone())
}

/// The cookie for a token, with the name that goes with it.
pub(super) fn sign_in(app: &App, auth: &Auth, token: &str) -> Option<(String, HeaderValue)> {
    let key = auth.keys.by_token(token)?;
    let session = auth.keys.session(&key, app.deps.clock.now())?;
    let cookie = cookie(auth, &session, ::auth::SESSION_LIFETIME.0 / 1_000_000);
    Some((key.name.clone(), cookie))
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

/// `GET /api/session`: whether one must sign in, and who has.
pub(crate) async fn show(State(app): State<Shared>, headers: HeaderMap) -> Json<Session> {
    let name = app.deps.auth.as_ref().and_then(|auth| holder(&app, auth, &headers));
    Json(Session { required: app.deps.auth.is_some(), name })
}

/// `POST /api/session`: signs in with a token.
pub(crate) async fn begin(
    State(app): State<Shared>,
    JsonBody(begin): JsonBody<Begin>,
) -> Result<Response, Problem> {
    let Some(auth) = &app.deps.auth else {
        return Err(Problem::bad_request("this server asks nobody to sign in"));
    };
    let (name, cookie) =
        sign_in(&app, auth, &begin.token).ok_or_else(|| Problem::not_signed_in(WRONG_TOKEN))?;
    Ok(([(SET_COOKIE, cookie)], Json(Session { required: true, name: Some(name) })).into_response())
}

pub(super) const WRONG_TOKEN: &str = "this is no token of this server, or it was revoked";

/// `DELETE /api/session`: signs out.
pub(crate) async fn end(State(app): State<Shared>) -> Response {
    match &app.deps.auth {
        Some(auth) => (StatusCode::NO_CONTENT, [(SET_COOKIE, sign_out(auth))]).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}
