//! `fluoro tail`: traces as they arrive.
//!
//! The server's stream says only that something arrived; what it was is asked for then. A trace is printed once, when it is
//! first seen, so what a late segment adds to it is not told again.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use model::{Clock, Micros, SystemClock};
use serde_json::Value;
use tokio::time::sleep;

use crate::command::{Reach, Surroundings, millis};
use crate::connection::{Connection, encode};
use crate::search::line;
use crate::shape::{TraceRow, read};
use crate::text::{clock, width};

/// How far back a trace may have begun that arrives only now.
const LOOK_BACK: Micros = Micros::from_secs(300);
/// At most so many at a time, the newest: whoever reads cannot follow more.
const PAGE: usize = 200;
/// Ids that were printed. Many times what five minutes of readable output have; beyond it the oldest are forgotten.
const MAX_SEEN: usize = 100_000;
/// A server that restarts is back soon.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(after_help = "\
Where more arrives than can be read, the newest 200 of each half second are printed: a filter makes it fewer.")]
pub struct Flags {
    #[command(flatten)]
    reach: Reach,
    /// Only traces that match this filter expression
    #[arg(long, short, value_name = "FILTER", default_value = "")]
    filter: String,
    /// Print one JSON object a trace
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    let connection = flags.reach.connect(surroundings)?;
    let mut seen = Seen::default();
    // What is there already is not news; and a bad filter or a wrong address ends the command here.
    for row in newest(&connection, &flags.filter).await? {
        seen.is_new(&row.0.id);
    }
    let paint = surroundings.paint();
    loop {
        let mut pulses = connection.follow("/api/live").await.ok();
        while let Some(stream) = &mut pulses {
            if !has_pulse(stream).await {
                break;
            }
            let Ok(rows) = newest(&connection, &flags.filter).await else { break };
            for (row, json) in rows.iter().rev().filter(|row| seen.is_new(&row.0.id)) {
                if flags.json {
                    surroundings.print_json(json)?;
                } else {
                    surroundings.print(&line(row, width(), paint))?;
                }
            }
        }
        let at = clock(millis(SystemClock.now()) as f64);
        if pulses.is_some() && !flags.json {
            surroundings
                .print(&paint.dim(&format!("-- {at}: the server does not answer; trying again\n")))?;
        }
        pulses.take();
        sleep(RETRY).await;
    }
}

/// Waits for the next piece of the stream, whatever it says. False where the stream has ended.
async fn has_pulse(stream: &mut Incoming) -> bool {
    matches!(stream.frame().await, Some(Ok(_)))
}

/// Newest first.
async fn newest(connection: &Connection, filter: &str) -> anyhow::Result<Vec<(TraceRow, Value)>> {
    let now = SystemClock.now();
    // A server's clock may be ahead.
    let (from, to) = (millis(now.minus(LOOK_BACK)), millis(now.plus(LOOK_BACK)));
    let path = format!("/api/traces?from={from}&to={to}&filter={}&limit={PAGE}", encode(filter));
    let mut answer = connection.get(&path).await?;
    let rows = answer.get_mut("traces").and_then(Value::as_array_mut).map(std::mem::take);
    let rows =
        rows.context("the server is of another version than this program: an answer without `traces`")?;
    rows.into_iter().map(|row| Ok((read(&row)?, row))).collect()
}

#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// Remembers it. False where it was known.
    fn is_new(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > MAX_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_new_once_and_memory_has_an_end() {
        let mut seen = Seen::default();
        assert!(seen.is_new("a"));
        assert!(!seen.is_new("a"));
        for number in 0..MAX_SEEN {
            assert!(seen.is_new(&number.to_string()));
        }
        assert_eq!(seen.ids.len(), MAX_SEEN);
        assert!(seen.is_new("a"), "the oldest was forgotten");
    }
}
