//! The battery that every backend passes.
//!
//! A backend writes a [`Place`], an expression that makes a fresh one, and
//! `store::conformance_tests!(fresh())`. Every behaviour becomes a test of its own. Where the place persists,
//! each is looked at once more after the store was closed and opened again.
//!
//! What is compared with what: `search` with [`Predicate::may_match`](crate::Predicate::may_match), all
//! else with what was put in.

pub mod commits;
pub mod documents;
pub mod minutes;
pub mod sample;
pub mod searches;
pub mod tails;

use std::sync::Arc;

use async_trait::async_trait;
use model::segment::Sequence;

use crate::{Commit, NewDocument, StoreError, TraceStore};

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
            tails: tail_waits_for_the_next_document
            tails: a_wait_that_is_given_up_loses_nothing
            tails: tail_begins_after_any_sequence
            tails: tail_gives_everything_and_then_says_closed
            tails: tail_goes_on_from_digested_after_a_restart
            tails: calls_after_close_are_refused
            commits: commit_is_visible_at_once
            commits: newest_revision_wins
            commits: superseded_revision_is_never_found
            commits: digests_come_in_the_order_asked
            commits: digested_survives_a_restart
            commits: digest_comes_back_whole
            searches: search_goes_from_new_to_old
            searches: range_takes_its_start_and_not_its_end
            searches: each_axis_selects_by_its_own_time
            searches: pages_are_complete_and_disjoint
            searches: pages_stay_in_step_while_traces_arrive
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

/// An open store and where it is.
struct Bench<'a> {
    place: &'a dyn Place,
    store: Arc<dyn TraceStore>,
}

impl<'a> Bench<'a> {
    async fn open(place: &'a dyn Place) -> Self {
        Self { place, store: place.open().await.expect("a fresh place can be opened") }
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
        if round > 0 {
            self.commit(Commit { through: self.newest(), ..Commit::default() }).await;
        }
        self.restart().await;
    }

    async fn append(&self, documents: Vec<NewDocument>) {
        self.store.append(documents).await.expect("the documents are taken");
    }

    async fn commit(&self, commit: Commit) {
        self.store.commit(commit).await.expect("the commit is taken");
    }

    fn newest(&self) -> Sequence {
        self.store.status().newest_sequence
    }
}
