//! What segments of requests and subsegments of calls have in common: headers, urls, and what is left out of them.

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use model::{EntityId, TraceId};
use wire::TraceHeader;
use wire::header::Sampled;

/// The tracing header.
pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// A header's text, where it is one.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The caller's trace: X-Ray's header, or W3C's where X-Ray's says neither parent nor decision, as a load balancer's.
pub(crate) fn incoming(headers: &HeaderMap) -> Option<TraceHeader> {
    let header = text(headers, TRACE_HEADER.as_str()).and_then(|text| text.parse::<TraceHeader>().ok());
    if header.as_ref().is_some_and(|header| header.parent.is_some() || header.sampled.is_some()) {
        return header;
    }
    text(headers, "traceparent").and_then(traceparent).or(header)
}

/// W3C's header, of version 00 or a later one.
fn traceparent(text: &str) -> Option<TraceHeader> {
    let mut parts = text.trim().split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_known = version != "00" || parts.next().is_none();
    if !is_hex(version, 2)
        || version == "ff"
        || !is_known
        || !is_hex(trace, 32)
        || !is_hex(parent, 16)
        || !is_hex(flags, 2)
    {
        return None;
    }
    let (root, parent) = (trace.parse::<TraceId>().ok()?, parent.parse::<EntityId>().ok()?);
    if root == TraceId([0; 16]) || parent == EntityId(0) {
        return None;
    }
    let is_sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    let sampled = Some(if is_sampled { Sampled::Yes } else { Sampled::No });
    Some(TraceHeader { root: Some(root), parent: Some(parent), sampled, ..TraceHeader::default() })
}

/// Sets the header for a call, if there is a trace.
pub(crate) fn inject(headers: &mut HeaderMap, header: Option<TraceHeader>) {
    let value = header.and_then(|header| HeaderValue::try_from(header.to_string()).ok());
    if let Some(value) = value {
        headers.insert(TRACE_HEADER, value);
    }
}

/// Scheme, authority and path: never the query nor the user, which may hold secrets.
pub(crate) fn url(uri: &Uri, host: Option<&str>, scheme: &str) -> String {
    let authority = uri.authority().map(http::uri::Authority::as_str).or(host).unwrap_or("localhost");
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    format!("{}://{authority}{}", uri.scheme_str().unwrap_or(scheme), uri.path())
}

/// The length that a header gives.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, "content-length").and_then(|length| length.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expected: Option<&str>) {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let read = incoming(&headers.collect()).map(|header| header.to_string());
        assert_eq!(read.as_deref(), expected);
    }

    #[test]
    fn root_only_keeps_root_and_traceparent_counts_where_nothing_is_decided() {
        let root_only = format!("Root={ROOT}");
        let w3c = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
        let as_xray = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        let decided = format!("Root={ROOT};Sampled=0");
        check(&[], None);
        check(&[("x-amzn-trace-id", &root_only)], Some(&root_only));
        check(&[("traceparent", w3c)], Some(&as_xray));
        check(&[("x-amzn-trace-id", &root_only), ("traceparent", w3c)], Some(&as_xray));
        check(&[("x-amzn-trace-id", &decided), ("traceparent", w3c)], Some(&decided));
        check(&[("x-amzn-trace-id", "Root=1-x;Sampled=1")], None);
        for bad in [
            "",
            "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8",
            "00-00000000000000000000000000000000-53995c3f42cd8ad8-01",
            "00-5759e988bd862e3fe1be46a994272793-0000000000000000-01",
            "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01-more",
            "ff-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
            "00-5759E988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
        ] {
            check(&[("traceparent", bad)], None);
        }
        check(
            &[("traceparent", "01-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00-more")],
            Some(&as_xray.replace("=1", "=0").replace("Root=0", "Root=1")),
        );
    }

    #[test]
    fn urls_lose_query_and_user() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        assert_eq!(url(&uri("http://ada:secret@h:8080/a/b?token=1"), None, "http"), "http://h:8080/a/b");
        assert_eq!(url(&uri("/a?b"), Some("shop.example"), "https"), "https://shop.example/a");
        assert_eq!(url(&uri("/"), None, "http"), "http://localhost/");
    }
}
