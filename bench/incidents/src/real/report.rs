//! A line for each fault, a table by kind and day, and one run told moment by moment.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::play::Reading;
use super::Played;
use super::folder::Fault;
use super::outcome::{Outcome, is_right};
use super::script::Script;

pub(super) fn table(faults: &[&Fault], played: &[Played]) -> String {
    let mut text = String::new();
    let mut by_kind: BTreeMap<(&str, &str), Vec<&Outcome>> = BTreeMap::new();
    let mut left_out = Vec::new();
    for (fault, played) in faults.iter().zip(played) {
        let outcome = match played {
            Played::Judged(outcome) => outcome,
            Played::LeftOut => {
                left_out.push(format!("{} {} {} {}", fault.day, fault.clock_time(), fault.kind, fault.pod));
                continue;
            }
        };
        let _ = writeln!(text, "{}", line(fault, outcome));
        for key in [(fault.kind.as_str(), fault.day.as_str()), (&fault.kind, "all days"), ("all", "all days")]
        {
            by_kind.entry(key).or_default().push(outcome);
        }
    }
    text += "\nkind                  day           faults  on top    of 3  victims  median     p90  steady  alarms before\n\
             \x20                                                               seconds\n";
    for ((kind, day), outcomes) in &by_kind {
        let count = |is_such: &dyn Fn(&&&Outcome) -> bool| outcomes.iter().filter(is_such).count();
        let mut seconds: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let last = seconds.len().checked_sub(1);
            last.map_or("-".to_owned(), |last| {
                format!("{:.1}", seconds[(last as f64 * share).round() as usize])
            })
        };
        let steady = outcomes.iter().map(|outcome| outcome.steadiness).sum::<f64>() / outcomes.len() as f64;
        let _ = writeln!(
            text,
            "{kind:<22}{day:<14}{:>6}{:>8}{:>8}{:>9}{:>8}{:>8}{:>8}{:>15}",
            outcomes.len(),
            count(&|outcome| outcome.is_on_top()),
            count(&|outcome| outcome.is_among_three()),
            count(&|outcome| !outcome.victims.is_empty()),
            quantile(0.5),
            quantile(0.9),
            format!("{:.0} %", steady * 100.0),
            count(&|outcome| !outcome.alarms.is_empty()),
        );
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "\nleft out, since none of their minutes is there: {}", left_out.len());
        for one in left_out {
            let _ = writeln!(text, "  {one}");
        }
    }
    text
}

fn line(fault: &Fault, outcome: &Outcome) -> String {
    let place = match outcome.place {
        Some(0) => "on top".to_owned(),
        Some(place) => format!("place {}", place + 1),
        None => "-".to_owned(),
    };
    let seconds = outcome.seconds.map_or("never".to_owned(), |seconds| format!("{seconds:.1} s"));
    let mut text = format!(
        "{} {} {:<15}{:<30}{place:<9}{seconds:>8}{:>6.0} %",
        fault.day,
        fault.clock_time(),
        fault.kind,
        fault.service(),
        outcome.steadiness * 100.0,
    );
    if !outcome.is_on_top() {
        let _ = write!(text, "  said: {}", outcome.instead.as_deref().unwrap_or("nothing"));
    }
    if !outcome.victims.is_empty() {
        let _ = write!(text, "  victims: {}", outcome.victims.join(", "));
    }
    if !outcome.alarms.is_empty() {
        let _ = write!(text, "  before: {}", outcome.alarms.join(", "));
    }
    text
}

/// What was said over time, whenever it changed; `+` is right, `!` a caller, `?` neither.
pub(super) fn explanation(fault: &Fault, script: &Script, readings: &[Reading]) -> String {
    let mut text = format!("{} {} {} {}\n", fault.day, fault.clock_time(), fault.kind, fault.pod);
    let mut before = Vec::new();
    for (place, reading) in readings.iter().enumerate() {
        let names: Vec<(&str, _)> =
            reading.entries.iter().map(|entry| (entry.name.as_str(), entry.what)).collect();
        if names == before && place + 1 < readings.len() {
            continue;
        }
        let _ = writeln!(text, "{:+.1} s", reading.at - script.onset);
        for entry in &reading.entries {
            let mark = match (is_right(entry, fault), script.callers.contains(&entry.name)) {
                (true, _) => '+',
                (false, true) => '!',
                (false, false) => '?',
            };
            let _ = writeln!(text, "    {mark} {}", entry.sentence);
        }
        if names.is_empty() {
            text.push_str("    nothing\n");
        }
        before = names;
    }
    text
}
