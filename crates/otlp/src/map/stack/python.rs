//! Tracebacks of Python: oldest frame first, and what an exception was raised from before it.

use super::{Frame, Link, headline};

/// Stand between the exceptions of a chain.
const BETWEEN: [&str; 2] = [
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
];

pub(super) fn parse(text: &str) -> Vec<Link> {
    let mut chain = vec![Link::default()];
    let mut is_ended = false;
    for line in text.lines() {
        // Groups of exceptions are drawn with bars.
        let line = line.trim_start_matches([' ', '|', '+']).trim_end();
        let is_indented = !line.is_empty();
        if BETWEEN.contains(&line) {
            chain.push(Link::default());
            is_ended = false;
        } else if let Some(frame) = frame(line) {
            if let Some(link) = chain.last_mut().filter(|_| !is_ended) {
                link.frames.push(frame);
            }
        } else if is_indented && !is_ended && !line.starts_with("Traceback ") && is_headline(line) {
            if let Some(link) = chain.last_mut().filter(|link| !link.frames.is_empty()) {
                (link.name, link.message) = headline(line);
            }
        } else if line.starts_with('-') {
            // What follows are the members of a group.
            is_ended = true;
        }
    }
    chain.reverse();
    for link in &mut chain {
        link.frames.reverse();
    }
    chain
}

/// `File "path", line 12, in function`. A path may have commas, so it is read from its quotes.
fn frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("File \"")?;
    let (path, rest) = rest.rsplit_once("\", line ")?;
    let (line, label) = match rest.split_once(", in ") {
        Some((line, label)) => (line, label),
        None => (rest, ""),
    };
    Some(Frame { path: path.to_owned(), line: line.trim().parse().ok()?, label: label.to_owned() })
}

/// A line of source may stand there as well; a name of an exception has no blanks and no brackets before its colon.
fn is_headline(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    name.chars().next().is_some_and(char::is_alphabetic)
        && name.chars().all(|it| it.is_alphanumeric() || matches!(it, '.' | '_'))
        && (line.contains(": ") || name == line)
}
