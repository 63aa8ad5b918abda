//! Searches: order, ranges, pages and predicates.

use std::collections::BTreeSet;

use model::digest::AnnotationSet;
use model::property::{Comparator, Flag, Number, Text, TextMatch};
use model::segment::{Annotation, AnnotationValue};
use model::{Coarse, Micros, TimeRange, Timestamp, TraceDigest, TraceId};

use super::sample::{at, digest, rich_digest, shared, trace_id};
use super::{Bench, Place};
use crate::{Axis, Cursor, Predicate, Search};

const ALWAYS: TimeRange = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };

pub async fn search_goes_from_new_to_old(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, [digest(1, 1, 30), digest(2, 1, 10), digest(3, 1, 20), digest(4, 1, 20)]).await;
    for _ in 0..2 {
        // Equal times go by id, descending.
        check(&bench, ALWAYS, Axis::Start, &[1, 4, 3, 2]).await;
        bench.restart().await;
    }
}

pub async fn range_takes_its_start_and_not_its_end(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, [digest(1, 1, 10), digest(2, 1, 20), digest(3, 1, 30)]).await;
    for _ in 0..2 {
        check(&bench, TimeRange::new(at(10), at(30)), Axis::Start, &[2, 1]).await;
        check(&bench, TimeRange::new(at(10), at(10)), Axis::Start, &[]).await;
        check(&bench, TimeRange::new(at(30), at(10)), Axis::Start, &[]).await;
        check(&bench, TimeRange::new(Timestamp(at(10).0 + 1), at(31)), Axis::Start, &[3, 2]).await;
        bench.restart().await;
    }
}

pub async fn each_axis_selects_by_its_own_time(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let mut long = digest(1, 1, 0);
    (long.end, long.last_received) = (Some(at(500)), at(90));
    let mut open = digest(2, 1, 50);
    (open.end, open.last_received) = (None, at(700));
    let short = digest(3, 1, 300);
    commit(&bench, [long, open, short]).await;
    for _ in 0..2 {
        check(&bench, ALWAYS, Axis::Start, &[3, 2, 1]).await;
        check(&bench, ALWAYS, Axis::Received, &[2, 3, 1]).await;
        check(&bench, ALWAYS, Axis::End, &[1, 3]).await;
        check(&bench, TimeRange::new(at(80), at(310)), Axis::Start, &[3]).await;
        check(&bench, TimeRange::new(at(80), at(310)), Axis::Received, &[3, 1]).await;
        check(&bench, TimeRange::new(at(80), at(310)), Axis::End, &[3]).await;
        bench.restart().await;
    }
}

pub async fn pages_are_complete_and_disjoint(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    // Several share a second, so that pages end between equal times too.
    for trace in 0..60 {
        commit(&bench, [digest(trace, 1, i64::from(trace % 13))]).await;
    }
    let mut expected: Vec<u32> = (0..60).collect();
    expected.sort_by_key(|trace| std::cmp::Reverse((trace % 13, *trace)));
    let expected: Vec<TraceId> = expected.into_iter().map(trace_id).collect();
    for _ in 0..2 {
        for limit in [1, 7, 59, 60, 1_000] {
            let search =
                Search { range: ALWAYS, axis: Axis::Start, predicate: Predicate::Any, after: None, limit };
            assert_eq!(ids(&walk(&bench, search).await), expected, "pages of {limit}");
        }
        bench.restart().await;
    }
}

pub async fn pages_stay_in_step_while_traces_arrive(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, (0..40).map(|trace| digest(trace, 1, i64::from(trace)))).await;
    let mut search =
        Search { range: ALWAYS, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 6 };
    let mut found = Vec::new();
    for round in 0..100 {
        let page = bench.store.search(&search).await.expect("the search succeeds");
        found.extend(page.digests.iter().map(|digest| digest.id));
        search.after = page.next;
        if page.next.is_none() {
            break;
        }
        // Newer than all that was seen: they belong to a later search.
        commit(&bench, [digest(1_000 + round, 1, 1_000 + i64::from(round))]).await;
        bench.restart().await;
    }
    let expected: Vec<TraceId> = (0..40).rev().map(trace_id).collect();
    assert_eq!(found, expected);
}

