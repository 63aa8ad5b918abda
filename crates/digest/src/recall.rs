//! The ledger after a restart: made again from the digests that the store has of the time it looks back to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use model::minute::MinuteRow;
use model::{Clock, Micros, TimeRange, Timestamp, TraceDigest, TraceId, group};
use parking_lot::Mutex;
use query::now::Ledger;
use store::{Axis, Cursor, Lease, MinuteQuery, Predicate, Search, StoreError, Subjects, TraceStore};
use tokio::time::MissedTickBehavior;
use tracing::{debug, info, warn};

/// As far back as the ledger looks.
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);
/// Digests read at most, the newest: more would keep the first documents waiting for seconds. Where traffic is so high
/// that they cover minutes alone, these tell what is usual.
const MOST: usize = 50_000;
/// And no more than what takes so much, a page at a time.
const MOST_BYTES: usize = 256 << 20;
const PAGE: usize = 500;

/// Which service answers under which host is learned from calls of so long before: it may have been down since.
const NAMES_LOOK_BACK: Micros = Micros::from_secs(6 * 3_600);

/// Where others digest as well, their digests are looked for so often, among traces of which something was received so lately: what
/// is digested later than that is missing from the ledger.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
const FOLLOW_BACK: Micros = Micros::from_secs(20);
/// Of those the newest, which bounds what a process does for traces that it does not digest.
const MOST_FOLLOWED: usize = 20_000;
/// Digests read in one call.
const READ_TOGETHER: usize = 256;
/// How long the last digest of a trace stays at hand, for the next one to take its place.
const KNOWN_FOR: Micros = Micros::from_secs(5 * 60);

/// Where others digest as well, what they learned is read so often, of so much time: the newest minutes are committed
/// by then.
const LEARN_EVERY: Duration = Duration::from_secs(60);
const LEARN_BACK: Micros = Micros::from_secs(3 * 60);

/// Reads them before anything new is digested, so nothing is counted twice. Without them the ledger begins empty, which
/// is no reason not to start.
pub(crate) async fn recall(store: &dyn TraceStore, now: Timestamp, ledger: &Mutex<Ledger>) -> Known {
    let calls = calls(store, now, NAMES_LOOK_BACK).await.unwrap_or_else(|error| {
        warn!(%error, "cannot read back who answers under which host; it is learned anew");
        Vec::new()
    });
    ledger.lock().learn_names(&calls);
    let is_alone = *store.shares().borrow() == [Lease::default()];
    let range = TimeRange::new(now.minus(LOOK_BACK), Timestamp::MAX);
    let (mut known, mut read) = (Known::default(), 0);
    let see = |digests: &[Arc<TraceDigest>]| {
        read += digests.len();
        let mut ledger = ledger.lock();
        for digest in digests {
            ledger.replace(None, digest);
            // Of what nobody else digests there is no news.
            if !is_alone {
                known.0.insert(digest.id, Arc::clone(digest));
            }
        }
        // What waits would be in memory.
        ledger.settle(Timestamp::MAX);
    };
    if let Err(error) = newest(store, range, MOST_BYTES, see).await {
        warn!(%error, "cannot read back all that is usual; it is learned anew");
    }
    if read > 0 {
        info!(traces = read, "read back what is usual");
    }
    known.forget(now);
    known
}

/// Shows the newest digests page by page, the oldest first, as they came. All of them together would take as much memory as
/// traces are large, so where pages begin is found first, and then each is read once more.
async fn newest(
    store: &dyn TraceStore,
    range: TimeRange,
    most_bytes: usize,
    mut see: impl FnMut(&[Arc<TraceDigest>]),
) -> Result<(), StoreError> {
    let page = |after: Option<Cursor>| Search {
        range,
        axis: Axis::Received,
        predicate: Predicate::Any,
        after,
        limit: PAGE,
    };
    let (mut begins, mut after) = (Vec::new(), None);
    let (mut count, mut bytes) = (0, 0);
    loop {
        begins.push(after);
        let found = store.search(&page(after)).await?;
        count += found.digests.len();
        bytes += found.digests.iter().map(|digest| digest.memory_bytes()).sum::<usize>();
        after = found.next;
        if after.is_none() || count >= MOST || bytes >= most_bytes {
            break;
        }
    }
    for after in begins.into_iter().rev() {
        let mut digests = store.search(&page(after)).await?.digests;
        digests.reverse();
        see(&digests);
    }
    Ok(())
}

/// The newest digests of traces as the ledger has them.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<TraceId, Arc<TraceDigest>>);

impl Known {
    fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, digest| digest.last_received.plus(KNOWN_FOR) >= now);
    }

    fn lacks(&self, id: TraceId, revision: u32) -> bool {
        self.0.get(&id).is_none_or(|known| known.revision < revision)
    }
}

