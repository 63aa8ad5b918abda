//! What is said of an error: itself and what caused it, in one line.

use std::error::Error;

/// An error with its sources, for the log line or the message of whoever handles it. Some errors already hold the
/// text of their source; no text is told twice.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Outer {
        text: &'static str,
        source: io::Error,
    }

    #[test]
    fn each_cause_is_told_once() {
        let check = |text, expected: &str| {
            assert_eq!(chain(&Outer { text, source: io::Error::other("disk is full") }), expected);
        };
        check("write the log", "write the log: disk is full");
        check("write the log (disk is full)", "write the log (disk is full)");
    }
}
