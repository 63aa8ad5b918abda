//! Which of what is told becomes an insight, and when it changes and ends.

use std::collections::HashMap;

use model::{Micros, NodeKey, Timestamp};

use super::record::{Category, EventKind, Exception, Impact, Insight, Severity};
use super::sentence;
use crate::now::{Day, Entry, Ledger, Weight, What, at_least};

/// X-Ray's API cannot ask further back.
pub const KEPT: Micros = Micros::from_secs(30 * 24 * 60 * 60);
/// Insights that are held at most; the oldest closed ones go first.
const MOST_INSIGHTS: usize = 2_000;
/// What fails as a whole opens one after so many failures, and as soon as it has been said for so long: what is said in
/// the first moment may be of a caller whose callee's segment is on its way.
const TOTAL_SHARE: f64 = 0.6;
const LEAST_OF_TOTAL: u64 = 4;
/// So does what fails for a large part of many. In a noisy minute there are always some seconds in which a third of thirty fails,
/// so it takes more where the last day is known, which tells of the rest in minutes.
const MUCH_SHARE: f64 = 0.3;
const LEAST_OF_MUCH: u64 = 10;
const LEAST_OF_MUCH_BESIDE_DAY: u64 = 16;
const TOTAL_STANDS: Micros = Micros::from_secs(2);
/// What fails in part needs more of both: one noisy minute is none.
const LEAST_OF_PART: u64 = 8;
const PART_STANDS: Micros = Micros::from_secs(90);
/// Where the last day is known it says of minutes what is more than usual; what it does not call so has to stand for longer.
/// So many times what is usual need not wait for the minutes, but be there for longer than one.
const CLEARLY: f64 = 2.0;
const CLEAR_STANDS: Micros = Micros::from_secs(2 * 60);
const STANDS_BESIDE_DAY: Micros = Micros::from_secs(5 * 60);
/// And be more than chance explains at the most that is usual, and go on: of one noisy minute nothing fails in the later half of
/// the time that it has been told for.
const CHANCE_BESIDE_DAY: f64 = 1e-5;
const STILL_FAILING: f64 = 0.25;
const SLOW_STANDS: Micros = Micros::from_secs(30);
/// An entry may be gone for so long without being another one.
const UNSAID: Micros = Micros::from_secs(10);
/// Quiet for so long, and it is closed. The judge itself says that failures are over only when chance no longer explains
/// that all goes well, so a minute after that is enough for them: longer than the pauses of what restarts again and again,
/// of which the first few are 10, 20 and 40 s. One that came back all the same must be quiet for ten minutes, so it costs two
/// messages too many, once.
const QUIET: Micros = Micros::from_secs(60);
const QUIET_OF_TIMES: Micros = Micros::from_secs(2 * 60);
const QUIET_AGAIN: Micros = Micros::from_secs(10 * 60);
const REOPENS_WITHIN: Micros = Micros::from_secs(15 * 60);
/// Origins that begin within so long and call each other are one insight.
const JOINS_WITHIN: Micros = Micros::from_secs(10 * 60);
/// So do those that began within so long and fail with the same exception, whoever calls whom: what stands behind them, a network
/// or a name that no longer resolves, may send nothing.
const ALIKE_WITHIN: Micros = Micros::from_secs(60);
/// Who joins so soon after it was told is told too: the outbox makes one message of both.
const TOLD_TOGETHER: Micros = Micros::from_secs(5);
/// Active for so long, and it is what is usual.
const LONGEST: Micros = Micros::from_secs(24 * 60 * 60);
const GREW_BY: f64 = 1.25;
const GREW_AFTER: Micros = Micros::from_secs(5 * 60);
const TOLD_AGAIN_AFTER: Micros = Micros::from_secs(30 * 60);

/// An insight that is new or another than before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub insight: Insight,
    /// What happened; `None` where only its figures moved.
    pub event: Option<EventKind>,
    /// Whether people are to be told.
    pub is_told: bool,
}

/// The insights of all groups.
#[derive(Debug, Default)]
pub struct Tracker {
    insights: Vec<Insight>,
    /// Since when something has been said that is no insight yet, and when it was said last.
    said: HashMap<(String, NodeKey, What), (Timestamp, Timestamp)>,
    /// Another origin was heaviest at the last look: the id of the insight, and the origin.
    heavier: HashMap<String, NodeKey>,
    /// Ids of those that were let go.
    gone: Vec<String>,
}

/// Of one look at one group.
#[derive(Debug, Clone, Copy)]
pub struct Look<'l> {
    /// The [key](model::group::key) of the group, and its ARN.
    pub group: &'l str,
    pub arn: &'l str,
    /// In the judge's order.
    pub entries: &'l [Entry],
    pub now: Timestamp,
}

