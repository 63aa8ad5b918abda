//! `kill -9` at any moment loses nothing that was acknowledged, and counts nothing twice: under load, while a store
//! is opened or closed, and while parts are written, merged and dropped.
//!
//! This is its own harness: with `--append DIRECTORY ROUND DOCUMENTS` it is the process that gets killed. It appends
//! from several tasks, prints what was acknowledged, and digests what it appended in very small flushes. Each round
//! is an hour later than the one before, so that old rounds are dropped meanwhile.
//!
//! `FLUORO_KILL_ROUNDS` and `FLUORO_KILL_SEED` repeat a run.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, although it has a main")]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use model::minute::Subject;
use model::{ManualClock, Minute, TimeRange, Timestamp, TraceId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Axis, Commit, MinuteQuery, Predicate, Search, Share, Subjects, TraceStore};
use store_local::{Config, Fewest, LocalStore};

const ROUNDS: u64 = 200;
const WRITERS: u64 = 4;
/// Of each round; those of even number fail.
const TRACES: u64 = 10;
/// This one gets documents in every round.
const LATE: u32 = u32::MAX;
/// Ids of one round, and of one writer in it.
const ROUND_IDS: u64 = 1_000_000;
const WRITER_IDS: u64 = 10_000;
const ROUND_SECONDS: u64 = 3_600;
/// For how many rounds traces are kept, and those that failed.
const KEPT: u64 = 3;
const KEPT_FAULTS: u64 = 6;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, directory, round, documents] = arguments.as_slice()
        && flag == "--append"
    {
        let round = round.parse().unwrap();
        let store = Arc::new(LocalStore::open(config(Path::new(directory), round)).unwrap());
        runtime().block_on(append_until_killed(store, round, documents.parse().unwrap()));
        return;
    }
    let rounds = from_environment("FLUORO_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = from_environment("FLUORO_KILL_SEED").unwrap_or_else(|| rand::rng().random());
    println!("kill: {rounds} rounds, seed {seed}");
    let directory = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged = Vec::new();
    for round in 1..=rounds {
        acknowledged.extend(kill_one(directory.path(), round, &mut random));
        let store = LocalStore::open(config(directory.path(), round)).unwrap();
        let is_tidied = random.random_ratio(1, 8);
        runtime().block_on(async {
            if is_tidied {
                store.tidy().await.unwrap();
            }
            check(&store, &acknowledged, round, is_tidied).await;
            if random.random_ratio(1, 4) {
                store.close().await.unwrap();
            }
        });
    }
    println!("kill: {} documents acknowledged, all of them there or dropped in time", acknowledged.len());
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn config(directory: &Path, round: u64) -> Config {
    let mut config = Config::new(directory);
    (config.flush_bytes, config.flush_min_bytes, config.log_file_bytes) = (20_000, 1, 15_000);
    (config.reserve_bytes, config.flush_age) = (4_096, Duration::from_secs(3_600));
    // Nearly every flush is followed by a merge.
    config.merging.parts = Fewest::of_all(2);
    config.clock = Arc::new(ManualClock::new(received(round)));
    config.retention.age = Some(Duration::from_secs(KEPT * ROUND_SECONDS));
    config.retention.faults = Some(Duration::from_secs(KEPT_FAULTS * ROUND_SECONDS));
    config
}

fn received(round: u64) -> Timestamp {
    at((round * ROUND_SECONDS) as i64)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Lets a process append and kills it: at some moment from its start on, after so many documents were acknowledged,
/// or while it closes its store. Gives the ids of all that it had acknowledged by then.
fn kill_one(directory: &Path, round: u64, random: &mut StdRng) -> Vec<u64> {
    let way = random.random_range(0..5);
    let documents = if way == 0 { random.random_range(1..150) } else { WRITER_IDS * WRITERS };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--append")
        .arg(directory)
        .args([round.to_string(), documents.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    if way == 1 {
        std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
        child.kill().unwrap();
    }
    let after = if way < 2 { usize::MAX } else { random.random_range(1..250) };
    let acknowledged = read_until(out, &mut child, after);
    child.wait().unwrap();
    assert!(way < 2 || acknowledged.len() >= after, "it ended by itself after {}", acknowledged.len());
    acknowledged
}

fn read_until(out: impl BufRead, child: &mut Child, after: usize) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    for line in out.split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        // The last line may be cut; what is cut is not counted.
        if let Some(id) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('.')) {
            acknowledged.push(id.parse().unwrap());
        }
        if acknowledged.len() == after || line == "closing." {
            child.kill().unwrap();
        }
    }
    acknowledged
}

fn trace_of(id: u64) -> u32 {
    let (round, number) = (id / ROUND_IDS, id % (TRACES + 1));
    if number == TRACES { LATE } else { (round * TRACES + number) as u32 }
}

/// Whether the trace of a document must still be there in a round.
fn is_kept(id: u64, round: u64) -> bool {
    let has_failed = trace_of(id) != LATE && trace_of(id).is_multiple_of(2);
    id / ROUND_IDS + if has_failed { KEPT_FAULTS } else { KEPT } >= round
}

async fn append_until_killed(store: Arc<LocalStore>, round: u64, documents: u64) {
    let worker = tokio::spawn({
        let store = Arc::clone(&store);
        async move { follow(&store).await }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for number in 0..documents.div_ceil(WRITERS) {
                let id = round * ROUND_IDS + writer * WRITER_IDS + number;
                let mut new = document(trace_of(id), id, 0);
                new.received = received(round);
                store.append(vec![new]).await.unwrap();
                say(&format!("ack {id}."));
            }
        });
    }
    tasks.join_all().await;
    say("closing.");
    store.close().await.unwrap();
    worker.abort();
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// A digest worker that counts documents: a trace's revision is how many it has, and so are the counts of minutes.
async fn follow(store: &LocalStore) {
    let mut tail = store.tail(Share::ONLY, &store.digested(Share::ONLY).await.unwrap().through);
    while let Ok(documents) = tail.next().await {
        let mut revisions: BTreeMap<TraceId, (u32, Timestamp)> = BTreeMap::new();
        let mut minutes: BTreeMap<Minute, i64> = BTreeMap::new();
        for stored in &documents {
            *minutes.entry(stored.received.minute()).or_default() += 1;
            let (count, newest) = revisions.entry(stored.document.trace_id).or_insert((0, stored.received));
            (*count, *newest) = (*count + 1, stored.received);
        }
        let ids: Vec<_> = revisions.keys().copied().collect();
        let Ok(known) = store.digests(&ids).await else { return };
        for known in known {
            revisions.get_mut(&known.id).unwrap().0 += known.revision;
        }
        let digests = revisions.into_iter().map(|(id, (revision, newest))| {
            let mut made = digest(0, revision, i64::from(revision));
            (made.id, made.last_received) = (id, newest);
            // The number of a trace is in the last four bytes of its id.
            made.root.as_mut().unwrap().flags.fault = id != trace_id(LATE) && id.0[15].is_multiple_of(2);
            made
        });
        let subject = || Subject::Node(key("shop", None));
        let commit = Commit {
            through: documents.last().map(|last| last.place.sequence.into()).unwrap_or_default(),
            digests: shared(digests),
            minutes: minutes
                .into_iter()
                .map(|(minute, count)| row(minute, "Default", subject(), count))
                .collect(),
            ..Commit::default()
        };
        if store.commit(commit).await.is_err() {
            return;
        }
    }
}

/// What is found of some documents.
#[derive(Default)]
struct Found {
    /// How often each is there.
    times: HashMap<u64, u32>,
    /// Digested documents of each trace, and of each round.
    of_trace: HashMap<TraceId, u64>,
    of_round: HashMap<u64, i64>,
}

async fn find(store: &LocalStore, rounds: std::ops::RangeInclusive<u64>) -> Found {
    let mut found = Found::default();
    let digested = store.digested(Share::ONLY).await.unwrap().through.of_lane(0);
    let traces = rounds.flat_map(|round| (round * TRACES) as u32..((round + 1) * TRACES) as u32);
    for trace in traces.chain([LATE]) {
        for stored in store.documents(trace_id(trace)).await.unwrap() {
            let id = stored.document.entity.id.0;
            *found.times.entry(id).or_default() += 1;
            if stored.place.sequence <= digested {
                *found.of_trace.entry(trace_id(trace)).or_default() += 1;
                *found.of_round.entry(id / ROUND_IDS).or_default() += 1;
            }
        }
    }
    found
}

async fn check(store: &LocalStore, acknowledged: &[u64], round: u64, is_tidied: bool) {
    assert!(store.status().damaged.is_empty(), "{:?}", store.status().damaged);
    // After a tidying nothing that is older than this can be there.
    let first = if is_tidied { 1 } else { round.saturating_sub(KEPT_FAULTS).max(1) };
    let found = find(store, first..=round).await;
    for id in acknowledged.iter().filter(|&&id| is_kept(id, round)) {
        assert_eq!(found.times.get(id), Some(&1), "document {id} in round {round}");
    }
    assert!(found.times.values().all(|&times| times == 1), "nothing is there twice");
    if is_tidied {
        assert_eq!(store.status().documents, found.times.len() as u64, "in round {round}");
    }
    let first_kept = round.saturating_sub(KEPT).max(1);
    check_counts(store, &found, first_kept..=round).await;
    check_tail(store, &found).await;
}

/// Digests and minutes say exactly what was digested, whatever was not.
async fn check_counts(store: &LocalStore, found: &Found, kept: std::ops::RangeInclusive<u64>) {
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let mut search =
        Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 1_000 };
    let mut revisions = HashMap::new();
    loop {
        let page = store.search(&search).await.unwrap();
        for digest in &page.digests {
            assert_eq!(
                revisions.insert(digest.id, u64::from(digest.revision)),
                None,
                "a trace is found once"
            );
        }
        search.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    for trace in kept.clone().flat_map(|round| round * TRACES..(round + 1) * TRACES) {
        let id = trace_id(trace as u32);
        assert_eq!(revisions.get(&id), found.of_trace.get(&id), "each digested document is in one digest");
    }
    let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
    let rows = store.minutes(&query).await.unwrap();
    assert!(rows.iter().all(|row| row.stats.counts.ok > 0), "nothing is counted backwards: {rows:?}");
    for round in kept {
        let minute = received(round).minute();
        let counted = rows.iter().find(|row| row.key.minute == minute).map(|row| row.stats.counts.ok);
        assert_eq!(counted, found.of_round.get(&round).copied(), "each digested document is counted once");
    }
}

/// The tail goes on after what was digested.
async fn check_tail(store: &LocalStore, found: &Found) {
    let digested: u64 = found.of_trace.values().sum();
    let mut left = found.times.len() as u64 - digested;
    let mut tail = store.tail(Share::ONLY, &store.digested(Share::ONLY).await.unwrap().through);
    while left > 0 {
        let next = tokio::time::timeout(Duration::from_secs(30), tail.next()).await.unwrap();
        left -= next.unwrap().len() as u64;
    }
}
