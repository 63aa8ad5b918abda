//! What a set of traces can be narrowed by: each property with its most frequent values and how many traces have them.
//!
//! Bounded as a comparison is (`CP-1`), of which this is one side.

use model::TraceDigest;
use model::minute::Counts;
use model::property::Property;

use super::compare::tally::Tallies;
use super::compare::{Sides, Value};
use super::measure::{Measure, Measures};

/// Values of one property that are told one by one.
const SHOWN: usize = 12;

const OWN: Sides = Sides { a: true, b: false };

#[derive(Debug, Default)]
pub struct Facets {
    traces: u64,
    counts: Counts,
    tallies: Tallies,
    measures: Measures,
}

/// One property of the set.
#[derive(Debug, Clone, PartialEq)]
pub struct Facet {
    pub field: Property,
    /// Nearly every trace has a value of its own.
    pub is_id: bool,
    /// The most frequent first; of their pairs A counts.
    pub values: Vec<Value>,
    /// The traces without the property, where there are some.
    pub lacking: Option<Value>,
    /// Different values seen; a lower bound where `is_cut`.
    pub distinct: u64,
    pub is_cut: bool,
}

#[derive(Debug)]
pub struct Found {
    pub traces: u64,
    pub counts: Counts,
    /// In the order of the properties.
    pub facets: Vec<Facet>,
    pub fields_left_out: bool,
    /// Annotations that are numbers.
    pub measures: Vec<Measure>,
}

impl Facets {
    pub fn add(&mut self, digest: &TraceDigest) {
        self.traces += 1;
        self.counts.add(digest.flags().outcome(), 1);
        self.tallies.add(digest, OWN);
        self.measures.add(digest, OWN);
    }

    pub fn finish(self) -> Found {
        Found {
            traces: self.traces,
            counts: self.counts,
            fields_left_out: self.tallies.fields_left_out(),
            facets: self.tallies.facets(self.traces, SHOWN),
            measures: self.measures.finish(),
        }
    }
}
