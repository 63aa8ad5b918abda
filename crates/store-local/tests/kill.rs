//! `kill -9` at any moment loses nothing that was acknowledged, and counts nothing twice.
//!
//! This is its own harness: with `--append DIRECTORY ROUND` it is the process that gets killed. It appends
//! from several tasks, prints what was acknowledged, and digests what it appended in very small flushes.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, although it has a main")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use model::minute::Subject;
use model::segment::Sequence;
use model::{TimeRange, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Axis, Commit, MinuteQuery, Predicate, Search, Subjects, TraceStore};
use store_local::{Config, LocalStore};

const ROUNDS: u64 = 12;
const WRITERS: u64 = 4;
const TRACES: u64 = 20;
/// Ids of one round, and of one writer in it.
const ROUND_IDS: u64 = 1_000_000;
const WRITER_IDS: u64 = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, directory, round] = arguments.as_slice()
        && flag == "--append"
    {
        let store = Arc::new(LocalStore::open(config(Path::new(directory))).unwrap());
        runtime().block_on(append_until_killed(store, round.parse().unwrap()));
        return;
    }
    let seed: u64 = rand::rng().random();
    println!("kill: {ROUNDS} rounds, seed {seed}");
    let directory = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged = Vec::new();
    for round in 1..=ROUNDS {
        acknowledged.extend(kill_one(directory.path(), round, random.random_range(1..300)));
        let store = LocalStore::open(config(directory.path())).unwrap();
        runtime().block_on(check(&store, &acknowledged));
        if random.random() {
            runtime().block_on(store.close()).unwrap();
        }
    }
    println!("kill: {} documents acknowledged, all of them there", acknowledged.len());
}

fn config(directory: &Path) -> Config {
    let mut config = Config::new(directory);
    (config.flush_bytes, config.flush_min_bytes, config.segment_bytes) = (20_000, 1, 15_000);
    // Nearly every flush is followed by a merge.
    config.merging.parts = 2;
    config
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Lets a process append until so many documents are acknowledged, and kills it. Gives the ids of all that it
/// had acknowledged by then.
fn kill_one(directory: &Path, round: u64, after: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--append")
        .arg(directory)
        .arg(round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        // The last line may be cut; what is cut is not counted.
        if let Some(id) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('.')) {
            acknowledged.push(id.parse().unwrap());
        }
        if acknowledged.len() == after {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= after, "the process ended by itself after {}", acknowledged.len());
    acknowledged
}

async fn append_until_killed(store: Arc<LocalStore>, round: u64) {
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for number in 0..WRITER_IDS {
                let id = round * ROUND_IDS + writer * WRITER_IDS + number;
                store.append(vec![document((id % TRACES) as u32, id, 0)]).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "ack {id}.").and_then(|()| out.flush()).unwrap();
            }
        });
    }
    tasks.spawn(async move { follow(&store).await });
    tasks.join_all().await;
}

/// A digest worker that counts documents: a trace's revision is how many it has, and so is the node's count.
async fn follow(store: &LocalStore) {
    let mut tail = store.tail(store.digested());
    loop {
        let documents = tail.next().await.unwrap();
        let mut revisions = BTreeMap::new();
        for stored in &documents {
            *revisions.entry(stored.document.trace_id).or_insert(0) += 1;
        }
        let ids: Vec<_> = revisions.keys().copied().collect();
        for known in store.digests(&ids).await.unwrap() {
            *revisions.get_mut(&known.id).unwrap() += known.revision;
        }
        let digests = revisions.into_iter().map(|(id, revision)| {
            let mut made = digest(0, revision, i64::from(revision));
            made.id = id;
            made
        });
        let commit = Commit {
            through: documents.last().map_or(Sequence(0), |last| last.sequence),
            digests: shared(digests),
            minutes: vec![row(
                at(0).minute(),
                "Default",
                Subject::Node(key("shop", None)),
                documents.len() as i64,
            )],
        };
        store.commit(commit).await.unwrap();
    }
}

async fn check(store: &LocalStore, acknowledged: &[u64]) {
    assert!(store.status().damaged.is_empty(), "{:?}", store.status().damaged);
    let mut found = BTreeMap::new();
    for trace in 0..TRACES {
        for stored in store.documents(trace_id(trace as u32)).await.unwrap() {
            *found.entry(stored.document.entity.id.0).or_insert(0) += 1;
        }
    }
    for id in acknowledged {
        assert_eq!(found.get(id), Some(&1), "document {id}");
    }
    assert!(found.values().all(|&times| times == 1), "nothing is there twice");
    assert_eq!(store.status().documents, found.len() as u64);

    // Digests and minutes say exactly what was digested, whatever was not.
    let digested = store.digested().0;
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let search = Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 1_000 };
    let page = store.search(&search).await.unwrap();
    let revisions: u64 = page.digests.iter().map(|digest| u64::from(digest.revision)).sum();
    assert_eq!(revisions, digested, "each digested document is in one digest");
    let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
    let counted: i64 = store.minutes(&query).await.unwrap().iter().map(|row| row.stats.counts.ok).sum();
    assert_eq!(counted as u64, digested, "each digested document is counted once");
    let left = found.len() as u64 - digested;
    let mut tail = store.tail(Sequence(digested));
    let mut followed = 0;
    while followed < left {
        let next = tokio::time::timeout(Duration::from_secs(30), tail.next()).await.unwrap();
        followed += next.unwrap().len() as u64;
    }
    assert_eq!(followed, left, "the tail goes on after what was digested");
}
