//! What was said of one fault, and how true it was.

use super::super::play::Reading;
use super::super::rail::{Entry, What};
use super::folder::Fault;
use super::script::Script;

const NETWORK_DELAY: &str = "network_delay";
/// A line that stands on top for longer is one that people read.
const READ_SECONDS: f64 = 2.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    /// Of the last reading, while the fault goes on; none where it is not told.
    pub(super) place: Option<usize>,
    /// What stood on top instead.
    pub(super) instead: Option<String>,
    /// From the fault's first trace until it stood on top.
    pub(super) seconds: Option<f64>,
    /// Of the time since then, the share in which it stood there.
    pub(super) steadiness: f64,
    /// Callers of the service that stood in the list at the end, or on top for long enough to be read.
    pub(super) victims: Vec<String>,
    /// What was said before the fault.
    pub(super) alarms: Vec<String>,
}

impl Outcome {
    pub(super) fn is_on_top(&self) -> bool {
        self.place == Some(0)
    }

    pub(super) fn is_among_three(&self) -> bool {
        self.place.is_some_and(|place| place < 3)
    }
}

pub(super) fn outcome(fault: &Fault, script: &Script, readings: &[Reading]) -> Outcome {
    let (before, during) = readings.split_at(readings.partition_point(|reading| reading.at < script.onset));
    let is_right = |entry: &Entry| is_right(entry, fault);
    let on_top = |reading: &&Reading| reading.entries.first().is_some_and(is_right);
    let named = during.iter().position(|reading| on_top(&reading));
    let since: &[Reading] = named.map_or(&[], |named| &during[named..]);
    let last = during.last().map_or(&[][..], |reading| &reading.entries);
    let place = last.iter().position(is_right);
    let mut victims: Vec<String> = Vec::new();
    for caller in &script.callers {
        let is_caller = |entry: &Entry| entry.name == *caller && !is_right(entry);
        let topped = during.iter().filter(|reading| reading.entries.first().is_some_and(is_caller));
        let seconds = topped.count() as f64 * super::follow::POLL;
        if last.iter().any(is_caller) || seconds > READ_SECONDS {
            victims.push(caller.clone());
        }
    }
    let mut alarms: Vec<String> = Vec::new();
    for entry in before.iter().flat_map(|reading| &reading.entries) {
        let alarm = format!("{} {:?}", entry.name, entry.what);
        if !alarms.contains(&alarm) {
            alarms.push(alarm);
        }
    }
    Outcome {
        place,
        instead: last.first().filter(|_| place != Some(0)).map(|entry| entry.sentence.clone()),
        seconds: since.first().map(|reading| reading.at - script.onset),
        steadiness: since.iter().filter(on_top).count() as f64 / since.len().max(1) as f64,
        victims,
        alarms,
    }
}

/// Whether it names the service as slow; of a delay of its network, the way to or from it as well.
pub(super) fn is_right(entry: &Entry, fault: &Fault) -> bool {
    let service = fault.service();
    let is_end_of_way = || {
        let ends = entry.sentence.strip_prefix("The way from ").and_then(|rest| rest.split_once(": "));
        let ends = ends.and_then(|(ends, _)| ends.split_once(" to "));
        ends.is_some_and(|(from, to)| from == service || to == service)
    };
    let is_named = entry.name == service || fault.kind == NETWORK_DELAY && is_end_of_way();
    entry.what == What::Slow && is_named
}
