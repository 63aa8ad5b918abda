//! JSON that is valid but that serde_json will not read, and how deep a text nests.
//!
//! SDKs cut strings in the middle of a surrogate pair, and Java and Go read such text without a word.
//! What `decode` skips (metadata, stacks) is not looked at, so `render` may be the first to meet it.

mod tree;

use std::borrow::Cow;

pub(crate) use self::tree::{Json, Members, from_values, to_values};
use crate::limits::MAX_DEPTH;

/// The text with each lone surrogate escape as U+FFFD and each number beyond a double as the largest one;
/// `None` where there is nothing to mend. Text that is no JSON stays none.
pub(crate) fn mended(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut in_string = false;
    while at < bytes.len() {
        let (length, substitute) = match bytes[at] {
            b'"' => {
                in_string = !in_string;
                (1, None)
            }
            b'\\' if in_string => escape(&bytes[at..]),
            b'-' | b'0'..=b'9' if !in_string => number(&text[at..]),
            _ => (1, None),
        };
        if let Some(substitute) = substitute {
            mended.push_str(&text[copied..at]);
            mended.push_str(substitute);
            copied = at + length;
        }
        at += length;
    }
    if copied == 0 {
        return None;
    }
    mended.push_str(&text[copied..]);
    Some(mended)
}

/// How long the escape is that begins here, and what must stand in its place.
fn escape(bytes: &[u8]) -> (usize, Option<&'static str>) {
    match surrogate(bytes) {
        Some(0xD800..=0xDBFF) => match bytes.get(6..).and_then(surrogate) {
            Some(0xDC00..=0xDFFF) => (12, None),
            _ => (6, Some("\\ufffd")),
        },
        Some(_) => (6, Some("\\ufffd")),
        // Whatever else is escaped is one byte long, or is ASCII that needs no attention.
        None => (2, None),
    }
}

/// The surrogate that `\uXXXX` at the start of `bytes` stands for.
fn surrogate(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(..6)?.strip_prefix(b"\\u")?;
    let digits = str::from_utf8(digits).ok()?;
    let unit = u16::from_str_radix(digits, 16).ok()?;
    (0xD800..=0xDFFF).contains(&unit).then_some(unit)
}

/// How long the number is that begins here.
fn number_length(text: &str) -> usize {
    let is_part = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len())
}

fn number(text: &str) -> (usize, Option<&'static str>) {
    let length = number_length(text);
    let substitute = match text[..length].parse::<f64>() {
        Ok(f64::INFINITY) => Some("1.7976931348623157e308"),
        Ok(f64::NEG_INFINITY) => Some("-1.7976931348623157e308"),
        _ => None,
    };
    (length, substitute)
}

/// Reads a document for rendering; `None` where it is no JSON, which `decode` would have refused.
pub(crate) fn tree(raw: &[u8]) -> Option<Json> {
    let text = str::from_utf8(raw).ok()?;
    let digits = tree::numbers(text);
    tree::read(text, digits.clone()).or_else(|| tree::read(&mended(text)?, digits))
}

/// Whether arrays and objects nest deeper than [`MAX_DEPTH`].
pub(crate) fn is_too_deep(text: &str) -> bool {
    // Counting is many times as fast as following the strings, and nearly always enough.
    let opening = text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count();
    opening > MAX_DEPTH && depth(text) > MAX_DEPTH
}

pub(crate) fn depth(text: &str) -> usize {
    let mut deepest = 0;
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    let mut in_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The text itself, or with each lone surrogate escape as U+FFFD and each number beyond a double as the largest one,
/// which other readers of JSON than serde_json take without a word.
pub fn readable(text: Cow<'_, str>) -> Cow<'_, str> {
    match mended(&text) {
        Some(mended) => Cow::Owned(mended),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_and_endless_numbers_are_mended() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(mended(text).as_deref(), expected);
        check(r#"{"a":"\ud83d"}"#, Some(r#"{"a":"\ufffd"}"#));
        check(r#"{"a":"\ude00\ud83d\u0041"}"#, Some(r#"{"a":"\ufffd\ufffd\u0041"}"#));
        check(r#"{"a":"\ud83d\ude00"}"#, None);
        check(r#"{"a":"\\ud83d"}"#, None);
        check(r#"{"a":"1e999"}"#, None);
        check("[1e999,-1E+999,1.5]", Some("[1.7976931348623157e308,-1.7976931348623157e308,1.5]"));
        check(r#"{"a":"\"#, None);
        check(r#""\ud83dé"#, Some(r#""\ufffdé"#));
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(depth(r#"{"a":["[[[{{\"[",{"b":[]}]}"#), 4);
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(!is_too_deep(&nested(MAX_DEPTH)));
        assert!(is_too_deep(&nested(MAX_DEPTH + 1)));
        assert!(serde_json::from_str::<serde_json::Value>(&nested(MAX_DEPTH)).is_ok());
        assert!(serde_json::from_str::<serde_json::Value>(&nested(MAX_DEPTH + 1)).is_err());
    }
}
