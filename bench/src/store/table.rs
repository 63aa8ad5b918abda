//! The figures of the store as people read them.

use super::Measured;
use super::append::{Latency, RATE};
use super::question::{Answered, PROMISES};
use super::shape::Shape;
use crate::table::{Row, lines, row, thousands};
use crate::visible::percentile;

pub(crate) fn of_shape(one: &Measured) -> String {
    let mut text = format!("\n{} spans, {}\n\n", thousands(one.load.spans as f64), one.shape.title());
    let mut rows = vec![row("", "measured", "must reach", "floor in this run")];
    rows.extend(load(one));
    rows.extend(one.questions.iter().map(question));
    text.push_str(&lines(&rows));
    text
}

pub(crate) fn of_appends(latency: &Latency) -> String {
    format!("\nappends with fsync, the digest worker beside them\n\n{}", lines(&append(latency)))
}

fn load(one: &Measured) -> Vec<Row> {
    let Measured { shape, load, floor, .. } = one;
    let spans = load.spans as f64;
    let rate = spans / load.cpu_seconds;
    let goal = if *shape == Shape::Published { "45 B" } else { "" };
    let bytes: u64 = load.part_bytes.values().sum();
    let entropy = shape.entropy_bytes().map(|bytes| format!("entropy of the shape: {bytes:.1} B; "));
    let entropy = entropy.unwrap_or_default();
    let mut rows = vec![
        row(
            "spans a CPU-second, decoded to sealed",
            thousands(rate),
            "40,000",
            format!("checksum and zstd -1: {}", thousands(floor.spans_a_cpu_second)),
        ),
        row(
            "spans a second (wall); refused as busy",
            format!("{}; {}", thousands(spans / load.wall_seconds), load.busy),
            "",
            "with the thread that makes the documents",
        ),
        row(
            "bytes a span on disk, all parts",
            format!("{:.0} B", bytes as f64 / spans),
            goal,
            format!(
                "{entropy}zstd -1 in blocks of 64 KiB: {:.0} B of {:.0} B received",
                floor.bytes_a_span, floor.raw_bytes_a_span
            ),
        ),
    ];
    for (table, bytes) in &load.part_bytes {
        rows.push(row(format!("  of it, {table}"), format!("{:.1} B", *bytes as f64 / spans), "", ""));
    }
    rows.push(row("peak RSS of this process", format!("{:.0} MiB", load.peak_rss_mib), "300 MB", ""));
    rows.push(row(
        "documents; traces; parts",
        format!("{}; {}; {}", thousands(load.documents as f64), thousands(load.traces as f64), load.parts),
        "",
        "",
    ));
    rows
}

fn question(answered: &Answered) -> Row {
    let times =
        format!("{:.1}; {:.1} ms", percentile(&answered.times, 0.5), percentile(&answered.times, 0.99));
    let floor = if answered.what == "trace by id, assembled" { "0.4 ms by parquet alone" } else { "" };
    let promise = PROMISES.iter().find(|(what, _)| *what == answered.what);
    let goal = &promise.map(|(_, milliseconds)| format!("{milliseconds} ms")).unwrap_or_default();
    let read = match answered.read_bytes.is_nan() {
        true => String::new(),
        false => format!("reads {} KB; ", thousands(answered.read_bytes / 1e3)),
    };
    let rest = format!("{read}first {:.1} ms; finds {:.0}; {floor}", answered.first, answered.found);
    row(format!("{}, p50; p99", answered.what), times, goal, rest.trim_end_matches("; "))
}

fn append(latency: &Latency) -> Vec<Row> {
    let times = format!("{:.1}; {:.1} ms", percentile(&latency.times, 0.5), percentile(&latency.times, 0.99));
    vec![
        row(
            format!("append at {} documents a second, p50; p99", thousands(RATE as f64)),
            times,
            "20 ms",
            format!(
                "fdatasync of 64 KB alone on a virtio disk: 0.35; 0.56 ms; {} documents",
                latency.documents
            ),
        ),
        row("refused as busy", thousands(latency.refused as f64), "0", ""),
    ]
}