pub async fn every_predicate_lets_through_what_it_describes(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let mut rootless = digest(3, 1, 3);
    (rootless.root, rootless.end, rootless.is_partial) = (None, None, true);
    let mut nameless = rich_digest(5, 1, 5);
    nameless.root.as_mut().expect("the sample has a root").http = Default::default();
    let digests =
        [digest(1, 1, 1), rich_digest(2, 1, 2), rootless, rich_digest(4, 1, 4), nameless, digest(6, 1, 6)];
    commit(&bench, digests.clone()).await;
    for _ in 0..2 {
        for predicate in predicates() {
            let expected: BTreeSet<TraceId> =
                digests.iter().filter(|digest| predicate.may_match(digest)).map(|digest| digest.id).collect();
            let search = Search {
                range: ALWAYS,
                axis: Axis::Start,
                predicate: predicate.clone(),
                after: None,
                limit: 2,
            };
            let found: BTreeSet<TraceId> = ids(&walk(&bench, search).await).into_iter().collect();
            let missed: Vec<_> = expected.difference(&found).collect();
            assert!(missed.is_empty(), "{predicate:?} leaves out {missed:?}");
        }
        bench.restart().await;
    }
}

/// However many a trace has, whichever of them is asked for: nothing is missed and nobody else is found.
pub async fn every_annotation_is_found(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let sizes = [10, 110, 2_000];
    let annotation = |trace: u32, number: u32| {
        // Keys and values are shared by traces; the pairs are each trace's own.
        let value = format!("value {}", (number + trace * 7) % 2_003);
        Annotation { key: format!("key {}", number % 97), value: AnnotationValue::String(value) }
    };
    let digests = sizes.into_iter().zip(1..).map(|(size, trace)| {
        let mut digest = digest(trace, 1, i64::from(trace));
        digest.annotations = (0..size).map(|number| annotation(trace, number)).collect();
        digest.annotation_sets = vec![AnnotationSet { node: Some(0), count: size }];
        digest
    });
    let digests: Vec<TraceDigest> = digests.collect();
    commit(&bench, digests.clone()).await;
    for _ in 0..2 {
        for (size, trace) in sizes.into_iter().zip(1..) {
            for number in (0..size).step_by(1 + size as usize / 60) {
                let Annotation { key, value } = annotation(trace, number);
                let predicate = Predicate::Annotation { key, value: value.to_string() };
                let matching = digests.iter().rev().filter(|digest| predicate.may_match(digest));
                let expected: Vec<TraceId> = matching.map(|digest| digest.id).collect();
                let search = Search { range: ALWAYS, axis: Axis::Start, predicate, after: None, limit: 2 };
                assert_eq!(ids(&walk(&bench, search).await), expected, "{number} of {size}");
            }
        }
        let found: Vec<TraceId> = digests.iter().map(|digest| digest.id).collect();
        let found = bench.store.digests(&found).await.expect("digests are read");
        assert!(found.iter().zip(&digests).all(|(found, digest)| **found == *digest));
        bench.restart().await;
    }
}

