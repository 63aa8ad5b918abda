//! Names of segments and calls: what becomes a node of the map must be called alike by each of its callers.

use std::borrow::Cow;

use model::segment::Namespace;

use super::{Sender, sql};
use crate::message::{Attributes, Span};

const MAX_CHARS: usize = 200;

/// The name of the segment that a span is, if it has another than its service.
pub(super) fn of_segment(span: &Span, sender: &Sender) -> Option<String> {
    let attributes = Attributes(&span.attributes);
    if let Some(name) = attributes.text("aws.local.service") {
        return Some(cleaned(name));
    }
    if sender.service.name.is_some() {
        return None;
    }
    // Such as a span that was written by hand. Its own name is better than that of nobody.
    let host = ["http.host", "server.address", "net.host.name"];
    let name = attributes.first_text(&["faas.name", "rpc.service"]).or_else(|| attributes.first_text(&host));
    Some(cleaned(name.unwrap_or(&span.name)))
}

/// The name of a call's callee, or of work inside of a service.
pub(super) fn of_work(span: &Span, namespace: Option<&Namespace>) -> String {
    let attributes = Attributes(&span.attributes);
    match namespace {
        None => cut(&span.name),
        Some(namespace) => match callee(attributes, namespace) {
            Some(name) => cleaned(&name),
            None => cleaned(&span.name),
        },
    }
}

fn callee<'a>(attributes: Attributes<'a>, namespace: &Namespace) -> Option<Cow<'a, str>> {
    if let Some(name) = attributes.text("aws.remote.service") {
        let prefix = ["AWS.SDK.", "AWS::"].into_iter().find(|prefix| name.starts_with(prefix));
        let cut = prefix.filter(|_| *namespace == Namespace::Aws).map_or(0, str::len);
        return Some(name[cut..].into());
    }
    if let Some(name) = attributes.first_text(&["service.peer.name", "peer.service"]) {
        return Some(name.into());
    }
    if *namespace == Namespace::Aws {
        if is_queue_of_aws(attributes) && !is_sdk_of_aws(attributes) {
            return Some("SQS".into());
        }
        let name = attributes.text("aws.service").or_else(|| rpc_service(attributes));
        return name.map(|name| name.strip_prefix("AWS.").unwrap_or(name).into());
    }
    if let Some(name) = database(attributes) {
        return Some(name);
    }
    if let Some(name) = rpc_service(attributes) {
        return Some(name.into());
    }
    let known = attributes.first_text(&[
        "messaging.destination.name",
        "messaging.destination",
        "messaging.system",
        "gen_ai.provider.name",
        "gen_ai.system",
        "faas.invoked_name",
    ]);
    if let Some(name) = known {
        return Some(name.into());
    }
    host(attributes).map(Cow::Borrowed)
}

/// `orders@db.internal`; what is missing is left out.
fn database(attributes: Attributes<'_>) -> Option<Cow<'_, str>> {
    let system = attributes.first_text(&["db.system.name", "db.system"]);
    let name = attributes.first_text(&["db.namespace", "db.name"]);
    if system.is_none() && name.is_none() {
        return None;
    }
    let name = name.or(system)?;
    Some(match sql::host(attributes) {
        Some(host) => format!("{name}@{host}").into(),
        None => name.into(),
    })
}

/// Newer conventions have the service in front of the method: `shop.Cart/Add`.
pub(super) fn rpc_service(attributes: Attributes<'_>) -> Option<&str> {
    let of_method = || attributes.text("rpc.method")?.rsplit_once('/').map(|(service, _)| service);
    attributes.text("rpc.service").or_else(of_method).filter(|service| !service.is_empty())
}

fn host(attributes: Attributes<'_>) -> Option<&str> {
    attributes
        .first_text(&["http.host", "server.address"])
        .or_else(|| attributes.first_text(&["url.full", "http.url"]).and_then(host_of_url))
        .or_else(|| {
            attributes.first_text(&[
                "net.peer.name",
                "net.sock.peer.name",
                "network.peer.address",
                "net.peer.ip",
                "net.sock.peer.addr",
            ])
        })
}

/// The host of a URL, with its port.
pub(super) fn host_of_url(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (!host.is_empty()).then_some(host)
}

/// A queue that is told by the conventions of messaging, not by an AWS SDK's.
pub(super) fn is_queue_of_aws(attributes: Attributes<'_>) -> bool {
    attributes.text("messaging.system").is_some_and(|system| matches!(system, "aws_sqs" | "AmazonSQS"))
}

fn is_sdk_of_aws(attributes: Attributes<'_>) -> bool {
    attributes.has(&["aws.service", "rpc.service"])
}

/// Only characters that X-Ray allows in a segment's name, at most 200 of them, and never none.
pub(crate) fn cleaned(name: &str) -> String {
    let is_allowed = |it: char| it.is_alphanumeric() || " _.:/%&#=+\\-@".contains(it);
    let name: String = name.chars().filter(|&it| is_allowed(it)).take(MAX_CHARS).collect();
    if name.trim().is_empty() { "span".to_owned() } else { name }
}

fn cut(name: &str) -> String {
    if name.is_empty() { "span".to_owned() } else { name.chars().take(MAX_CHARS).collect() }
}
