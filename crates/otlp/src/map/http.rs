//! Request and response, by old and new conventions.

use std::net::IpAddr;

use model::segment::Http;

use crate::message::{Attributes, Kind, Span};

pub(super) fn of(span: &Span, is_call: bool) -> Option<Http> {
    let attributes = Attributes(&span.attributes);
    let is_server = span.kind() == Kind::Server;
    let http = Http {
        method: method(attributes).map(str::to_owned),
        url: url(attributes, is_server),
        user_agent: attributes.first_text(&["user_agent.original", "http.user_agent"]).map(str::to_owned),
        client_ip: client_ip(attributes, is_call).map(str::to_owned),
        status: status(attributes),
    };
    let is_http = http.method.is_some()
        || http.status.is_some()
        || http.user_agent.is_some()
        || http.url.is_some()
        || attributes.any_below("http.");
    (is_http && http != Http::default()).then_some(http)
}

fn method(attributes: Attributes<'_>) -> Option<&str> {
    match attributes.first_text(&["http.request.method", "http.method"])? {
        "_OTHER" => Some(attributes.text("http.request.method_original").unwrap_or("_OTHER")),
        method => Some(method),
    }
}

pub(crate) fn status(attributes: Attributes<'_>) -> Option<i64> {
    attributes.number(&["http.response.status_code", "http.status_code"])
}

/// As it was sent, or made of its parts. Without a host it is the path alone, as X-Ray's SDKs write it then.
fn url(attributes: Attributes<'_>, is_server: bool) -> Option<String> {
    if let Some(url) = attributes.first_text(&["url.full", "http.url"]) {
        return Some(url.to_owned());
    }
    let is_told =
        attributes.has(&["url.scheme", "http.scheme", "url.path", "http.target", "http.host", "url.query"])
            || attributes.has(&["http.request.method", "http.method"]);
    if !is_told {
        return None;
    }
    let path = match (attributes.text("url.path"), attributes.text("url.query")) {
        (Some(path), Some(query)) => Some(format!("{path}?{}", query.trim_start_matches('?'))),
        (Some(path), None) => Some(path.to_owned()),
        (None, _) => attributes.text("http.target").map(str::to_owned),
    };
    let hosts: &[&str] = if is_server {
        &["server.address", "http.host", "http.server_name", "net.host.name"]
    } else {
        &["server.address", "http.host", "net.peer.name", "network.peer.address", "net.peer.ip"]
    };
    let Some(host) = attributes.first_text(hosts) else { return path };
    let scheme = attributes.first_text(&["url.scheme", "http.scheme"]).unwrap_or("http");
    let is_whole = host.parse::<IpAddr>().is_err() && host.contains(':');
    let ports: &[&str] =
        if is_server { &["server.port", "net.host.port"] } else { &["server.port", "net.peer.port"] };
    let port = attributes.number(ports).filter(|_| !is_whole);
    let port = match (scheme, port) {
        ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    let host = match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) => format!("[{host}]"),
        _ => host.to_owned(),
    };
    let path = path.unwrap_or_else(|| "/".to_owned());
    let slash = if path.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{host}{port}{slash}{path}"))
}

/// Of a call the peer is the server, so only what says that it is the client's address counts.
fn client_ip(attributes: Attributes<'_>, is_call: bool) -> Option<&str> {
    let is_ip = |text: &&str| text.parse::<IpAddr>().is_ok();
    let of_client =
        attributes.text("client.address").filter(is_ip).or_else(|| attributes.text("http.client_ip"));
    if is_call {
        return of_client;
    }
    of_client.or_else(|| {
        let peer = ["network.peer.address", "net.sock.peer.addr", "net.peer.ip"];
        peer.iter().find_map(|key| attributes.text(key).filter(is_ip))
    })
}

/// Whether the client's address came through somebody else's hands.
pub(crate) fn is_forwarded(attributes: Attributes<'_>) -> bool {
    attributes.has(&["client.address", "http.client_ip"])
        && !attributes.has(&["network.peer.address", "net.peer.ip", "net.sock.peer.addr"])
}

pub(crate) fn content_length(attributes: Attributes<'_>) -> Option<i64> {
    attributes.number(&[
        "http.response.body.size",
        "http.response_content_length",
        "http.response.header.content-length",
    ])
}
