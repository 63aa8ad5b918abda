//! Values as statements have them.

use std::fmt::Write;

/// A text in a statement, whatever it holds.
pub(crate) fn quoted(text: &str) -> String {
    bytes(text.as_bytes())
}

/// Bytes in a statement.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let mut sql = String::with_capacity(bytes.len() * 2 + 9);
    sql.push_str("unhex('");
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(sql, "{byte:02x}");
    }
    sql.push_str("')");
    sql
}

/// A number in a statement; the smallest is none that the server reads as it is written.
pub(crate) fn number(value: i64) -> String {
    match value {
        i64::MIN => "toInt64('-9223372036854775808')".to_owned(),
        _ => value.to_string(),
    }
}
