//! The invariants that can only be seen from inside. `tests/damage.rs` has `LS-5`, `tests/upkeep.rs` `LS-7` and `LS-8`.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use model::segment::Sequence;
use model::{TimeRange, Timestamp};
use store::conformance::sample::{digest, document, shared, trace_id, waiting};
use store::{Axis, Predicate, Share, TailCursor};

use super::super::*;
use crate::catalog::Catalog;
use crate::config::Fewest;
use crate::exchange::Exchange;
use crate::file::fault::{Fault, plan};
use crate::log::file as log_file;
use crate::log::frame::Kind;
use crate::manifest::{Manifest, Table};

/// Nothing is merged by itself, and a close writes parts.
fn config(directory: &Path) -> Config {
    let mut config = Config { flush_min_bytes: 1, ..Config::new(directory) };
    config.merging.parts = Fewest::of_all(usize::MAX);
    config
}

/// One document of a trace, digested.
async fn take(store: &LocalStore, id: u64, revision: u32) -> Result<(), StoreError> {
    store.append(vec![document(1, id, 0)]).await?;
    let through = Sequence(store.status().newest).into();
    let digests = shared([digest(1, revision, 0)]);
    store.commit(Commit { through, digests, minutes: Vec::new(), ..Commit::default() }).await
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::task::yield_now().await;
    }
}

/// Each of the revisions 1 to 3 of a trace in parts of its own.
async fn three_flushes(config: &Config) -> LocalStore {
    for revision in 1..=3 {
        let store = LocalStore::open(config.clone()).unwrap();
        take(&store, u64::from(revision), revision).await.unwrap();
        store.close().await.unwrap();
    }
    LocalStore::open(config.clone()).unwrap()
}

fn parts_of(store: &LocalStore, table: Table) -> Vec<Arc<crate::part::Part>> {
    store.core.catalog().of(table).cloned().collect()
}

/// `LS-1`: however many append at once, the log, the sequences, the buffer and a tail have one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ls_1_there_is_one_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(LocalStore::open(config(directory.path())).unwrap());
    let mut appends = tokio::task::JoinSet::new();
    for writer in 0..8_u64 {
        let store = Arc::clone(&store);
        appends.spawn(async move {
            for number in 0..40 {
                let id = 1 + writer * 100 + number * 2;
                let pair = [id, id + 1].map(|id| document(1, id, 0));
                store.append(pair.into()).await.unwrap();
            }
        });
    }
    appends.join_all().await;

    let core = &store.core;
    let mut logged = Vec::new();
    for number in core.directory.log_files().unwrap() {
        let content = log_file::read(&core.directory.log_file(number), number, true, None).unwrap();
        let documents = content.frames.iter().filter(|frame| frame.kind == Kind::Document);
        logged.extend(documents.map(|frame| (frame.sequence, frame.document().unwrap().2)));
    }
    assert_eq!(
        logged.iter().map(|(sequence, _)| sequence.0).collect::<Vec<_>>(),
        (1..=640).collect::<Vec<_>>()
    );
    let buffered: Vec<_> = core.look(|state| {
        state.active().documents().iter().map(|held| (held.sequence, held.raw.clone())).collect()
    });
    assert_eq!(buffered, logged);
    let (mut tail, mut followed) = (store.tail(Share::ONLY, &Sequence(0).into()), Vec::new());
    while followed.len() < logged.len() {
        let next = tail.next().await.unwrap();
        followed.extend(next.iter().map(|stored| (stored.place.sequence, stored.document.raw.clone())));
    }
    assert_eq!(followed, logged);
}

/// `LS-2`: whatever call fails in a flush, what the manifest names is whole, and what is shown is what it names.
#[tokio::test]
async fn ls_2_the_manifest_names_what_is_whole_and_that_is_shown() {
    for call in 0.. {
        let directory = tempfile::tempdir().unwrap();
        let store = LocalStore::open(config(&directory.path().join("data"))).unwrap();
        take(&store, 1, 1).await.unwrap();
        let planned = plan(directory.path(), call..call + 1, Fault::Broken);
        let is_sealed = store.writer.seal().await.is_ok();
        // It is tried again, and by then no call fails.
        let has_flushed = || store.core.look(|state| !state.has_sealed());
        let look = || {
            let named = Manifest::look(&store.core.directory).unwrap();
            let catalog = Catalog::new(&store.core.directory, &named);
            for table in Table::ALL {
                catalog.of(table).for_each(|part| part.verify().expect("what is named is whole"));
            }
            named.parts.len()
        };
        until("it is not flushed", || {
            // The state first: what it shows must be named by then.
            let shown =
                crate::holdings::holdings(&store.core).tables.iter().map(|table| table.pieces).sum::<u64>();
            assert!(shown <= look() as u64, "call {call}");
            store.core.flush.ring();
            has_flushed()
        })
        .await;
        assert_eq!(look(), if is_sealed { 2 } else { 0 }, "call {call}");
        let has_fired = planned.has_fired();
        drop(planned);
        if !has_fired {
            assert!(call > 5, "{call}");
            break;
        }
    }
}

