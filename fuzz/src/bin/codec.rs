//! The bytes in which digests and rollups are kept: no bytes but those that were written are read, nothing panics, and
//! what is read is written so that it is read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{Timestamp, TraceId};
use row::codec;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = codec::decode_commit(bytes) {
        let written = codec::encode_commit(&read.digests, &read.minutes, &read.awaited, &read.answered);
        let again = codec::decode_commit(&written).expect("what was written can be read");
        assert_eq!(format!("{read:?}"), format!("{again:?}"));
    }
    if let Ok(rows) = codec::decode_rows(bytes) {
        let again = codec::decode_rows(&codec::encode_rows(&rows)).expect("what was written can be read");
        assert_eq!(format!("{rows:?}"), format!("{again:?}"));
    }
    let minute = Timestamp(1_700_000_040_000_000).minute();
    if let Ok(stats) = codec::decode_stats(minute, bytes) {
        let again = codec::decode_stats(minute, &codec::encode_stats(minute, &stats))
            .expect("what was written can be read");
        assert_eq!(format!("{stats:?}"), format!("{again:?}"));
    }
    let beside = codec::Beside {
        id: TraceId([7; 16]),
        start: Timestamp(1_700_000_040_000_000),
        annotations: codec::BesideAnnotations::Texts(Vec::new()),
    };
    let _ = codec::decode_digest(bytes, beside);
});
