//! What documents and comments name is there: files and folders of the repository, headings of documents, numbered
//! rules (`docs/xray.md 4.2`) and commands of the Makefile.

mod place;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::place::Places;
use super::File;

/// Files that go by these endings are looked for wherever they are named; others only where a folder of the
/// repository stands before them, since they may be a user's.
const ENDINGS: [&str; 5] = [".md", ".rs", ".mjs", ".tsx", ".py"];
/// What between a path and the numbers of rules in it, or between two numbers, ends no list of them.
const BETWEEN: [&str; 3] = ["and", "or", "to"];

pub(super) fn check(files: &[File], findings: &mut Vec<String>) {
    let places = Places::of(files);
    let documents: BTreeMap<&str, Headings> = files
        .iter()
        .filter(|file| file.path.ends_with(".md"))
        .map(|file| (file.path.as_str(), Headings::of(&file.text)))
        .collect();
    let commands = commands(files);
    for file in files {
        let citing = Citing { path: &file.path, places: &places, documents: &documents, commands: &commands };
        for (number, line) in file.text.lines().enumerate() {
            let Some(said) = said(&file.path, line) else { continue };
            for what in citing.dangling(said) {
                findings.push(format!("{}:{}: {what}", file.path, number + 1));
            }
        }
    }
}

/// A file whose references are looked at.
struct Citing<'a> {
    path: &'a str,
    places: &'a Places<'a>,
    documents: &'a BTreeMap<&'a str, Headings>,
    commands: &'a BTreeSet<&'a str>,
}

impl Citing<'_> {
    fn dangling(&self, said: &str) -> Vec<String> {
        let mut dangling = Vec::new();
        let (text, targets) = links(said);
        for target in targets {
            dangling.extend(self.link(target));
        }
        dangling.extend(self.command(&text));
        let mut words = text.split(is_boundary).map(trimmed).filter(|word| !word.is_empty()).peekable();
        while let Some(word) = words.next() {
            let Some(found) = self.file(word) else {
                dangling.push(format!("`{word}` is not in the repository; name what is, or take it out"));
                continue;
            };
            let Some(headings) = self.documents.get(found).filter(|headings| !headings.numbers.is_empty())
            else {
                continue;
            };
            while let Some(next) = words.next_if(|next| BETWEEN.contains(next) || is_number(next)) {
                if is_number(next) && !headings.numbers.contains(next) {
                    dangling.push(format!("`{found}` has no heading {next}"));
                }
            }
        }
        dangling
    }

    /// A link of Markdown, from the folder of the document.
    fn link(&self, target: &str) -> Option<String> {
        if target.contains("://") || target.starts_with("mailto:") || !self.path.ends_with(".md") {
            return None;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let found = if file.is_empty() { Some(self.path) } else { self.places.beside(self.path, file) };
        let Some(found) = found else {
            return Some(format!("the link to `{target}` leads nowhere"));
        };
        let is_there = anchor.is_empty()
            || self.documents.get(found).is_some_and(|headings| headings.anchors.contains(anchor));
        (!is_there).then(|| format!("`{found}` has no heading for the link `{target}`"))
    }

    /// `None` where the word names a file that is not there; a word that names none is as good as found.
    fn file<'a>(&'a self, word: &'a str) -> Option<&'a str> {
        let is_pattern = word.contains(['*', '{', '<', '$', '@', '%', '…', '=']) || word.contains("..");
        if is_pattern || word.contains("://") || word.starts_with(['/', '~', '.', '-']) {
            return Some("");
        }
        let path = word.split_once(':').map_or(word, |(path, _)| path).trim_end_matches('/');
        if self.places.is_ours(word) {
            return self.places.at(path).or_else(|| self.places.around(self.path, path));
        }
        let is_named = ENDINGS.iter().any(|ending| path.len() > ending.len() && path.ends_with(ending));
        if is_named { self.places.ending(path) } else { Some("") }
    }

    fn command(&self, text: &str) -> Vec<String> {
        let calls = text.split("`make ").skip(1);
        let names =
            calls.map(|call| call.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or(""));
        names
            .filter(|name| name.starts_with(|c: char| c != '-') && !self.commands.contains(name))
            .map(|name| format!("the Makefile has no `{name}`"))
            .collect()
    }
}

/// What a line says to people: all of a document, the comment of a source.
fn said<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "md" => Some(line),
        "rs" | "ts" | "tsx" | "mjs" | "css" if !path.contains("/generated/") => {
            let start = line.trim_start();
            if start.starts_with("/*") || start.starts_with("* ") {
                return Some(start);
            }
            // `//` that is not part of an address.
            line.match_indices("//")
                .find(|(at, _)| !line[..*at].ends_with([':', '"', '/']))
                .map(|(at, _)| &line[at..])
        }
        "toml" | "yaml" | "py" | "" | "Makefile" if !path.ends_with("LICENSE") => {
            line.trim_start().strip_prefix('#').or_else(|| line.split_once(" # ").map(|(_, comment)| comment))
        }
        _ => None,
    }
}

/// A line without the targets of its links, and the targets.
fn links(line: &str) -> (String, Vec<&str>) {
    let (mut text, mut targets, mut rest) = (String::new(), Vec::new(), line);
    while let Some((before, after)) = rest.split_once("](") {
        let Some((target, after)) = after.split_once(')') else { break };
        text.push_str(before);
        text.push(']');
        targets.push(target);
        rest = after;
    }
    text.push_str(rest);
    (text, targets)
}

fn commands(files: &[File]) -> BTreeSet<&str> {
    let makefile = files.iter().find(|file| file.path == "Makefile").map_or("", |file| file.text.as_str());
    makefile
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        .collect()
}

fn is_boundary(character: char) -> bool {
    character.is_whitespace() || "`()[],\"';|!?".contains(character)
}

fn trimmed(word: &str) -> &str {
    word.trim_matches('*').trim_start_matches("//!").trim_end_matches(['.', ':'])
}

/// `4.2`, `A9`, `E`: what numbers a rule.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(word);
    let is_digits =
        digits.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    !word.is_empty() && (digits.is_empty() || is_digits)
}

#[derive(Debug, Default)]
struct Headings {
    numbers: BTreeSet<String>,
    anchors: BTreeSet<String>,
}

impl Headings {
    fn of(text: &str) -> Self {
        let mut headings = Self::default();
        for line in text.lines().filter(|line| line.starts_with('#')) {
            let title = line.trim_start_matches('#').trim();
            headings.anchors.insert(anchor(title));
            let first = title.split(' ').next().unwrap_or_default().trim_end_matches('.');
            // A title that begins with a word of one letter, such as "A", is no number.
            if is_number(first)
                && (first.len() > 1 || title[1..].starts_with('.') || first.as_bytes()[0].is_ascii_digit())
            {
                headings.numbers.insert(first.to_owned());
            }
        }
        headings
    }
}

/// As GitHub makes them.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}
