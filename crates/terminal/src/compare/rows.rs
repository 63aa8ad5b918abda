//! Traces of a server, page by page, and counts of what is alike.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::{Value, json};

use super::TOLD;
use crate::connection::{Connection, encode};
use crate::shape::read;
use crate::text::{Paint, plain};

/// The server's bound on a page.
const PAGE: usize = 1_000;

/// What is compared of a trace. What depends on names that a server has learned by now is left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) id: String,
    start: f64,
    #[serde(default)]
    duration: Option<f64>,
    #[serde(default)]
    response_time: Option<f64>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    status: Option<i64>,
    outcome: String,
    segments: u64,
    annotations: u64,
    users: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    traces: Vec<Row>,
    #[serde(default)]
    cursor: Option<String>,
}

/// The traces of a range, the newest first.
pub(super) struct Rows<'a> {
    connection: &'a Connection,
    range: &'a str,
    page: VecDeque<Row>,
    /// Where the next page begins; nothing where there is none.
    next: Option<String>,
}

/// Some of many, by chance, but for the same ones the same.
#[derive(Debug)]
pub(super) struct Sample {
    most: usize,
    /// Those with the smallest hashes.
    ids: BTreeSet<(u64, String)>,
}

/// What both have, and what one has.
#[derive(Debug, Default)]
pub(super) struct Compared {
    alike: u64,
    differ: u64,
    only_old: u64,
    only_new: u64,
    examples: Vec<String>,
}

impl Row {
    /// In the order of pages.
    pub(super) fn place(&self) -> (f64, &str) {
        (self.start, &self.id)
    }
}

impl<'a> Rows<'a> {
    pub(super) fn new(connection: &'a Connection, range: &'a str) -> Self {
        Self { connection, range, page: VecDeque::new(), next: Some(String::new()) }
    }

    pub(super) async fn peek(&mut self) -> anyhow::Result<Option<&Row>> {
        while self.page.is_empty() {
            let Some(cursor) = self.next.take() else { return Ok(None) };
            let path =
                format!("/api/traces?{}&overview=false&limit={PAGE}&cursor={}", self.range, encode(&cursor));
            let page: Page = read(&self.connection.get(&path).await?)?;
            self.page = page.traces.into();
            self.next = page.cursor.filter(|cursor| !cursor.is_empty());
        }
        Ok(self.page.front())
    }

    pub(super) fn take(&mut self) -> Option<Row> {
        self.page.pop_front()
    }
}

impl Sample {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ids: BTreeSet::new() }
    }

    pub(super) fn see(&mut self, id: String) {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        self.ids.insert((hasher.finish(), id));
        if self.ids.len() > self.most {
            self.ids.pop_last();
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(|(_, id)| id.as_str())
    }
}

impl Compared {
    pub(super) fn both(&mut self, name: &str, is_alike: bool) {
        if is_alike {
            self.alike += 1;
        } else {
            self.differ += 1;
            self.tell("differs", name);
        }
    }

    pub(super) fn only_old(&mut self, name: &str) {
        self.only_old += 1;
        self.tell("only in OLD", name);
    }

    pub(super) fn only_new(&mut self, name: &str) {
        self.only_new += 1;
        self.tell("only in NEW", name);
    }

    fn tell(&mut self, how: &str, name: &str) {
        if self.examples.len() < TOLD {
            self.examples.push(format!("{how}: {}", plain(name)));
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.alike + self.differ + self.only_old + self.only_new
    }

    pub(super) fn is_alike(&self) -> bool {
        self.total() == self.alike
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "alike": self.alike, "differ": self.differ, "onlyOld": self.only_old, "onlyNew": self.only_new,
            "examples": self.examples,
        })
    }

    pub(super) fn to_text(&self, what: &str, paint: Paint) -> String {
        let mut text = format!("{} {what} alike", self.alike);
        for (count, how) in
            [(self.differ, "differ"), (self.only_old, "only in OLD"), (self.only_new, "only in NEW")]
        {
            if count > 0 {
                text.push_str(&format!(", {}", paint.red(&format!("{count} {how}"))));
            }
        }
        text.push('\n');
        for example in &self.examples {
            text.push_str(&format!("  {example}\n"));
        }
        text
    }
}
