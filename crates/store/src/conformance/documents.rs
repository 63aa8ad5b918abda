//! Documents: what was appended is there, once an append, in order of receipt.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use model::{EntityId, StoredDocument, TraceId};

use super::sample::{document, trace_id};
use super::{Bench, Place};
use crate::{NewDocument, Span, TailCursor};

pub async fn appended_documents_are_found_and_followed_at_once(place: &dyn Place) {
    let bench = Bench::open(place).await;
    bench.append(vec![document(1, 1, 0), document(2, 2, 0)]).await;
    check(&bench, 1, &[1]).await;
    check(&bench, 2, &[2]).await;
    for trace in [1, 2] {
        let mut tail = bench.store.tail(bench.store.share_of(trace_id(trace)), &TailCursor::default());
        let followed = tail.next().await.expect("the tail is open");
        assert!(followed.iter().any(|found| found.document.entity.id.0 == u64::from(trace)));
    }
}

pub async fn documents_keep_their_order_of_receipt(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    // By start time, by id and by receipt they would stand otherwise.
    for batch in [[(9, 50), (3, 90)], [(7, 10), (1, 40)]] {
        bench.append(batch.into_iter().map(|(id, second)| document(1, id, second)).collect()).await;
    }
    for round in 0..3 {
        check(&bench, 1, &[9, 3, 7, 1]).await;
        assert_eq!(bench.newest(), 4);
        bench.age(round).await;
    }
    // After all of them by the clock too, since lanes are ordered by that.
    bench.append(vec![document(1, 5, 91)]).await;
    check(&bench, 1, &[9, 3, 7, 1, 5]).await;
}

pub async fn a_trace_is_read_in_spans_of_bounded_size(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    for batch in [[9, 3], [7, 1]] {
        bench.append(batch.into_iter().map(|id| document(1, id, 0)).collect()).await;
    }
    for round in 0..3 {
        let mut span = Span { after: None, bytes: 1 };
        for (id, left) in [(9, 3), (3, 2), (7, 1), (1, 0)] {
            let found = bench.store.beginning(trace_id(1), span).await.expect("read a trace");
            let ids: Vec<u64> = found.documents.iter().map(|found| found.document.entity.id.0).collect();
            assert_eq!((ids, found.left_out), (vec![id], left));
            span.after = Some(found.documents[0].place);
        }
        let whole = bench.store.beginning(trace_id(1), Span { after: None, bytes: 1 << 20 }).await;
        let whole = whole.expect("read a trace");
        assert_eq!((whole.documents.len(), whole.left_out), (4, 0));
        bench.age(round).await;
    }
}

pub async fn documents_come_back_byte_for_byte(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let sent = document(1, 77, 12);
    bench.append(vec![sent.clone()]).await;
    for round in 0..3 {
        let found = check(&bench, 1, &[77]).await;
        assert_eq!(found[0].document.raw, sent.document.raw);
        assert_eq!(found[0].document.trace_id, sent.document.trace_id);
        assert_eq!(found[0].document.kind, sent.document.kind);
        assert_eq!(found[0].document.entity.name, sent.document.entity.name);
        assert_eq!(found[0].document.entity.end, sent.document.entity.end);
        assert_eq!(found[0].received, sent.received);
        bench.age(round).await;
    }
}

pub async fn duplicates_are_kept(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    bench.append(vec![document(1, 1, 0), document(1, 1, 0)]).await;
    bench.age(1).await;
    bench.append(vec![document(1, 1, 0)]).await;
    for round in 0..3 {
        check(&bench, 1, &[1, 1, 1]).await;
        bench.age(round).await;
    }
}

pub async fn late_document_joins_its_trace(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    bench.append(vec![document(1, 1, 0)]).await;
    bench.age(1).await;
    for trace in 2..200 {
        bench.append(vec![document(trace, 1, 1)]).await;
    }
    bench.append(vec![document(1, 2, 90_000)]).await;
    for round in 0..3 {
        check(&bench, 1, &[1, 2]).await;
        check(&bench, 150, &[1]).await;
        bench.age(round).await;
    }
}

pub async fn unknown_ids_give_nothing(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    for round in 0..3 {
        for unknown in [trace_id(404), TraceId([0; 16]), TraceId([255; 16])] {
            assert!(bench.store.documents(unknown).await.expect("the store is open").is_empty());
            assert!(bench.store.digests(&[unknown]).await.expect("the store is open").is_empty());
        }
        bench.append(vec![document(1, 1, 0)]).await;
        bench.age(round).await;
    }
}

