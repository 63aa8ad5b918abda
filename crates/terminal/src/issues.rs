//! `fluoro issues`: what is broken now.

use std::process::ExitCode;

use clap::Args;

use crate::command::{Reach, Span, Surroundings};
use crate::connection::encode;
use crate::shape::{ClockAside, Entry, Now, read};
use crate::text::{Paint, clock, duration, plain};

#[derive(Debug, Args)]
#[command(after_help = "\
The order is the server's: what matters most comes first, then what is over.
Exit codes: 0, or with --exit-code 1 where something is broken now; 2 where the server cannot be asked.")]
pub struct Flags {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    span: Span,
    /// Of the traces of this group alone
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Say by the exit code whether something is broken, as `git diff --exit-code` does
    #[arg(long)]
    exit_code: bool,
    /// Print the server's answer as one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    let group = flags.group.as_deref().map(|name| format!("&group={}", encode(name))).unwrap_or_default();
    let path = format!("/api/now?{}{group}", flags.span.query()?);
    let answer = flags.reach.connect(surroundings)?.get(&path).await?;
    let now: Now = read(&answer)?;
    if flags.json {
        surroundings.print_json(&answer)?;
    } else {
        surroundings.print(&tell(&now, surroundings.paint()))?;
    }
    let is_broken = now.entries.iter().any(|entry| entry.until.is_none());
    Ok(ExitCode::from(u8::from(flags.exit_code && is_broken)))
}

fn tell(now: &Now, paint: Paint) -> String {
    let mut text = String::new();
    for entry in &now.entries {
        text.push_str(&tell_entry(entry, now.at, paint));
    }
    if now.entries.iter().all(|entry| entry.until.is_some()) {
        let requests = now.requests;
        text.push_str(&format!(
            "{} nothing is broken; {requests} requests in the last minute\n",
            paint.green("ok")
        ));
    }
    if now.background.failing > 0 {
        let nodes = plain(&now.background.nodes.join(", "));
        let line =
            format!("as usual: {} requests failed in the last minute at {nodes}\n", now.background.failing);
        text.push_str(&paint.dim(&line));
    }
    for clock in &now.clocks {
        text.push_str(&format!("{}\n", tell_clock(clock)));
    }
    text
}

pub(crate) fn tell_clock(clock: &ClockAside) -> String {
    let side = if clock.behind < 0 { "ahead" } else { "behind" };
    let length = duration(clock.behind.unsigned_abs() as f64);
    format!("the clock of {} is {length} {side}", plain(&clock.node))
}

fn tell_entry(entry: &Entry, at: f64, paint: Paint) -> String {
    let mut text = format!("{} {}\n", weight(entry, paint), paint.bold(&plain(&entry.sentence)));
    let mut facts = vec![match entry.until {
        None => format!("since {} ({})", clock(entry.since), duration(at - entry.since)),
        Some(until) => {
            format!("{} to {} ({})", clock(entry.since), clock(until), duration(until - entry.since))
        }
    }];
    if entry.what != "silent" {
        facts.push(format!("{} of {} requests", entry.failing, entry.requests));
    }
    if entry.users > 0 {
        facts.push(format!("{} users", entry.users));
    }
    if entry.episode.number > 1 {
        facts.push(format!("time {} of late", entry.episode.number));
    }
    if let Some(operation) = &entry.operation {
        facts.push(plain(operation));
    }
    text.push_str(&format!("  {}\n", facts.join(", ")));
    if !entry.affected_names.is_empty() {
        text.push_str(&format!("  affected: {}\n", plain(&entry.affected_names.join(", "))));
    }
    if let Some(example) = &entry.example {
        text.push_str(&paint.dim(&format!("  fluoro trace {}\n", plain(example))));
    }
    text
}

/// A word, which has a colour too.
pub(crate) fn weight(entry: &Entry, paint: Paint) -> String {
    let word = format!("{:<8}", plain(&entry.weight));
    match (entry.until, entry.weight.as_str()) {
        (Some(_), _) => paint.dim(&format!("{:<8}", "over")),
        (None, "outage") => paint.red(&word),
        (None, "degraded") => paint.yellow(&word),
        (None, _) => paint.dim(&word),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AT: f64 = 1_000_000_000_000.0;
    const PLAIN: Paint = Paint { is_on: false };

    /// Without the clock, which is the reader's own.
    fn told(now: &Now) -> String {
        tell(now, PLAIN).replace(&clock(AT - 240_000.0), "HH:MM:SS")
    }

    #[test]
    fn what_is_broken_is_told_with_its_facts() {
        let now: Now = read(&json!({
            "at": AT, "requests": 40, "background": {"nodes": ["cache"], "failing": 2},
            "clocks": [{"node": "stock", "nodeId": "1", "behind": 90_000}],
            "entries": [{
                "node": "SpringBoot2", "what": "failing", "weight": "outage", "since": AT - 240_000.0,
                "failing": 31, "requests": 40, "users": 12, "operation": "GET /call", "affectedNames": ["SpringBoot"],
                "example": "1-581cf771-a006649127e371903a2de979", "sentence": "SpringBoot2 is failing\u{1b}[2J",
                "episode": {"number": 3},
            }],
        }))
        .unwrap();
        insta::assert_snapshot!(told(&now), @r"
        outage   SpringBoot2 is failing·[2J
          since HH:MM:SS (4 min), 31 of 40 requests, 12 users, time 3 of late, GET /call
          affected: SpringBoot
          fluoro trace 1-581cf771-a006649127e371903a2de979
        as usual: 2 requests failed in the last minute at cache
        the clock of stock is 90.00 s behind
        ");
    }

    #[test]
    fn quiet_is_told_too() {
        let now: Now = read(&json!({"at": AT, "requests": 40})).unwrap();
        assert_eq!(told(&now), "ok nothing is broken; 40 requests in the last minute\n");
    }
}
