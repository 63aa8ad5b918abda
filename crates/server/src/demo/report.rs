//! What the demo says about itself: a line while it runs, and a summary at its end.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::json;

use super::door::Door;
use super::request::Kind;
use super::scene::Tally;

#[derive(Debug)]
pub(super) struct Report {
    seed: u64,
    style: Style,
    requests: u64,
    faults: u64,
    errors: u64,
    throttles: u64,
    kinds: BTreeMap<Kind, u64>,
    /// The first requests, for scripts that look for them afterwards.
    traces: Vec<(Kind, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Text,
    Json,
    Quiet,
}

/// Enough for `--once` and a test's short run.
const MAX_TRACES: usize = 1000;

impl Report {
    pub(super) fn new(seed: u64, style: Style) -> Report {
        Report {
            seed,
            style,
            requests: 0,
            faults: 0,
            errors: 0,
            throttles: 0,
            kinds: BTreeMap::new(),
            traces: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, kind: Kind, trace_id: String, tally: Tally) {
        self.requests += 1;
        self.faults += u64::from(tally.is_fault);
        self.errors += u64::from(tally.is_error);
        self.throttles += u64::from(tally.is_throttle);
        *self.kinds.entry(kind).or_default() += 1;
        if self.style == Style::Json && self.traces.len() < MAX_TRACES {
            self.traces.push((kind, trace_id));
        }
    }

    /// Rewrites the line on the terminal; nothing where there is none.
    pub(super) fn progress(&self, door: &Door, is_outage: bool) {
        let mut stderr = std::io::stderr().lock();
        if self.style == Style::Quiet || !stderr.is_terminal() {
            return;
        }
        // <https://no-color.org>: set to anything but the empty string.
        let has_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let state = match (is_outage, has_colour) {
            (false, _) => "",
            (true, true) => " · \u{1b}[31mSpringBoot2 is down\u{1b}[0m",
            (true, false) => " · SpringBoot2 is down",
        };
        let unsent = if door.refused > 0 { " · nobody seems to listen" } else { "" };
        // A line that cannot be written is not worth ending the demo for.
        let _ = write!(
            stderr,
            "\r\u{1b}[Ksent {} requests in {} documents · {} with faults{state}{unsent}",
            self.requests, door.sent, self.faults
        );
    }

    pub(super) fn summary(&self, door: &Door, elapsed: Duration) -> std::io::Result<()> {
        match self.style {
            Style::Quiet => Ok(()),
            Style::Json => writeln!(std::io::stdout(), "{}", self.to_json(door, elapsed)),
            Style::Text => {
                let mut stderr = std::io::stderr().lock();
                if stderr.is_terminal() {
                    write!(stderr, "\r\u{1b}[K")?;
                }
                writeln!(stderr, "{}", self.to_text(door, elapsed))
            }
        }
    }

    fn to_text(&self, door: &Door, elapsed: Duration) -> String {
        let Report { seed, requests, faults, errors, throttles, .. } = self;
        format!(
            "sent {requests} requests in {} documents ({} kB) in {:.1} s: {faults} with faults, {errors} with errors, \
             {throttles} throttled; {} datagrams refused; seed {seed}",
            door.sent,
            door.sent_bytes / 1000,
            elapsed.as_secs_f64(),
            door.refused,
        )
    }

    fn to_json(&self, door: &Door, elapsed: Duration) -> serde_json::Value {
        let kinds: BTreeMap<&str, u64> =
            self.kinds.iter().map(|(kind, count)| (kind.name(), *count)).collect();
        let traces: Vec<_> =
            self.traces.iter().map(|(kind, id)| json!({"kind": kind.name(), "trace_id": id})).collect();
        json!({
            "seed": self.seed,
            "seconds": elapsed.as_secs_f64(),
            "requests": self.requests,
            "faults": self.faults,
            "errors": self.errors,
            "throttles": self.throttles,
            "documents": door.sent,
            "bytes": door.sent_bytes,
            "refused": door.refused,
            "kinds": kinds,
            "traces": traces,
        })
    }
}
