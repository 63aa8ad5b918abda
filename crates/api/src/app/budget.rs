//! How many requests of services there were in a month and how many of them failed: added up by the hour and kept, so that only what
//! is new is read.

use std::collections::{BTreeMap, HashMap};

use model::minute::{MinuteRow, Subject};
use model::{Micros, Minute, TimeRange, Timestamp};
use store::{MinuteQuery, StoreError, Subjects, TraceStore};
use tokio::sync::{Mutex, Semaphore};

/// What may fail is counted over so long, from the beginning of its first hour.
const MONTH: Micros = Micros::from_secs(30 * 86_400);
const HOUR_MINUTES: i64 = 60;
/// Hours that are read at a time at first.
const READ_HOURS: i64 = 24;
/// A late document corrects minutes that are over; an hour that ended so many hours ago stays as it is.
const SETTLED_HOURS: i64 = 1;
/// What came since is seen after so long: whoever sets an objective while something fails wants to see it.
const FRESH: Micros = Micros::from_secs(5);
/// Services that nobody asks about any more are forgotten when there are more than these.
const MOST: usize = 1_000;

/// By group, name and type of the service. The lock is held while reading, so that it is done once.
#[derive(Debug, Default)]
pub(crate) struct Budgets(Mutex<HashMap<Service, Hours>>);

/// The key of a group, and a service in it: of one type, or of any.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Service {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) requests: i64,
    pub(crate) failing: i64,
}

#[derive(Debug, Default)]
struct Hours {
    /// By the hour since the epoch.
    counts: BTreeMap<i64, Counts>,
    /// Nothing before this hour has to be read again.
    settled: i64,
    /// When it was read last; the answer stands for [`FRESH`].
    asked: Option<Timestamp>,
}

impl Budgets {
    /// The last month's, as far as it is kept.
    pub(crate) async fn of(
        &self,
        service: &Service,
        now: Timestamp,
        store: &dyn TraceStore,
        scans: &Semaphore,
    ) -> Result<Counts, StoreError> {
        let mut held = self.0.lock().await;
        if held.len() >= MOST && !held.contains_key(service) {
            held.clear();
        }
        let hours = held.entry(service.clone()).or_default();
        if hours.asked.is_none_or(|asked| asked.until(now) >= FRESH || asked > now) {
            let _permit = scans.acquire().await;
            hours.read_on(service, now, store).await?;
        }
        Ok(hours.counts.values().fold(Counts::default(), |sum, hour| sum.plus(*hour)))
    }
}

impl Hours {
    async fn read_on(
        &mut self,
        service: &Service,
        now: Timestamp,
        store: &dyn TraceStore,
    ) -> Result<(), StoreError> {
        let first = hour_of(now.minus(MONTH).minute());
        let last = hour_of(now.minute());
        let mut hour = self.settled.max(first);
        while hour <= last {
            let end = (hour + READ_HOURS).min(last + 1);
            let range = TimeRange::new(start_of(hour), start_of(end));
            let subjects = Subjects::Named(service.name.clone());
            let query = MinuteQuery { range, group: service.group.clone(), subjects };
            let rows = store.minutes(&query).await?;
            // What was counted of an hour that is read again is no longer true.
            self.counts.retain(|known, _| *known < hour || *known >= end);
            rows.iter().filter(|row| is_of(service, row)).for_each(|row| self.add(row));
            hour = end;
            self.settled = self.settled.max(end.min(last - SETTLED_HOURS));
        }
        self.counts.retain(|hour, _| *hour >= first);
        self.asked = Some(now);
        Ok(())
    }

    fn add(&mut self, row: &MinuteRow) {
        let hour = self.counts.entry(hour_of(row.key.minute)).or_default();
        let counts = row.stats.counts;
        *hour = hour.plus(Counts { requests: counts.total(), failing: counts.fault });
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, failing: self.failing + other.failing }
    }
}

fn is_of(service: &Service, row: &MinuteRow) -> bool {
    let Subject::Node(node) = &row.key.subject else { return false };
    service.kind.is_none() || node.kind == service.kind
}

fn hour_of(minute: Minute) -> i64 {
    minute.0.div_euclid(HOUR_MINUTES)
}

fn start_of(hour: i64) -> Timestamp {
    Minute(hour * HOUR_MINUTES).start()
}

#[cfg(test)]
mod tests {
    use model::NodeKey;
    use model::minute::{MinuteKey, Stats};
    use model::segment::{Outcome, Sequence};
    use store::{Commit, MemoryStore};

    use super::*;

    const NOW: Minute = Minute(29_000_030);

    fn service(kind: Option<&str>) -> Service {
        let kind = kind.map(ToOwned::to_owned);
        Service { group: "Default".to_owned(), name: "cart".to_owned(), kind }
    }

    /// A minute of a service in which so many of ten requests failed.
    async fn commit(store: &MemoryStore, through: u64, minute: i64, kind: Option<&str>, failing: i32) {
        let mut stats = Stats::default();
        for request in 0..10 {
            let outcome = if request < failing { Outcome::Fault } else { Outcome::Ok };
            stats.record(outcome, Micros(1_000));
        }
        let (name, kind) = ("cart".to_owned(), kind.map(ToOwned::to_owned));
        let subject = Subject::Node(NodeKey { name, kind, account: None });
        let key = MinuteKey { minute: Minute(minute), group: "Default".to_owned(), subject };
        let minutes = vec![MinuteRow { key, stats }];
        let commit = Commit { through: Sequence(through).into(), minutes, ..Commit::default() };
        store.commit(commit).await.unwrap();
    }

    #[tokio::test]
    async fn a_month_is_read_once_and_then_what_is_new() {
        let (store, budgets, scans) = (MemoryStore::new(), Budgets::default(), Semaphore::new(1));
        let asked = async |service: &Service, at: Timestamp| {
            let counts = budgets.of(service, at, &store, &scans).await.unwrap();
            (counts.requests, counts.failing)
        };
        let month = 30 * 24 * 60;
        commit(&store, 1, NOW.0 - month - 61, None, 5).await;
        commit(&store, 2, NOW.0 - month, None, 1).await;
        commit(&store, 3, NOW.0 - 30, Some("AWS::Lambda"), 3).await;
        assert_eq!(asked(&service(None), NOW.start()).await, (20, 4));
        assert_eq!(asked(&service(Some("AWS::Lambda")), NOW.start()).await, (10, 3));
        // For some seconds the answer stands, and afterwards what is new counts, late documents too.
        commit(&store, 4, NOW.0 - 1, None, 2).await;
        commit(&store, 5, NOW.0 - 40, None, 2).await;
        assert_eq!(asked(&service(None), NOW.start().plus(Micros::from_secs(4))).await, (20, 4));
        assert_eq!(asked(&service(None), NOW.start().plus(FRESH)).await, (40, 8));
        // What is long over is not read again, and what is too old no longer counts.
        commit(&store, 6, NOW.0 - 600, None, 2).await;
        assert_eq!(asked(&service(None), Minute(NOW.0 + 2).start()).await, (40, 8));
        assert_eq!(asked(&service(None), Minute(NOW.0 + 120).start()).await, (30, 7));
    }
}
