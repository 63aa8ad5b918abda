//! `fluoro-incidents real DIR`: what the first screen says of recorded traces into which faults were injected.
//!
//! ```text
//! folder ─► script (usual spans, then the fault's) ─► export (OTLP) ─► stage ─► rail ─► outcome ─► report
//! ```
//! The traces are those of others and never part of this project; `docs/incidents.md` says of what form they are and where
//! they can be had. Nothing is known here of what the systems are: services, calls and kinds of spans are read off the spans.

mod export;
mod folder;
mod follow;
mod outcome;
mod report;
mod script;
mod span;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, bail};

use folder::{Fault, Folder};
use outcome::Outcome;

const USAGE: &str =
    "usage: fluoro-incidents real DIR [--kind KIND]... [--day DAY] [--at HH:MM] [--usual SECONDS]
                              [--export SECONDS] [--threads COUNT] [--explain]";

/// Faults of these kinds are played where nobody chose others: what returns wrong values or throws does not show in spans
/// without a status.
const KINDS: [&str; 3] = ["network_delay", "cpu_contention", "cpu_consumed"];

struct Options {
    folder: PathBuf,
    kinds: Vec<String>,
    day: Option<String>,
    /// Of the injection, `HH:MM`.
    at: Option<String>,
    /// So many seconds of usual traffic come first.
    usual: f64,
    /// Seconds between two requests of an exporter.
    export: f64,
    threads: usize,
    /// Whether to tell what was said over time.
    is_explained: bool,
}

/// What became of a fault.
enum Played {
    Judged(Outcome),
    /// None of its minutes is there.
    LeftOut,
}

pub(super) fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let options = Options::read(arguments)?;
    let folder = Folder::open(&options.folder)?;
    let faults: Vec<&Fault> = folder.faults().filter(|fault| options.is_chosen(fault)).collect();
    if faults.is_empty() {
        bail!(
            "{} lists no fault that was asked for; its days are {}",
            options.folder.display(),
            folder.day_names().join(", ")
        );
    }
    let played = options.play(&folder, &faults)?;
    std::io::stdout().write_all(report::table(&faults, &played).as_bytes())?;
    Ok(())
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut folder, mut kinds, mut day, mut at, mut is_explained) =
            (None, Vec::new(), None, None, false);
        let (mut usual, mut export) = (600.0, 1.0);
        let mut threads = thread::available_parallelism().map_or(1, usize::from);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value\n{USAGE}"));
            match argument.as_str() {
                "--kind" => kinds.push(value()?),
                "--day" => day = Some(value()?),
                "--at" => at = Some(value()?),
                "--usual" => usual = super::number(&value()?)?,
                "--export" => export = super::number(&value()?)?,
                "--threads" => threads = super::number(&value()?)?,
                "--explain" => is_explained = true,
                other if other.starts_with("--") || folder.is_some() => {
                    bail!("{other} is not known\n{USAGE}");
                }
                path => folder = Some(PathBuf::from(path)),
            }
        }
        if kinds.is_empty() {
            kinds = KINDS.map(str::to_owned).to_vec();
        }
        let folder = folder.with_context(|| format!("which folder?\n{USAGE}"))?;
        Ok(Self { folder, kinds, day, at, usual, export, threads: threads.max(1), is_explained })
    }

    fn is_chosen(&self, fault: &Fault) -> bool {
        self.kinds.contains(&fault.kind)
            && self.day.as_ref().is_none_or(|day| *day == fault.day)
            && self.at.as_ref().is_none_or(|at| *at == fault.clock_time())
    }

    /// All of them, on as many threads as there are to be.
    fn play(&self, folder: &Folder, faults: &[&Fault]) -> anyhow::Result<Vec<Played>> {
        let next = AtomicUsize::new(0);
        let played: Mutex<Vec<(usize, anyhow::Result<Played>)>> = Mutex::default();
        thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    while let Some((place, fault)) = Some(next.fetch_add(1, Ordering::Relaxed))
                        .and_then(|place| faults.get(place).map(|fault| (place, fault)))
                    {
                        let one = self.play_one(folder, fault);
                        played.lock().expect("no thread panics while it holds it").push((place, one));
                    }
                });
            }
        });
        let mut played = played.into_inner().expect("all threads have ended");
        played.sort_by_key(|(place, _)| *place);
        played.into_iter().map(|(_, one)| one).collect()
    }

    fn play_one(&self, folder: &Folder, fault: &Fault) -> anyhow::Result<Played> {
        let Some(script) = script::script(folder, fault, self.usual)? else { return Ok(Played::LeftOut) };
        let readings = follow::follow(&script, self.export)
            .with_context(|| format!("play {} of {}", fault.kind, fault.pod))?;
        if self.is_explained {
            let explanation = report::explanation(fault, &script, &readings);
            std::io::stdout().write_all(explanation.as_bytes())?;
        }
        Ok(Played::Judged(outcome::outcome(fault, &script, &readings)))
    }
}
