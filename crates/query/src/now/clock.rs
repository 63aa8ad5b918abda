//! How far the clocks of nodes are off, from the least time between the end of their segments and the receipt.

use std::sync::OnceLock;

use ahash::AHashMap as HashMap;
use model::Timestamp;

use super::bins::Second;
use super::name::Id;

/// The least delay of so many seconds counts; a batch that waits longer looks like a clock that is behind.
const WINDOW: i64 = 60;
/// What is less may be the way of a segment, or a batch.
const LEAST_SKEW_MILLIS: i32 = 2_000;

#[derive(Debug, Default)]
pub(super) struct Clocks {
    nodes: HashMap<Id, Delays>,
    /// What most of them take. Each node is held against it, so it is found once for all of them.
    usual: OnceLock<i32>,
}

#[derive(Debug, Clone, Copy)]
struct Delays {
    /// Begins here.
    window: Second,
    newest: i32,
    before: Option<i32>,
}

impl Clocks {
    pub(super) fn saw(&mut self, node: Id, at: Second, delay_millis: i32) {
        self.usual.take();
        let window = at.div_euclid(WINDOW) * WINDOW;
        let fresh = Delays { window, newest: delay_millis, before: None };
        let delays = self.nodes.entry(node).or_insert(fresh);
        if window > delays.window {
            let before = (window == delays.window + WINDOW).then_some(delays.newest);
            *delays = Delays { before, ..fresh };
        } else if window == delays.window {
            delays.newest = delays.newest.min(delay_millis);
        } else if window == delays.window - WINDOW {
            delays.before = Some(delays.before.map_or(delay_millis, |before| before.min(delay_millis)));
        }
    }

    pub(super) fn age(&mut self, now: Second) {
        self.usual.take();
        self.nodes.retain(|_, delays| delays.window >= now - super::bins::KEPT_SECONDS);
    }

    fn least(&self, node: Id) -> Option<i32> {
        let delays = self.nodes.get(&node)?;
        Some(delays.before.map_or(delays.newest, |before| before.min(delays.newest)))
    }

    /// What most nodes take from the end of a segment to its receipt.
    fn usual(&self) -> i32 {
        *self.usual.get_or_init(|| {
            let mut all: Vec<i32> = self.nodes.keys().filter_map(|&node| self.least(node)).collect();
            match all.len() {
                0 => 0,
                count => *all.select_nth_unstable((count - 1) / 2).1,
            }
        })
    }

    /// How many milliseconds the clock of the node is behind; negative where it is ahead, and zero where it is about
    /// right.
    pub(super) fn behind_millis(&self, node: Id) -> i32 {
        let Some(least) = self.least(node) else { return 0 };
        // Where most of them seem to be off, it is not them.
        let usual = self.usual().clamp(0, LEAST_SKEW_MILLIS);
        let skew = least.saturating_sub(usual);
        if skew.saturating_abs() < LEAST_SKEW_MILLIS { 0 } else { skew }
    }

    /// A moment by the clock of the node, as the receiver's clock had it.
    pub(super) fn corrected(&self, node: Id, at: Timestamp) -> Timestamp {
        Timestamp(at.0.saturating_add(i64::from(self.behind_millis(node)) * 1_000))
    }

    /// The nodes whose clocks are off, the worst first.
    pub(super) fn wrong(&self) -> Vec<(Id, i32)> {
        let all = self.nodes.keys().map(|&node| (node, self.behind_millis(node)));
        let mut wrong: Vec<(Id, i32)> = all.filter(|&(_, skew)| skew != 0).collect();
        wrong.sort_by_key(|&(node, skew)| (std::cmp::Reverse(skew.saturating_abs()), node));
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(seen: &[(Id, Second, i32)]) -> Clocks {
        let mut clocks = Clocks::default();
        seen.iter().for_each(|&(node, at, delay)| clocks.saw(node, at, delay));
        clocks
    }

    #[test]
    fn the_least_delay_of_two_windows_counts() {
        let check = |seen: &[(Id, Second, i32)], expected| {
            assert_eq!(clocks(seen).behind_millis(1), expected, "{seen:?}");
        };
        check(&[(1, 60, 90_000), (1, 61, 90_400)], 90_000 - 2_000);
        check(&[(2, 60, 10), (3, 60, 10), (1, 60, 90_000)], 89_990);
        check(&[(2, 60, 10), (3, 60, 10), (1, 60, -3_000)], -3_010);
        check(&[(2, 60, 0), (3, 60, 0), (1, 60, 1_999)], 0);
        check(&[(2, 60, 0), (3, 60, 0), (1, 60, 2_000)], 2_000);
        check(&[(2, 60, 0), (3, 60, 0), (1, 59, 100), (1, 60, 5_000)], 0);
        check(&[(2, 60, 0), (3, 60, 0), (1, 60, 5_000), (1, 59, 100)], 0);
        check(&[(2, 60, 0), (3, 60, 0), (1, 60, 100), (1, 185, 5_000)], 5_000);
        check(&[(2, 60, 0)], 0);
    }

    #[test]
    fn what_is_usual_is_of_all_that_was_seen_by_then() {
        let mut clocks = clocks(&[(2, 60, 0), (3, 60, 0), (1, 60, 5_000)]);
        assert_eq!(clocks.behind_millis(1), 5_000);
        (4..7).for_each(|node| clocks.saw(node, 60, 5_000));
        assert_eq!(clocks.behind_millis(1), 3_000);
        clocks.age(60 + super::super::bins::KEPT_SECONDS + 60);
        assert_eq!(clocks.behind_millis(1), 0);
    }

    #[test]
    fn a_moment_is_told_by_the_receivers_clock() {
        let clocks = clocks(&[(2, 60, 0), (3, 60, 0), (1, 60, 5_000)]);
        assert_eq!(clocks.corrected(1, Timestamp(7)), Timestamp(5_000_007));
        assert_eq!(clocks.corrected(2, Timestamp(7)), Timestamp(7));
        assert_eq!(clocks.wrong(), [(1, 5_000)]);
    }
}
