//! What was kept of earlier episodes, told beside what the judge knows by itself.
//!
//! The judge looks back forty minutes, and after a restart no further than the traces that were read back. What began or
//! ended before that is known from insights, so who asks is told the same since, how often and how long as before.

use model::digest::ExceptionDigest;
use model::{TimeRange, Timestamp};

use super::record::{Category, EventKind, Insight, Severity};
use crate::now::{Entry, Judgement, Span, Weight, What};

impl Judgement {
    /// Adds what insights know of the range: earlier episodes of what is told, since when it goes on where that is longer
    /// than the judge can know, and what was over before.
    pub fn recall(&mut self, insights: &[Insight], range: TimeRange, now: Timestamp) {
        for insight in insights.iter().filter(|one| one.touches(range.start, range.end)) {
            let told = self.entries.iter_mut().find(|entry| insight.is_about(entry));
            match told {
                Some(entry) => entry.join(insight, now),
                None if insight.end.is_some_and(|end| end <= now) => {
                    self.entries.push(Entry::of(insight, now));
                }
                None => {}
            }
        }
        self.sort();
    }
}

impl Entry {
    fn of(insight: &Insight, now: Timestamp) -> Self {
        let exception = insight.exception.clone();
        let exception = exception.map(|one| ExceptionDigest { name: one.name, message: one.message });
        let mut entry = Self {
            node: insight.root.clone(),
            node_kind: insight.root_kind,
            host: None,
            witness: None,
            what: match insight.category {
                Category::Fault => What::Failing,
                Category::Latency => What::Slow,
                Category::Traffic => What::Silent,
            },
            weight: match insight.severity {
                Severity::Outage => Weight::Outage,
                Severity::Degraded => Weight::Degraded,
            },
            since: insight.start,
            until: insight.end,
            failing: insight.origin.failing,
            requests: insight.origin.total,
            clients: insight.clients.failing,
            all_requests: insight.clients.total,
            users: insight.users,
            exceptions: exception.map(|one| (one, insight.origin.failing)).into_iter().collect(),
            operation: insight.operation.clone(),
            affected: insight.affected.clone(),
            groups: Vec::new(),
            example: insight.example.as_ref().and_then(|trace| trace.parse().ok()),
            episodes: spans(insight, now),
            sparks: Vec::new(),
            slow: None,
            began_with: None,
            sentence: String::new(),
            score: 0.0,
            is_cut: false,
        };
        entry.say(now);
        entry
    }

    fn join(&mut self, insight: &Insight, now: Timestamp) {
        if self.episodes.is_empty() {
            self.episodes.push(Span { since: self.since, until: self.until, failing: self.failing });
        }
        for earlier in spans(insight, now) {
            let known = self.episodes.iter_mut().find(|known| known.overlaps(&earlier));
            match known {
                None => self.episodes.push(earlier),
                Some(known) if self.is_cut && earlier.since < known.since => {
                    let is_this = known.since == self.since;
                    (known.since, known.failing) = (earlier.since, known.failing.max(earlier.failing));
                    if is_this {
                        self.since = earlier.since;
                        self.failing = self.failing.max(insight.origin.failing);
                        self.requests = self.requests.max(insight.origin.total);
                        self.clients = self.clients.max(insight.clients.failing);
                        self.all_requests = self.all_requests.max(insight.clients.total);
                        self.users = self.users.max(insight.users);
                    }
                }
                Some(_) => {}
            }
        }
        self.episodes.sort_by_key(|span| span.since);
        self.say(now);
    }
}

impl Span {
    fn overlaps(&self, other: &Self) -> bool {
        let ends = |span: &Self| span.until.unwrap_or(Timestamp::MAX);
        self.since <= ends(other) && other.since <= ends(self)
    }
}

/// From when to when it went wrong, as of now: one that came back has several.
fn spans(insight: &Insight, now: Timestamp) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut since = Some(insight.start);
    let mut end = |since: &mut Option<Timestamp>, until: Option<Timestamp>, failing: u64| {
        let until = until.filter(|until| *until <= now);
        spans.extend(since.take().map(|since| Span { since, until, failing }));
    };
    for event in &insight.events {
        let moment = event.moment.unwrap_or(event.at);
        match event.kind {
            EventKind::Closed => end(&mut since, Some(moment), event.origin.failing),
            EventKind::Reopened => since = Some(moment),
            _ => {}
        }
    }
    end(&mut since, insight.end, insight.origin.failing);
    spans.retain(|span| span.since <= now);
    spans
}
