//! Random histories: whatever is appended, committed, flushed and opened again, the local store answers like
//! the memory store.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::digest::{ExceptionDigest, RootCause, RootCauseService};
use model::minute::Subject;
use model::property::{CauseKind, Comparator, Failure, Flag, Number, Text, TextMatch};
use model::segment::{Annotation, AnnotationValue, Flags, Sequence};
use model::{Minute, TimeRange, Timestamp, TraceDigest};
use proptest::prelude::*;
use store::conformance::sample::{self, at, digest, document, key, row, trace_id};
use store::{
    Axis, Commit, MemoryStore, MinuteQuery, NewDocument, Predicate, Search, Share, Subjects, TraceStore,
};
use store_local::{Config, Fewest, LocalStore};

const TRACES: u32 = 8;
const FIRST_MINUTE: i64 = sample::EPOCH / 60;

#[derive(Debug, Clone)]
enum Step {
    /// Trace and second of each document.
    Append(Vec<(u32, i64)>),
    /// New digests, and minutes with a count.
    Commit(Vec<DigestSeed>, Vec<(i64, i64)>),
    /// Closed, and opened again.
    Restart,
    /// Opened again without a close.
    Crash,
    /// Merged.
    Tidy,
    Search(SearchSeed),
}

#[derive(Debug, Clone)]
struct DigestSeed {
    trace: u32,
    second: i64,
    has_ended: bool,
    has_root: bool,
    flags: u8,
    user: u8,
    status: i64,
}

#[derive(Debug, Clone)]
struct SearchSeed {
    axis: usize,
    from: i64,
    length: i64,
    limit: usize,
    predicate: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let digest = (0..TRACES, 0..600_i64, any::<bool>(), 0..10_u8, 0..8_u8, 0..3_u8, 200..600_i64).prop_map(
        |(trace, second, has_ended, root, flags, user, status)| DigestSeed {
            trace,
            second,
            has_ended,
            has_root: root > 0,
            flags,
            user,
            status,
        },
    );
    let search = (0..3_usize, -100..600_i64, 0..700_i64, 1..5_usize, 0..predicates().len()).prop_map(
        |(axis, from, length, limit, predicate)| SearchSeed { axis, from, length, limit, predicate },
    );
    let step = prop_oneof![
        4 => prop::collection::vec((0..TRACES, 0..600_i64), 1..6).prop_map(Step::Append),
        4 => (prop::collection::vec(digest, 0..5), prop::collection::vec((0..90_i64, -2..3_i64), 0..40))
            .prop_map(|(digests, minutes)| Step::Commit(digests, minutes)),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        2 => Just(Step::Tidy),
        3 => search.prop_map(Step::Search),
    ];
    prop::collection::vec(step, 1..30)
}

fn predicates() -> Vec<Predicate> {
    let fault = Predicate::Flag(Flag::Fault, true);
    let user = Predicate::Text(Text::User, TextMatch::Equal, "user 1".to_owned());
    vec![
        Predicate::Any,
        fault.clone(),
        Predicate::Flag(Flag::Ok, true),
        Predicate::Flag(Flag::Ok, false),
        Predicate::Flag(Flag::Throttle, true),
        Predicate::Number(Number::HttpStatus, Comparator::GreaterOrEqual, 400.0),
        Predicate::Number(Number::Duration, Comparator::Less, 10.0),
        user.clone(),
        Predicate::And(vec![fault.clone(), user.clone()]),
        Predicate::Or(vec![fault, user]),
        Predicate::Annotation { key: "status".to_owned(), value: "404.0".to_owned() },
        Predicate::Node { name: Some("shop".to_owned()), kind: None, account: None },
        Predicate::Failing(Failure::Fault, Some("shop".to_owned())),
        Predicate::Failing(Failure::Error, Some("nobody".to_owned())),
        Predicate::Failing(Failure::Throttle, None),
        Predicate::Cause(CauseKind::Fault, None),
        Predicate::Cause(CauseKind::Fault, Some("shop".to_owned())),
        Predicate::Cause(CauseKind::Error, Some("shop".to_owned())),
        Predicate::HasException,
        Predicate::HasAnnotation("status".to_owned()),
        Predicate::Text(Text::HttpUrl, TextMatch::Equal, "http://shop/cart".to_owned()),
    ]
}

