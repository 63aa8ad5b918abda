//! Traces whose frames begin with `at`: of Java, Kotlin and Scala, of .NET, and of JavaScript; PHP's SDK writes like Java.

use super::{Frame, Link, headline, place};

const END_OF_INNER: &str = "--- End of inner exception stack trace ---";

pub(super) fn parse(text: &str, language: &str) -> Vec<Link> {
    if text.contains(" ---> ") || text.contains(END_OF_INNER) {
        return dotnet(text);
    }
    let mut chain = vec![Link::default()];
    let mut is_suppressed = false;
    let mut is_headline = true;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(frame) = frame(trimmed, language) {
            is_headline = false;
            if !is_suppressed && let Some(link) = chain.last_mut() {
                link.frames.push(frame);
            }
        } else if let Some(cause) = caused_by(trimmed) {
            let (name, message) = headline(cause);
            chain.push(Link { name, message, frames: Vec::new() });
            (is_suppressed, is_headline) = (false, true);
        } else if trimmed.starts_with("Suppressed: ") {
            // Raised while the other was on its way; nobody's cause.
            (is_suppressed, is_headline) = (true, false);
        } else if is_headline
            && !trimmed.is_empty()
            && let Some(link) = chain.last_mut()
        {
            if link.name.is_empty() && link.message.is_empty() {
                (link.name, link.message) = headline(trimmed);
            } else {
                link.message.push('\n');
                link.message.push_str(trimmed);
            }
        }
    }
    chain
}

/// Java's, and JavaScript's of Node: `[cause]: Error: message {`.
fn caused_by(line: &str) -> Option<&str> {
    let cause = line.strip_prefix("Caused by: ").or_else(|| line.strip_prefix("[cause]: "))?;
    Some(cause.trim_end_matches(" {"))
}

/// Headlines stand first, outermost first; then the frames, innermost first, each but the last ended by a line.
fn dotnet(text: &str) -> Vec<Link> {
    let mut head = String::new();
    let mut stacks = vec![Vec::new()];
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(frame) = frame(trimmed, "dotnet") {
            if let Some(stack) = stacks.last_mut() {
                stack.push(frame);
            }
        } else if trimmed == END_OF_INNER {
            stacks.push(Vec::new());
        } else if !trimmed.starts_with("---") || trimmed.starts_with("--->") {
            if !head.is_empty() {
                head.push(' ');
            }
            head.push_str(trimmed);
        }
    }
    let mut chain: Vec<Link> = head
        .split("---> ")
        .map(|one| {
            let (name, message) = headline(one.trim());
            Link { name, message, frames: Vec::new() }
        })
        .collect();
    for (link, frames) in chain.iter_mut().zip(stacks.into_iter().rev()) {
        link.frames = frames;
    }
    chain
}

fn frame(line: &str, language: &str) -> Option<Frame> {
    let rest = line.strip_prefix("at ")?.trim();
    if let Some((label, place)) = rest.rsplit_once(" in ")
        && let Some((path, line)) = place.rsplit_once(":line ")
    {
        return Some(Frame {
            path: path.to_owned(),
            line: line.parse().unwrap_or(0),
            label: label.to_owned(),
        });
    }
    if language == "dotnet" {
        return Some(Frame { label: rest.to_owned(), ..Frame::default() });
    }
    if let Some((label, inside)) = rest.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        // A module or a class loader stands before the class: `java.base/java.util.List.of`.
        let is_java = !label.ends_with(' ');
        let label = label.trim_end();
        let label = match label.rsplit_once('/') {
            Some((_, label)) if is_java && !label.is_empty() => label,
            _ => label,
        };
        let (path, line) = place(inside).unwrap_or((inside, 0));
        return Some(Frame { path: path.to_owned(), line, label: label.to_owned() });
    }
    let (path, line) = place(rest.strip_prefix("async ").unwrap_or(rest))?;
    Some(Frame { path: path.to_owned(), line, label: String::new() })
}
