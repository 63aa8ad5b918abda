//! What was told as slow or silent, and goes on until there is evidence that it is over.
//!
//! A look that is unsure is no evidence: of a service of which one instance in three is slow, chance shows ten good requests
//! in a row every few minutes. So what was told once is asked another question from then on, whether it is back to what was
//! usual before it began, and what was usual is remembered with it. A ledger that was never asked works as well; it judges
//! each moment by itself.

use std::collections::HashMap;

use model::{Coarse, Micros, Timestamp};

use super::bins::Second;
use super::entry::What;
use super::ledger::Ledger;
use super::name::Id;
use super::series::SeriesKey;
use super::slow::Outliers;
use super::{silent, slow};

/// What was not told for so long is another one when it comes again.
const TOLD_FOR: Micros = Micros::from_secs(30);
/// So long an origin without an episode is not looked at again unless something fails there.
const QUIET_FOR: Micros = Micros::from_secs(10);
/// So long it is not counted again how often work takes far longer than it mostly does.
const OUTLIERS_FOR: Micros = Micros::from_secs(10);

/// Work that takes longer.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldShift {
    pub(super) since: Timestamp,
    /// Before it began.
    pub(super) usual_median: Coarse,
    pub(super) usual_p90: Coarse,
    pub(super) usual_mean: f64,
    /// Nearly all took no longer.
    pub(super) limit: Coarse,
    /// Of those since it began, which took longer.
    pub(super) share: f64,
}

/// What no longer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Missing {
    /// Requests of clients to a node.
    Traffic(Id),
    /// Calls of one node to another, where the first is asked for an operation.
    Calls(Id, Id, Option<Id>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct HeldSilence {
    pub(super) since: Second,
    /// Requests a second, or calls for each request.
    pub(super) usual: f64,
}

/// Of one look.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) nodes: Vec<(Id, What, Timestamp)>,
    pub(super) shifts: Vec<(SeriesKey, HeldShift)>,
    pub(super) silences: Vec<(Missing, HeldSilence)>,
    pub(super) quiet: Vec<(Id, Quiet)>,
    /// Where they were counted anew.
    pub(super) outliers: Option<Outliers>,
}

/// What failed at an origin, as far as it tells whether anything came since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quiet {
    pub(super) failures: usize,
    pub(super) newest: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Origins that were found to have no episode. Without another failure there can be none later, but for what comes late.
    quiet: HashMap<Id, Held<Quiet>>,
    outliers: Option<Held<Outliers>>,
    nodes: HashMap<(Id, What), Held<Timestamp>>,
    shifts: HashMap<SeriesKey, Held<HeldShift>>,
    silences: HashMap<Missing, Held<HeldSilence>>,
}

#[derive(Debug)]
struct Held<T> {
    what: T,
    /// When it was told last.
    at: Timestamp,
}

impl Ledger {
    pub(super) fn remember(&mut self, told: Told, now: Timestamp) {
        let mut memory = std::mem::take(&mut self.memory);
        let is_recent = |at: Timestamp| at >= now.minus(TOLD_FOR);
        memory.quiet.retain(|&node, held| held.at >= now.minus(quiet_for(node)));
        memory.quiet.extend(told.quiet.into_iter().map(|(node, what)| (node, Held { what, at: now })));
        memory.outliers = told.outliers.map(|what| Held { what, at: now }).or(memory.outliers);
        memory.nodes.retain(|_, held| is_recent(held.at));
        for (node, what, since) in told.nodes {
            let earlier = memory.nodes.get(&(node, what)).map_or(since, |held| held.what);
            memory.nodes.insert((node, what), Held { what: since.min(earlier), at: now });
        }
        // What is over is forgotten at once, so that chance does not bring it back.
        memory.shifts.retain(|key, held| {
            is_recent(held.at)
                && self.series.get(key).is_some_and(|series| slow::goes_on(series, &held.what, now))
        });
        memory.shifts.extend(told.shifts.into_iter().map(|(key, what)| (key, Held { what, at: now })));
        memory.silences.retain(|&missing, held| {
            is_recent(held.at) && silent::goes_on(self, missing, &held.what, now.floor_seconds())
        });
        memory.silences.extend(told.silences.into_iter().map(|(key, what)| (key, Held { what, at: now })));
        self.memory = memory;
    }
}

/// Not the same for all, so that they are not all looked at again in one moment.
fn quiet_for(node: Id) -> Micros {
    Micros(QUIET_FOR.0 + u64::from(node % 10) * 1_000_000)
}

impl Memory {
    /// Whether the origin has no episode, as somebody found who looked lately.
    pub(super) fn is_quiet(&self, node: Id, quiet: Quiet, now: Timestamp) -> bool {
        let held = self.quiet.get(&node).filter(|held| held.at >= now.minus(quiet_for(node)));
        held.is_some_and(|held| held.what == quiet)
    }

    /// How often work takes far longer than it mostly does, as it was not long ago: that hardly changes, and all that is usual
    /// has to be added up for it.
    pub(super) fn outliers(&self, now: Timestamp) -> Option<Outliers> {
        self.outliers.as_ref().filter(|held| held.at >= now.minus(OUTLIERS_FOR)).map(|held| held.what)
    }

    /// Since when something was told that goes on.
    pub(super) fn since(&self, node: Id, what: What, now: Timestamp) -> Option<Timestamp> {
        recent(self.nodes.get(&(node, what)), now).copied()
    }

    pub(super) fn shifts(&self, now: Timestamp) -> impl Iterator<Item = (SeriesKey, HeldShift)> + '_ {
        self.shifts.iter().filter_map(move |(&key, held)| Some((key, *recent(Some(held), now)?)))
    }

    pub(super) fn silence(&self, missing: Missing, now: Timestamp) -> Option<&HeldSilence> {
        recent(self.silences.get(&missing), now)
    }
}

fn recent<T>(held: Option<&Held<T>>, now: Timestamp) -> Option<&T> {
    held.filter(|held| held.at >= now.minus(TOLD_FOR)).map(|held| &held.what)
}
