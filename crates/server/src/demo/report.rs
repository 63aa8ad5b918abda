//! What the demo says about itself: a line while it runs, and a summary at its end.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::json;

use super::door::Door;
use super::outage::Outage;
use super::request::Kind;
use super::scene::Tally;
use crate::output::print;

#[derive(Debug)]
pub(super) struct Report {
    seed: u64,
    style: Style,
    colour: Colour,
    /// Whether the outage was on when it was last told of.
    was_outage: bool,
    requests: u64,
    faults: u64,
    errors: u64,
    throttles: u64,
    kinds: BTreeMap<Kind, u64>,
    /// The first requests, for scripts that look for them afterwards.
    traces: Vec<(Kind, String)>,
}

/// Of what stands on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    On,
    Off,
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
    pub(super) fn new(seed: u64, style: Style, colour: Colour) -> Report {
        Report {
            seed,
            style,
            colour,
            was_outage: false,
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

    /// Says where requests go, and whether there will be an outage.
    pub(super) fn begins(&self, endpoint: &str, rate: f64, outage: Outage) {
        let comes = match outage.lasts(Duration::ZERO) {
            Some(healthy) => format!("; SpringBoot2 goes down in {}", in_words(healthy)),
            None => String::new(),
        };
        self.tell(&format!(
            "sending about {rate} requests a second to {endpoint} by UDP, seed {}{comes}; Ctrl-C ends it",
            self.seed
        ));
    }

    /// Says when the outage begins and ends, and rewrites the line on the terminal, where there is one.
    pub(super) fn progress(&mut self, door: &Door, outage: Outage, elapsed: Duration) {
        let is_outage = outage.is_on(elapsed);
        if is_outage != self.was_outage {
            self.was_outage = is_outage;
            self.tell(&change(is_outage, outage.lasts(elapsed)));
        }
        let mut stderr = std::io::stderr().lock();
        if self.style == Style::Quiet || !stderr.is_terminal() {
            return;
        }
        let state = match (is_outage, self.colour) {
            (false, _) => "",
            (true, Colour::On) => " · \u{1b}[31mSpringBoot2 is down\u{1b}[0m",
            (true, Colour::Off) => " · SpringBoot2 is down",
        };
        let unsent = if door.refused > 0 { " · nobody seems to listen" } else { "" };
        // A line that cannot be written is not worth ending the demo for.
        let _ = write!(
            stderr,
            "\r\u{1b}[Ksent {} requests in {} documents · {} with faults{state}{unsent}",
            self.requests, door.sent, self.faults
        );
    }

    /// A line that stays, in the place of the one that is rewritten.
    fn tell(&self, line: &str) {
        let mut stderr = std::io::stderr().lock();
        if self.style != Style::Quiet {
            let begin = if stderr.is_terminal() { "\r\u{1b}[K" } else { "" };
            let _ = writeln!(stderr, "{begin}{line}");
        }
    }

    pub(super) fn summary(&self, door: &Door, elapsed: Duration) -> std::io::Result<()> {
        match self.style {
            Style::Quiet => Ok(()),
            Style::Json => print(&format!("{}\n", self.to_json(door, elapsed))),
            Style::Text => {
                self.tell(&self.to_text(door, elapsed));
                Ok(())
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

fn change(is_outage: bool, lasts: Option<Duration>) -> String {
    let now = jiff::Timestamp::now().strftime("%H:%M:%SZ");
    match (is_outage, lasts) {
        (true, Some(lasts)) => format!("{now} SpringBoot2 is down, for {}", in_words(lasts)),
        (true, None) => format!("{now} SpringBoot2 is down, until the demo ends"),
        (false, Some(lasts)) => {
            format!("{now} SpringBoot2 is back; it goes down again in {}", in_words(lasts))
        }
        (false, None) => format!("{now} SpringBoot2 is back"),
    }
}

fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..3.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        _ => format!("{:.1} min", seconds / 60.0),
    }
}
