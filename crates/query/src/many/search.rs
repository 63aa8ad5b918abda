//! A search over stored digests: the store prunes, the evaluator decides, pages until enough is found.

use std::sync::Arc;

use model::{TimeRange, TraceDigest};
use store::{Axis, Cursor, Predicate, Search, StoreError, TraceStore};

use crate::filter::Filter;

/// Digests of one page of the store at most. Large enough to make the cost of a page small beside that of
/// its digests, small enough that a page of large ones is a few megabytes.
const PAGE: usize = 500;
/// Of a visit, whose pages grow up to this: each page looks anew at what is in memory and at the parts of the range.
const VISIT_PAGE: usize = 8 * PAGE;
/// And not where its digests take more than this.
const VISIT_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// What is looked for, and how far.
#[derive(Debug, Clone, Copy)]
pub struct Hunt<'a> {
    pub range: TimeRange,
    pub axis: Axis,
    pub filter: &'a Filter,
    /// Where an earlier search ended.
    pub after: Option<Cursor>,
    /// It ends with the page of the store that brings so many; that may bring some more.
    pub wanted: usize,
    /// Or with the page after which so many traces were looked at.
    pub limit: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Newest first.
    pub digests: Vec<Arc<TraceDigest>>,
    /// How many traces of the range were looked at.
    pub scanned: u64,
    /// Where to go on; `None` once the whole range was looked at.
    pub next: Option<Cursor>,
}

/// How far a [`visit`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visited {
    pub matched: u64,
    pub scanned: u64,
    /// Those that do not match by the annotations that their digests have room for, and might by others.
    pub undecided: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// The last trace that was looked at, where it is not complete: everything newer is in, nothing older.
    pub reached: Option<Cursor>,
}

/// Finds matching traces that `admit` lets in, to the end of the range or as far as the hunt goes.
pub async fn search(
    store: &dyn TraceStore,
    hunt: Hunt<'_>,
    admit: impl Fn(&TraceDigest) -> bool + Send,
) -> Result<Found, StoreError> {
    let Hunt { range, axis, filter, after, wanted, limit } = hunt;
    let mut query = Search { range, axis, predicate: filter.predicate(), after, limit: PAGE };
    let mut found = Found::default();
    // Most of what a store lets through matches, and more than what is missing would be read for nothing. Where little
    // does, pages grow.
    let mut share = 1;
    loop {
        let missing = wanted.saturating_sub(found.digests.len());
        query.limit = missing.saturating_mul(share).clamp(1, PAGE);
        share *= 2;
        let page = store.search(&query).await?;
        found.scanned += page.scanned;
        let matching = page.digests.into_iter().filter(|digest| filter.matches(digest) && admit(digest));
        found.digests.extend(matching);
        found.next = page.next;
        if page.next.is_none() || found.digests.len() >= wanted || found.scanned >= limit {
            return Ok(found);
        }
        query.after = page.next;
    }
}

/// Which traces are visited.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    pub range: TimeRange,
    pub axis: Axis,
    pub filter: &'a Filter,
}

/// Shows every matching trace of the range to `see`, newest first, until `scan_limit` traces were looked at.
pub async fn visit(
    store: &dyn TraceStore,
    visit: Visit<'_>,
    scan_limit: u64,
    see: impl FnMut(&Arc<TraceDigest>) + Send,
) -> Result<Visited, StoreError> {
    visit_while(store, visit, |scanned| scanned < scan_limit, see).await
}

/// As [`visit`], as long as `goes_on` says so; it is asked after each page, with the number of traces looked at.
pub async fn visit_while(
    store: &dyn TraceStore,
    visit: Visit<'_>,
    goes_on: impl FnMut(u64) -> bool + Send,
    see: impl FnMut(&Arc<TraceDigest>) + Send,
) -> Result<Visited, StoreError> {
    visit_those(store, visit, Predicate::Any, goes_on, see).await
}

/// As [`visit_while`], without those of which the store knows that the condition does not hold. Some others may be among them.
pub async fn visit_those(
    store: &dyn TraceStore,
    visit: Visit<'_>,
    condition: Predicate,
    mut goes_on: impl FnMut(u64) -> bool + Send,
    mut see: impl FnMut(&Arc<TraceDigest>) + Send,
) -> Result<Visited, StoreError> {
    let Visit { range, axis, filter } = visit;
    let predicate = match condition {
        Predicate::Any => filter.predicate(),
        condition => Predicate::And(vec![condition, filter.predicate()]),
    };
    let mut query = Search { range, axis, predicate, after: None, limit: PAGE };
    let mut visited = Visited { matched: 0, scanned: 0, undecided: 0, complete: false, reached: None };
    loop {
        let page = store.search(&query).await?;
        visited.scanned += page.scanned;
        for digest in &page.digests {
            if filter.matches(digest) {
                visited.matched += 1;
                see(digest);
            } else if filter.is_undecided(digest) {
                visited.undecided += 1;
            }
        }
        let bytes: usize = page.digests.iter().map(|digest| digest.memory_bytes()).sum();
        let fitting = VISIT_PAGE_BYTES / (bytes / page.digests.len().max(1)).max(1);
        query.limit = (query.limit * 2).min(fitting).clamp(1, VISIT_PAGE);
        visited.complete = page.next.is_none();
        visited.reached = page.next;
        if visited.complete || !goes_on(visited.scanned) {
            return Ok(visited);
        }
        query.after = page.next;
    }
}

#[cfg(test)]
mod tests {
    use model::TraceId;
    use model::segment::Sequence;
    use store::Commit;
    use store::memory::MemoryStore;

