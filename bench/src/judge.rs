//! `fluoro-bench judge` (`make bench-judge`): what it costs to know what is usual and what is broken, beside taking the
//! same documents in.
//!
//! A made-up system of a thousand services works for an hour of virtual time. Its traces are digested as the digest worker
//! does, in rounds, and fed to a ledger that is asked once a second, as the worker of insights does. The ledger's thread
//! alone counts; then as many of the same documents go through the embedded store. The processor time of taking in holds
//! the feeding of the worker's own ledger, which is small beside it.

mod ingest;
mod system;

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use model::segment::Sequence;
use model::template::rule::UrlRules;
use model::{Micros, StoredDocument, TimeRange, Timestamp, TraceDigest, TraceId, group};
use query::insight::{Look, Tracker};
use query::now::{Days, Ledger};

use crate::floor::thread_seconds;
use crate::process;
use system::{Sent, System};

const USAGE: &str = "usage: fluoro-bench judge [--services 1000] [--spans-a-second 2000] [--minutes 60]";
/// Documents that are taken in, for the price of that.
const INGEST_DOCUMENTS: usize = 200_000;
/// A round of the digest worker under such a load.
const ROUND: i64 = 100_000;
/// As far back as the worker of insights asks.
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);
/// Traces that the worker lets wait in the ledger while nobody reads it.
const UNSETTLED: usize = 256;
/// A trace of which nothing came for so long is over, as far as this load goes.
const OVER_AFTER: i64 = 5_000_000;
const MIB: f64 = 1024.0 * 1024.0;
/// Long enough for the allocator to give back what is free.
const REST: Duration = Duration::from_secs(4);

/// What must be reached: the share of taking in, in percent, and the memory at a thousand services.
const MOST_SHARE: f64 = 5.0;
const MOST_MIB: f64 = 20.0;

struct Options {
    services: u32,
    spans_a_second: u32,
    minutes: u32,
}

/// What the ledger cost.
#[derive(Default)]
struct Judged {
    spans: u64,
    traces: u64,
    revisions: u64,
    feed_seconds: f64,
    look_seconds: f64,
    looks: u32,
    /// The dearest look.
    longest_look: f64,
    entries: usize,
    bytes: f64,
}

pub(crate) fn run(arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    crate::step("taking documents in");
    let ingest = ingest::measure(&options, INGEST_DOCUMENTS)?;
    crate::step("judging");
    let judged = judge(&options)?;
    let per_span = |seconds: f64| seconds * 1e6 / judged.spans as f64;
    let (feed, look) = (per_span(judged.feed_seconds), per_span(judged.look_seconds));
    let share = (feed + look) * 100.0 / ingest;
    writeln!(
        out,
        "{} services, {} spans a second for {} min: {} spans, {} traces, {} revisions",
        options.services,
        options.spans_a_second,
        options.minutes,
        judged.spans,
        judged.traces,
        judged.revisions
    )?;
    writeln!(out, "taking a span in     {ingest:>7.2} µs (decode, append, digest, seal)")?;
    writeln!(out, "feeding the ledger   {feed:>7.2} µs a span")?;
    let mean = judged.look_seconds * 1e3 / f64::from(judged.looks.max(1));
    let longest = judged.longest_look * 1e3;
    writeln!(
        out,
        "asking once a second {look:>7.2} µs a span; {mean:.2} ms each, {longest:.2} ms at most, {} entries",
        judged.entries
    )?;
    writeln!(out, "judging              {share:>7.2} % of taking in (at most {MOST_SHARE} %)")?;
    writeln!(out, "memory of the ledger {:>7.1} MiB (at most {MOST_MIB} MB)", judged.bytes / MIB)?;
    Ok(())
}

