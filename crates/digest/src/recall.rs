//! The ledger after a restart: made again from the digests that the store has of the time it looks back to.

use std::sync::Arc;

use model::{Micros, TimeRange, Timestamp, TraceDigest, group};
use parking_lot::Mutex;
use query::Filter;
use query::now::Ledger;
use query::search::Visit;
use store::{Axis, MinuteQuery, Subjects, TraceStore};
use tracing::{info, warn};

/// As far back as the ledger looks.
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);
/// Digests read at most, the newest: more would keep the first documents waiting for seconds. Where traffic is so high
/// that they cover minutes alone, these tell what is usual.
const MOST: u64 = 50_000;

/// Which service answers under which host is learned from calls of so long before: it may have been down since.
const NAMES_LOOK_BACK: Micros = Micros::from_secs(6 * 3_600);

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
    let range = TimeRange::new(now.minus(NAMES_LOOK_BACK), now.plus(Micros::from_secs(1)));
    let calls = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects: Subjects::Edges };
    let calls = store.totals(&calls).await.unwrap_or_else(|error| {
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
