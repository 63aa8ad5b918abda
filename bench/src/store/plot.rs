//! How the questions grow with the number of spans, as an SVG.

use std::fmt::Write;

use serde_json::Value;

use super::question::PROMISES;

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 460.0;
/// Of the field in which lines are drawn.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 540.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 408.0;
/// Milliseconds at the bottom and at the top; decades between them.
const LEAST: f64 = 0.1;
const MOST: f64 = 10_000.0;
/// The size for which promises are made.
const PROMISED_AT: f64 = 10e6;
const COLOURS: [&str; 6] = ["#2563eb", "#d97706", "#059669", "#7c3aed", "#dc2626", "#0891b2"];

/// The 99th percentiles of the published shape. A line is a question; a ring is what is promised of it.
pub(crate) fn svg(results: &[Value]) -> String {
    let results: Vec<&Value> = results.iter().filter(|result| result["shape"] == "published").collect();
    let spans = |result: &Value| result["spans"].as_f64().unwrap_or(1.0);
    let sizes: Vec<f64> = results.iter().map(|result| spans(result)).collect();
    let least = sizes.iter().copied().fold(1e6, f64::min);
    let most = sizes.iter().copied().fold(50e6, f64::max);
    let x = |spans: f64| LEFT + (RIGHT - LEFT) * (spans / least).ln() / (most / least).ln();
    let y = |milliseconds: f64| {
        let share = (milliseconds.clamp(LEAST, MOST) / LEAST).ln() / (MOST / LEAST).ln();
        BOTTOM - (BOTTOM - TOP) * share
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\" fill=\"#374151\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"14\" font-weight=\"600\">Milliseconds to an answer, 99th percentile, by spans in the store</text>\n"
    );
    let mut grid =
        |x1: f64, y1: f64, x2: f64, y2: f64, (at_x, at_y): (f64, f64), anchor: &str, text: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"#e5e7eb\"/>\
             <text x=\"{at_x:.1}\" y=\"{at_y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
            );
        };
    for milliseconds in [0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0] {
        let at = y(milliseconds);
        grid(LEFT, at, RIGHT, at, (LEFT - 8.0, at + 4.0), "end", &milliseconds.to_string());
    }
    for size in [1e5, 1e6, 10e6, 50e6, 100e6, 1e9].into_iter().filter(|size| (least..=most).contains(size)) {
        let text = format!("{} M", size / 1e6);
        grid(x(size), TOP, x(size), BOTTOM, (x(size), BOTTOM + 20.0), "middle", &text);
    }
    for (number, ((what, promise), colour)) in PROMISES.into_iter().zip(COLOURS).enumerate() {
        let points: Vec<(f64, f64)> = results
            .iter()
            .filter_map(|result| {
                let questions = result["questions"].as_array()?;
                let question = questions.iter().find(|question| question["what"] == what)?;
                Some((x(spans(result)), y(question["p99_ms"].as_f64()?)))
            })
            .collect();
        draw(&mut svg, &points, colour);
        let (ring_x, ring_y) = (x(PROMISED_AT), y(promise));
        let text_y = TOP + 16.0 + 22.0 * number as f64;
        let (line, text) = (RIGHT + 16.0, RIGHT + 44.0);
        let _ = writeln!(
            svg,
            "<circle cx=\"{ring_x:.1}\" cy=\"{ring_y:.1}\" r=\"6\" fill=\"none\" stroke=\"{colour}\" stroke-dasharray=\"2 2\"/>\
             <path d=\"M{line} {0:.1}h20\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{text}\" y=\"{text_y:.1}\">{what}</text>",
            text_y - 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{0}\" y=\"{1}\">Dashed rings: what is promised at 10 M.</text>",
        RIGHT + 16.0,
        TOP + 16.0 + 22.0 * (PROMISES.len() as f64 + 0.5)
    );
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, points: &[(f64, f64)], colour: &str) {
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        if path.is_empty() { "0 0".to_owned() } else { path.join("L") }
    );
    for (x, y) in points {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::svg;

    #[test]
    fn each_question_is_a_line_through_what_was_measured() {
        let result = |spans: u64, milliseconds: f64| {
            let question = json!({ "what": "service map over 6 h", "p99_ms": milliseconds });
            json!({ "shape": "published", "spans": spans, "questions": [question] })
        };
        let drawn = svg(&[result(1_000_000, 1.0), result(50_000_000, 10.0)]);
        // From the left end to the right one, a fifth of the height apart.
        assert!(drawn.contains("<path d=\"M64.0 336.0L540.0 264.0\""), "{drawn}");
    }
}
