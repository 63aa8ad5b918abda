//! The ledger after a restart: made again from the digests that the store has of the time it looks back to.

use std::sync::Arc;

use model::{Micros, TimeRange, Timestamp, TraceDigest};
use parking_lot::Mutex;
use query::Filter;
use query::now::Ledger;
use store::{Axis, TraceStore};
use tracing::{info, warn};

/// As far back as the ledger looks.
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);
/// Digests read at most, the newest: more would keep the first documents waiting for seconds. Where traffic is so high
/// that they cover minutes alone, these tell what is usual.
const MOST: u64 = 50_000;

/// Reads them before anything new is digested, so nothing is counted twice. Without them the ledger begins empty, which
/// is no reason not to start.
pub(crate) async fn recall(store: &dyn TraceStore, now: Timestamp, ledger: &Mutex<Ledger>) {
    let range = TimeRange::new(now.minus(LOOK_BACK), Timestamp::MAX);
    let mut digests = Vec::new();
    let see = |digest: &Arc<TraceDigest>| digests.push(Arc::clone(digest));
    if let Err(error) =
        query::search::visit(store, range, Axis::Received, &Filter::default(), MOST, see).await
    {
        warn!(%error, "cannot read back what is usual; it is learned anew");
    }
    let read = digests.len();
    let mut ledger = ledger.lock();
    // The oldest first, as they came.
    for digest in digests.iter().rev() {
        ledger.replace(None, digest);
    }
    ledger.settle(Timestamp::MAX);
    if read > 0 {
        info!(traces = read, "read back what is usual");
    }
}
