//! A filter expression: what is read can be written, and is then read the same; it prunes nothing that it matches; and
//! completions are offered at any place.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use model::TraceDigest;
use query::Filter;
use query::filter::{Known, complete};

static DIGEST: LazyLock<TraceDigest> = LazyLock::new(fluoro_fuzz::sample);
static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known::default();
    known.see(&DIGEST);
    known
});

fuzz_target!(|text: &str| {
    for (place, _) in text.char_indices().chain([(text.len(), ' ')]).step_by(7) {
        for completion in complete(text, place, &KNOWN) {
            assert!(text.is_char_boundary(completion.replaces.start) && completion.replaces.end == place);
        }
    }
    let Ok(filter) = text.parse::<Filter>() else { return };
    let written = filter.to_string();
    let again: Filter = written.parse().unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(again, filter, "{written}");
    let matches = filter.matches(&DIGEST);
    assert!(
        !matches || filter.predicate().may_match(&DIGEST),
        "the predicate keeps out what the filter matches"
    );
    assert_ne!(filter.not().matches(&DIGEST), matches);
});
