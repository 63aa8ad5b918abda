//! What was measured each minute, as an SVG of three fields above one axis of time.

use std::fmt::Write;
use std::ops::Range;

use serde_json::Value;

use super::question::NAMES;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 640.0;
const FIELD: f64 = 130.0;
const GAP: f64 = 44.0;
const TOP: f64 = 56.0;
const COLOURS: [&str; 10] = [
    "#2563eb", "#d97706", "#059669", "#7c3aed", "#dc2626", "#0891b2", "#be185d", "#4d7c0f", "#78716c",
    "#1e3a8a",
];
/// Milliseconds of an answer, at the bottom and at the top, which is the longest that the server works at one.
const LEAST: f64 = 1.0;
const MOST: f64 = 20_000.0;
const MARKS: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];

/// A line: its name, its colour, and a value for each minute.
type Line<'a> = (&'a str, &'a str, Vec<f64>);

pub(super) fn svg(measured: &[Value], outages: &[Range<f64>], retention: usize) -> String {
    let minutes = measured.len().max(2) as f64;
    let of = |read: &dyn Fn(&Value) -> f64| measured.iter().map(read).collect::<Vec<f64>>();
    let height = TOP + 3.0 * (FIELD + GAP) + 80.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\" fill=\"#374151\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"14\" font-weight=\"600\">A fleet that never stops: the server, minute by minute</text>\n"
    );
    let x = |minute: f64| LEFT + (RIGHT - LEFT) * minute / minutes;
    let mebibytes = |value: &Value| value.as_f64().unwrap_or_default() / f64::from(1 << 20);
    let fields: [(&str, Vec<Line<'_>>); 3] = [
        (
            "MiB",
            vec![
                ("memory (RSS)", COLOURS[0], of(&|it| mebibytes(&it["rss_bytes"]))),
                ("on disk", COLOURS[1], of(&|it| mebibytes(&it["disk_bytes"]))),
            ],
        ),
        (
            "files",
            vec![
                ("files", COLOURS[0], of(&|it| it["files"].as_f64().unwrap_or_default())),
                ("of these parts", COLOURS[1], of(&|it| it["parts"].as_f64().unwrap_or_default())),
            ],
        ),
        (
            "ms to an answer",
            NAMES
                .into_iter()
                .zip(COLOURS)
                .map(|(name, colour)| {
                    (name, colour, of(&|it| it["questions_ms"][name].as_f64().unwrap_or_default()))
                })
                .collect(),
        ),
    ];
    // Writing to a string cannot fail.
    for (number, (unit, lines)) in fields.iter().enumerate() {
        let is_logarithmic = number == 2;
        let top = TOP + number as f64 * (FIELD + GAP);
        let bottom = top + FIELD;
        for outage in outages {
            let (from, to) = (x(outage.start.min(minutes)), x(outage.end.min(minutes)));
            let _ = writeln!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{FIELD}\" fill=\"#fee2e2\"/>",
                to - from
            );
        }
        let most = lines.iter().flat_map(|(_, _, values)| values).copied().fold(1.0, f64::max);
        let most = if is_logarithmic { MOST } else { round_up(most) };
        let y = |value: f64| {
            let share = if is_logarithmic {
                (value.clamp(LEAST, MOST) / LEAST).ln() / (MOST / LEAST).ln()
            } else {
                value / most
            };
            bottom - FIELD * share
        };
        let marks = if is_logarithmic { MARKS.to_vec() } else { vec![0.0, most / 2.0, most] };
        for mark in marks {
            let at = y(mark);
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1}L{RIGHT} {at:.1}\" stroke=\"#e5e7eb\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{mark}</text>",
                LEFT - 8.0,
                at + 4.0
            );
        }
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\">{unit}</text>", top - 8.0);
        for (place, (name, colour, values)) in lines.iter().enumerate() {
            let points = values.iter().enumerate();
            let path: Vec<String> =
                points.map(|(at, &value)| format!("{:.1} {:.1}", x(at as f64 + 1.0), y(value))).collect();
            let text_y = top + 10.0 + 17.0 * place as f64;
            let _ = writeln!(
                svg,
                "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
                 <path d=\"M{} {:.1}h18\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{text_y:.1}\">{name}</text>",
                if path.is_empty() { "0 0".to_owned() } else { path.join("L") },
                RIGHT + 16.0,
                text_y - 4.0,
                RIGHT + 42.0
            );
        }
        if (retention as f64) < minutes {
            let at = x(retention as f64);
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.1} {top}v{FIELD}\" stroke=\"#374151\" stroke-dasharray=\"3 3\"/>"
            );
        }
    }
    let bottom = TOP + 2.0 * (FIELD + GAP) + FIELD;
    for quarter in 0..=4 {
        let minute = minutes * f64::from(quarter) / 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{minute:.0} min</text>",
            x(minute),
            bottom + 20.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{}\">Red: payments of one shop fail. Dashed: from here on what is an hour old is dropped.</text>\n</svg>",
        bottom + 70.0
    );
    svg
}

/// To one digit that is not zero.
fn round_up(value: f64) -> f64 {
    let unit = 10_f64.powf(value.max(1.0).log10().floor());
    (value / unit).ceil() * unit
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{round_up, svg};

    #[test]
    fn each_figure_is_a_line_in_its_field() {
        let minute = |rss: u64| json!({ "rss_bytes": rss << 20, "disk_bytes": 0, "files": 4, "parts": 2, "questions_ms": { "what is broken": 10.0 } });
        let drawn = svg(&[minute(100), minute(200)], &[], 60);
        // Half of the field's height, then all of it.
        assert!(drawn.contains("<path d=\"M352.0 121.0L640.0 56.0\""), "{drawn}");
        assert_eq!(round_up(734.0), 800.0);
    }
}
