//! A tracing header: what is read can be written, and is then read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::TraceHeader;

fuzz_target!(|text: &str| {
    let Ok(header) = text.parse::<TraceHeader>() else { return };
    let written = header.to_string();
    assert!(!written.contains(['\r', '\n']), "a header must not end a line: {written:?}");
    assert_eq!(written.parse(), Ok(header), "{written}");
});