/// At least one of each kind that holds somewhere, and one that holds nowhere.
fn predicates() -> Vec<Predicate> {
    use Flag::{Error, Fault, Ok, Partial, Throttle};
    use Number::{Duration, HttpStatus, ResponseTime, SelfTime};
    let mut all =
        vec![Predicate::Any, Predicate::And(Vec::new()), Predicate::Or(Vec::new()), Predicate::HasException];
    for flag in [Ok, Error, Throttle, Fault, Partial] {
        all.extend([true, false].map(|wanted| Predicate::Flag(flag, wanted)));
    }
    let own = Coarse::of(Micros::from_secs(2)).micros().as_seconds();
    let numbers =
        [(ResponseTime, 2.5), (ResponseTime, 1.0), (Duration, 3.0), (SelfTime, own), (HttpStatus, 429.0)];
    for (field, value) in numbers {
        use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        for comparison in [Equal, Less, LessOrEqual, Greater, GreaterOrEqual] {
            all.push(Predicate::Number(field, comparison, value));
        }
    }
    let texts = [
        (Text::HttpUrl, "http://shop/pay?n=\"1\""),
        (Text::HttpMethod, "POST"),
        (Text::UserAgent, "curl/8"),
        (Text::ClientIp, "192.0.2.7"),
        (Text::User, "bob"),
    ];
    for (field, text) in texts {
        for (how, text) in [
            (TextMatch::Equal, text),
            (TextMatch::Contains, &text[1..text.len() - 1]),
            (TextMatch::Contains, ""),
            (TextMatch::BeginsWith, &text[..2]),
            (TextMatch::EndsWith, &text[2..]),
            (TextMatch::Equal, "nothing of the kind"),
        ] {
            all.push(Predicate::Text(field, how, text.to_owned()));
        }
    }
    let node = |name: Option<&str>, kind: Option<&str>, account: Option<&str>| Predicate::Node {
        name: name.map(str::to_owned),
        kind: kind.map(str::to_owned),
        account: account.map(str::to_owned),
    };
    all.extend([
        node(Some("bank"), None, None),
        node(Some("bank.example"), Some("remote"), None),
        node(None, Some("remote"), None),
        node(None, None, Some("111122223333")),
        node(Some("shop"), Some("AWS::EC2::Instance"), None),
        node(None, None, None),
        node(Some("nobody"), None, None),
    ]);
    for (key, value) in
        [("tenant", "a=b"), ("size", "12.5"), ("size", "12.50"), ("paid", "true"), ("no", "x")]
    {
        all.push(Predicate::HasAnnotation(key.to_owned()));
        all.push(Predicate::Annotation { key: key.to_owned(), value: value.to_owned() });
    }
    all.push(Predicate::And(vec![Predicate::Flag(Error, true), Predicate::HasAnnotation("paid".to_owned())]));
    all.push(Predicate::Or(vec![Predicate::Flag(Fault, true), node(Some("bank"), None, None)]));
    all
}

async fn commit(bench: &Bench<'_>, digests: impl IntoIterator<Item = TraceDigest>) {
    bench.commit(shared(digests), Vec::new()).await;
}

/// All pages of a search, each checked against the promises of [`Search`].
async fn walk(bench: &Bench<'_>, mut search: Search) -> Vec<Cursor> {
    let mut found: Vec<Cursor> = Vec::new();
    for _ in 0..1_000 {
        let page = bench.store.search(&search).await.expect("the search succeeds");
        assert!(page.digests.len() <= search.limit, "a page holds no more than its limit");
        assert!(page.scanned >= page.digests.len() as u64);
        for digest in &page.digests {
            let place = search.axis.place(digest).expect("only digests with a time are found");
            assert!(search.range.contains(place.time));
            assert!(found.last().is_none_or(|last| place < *last), "the order is strictly descending");
            found.push(place);
        }
        search.after = page.next;
        if page.next.is_none() {
            return found;
        }
    }
    panic!("the search does not end");
}

async fn check(bench: &Bench<'_>, range: TimeRange, axis: Axis, expected: &[u32]) {
    let search = Search { range, axis, predicate: Predicate::Any, after: None, limit: 3 };
    let expected: Vec<_> = expected.iter().copied().map(trace_id).collect();
    assert_eq!(ids(&walk(bench, search).await), expected, "{axis:?} {range:?}");
}

fn ids(places: &[Cursor]) -> Vec<TraceId> {
    places.iter().map(|place| place.id).collect()
}
