//! The figures as people read them: measured, to be reached, the floor, and what others need.

use std::fmt::Write;

use crate::BUSY_RATE;
use crate::document::SPANS_A_DOCUMENT;
use crate::floor::Floor;
use crate::load::Load;
use crate::otlp::Otlp;
use crate::visible::{Visible, percentile};

pub(crate) struct Table<'a> {
    pub(crate) floor: &'a Floor,
    pub(crate) idle_rss_bytes: u64,
    pub(crate) visible: &'a Visible,
    /// The same at `BUSY_RATE`.
    pub(crate) busy: &'a Visible,
    pub(crate) udp: &'a Load,
    pub(crate) http: &'a Load,
    pub(crate) otlp: &'a Otlp,
}

/// What, measured, must reach, floor.
pub(crate) type Row = [String; 4];

impl Table<'_> {
    pub(crate) fn to_text(&self) -> String {
        let mut rows: Vec<Row> = vec![row("", "measured", "must reach", "floor in this run")];
        rows.extend(self.ingest("UDP", self.udp, self.floor.together()));
        rows.extend(self.ingest("HTTP", self.http, self.floor.checksum_and_compress));
        rows.push(row(
            "our decoder alone: documents a CPU-second",
            thousands(self.floor.decode),
            "",
            "a part of the above, for scale",
        ));
        rows.extend(self.memory_and_disk());
        rows.extend(self.visible());
        rows.extend(self.otlp.rows());
        let mut text = self.introduction();
        text.push_str(&self.otlp.introduction());
        text.push_str(&lines(&rows));
        text
    }

    fn introduction(&self) -> String {
        format!(
            "\nDocuments of {:.0} bytes and {SPANS_A_DOCUMENT} spans. Processor time is the server's, from the first document to \
             the end of its stop, which seals everything into parts.\n\n",
            self.floor.document_bytes
        )
    }

    fn ingest(&self, door: &str, load: &Load, floor: f64) -> [Row; 3] {
        let rate = load.documents_a_cpu_second();
        let spans = rate * SPANS_A_DOCUMENT as f64;
        let lost = 100.0 * (1.0 - load.accepted as f64 / load.sent as f64);
        [
            row(
                format!("{door}: documents a CPU-second"),
                thousands(rate),
                "",
                format!("floor {}: {:.1} times as much", thousands(floor), floor / rate),
            ),
            row(format!("{door}: spans a CPU-second, to sealed parts"), thousands(spans), "40,000", ""),
            row(
                format!("{door}: documents a second sent; lost"),
                format!("{}; {lost:.2} %", thousands(load.sent as f64 / load.wall_seconds)),
                "0 %",
                "",
            ),
        ]
    }

    fn memory_and_disk(&self) -> Vec<Row> {
        let spans = (self.http.accepted * SPANS_A_DOCUMENT).max(1) as f64;
        let a_span = |bytes: u64| format!("{:.0} B", bytes as f64 / spans);
        let floor = self.floor.compressed_bytes / SPANS_A_DOCUMENT as f64;
        let parts = &self.http.costs.part_bytes;
        let mut rows = vec![
            row("peak RSS, UDP as above", megabytes(self.udp.costs.peak_rss_bytes), "300 MB", ""),
            row("peak RSS, HTTP as fast as it goes", megabytes(self.http.costs.peak_rss_bytes), "300 MB", ""),
            row("idle RSS", megabytes(self.idle_rss_bytes), "50 MB", ""),
            row(
                "on disk a span, all parts",
                a_span(parts.values().sum()),
                "",
                format!(
                    "zstd -1 of the documents: {floor:.0} B; the goal of 45 B is for spans of 506 B, these have {:.0} B",
                    self.floor.document_bytes / SPANS_A_DOCUMENT as f64
                ),
            ),
        ];
        rows.extend(
            parts.iter().map(|(table, bytes)| row(format!("  of it, {table}"), a_span(*bytes), "", "")),
        );
        rows.push(row("on disk a span, whole data directory", a_span(self.http.costs.disk_bytes), "", ""));
        rows.push(row(
            "stop with everything sealed, UDP; HTTP",
            format!("{:.1} s; {:.1} s", self.udp.costs.stop_seconds, self.http.costs.stop_seconds),
            "5 s",
            "",
        ));
        rows
    }

    fn visible(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let busy = format!(", at {} documents a second", thousands(BUSY_RATE));
        for (visible, when) in [(self.visible, ""), (self.busy, busy.as_str())] {
            for (answer, sorted) in [
                ("by trace id", &visible.trace),
                ("in GetTraceSummaries", &visible.summaries),
                ("in GetServiceGraph", &visible.graph),
            ] {
                rows.push(row(format!("visible {answer}{when}, p50; p99"), times(sorted), "1,000 ms", ""));
            }
        }
        rows
    }
}

/// Rows one below the other, in columns.
pub(crate) fn lines(rows: &[Row]) -> String {
    let widths: Vec<usize> =
        (0..3).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for [what, measured, goal, rest] in rows {
        let line = format!("{what:<0$}  {measured:>1$}  {goal:>2$}  {rest}", widths[0], widths[1], widths[2]);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

pub(crate) fn row(
    what: impl Into<String>,
    measured: impl Into<String>,
    goal: &str,
    rest: impl Into<String>,
) -> Row {
    [what.into(), measured.into(), goal.to_owned(), rest.into()]
}

pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

/// Median and 99th percentile of sorted milliseconds.
pub(crate) fn times(sorted: &[f64]) -> String {
    format!("{:.1}; {:.1} ms", percentile(sorted, 0.5), percentile(sorted, 0.99))
}

/// 12345.6 as `12,346`
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_grouped_from_the_right() {
        let check = |number: f64, expected: &str| assert_eq!(thousands(number), expected);
        check(7.4, "7");
        check(999.0, "999");
        check(1000.0, "1,000");
        check(1_234_567.0, "1,234,567");
    }
}
