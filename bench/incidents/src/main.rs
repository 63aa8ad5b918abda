//! `fluoro-incidents` (`make bench-incidents`): what the first screen says when something breaks, and how true it is.
//!
//! Incidents of known kinds are played into a topology of twenty services, on a virtual clock, through the real decoder,
//! ingest, store, digest worker and router. What the rail says is compared with what was done. `docs/incidents.md` has the
//! kinds, the rules and the figures.

mod effect;
mod entity;
mod flow;
mod kind;
mod play;
mod rail;
mod real;
mod report;
mod scenario;
mod sdk;
mod stage;
mod topology;
mod verdict;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, bail};

use kind::{KINDS, Kind};
use play::{Plan, play};
use report::Row;
use verdict::{Alarms, Verdict};

const USAGE: &str = "usage: fluoro-incidents [--kind KIND]... [--seeds COUNT] [--first-seed SEED]
                              [--warm SECONDS] [--poll SECONDS] [--threads COUNT] [--small] [--json]
       fluoro-incidents --explain KIND SEED
       fluoro-incidents real DIR [OPTIONS]";

/// The kinds of the small form: each way of failing, of being slow and of being silent, and a healthy run.
const SMALL: [&str; 9] = [
    "bad-deploy",
    "dead-host",
    "clock-skew",
    "throttled-table",
    "slow-database",
    "network-delay",
    "cpu-contention",
    "traffic-gone",
    "healthy",
];

struct Options {
    kinds: Vec<&'static Kind>,
    seeds: std::ops::Range<u64>,
    warm: f64,
    poll: f64,
    threads: usize,
    is_json: bool,
    explain: Option<(&'static Kind, u64)>,
}

/// What became of one run.
enum Judged {
    Incident(Verdict),
    Healthy(Alarms),
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == "real").is_some() {
        return real::run(arguments);
    }
    let options = Options::read(arguments)?;
    let out = &mut std::io::stdout();
    if let Some((kind, seed)) = options.explain {
        let run = play(&options.plan(kind, seed))?;
        out.write_all(report::explanation(&run).as_bytes())?;
        return Ok(());
    }
    let rows = options.rows()?;
    if options.is_json {
        writeln!(out, "{:#}", report::json(&rows))?;
    } else {
        out.write_all(report::table(&rows).as_bytes())?;
    }
    Ok(())
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut kinds, mut seeds, mut first, mut is_json, mut explain) = (Vec::new(), 10, 1, false, None);
        let mut is_small = false;
        let (mut warm, mut poll) = (300.0, 0.5);
        let mut threads = thread::available_parallelism().map_or(1, usize::from);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value\n{USAGE}"));
            match argument.as_str() {
                "--kind" => kinds.push(kind_of(&value()?)?),
                "--seeds" => seeds = number(&value()?)?,
                "--first-seed" => first = number(&value()?)?,
                "--warm" => warm = number(&value()?)?,
                "--poll" => poll = number(&value()?)?,
                "--threads" => threads = number(&value()?)?,
                "--json" => is_json = true,
                "--small" => is_small = true,
                "--explain" => explain = Some((kind_of(&value()?)?, number(&value()?)?)),
                other => bail!("{other} is not known\n{USAGE}"),
            }
        }
        if is_small {
            return Ok(Self { threads: threads.max(1), is_json, ..Self::small()? });
        }
        if kinds.is_empty() {
            kinds = KINDS.iter().collect();
        }
        let seeds = first..first + seeds;
        Ok(Self { kinds, seeds, warm, poll, threads: threads.max(1), is_json, explain })
    }

    /// One run of some kinds: what the tests can afford.
    fn small() -> anyhow::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            kinds: SMALL.into_iter().map(kind_of).collect::<anyhow::Result<_>>()?,
            seeds: 1..2,
            warm: 120.0,
            poll: 1.0,
            threads,
            is_json: false,
            explain: None,
        })
    }

    fn plan(&self, kind: &'static Kind, seed: u64) -> Plan {
        Plan { kind, seed, warm: self.warm, poll: self.poll }
    }

    /// Plays all runs, on as many threads as there are to be.
    fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let plans: Vec<Plan> =
            self.kinds.iter().flat_map(|kind| self.seeds.clone().map(|seed| self.plan(kind, seed))).collect();
        let next = AtomicUsize::new(0);
        let judged: Mutex<Vec<(usize, anyhow::Result<Judged>)>> = Mutex::default();
        thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    while let Some((place, plan)) = Some(next.fetch_add(1, Ordering::Relaxed))
                        .and_then(|place| plans.get(place).map(|plan| (place, plan)))
                    {
                        let outcome = play(plan).map(|run| judge(&run));
                        judged.lock().expect("no thread panics while it holds it").push((place, outcome));
                    }
                });
            }
        });
        let mut judged = judged.into_inner().expect("all threads have ended");
        judged.sort_by_key(|(place, _)| *place);
        let mut rows: Vec<Row> = Vec::new();
        for (plan, (_, outcome)) in plans.iter().zip(judged) {
            if rows.last().is_none_or(|row| row.name != plan.kind.name) {
                let (name, class) = (plan.kind.name, plan.kind.class);
                rows.push(Row { name, class, verdicts: Vec::new(), alarms: Vec::new() });
            }
            let row = rows.last_mut().context("a row was made")?;
            match outcome? {
                Judged::Incident(verdict) => row.verdicts.push(verdict),
                Judged::Healthy(alarms) => row.alarms.push(alarms),
            }
        }
        Ok(rows)
    }
}

fn judge(run: &play::Run) -> Judged {
    match &run.truth {
        Some(truth) => Judged::Incident(verdict::verdict(run, truth)),
        None => Judged::Healthy(verdict::alarms(run)),
    }
}

fn kind_of(name: &str) -> anyhow::Result<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).with_context(|| {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        format!("{name} is no kind; there are {}", names.join(", "))
    })
}

fn number<T: std::str::FromStr>(text: &str) -> anyhow::Result<T> {
    text.parse().ok().with_context(|| format!("{text} is no such number\n{USAGE}"))
}