impl Tracker {
    /// From what was kept.
    pub fn of(insights: Vec<Insight>) -> Self {
        let mut insights = insights;
        insights.sort_by(|one, other| (one.start, &one.id).cmp(&(other.start, &other.id)));
        Self { insights, ..Self::default() }
    }

    /// Oldest first.
    pub fn insights(&self) -> &[Insight] {
        &self.insights
    }

    /// The ids of those that were let go since this was asked last.
    pub fn take_gone(&mut self) -> Vec<String> {
        std::mem::take(&mut self.gone)
    }

    /// What is new since the last look. `id` makes an id of the group's ARN, the root and the minute of the onset.
    pub fn step(
        &mut self,
        look: Look<'_>,
        ledger: &Ledger,
        id: impl Fn(&str, &NodeKey, Timestamp) -> String,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let open: Vec<&Entry> = look
            .entries
            .iter()
            .filter(|entry| entry.until.is_none() && entry.weight < Weight::Noise)
            .collect();
        for entry in &open {
            let key = (look.group.to_owned(), entry.node.clone(), entry.what);
            let said = self.said.entry(key).or_insert((look.now, look.now));
            said.1 = look.now;
        }
        self.said.retain(|_, (_, last)| last.plus(UNSAID) >= look.now);
        for &entry in &open {
            if self.is_known(look.group, entry, look.now) {
                continue;
            }
            let key = (look.group.to_owned(), entry.node.clone(), entry.what);
            let stands = self.said.get(&key).map_or(Micros(0), |(since, _)| since.until(look.now));
            if opens(entry, stands, ledger.day(&entry.node)) {
                changes.push(self.open(look, entry, ledger, &id));
            }
        }
        for place in 0..self.insights.len() {
            if self.insights[place].group == look.group && self.insights[place].is_active() {
                changes.extend(self.go_on(place, &open, look));
            }
        }
        self.forget(look.now);
        changes
    }

    /// Whether an active insight tells of it, or one that became usual and still is.
    fn is_known(&mut self, group: &str, entry: &Entry, now: Timestamp) -> bool {
        let of_entry = |one: &&mut Insight| one.group == group && one.is_about(entry);
        let became_usual = |one: &Insight| {
            let last = one.events.last().map(|event| event.kind);
            last == Some(EventKind::BecameUsual) && one.seen.plus(REOPENS_WITHIN) >= now
        };
        let mut known = self.insights.iter_mut().filter(of_entry);
        known.find(|one| one.is_active() || became_usual(one)).is_some_and(|one| {
            one.seen = now;
            true
        })
    }

    /// A new insight, one that is active and that this joins, or one that comes back.
    fn open(
        &mut self,
        look: Look<'_>,
        entry: &Entry,
        ledger: &Ledger,
        id: &impl Fn(&str, &NodeKey, Timestamp) -> String,
    ) -> Change {
        let now = look.now;
        let of_group = |one: &&mut Insight| one.group == look.group;
        let joins = |one: &Insight| {
            one.is_active()
                && one.category == Category::of(entry.what)
                && (one.start.0.abs_diff(entry.since.0) <= JOINS_WITHIN.0 && is_connected(ledger, one, entry)
                    || one.start.0.abs_diff(entry.since.0) <= ALIKE_WITHIN.0 && is_alike(one, entry))
        };
        if let Some(insight) = self.insights.iter_mut().filter(of_group).find(|one| joins(one)) {
            insight.members.push(entry.node.clone());
            if !insight.anomalous.contains(&entry.node) && insight.anomalous.len() < Insight::MOST_ANOMALOUS {
                insight.anomalous.push(entry.node.clone());
            }
            insight.summary = sentence::of(insight);
            insight.push(now, EventKind::NodeJoined);
            let is_told = insight.events.first().is_some_and(|opened| opened.at.plus(TOLD_TOGETHER) > now);
            return Change { insight: insight.clone(), event: Some(EventKind::NodeJoined), is_told };
        }
        let returns =
            |one: &Insight| one.end.is_some_and(|end| end.plus(REOPENS_WITHIN) >= now) && one.is_about(entry);
        if let Some(insight) = self.insights.iter_mut().rev().filter(of_group).find(|one| returns(one)) {
            (insight.end, insight.seen, insight.told) = (None, now, now);
            insight.reopened += 1;
            insight.take(entry);
            insight.push(now, EventKind::Reopened);
            insight.happened(entry.since);
            return Change { insight: insight.clone(), event: Some(EventKind::Reopened), is_told: true };
        }
        let mut insight = Insight::new(id(look.arn, &entry.node, entry.since), look.group, entry, now);
        let same = |one: &&Insight| {
            one.group == insight.group
                && one.category == insight.category
                && one.root == insight.root
                && name_of(&one.exception) == name_of(&insight.exception)
        };
        // One that showed at the same entry rather than the nearest.
        let mut alike = self.insights.iter().rev().filter(same);
        let nearest = alike.clone().next();
        let at_entry = alike.find(|one| one.operation == insight.operation);
        insight.earlier = at_entry.or(nearest).map(|one| one.id.clone());
        insight.push(now, EventKind::Opened);
        // Its id is that of one that is known where the same was found again, after a restart or by another process.
        self.insights.retain(|one| one.id != insight.id);
        self.insights.push(insight.clone());
        Change { insight, event: Some(EventKind::Opened), is_told: true }
    }

