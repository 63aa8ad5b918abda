//! Whatever call of the system fails, what was acknowledged is there afterwards, once.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use model::minute::Subject;
use model::{TimeRange, Timestamp};
use store::Subjects;
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};

use super::*;
use crate::file::fault::{Fault, plan};

const TRACES: u32 = 4;
const STORES: u64 = 3;
/// Of each store that is opened.
const DOCUMENTS: u64 = 4;

fn config(directory: &Path) -> Config {
    let mut config = Config { flush_min_bytes: 1, reserve_bytes: 4_096, ..Config::new(directory) };
    config.merging.parts = 2;
    config
}

/// Appends, digests, flushes and merges, and goes on whatever fails. Gives what was acknowledged.
async fn live(directory: &Path) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    let mut counted = HashMap::new();
    for opened in 0..STORES {
        let Ok(store) = LocalStore::open(config(directory)) else { continue };
        for number in 0..DOCUMENTS {
            let id = opened * DOCUMENTS + number + 1;
            if store.append(vec![document(id as u32 % TRACES, id, 0)]).await.is_ok() {
                acknowledged.push(id);
            }
        }
        digest_all(&store, &mut counted).await;
        let _ = store.tidy().await;
        let _ = store.close().await;
    }
    acknowledged
}

/// A digest's revision is how many documents its trace has, and so is the node's count.
async fn digest_all(store: &LocalStore, counted: &mut HashMap<u32, u32>) {
    let mut now = HashMap::new();
    for trace in 0..TRACES {
        let Ok(documents) = store.documents(trace_id(trace)).await else { return };
        now.insert(trace, documents.len() as u32);
    }
    let known = |trace: &u32| counted.get(trace).copied().unwrap_or(0);
    let grown = now.iter().filter(|(trace, count)| **count > known(trace));
    let digests = shared(grown.map(|(trace, count)| digest(*trace, *count, 0)));
    let count: i64 = now.iter().map(|(trace, count)| i64::from(*count) - i64::from(known(trace))).sum();
    let minutes = vec![row(at(0).minute(), "Default", Subject::Node(key("shop", None)), count)];
    let through = store.status().newest_sequence;
    if store.commit(Commit { through, digests, minutes }).await.is_ok() {
        *counted = now;
    }
}

async fn check(directory: &Path, acknowledged: &[u64], what: &str) {
    let store = LocalStore::open(config(directory)).unwrap();
    assert!(store.status().damaged.is_empty(), "{what}: {:?}", store.status().damaged);
    let ids: Vec<_> = (0..TRACES).map(trace_id).collect();
    let mut found = BTreeMap::new();
    for &id in &ids {
        for stored in store.documents(id).await.unwrap() {
            *found.entry(stored.document.entity.id.0).or_insert(0) += 1;
        }
    }
    assert!(acknowledged.iter().all(|id| found.contains_key(id)), "{what}: {acknowledged:?} but {found:?}");
    assert!(found.values().all(|&times| times == 1), "{what}: {found:?}");
    let digests = store.digests(&ids).await.unwrap();
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
    let counted: i64 = store.minutes(&query).await.unwrap().iter().map(|row| row.stats.counts.ok).sum();
    let revisions: i64 = digests.iter().map(|digest| i64::from(digest.revision)).sum();
    assert_eq!(counted, revisions, "{what}: digests and rollups say the same");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Lets one call after the other fail, and `more` calls after it. With `step` more than 1 some calls are left out.
fn check_all(fault: Fault, more: u64, step: usize) {
    let runtime = runtime();
    let whole = tempfile::tempdir().unwrap();
    let counting = plan(whole.path(), 0..0, fault);
    let acknowledged = runtime.block_on(live(whole.path()));
    assert_eq!(acknowledged.len() as u64, STORES * DOCUMENTS);
    let calls = counting.calls();
    assert!(calls > 100, "{calls}");
    for call in (0..calls).step_by(step) {
        let directory = tempfile::tempdir().unwrap();
        let planned = plan(directory.path(), call..call + 1 + more, fault);
        let acknowledged = runtime.block_on(live(directory.path()));
        drop(planned);
        let what = format!("{fault:?} at call {call} of {calls} and {more} more");
        runtime.block_on(check(directory.path(), &acknowledged, &what));
    }
}

#[test]
fn a_full_disk_at_any_call_loses_nothing() {
    check_all(Fault::Full, 0, 2);
}

#[test]
fn a_disk_that_stays_full_for_some_calls_loses_nothing() {
    check_all(Fault::Full, 7, 3);
}

#[test]
fn a_broken_call_loses_nothing() {
    check_all(Fault::Broken, 0, 3);
}

#[test]
fn a_short_write_loses_nothing() {
    check_all(Fault::Short, 0, 4);
}

#[test]
fn while_the_disk_is_full_queries_go_on_and_afterwards_it_takes_more() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = LocalStore::open(config(directory.path())).unwrap();
        store.append(vec![document(1, 1, 0)]).await.unwrap();
        let full = plan(directory.path(), 0..u64::MAX, Fault::Full);
        for id in 2..4 {
            let refused = store.append(vec![document(1, id, 0)]).await.unwrap_err();
            assert!(matches!(refused, StoreError::Busy { reason: "disk_full" }), "{refused}");
        }
        assert_eq!(store.documents(trace_id(1)).await.unwrap().len(), 1);
        drop(full);
        let deadline = Instant::now() + Duration::from_secs(30);
        while store.append(vec![document(1, 9, 0)]).await.is_err() {
            assert!(Instant::now() < deadline, "it does not recover");
            store.core.flush.ring();
            std::thread::yield_now();
        }
        assert_eq!(store.documents(trace_id(1)).await.unwrap().len(), 2);
    });
}
