//! Whatever call of the system fails, what was acknowledged is there afterwards, once; and so it is when the power goes
//! before any of them.

mod invariants;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use model::minute::Subject;
use model::segment::Sequence;
use model::{ManualClock, Micros, TimeRange, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Axis, Predicate, Subjects};

use super::*;
use crate::config::{Fewest, Retention};
use crate::file::fault::{Fault, plan};

/// When the store is opened. What is received between these is in one round, which is merged, then sieved, then dropped.
const OPENED: [i64; 5] = [0, 10, 20, 1_200, 1_600];
const AGE: i64 = 1_000;
const FAULTS_AGE: i64 = 1_500;
/// Of each opening.
const DOCUMENTS: u64 = 3;
/// Of each round; those of odd number fail.
const TRACES: u32 = 2;
const ROUNDS: [Range<i64>; 3] = [0..100, 1_200..1_300, 1_600..1_700];

fn config(directory: &Path, second: i64) -> Config {
    let mut config = Config { flush_min_bytes: 1, reserve_bytes: 4_096, ..Config::new(directory) };
    (config.merging.parts, config.merging.span) = (Fewest::of_all(2), Duration::from_secs(150));
    let [age, faults] = [AGE, FAULTS_AGE].map(|age| Some(Duration::from_secs(age as u64)));
    config.retention = Retention { age, faults, disk_percent: None };
    let clock = ManualClock::new(at(0));
    clock.advance(Micros(second as u64 * 1_000_000));
    config.clock = Arc::new(clock);
    config
}

/// A document of which the store said that it has it.
#[derive(Debug, Clone, Copy)]
struct Taken {
    id: u64,
    trace: u32,
    second: i64,
}

impl Taken {
    /// Whether it must be there at a time.
    fn is_kept(&self, now: i64) -> bool {
        now - self.second < if self.trace % 2 == 1 { FAULTS_AGE } else { AGE }
    }
}

/// A life of a store, in which a fault may be met.
#[derive(Debug, Clone)]
struct Life {
    directory: PathBuf,
    taken: Vec<Taken>,
    next_id: u64,
    /// The buffer is written as parts when the store is closed, and not while it is open.
    flushes_on_close: bool,
}

fn traces(round: usize) -> Range<u32> {
    let first = round as u32 * TRACES;
    first..first + TRACES
}

fn round_of(second: i64) -> usize {
    ROUNDS.iter().position(|round| round.contains(&second)).unwrap()
}

impl Life {
    fn new(directory: &Path) -> Self {
        Self { directory: data(directory), taken: Vec::new(), next_id: 1, flushes_on_close: false }
    }

    /// Opens the store, appends, digests, flushes, merges, sieves and drops, and goes on whatever fails. Gives the store
    /// if it could be opened.
    async fn live(&mut self, second: i64) -> Option<LocalStore> {
        let store = LocalStore::open(config(&self.directory, second)).ok()?;
        for _ in 0..DOCUMENTS {
            self.append(&store, second).await;
        }
        digest_all(&store, round_of(second)).await;
        if !self.flushes_on_close {
            flush(&store).await;
        }
        let _ = store.tidy().await;
        self.ask(&store, second).await;
        if self.flushes_on_close {
            let _ = store.close().await;
            return None;
        }
        Some(store)
    }

    /// Says whether it was taken.
    async fn append(&mut self, store: &LocalStore, second: i64) -> bool {
        let taken = Taken { id: self.next_id, trace: 0, second };
        let of_round = traces(round_of(second));
        let taken = Taken { trace: of_round.start + self.next_id as u32 % TRACES, ..taken };
        self.next_id += 1;
        let is_taken = store.append(vec![document(taken.trace, taken.id, second)]).await.is_ok();
        self.taken.extend(is_taken.then_some(taken));
        is_taken
    }