    fn go_on(&mut self, place: usize, open: &[&Entry], look: Look<'_>) -> Option<Change> {
        let now = look.now;
        let insight = &mut self.insights[place];
        let about: Vec<&&Entry> = open.iter().filter(|entry| insight.is_about(entry)).collect();
        let Some(&&heaviest) = about.first() else {
            let quiet = match insight.category {
                _ if insight.reopened > 0 => QUIET_AGAIN,
                Category::Fault => QUIET,
                Category::Latency | Category::Traffic => QUIET_OF_TIMES,
            };
            return (insight.seen.plus(quiet) <= now)
                .then(|| insight.close(ended(insight, look.entries), EventKind::Closed, now));
        };
        let before = insight.clone();
        insight.seen = now;
        if insight.start.plus(LONGEST) <= now {
            return Some(insight.close(now, EventKind::BecameUsual, now));
        }
        let failing: u64 = about.iter().map(|entry| entry.failing).sum();
        let is_heavier = heaviest.node != insight.root && heaviest.failing * 2 >= failing;
        let is_again = is_heavier && self.heavier.get(&insight.id) == Some(&heaviest.node);
        if is_again {
            self.heavier.remove(&insight.id);
            return Some(insight.change_root(heaviest, now));
        }
        match is_heavier {
            true => drop(self.heavier.insert(insight.id.clone(), heaviest.node.clone())),
            false => drop(self.heavier.remove(&insight.id)),
        }
        let root = about.iter().find(|entry| entry.node == insight.root).copied().unwrap_or(&heaviest);
        if root.node == insight.root {
            insight.take(root);
        }
        let last = insight.events.last().map_or(0, |event| event.clients.failing);
        let has_grown = insight.clients.failing as f64 >= (last as f64 * GREW_BY).max(1.0)
            && insight.updated.plus(GREW_AFTER) <= now;
        if has_grown {
            insight.push(now, EventKind::ImpactGrew);
            let is_told = insight.told.plus(TOLD_AGAIN_AFTER) <= now;
            if is_told {
                insight.told = now;
            }
            return Some(Change { insight: insight.clone(), event: Some(EventKind::ImpactGrew), is_told });
        }
        let moved = before.clients != insight.clients
            || before.origin != insight.origin
            || before.severity != insight.severity;
        moved.then(|| Change { insight: insight.clone(), event: None, is_told: false })
    }

    fn forget(&mut self, now: Timestamp) {
        let closed = self.insights.iter().filter(|one| !one.is_active()).count();
        let mut surplus = self.insights.len().saturating_sub(MOST_INSIGHTS).min(closed);
        let gone = &mut self.gone;
        self.insights.retain(|one| {
            let is_old = one.end.is_some_and(|end| end.plus(KEPT) < now);
            let goes = is_old || surplus > 0 && !one.is_active();
            if goes {
                surplus = surplus.saturating_sub(1);
                gone.push(one.id.clone());
            }
            !goes
        });
    }
}

impl Insight {
    fn new(id: String, group: &str, entry: &Entry, now: Timestamp) -> Self {
        let mut insight = Self {
            id,
            group: group.to_owned(),
            category: Category::of(entry.what),
            severity: Severity::of(entry.weight),
            root: entry.node.clone(),
            root_kind: entry.node_kind,
            members: Vec::new(),
            anomalous: Vec::new(),
            start: entry.since,
            end: None,
            seen: now,
            updated: now,
            told: now,
            clients: Impact::default(),
            origin: Impact::default(),
            users: 0,
            exception: None,
            operation: None,
            affected: Vec::new(),
            version: None,
            example: None,
            summary: String::new(),
            events: Vec::new(),
            reopened: 0,
            earlier: None,
            note: None,
        };
        insight.take(entry);
        insight
    }

