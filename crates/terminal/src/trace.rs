//! `fluoro trace`: one trace as a waterfall.

use std::process::ExitCode;

use clap::Args;

use crate::command::{Reach, Surroundings};
use crate::connection::encode;
use crate::search::line;
use crate::shape::{Exception, Outcome, Span, SpanDetail, TraceDetail, read};
use crate::text::{Paint, column, cut, duration, plain, width};

/// Rows that are drawn without `--all`; longer traces are for a page with a search.
const USUAL_ROWS: usize = 200;
/// Of a waterfall that is written to a file.
const USUAL_WIDTH: usize = 120;
/// Frames of an exception: the ones that tell, which are the first.
const FRAMES: usize = 8;

#[derive(Debug, Args)]
pub struct Flags {
    /// The trace's id
    id: String,
    #[command(flatten)]
    reach: Reach,
    /// Draw every span, not the first 200
    #[arg(long)]
    all: bool,
    /// Print the documents as X-Ray's BatchGetTraces answers them
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Print the server's answer as one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    let connection = flags.reach.connect(surroundings)?;
    let path = format!("/api/traces/{}", encode(&flags.id));
    if flags.raw {
        surroundings.print_json(&connection.get(&format!("{path}/raw")).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = connection.get(&path).await?;
    if flags.json {
        surroundings.print_json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let trace: TraceDetail = read(&answer)?;
    let exceptions = match &trace.focus {
        Some(span) => {
            read::<SpanDetail>(&connection.get(&format!("{path}/spans/{}", encode(span))).await?)?.exceptions
        }
        None => Vec::new(),
    };
    let rows = if flags.all { usize::MAX } else { USUAL_ROWS };
    let paint = surroundings.paint();
    let mut text = line(&trace.summary, width(), paint);
    let width = width().unwrap_or(USUAL_WIDTH);
    text.push_str(&waterfall(&trace, rows, width, paint));
    text.push_str(&tell_exceptions(&trace, &exceptions, width, paint));
    surroundings.print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// A line for each span: its name below its parent, how long it took, and when.
pub(crate) fn waterfall(trace: &TraceDetail, rows: usize, width: usize, paint: Paint) -> String {
    let names = width * 2 / 5;
    let bars = width.saturating_sub(names + 9 + 9 + 3).max(10);
    let end = trace.spans.iter().map(|span| span.start + span.duration.unwrap_or(0.0)).fold(0.0, f64::max);
    let mut text = String::new();
    for span in trace.spans.iter().take(rows) {
        let indent = "  ".repeat(span.depth.min(names / 4));
        let name = column(&format!("{indent}{}", label(span)), names);
        let length = column(&span.duration.map_or_else(|| "…".to_owned(), duration), 9);
        let outcome = format!("{:<9}", outcome(span));
        let bar = bar(span, end, bars);
        let row = match span.outcome {
            Outcome::Ok => format!("{name} {length} {outcome} {bar}"),
            Outcome::Fault => format!("{name} {length} {} {}", paint.red(&outcome), paint.red(&bar)),
            Outcome::Error | Outcome::Throttle => {
                format!("{name} {length} {} {}", paint.yellow(&outcome), paint.yellow(&bar))
            }
        };
        text.push_str(row.trim_end());
        text.push('\n');
    }
    let left_out = trace.spans.len().saturating_sub(rows) + trace.hidden;
    if left_out > 0 {
        text.push_str(&paint.dim(&format!("… and {left_out} more spans\n")));
    }
    for sentence in trace.missing.iter().chain(&trace.patterns) {
        text.push_str(&format!("{} {}\n", paint.yellow("!"), plain(&sentence.sentence)));
    }
    text
}

fn label(span: &Span) -> String {
    let what = match (&span.operation, &span.method, &span.url) {
        (Some(operation), _, _) => operation.clone(),
        (None, method, url) => [method, url].into_iter().flatten().cloned().collect::<Vec<_>>().join(" "),
    };
    // A segment is a service, and what stands below it happened in it.
    let mark = if span.kind == "segment" { "■ " } else { "" };
    if what.is_empty() { format!("{mark}{}", span.name) } else { format!("{mark}{} {what}", span.name) }
}

fn outcome(span: &Span) -> String {
    match (span.outcome, span.status) {
        (Outcome::Ok, None) => String::new(),
        (Outcome::Ok, Some(status)) => status.to_string(),
        (outcome, Some(status)) => {
            format!("{} {status}", if outcome == Outcome::Throttle { "thr" } else { outcome.name() })
        }
        (outcome, None) => outcome.name().to_owned(),
    }
}

/// Where in the trace's time it was at work.
fn bar(span: &Span, end: f64, width: usize) -> String {
    if end <= 0.0 {
        return String::new();
    }
    let place = |time: f64| ((time / end) * width as f64).clamp(0.0, width as f64) as usize;
    let from = place(span.start).min(width - 1);
    let to = span.duration.map_or(width, |duration| place(span.start + duration)).clamp(from + 1, width);
    format!("{}{}", " ".repeat(from), "━".repeat(to - from))
}

pub(crate) fn tell_exceptions(
    trace: &TraceDetail,
    exceptions: &[Exception],
    width: usize,
    paint: Paint,
) -> String {
    let at = trace.spans.iter().find(|span| Some(&span.id) == trace.focus.as_ref());
    let mut text = String::new();
    for exception in exceptions {
        let place = at.map(|span| format!(" at {}", plain(&span.name))).unwrap_or_default();
        text.push_str(&format!("\n{}{place}\n", paint.red(&plain(&exception.headline()))));
        for frame in exception.stack.iter().take(FRAMES) {
            let file = frame.path.as_deref().unwrap_or("?");
            let line = frame.line.map(|line| format!(":{line}")).unwrap_or_default();
            let label = frame.label.as_deref().unwrap_or("?");
            text.push_str(&format!(
                "    {}\n",
                cut(&format!("{label} ({file}{line})"), width.saturating_sub(4))
            ));
        }
        let more = exception.stack.len().saturating_sub(FRAMES) as u64 + exception.truncated;
        if more > 0 {
            text.push_str(&paint.dim(&format!("    … {more} more frames\n")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shape::Frame;

    #[test]
    fn a_trace_is_drawn_with_what_failed_in_it() {
        let trace: TraceDetail = read(&json!({
            "summary": {"id": "1-581cf771-a006649127e371903a2de979", "outcome": "fault"},
            "focus": "c", "hidden": 2, "missing": [{"sentence": "a segment is missing"}],
            "spans": [
                {"id": "a", "depth": 0, "kind": "segment", "name": "SpringBoot", "start": 0.0, "duration": 100.0, "outcome": "fault", "method": "GET", "url": "/call", "status": 500},
                {"id": "b", "depth": 1, "kind": "subsegment", "name": "SpringBoot2", "start": 10.0, "duration": 40.0, "outcome": "ok", "status": 200},
                {"id": "c", "depth": 1, "kind": "subsegment", "name": "SpringBoot2", "start": 50.0, "outcome": "fault", "exceptions": 1},
            ],
        }))
        .unwrap();
        let exceptions = [Exception {
            name: Some("UnknownHostException".to_owned()),
            message: Some("Name or service not known".to_owned()),
            truncated: 3,
            stack: vec![Frame {
                path: Some("Call.java".to_owned()),
                line: Some(12),
                label: Some("call".to_owned()),
            }],
        }];
        let paint = Paint { is_on: false };
        let text = waterfall(&trace, 200, 80, paint) + &tell_exceptions(&trace, &exceptions, 80, paint);
        insta::assert_snapshot!(text, @r"
        ■ SpringBoot GET /call           100 ms    fault 500 ━━━━━━━━━━━━━━━━━━━━━━━━━━━
          SpringBoot2                    40 ms     200         ━━━━━━━━━━━
          SpringBoot2                    …         fault                  ━━━━━━━━━━━━━━
        … and 2 more spans
        ! a segment is missing

        UnknownHostException: Name or service not known at SpringBoot2
            call (Call.java:12)
            … 3 more frames
        ");
    }
}
