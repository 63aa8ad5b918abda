//! How many documents a second one core decodes, beside the floor: reading the same bytes without keeping any.

#![expect(clippy::unwrap_used, reason = "a bench may stop at once when its data is not there")]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::IgnoredAny;

/// Captured documents: a large one of Flask with eight subsegments, a small streamed one, one of express.
const CAPTURES: [(&str, &str); 3] = [
    ("flask", "python-sdk-2.15.0/flask/0001.udp"),
    ("streamed", "python-sdk-2.15.0/stream/0001.udp"),
    ("express", "node-sdk-3.12.0/express/0001.udp"),
];

fn decode(criterion: &mut Criterion) {
    for (name, path) in CAPTURES {
        let datagram = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)).unwrap();
        let raw = Bytes::copy_from_slice(wire::frame::split(&datagram).unwrap());
        let mut group = criterion.benchmark_group(format!("{name} ({} bytes)", raw.len()));
        let per_document = Throughput::Elements(1);
        group.throughput(per_document);
        group.bench_function("decode", |bencher| {
            bencher.iter(|| wire::decode(black_box(raw.clone())).unwrap());
        });
        group.bench_function("floor", |bencher| {
            bencher.iter(|| {
                let text = str::from_utf8(black_box(&raw)).unwrap();
                serde_json::from_str::<IgnoredAny>(text).unwrap()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
