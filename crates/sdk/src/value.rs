//! Names, keys and values as X-Ray takes them, out of whatever an application has.

use std::borrow::Cow;

/// The longest name, in characters.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>
const MAX_NAME_CHARS: usize = 200;
const MAX_KEY_CHARS: usize = 500;
const MAX_VALUE_CHARS: usize = 1_000;
/// Beyond that a double, which is what readers have, does not hold every integer.
const EXACT_INTEGER: u64 = 1 << 53;

/// Which bytes of names and of keys need no second look.
const PLAIN: [(bool, bool); 256] = {
    let mut plain = [(false, false); 256];
    let mut byte = 0;
    while byte < 128 {
        let is_word = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        let is_sign = matches!(
            byte as u8,
            b' ' | b'.' | b':' | b'/' | b'%' | b'&' | b'#' | b'=' | b'+' | b'-' | b'@' | b'\\'
        );
        plain[byte] = (is_word || is_sign, is_word);
        byte += 1;
    }
    plain
};

fn is_plain_name(byte: u8) -> bool {
    PLAIN[byte as usize].0
}

fn is_plain_key(byte: u8) -> bool {
    PLAIN[byte as usize].1
}

/// The value of an annotation: what filters can ask for.
///
/// Made by `Into` of strings, numbers and booleans.
///
/// ```
/// use fluoro_sdk::AnnotationValue;
///
/// assert_eq!(AnnotationValue::from(7), AnnotationValue::Integer(7));
/// assert_eq!(AnnotationValue::from("seven"), AnnotationValue::Text("seven".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AnnotationValue {
    /// At most 1,000 characters of it are kept.
    Text(String),
    /// A whole number. Those that an `i64` does not hold are text.
    Integer(i64),
    /// A number; what is not finite is kept as text.
    Number(f64),
    /// A boolean.
    Bool(bool),
}

impl From<&str> for AnnotationValue {
    fn from(text: &str) -> Self {
        Self::Text(cut(text, MAX_VALUE_CHARS).to_owned())
    }
}

impl From<&String> for AnnotationValue {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for AnnotationValue {
    fn from(mut text: String) -> Self {
        text.truncate(cut(&text, MAX_VALUE_CHARS).len());
        Self::Text(text)
    }
}

impl From<Cow<'_, str>> for AnnotationValue {
    fn from(text: Cow<'_, str>) -> Self {
        text.into_owned().into()
    }
}

impl From<bool> for AnnotationValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_numbers {
    ($variant:ident as $wide:ty: $($narrow:ty)*) => {$(
        impl From<$narrow> for AnnotationValue {
            fn from(value: $narrow) -> Self {
                Self::$variant(value as $wide)
            }
        }
    )*};
}
from_numbers!(Integer as i64: i8 i16 i32 i64 isize u8 u16 u32);
from_numbers!(Number as f64: f32 f64);

impl From<u64> for AnnotationValue {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Self::Text(value.to_string()), Self::Integer)
    }
}

impl From<usize> for AnnotationValue {
    fn from(value: usize) -> Self {
        (value as u64).into()
    }
}

impl AnnotationValue {
    /// As JSON. What a double cannot hold is text: an integer beyond 2^53, and what is no number.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        use std::io::Write as _;
        let written = match self {
            Self::Text(text) => {
                wire::quote::quote(text, out);
                Ok(())
            }
            Self::Bool(value) => write!(out, "{value}"),
            Self::Integer(value) if value.unsigned_abs() <= EXACT_INTEGER => {
                write!(out, "{value}")
            }
            Self::Integer(value) => write!(out, "\"{value}\""),
            Self::Number(value) if value.is_finite() => match serde_json::to_writer(&mut *out, value) {
                Ok(()) => Ok(()),
                Err(error) => Err(error.into()),
            },
            Self::Number(value) => write!(out, "\"{value}\""),
        };
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
    }

    pub(crate) fn bytes(&self) -> usize {
        if let Self::Text(text) = self { text.len() } else { 16 }
    }
}

