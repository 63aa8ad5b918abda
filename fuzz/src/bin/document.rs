//! Documents of one trace: decoded, put together, reduced, counted, and given back in both languages.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::template::rule::UrlRules;
use query::clock::Times;

fuzz_target!(|bytes: &[u8]| {
    let Some((id, documents)) = fluoro_fuzz::of_one_trace(fluoro_fuzz::documents(bytes)) else { return };
    let trace = query::assemble(id, &documents);
    let digest = query::digest(&trace, &UrlRules::default());
    let again = query::digest(&query::assemble(id, &documents), &UrlRules::default());
    assert_eq!(format!("{digest:?}"), format!("{again:?}"), "a digest is a pure function of its documents");
    // RU-1: what was added can be taken away, and nothing is left.
    for row in query::rollup::difference(Some(&digest), &digest) {
        panic!("a digest differs from itself: {row:?}");
    }
    for segment in wire::render::segments(&trace, &documents) {
        // What the API gives, anybody can read.
        assert!(segment.document.starts_with('{'));
    }
    for span in wire::otel::spans(&trace, &documents) {
        assert!(span.document.is_object());
    }
    for times in [Times::as_sent(&trace), Times::corrected(&trace)] {
        let _ = query::critical_path(&trace, &times);
    }
});
