//! The canonical request: the one text that signer and verifier both make of a request.
//!
//! Only what the rules keep is told apart, so that a proxy that changes the spelling of a request, and not
//! its meaning, does not break the signature.

use http::HeaderMap;

use super::Head;

/// The query parameter that carries a presigned URL's signature, and so cannot be signed itself.
pub(super) const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

pub(super) fn request(head: &Head<'_>, signed_headers: &[&str], payload_hash: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    for line in [head.method, &path(head.path), &query(head.query)] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    for name in signed_headers {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(&header(head.headers, name));
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(signed_headers.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload_hash.as_bytes());
    text
}

/// Without empty, `.` and `..` segments, and each segment encoded, although it was encoded for sending.
fn path(sent: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in sent.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut canonical = String::with_capacity(sent.len());
    for segment in &segments {
        canonical.push('/');
        encode(segment.as_bytes(), &mut canonical);
    }
    if canonical.is_empty() || sent.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// The parameters, each encoded in the one right way, sorted by name and then value.
fn query(sent: &str) -> String {
    let mut parameters: Vec<(String, String)> = parameters(sent)
        .filter(|(name, _)| name != SIGNATURE_PARAMETER.as_bytes())
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    parameters.sort_unstable();
    let pairs: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Names and values, decoded.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

/// All values of a header, joined by commas; white space at the ends goes, inside it is one space.
fn header(headers: &HeaderMap, name: &str) -> Vec<u8> {
    let values: Vec<Vec<u8>> = headers.get_all(name).iter().map(|value| folded(value.as_bytes())).collect();
    values.join(&b","[..])
}

fn folded(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.join(&b" "[..])
}

fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    encode(bytes, &mut text);
    text
}

fn encode(bytes: &[u8], out: &mut String) {
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// A per cent sign without two digits after it stands for itself, as in the AWS SDKs.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped =
            bytes.get(at + 1..at + 3).and_then(|pair| crate::hex::decode(str::from_utf8(pair).ok()?));
        match escaped {
            Some(escaped) if byte == b'%' => {
                out.extend_from_slice(&escaped);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_normalised_and_encoded_once_more() {
        let check = |sent, expected: &str| assert_eq!(path(sent), expected, "{sent}");
        check("", "/");
        check("/", "/");
        check("/TraceSegments", "/TraceSegments");
        check("//a/./b/../c//", "/a/c/");
        check("/../..", "/");
        check("/a%20b", "/a%2520b");
    }

    #[test]
    fn a_query_is_sorted_and_spelled_in_one_way() {
        let check = |sent, expected: &str| assert_eq!(query(sent), expected, "{sent}");
        check("", "");
        check("b&a=2&a=1&&c=%2f%zz", "a=1&a=2&b=&c=%2F%25zz");
        check("a=1+1&X-Amz-Signature=00", "a=1%2B1");
    }
}
