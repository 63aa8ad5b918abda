//! How soon an insight is opened after the first request that failed of it.

use std::io::Write;

use query::insight::{Category, EventKind};

use crate::traffic::{Kind, Traffic};
use crate::world::World;

const DAY: i64 = 24 * 60;
/// An incident of so many minutes, every so many minutes: never at the time of yesterday, which would be what is usual then.
const LENGTH: i64 = 12;
const EVERY: i64 = 310;
const INCIDENTS: i64 = 30;
const USUAL: f64 = 0.001;

pub(crate) fn run(seed: u64, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "\nseconds from the onset until the insight is opened: median, p95 (missed of {INCIDENTS})"
    )?;
    writeln!(out, "{:>12} {:>22} {:>22} {:>22}", "requests/min", "+5 %", "+20 %", "all fail")?;
    for requests in [60.0, 600.0] {
        let cells = [0.05, 0.2, 1.0].map(|adds| {
            let (mut seconds, missed) = seconds(requests, adds, seed);
            seconds.sort_unstable();
            let at = |share: f64| seconds.get(((seconds.len().max(1) - 1) as f64 * share).round() as usize);
            let told =
                |second: Option<&i64>| second.map_or("never".to_owned(), |second| format!("{second} s"));
            format!("{}, {} ({missed})", told(at(0.5)), told(at(0.95)))
        });
        writeln!(out, "{requests:>12} {:>22} {:>22} {:>22}", cells[0], cells[1], cells[2])?;
    }
    Ok(())
}

fn seconds(requests: f64, adds: f64, seed: u64) -> (Vec<i64>, usize) {
    let traffic = Traffic::new(Kind::Wander, requests, USUAL, 31 * seed + requests as u64);
    let mut world = World::new(vec![("it".to_owned(), traffic)], 1);
    let begin = world.now;
    for _ in 0..DAY {
        world.minute(|_, _| 0.0);
    }
    let (mut found, mut missed) = (Vec::new(), 0);
    for number in 0..INCIDENTS {
        // Somewhere in a minute, and at another time of day each time.
        let onset = begin + (DAY + number * EVERY + 20) * 60 + number * 7 % 60;
        let mut opened = None;
        for _ in 0..EVERY {
            let is_on = |second: i64| second >= onset && second < onset + LENGTH * 60;
            for (second, change) in world.minute(|_, second| if is_on(second) { adds } else { 0.0 }) {
                let opens = matches!(change.event, Some(EventKind::Opened | EventKind::Reopened));
                if opens && is_on(second) && change.insight.category == Category::Fault {
                    opened.get_or_insert(second - onset);
                }
            }
        }
        match opened {
            Some(seconds) => found.push(seconds),
            None => missed += 1,
        }
    }
    (found, missed)
}
