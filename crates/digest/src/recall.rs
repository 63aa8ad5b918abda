//! The ledger after a restart: made again from the digests that the store has of the time it looks back to.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use model::minute::MinuteRow;
use model::{Clock, Micros, TimeRange, Timestamp, TraceDigest, group};
use parking_lot::Mutex;
use query::Filter;
use query::now::Ledger;
use query::search::Visit;
use store::{Axis, Lease, MinuteQuery, StoreError, Subjects, TraceStore};
use tokio::time::MissedTickBehavior;
use tracing::{debug, info, warn};

/// As far back as the ledger looks.
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);
/// Digests read at most, the newest: more would keep the first documents waiting for seconds. Where traffic is so high
/// that they cover minutes alone, these tell what is usual.
const MOST: u64 = 50_000;

/// Which service answers under which host is learned from calls of so long before: it may have been down since.
const NAMES_LOOK_BACK: Micros = Micros::from_secs(6 * 3_600);

/// Where others digest as well, what they learned is read so often, of so much time: the newest minutes are committed
/// by then.
const LEARN_EVERY: Duration = Duration::from_secs(60);
const LEARN_BACK: Micros = Micros::from_secs(3 * 60);

/// Reads them before anything new is digested, so nothing is counted twice. Without them the ledger begins empty, which
/// is no reason not to start.
pub(crate) async fn recall(store: &dyn TraceStore, now: Timestamp, ledger: &Mutex<Ledger>) {
    let range = TimeRange::new(now.minus(LOOK_BACK), Timestamp::MAX);
    let mut digests = Vec::new();
    let see = |digest: &Arc<TraceDigest>| digests.push(Arc::clone(digest));
    let everything = Filter::default();
    let visit = Visit { range, axis: Axis::Received, filter: &everything };
    if let Err(error) = query::search::visit(store, visit, MOST, see).await {
        warn!(%error, "cannot read back what is usual; it is learned anew");
    }
    let calls = calls(store, now, NAMES_LOOK_BACK).await.unwrap_or_else(|error| {
        warn!(%error, "cannot read back who answers under which host; it is learned anew");
        Vec::new()
    });
    let read = digests.len();
    let mut ledger = ledger.lock();
    ledger.learn_names(&calls);
    // The oldest first, as they came.
    for digest in digests.iter().rev() {
        ledger.replace(None, digest);
    }
    ledger.settle(Timestamp::MAX);
    if read > 0 {
        info!(traces = read, "read back what is usual");
    }
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