    /// What is answered is whole, and what cannot be says so.
    async fn ask(&self, store: &LocalStore, now: i64) {
        for trace in (0..ROUNDS.len()).flat_map(traces) {
            let Ok(found) = store.documents(trace_id(trace)).await else { return };
            let mut found: Vec<u64> = found.iter().map(|stored| stored.document.entity.id.0).collect();
            found.sort_unstable();
            assert!(found.is_sorted_by(|one, other| one < other), "twice: {found:?}");
            let expected = self.taken.iter().filter(|taken| taken.trace == trace && taken.is_kept(now));
            let lost: Vec<_> = expected.filter(|taken| !found.contains(&taken.id)).collect();
            assert!(lost.is_empty(), "{lost:?} not in {found:?}");
        }
        let Ok(before) = revisions(store).await else { return };
        let Ok(page) = store.search(&everything()).await else { return };
        let found: HashSet<_> = page.digests.iter().map(|digest| (digest.id, digest.revision)).collect();
        assert_eq!(found.len(), page.digests.len(), "each trace once");
        let Ok(after) = revisions(store).await else { return };
        // The upkeep may drop some at any time, and nothing comes.
        assert!(found.is_subset(&before), "{found:?} of {before:?}");
        assert!(after.is_subset(&found), "{after:?} of {found:?}");
    }

    /// Looks at everything after the store was opened again.
    async fn check(&self, store: &LocalStore, now: i64) {
        assert!(store.status().damaged.is_empty(), "{:?}", store.status().damaged);
        let mut found = BTreeMap::new();
        for trace in (0..ROUNDS.len()).flat_map(traces) {
            for stored in store.documents(trace_id(trace)).await.unwrap() {
                *found.entry(stored.document.entity.id.0).or_insert(0) += 1;
            }
        }
        let expected = self.taken.iter().filter(|taken| taken.is_kept(now));
        let lost: Vec<_> = expected.filter(|taken| !found.contains_key(&taken.id)).collect();
        assert!(lost.is_empty(), "lost: {lost:?}, found: {found:?}");
        assert!(found.values().all(|&times| times == 1), "twice: {found:?}");
        assert_eq!(store.status().documents, found.len() as u64, "as many as are counted");
        let digests = store.search(&everything()).await.unwrap().digests;
        assert_eq!(store.status().traces, digests.len() as u64, "as many traces as are counted");
        for (round, seconds) in
            ROUNDS.into_iter().enumerate().filter(|(_, seconds)| now - seconds.start < AGE)
        {
            let revisions =
                digests.iter().filter(|digest| traces(round).any(|trace| trace_id(trace) == digest.id));
            let revisions: i64 = revisions.map(|digest| i64::from(digest.revision)).sum();
            let range = TimeRange::new(at(seconds.start), at(seconds.end));
            let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
            let rows = store.minutes(&query).await.unwrap();
            let counted: i64 = rows.iter().map(|row| row.stats.counts.ok).sum();
            assert_eq!(counted, revisions, "digests and rollups of round {round} say the same");
        }
    }

    /// No fault is left: the store takes everything again, and nothing went wrong before. `wholly` makes parts of it too.
    async fn recover(&mut self, store: Option<LocalStore>, now: i64, wholly: bool) {
        let store = store.unwrap_or_else(|| LocalStore::open(config(&self.directory, now)).unwrap());
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.append(&store, now).await {
            assert!(Instant::now() < deadline, "it does not recover");
            store.core.flush.ring();
            std::thread::yield_now();
        }
        if wholly {
            digest_all(&store, round_of(now)).await;
            store.tidy().await.unwrap();
            store.close().await.unwrap();
        }
        drop(store);
        let store = LocalStore::open(config(&self.directory, now)).unwrap();
        self.check(&store, now).await;
    }
}

/// Made by the store, with what is above it.
fn data(directory: &Path) -> PathBuf {
    directory.join("below").join("data")
}

/// Of every trace that has a digest.
async fn revisions(store: &LocalStore) -> Result<HashSet<(TraceId, u32)>, StoreError> {
    let digests = store.digests(&(0..6).map(trace_id).collect::<Vec<_>>()).await?;
    Ok(digests.iter().map(|digest| (digest.id, digest.revision)).collect())
}

fn everything() -> Search {
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 100 }
}

/// Writes what is digested as parts, if need be with several attempts.
async fn flush(store: &LocalStore) {
    let _ = store.writer.seal().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while store.core.next_flush().is_some() {
        assert!(Instant::now() < deadline, "it is not flushed");
        store.core.flush.ring();
        std::thread::yield_now();
    }
}