pub async fn many_traces_are_read_at_once(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    for trace in 1..=40 {
        bench.append(vec![document(trace, 1, 0), document(trace, 2, 1)]).await;
    }
    // What follows is partly where it stays and partly new.
    bench.age(1).await;
    bench.append(vec![document(7, 3, 2)]).await;
    for round in 0..3 {
        let asked = [40, 7, 404, 1, 7].map(trace_id);
        let found = bench.store.documents_of(&asked).await.expect("the documents can be read");
        let ids = |found: &Vec<std::sync::Arc<StoredDocument>>| {
            found.iter().map(|stored| stored.document.entity.id.0).collect::<Vec<_>>()
        };
        let expected: [&[u64]; 5] = [&[1, 2], &[1, 2, 3], &[], &[1, 2], &[1, 2, 3]];
        assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), expected);
        for (id, found) in asked.into_iter().zip(&found) {
            assert!(found.iter().all(|stored| stored.document.trace_id == id));
        }
        assert!(bench.store.documents_of(&[]).await.expect("the store is open").is_empty());
        bench.age(round).await;
    }
}

pub async fn appending_nothing_changes_nothing(place: &dyn Place) {
    let bench = Bench::open(place).await;
    bench.append(Vec::new()).await;
    assert_eq!(bench.newest(), 0);
    bench.append(vec![document(1, 1, 0)]).await;
    bench.append(Vec::new()).await;
    assert_eq!(bench.newest(), 1);
}

pub async fn appends_at_the_same_time_lose_nothing(place: &dyn Place) {
    const WRITERS: u32 = 8;
    const BATCHES: u64 = 20;
    let mut bench = Bench::open(place).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = std::sync::Arc::clone(&bench.store);
        writers.spawn(async move {
            for batch in 0..BATCHES {
                let documents: Vec<NewDocument> =
                    (0..3).map(|place| document(writer, batch * 3 + place + 1, 0)).collect();
                store.append(documents).await.expect("the documents are taken");
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("no writer fails");
    }
    for writer in 0..WRITERS {
        bench.will_append(&(0..BATCHES * 3).map(|id| document(writer, id, 0)).collect::<Vec<_>>());
    }
    let expected: Vec<u64> = (1..=BATCHES * 3).collect();
    for round in 0..3 {
        for writer in 0..WRITERS {
            check(&bench, writer, &expected).await;
        }
        assert_eq!(bench.newest(), u64::from(WRITERS) * BATCHES * 3);
        bench.age(round).await;
    }
}

pub async fn status_tells_what_is_kept(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    assert_eq!(bench.store.status().documents, 0);
    assert_eq!(bench.store.status().newest_received, None);
    bench.append(vec![document(1, 1, 0), document(2, 2, 5)]).await;
    for round in 0..3 {
        let status = bench.store.status();
        assert_eq!((status.documents, status.newest), (2, 2));
        assert_eq!(status.newest_received, Some(super::sample::at(5)));
        assert!(status.damaged.is_empty());
        bench.age(round).await;
    }
}

pub async fn status_has_what_was_acknowledged_before_its_age(place: &dyn Place) {
    let bench = Bench::open(place).await;
    for number in 1..=3 {
        bench.append(vec![document(1, number, 0)]).await;
        let acknowledged = Instant::now();
        let status = loop {
            let status = bench.store.status();
            if status.age <= acknowledged.elapsed() {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!((status.documents, status.newest), (number, number));
    }
}

pub async fn holdings_tell_what_is_kept(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let before = bench.store.holdings().await.expect("the store is open");
    assert_eq!(before.oldest_received, None);
    bench.append(vec![document(1, 1, 9), document(2, 2, 5)]).await;
    for round in 0..3 {
        let holdings = bench.store.holdings().await.expect("the store is open");
        assert!(holdings.bytes > before.bytes, "{holdings:?}");
        assert!(holdings.oldest_received.is_none_or(|oldest| oldest == super::sample::at(5)), "{holdings:?}");
        let of_tables: u64 = holdings.tables.iter().map(|table| table.bytes).sum();
        assert!(of_tables <= holdings.bytes, "{holdings:?}");
        let names: BTreeSet<&str> = holdings.facts.iter().map(|fact| fact.name).collect();
        assert_eq!(names.len(), holdings.facts.len(), "{holdings:?}");
        bench.age(round).await;
    }
}

/// Checks which documents a trace has, in which order.
async fn check(bench: &Bench<'_>, trace: u32, expected: &[u64]) -> Vec<std::sync::Arc<StoredDocument>> {
    let found = bench.store.documents(trace_id(trace)).await.expect("the documents can be read");
    assert_eq!(
        found.iter().map(|found| found.document.entity.id).collect::<Vec<_>>(),
        expected.iter().copied().map(EntityId).collect::<Vec<_>>(),
        "trace {trace}"
    );
    assert!(found.is_sorted_by(|one, next| one.place < next.place));
    found
}
