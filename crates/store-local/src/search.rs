//! Digests by id and by time, from the buffers and the parts together.
//!
//! A trace counts once, with its newest revision (`LS-4`): a younger buffer hides an older one, buffers hide
//! parts, and parts know which of their rows a younger part hides.

mod rows;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::{TraceDigest, TraceId};
use store::search::MAX_SCANNED_PER_PAGE;
use store::{Cursor, Search, SearchPage, StoreError};

use crate::catalog::{Catalog, PartError};
use crate::core::Core;
use crate::core::state::State;
use crate::limits::Budget;
use rows::{Next, Rows};

/// The newest digest of each trace that is known, in the order asked.
pub(crate) fn digests(core: &Core, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
    core.read(
        |state| ids.iter().map(|id| state.digest(id).cloned()).collect::<Vec<_>>(),
        |mut found, catalog| {
            let missing: HashSet<TraceId> =
                ids.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(id, _)| *id).collect();
            let in_parts = if missing.is_empty() { HashMap::new() } else { catalog.digests(&missing)? };
            for (id, found) in ids.iter().zip(&mut found) {
                if found.is_none() {
                    *found = in_parts.get(id).cloned();
                }
            }
            Ok(found.into_iter().flatten().collect())
        },
    )
}

/// One page of a search.
pub(crate) fn page(core: &Core, search: &Search, budget: &Budget) -> Result<SearchPage, StoreError> {
    let page = core.read(
        |state| state.candidates(search),
        |buffered, catalog| merge(buffered, catalog, search, budget),
    )?;
    budget.verdict()?;
    Ok(page)
}

/// What the buffers have for a search.
struct Buffered {
    /// In the range and before the cursor, oldest first, so that the next is at the end.
    candidates: Vec<(Cursor, Arc<TraceDigest>)>,
    /// Traces whose rows in parts no longer count.
    hidden: HashSet<TraceId>,
}

impl State {
    /// The newest digest in a buffer.
    fn digest(&self, id: &TraceId) -> Option<&Arc<TraceDigest>> {
        self.buffers().rev().find_map(|buffer| buffer.digests.get(id))
    }

    fn candidates(&self, search: &Search) -> Buffered {
        let mut candidates = Vec::new();
        let mut hidden = HashSet::new();
        for (age, buffer) in self.buffers().enumerate() {
            hidden.extend(&buffer.replacing);
            let younger = || self.buffers().skip(age + 1);
            for (id, digest) in &buffer.digests {
                if let Some(place) = place(search, digest)
                    && !younger().any(|buffer| buffer.digests.contains_key(id))
                {
                    candidates.push((place, Arc::clone(digest)));
                }
            }
        }
        candidates.sort_unstable_by_key(|(place, _)| *place);
        Buffered { candidates, hidden }
    }
}

/// Where a digest stands in a search; `None` where it does not belong to what is left of it.
fn place(search: &Search, digest: &TraceDigest) -> Option<Cursor> {
    let place = search.axis.place(digest)?;
    let is_left = search.range.contains(place.time) && search.after.is_none_or(|after| place < after);
    is_left.then_some(place)
}

fn merge(
    mut buffered: Buffered,
    catalog: &Catalog,
    search: &Search,
    budget: &Budget,
) -> Result<SearchPage, PartError> {
    let mut rows = Rows::new(catalog, search, &buffered.hidden, budget);
    let mut page = SearchPage::default();
    let limit = search.limit.max(1);
    let mut in_buffers = 0;
    loop {
        let in_buffer = buffered.candidates.last().map(|(place, _)| *place);
        let in_part = match rows.peek()? {
            Next::Row(place) => Some(place),
            Next::End => None,
            Next::Stopped(at) if in_buffer.is_some_and(|place| place >= at) => None,
            Next::Stopped(at) => {
                page.next = Some(at);
                break;
            }
        };
        let Some(next) = in_buffer.max(in_part) else { break };
        let digest = if in_buffer == Some(next) {
            in_buffers += 1;
            buffered.candidates.pop().map(|(_, digest)| digest)
        } else {
            rows.next_digest(limit - page.digests.len())?
        };
        page.digests.extend(digest.filter(|digest| search.predicate.may_match(digest)));
        if page.digests.len() >= limit || in_buffers >= MAX_SCANNED_PER_PAGE {
            let has_more = !buffered.candidates.is_empty() || rows.has_more()?;
            page.next = has_more.then_some(next);
            break;
        }
    }
    page.scanned = in_buffers + rows.looked_at();
    Ok(page)
}