/// Enters what other processes digest, so that the ledger of each knows of all traces, for as long as it is asked.
pub(crate) async fn follow(
    store: &dyn TraceStore,
    clock: &dyn Clock,
    ledger: &Mutex<Ledger>,
    mut known: Known,
) -> Infallible {
    let leases = store.shares();
    let mut held = leases.borrow().clone();
    let mut ticks = tokio::time::interval(FOLLOW_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if *leases.borrow() == [Lease::default()] {
            continue;
        }
        let now = clock.now();
        let holds = leases.borrow().clone();
        // Of a share that was this process's the ledger has traces that are not known here.
        let is_moved = std::mem::replace(&mut held, holds.clone()) != holds;
        match news(store, now, &known).await {
            Ok(digests) => {
                let mut ledger = ledger.lock();
                for digest in digests {
                    let old = known.0.insert(digest.id, Arc::clone(&digest));
                    if !is_moved {
                        ledger.replace(old.as_ref(), &digest);
                    }
                }
                // Whoever reads it settles it; where nobody does, it must not grow.
                ledger.settle(now);
            }
            // It is tried again; the digest worker says what is wrong with a store that does not answer.
            Err(error) => debug!(%error, "cannot read what others digest"),
        }
        known.forget(now);
    }
}

/// What is newer than what is known, the oldest first.
async fn news(
    store: &dyn TraceStore,
    now: Timestamp,
    known: &Known,
) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
    let found = store.digested_elsewhere(now.minus(FOLLOW_BACK), MOST_FOLLOWED).await?;
    let lacking = found.into_iter().filter(|(id, revision)| known.lacks(*id, *revision));
    let ids: Vec<TraceId> = lacking.map(|(id, _)| id).collect();
    let mut digests = Vec::with_capacity(ids.len());
    for ids in ids.chunks(READ_TOGETHER) {
        digests.extend(store.digests(ids).await?);
    }
    digests.reverse();
    Ok(digests)
}

/// Learns who answers under which host from the calls of traces that other processes digest, for as long as it is asked.
pub(crate) async fn learn_on(
    store: &dyn TraceStore,
    clock: &dyn Clock,
    ledger: &Mutex<Ledger>,
) -> Infallible {
    let leases = store.shares();
    let mut ticks = tokio::time::interval(LEARN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first is at once, and that was read a moment ago.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        // Nobody else is there: what is digested is known.
        if *leases.borrow() == [Lease::default()] {
            continue;
        }
        match calls(store, clock.now(), LEARN_BACK).await {
            Ok(calls) => ledger.lock().learn_names(&calls),
            // It is tried again; the digest worker says what is wrong with a store that does not answer.
            Err(error) => debug!(%error, "cannot read who answers under which host elsewhere"),
        }
    }
}

/// The calls of all traces in the time before.
async fn calls(store: &dyn TraceStore, now: Timestamp, back: Micros) -> Result<Vec<MinuteRow>, StoreError> {
    let range = TimeRange::new(now.minus(back), now.plus(Micros::from_secs(1)));
    let calls = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects: Subjects::Edges };
    store.totals(&calls).await
}

#[cfg(test)]
mod tests {
    use model::segment::Sequence;
    use store::Commit;
    use store::memory::MemoryStore;

    use super::*;

    const TRACES: u32 = 1_200;

    async fn store() -> MemoryStore {
        let store = MemoryStore::new();
        let digest = |trace: u32| {
            let received = Timestamp(i64::from(trace) * 1_000);
            Arc::new(TraceDigest::new(TraceId(u128::from(trace).to_be_bytes()), received))
        };
        let digests = (0..TRACES).map(digest).collect();
        store.commit(Commit { through: Sequence(0).into(), digests, ..Commit::default() }).await.unwrap();
        store
    }

    async fn seen(most_bytes: usize) -> Vec<Vec<u32>> {
        let mut pages = Vec::new();
        let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
        let see = |digests: &[Arc<TraceDigest>]| {
            pages.push(digests.iter().map(|digest| u128::from_be_bytes(digest.id.0) as u32).collect());
        };
        newest(&store().await, range, most_bytes, see).await.unwrap();
        pages
    }

    #[tokio::test]
    async fn what_is_read_back_comes_page_by_page_as_it_came() {
        let pages = seen(usize::MAX).await;
        assert!(pages.iter().all(|page| page.len() <= PAGE));
        assert_eq!(pages.concat(), (0..TRACES).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn of_large_digests_fewer_are_read_back_and_the_newest() {
        let size = TraceDigest::new(TraceId([0; 16]), Timestamp(0)).memory_bytes();
        let pages = seen(size * (PAGE + 1)).await;
        assert_eq!(pages.concat(), (TRACES - 2 * PAGE as u32..TRACES).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn who_digests_alone_keeps_nothing_of_it() {
        let ledger = Mutex::new(Ledger::default());
        let known = recall(&store().await, Timestamp(0), &ledger).await;
        assert!(known.0.is_empty() && ledger.lock().pending() == 0);
    }
}