/// The same history, told to both stores.
struct Pair {
    memory: MemoryStore,
    /// `None` while it is being opened again.
    local: Option<LocalStore>,
    config: Config,
    next_id: u64,
    revisions: HashMap<u32, u32>,
}

impl Pair {
    fn local(&self) -> &LocalStore {
        self.local.as_ref().expect("the store is open")
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Append(documents) => self.append(documents).await,
            Step::Commit(digests, minutes) => self.commit(digests, minutes).await,
            Step::Restart => {
                self.local().close().await.unwrap();
                self.reopen();
            }
            Step::Crash => self.reopen(),
            Step::Tidy => self.local().tidy().await.unwrap(),
            Step::Search(search) => self.compare_search(&search).await,
        }
    }

    fn reopen(&mut self) {
        self.local = None;
        self.local = Some(LocalStore::open(self.config.clone()).unwrap());
    }

    async fn append(&mut self, seeds: Vec<(u32, i64)>) {
        let mut documents: Vec<NewDocument> = Vec::new();
        for (trace, second) in seeds {
            self.next_id += 1;
            documents.push(document(trace, self.next_id, second));
        }
        self.memory.append(documents.clone()).await.unwrap();
        self.local().append(documents).await.unwrap();
    }

    async fn commit(&mut self, seeds: Vec<DigestSeed>, minutes: Vec<(i64, i64)>) {
        let mut digests = HashMap::new();
        for seed in seeds {
            let revision = self.revisions.entry(seed.trace).or_default();
            *revision += 1;
            digests.insert(seed.trace, Arc::new(make_digest(&seed, *revision)));
        }
        let minutes = minutes.into_iter().map(|(minute, count)| {
            row(Minute(FIRST_MINUTE + minute), "Default", Subject::Node(key("a", None)), count)
        });
        let commit = Commit {
            through: Sequence(self.memory.status().newest).into(),
            digests: digests.into_values().collect(),
            minutes: minutes.collect(),
            ..Commit::default()
        };
        self.memory.commit(commit.clone()).await.unwrap();
        self.local().commit(commit).await.unwrap();
    }

    async fn compare(&self) {
        let ids: Vec<_> = (0..TRACES + 1).map(trace_id).collect();
        for &id in &ids {
            let expected = self.memory.documents(id).await.unwrap();
            let found = self.local().documents(id).await.unwrap();
            assert_eq!(found.len(), expected.len(), "documents of {id}");
            for (found, expected) in found.iter().zip(&expected) {
                // The oracle stamps its places, the engine has one lane and needs none.
                assert_eq!(found.place.sequence, expected.place.sequence);
                assert_eq!(found.document.raw, expected.document.raw);
            }
        }
        let (found, expected) =
            (self.local().digests(&ids).await.unwrap(), self.memory.digests(&ids).await.unwrap());
        assert_eq!(found, expected);
        self.compare_minutes().await;
        self.compare_tail().await;
        let (found, expected) = (self.local().status(), self.memory.status());
        assert_eq!(
            (found.documents, found.traces, found.newest, found.digested, found.newest_received),
            (
                expected.documents,
                expected.traces,
                expected.newest,
                expected.digested,
                expected.newest_received
            )
        );
        assert!(found.damaged.is_empty());
    }

    async fn compare_minutes(&self) {
        let ranges = [TimeRange::new(at(60), at(200)), TimeRange::new(at(100), at(80 * 60 + 1))];
        for (range, subjects) in ranges.into_iter().flat_map(|range| {
            let subjects = [Subjects::All, Subjects::Node(key("a", None)), Subjects::Edges];
            subjects.map(|subjects| (range, subjects))
        }) {
            let query = MinuteQuery { range, group: "Default".to_owned(), subjects };
            let (found, expected) =
                (self.local().minutes(&query).await.unwrap(), self.memory.minutes(&query).await.unwrap());
            assert_eq!(found, expected, "{query:?}");
            let (found, expected) =
                (self.local().totals(&query).await.unwrap(), self.memory.totals(&query).await.unwrap());
            assert_eq!(found, expected, "{query:?} in total");
        }
    }

    /// From where the digest worker would go on.
    async fn compare_tail(&self) {
        let from = self.memory.digested(Share::ONLY).await.unwrap().through.of_lane(0);
        let mut left = self.memory.status().newest - from.0;
        let mut tail = self.local().tail(Share::ONLY, &from.into());
        let mut next = from;
        while left > 0 {
            for document in tail.next().await.unwrap() {
                next = Sequence(next.0 + 1);
                assert_eq!(document.place.sequence, next);
                left -= 1;
            }
        }
    }

    async fn compare_search(&self, seed: &SearchSeed) {
        let search = Search {
            range: TimeRange::new(at(seed.from), at(seed.from + seed.length)),
            axis: [Axis::Start, Axis::Received, Axis::End][seed.axis],
            predicate: predicates()[seed.predicate].clone(),
            after: None,
            limit: seed.limit,
        };
        let found = walk(self.local(), search.clone()).await;
        let expected = walk(&self.memory, search.clone()).await;
        assert_eq!(found, expected, "{search:?}");
    }
}

