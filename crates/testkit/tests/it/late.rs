//! Documents that come days late, twice, or after some of their trace has expired: over both stores, with the digest
//! worker and the store begun anew before each document.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::minute::Subject;
use model::{Clock, ManualClock, Micros, StoredDocument, TimeRange, Timestamp, TraceDigest, TraceId, group};
use serde_json::json;
use store::{MemoryStore, MinuteQuery, NewDocument, Subjects, TraceStore};
use store_local::LocalStore;
use testkit::Quiet;
use tokio_util::sync::CancellationToken;

const DAY: u64 = 24 * 60 * 60;
/// A whole minute.
const EPOCH: Timestamp = Timestamp(1_700_000_040_000_000);
const TRACE: TraceId = TraceId([9; 16]);

/// What is counted of nodes: the day, the node's name, how often.
type Counts = Vec<(u64, String, i64)>;

fn on_day(day: u64) -> Timestamp {
    EPOCH.plus(Micros::from_secs(day * DAY))
}

/// The request of `front`, whose call of `back` the other two are about.
fn front() -> serde_json::Value {
    json!({ "name": "front", "subsegments": [
        { "id": "00000000000000a1", "name": "back", "namespace": "remote", "start_time": 1.7e9, "end_time": 1.7e9 },
    ] })
}

fn back(name: &str) -> serde_json::Value {
    json!({ "name": name, "parent_id": "00000000000000a1" })
}

/// A store that is begun anew before each document.
struct Place {
    /// `None` keeps everything in memory, and never anew.
    directory: Option<PathBuf>,
    memory: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    kept_days: Option<u64>,
    quiet: Quiet,
}

impl Place {
    fn new(directory: Option<&Path>, kept_days: Option<u64>) -> Self {
        let clock = Arc::new(ManualClock::new(EPOCH));
        let memory = Arc::new(MemoryStore::new());
        Self { directory: directory.map(Path::to_owned), memory, clock, kept_days, quiet: Quiet::new() }
    }

    async fn open(&self) -> Arc<dyn TraceStore> {
        let Some(directory) = &self.directory else { return Arc::<MemoryStore>::clone(&self.memory) };
        let mut config = store_local::Config::new(directory);
        config.flush_min_bytes = 1;
        config.clock = Arc::<ManualClock>::clone(&self.clock);
        config.retention.age = self.kept_days.map(|days| Duration::from_secs(days * DAY));
        let store = LocalStore::open(config).expect("open the store");
        store.tidy().await.expect("drop what is old");
        Arc::new(store)
    }

    /// Takes a document on some day, and digests it.
    async fn take(&self, day: u64, id: u64, mut document: serde_json::Value) {
        self.clock.advance(self.clock.now().until(on_day(day)));
        document["trace_id"] = json!(TRACE.to_string());
        document["id"] = json!(format!("{id:016x}"));
        (document["start_time"], document["end_time"]) = (json!(1.7e9), json!(1.7e9 + 1.0));
        let document = wire::decode(document.to_string().into()).expect("the test's documents are good");
        let store = self.open().await;
        let shutdown = CancellationToken::new();
        let clock = Arc::<ManualClock>::clone(&self.clock);
        let worker = digest::start(&digest::Config::default(), Arc::clone(&store), clock, shutdown.clone());
        store.append(vec![NewDocument { received: on_day(day), document }]).await.expect("append");
        let mut pulse = worker.pulse();
        let newest = store.status().newest;
        pulse.wait_for(|pulse| pulse.through >= newest).await.expect("the worker runs");
        shutdown.cancel();
        worker.stopped().await;
        self.close(store).await;
    }

    async fn close(&self, store: Arc<dyn TraceStore>) {
        if self.directory.is_some() {
            store.close().await.expect("close the store");
        }
    }

    async fn look(&self) -> (Vec<Arc<StoredDocument>>, Vec<Arc<TraceDigest>>, Counts) {
        let store = self.open().await;
        let documents = store.documents(TRACE).await.expect("read documents");
        let digests = store.digests(&[TRACE]).await.expect("read digests");
        let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
        let query = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects: Subjects::Nodes };
        let mut counts = Vec::new();
        for row in store.minutes(&query).await.expect("read minutes") {
            let Subject::Node(node) = row.key.subject else { continue };
            let day = EPOCH.until(row.key.minute.start()).0 / (DAY * 1_000_000);
            let counted = row.stats.counts;
            assert!(counted.ok >= 0 && row.stats.presence >= 0, "{node:?} on day {day}: {:?}", row.stats);
            if node.kind.is_none() && counted.ok != 0 {
                counts.push((day, node.name, counted.ok));
            }
        }
        self.close(store).await;
        (documents, digests, counts)
    }

    /// How many documents there are, how many the digest was made of, and what is counted.
    async fn check(&self, documents: usize, revision: u32, counts: &[(u64, &str)]) {
        let found = self.look().await;
        assert_eq!(found.0.len(), documents);
        assert_eq!(found.1.iter().map(|digest| digest.revision).collect::<Vec<_>>(), [revision]);
        let counts: Counts = counts.iter().map(|(day, name)| (*day, (*name).to_owned(), 1)).collect();
        assert_eq!(found.2, counts);
    }
}

async fn check_late(place: &Place) {
    place.take(0, 1, front()).await;
    place.take(3, 2, back("back")).await;
    place.check(2, 2, &[(0, "front"), (3, "back")]).await;
    // Duplicates of both, each after a restart.
    place.take(4, 1, front()).await;
    place.take(5, 2, back("back")).await;
    place.check(4, 4, &[(0, "front"), (3, "back")]).await;
}

#[tokio::test]
async fn a_segment_days_late_joins_its_trace_and_counts_once_when_it_came() {
    check_late(&Place::new(None, None)).await;
    let directory = tempfile::tempdir().expect("make a directory");
    check_late(&Place::new(Some(directory.path()), None)).await;
}

#[tokio::test]
async fn a_segment_of_a_trace_that_has_expired_begins_it_anew() {
    let directory = tempfile::tempdir().expect("make a directory");
    let place = Place::new(Some(directory.path()), Some(30));
    place.take(0, 1, front()).await;
    place.take(40, 2, back("back")).await;
    place.check(1, 1, &[(40, "back")]).await;
    place.take(41, 3, back("other")).await;
    place.check(2, 2, &[(40, "back"), (41, "other")]).await;
}

#[tokio::test]
async fn a_segment_of_a_trace_of_which_some_has_expired_takes_nothing_from_old_minutes() {
    let directory = tempfile::tempdir().expect("make a directory");
    let place = Place::new(Some(directory.path()), Some(30));
    place.take(0, 1, front()).await;
    place.take(29, 2, back("back")).await;
    place.take(40, 3, back("other")).await;
    place.check(2, 2, &[(29, "back"), (40, "other")]).await;
}

#[tokio::test]
async fn a_trace_whose_digest_was_lost_is_not_counted_again() {
    let directory = tempfile::tempdir().expect("make a directory");
    let place = Place::new(Some(directory.path()), None);
    place.quiet.expect("a part is damaged and set aside");
    place.take(0, 1, front()).await;
    let parts = std::fs::read_dir(directory.path().join("parts")).expect("list the parts");
    for part in parts.map(|entry| entry.expect("list the parts").path()) {
        if part.to_string_lossy().contains("traces-") {
            std::fs::write(part, "scribble").expect("damage a part");
        }
    }
    for (day, id) in [(1, 2), (2, 3)] {
        place.take(day, id, back("back")).await;
    }
    place.check(3, 2, &[(0, "front"), (1, "back"), (2, "back")]).await;
}