/// A digest's revision is how many documents its trace has, and so is the node's count.
async fn digest_all(store: &LocalStore, round: usize) {
    let (mut digests, mut minutes) = (Vec::new(), Vec::new());
    for (round, first) in ROUNDS.iter().enumerate().take(round + 1) {
        let second = first.start;
        for trace in traces(round) {
            let Ok(documents) = store.documents(trace_id(trace)).await else { return };
            let Ok(known) = store.digests(&[trace_id(trace)]).await else { return };
            let known = known.first().map_or(0, |digest| digest.revision);
            let count = documents.len() as u32;
            if count > known {
                let mut made = digest(trace, count, second);
                made.root.as_mut().unwrap().flags.fault = trace % 2 == 1;
                digests.push(made);
                let subject = Subject::Node(key("shop", None));
                minutes.push(row(at(second).minute(), "Default", subject, i64::from(count - known)));
            }
        }
    }
    let through = Sequence(store.status().newest).into();
    let _ = store.commit(Commit { through, digests: shared(digests), minutes, ..Commit::default() }).await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Says of a failure which call it was.
struct Context(String);

impl Drop for Context {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}

/// The life before each opening.
fn stages(folder: &Path) -> Vec<Life> {
    let directory = tempfile::tempdir().unwrap();
    let mut life = Life::new(directory.path());
    let mut stages = Vec::new();
    for (place, second) in OPENED.into_iter().enumerate() {
        let copied = data(&folder.join(place.to_string()));
        copy(&life.directory, &copied);
        stages.push(Life { directory: copied, ..life.clone() });
        runtime().block_on(async { life.live(second).await.unwrap().close().await.unwrap() });
    }
    stages
}

fn copy(from: &Path, to: &Path) {
    // What was never opened is made by the store.
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).unwrap();
    for entry in entries.map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// In each opening lets one call after the other fail, and `more` calls after it, until an opening ends before it is that
/// call's turn. The faults take turns. With `step` more than 1 some calls are left out.
fn fail_each(faults: &[Fault], more: u64, step: usize, flushes_on_close: bool) {
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    for (stage, second) in stages(folder.path()).into_iter().zip(OPENED) {
        for call in (0..).step_by(step) {
            let fault = faults[(call as usize / step) % faults.len()];
            let directory = tempfile::tempdir().unwrap();
            let _context = Context(format!("{fault:?} at call {call} and {more} more at {second}"));
            copy(&stage.directory, &data(directory.path()));
            let mut life = Life { directory: data(directory.path()), flushes_on_close, ..stage.clone() };
            let planned = plan(directory.path(), call..call + 1 + more, fault);
            let store = runtime.block_on(life.live(second));
            let has_fired = planned.has_fired();
            drop(planned);
            runtime.block_on(life.recover(store, second, call % 4 == 0));
            if !has_fired {
                assert!(call > 5, "{call}");
                break;
            }
        }
    }
}

#[test]
fn a_life_without_faults_loses_what_is_too_old_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut life = Life::new(directory.path());
    runtime().block_on(async {
        for (second, kept) in OPENED.into_iter().zip([[1, 2], [3, 3], [4, 5], [0, 5], [0, 0]]) {
            let store = life.live(second).await.unwrap();
            for (trace, kept) in traces(0).zip(kept) {
                let found = store.documents(trace_id(trace)).await.unwrap().len();
                assert_eq!(found, kept, "{trace} at {second}");
            }
            store.close().await.unwrap();
        }
        assert_eq!(life.taken.len() as u64, OPENED.len() as u64 * DOCUMENTS);
        let now = OPENED[OPENED.len() - 1];
        life.recover(None, now, true).await;
    });
}

#[test]
fn a_failed_change_loses_nothing() {
    fail_each(&[Fault::Full, Fault::Short, Fault::Broken], 0, 1, false);
}

#[test]
fn a_disk_that_stays_full_for_some_calls_loses_nothing() {
    fail_each(&[Fault::Full], 7, 6, true);
}

#[test]
fn a_failed_read_loses_nothing() {
    fail_each(&[Fault::Unreadable], 0, 3, true);
}

