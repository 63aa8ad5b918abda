//! Frames out of the text of a stack trace, in each language as its runtime prints them.
//!
//! The language is a hint only: what a text looks like decides. A text that nobody knows gives a frame a line, so that people
//! see it. Newest frame first, and the exception first, then what it was raised from.

mod at;
mod lines;
mod python;
#[cfg(test)]
mod tests;

use crate::limits::MAX_FRAMES;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Frame {
    pub(crate) path: String,
    pub(crate) line: u32,
    pub(crate) label: String,
}

/// An exception of a chain. What the sender says elsewhere of the first one counts more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) message: String,
    pub(super) frames: Vec<Frame>,
}

/// Never empty.
pub(super) fn parse(text: &str, language: &str) -> Vec<Link> {
    let mut chain = if text.contains("File \"") && text.contains(", line ") {
        python::parse(text)
    } else if text.contains("goroutine ") || language == "go" {
        vec![lines::go(text)]
    } else if language == "rust" {
        vec![lines::rust(text)]
    } else if language == "ruby" {
        vec![lines::ruby(text)]
    } else {
        at::parse(text, language)
    };
    if chain.iter().all(|link| link.frames.is_empty()) {
        let found = [lines::ruby(text), lines::rust(text), lines::php(text)];
        chain = vec![found.into_iter().find(|link| !link.frames.is_empty()).unwrap_or_else(|| raw(text))];
    }
    for link in &mut chain {
        link.frames.truncate(MAX_FRAMES);
    }
    chain
}

fn raw(text: &str) -> Link {
    let lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
    let frames = lines.take(MAX_FRAMES).map(|line| Frame { label: line.to_owned(), ..Frame::default() });
    Link { frames: frames.collect(), ..Link::default() }
}

/// `Type: message`; what has blanks before the colon is no type.
fn headline(line: &str) -> (String, String) {
    match line.split_once(": ") {
        Some((name, message)) if !name.contains(' ') => (name.to_owned(), message.to_owned()),
        _ if !line.contains(' ') => (line.trim_end_matches(':').to_owned(), String::new()),
        _ => (String::new(), line.to_owned()),
    }
}

/// `path:line`, with or without a column after it; the path may have colons of its own, such as `file://`, `node:internal` and `C:\`.
fn place(text: &str) -> Option<(&str, u32)> {
    let (before, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    match before.rsplit_once(':') {
        Some((path, line)) if !path.is_empty() => match line.parse() {
            Ok(line) => Some((path, line)),
            Err(_) => Some((before, last)),
        },
        _ => Some((before, last)),
    }
}
