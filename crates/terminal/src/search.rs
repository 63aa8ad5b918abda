//! `fluoro search`: traces that match a filter expression.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use crate::command::{Reach, Span, Surroundings};
use crate::connection::encode;
use crate::shape::{Outcome, TraceList, TraceRow, read};
use crate::text::{Paint, column, cut, day_and_clock, duration, width};

/// The server's bound on a page.
const MAX_LIMIT: u16 = 1_000;

#[derive(Debug, Args)]
#[command(after_help = "\
Filter expressions are X-Ray's, such as 'service(\"orders\") { fault }', 'annotation.tenant = \"acme\"' or 'responsetime > 2'.
Exit codes: 0 where a trace matches, 1 where none does, as grep has it; 2 where the server cannot be asked.")]
pub struct Flags {
    /// The filter expression; without it every trace matches
    #[arg(value_name = "FILTER", default_value = "")]
    filter: String,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    span: Span,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_LIMIT)))]
    limit: u16,
    /// Print one JSON object a trace
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    let path =
        format!("/api/traces?{}&filter={}&limit={}", flags.span.query()?, encode(&flags.filter), flags.limit);
    let answer = flags.reach.connect(surroundings)?.get(&path).await?;
    let list: TraceList = read(&answer)?;
    if flags.json {
        print_rows(&answer, surroundings)?;
    } else {
        let mut text = String::new();
        for row in &list.traces {
            text.push_str(&line(row, width(), surroundings.paint()));
        }
        text.push_str(&surroundings.paint().dim(&footer(&list)));
        surroundings.print(&text)?;
    }
    Ok(ExitCode::from(u8::from(list.traces.is_empty())))
}

/// The traces of an answer, one a line.
pub(crate) fn print_rows(answer: &Value, surroundings: &Surroundings<'_>) -> anyhow::Result<()> {
    for row in answer["traces"].as_array().into_iter().flatten() {
        surroundings.print_json(row)?;
    }
    Ok(())
}

/// One trace, as search and tail print it; whole where there is no width.
pub(crate) fn line(row: &TraceRow, width: Option<usize>, paint: Paint) -> String {
    let status = row.status.map(|status| status.to_string());
    let status = format!("{:<8} {:<3}", row.outcome.name(), status.unwrap_or_default());
    let status = match row.outcome {
        Outcome::Fault => paint.red(&status),
        Outcome::Ok => status,
        Outcome::Error | Outcome::Throttle => paint.yellow(&status),
    };
    let length = row.duration.or(row.response_time).map(duration).unwrap_or_default();
    let mut what = [&row.method, &row.url, &row.entry_point]
        .into_iter()
        .flatten()
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    let origin: Vec<_> = [&row.origin, &row.exception].into_iter().flatten().cloned().collect();
    if !origin.is_empty() {
        what.push_str(&format!("  <- {}", origin.join(": ")));
    }
    // Time, id, length and outcome take 81 columns, the rest is for what it was; ids are never cut, since people copy them.
    let rest = cut(&what, width.map_or(usize::MAX, |width| width.saturating_sub(81).max(24)));
    format!("{} {} {} {status} {rest}\n", day_and_clock(row.start), column(&row.id, 35), column(&length, 9))
}

fn footer(list: &TraceList) -> String {
    if list.traces.is_empty() {
        let newest = match list.newest_received {
            Some(at) => format!("the newest trace of all was received at {}", day_and_clock(at)),
            None => "this server has no traces at all".to_owned(),
        };
        return format!("no trace matches; {newest}\n");
    }
    let mut text = format!("{} of {} that match", list.traces.len(), list.matched);
    if let (false, Some(reached)) = (list.complete, list.reached) {
        text.push_str(&format!("; nothing before {} was looked at", day_and_clock(reached)));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_asked_and_where_it_broke() {
        let row = TraceRow {
            id: "1-581cf771-a006649127e371903a2de979".to_owned(),
            start: 1_000_000_000_000.0,
            duration: Some(120.4),
            method: Some("GET".to_owned()),
            url: Some("http://shop/call\u{1b}]0;x\u{7}".to_owned()),
            status: Some(500),
            outcome: Outcome::Fault,
            origin: Some("SpringBoot2".to_owned()),
            exception: Some("UnknownHostException".to_owned()),
            ..TraceRow::default()
        };
        let line = line(&row, Some(160), Paint { is_on: false });
        let (_, after_time) = line.split_at(20);
        assert_eq!(
            after_time,
            "1-581cf771-a006649127e371903a2de979 120 ms    fault    500 GET http://shop/call·]0;x·  <- SpringBoot2: UnknownHostException\n"
        );
    }

    #[test]
    fn nothing_found_says_whether_there_is_anything() {
        assert_eq!(footer(&TraceList::default()), "no trace matches; this server has no traces at all\n");
    }
}