/// `LS-3`: the log stays until its documents are digested, and that is durable.
#[tokio::test]
async fn ls_3_the_log_stays_until_its_documents_are_digested() {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalStore::open(config(directory.path())).unwrap();
    store.append(vec![document(1, 1, 0)]).await.unwrap();
    store.writer.seal().await.unwrap();
    assert!(store.core.next_flush().is_none(), "it is not digested");
    assert_eq!(store.core.directory.log_files().unwrap(), [1, 2]);

    let through = TailCursor::from(Sequence(store.status().newest));
    let commit = Commit {
        through: through.clone(),
        digests: shared([digest(1, 1, 0)]),
        minutes: Vec::new(),
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
    let is_gone = || store.core.directory.log_files().unwrap() == [2];
    until("the log stays", is_gone).await;
    assert_eq!(store.core.look_on_disk(|manifest| manifest.log_from), 2);
    // As after a kill: what the first file had is in parts, and the commit that covers it in the second.
    drop(store);
    let store = LocalStore::open(config(directory.path())).unwrap();
    assert_eq!(store.documents(trace_id(1)).await.unwrap().len(), 1);
    let digested = store.digested(Share::ONLY).await.unwrap().through;
    assert_eq!((digested, store.status().traces), (through, 1));
}

/// `LS-4`: of the rows of a trace only the newest counts, before and after neighbours are merged.
#[tokio::test]
async fn ls_4_only_the_newest_row_counts() {
    let directory = tempfile::tempdir().unwrap();
    three_flushes(&config(directory.path())).await.close().await.unwrap();
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let search = Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 10 };
    for (parts, merge_from) in [(3, usize::MAX), (1, 2)] {
        let mut config = config(directory.path());
        config.merging.parts = Fewest::of_all(merge_from);
        let store = LocalStore::open(config).unwrap();
        store.tidy().await.unwrap();
        let (rows, catalog) = (parts_of(&store, Table::Traces), store.core.catalog());
        assert_eq!(rows.len(), parts);
        let counting = rows.iter().map(|part| catalog.counts(part, trace_id(1)));
        assert!(counting.rev().eq((0..parts).map(|place| place == 0)), "that of the newest part counts");
        let found = store.search(&search).await.unwrap().digests;
        let known = store.digests(&[trace_id(1)]).await.unwrap();
        assert_eq!([&found, &known].map(|digests| digests[0].revision), [3, 3]);
        assert_eq!((found.len(), store.status().traces), (1, 1));
        store.close().await.unwrap();
    }
}

/// `LS-4`: parts between others do not go.
#[tokio::test]
#[should_panic(expected = "LS-4")]
async fn ls_4_what_are_no_neighbours_is_not_exchanged() {
    let directory = tempfile::tempdir().unwrap();
    let store = three_flushes(&config(directory.path())).await;
    let mut from = parts_of(&store, Table::Traces);
    from.remove(1);
    let nothing = HashSet::new;
    let exchange = Exchange { from, into: None, replacing: nothing(), lost_documents: 0, lost: nothing() };
    let _ = exchange.make(&store.core);
}

/// `LS-6`: a part that no longer counts is there for as long as somebody reads it, and not longer.
#[tokio::test]
async fn ls_6_a_part_goes_with_its_last_reader() {
    let directory = tempfile::tempdir().unwrap();
    let store = three_flushes(&config(directory.path())).await;
    let reader = store.core.catalog();
    let old = parts_of(&store, Table::Spans);
    let paths: Vec<_> =
        old.iter().map(|part| directory.path().join("parts").join(&part.entry.file)).collect();
    let pace = &mut || Ok(());
    let made = crate::upkeep::merge::write_spans(&store.core, &old, |_, _| true, pace).unwrap();
    let nothing = HashSet::new;
    Exchange { from: old, into: Some(made.entry), replacing: nothing(), lost_documents: 0, lost: nothing() }
        .make(&store.core)
        .unwrap();
    assert_eq!(parts_of(&store, Table::Spans).len(), 1, "they no longer count");
    assert!(paths.iter().all(|path| path.exists()), "they are read");
    assert_eq!(reader.documents(trace_id(1)).unwrap().len(), 3);
    drop(reader);
    assert!(!paths.iter().any(|path| path.exists()), "nobody reads them");
    assert_eq!(store.documents(trace_id(1)).await.unwrap().len(), 3);
}

/// `LS-9`: links wait on while the log files go in which they were first written.
#[tokio::test]
async fn ls_9_what_waits_is_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let links: Vec<_> = (1..=3).map(|sender| waiting(Share::ONLY, 1, sender)).collect();
    let store = LocalStore::open(config.clone()).unwrap();
    store.append(vec![document(1, 1, 0)]).await.unwrap();
    let through = TailCursor::from(Sequence(store.status().newest));
    store.commit(Commit { through, awaited: links.clone(), ..Commit::default() }).await.unwrap();
    let mut log_from = 0;
    for revision in 2..=4 {
        take(&store, revision, revision as u32).await.unwrap();
        store.writer.seal().await.unwrap();
        store.core.flush.ring();
        until("it is not flushed", || !store.core.look(State::has_sealed)).await;
        let now = store.core.look_on_disk(|manifest| manifest.log_from);
        assert!(now > log_from, "the log goes");
        log_from = now;
        assert_eq!(store.awaited(Share::ONLY).await.unwrap(), links);
    }
    // As after a crash: nothing is written on the way out.
    drop(store);
    let store = LocalStore::open(config).unwrap();
    assert_eq!(store.awaited(Share::ONLY).await.unwrap(), links);
}