fn judge(options: &Options) -> anyhow::Result<Judged> {
    let mut system = System::new(options.services, options.spans_a_second);
    let mut open = Open::default();
    let (mut ledger, mut tracker, mut days) = (Ledger::default(), Tracker::of(Vec::new()), Days::default());
    let mut judged = Judged::default();
    for second in 0..i64::from(options.minutes) * 60 {
        let sent = system.second();
        let rounds = open.digest(&sent, &mut judged)?;
        let now = system::BEGIN.plus(Micros::from_secs(second as u64 + 1));
        let begin = thread_seconds()?;
        for (at, round) in &rounds {
            for (old, new) in round {
                ledger.replace(old.as_ref(), new);
            }
            if ledger.pending() > UNSETTLED {
                ledger.settle(*at);
            }
        }
        // Counting what has settled is of the feeding, whoever asks for it.
        ledger.settle(now);
        let fed = thread_seconds()?;
        if second % 60 == 59 {
            days.step(&mut ledger, tracker.insights(), model::Minute(now.minute().0 - 2));
        }
        let entries = ledger.look(TimeRange::new(now.minus(LOOK_BACK), now), now).entries;
        let look = Look { group: group::DEFAULT, arn: "", entries: &entries, now };
        std::hint::black_box(tracker.step(look, &ledger, |_, root, at| format!("{} {}", root.name, at.0)));
        let looked = thread_seconds()?;
        judged.feed_seconds += fed - begin;
        judged.look_seconds += looked - fed;
        judged.looks += 1;
        judged.longest_look = judged.longest_look.max(looked - fed);
        judged.entries = judged.entries.max(entries.len());
    }
    // What else it took, such as the traces that are still open, is gone in both figures.
    drop((open, system, tracker, days));
    let held = resident()?;
    drop(ledger);
    judged.bytes = held - resident()?;
    Ok(judged)
}

fn resident() -> anyhow::Result<f64> {
    std::thread::sleep(REST);
    Ok(process::status(std::process::id(), "VmRSS:")? as f64)
}

/// A digest that replaces another one.
type Revision = (Option<Arc<TraceDigest>>, Arc<TraceDigest>);

/// The traces of which more may come, with what is known of them.
#[derive(Default)]
struct Open {
    traces: HashMap<TraceId, OpenTrace>,
    documents: u64,
}

#[derive(Default)]
struct OpenTrace {
    documents: Vec<Arc<StoredDocument>>,
    digest: Option<Arc<TraceDigest>>,
}

impl Open {
    /// What a second's documents make of their traces, round by round.
    fn digest(
        &mut self,
        sent: &[Sent],
        judged: &mut Judged,
    ) -> anyhow::Result<Vec<(Timestamp, Vec<Revision>)>> {
        let rules = UrlRules::default();
        let mut rounds = Vec::new();
        for round in sent.chunk_by(|one, other| one.received.0 / ROUND == other.received.0 / ROUND) {
            let mut touched: Vec<TraceId> = Vec::new();
            for Sent { received, text } in round {
                let document = crate::store::decode(text)?;
                self.documents += 1;
                judged.spans += system::spans(&document.entity);
                let id = document.trace_id;
                let trace = self.traces.entry(id).or_insert_with(|| {
                    judged.traces += 1;
                    OpenTrace::default()
                });
                let place = Sequence(self.documents).into();
                trace.documents.push(Arc::new(StoredDocument { place, received: *received, document }));
                if !touched.contains(&id) {
                    touched.push(id);
                }
            }
            let mut revisions = Vec::with_capacity(touched.len());
            for id in touched {
                let trace = self.traces.entry(id).or_default();
                let new = Arc::new(query::digest(&query::assemble(id, &trace.documents), &rules));
                revisions.push((trace.digest.replace(Arc::clone(&new)), new));
            }
            judged.revisions += revisions.len() as u64;
            rounds.push((round[0].received, revisions));
        }
        if let Some(last) = sent.last() {
            let newest = |trace: &OpenTrace| trace.documents.last().map_or(0, |document| document.received.0);
            self.traces.retain(|_, trace| newest(trace) > last.received.0 - OVER_AFTER);
        }
        Ok(rounds)
    }
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self { services: 1_000, spans_a_second: 2_000, minutes: 60 };
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let value =
                    arguments.next().with_context(|| format!("{argument} wants a number; {USAGE}"))?;
                value.parse::<u32>().with_context(|| format!("read {argument}"))
            };
            match argument.as_str() {
                "--services" => options.services = number()?.clamp(50, 20_000),
                "--spans-a-second" => options.spans_a_second = number()?.clamp(20, 100_000),
                "--minutes" => options.minutes = number()?.clamp(1, 600),
                other => bail!("{other} is not known; {USAGE}"),
            }
        }
        Ok(options)
    }
}