    use super::*;
    use crate::testing::{at, blank_digest};

    /// Traces of one second each, every third of a user.
    async fn store_of(traces: u32) -> MemoryStore {
        let store = MemoryStore::new();
        let digests = (0..traces).map(|index| {
            let mut digest = blank_digest();
            digest.id = TraceId(u128::from(index).to_be_bytes());
            digest.start = at(f64::from(index));
            digest.users = if index % 3 == 0 { vec![format!("user {index}")] } else { Vec::new() };
            Arc::new(digest)
        });
        let commit = Commit {
            through: Sequence(0).into(),
            digests: digests.collect(),
            minutes: Vec::new(),
            ..Commit::default()
        };
        store.commit(commit).await.unwrap();
        store
    }

    async fn find(
        store: &MemoryStore,
        filter: &str,
        after: Option<Cursor>,
        wanted: usize,
        limit: u64,
    ) -> Found {
        let range = TimeRange::new(at(0.0), at(1e6));
        let filter = &filter.parse().unwrap();
        search(store, Hunt { range, axis: Axis::Start, filter, after, wanted, limit }, |_| true)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn an_empty_filter_brings_exactly_what_is_wanted_and_goes_on_from_there() {
        let store = store_of(30).await;
        let first = find(&store, "", None, 20, 1_000).await;
        assert_eq!((first.digests.len(), first.scanned), (20, 20));
        let rest = find(&store, "", first.next, 20, 1_000).await;
        assert_eq!((rest.digests.len(), rest.next), (10, None));
        assert!(rest.digests[0].start < first.digests[19].start);
    }

    #[tokio::test]
    async fn pages_are_read_until_enough_matches_were_found() {
        let store = store_of(3 * PAGE as u32).await;
        let found = find(&store, "!user", None, 400, 1_000_000).await;
        assert!(found.digests.len() >= 400 && found.digests.iter().all(|digest| digest.users.is_empty()));
        assert!(found.digests.is_sorted_by(|newer, older| newer.start > older.start));
        let rest = find(&store, "!user", found.next, 10_000, 1_000_000).await;
        assert_eq!(found.digests.len() + rest.digests.len(), 2 * PAGE);
        assert_eq!(rest.next, None);
    }

    #[tokio::test]
    async fn who_is_not_let_in_does_not_count_towards_what_is_wanted() {
        let store = store_of(3 * PAGE as u32).await;
        let filter = &Filter::default();
        let range = TimeRange::new(at(0.0), at(1e6));
        let hunt = Hunt { range, axis: Axis::Start, filter, after: None, wanted: 400, limit: u64::MAX };
        let found = search(&store, hunt, |digest| !digest.users.is_empty()).await.unwrap();
        assert!(found.digests.len() >= 400, "{}", found.digests.len());
        assert!(found.digests.iter().all(|digest| !digest.users.is_empty()));
    }

    #[tokio::test]
    async fn a_search_stops_at_its_scan_limit_and_says_where() {
        let store = store_of(3 * PAGE as u32).await;
        let found = find(&store, r#"user = "nobody""#, None, 1, 10).await;
        assert!(found.digests.is_empty());
        assert!(found.scanned >= 10);
        let rest = find(&store, r#"user = "user 0""#, found.next, 1, 1_000_000).await;
        assert_eq!(rest.digests.len(), 1);
    }

    #[tokio::test]
    async fn a_visit_sees_every_match_once() {
        let store = store_of(3 * PAGE as u32).await;
        let range = TimeRange::new(at(0.0), at(1e6));
        let filter: Filter = "!user".parse().unwrap();
        let mut seen = Vec::new();
        let all = Visit { range, axis: Axis::Start, filter: &filter };
        let visited = visit(&store, all, 1_000_000, |digest| seen.push(digest.id)).await.unwrap();
        let expected = Visited {
            matched: 2 * PAGE as u64,
            scanned: visited.scanned,
            undecided: 0,
            complete: true,
            reached: None,
        };
        assert_eq!(visited, expected);
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2 * PAGE);
    }

    #[tokio::test]
    async fn traces_with_more_annotations_than_a_digest_keeps_are_told_of() {
        let store = MemoryStore::new();
        let digests = [false, true].into_iter().zip(0..).map(|(annotations_cut, index)| {
            let id = TraceId(u128::from(index as u32).to_be_bytes());
            Arc::new(TraceDigest { id, annotations_cut, ..blank_digest() })
        });
        let commit = Commit { through: Sequence(0).into(), digests: digests.collect(), ..Commit::default() };
        store.commit(commit).await.unwrap();
        let range = TimeRange::new(at(-1e6), at(1e6));
        for (filter, undecided) in [
            (r#"annotation.k = "v""#, 1),
            (r#"service("web") { annotation.k OR fault }"#, 0),
            ("annotation.k OR fault", 1),
            ("annotation.k AND fault", 0),
            ("fault", 0),
        ] {
            let filter = &filter.parse().unwrap();
            let visited =
                visit(&store, Visit { range, axis: Axis::Start, filter }, 1_000, |_| {}).await.unwrap();
            assert_eq!((visited.matched, visited.undecided), (0, undecided), "{filter}");
        }
    }

    #[tokio::test]
    async fn a_visit_that_was_cut_short_says_so() {
        let store = store_of(3 * PAGE as u32).await;
        let range = TimeRange::new(at(0.0), at(1e6));
        let all = Visit { range, axis: Axis::Start, filter: &Filter::default() };
        let visited = visit(&store, all, 1, |_| {}).await.unwrap();
        assert!(!visited.complete && visited.matched > 0);
    }
}
