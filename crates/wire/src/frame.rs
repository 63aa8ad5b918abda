//! One datagram of the X-Ray daemon protocol: a header line and a document.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json;

/// What the SDKs send: Python, Node and .NET, then Java and Go.
const HEADERS_OF_SDKS: [&[u8]; 2] =
    [b"{\"format\":\"json\",\"version\":1}\n", b"{\"format\": \"json\", \"version\": 1}\n"];

/// Takes the header off a datagram and gives the document's bytes.
///
/// The rules are the AWS daemon's, down to Go's lenient JSON: see `docs/protocol.md`.
pub fn split(datagram: &[u8]) -> Result<&[u8], FrameError> {
    if datagram.is_empty() {
        return Err(FrameError::Empty);
    }
    for header in HEADERS_OF_SDKS {
        match datagram.strip_prefix(header) {
            Some([]) => return Err(FrameError::MissingDocument),
            Some(document) => return Ok(document),
            None => {}
        }
    }
    let line_feed = datagram.iter().position(|&byte| byte == b'\n').ok_or(FrameError::MissingHeader)?;
    let (header, document) = (&datagram[..line_feed], &datagram[line_feed + 1..]);
    if document.is_empty() {
        return Err(FrameError::MissingDocument);
    }
    if Header::read(header).is_valid() { Ok(document) } else { Err(FrameError::InvalidHeader) }
}

/// Why a datagram is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the datagram is empty")]
    Empty,
    #[error("there is no line feed between header and document (were they sent as two datagrams?)")]
    MissingHeader,
    #[error("nothing follows the header line (were header and document sent as two datagrams?)")]
    MissingDocument,
    #[error("the header is not {{\"format\":\"json\",\"version\":1}}")]
    InvalidHeader,
}

/// What Go's `encoding/json` leaves in the daemon's struct, whose errors the daemon ignores.
#[derive(Debug, Default, PartialEq)]
struct Header {
    format: String,
    version: i64,
}

impl Header {
    fn read(line: &[u8]) -> Self {
        // Go puts U+FFFD in the place of bad UTF-8 and of lone surrogates, inside strings.
        let text = json::readable(String::from_utf8_lossy(line));
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn is_valid(&self) -> bool {
        folds_to(&self.format, "json") && self.version == 1
    }

    /// A `null` changes nothing, nor does a value of the wrong type: Go notes the error and goes on.
    fn set(&mut self, key: &str, value: &str) {
        if folds_to(key, "format") {
            if let Ok(format) = serde_json::from_str(value) {
                self.format = format;
            }
        } else if folds_to(key, "version") {
            // Only an integer literal will do for Go's int: `1.0` and `1e0` are of the wrong type.
            if let Ok(version) = value.parse() {
                self.version = version;
            }
        }
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut header = Header::default();
        while let Some(key) = members.next_key::<Cow<'_, str>>()? {
            if folds_to(&key, "format") || folds_to(&key, "version") {
                header.set(&key, members.next_value::<&RawValue>()?.get());
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(header)
    }
}

/// Whether `text` is `lower`, which is ASCII, whatever its case. Two letters beyond ASCII count as well,
/// as in Go: the long s and the Kelvin sign.
fn folds_to(text: &str, lower: &str) -> bool {
    let folded = text.chars().map(|character| match character {
        'ſ' => 's',
        '\u{212A}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(lower.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, accepted: bool) {
        let datagram = format!("{header}\n{{}}");
        let expected = if accepted { Ok(&b"{}"[..]) } else { Err(FrameError::InvalidHeader) };
        assert_eq!(split(datagram.as_bytes()), expected, "{header}");
    }

    #[test]
    fn headers_that_the_daemon_accepts() {
        for header in [
            r#"{"format":"json","version":1}"#,
            r#"{"format": "json", "version": 1}"#,
            r#"{"version":1,"format":"json"}"#,
            r#"{"format":"JSON","version":1}"#,
            r#"{"Format":"json","VERSION":1}"#,
            r#"{"format":"jſon","verſion":1}"#,
            r#"{"form\u0061t":"js\u006fn","version":1}"#,
            r#"{"format":"json","version":1,"extra":{"deep":[1,null,"x",1e999]}}"#,
            "  {\"format\":\"json\",\"version\":1}\t\r",
            r#"{"format":"json","version":1,"version":1}"#,
            r#"{"format":"json","version":1,"version":null}"#,
            r#"{"format":"json","version":2,"Version":1}"#,
            r#"{"format":"json","version":1,"format":null}"#,
            r#"{"format":"json","version":1,"format":5}"#,
            r#"{"format":"json","version":1,"version":"2"}"#,
            r#"{"format":"json","version":1,"version":1e999}"#,
            r#"{"format":"json","version":1,"extra":"\ud83d"}"#,
        ] {
            check(header, true);
        }
    }

    #[test]
    fn headers_that_the_daemon_refuses() {
        for header in [
            "",
            " ",
            "null",
            "[]",
            r#""json""#,
            "not json",
            "{}",
            r#"{"format":"json"}"#,
            r#"{"version":1}"#,
            r#"{"format":"json","version":1.0}"#,
            r#"{"format":"json","version":1e0}"#,
            r#"{"format":"json","version":"1"}"#,
            r#"{"format":"json","version":2}"#,
            r#"{"format":"json","version":true}"#,
            r#"{"format":"json","version":1,"version":2}"#,
            r#"{"format":"xml","version":1}"#,
            r#"{"format":"json","format":"xml","version":1}"#,
            r#"{"format":["json"],"version":1}"#,
            r#"{"format":"json ","version":1}"#,
            r#"{"format":"json","version":1} x"#,
            r#"{"format":"json","version":1}{}"#,
            r#"{"format":"json","version":1,}"#,
            r#"{"format":"json","version":1"#,
            r#"{'format':'json','version':1}"#,
            r#"{"format":"json","version":01}"#,
            "\u{feff}{\"format\":\"json\",\"version\":1}",
        ] {
            check(header, false);
        }
    }

    #[test]
    fn bad_utf8_is_harmless_inside_a_string_of_the_header() {
        assert!(split(b"{\"format\":\"json\",\"version\":1,\"x\":\"\xff\"}\n{}").is_ok());
        assert_eq!(split(b"{\"format\":\"json\",\"version\":1}\xff\n{}"), Err(FrameError::InvalidHeader));
    }

    #[test]
    fn a_datagram_without_both_parts_says_which_is_missing() {
        assert_eq!(split(b""), Err(FrameError::Empty));
        assert_eq!(split(b"{\"format\":\"json\",\"version\":1}"), Err(FrameError::MissingHeader));
        assert_eq!(split(b"{\"format\":\"json\",\"version\":1}\n"), Err(FrameError::MissingDocument));
        assert_eq!(split(b"{\"format\": \"json\", \"version\": 1 }\n"), Err(FrameError::MissingDocument));
        assert_eq!(split(b"\n"), Err(FrameError::MissingDocument));
    }

    #[test]
    fn the_document_is_whatever_follows_the_first_line_feed() {
        let check = |document: &[u8]| {
            let datagram = [b"{\"format\":\"json\",\"version\":1}\n", document].concat();
            assert_eq!(split(&datagram), Ok(document));
        };
        check(b"{}\n{}");
        check(b"\n");
        check(b"not json \xff");
    }
}
