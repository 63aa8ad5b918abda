//! A span as it is kept: one `ResourceSpans` with one scope and one span, in OTLP/JSON.

use bytes::Bytes;
use model::SegmentDocument;

use crate::decode::check;
use crate::json;
use crate::map::{self, Sender};
use crate::message::{Resource, Scope, Span};
use crate::reject::Reject;

/// A kept document read again.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) resource: Resource,
    pub(crate) scope: Scope,
    pub(crate) span: Span,
}

/// The outer messages of a kept document, read in one pass; there is one span, and each flush reads it.
#[derive(Debug, Default)]
pub(crate) struct KeptResource {
    pub(crate) resource: Resource,
    pub(crate) scopes: Vec<KeptScope>,
}

#[derive(Debug, Default)]
pub(crate) struct KeptScope {
    pub(crate) scope: Scope,
    pub(crate) spans: Vec<Span>,
}

/// Whether a document is a span of OpenTelemetry's and no segment of X-Ray's. Its first member tells.
pub fn is_document(raw: &[u8]) -> bool {
    let raw = raw.trim_ascii_start();
    let Some(member) = raw.strip_prefix(b"{") else { return false };
    let member = member.trim_ascii_start();
    member.starts_with(b"\"resource\"") || member.starts_with(b"\"scopeSpans\"")
}

/// Reads a kept document again.
pub fn decode(raw: Bytes) -> Result<SegmentDocument, Reject> {
    let Kept { resource, span, .. } = read(&raw)?;
    check(&span)?;
    Ok(map::document(&span, &Sender::new(&resource), raw))
}

pub(crate) fn read(raw: &[u8]) -> Result<Kept, Reject> {
    let malformed = |what: &str| Reject::Malformed(what.to_owned());
    let unreadable = |error: serde_json::Error| Reject::Malformed(error.to_string());
    let text = str::from_utf8(raw).map_err(|_| malformed("it is not UTF-8"))?;
    let KeptResource { resource, scopes } = json::kept(text).map_err(unreadable)?;
    let Ok([KeptScope { scope, spans }]) = <[KeptScope; 1]>::try_from(scopes) else {
        return Err(malformed("it has not one scope"));
    };
    let Ok([span]) = <[Span; 1]>::try_from(spans) else { return Err(malformed("it has not one span")) };
    Ok(Kept { resource, scope, span })
}
