//! False alarms a service-week, where nothing is wrong.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use model::Minute;
use query::insight::{Category, EventKind};
use query::now::Course;

use crate::traffic::{Kind, Traffic};
use crate::world::World;

const REQUESTS: [f64; 3] = [5.0, 60.0, 600.0];
const FAILING: [f64; 2] = [0.0005, 0.01];
const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;
/// Of the minutes alone, which are quick.
const WEEKS_OF_MINUTES: u64 = 40;
/// Weeks that one engine plays; the day that it learns in before counts for nothing.
const WEEKS_OF_PART: u64 = 3;
/// Less often than in the server, where it is each second: a week has 604,800 of them.
const EVERY_SECONDS: i64 = 5;

/// Weeks of one service, which nothing connects with other weeks.
struct Part {
    kind: Kind,
    requests: f64,
    failing: f64,
    weeks: u64,
    seed: u64,
}

/// What was told in a part, with the sentence and when.
struct Told {
    cell: (Kind, usize),
    category: Category,
    sentence: String,
}

/// `weeks` are those of each service of each generator.
pub(crate) fn run(weeks: u64, seed: u64, kinds: &[Kind], out: &mut impl Write) -> anyhow::Result<()> {
    let told = whole(kinds, weeks, seed);
    for &kind in kinds {
        writeln!(
            out,
            "\n{}: insights that nothing asked for, a service-week, after the first day",
            kind.name()
        )?;
        writeln!(
            out,
            "{:>12} {:>8} {:>26} {:>30}",
            "requests/min", "failing", "the day alone", "the whole engine"
        )?;
        for (place, (requests, failing)) in cells().into_iter().enumerate() {
            let alone = alone(kind, requests, failing, seed);
            let of_cell: Vec<&Told> = told.iter().filter(|one| one.cell == (kind, place)).collect();
            writeln!(
                out,
                "{requests:>12} {:>7.2}% {:>26} {:>30}",
                failing * 100.0,
                format!("{:.2} ({alone} in {WEEKS_OF_MINUTES})", alone as f64 / WEEKS_OF_MINUTES as f64),
                share(&of_cell, weeks),
            )?;
            out.flush()?;
        }
        let of_kind: Vec<&Told> = told.iter().filter(|one| one.cell.0 == kind).collect();
        writeln!(
            out,
            "{:>12} {:>8} {:>26} {:>30}",
            "all",
            "",
            "",
            share(&of_kind, weeks * cells().len() as u64)
        )?;
    }
    told.iter().try_for_each(|one| writeln!(out, "{}", one.sentence))?;
    Ok(())
}

fn cells() -> Vec<(f64, f64)> {
    REQUESTS.into_iter().flat_map(|requests| FAILING.map(|failing| (requests, failing))).collect()
}

fn share(told: &[&Told], weeks: u64) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for one in told {
        let name = match one.category {
            Category::Fault => "faults",
            Category::Latency => "slow",
            Category::Traffic => "silent",
        };
        *kinds.entry(name).or_default() += 1;
    }
    let kinds: String = kinds.into_iter().map(|(name, count)| format!(", {count} {name}")).collect();
    format!("{:.2} ({} in {weeks}{kinds})", told.len() as f64 / weeks as f64, told.len())
}

/// Of minutes alone, as the slow half sees them.
fn alone(kind: Kind, requests: f64, failing: f64, seed: u64) -> usize {
    let mut found = 0;
    for week in 0..WEEKS_OF_MINUTES {
        let mut traffic = Traffic::new(kind, requests, failing, 1_000 * seed + week);
        let mut course = Course::default();
        let mut is_open = false;
        for minute in 0..DAY + WEEK {
            let planned = traffic.minute(minute);
            let failed = (0..planned.requests).filter(|_| traffic.chance(planned.failing)).count() as u64;
            course.step(Minute(minute), planned.requests, failed, &[]);
            let opens = course.excess().is_some();
            found += usize::from(opens && !is_open && minute >= DAY);
            is_open = opens;
        }
    }
    found
}

/// What the whole engine told, by cell. As many parts run beside each other as there are processors; what comes of each
/// depends on its seed alone.
fn whole(kinds: &[Kind], weeks: u64, seed: u64) -> Vec<Told> {
    let mut parts: Vec<((Kind, usize), Part)> = Vec::new();
    for &kind in kinds {
        for (place, (requests, failing)) in cells().into_iter().enumerate() {
            for first in (0..weeks).step_by(WEEKS_OF_PART as usize) {
                let seed = 77_000 * seed + 1_000 * place as u64 + first;
                let weeks = WEEKS_OF_PART.min(weeks - first);
                parts.push(((kind, place), Part { kind, requests, failing, weeks, seed }));
            }
        }
    }
    // The long ones first, so that none runs alone in the end.
    parts.sort_by(|one, other| other.1.requests.total_cmp(&one.1.requests));
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut told = Vec::new();
        while let Some((cell, part)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            told.extend(part.play(*cell));
        }
        told
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let told = running.into_iter().flat_map(|one| one.join().expect("a part does not panic"));
        let mut told: Vec<Told> = told.collect();
        told.sort_by(|one, other| one.sentence.cmp(&other.sentence));
        told
    })
}

impl Part {
    fn play(&self, cell: (Kind, usize)) -> Vec<Told> {
        let traffic = Traffic::new(self.kind, self.requests, self.failing, self.seed);
        let mut world = World::new(vec![("it".to_owned(), traffic)], EVERY_SECONDS);
        let mut told = Vec::new();
        for minute in 0..DAY + WEEK * self.weeks as i64 {
            for (second, change) in world.minute(|_, _| 0.0) {
                if minute < DAY || !matches!(change.event, Some(EventKind::Opened | EventKind::Reopened)) {
                    continue;
                }
                let sentence = format!(
                    "{}, {} a minute, seed {}, day {}, minute {}: {}",
                    self.kind.name(),
                    self.requests,
                    self.seed,
                    minute / DAY,
                    (second / 60) % DAY,
                    change.insight.summary
                );
                told.push(Told { cell, category: change.insight.category, sentence });
            }
        }
        told
    }
}
