//! An entry in one sentence, as the rail, the terminal and messages say it.

use model::{Micros, NodeKey, Timestamp};

use super::entry::{Entry, Slow, What};

/// Names are hostile and may be long; a sentence is one line.
const MAX_NAME: usize = 80;

pub(super) fn of(entry: &Entry, now: Timestamp) -> String {
    let said = match (entry.what, &entry.slow) {
        (What::Failing, _) => failing(entry),
        (What::Slow, Some(slow)) => slow_of(entry, slow),
        (What::Slow, None) => {
            format!("{} {} slow", name(&entry.node), if entry.until.is_some() { "was" } else { "is" })
        }
        (What::Silent, _) => silent(entry),
    };
    let end = entry.until.unwrap_or(now);
    let length = span(entry.since.until(end));
    let when =
        if entry.until.is_some() { format!("for {length}, and is over") } else { format!("for {length}") };
    let again = match entry.episodes.len() {
        0 | 1 => String::new(),
        times => format!(", {} time", ordinal(times)),
    };
    let began = entry.began_with.as_ref();
    let began = began.map(|one| format!(", began with {} {}", name(&one.node), cut(&one.version)));
    format!("{said} {when}{again}{}", began.unwrap_or_default())
}

fn failing(entry: &Entry) -> String {
    let with = match entry.exceptions.first() {
        Some((exception, _)) => format!(" with {}", cut(exception.name.as_deref().unwrap_or("an exception"))),
        None => String::new(),
    };
    let verb = if entry.until.is_some() { "failed" } else { "is failing" };
    let share = share(entry.failing, entry.requests);
    let users = match entry.users {
        0 => String::new(),
        1 => ", 1 user".to_owned(),
        users => format!(", {users} users"),
    };
    format!(
        "{} {verb}{with}: {} of {} requests ({share}{users})",
        name(&entry.node),
        entry.failing,
        entry.requests
    )
}

fn slow_of(entry: &Entry, slow: &Slow) -> String {
    let (usual, now) = match slow.median > slow.usual_median && slow.median.0 >= slow.usual_median.0 * 3 / 2 {
        true => (slow.usual_median, slow.median),
        false => (slow.usual_p90, slow.p90),
    };
    let times = format!("{} usually, {} now", time(usual), time(now));
    match &slow.way {
        Some((from, to)) => format!("The way from {} to {}: {times}", name(from), name(to)),
        None => format!("{} is slow: {times}{}", name(&entry.node), operation(entry)),
    }
}

fn silent(entry: &Entry) -> String {
    let (node, requests) = (name(&entry.node), entry.requests);
    match (entry.affected.first().map(name), entry.until) {
        (Some(caller), None) => {
            let do_call = requests - entry.failing.min(requests);
            format!("{caller} hardly calls {node} any more: {do_call} of {requests} requests do")
        }
        (Some(caller), Some(_)) => format!("{caller} hardly called {node} any more"),
        (None, None) => {
            let expected = entry.failing + requests;
            format!("{node} gets hardly any requests: {requests} of some {expected} came")
        }
        (None, Some(_)) => format!("{node} got hardly any requests"),
    }
}

fn operation(entry: &Entry) -> String {
    entry.operation.as_deref().map(|operation| format!(" ({})", cut(operation))).unwrap_or_default()
}

fn name(node: &NodeKey) -> String {
    cut(&node.name)
}

fn cut(text: &str) -> String {
    let one_line: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(MAX_NAME)
        .collect();
    if text.chars().nth(MAX_NAME).is_some() { format!("{one_line}…") } else { one_line }
}

fn share(part: u64, whole: u64) -> String {
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    match percent {
        10.0.. => format!("{percent:.0} %"),
        _ => format!("{percent:.1} %"),
    }
}

fn time(time: Micros) -> String {
    match time.0 {
        0..1_000 => format!("{} µs", time.0),
        1_000..10_000 => format!("{:.1} ms", time.0 as f64 / 1e3),
        10_000..1_000_000 => format!("{:.0} ms", time.0 as f64 / 1e3),
        _ => format!("{:.1} s", time.as_seconds()),
    }
}

fn span(length: Micros) -> String {
    let seconds = length.0 / 1_000_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