/// In each opening the power goes before every call, once on a disk that keeps no name that was not made durable, and once
/// on one that keeps all of them and no bytes.
#[test]
fn power_that_goes_at_any_time_loses_nothing() {
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    for (stage, second) in stages(folder.path()).into_iter().zip(OPENED) {
        for call in 0.. {
            let mut has_fired = false;
            for keeps_names in [false, true] {
                let (directory, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
                let _context = Context(format!("before call {call} at {second}, names kept: {keeps_names}"));
                copy(&stage.directory, &data(directory.path()));
                let mut life =
                    Life { directory: data(directory.path()), flushes_on_close: true, ..stage.clone() };
                let planned = plan(directory.path(), call..u64::MAX, Fault::Broken);
                runtime.block_on(life.live(second));
                planned.lose_power(keeps_names, left.path());
                life.directory = data(left.path());
                runtime.block_on(life.recover(None, second, call % 3 == 0));
                has_fired |= planned.has_fired();
            }
            if !has_fired {
                break;
            }
        }
    }
}

/// A whole life, with some calls in a row that fail, a kill of the process, and in the end a loss of power.
#[test]
fn misfortunes_in_a_row_lose_nothing() {
    let runtime = runtime();
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let (directory, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let _context = Context(format!("seed {seed}"));
        let mut life = Life { flushes_on_close: random.random(), ..Life::new(directory.path()) };
        let whole = plan(directory.path(), 0..0, Fault::Full);
        let lived = random.random_range(1..=OPENED.len());
        for second in OPENED.into_iter().take(lived) {
            let first = random.random_range(0..90);
            let fault =
                [Fault::Full, Fault::Broken, Fault::Short, Fault::Unreadable][random.random_range(0..4)];
            whole.fail(first..first + random.random_range(1..30), fault);
            // Not closed: dropped.
            drop(runtime.block_on(life.live(second)));
        }
        whole.lose_power(random.random(), left.path());
        life.directory = data(left.path());
        runtime.block_on(life.recover(None, OPENED[lived - 1], true));
    }
}

/// A store with a damaged part, and a damaged log of two documents of which the first can be read. Gives their files.
fn damaged(directory: &Path) -> [PathBuf; 2] {
    let stage = stages(directory).swap_remove(3);
    runtime().block_on(async {
        let store = LocalStore::open(config(&stage.directory, 20)).unwrap();
        for id in [100, 101] {
            store.append(vec![document(1, id, 20)]).await.unwrap();
        }
    });
    let newest = |folder: &str, begin: &str| {
        let found = fs::read_dir(stage.directory.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let named = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(begin);
        found.filter(named).max().unwrap()
    };
    let harmed = [newest("parts", "spans"), newest("log", "0")];
    for path in &harmed {
        let mut bytes = fs::read(path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    harmed
}

/// `LS-5`
#[test]
fn what_is_damaged_is_kept_aside_whatever_call_fails() {
    let runtime = runtime();
    let folder = tempfile::tempdir().unwrap();
    let harmed = damaged(folder.path());
    let from = harmed[0].ancestors().nth(2).unwrap();
    for fault in [Fault::Broken, Fault::Unreadable] {
        for call in 0.. {
            let directory = tempfile::tempdir().unwrap();
            let _context = Context(format!("{fault:?} at call {call}"));
            let data = directory.path().join("data");
            copy(from, &data);
            let planned = plan(directory.path(), call..call + 1, fault);
            runtime.block_on(async {
                let Ok(store) = LocalStore::open(config(&data, 20)) else { return };
                let _ = store.documents(trace_id(1)).await;
                digest_all(&store, 0).await;
                let _ = store.close().await;
            });
            let has_fired = planned.has_fired();
            drop(planned);
            for _ in 0..2 {
                runtime.block_on(async {
                    let store = LocalStore::open(config(&data, 20)).unwrap();
                    let ids = store.documents(trace_id(1)).await.unwrap();
                    let ids: Vec<u64> = ids.iter().map(|stored| stored.document.entity.id.0).collect();
                    assert!(ids.contains(&100) && !ids.contains(&101), "{ids:?}");
                    digest_all(&store, 0).await;
                    store.close().await.unwrap();
                });
            }
            for path in &harmed {
                let aside = data.join("damaged").join(path.file_name().unwrap());
                assert!(
                    fs::read(&aside).is_ok_and(|kept| kept == fs::read(path).unwrap()),
                    "{}",
                    aside.display()
                );
            }
            if !has_fired {
                break;
            }
        }
    }
}

#[test]
fn while_the_disk_is_full_queries_go_on_and_afterwards_it_takes_more() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let store = LocalStore::open(config(directory.path(), 0)).unwrap();
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
