//! Traces grouped by one of their properties: count, share, average response time, outcomes, and these over time.

use std::collections::{BTreeMap, HashMap};

use model::minute::Counts;
use model::property::Property;
use model::template::Folds;
use model::{Micros, Sketch, TraceDigest};

use super::bins::Columns;
use super::url::UrlSlice;
use crate::filter::condition;

#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// `None` for traces that have no such property.
    pub value: Option<String>,
    /// A filter expression that selects the slice, where the language can say it. That of a root cause
    /// also selects causes that hold the same path among more.
    pub filter: Option<String>,
    pub counts: Counts,
    /// Of all traces given, 0 to 1. A trace with several values counts in each.
    pub share: f64,
    pub average_response_time: Option<Micros>,
    pub p99_response_time: Option<Micros>,
    /// By column, where the breakdown is over time; only those with a trace.
    pub course: BTreeMap<usize, Moment>,
}

/// What a slice did in one column of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Moment {
    pub counts: Counts,
    pub response_times: Sketch,
}

/// A breakdown in the making, for traces that come one by one.
#[derive(Debug)]
pub struct Breakdown {
    by: Property,
    columns: Option<Columns>,
    traces: u64,
    slices: HashMap<Key, Sums>,
}

/// Values that look alike but are of different types are different slices.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Key {
    value: Option<String>,
    /// Empty for endpoints, whose URLs are known at the end.
    filter: String,
}

#[derive(Debug, Default)]
struct Sums {
    counts: Counts,
    response_time_total: u64,
    response_times: Sketch,
    urls: UrlSlice,
    course: BTreeMap<usize, Moment>,
}

/// The slices by count, descending, then by value.
pub fn breakdown<'a>(digests: impl IntoIterator<Item = &'a TraceDigest>, by: &Property) -> Vec<Slice> {
    let mut breakdown = Breakdown::new(by.clone());
    for digest in digests {
        breakdown.add(digest);
    }
    breakdown.finish()
}

impl Breakdown {
    pub fn new(by: Property) -> Self {
        Self { by, columns: None, traces: 0, slices: HashMap::new() }
    }

    /// And when each slice did what. It holds as many moments as traces at most, however many values there are.
    pub fn over_time(by: Property, columns: Columns) -> Self {
        Self { columns: Some(columns), ..Self::new(by) }
    }

    pub fn add(&mut self, digest: &TraceDigest) {
        self.traces += 1;
        let mut keys = keys(&self.by, digest);
        if keys.is_empty() {
            keys.push(Key { value: None, filter: condition::lacks(&self.by) });
        }
        for key in keys {
            let sums = self.slices.entry(key).or_default();
            sums.counts.add(digest.flags().outcome(), 1);
            if let Some(time) = digest.response_time() {
                sums.response_time_total = sums.response_time_total.saturating_add(time.0);
                sums.response_times.insert(time);
            }
            if let Some(columns) = self.columns {
                let moment = sums.course.entry(columns.place(digest.start)).or_default();
                moment.counts.add(digest.flags().outcome(), 1);
                if let Some(time) = digest.response_time() {
                    moment.response_times.insert(time);
                }
            }
            if self.by == Property::Endpoint {
                sums.urls.add(digest);
            }
        }
    }

    /// The slices by count, descending, then by value.
    pub fn finish(self) -> Vec<Slice> {
        let traces = self.traces as f64;
        let slices = if self.by == Property::Endpoint { folded(self.slices) } else { self.slices };
        let slice = |(key, sums): (Key, Sums)| {
            let of_urls = || sums.urls.filter(key.value.as_deref().unwrap_or_default());
            let filter = if key.filter.is_empty() { of_urls() } else { Some(key.filter) };
            let timed = u64::try_from(sums.response_times.count()).unwrap_or(0);
            Slice {
                value: key.value,
                filter,
                counts: sums.counts,
                share: sums.counts.total() as f64 / traces,
                average_response_time: sums.response_time_total.checked_div(timed).map(Micros),
                p99_response_time: sums.response_times.quantile(0.99),
                course: sums.course,
            }
        };
        let mut slices: Vec<Slice> = slices.into_iter().map(slice).collect();
        slices.sort_by(|a, b| {
            let by_count = b.counts.total().cmp(&a.counts.total());
            by_count.then_with(|| a.value.cmp(&b.value)).then_with(|| a.filter.cmp(&b.filter))
        });
        slices
    }
}

/// Endpoints that differ by a value at their end are one.
fn folded(slices: HashMap<Key, Sums>) -> HashMap<Key, Sums> {
    let by_looks = slices.iter().filter(|(_, sums)| !sums.urls.is_by_rule());
    let named = by_looks.filter_map(|(key, sums)| Some((key.value.as_deref()?, sums.counts.total())));
    let folds = Folds::of(named.map(|(name, count)| (name, u64::try_from(count).unwrap_or(0))));
    let mut folded: HashMap<Key, Sums> = HashMap::new();
    for (mut key, sums) in slices {
        if !sums.urls.is_by_rule() {
            key.value = key.value.map(|value| folds.apply(&value).into_owned());
        }
        match folded.get_mut(&key) {
            Some(other) => other.merge(&sums),
            None => drop(folded.insert(key, sums)),
        }
    }
    folded
}

impl Sums {
    fn merge(&mut self, other: &Self) {
        self.counts.merge(other.counts);
        self.response_time_total = self.response_time_total.saturating_add(other.response_time_total);
        self.response_times.merge(&other.response_times);
        self.urls.merge(&other.urls);
        for (&column, moment) in &other.course {
            let own = self.course.entry(column).or_default();
            own.counts.merge(moment.counts);
            own.response_times.merge(&moment.response_times);
        }
    }
}

/// The slices that a trace belongs to, each once; none where it lacks the property.
fn keys(by: &Property, digest: &TraceDigest) -> Vec<Key> {
    let mut keys = Vec::new();
    by.each(digest, |value| {
        let filter = condition::has(by, value).unwrap_or_default();
        let key = Key { value: Some(value.to_string()), filter };
        if !keys.contains(&key) {
            keys.push(key);
        }
    });
    keys
}

#[cfg(test)]
mod tests;
