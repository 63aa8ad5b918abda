//! The web application's files, and its page for every path that a person may open.

use ::console::Asset;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;

use crate::app::{App, Shared};
use crate::error::Problem;

const PAGE: &str = "index.html";
/// The build puts files here whose names change with their content.
const HASHED: &str = "assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Variants that the web build writes beside a file, the smaller first.
const VARIANTS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The file at the request's path; the application's page where a person asks for a path that is no file
/// (`/traces/<id>`); else a problem.
pub(crate) fn serve(app: &App, request: &Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { PAGE } else { path };
    if let (Some(head), PAGE) = (&app.deps.capsule, path) {
        return page_of(head);
    }
    if let Some(response) = file(path, request.headers()) {
        return response;
    }
    if path.starts_with(HASHED) || !wants_page(request.headers()) {
        return Problem::not_found(format!("there is no file /{path}")).into_response();
    }
    match &app.deps.capsule {
        Some(head) => page_of(head),
        None => file(PAGE, request.headers()).unwrap_or_else(placeholder),
    }
}

/// The application's page for a capsule, whose time stands: it must know that before it asks anything.
fn page_of(head: &capsule::Head) -> Response {
    let Some(asset) = ::console::asset(PAGE) else { return placeholder() };
    let page = String::from_utf8_lossy(&asset.data);
    let page = page.replacen("<html ", &format!("<html data-stands-at=\"{}\" ", head.to / 1_000), 1);
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")), (CACHE_CONTROL, ASK_AGAIN)];
    (headers, page).into_response()
}

/// `GET /`, which has a route of its own because `POST /` has one.
pub(crate) async fn home(State(app): State<Shared>, request: Request) -> Response {
    serve(&app, &request)
}

fn wants_page(headers: &HeaderMap) -> bool {
    text(headers, &ACCEPT).contains("text/html")
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let (encoding, asset) = choose(path, headers)?;
    let tag = entity_tag(&asset, encoding);
    let mut response = if matches(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match asset.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => Bytes::from(data),
        };
        ([(CONTENT_TYPE, HeaderValue::from_static(content_type(path)))], Body::from(body)).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(ETAG, HeaderValue::from_str(&tag).expect("hex digits in quotes are a header's value"));
    answer.insert(CACHE_CONTROL, if path.starts_with(HASHED) { FOR_EVER } else { ASK_AGAIN });
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

fn choose(path: &str, headers: &HeaderMap) -> Option<(Option<&'static str>, Asset)> {
    let accepted = text(headers, &ACCEPT_ENCODING);
    let packed = VARIANTS
        .into_iter()
        .filter(|(encoding, _)| accepts(&accepted, encoding))
        .find_map(|(encoding, suffix)| Some((Some(encoding), ::console::asset(&format!("{path}{suffix}"))?)));
    packed.or_else(|| Some((None, ::console::asset(path)?)))
}

/// Whether `Accept-Encoding` names the encoding with a weight other than zero.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
        name.trim() == encoding && !refused
    })
}

fn entity_tag(asset: &Asset, encoding: Option<&str>) -> String {
    let mut tag = String::from("\"");
    for byte in &asset.hash[..12] {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push_str(encoding.unwrap_or_default());
    tag.push('"');
    tag
}

fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let known = text(headers, &IF_NONE_MATCH);
    known.split(',').any(|item| item.trim().trim_start_matches("W/") == tag)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

fn placeholder() -> Response {
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")), (CACHE_CONTROL, ASK_AGAIN)];
    (headers, ::console::PLACEHOLDER).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_with_weight_zero_is_refused() {
        assert!(accepts("gzip, deflate, br;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("brotli", "br"));
    }

    #[test]
    fn a_tag_is_found_in_a_list_and_when_weak() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        assert!(matches(&headers, "\"b\"") && !matches(&headers, "\"c\""));
    }
}
