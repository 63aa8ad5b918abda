//! One line of an export: a document as it was received, and when.

use std::io::{self, Write};

use bytes::Bytes;
use model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use store_local::offline::Received;

#[derive(Deserialize)]
struct Line<'a> {
    /// Seconds since 1970.
    received: f64,
    /// The document, or a string that holds it where it has line breaks.
    #[serde(borrow)]
    document: &'a RawValue,
}

pub(super) fn write(one: &Received, out: &mut impl Write) -> io::Result<()> {
    let (seconds, micros) = (one.received.0.div_euclid(1_000_000), one.received.0.rem_euclid(1_000_000));
    write!(out, "{{\"received\":{seconds}.{micros:06},\"document\":")?;
    // Byte for byte, so that an import gives the same again.
    if one.raw.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        serde_json::to_writer(&mut *out, &String::from_utf8_lossy(&one.raw))?;
    } else {
        out.write_all(&one.raw)?;
    }
    out.write_all(b"}\n")
}

/// Whether it is a request of OTLP, as an export or the collector's file exporter has it.
pub(super) fn is_otlp(line: &str) -> bool {
    let member = line.trim_start().strip_prefix('{').map(str::trim_start);
    member.is_some_and(|member| member.starts_with("\"resourceSpans\""))
}

pub(super) fn read(line: &str) -> Result<Received, serde_json::Error> {
    let line: Line<'_> = serde_json::from_str(line)?;
    let text = line.document.get();
    let raw = match text.starts_with('"') {
        true => Bytes::from(serde_json::from_str::<String>(text)?),
        false => Bytes::copy_from_slice(text.as_bytes()),
    };
    Ok(Received { received: Timestamp::from_seconds(line.received), raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(received: i64, raw: &str, expected: &str) {
        let one = Received { received: Timestamp(received), raw: Bytes::copy_from_slice(raw.as_bytes()) };
        let mut out = Vec::new();
        write(&one, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, expected);
        let again = read(text.trim_end()).unwrap();
        assert_eq!((again.received, &*again.raw), (one.received, raw.as_bytes()));
    }

    #[test]
    fn a_document_comes_back_byte_for_byte() {
        check(
            1_785_000_000_000_001,
            r#"{"id":  1.50,"a":"\u00e9"}"#,
            "{\"received\":1785000000.000001,\"document\":{\"id\":  1.50,\"a\":\"\\u00e9\"}}\n",
        );
        check(5, "{\n\"id\":1}", "{\"received\":0.000005,\"document\":\"{\\n\\\"id\\\":1}\"}\n");
    }

    #[test]
    fn a_line_that_is_none_is_refused() {
        for line in ["", "{}", r#"{"received":1}"#, r#"{"received":1,"document":{}"#] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
