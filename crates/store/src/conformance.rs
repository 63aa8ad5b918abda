//! The battery that every backend passes.
//!
//! A backend writes a [`Place`], an expression that makes a fresh one, and
//! `store::conformance_tests!(fresh())`. Every behaviour becomes a test of its own. Where the place persists,
//! each is looked at once more after the store was closed and opened again.
//!
//! What is compared with what: `search` with [`Predicate::may_match`](crate::Predicate::may_match), all
//! else with what was put in.

pub mod abilities;
pub mod commits;
pub mod documents;
pub mod minutes;
pub mod sample;
pub mod searches;
pub mod tails;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use model::TraceDigest;
use model::minute::MinuteRow;
use parking_lot::Mutex;

use self::sample::{document, trace_id};
use crate::{Commit, Lease, NewDocument, Share, StoreError, TailCursor, TraceStore};

/// Where a store keeps what it is given. A fresh one is empty.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the store at this place; again after `close`, with what was kept.
    async fn open(&self) -> Result<Arc<dyn TraceStore>, StoreError>;

    /// Whether a store that is opened again has what the last one had.
    fn persists(&self) -> bool;
}

/// Makes a `#[tokio::test]` of each behaviour. The expression gives a fresh [`Place`] each time.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh:expr) => {
        $crate::conformance_tests!(@tests $fresh;
            documents: appended_documents_are_found_and_followed_at_once
            documents: documents_keep_their_order_of_receipt
            documents: documents_come_back_byte_for_byte
            documents: duplicates_are_kept
            documents: late_document_joins_its_trace
            documents: unknown_ids_give_nothing
            documents: many_traces_are_read_at_once
            documents: appending_nothing_changes_nothing
            documents: appends_at_the_same_time_lose_nothing
            documents: status_tells_what_is_kept
            documents: status_has_what_was_acknowledged_before_its_age
            documents: holdings_tell_what_is_kept
            abilities: what_an_engine_cannot_do_it_does_not_show
            abilities: a_second_process_is_let_in_or_refused
            tails: tail_waits_for_the_next_document
            tails: a_wait_that_is_given_up_loses_nothing
            documents: a_trace_is_read_in_spans_of_bounded_size
            tails: tail_begins_after_any_document
            tails: shares_have_each_its_documents
            tails: tail_gives_everything_and_then_says_closed
            tails: tail_goes_on_from_digested_after_a_restart
            tails: calls_after_close_are_refused
            commits: commit_is_visible_at_once
            commits: newest_revision_wins
            commits: superseded_revision_is_never_found
            commits: digests_come_in_the_order_asked
            commits: digested_survives_a_restart
            commits: digest_comes_back_whole
            commits: every_commit_changes_the_pulse
            commits: links_wait_until_they_are_answered
            commits: commits_without_the_lease_are_fenced
            searches: search_goes_from_new_to_old
            searches: range_takes_its_start_and_not_its_end
            searches: each_axis_selects_by_its_own_time
            searches: pages_are_complete_and_disjoint
            searches: pages_stay_in_step_while_traces_arrive
            searches: every_annotation_is_found
            searches: every_predicate_lets_through_what_it_describes
            minutes: rows_of_one_key_are_summed
            minutes: a_row_of_which_nothing_is_left_is_not_given
            minutes: subjects_select_rows
            minutes: range_takes_every_minute_it_touches
            minutes: groups_are_kept_apart
        );
    };
    (@tests $fresh:expr; $($module:ident: $behaviour:ident)*) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                let place = $fresh;
                $crate::conformance::$module::$behaviour(&place).await;
            }
        )*
    };
}

/// An open store, where it is, and how much of it was digested: what a place with several shares needs to be looked at like
/// one with a single one.
struct Bench<'a> {
    place: &'a dyn Place,
    store: Arc<dyn TraceStore>,
    /// Documents of each share that no commit has read.
    unread: Mutex<BTreeMap<Share, u64>>,
}

/// Documents of traces from here on are there to be read by commits.
const FIRST_FILLER: u32 = 1_000_000;

impl<'a> Bench<'a> {
    async fn open(place: &'a dyn Place) -> Self {
        let store = place.open().await.expect("a fresh place can be opened");
        Self { place, store, unread: Mutex::default() }
    }

    /// Closes the store and opens it again where that keeps anything.
    async fn restart(&mut self) {
        if self.place.persists() {
            self.store.close().await.expect("the store can be closed");
            self.store = self.place.open().await.expect("the place can be opened again");
        }
    }

    /// One step in the life of what was appended: first the store is opened again as it is, later after the
    /// digest worker has read everything, so that a backend may move it to where it stays.
    async fn age(&mut self, round: usize) {
        let shares: Vec<Share> = self.unread.lock().keys().copied().collect();
        for share in shares.into_iter().filter(|_| round > 0) {
            self.commit_share(share, Commit::default()).await;
        }
        self.restart().await;
    }

    async fn append(&self, documents: Vec<NewDocument>) {
        self.will_append(&documents);
        self.store.append(documents).await.expect("the documents are taken");
    }

    fn will_append(&self, documents: &[NewDocument]) {
        let mut unread = self.unread.lock();
        for new in documents {
            *unread.entry(self.store.share_of(new.document.trace_id)).or_default() += 1;
        }
    }

    /// As workers do: each share by itself, and no commit without documents.
    async fn commit(&self, digests: Vec<Arc<TraceDigest>>, mut minutes: Vec<MinuteRow>) {
        let mut by_share: BTreeMap<Share, Vec<Arc<TraceDigest>>> = BTreeMap::new();
        for digest in digests {
            by_share.entry(self.store.share_of(digest.id)).or_default().push(digest);
        }
        if by_share.is_empty() {
            by_share.insert(self.lease(None).share, Vec::new());
        }
        for (share, digests) in by_share {
            let minutes = std::mem::take(&mut minutes);
            self.commit_filled(share, Commit { digests, minutes, ..Commit::default() }).await;
        }
    }

    /// With a document of the share, as every commit has one.
    async fn commit_filled(&self, share: Share, what: Commit) {
        let mut fillers = (FIRST_FILLER..).filter(|trace| self.store.share_of(trace_id(*trace)) == share);
        let filler = fillers.next().expect("every share has traces");
        self.append(vec![document(filler, 1, 0)]).await;
        self.commit_share(share, what).await;
    }

    /// What was appended to the share, and what is given beside.
    async fn commit_share(&self, share: Share, what: Commit) {
        let unread = self.unread.lock().remove(&share).unwrap_or_default();
        let mut through = self.digested(share).await;
        let mut tail = self.store.tail(share, &through);
        let mut read = 0;
        while read < unread {
            let documents = tail.next().await.expect("the tail is open");
            documents.iter().for_each(|document| through.advance(document.place));
            read += documents.len() as u64;
        }
        let lease = self.lease(Some(share));
        let commit = Commit { lease, through, ..what };
        self.store.commit(commit).await.expect("the commit is taken");
    }

    /// Of a share, or any.
    fn lease(&self, share: Option<Share>) -> Lease {
        let leases = self.store.shares().borrow().clone();
        let wanted = |lease: &Lease| share.is_none_or(|share| lease.share == share);
        leases.into_iter().find(wanted).expect("the only process holds all shares")
    }

    async fn digested(&self, share: Share) -> TailCursor {
        self.store.digested(share).await.expect("the store is open").through
    }

    fn newest(&self) -> u64 {
        self.store.status().newest
    }
}
