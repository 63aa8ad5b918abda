//! Graphs made a moment ago, shared by the consoles that ask for the same.
//!
//! Every open console asks again whenever something arrived, twice a second, for a range that moved a little.
//! On much data an answer takes a while to make. So an answer is given again for a time in proportion to what it
//! cost, never longer than [`LONGEST`], and one that is cheap is always made anew. Questions of one kind wait for
//! the one that is being answered.

use std::sync::Arc;
use std::time::Duration;

use model::{Micros, TimeRange};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::error::Problem;
use crate::shape::Graph;

/// Nobody waits longer for what is new. The product promises that it is visible within a second.
const LONGEST: Duration = Duration::from_millis(500);
/// An answer that took a hundredth of a second is used for four hundredths: at most a fifth of one core's time
/// goes into a range, however many consoles show it.
const TIMES_ITS_COST: u32 = 4;
const CHEAP: Duration = Duration::from_millis(5);
/// Ranges and groups that are looked at at a time; the one asked longest ago is forgotten first.
const MAX_KINDS: usize = 16;

/// What is asked, and what was known at that time.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) range: TimeRange,
    pub(crate) group: String,
    /// So many documents are in every answer.
    pub(crate) through: u64,
}

/// Questions of one kind have ranges of one length, which move with the time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kind {
    length: Micros,
    group: String,
}

#[derive(Debug)]
struct Answer {
    question: Question,
    graph: Arc<Graph>,
    made_at: Instant,
    cost: Duration,
}

/// Held while an answer is being made, so that it is made once.
type Slot = Arc<tokio::sync::Mutex<Option<Answer>>>;

#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// The kind asked last is the last.
    slots: Mutex<Vec<(Kind, Slot)>>,
}

impl Recent {
    pub(crate) async fn answer(
        &self,
        question: Question,
        make: impl AsyncFnOnce() -> Result<Graph, Problem>,
    ) -> Result<Arc<Graph>, Problem> {
        let slot = self.slot(&question);
        let mut held = slot.lock().await;
        if let Some(answer) = held.as_ref().filter(|answer| answer.serves(&question)) {
            return Ok(Arc::clone(&answer.graph));
        }
        let began = Instant::now();
        let graph = Arc::new(make().await?);
        let made_at = Instant::now();
        *held = Some(Answer { question, graph: Arc::clone(&graph), made_at, cost: made_at - began });
        Ok(graph)
    }

    fn slot(&self, question: &Question) -> Slot {
        let kind = Kind { length: question.range.length(), group: question.group.clone() };
        let mut slots = self.slots.lock();
        let known = slots.iter().position(|(known, _)| *known == kind).map(|place| slots.remove(place));
        if slots.len() >= MAX_KINDS {
            slots.remove(0);
        }
        let (kind, slot) = known.unwrap_or_else(|| (kind, Slot::default()));
        slots.push((kind, Arc::clone(&slot)));
        slot
    }
}

impl Answer {
    fn serves(&self, question: &Question) -> bool {
        let use_for = (self.cost * TIMES_ITS_COST).min(LONGEST);
        let moved = Duration::from_micros(self.question.range.end.0.abs_diff(question.range.end.0));
        let is_the_same = moved.is_zero() && self.question.through == question.through;
        let is_recent = self.cost > CHEAP && self.made_at.elapsed() < use_for && moved <= LONGEST;
        is_recent || (is_the_same && self.made_at.elapsed() < LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;

    fn question(end_millis: i64, through: u64) -> Question {
        let range = TimeRange::new(Timestamp(end_millis * 1_000 - 60_000_000), Timestamp(end_millis * 1_000));
        Question { range, group: "Default".to_owned(), through }
    }

    /// Whether an answer is made for the second question, asked some time after the first was answered.
    async fn check(cost: Duration, first: Question, later: Duration, second: Question) -> bool {
        let recent = Recent::default();
        let make = async |now| {
            tokio::time::sleep(cost).await;
            Ok(Graph { from: 0.0, to: 0.0, now, nodes: vec![], edges: vec![], series: vec![] })
        };
        recent.answer(first, async || make(1.0).await).await.unwrap();
        tokio::time::advance(later).await;
        recent.answer(second, async || make(2.0).await).await.unwrap().now == 2.0
    }

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_cheap_answer_is_made_anew_when_something_arrived() {
        assert!(check(MILLISECOND, question(0, 1), MILLISECOND, question(0, 2)).await);
        assert!(!check(MILLISECOND, question(0, 1), MILLISECOND, question(0, 1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dear_answer_is_used_again_and_never_for_long() {
        let cost = 100 * MILLISECOND;
        assert!(!check(cost, question(0, 1), 300 * MILLISECOND, question(300, 2)).await);
        assert!(check(cost, question(0, 1), 401 * MILLISECOND, question(401, 2)).await);
        assert!(check(10_000 * MILLISECOND, question(0, 1), 501 * MILLISECOND, question(501, 2)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn another_range_is_another_question() {
        let cost = 100 * MILLISECOND;
        assert!(check(cost, question(0, 1), MILLISECOND, question(60_000, 1)).await);
    }
}
