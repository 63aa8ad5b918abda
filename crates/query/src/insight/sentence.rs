//! An insight in one or two sentences, at most [`MOST`] characters: origin, exception, since, requests, users, version.

use model::{Micros, Timestamp};

use super::record::{Category, Insight};

/// As long as X-Ray's clients are known to show.
const MOST: usize = 400;
const MOST_NAME: usize = 80;

pub(super) fn of(insight: &Insight) -> String {
    let text = match insight.end {
        Some(end) => closed(insight, end),
        None => open(insight),
    };
    cut(&text, MOST)
}

fn open(insight: &Insight) -> String {
    let root = root(insight);
    let since = clock(insight.start);
    let users = match insight.users {
        0 => String::new(),
        1 => ", 1 user".to_owned(),
        users => format!(", {users} users"),
    };
    let (origin, clients) = (insight.origin, insight.clients);
    let began = match insight.category {
        Category::Fault => {
            let with = insight.exception.as_ref().and_then(|exception| exception.name.as_deref());
            let with = with.map(|name| format!(" with {}", cut(name, MOST_NAME))).unwrap_or_default();
            format!(
                "{root} began failing{with} at {since} UTC: {} of {} requests{users}.",
                origin.failing, origin.total
            )
        }
        Category::Latency => {
            format!("{root} became slow at {since} UTC: {} of {} requests.", origin.failing, origin.total)
        }
        Category::Traffic => {
            format!(
                "{root} gets hardly any requests since {since} UTC: some {} did not come.",
                origin.failing
            )
        }
    };
    let through = insight.operation.as_deref();
    let through = through.map(|entry| format!(", through {}", cut(entry, MOST_NAME))).unwrap_or_default();
    let affected = match clients.failing {
        0 => String::new(),
        _ => format!(
            " {:.1} % of client requests are affected{through}.",
            clients.failing as f64 * 100.0 / clients.total.max(clients.failing) as f64
        ),
    };
    let version = insight.version.as_ref().map(|(node, version)| {
        format!(" Began with {} {}.", cut(&node.name, MOST_NAME), cut(version, MOST_NAME))
    });
    format!("{began}{affected}{}", version.unwrap_or_default())
}

fn closed(insight: &Insight, end: Timestamp) -> String {
    let lost = match insight.clients.failing {
        0 => "No client request failed.".to_owned(),
        1 => "1 client request failed.".to_owned(),
        failing => format!("{failing} client requests failed."),
    };
    let length = span(insight.start.until(end));
    format!("{} recovered at {} UTC after {length}. {lost}", root(insight), clock(end))
}

/// `payments (AWS::DynamoDB::Table)`.
fn root(insight: &Insight) -> String {
    let name = cut(&insight.root.name, MOST_NAME);
    let name = match insight.root.kind.as_deref() {
        Some(kind) if kind != model::node::REMOTE => format!("{name} ({})", cut(kind, MOST_NAME)),
        _ => name,
    };
    match insight.members.as_slice() {
        [] => name,
        [other] => format!("{name} and {}", cut(&other.name, MOST_NAME)),
        members => format!("{name} and {} others", members.len()),
    }
}

fn clock(at: Timestamp) -> String {
    let minutes = at.floor_seconds().div_euclid(60).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn span(length: Micros) -> String {
    let seconds = length.0 / 1_000_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, _) => format!("{minutes} min"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Names come from strangers: one line, and not longer than this.
fn cut(text: &str, most: usize) -> String {
    let clean = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let short: String = clean.take(most).collect();
    if text.chars().nth(most).is_some() { format!("{short}…") } else { short }
}