/// A key with the characters that X-Ray keeps; `None` if there are none. The second tells whether it was changed.
#[inline]
pub(crate) fn key(key: Cow<'static, str>) -> Option<(Cow<'static, str>, bool)> {
    if !key.is_empty() && key.len() <= MAX_KEY_CHARS && key.bytes().all(is_plain_key) {
        return Some((key, false));
    }
    let kept = key.bytes().filter(|&byte| is_plain_key(byte)).take(MAX_KEY_CHARS).map(char::from);
    let kept: String = kept.collect();
    (!kept.is_empty()).then_some((Cow::Owned(kept), true))
}

/// A name with the characters that X-Ray takes: letters, digits, white space and some signs of any script.
pub(crate) fn name(name: Cow<'_, str>) -> Cow<'_, str> {
    if !name.is_empty() && name.len() <= MAX_NAME_CHARS && name.bytes().all(is_plain_name) {
        return name;
    }
    let is_kept = |character: char| {
        character.is_alphanumeric() || character.is_whitespace() && !character.is_control() || {
            character.is_ascii() && is_plain_name(character as u8)
        }
    };
    let kept: String = name.chars().filter(|&character| is_kept(character)).take(MAX_NAME_CHARS).collect();
    if kept.trim().is_empty() { Cow::Borrowed("unknown") } else { Cow::Owned(kept) }
}

/// A name that is kept until it is written, where [`name`] is asked: what lies in the program takes no memory, of anything
/// else no more is kept than may be written.
#[inline]
pub(crate) fn kept_name(text: Cow<'static, str>) -> Cow<'static, str> {
    match text {
        Cow::Owned(text) if text.len() > MAX_NAME_CHARS => name(Cow::Owned(text)),
        short => short,
    }
}

/// The first so many characters.
pub(crate) fn cut(text: &str, chars: usize) -> &str {
    if text.len() <= chars {
        return text;
    }
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

/// At most so many bytes, ending at a character.
pub(crate) fn cut_bytes(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_value(value: impl Into<AnnotationValue>, expected: &str) {
        let mut out = Vec::new();
        value.into().write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn values_keep_their_kind_and_their_digits() {
        check_value("a\"b\n", r#""a\"b\n""#);
        check_value(true, "true");
        check_value(-5_i8, "-5");
        check_value(9_007_199_254_740_992_u64, "9007199254740992");
        check_value(9_007_199_254_740_993_u64, "\"9007199254740993\"");
        check_value(u64::MAX, "\"18446744073709551615\"");
        check_value(i64::MIN, "\"-9223372036854775808\"");
        check_value(0.5_f32, "0.5");
        check_value(1e300, "1e+300");
        check_value(f64::NAN, "\"NaN\"");
        check_value(f64::NEG_INFINITY, "\"-inf\"");
        check_value("é".repeat(2_000), &format!("\"{}\"", "é".repeat(1_000)));
    }

    #[test]
    fn keys_and_names_keep_what_xray_takes() {
        let kept = |text: &str| key(text.to_owned().into()).map(|(key, _)| key.into_owned());
        assert_eq!(kept("tenant_7").as_deref(), Some("tenant_7"));
        assert_eq!(kept("a.b-c d\u{0}é").as_deref(), Some("abcd"));
        assert_eq!(kept("…"), None);
        assert_eq!(kept(""), None);
        assert_eq!(kept(&"k".repeat(501)).unwrap().len(), 500);
        let named = |text: &str| name(text.to_owned().into()).into_owned();
        assert_eq!(named("## größe / 7"), "## größe / 7");
        assert_eq!(named("a\u{0}<b>\"\n"), "ab");
        assert_eq!(named("\u{1}"), "unknown");
        assert_eq!(named(&"n".repeat(300)).len(), 200);
        assert_eq!(cut_bytes("aé", 2), "a");
    }
}
