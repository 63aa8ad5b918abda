//! A part of its own for tests.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::TraceDigest;

use crate::directory::PartPath;
use crate::flush::entry;
use crate::manifest::Table;
use crate::part::Part;

/// A part with these digests, whose rows are in their order if they are in that of their starts.
pub(crate) fn part_of(digests: &[TraceDigest]) -> (tempfile::TempDir, Part) {
    let directory = tempfile::tempdir().unwrap();
    let path = PartPath::plain(directory.path().join("traces-1.parquet"));
    let digests: HashMap<_, _> = digests.iter().map(|digest| (digest.id, Arc::new(digest.clone()))).collect();
    let written = super::write(&path, &digests, &HashSet::new()).unwrap();
    let entry = entry(Table::Traces, "traces-1.parquet".to_owned(), 1, &written);
    (directory, Part::new(entry, path))
}