    /// The figures of now; where the judge no longer knows how it began, not less than they were.
    fn take(&mut self, entry: &Entry) {
        let least = |old: Impact, new: Impact| match entry.is_cut && entry.since > self.start {
            true => Impact { failing: old.failing.max(new.failing), total: old.total.max(new.total) },
            false => new,
        };
        self.severity = self.severity.min(Severity::of(entry.weight));
        let clients = least(self.clients, Impact { failing: entry.clients, total: entry.all_requests });
        let origin = least(self.origin, Impact { failing: entry.failing, total: entry.requests });
        let users = if entry.is_cut { self.users.max(entry.users) } else { entry.users };
        (self.clients, self.origin, self.users) = (clients, origin, users);
        self.start = self.start.min(entry.since);
        if let Some((exception, _)) = entry.exceptions.first() {
            self.exception = Some(Exception::from(exception));
        }
        self.operation = entry.operation.clone().or(self.operation.take());
        if let Some(began) = &entry.began_with {
            self.version = Some((began.node.clone(), began.version.clone()));
        }
        self.example = entry.example.map(|trace| trace.to_string()).or(self.example.take());
        self.affected = entry.affected.clone();
        let mut anomalous = vec![self.root.clone()];
        for node in self.members.iter().chain(&entry.affected) {
            if anomalous.len() < Self::MOST_ANOMALOUS && !anomalous.contains(node) {
                anomalous.push(node.clone());
            }
        }
        self.anomalous = anomalous;
        self.summary = sentence::of(self);
    }

    fn change_root(&mut self, entry: &Entry, now: Timestamp) -> Change {
        let old = std::mem::replace(&mut self.root, entry.node.clone());
        self.root_kind = entry.node_kind;
        self.members.retain(|node| *node != entry.node);
        self.members.push(old);
        self.take(entry);
        self.told = now;
        self.push(now, EventKind::RootChanged);
        Change { insight: self.clone(), event: Some(EventKind::RootChanged), is_told: true }
    }

    fn close(&mut self, end: Timestamp, kind: EventKind, now: Timestamp) -> Change {
        self.end = Some(end.max(self.start));
        self.summary = sentence::of(self);
        self.told = now;
        self.push(now, kind);
        self.happened(end);
        Change { insight: self.clone(), event: Some(kind), is_told: true }
    }

    /// When the newest event really was; it is known a while later.
    fn happened(&mut self, moment: Timestamp) {
        if let Some(event) = self.events.last_mut() {
            event.moment = Some(moment);
        }
    }
}

/// When it went wrong the last time: the judge needs some seconds to know that it is over, and then says since when.
fn ended(insight: &Insight, entries: &[Entry]) -> Timestamp {
    let about = entries.iter().filter(|entry| insight.is_about(entry));
    let over = about.filter_map(|entry| entry.until).filter(|until| *until >= insight.start);
    over.max().map_or(insight.seen, |until| until.min(insight.seen))
}

pub(super) fn opens(entry: &Entry, stands: Micros, day: Option<&Day>) -> bool {
    match entry.what {
        What::Failing => {
            let share = entry.failing as f64 / entry.requests.max(1) as f64;
            let least_of_much = if day.is_some() { LEAST_OF_MUCH_BESIDE_DAY } else { LEAST_OF_MUCH };
            let is_total = share >= TOTAL_SHARE && entry.failing >= LEAST_OF_TOTAL
                || share >= MUCH_SHARE && entry.failing >= least_of_much;
            is_total && stands >= TOTAL_STANDS
                || entry.failing >= LEAST_OF_PART && opens_in_part(entry, share, stands, day)
        }
        What::Slow | What::Silent => stands >= SLOW_STANDS,
    }
}

/// Whether what fails in part has been said for long enough, and is no chance.
fn opens_in_part(entry: &Entry, share: f64, stands: Micros, day: Option<&Day>) -> bool {
    let Some(day) = day else { return stands >= PART_STANDS };
    let least = if share >= CLEARLY * day.limit { CLEAR_STANDS } else { STANDS_BESIDE_DAY };
    day.excess.is_some()
        || stands >= least
            && at_least(entry.failing, entry.requests, day.highest) <= CHANCE_BESIDE_DAY
            && is_still_failing(entry)
}

fn is_still_failing(entry: &Entry) -> bool {
    let later: u64 = entry.sparks[entry.sparks.len() / 2..].iter().sum();
    later as f64 >= STILL_FAILING * entry.sparks.iter().sum::<u64>() as f64
}

/// Whether calls lead from one to the other, or somebody suffers from both.
fn is_connected(ledger: &Ledger, insight: &Insight, entry: &Entry) -> bool {
    let mut origins = std::iter::once(&insight.root).chain(&insight.members);
    origins.any(|origin| ledger.calls(origin, &entry.node) || ledger.calls(&entry.node, origin))
        || insight.anomalous.contains(&entry.node)
        || entry.affected.contains(&insight.root)
}

/// Whether the same exception is thrown; of those without a name nobody knows.
fn is_alike(insight: &Insight, entry: &Entry) -> bool {
    let thrown = entry.exceptions.first().and_then(|(exception, _)| exception.name.as_deref());
    thrown.is_some() && thrown == name_of(&insight.exception)
}

fn name_of(exception: &Option<Exception>) -> Option<&str> {
    exception.as_ref()?.name.as_deref()
}
