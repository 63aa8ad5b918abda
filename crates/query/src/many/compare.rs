//! Two sets of traces side by side: how each property falls apart in both, ranked by how much that differs.
//!
//! Exact over all traces that are added, and bounded in memory (`CP-1`): a field keeps its first `MAX_VALUES` values, all
//! fields together `MAX_BYTES` of them, and there are at most `MAX_FIELDS` annotation keys and versioned services. Traces
//! are added newest first, so what is frequent is among what is kept; a kept value is counted from its first appearance and
//! so exactly, and traces with a value that is not kept are counted together. Only the number of different values is then
//! a lower bound, and said to be.

pub(super) mod tally;

use model::minute::Counts;
use model::property::Property;
use model::segment::Outcome;
use model::{Micros, Sketch, TraceDigest};

use super::bins::{self, Columns};
use super::measure::{Measure, Measures};
use tally::Tallies;

/// Annotation keys, and services with a version.
const MAX_FIELDS: usize = 500;
/// Different values of one field.
const MAX_VALUES: usize = 5_000;
/// All values of all fields together.
const MAX_BYTES: usize = 16 << 20;
/// Values of one field that are told one by one; the rest is summed up.
const SHOWN: usize = 6;
/// More different values than this part of their traces, and a field names things instead of telling them apart.
const UNIQUE: f64 = 0.9;
/// Fewer different values are never taken for ids.
const FEW: usize = 20;

/// The sets that a trace belongs to; it may be both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    pub a: bool,
    pub b: bool,
}

/// Something counted in both sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    pub a: u64,
    pub b: u64,
}

/// A comparison in the making, for traces that come one by one, newest first.
#[derive(Debug)]
pub struct Comparison {
    columns: Columns,
    a: SetSums,
    b: SetSums,
    times: Vec<Pair>,
    series: Vec<Pair>,
    tallies: Tallies,
    measures: Measures,
}

/// One set by itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetSums {
    pub traces: u64,
    pub counts: Counts,
    pub response_time_total: u64,
    pub response_times: Sketch,
}

#[derive(Debug)]
pub struct Compared {
    pub a: SetSums,
    pub b: SetSums,
    /// Traces by response time, in the bins of [`bins`]; those still in progress are in none.
    pub times: Vec<Pair>,
    pub columns: Columns,
    /// Traces by their start, a count a column.
    pub series: Vec<Pair>,
    /// What differs most first.
    pub fields: Vec<Difference>,
    /// There were more annotation keys or versioned services than are told apart.
    pub fields_left_out: bool,
    /// Annotations that are numbers; what parts the sets most first.
    pub measures: Vec<Measure>,
}

/// How the traces of both sets fall apart by one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub field: Property,
    pub kind: FieldKind,
    /// The largest difference of the shares of one value, 0 to 1.
    pub delta: f64,
    /// Those with the largest difference first.
    pub values: Vec<Value>,
    /// How many values are not among these, and in how many traces they are. A trace with several of them is counted
    /// for each as long as they were kept.
    pub others: u64,
    pub other_traces: Pair,
    /// Different values seen; a lower bound where some were not kept.
    pub distinct: u64,
    pub is_cut: bool,
}

/// Why a reader might look at a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldKind {
    /// Where traces come from and what they are about: what might explain the difference.
    Context,
    /// How they failed or were slow: what has to be explained.
    Failure,
    /// Nearly every trace has a value of its own.
    Id,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// `None` for traces that have no such property.
    pub text: Option<String>,
    /// A filter expression that selects it, where the language can say it.
    pub filter: Option<String>,
    pub traces: Pair,
}

impl Comparison {
    pub fn new(columns: Columns) -> Self {
        Self {
            columns,
            a: SetSums::default(),
            b: SetSums::default(),
            times: vec![Pair::default(); bins::BINS],
            series: vec![Pair::default(); columns.count],
            tallies: Tallies::default(),
            measures: Measures::default(),
        }
    }

    pub fn add(&mut self, digest: &TraceDigest, sides: Sides) {
        let time = digest.response_time();
        let outcome = digest.flags().outcome();
        if sides.a {
            self.a.add(outcome, time);
        }
        if sides.b {
            self.b.add(outcome, time);
        }
        if let Some(time) = time {
            self.times[bins::bin_of(time)].add(sides);
        }
        self.series[self.columns.place(digest.start)].add(sides);
        if sides.a || sides.b {
            self.tallies.add(digest, sides);
            self.measures.add(digest, sides);
        }
    }

    pub fn finish(self) -> Compared {
        let traces = Pair { a: self.a.traces, b: self.b.traces };
        let fields_left_out = self.tallies.fields_left_out() || self.measures.left_out();
        Compared {
            a: self.a,
            b: self.b,
            times: self.times,
            columns: self.columns,
            series: self.series,
            fields: self.tallies.finish(traces),
            fields_left_out,
            measures: self.measures.finish(),
        }
    }
}

impl SetSums {
    fn add(&mut self, outcome: Outcome, time: Option<Micros>) {
        self.traces += 1;
        self.counts.add(outcome, 1);
        if let Some(time) = time {
            self.response_time_total = self.response_time_total.saturating_add(time.0);
            self.response_times.insert(time);
        }
    }

    pub fn average(&self) -> Option<Micros> {
        let timed = u64::try_from(self.response_times.count()).unwrap_or(0);
        self.response_time_total.checked_div(timed).map(Micros)
    }
}

impl Pair {
    pub(super) fn add(&mut self, sides: Sides) {
        self.a += u64::from(sides.a);
        self.b += u64::from(sides.b);
    }

    fn sum(self) -> u64 {
        self.a + self.b
    }

    /// The share of these in A minus that in B, of sets of that many traces. An empty set has no shares, so nothing
    /// differs from it.
    pub fn delta(self, of: Self) -> f64 {
        if of.a == 0 || of.b == 0 {
            return 0.0;
        }
        self.a as f64 / of.a as f64 - self.b as f64 / of.b as f64
    }
}

#[cfg(test)]
mod tests;
