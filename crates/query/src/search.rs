//! A search over stored digests: the store prunes, the evaluator decides, pages until enough is found.

use std::sync::Arc;

use model::{TimeRange, TraceDigest};
use store::{Axis, Cursor, StoreError, TraceStore};

use crate::filter::Filter;

#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Newest first.
    pub digests: Vec<Arc<TraceDigest>>,
    /// How many traces of the range were looked at.
    pub scanned: u64,
    /// Where to go on; `None` once the whole range was looked at.
    pub next: Option<Cursor>,
}

/// Looks for at least `wanted` matching traces (one page may bring some more), or to the end of the range,
/// or until `scan_limit` traces were looked at.
pub async fn search(
    _store: &dyn TraceStore,
    _range: TimeRange,
    _axis: Axis,
    _filter: &Filter,
    _after: Option<Cursor>,
    _wanted: usize,
    _scan_limit: u64,
) -> Result<Found, StoreError> {
    todo!()
}
