//! What a memory store keeps.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use model::minute::{MinuteKey, MinuteRow, Stats};
use model::{Place, StoredDocument, Timestamp, TraceDigest, TraceId};

use super::shares::{Shares, Step};
use crate::search::{MAX_SCANNED_PER_PAGE, SearchPage};
use crate::{Axis, Commit, Cursor, NewDocument, Search, Share, StoreError, TailCursor};

const AXES: [Axis; 3] = [Axis::Start, Axis::Received, Axis::End];

#[derive(Debug)]
pub(super) struct State {
    by_trace: HashMap<TraceId, BTreeMap<Place, Arc<StoredDocument>>>,
    documents: usize,
    /// Of the documents as they were received.
    pub(super) bytes: u64,
    pub(super) oldest_received: Option<Timestamp>,
    pub(super) newest_received: Option<Timestamp>,
    pub(super) digests: HashMap<TraceId, Arc<TraceDigest>>,
    /// The place of every digest on each of [`AXES`].
    orders: [BTreeSet<Cursor>; 3],
    pub(super) minutes: BTreeMap<MinuteKey, Stats>,
    pub(super) shares: Shares,
    /// Links that were put to wait in another share than that of their commit.
    pub(super) foreign_links: u64,
}

impl State {
    pub(super) fn new(shares: u16) -> Self {
        Self {
            by_trace: HashMap::new(),
            documents: 0,
            bytes: 0,
            oldest_received: None,
            newest_received: None,
            digests: HashMap::new(),
            orders: Default::default(),
            minutes: BTreeMap::new(),
            shares: Shares::new(shares),
            foreign_links: 0,
        }
    }

    pub(super) fn documents(&self) -> usize {
        self.documents
    }

    pub(super) fn append(&mut self, process: u32, new: NewDocument) {
        let id = new.document.trace_id;
        let place = self.shares.place(process, id, new.received);
        self.documents += 1;
        self.bytes += new.document.raw.len() as u64;
        self.oldest_received =
            Some(self.oldest_received.map_or(new.received, |oldest| oldest.min(new.received)));
        self.newest_received = Some(new.received);
        let stored = Arc::new(StoredDocument { place, received: new.received, document: new.document });
        self.shares.keep(id, Arc::clone(&stored));
        self.by_trace.entry(id).or_default().insert(place, stored);
    }

    pub(super) fn of_trace(&self, id: TraceId) -> Vec<Arc<StoredDocument>> {
        self.by_trace.get(&id).map(|of_trace| of_trace.values().cloned().collect()).unwrap_or_default()
    }

    /// The documents of a share that are not covered, lane by lane.
    pub(super) fn after<'a>(
        &'a self,
        share: Share,
        after: &'a TailCursor,
    ) -> impl Iterator<Item = &'a Arc<StoredDocument>> {
        self.shares.get(share).into_iter().flat_map(|one| one.after(after))
    }

    /// In steps, as a store does it that has no transaction over all of them.
    pub(super) fn commit(&mut self, process: u32, commit: Commit) -> Result<(), StoreError> {
        let Commit { lease, through, digests, minutes, awaited, answered, .. } = commit;
        if !self.shares.begin(process, lease, &through, &answered)? {
            // It was finished before.
            return Ok(());
        }
        self.shares.check(Step::Noted)?;
        if self.shares.adds_minutes(lease.share) {
            minutes.into_iter().for_each(|row| self.add(row));
        }
        self.shares.check(Step::Minutes)?;
        let half = digests.len() / 2;
        for (number, digest) in digests.into_iter().enumerate() {
            if number == half {
                self.shares.check(Step::SomeDigests)?;
            }
            self.replace(digest);
        }
        self.shares.check(Step::Digests)?;
        self.foreign_links += self.shares.finish(lease.share, through, awaited);
        self.shares.check(Step::Cursor)?;
        self.shares.answered(lease.share);
        Ok(())
    }

    fn replace(&mut self, digest: Arc<TraceDigest>) {
        for (axis, order) in AXES.into_iter().zip(&mut self.orders) {
            if let Some(place) = self.digests.get(&digest.id).and_then(|old| axis.place(old)) {
                order.remove(&place);
            }
            order.extend(axis.place(&digest));
        }
        self.digests.insert(digest.id, digest);
    }

    fn add(&mut self, row: MinuteRow) {
        self.minutes.entry(row.key).or_default().merge(&row.stats);
    }

    pub(super) fn search(&self, search: &Search) -> SearchPage {
        let mut page = SearchPage::default();
        let order =
            &self.orders[AXES.iter().position(|&axis| axis == search.axis).expect("all axes are listed")];
        let oldest = Cursor { time: search.range.start, id: TraceId([0; 16]) };
        let end = Cursor { time: search.range.end, id: TraceId([0; 16]) };
        let before = search.after.map_or(end, |after| after.min(end));
        if before <= oldest {
            return page;
        }
        let mut places = order.range((Bound::Included(oldest), Bound::Excluded(before))).rev().peekable();
        while let Some(place) = places.next() {
            let digest = &self.digests[&place.id];
            page.scanned += 1;
            if search.predicate.may_match(digest) {
                page.digests.push(Arc::clone(digest));
            }
            let is_full = page.digests.len() >= search.limit || page.scanned >= MAX_SCANNED_PER_PAGE;
            if is_full && places.peek().is_some() {
                page.next = Some(*place);
                break;
            }
        }
        page
    }
}
