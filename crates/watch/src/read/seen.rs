//! What was seen within a day: it is still there, and has done nothing where it has no row.
//!
//! Evaluations ask every minute, so when each subject was seen last is kept, and only the minutes since then are read. Whoever
//! asks about another time is answered from the store.

use std::collections::{HashMap, HashSet};

use model::minute::Subject;
use model::{Micros, Minute, TimeRange, Timestamp};
use store::{MinuteQuery, StoreError, Subjects};

use super::Reader;
use crate::metric::{Of, Reading};

const WITHIN: Micros = Micros::from_secs(24 * 60 * 60);
/// A day is read in parts of so long at first, and known to no finer time.
const PART: Micros = Micros::from_secs(60 * 60);
/// As far behind what is kept, and as far before it, as can be answered from it. An older gap is read anew.
const NEAR_MINUTES: i64 = 60;

/// Of one group.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When each subject was seen last.
    last: HashMap<Subject, Minute>,
    /// The end of what was read.
    through: Option<Minute>,
}

/// The subjects of a day, found by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_name: HashMap<String, Vec<Subject>>,
}

impl Names {
    fn of(subjects: impl IntoIterator<Item = Subject>) -> Self {
        let mut by_name: HashMap<String, Vec<Subject>> = HashMap::new();
        for subject in subjects {
            let name = match &subject {
                Subject::Node(node) => &node.name,
                Subject::Edge { source, .. } => &source.name,
            };
            by_name.entry(name.clone()).or_default().push(subject);
        }
        Self { by_name }
    }

    pub(super) fn has(&self, reading: &Reading) -> bool {
        match &reading.of {
            Of::Node { name, .. } | Of::Edge { source: name, .. } => {
                self.by_name.get(name).into_iter().flatten().any(|subject| reading.selects(subject))
            }
            Of::Clients => self.by_name.values().flatten().any(|subject| reading.selects(subject)),
        }
    }
}

impl Reader {
    /// What a day had, up to `end`.
    pub(super) async fn seen(&self, group: &str, end: Timestamp) -> Result<Names, StoreError> {
        let end_minute = end.minute();
        let through = self.seen.lock().get(group).and_then(|seen| seen.through);
        let is_near = |through: Minute| (end_minute.0 - through.0).abs() <= NEAR_MINUTES;
        let Some(through) = through.filter(|&through| is_near(through)) else {
            if end.plus(PART) < self.newest_of(group) {
                return self.seen_then(group, end).await;
            }
            return self.seen_anew(group, end).await;
        };
        if through < end_minute {
            let subjects = self.subjects(group, TimeRange::new(through.start(), end)).await?;
            self.saw(group, end_minute, subjects);
        }
        Ok(self.within(group, end))
    }

    fn newest_of(&self, group: &str) -> Timestamp {
        self.seen.lock().get(group).and_then(|seen| seen.through).map_or(Timestamp::MIN, Minute::start)
    }

    /// Of a time long ago, which is not kept.
    async fn seen_then(&self, group: &str, end: Timestamp) -> Result<Names, StoreError> {
        Ok(Names::of(self.subjects(group, TimeRange::new(end.minus(WITHIN), end)).await?))
    }

    async fn seen_anew(&self, group: &str, end: Timestamp) -> Result<Names, StoreError> {
        self.seen.lock().remove(group);
        let mut start = end.minus(WITHIN);
        while start < end {
            let part = TimeRange::new(start, start.plus(PART).min(end));
            let subjects = self.subjects(group, part).await?;
            self.saw(group, part.end.minute(), subjects);
            start = part.end;
        }
        Ok(self.within(group, end))
    }

    async fn subjects(&self, group: &str, range: TimeRange) -> Result<HashSet<Subject>, StoreError> {
        let query = MinuteQuery { range, group: group.to_owned(), subjects: Subjects::All };
        Ok(self.store.totals(&query).await?.into_iter().map(|row| row.key.subject).collect())
    }

    fn saw(&self, group: &str, through: Minute, subjects: HashSet<Subject>) {
        let mut seen = self.seen.lock();
        let seen = seen.entry(group.to_owned()).or_default();
        for subject in subjects {
            seen.last.insert(subject, through);
        }
        seen.through = seen.through.max(Some(through));
        let forgotten = Timestamp(through.start().0).minus(WITHIN).minute().0 - NEAR_MINUTES;
        seen.last.retain(|_, last| last.0 > forgotten);
    }

    fn within(&self, group: &str, end: Timestamp) -> Names {
        let since = end.minus(WITHIN).minute();
        let seen = self.seen.lock();
        let last = seen.get(group).into_iter().flat_map(|seen| &seen.last);
        Names::of(last.filter(|(_, last)| **last > since).map(|(subject, _)| subject.clone()))
    }
}