async fn walk(store: &dyn TraceStore, mut search: Search) -> Vec<Arc<TraceDigest>> {
    let mut found = Vec::new();
    for _ in 0..100 {
        let page = store.search(&search).await.unwrap();
        found.extend(page.digests.into_iter().filter(|digest| search.predicate.may_match(digest)));
        search.after = page.next;
        if page.next.is_none() {
            return found;
        }
    }
    panic!("the search does not end");
}

fn make_digest(seed: &DigestSeed, revision: u32) -> TraceDigest {
    let mut made = digest(seed.trace, revision, seed.second);
    made.last_received = Timestamp(at(seed.second).0 + i64::from(revision) * 7_000_000);
    made.end = seed.has_ended.then(|| at(seed.second + seed.status / 50));
    made.users = vec![format!("user {}", seed.user)];
    made.annotations =
        vec![Annotation { key: "status".to_owned(), value: AnnotationValue::Number(seed.status as f64) }];
    let bit = |bit: u8| seed.flags & bit != 0;
    made.has_throttle = bit(2);
    let root = made.root.as_mut().expect("the sample has a root");
    root.flags = Flags { error: bit(1), throttle: bit(2), fault: bit(4) };
    root.http.status = Some(seed.status);
    made.nodes[0].requests[0].flags = Flags { error: bit(4), throttle: bit(1), fault: bit(2) };
    if bit(4) {
        made.nodes[0].requests[0].exceptions = vec![ExceptionDigest { name: None, message: None }];
    }
    if bit(1) {
        let service =
            RootCauseService { key: made.nodes[0].key.clone(), inferred: false, entities: Vec::new() };
        made.fault_causes = vec![RootCause { services: vec![service], client_impacting: true }];
    }
    if !seed.has_root {
        made.root = None;
    }
    made
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_answered_like_in_memory(
        steps in steps(),
        flush_bytes in prop_oneof![Just(1_u64), Just(2_000), Just(1_000_000)],
        flush_min_bytes in prop_oneof![Just(1_u64), Just(1_000_000)],
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::new(directory.path());
        (config.flush_bytes, config.flush_min_bytes) = (flush_bytes, flush_min_bytes);
        config.flush_age = Duration::from_secs(3_600);
        config.log_file_bytes = 3_000;
        config.merging.parts = Fewest::of_all(2);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut pair = Pair {
                memory: MemoryStore::new(),
                local: None,
                config,
                next_id: 0,
                revisions: HashMap::new(),
            };
            pair.reopen();
            for step in steps {
                pair.take(step).await;
            }
            pair.compare().await;
            pair.reopen();
            pair.compare().await;
        });
    }
}
