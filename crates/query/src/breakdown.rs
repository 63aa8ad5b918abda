//! Traces grouped by one of their properties: count, share, average response time, outcomes.

use model::minute::Counts;
use model::{Micros, TraceDigest};

/// What traces are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Method and path, without query, with ids in the path replaced by `*`.
    Url,
    Status,
    Method,
    User,
    Service,
    /// The path of the first fault root cause.
    RootCause,
    Annotation(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// `None` for traces that have no such property.
    pub value: Option<String>,
    /// A filter expression that selects the slice, where the language can say it.
    pub filter: Option<String>,
    pub counts: Counts,
    /// Of all traces given, 0 to 1. A trace with several values counts in each.
    pub share: f64,
    pub average_response_time: Option<Micros>,
    pub p99_response_time: Option<Micros>,
}

/// The slices by count, descending, then by value.
pub fn breakdown<'a>(_digests: impl IntoIterator<Item = &'a TraceDigest>, _by: &Dimension) -> Vec<Slice> {
    todo!()
}
