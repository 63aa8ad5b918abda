//! `/signin`: a page with one field, which works without the web application.

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::session;
use crate::app::Shared;
use crate::audit::Note;
use crate::body;

pub(crate) const PATH: &str = "/signin";
/// A token and a path.
pub(crate) const MAX_FORM_BYTES: usize = 4 << 10;
/// As for every page, but that its form may be sent.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const PAGE: &str = include_str!("signin.html");
const STYLE: &str = include_str!("signin.css");

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Place {
    /// Where to go once signed in.
    #[serde(default)]
    next: String,
}

#[derive(Debug, Default, Deserialize)]
struct Form {
    #[serde(default)]
    token: String,
    #[serde(default)]
    next: String,
    /// Present if the button to sign out was pressed.
    sign_out: Option<String>,
}

pub(crate) async fn show(
    State(app): State<Shared>,
    Query(place): Query<Place>,
    headers: HeaderMap,
) -> Response {
    let Some(auth) = &app.deps.auth else { return see_other("/").into_response() };
    let key = session::holder(&app, auth, &headers);
    page(StatusCode::OK, "", &place.next, key.as_ref().map(|key| key.name.as_str()))
}

pub(crate) async fn submit(State(app): State<Shared>, request: Request<Body>) -> Response {
    let Some(auth) = &app.deps.auth else { return see_other("/").into_response() };
    let note = request.extensions().get::<Note>().cloned();
    let holder = session::holder(&app, auth, request.headers());
    let purse = app.bodies.of(request.extensions());
    let form = match body::collect(request.into_body(), MAX_FORM_BYTES, &purse).await {
        Ok(read) => parse(&read.bytes),
        Err(error) => return page(StatusCode::BAD_REQUEST, &error.to_string(), "/", None),
    };
    if form.sign_out.is_some() {
        if let (Some(key), Some(note)) = (holder, note) {
            note.who(&key);
        }
        return ([(SET_COOKIE, session::sign_out(auth))], see_other(PATH)).into_response();
    }
    match session::sign_in(&app, auth, form.token.trim(), note.as_ref()) {
        Ok((_, cookie)) => ([(SET_COOKIE, cookie)], see_other(local(&form.next))).into_response(),
        Err(text) => page(StatusCode::UNAUTHORIZED, &text, &form.next, None),
    }
}

/// The page has no other file.
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// A form is written like a query; what is none has no token.
fn parse(bytes: &[u8]) -> Form {
    let uri = str::from_utf8(bytes).ok().and_then(|text| format!("/?{text}").parse().ok());
    uri.and_then(|uri| Query::try_from_uri(&uri).ok()).map(|Query(form)| form).unwrap_or_default()
}

fn page(status: StatusCode, message: &str, next: &str, name: Option<&str>) -> Response {
    let signed_in = name.map(|name| format!("Signed in as {name}.")).unwrap_or_default();
    // Nothing else in names of keys, and in paths that `local` lets pass, means something in HTML.
    let text = PAGE
        .replace("{next}", &local(next).replace('&', "&amp;"))
        .replace("{message}", message)
        .replace("{signed-in}", &signed_in)
        .replace("{hidden-unless-signed-in}", if name.is_some() { "" } else { "hidden" });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        // Without a referrer a browser would not tell the form's origin either, and the guard would refuse it.
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (CACHE_CONTROL, NO_STORE),
    ];
    (status, headers, text).into_response()
}

/// A path of this server, or its root: a link to `/signin` must not lead to another site.
fn local(next: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=%._~-:+,*@!".contains(&byte);
    let is_local = next.starts_with('/') && !next.starts_with("//");
    if is_local && next.bytes().all(is_plain) { next } else { "/" }
}

fn see_other(place: &str) -> (StatusCode, [(axum::http::HeaderName, HeaderValue); 2]) {
    let location = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location), (CACHE_CONTROL, NO_STORE)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_led_to_pages_of_this_server_alone() {
        let check = |next, expected: &str| assert_eq!(local(next), expected, "{next}");
        check("/traces/1-6553f128-0?from=1&to=2", "/traces/1-6553f128-0?from=1&to=2");
        check("", "/");
        for other in
            ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/\"><script>", "/\r\nx: y"]
        {
            check(other, "/");
        }
    }

    #[test]
    fn a_form_is_read_or_empty() {
        let form = parse(b"token=fluoro_1&next=%2Ftraces%3Fa%3D1");
        assert_eq!((form.token.as_str(), form.next.as_str()), ("fluoro_1", "/traces?a=1"));
        for odd in [&b"\xff"[..], b"", b"token", b"a b"] {
            assert_eq!(parse(odd).token, "");
        }
    }
}
