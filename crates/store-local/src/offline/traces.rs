//! Whole traces out of a data directory, one after the other.
//!
//! Each part has its documents in the order of trace ids, so one reader a part and a merge of what they read give every trace
//! whole, with a few documents of each part in memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::iter::Peekable;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use model::{StoredDocument, TimeRange, TraceId};
use row::StoredBytes;
use store::StoreError;

use super::{Offline, failed, store_error};
use crate::manifest::Table;
use crate::part::{Part, PartError};

/// How many documents the reader of a part may be ahead of the merge.
const AHEAD: usize = 64;

/// The documents of one part, or of the log, in the order of trace ids.
type Source<'a> = Peekable<Box<dyn Iterator<Item = Result<StoredBytes, PartError>> + 'a>>;

impl Offline {
    /// Shows every trace of which something was received in the range, with all of its documents in order of receipt, those of the
    /// log included. Gives how many there were.
    pub fn traces(
        &self,
        range: TimeRange,
        mut see: impl FnMut(TraceId, &[Arc<StoredDocument>]) -> io::Result<()>,
    ) -> Result<u64, StoreError> {
        let mut unflushed = self.unflushed()?.documents;
        unflushed.sort_by_key(|held| held.trace_id);
        let mut count = 0;
        thread::scope(|scope| {
            let mut sources: Vec<Source<'_>> = vec![sequence(unflushed.into_iter().map(Ok))];
            for part in self.parts(Table::Spans) {
                let (sender, receiver) = mpsc::sync_channel(AHEAD);
                scope.spawn(move || read(part, &sender));
                sources.push(sequence(receiver.into_iter()));
            }
            merge(sources, |id, mut held| {
                if held.iter().any(|held| range.contains(held.received)) {
                    held.sort_by_key(|held| held.sequence);
                    let documents: Vec<_> = held.iter().filter_map(StoredBytes::decode).collect();
                    count += 1;
                    see(id, &documents).map_err(failed("write the export"))?;
                }
                Ok(())
            })
        })?;
        Ok(count)
    }
}

fn sequence<'a>(documents: impl Iterator<Item = Result<StoredBytes, PartError>> + 'a) -> Source<'a> {
    let documents: Box<dyn Iterator<Item = _> + 'a> = Box::new(documents);
    documents.peekable()
}

/// Reads a part for a merge. Where that has ended early nobody wants what is left.
fn read(part: &Part, to: &SyncSender<Result<StoredBytes, PartError>>) {
    let mut is_wanted = true;
    let ended = part.each_document(|held| is_wanted = is_wanted && to.send(Ok(held)).is_ok());
    if let Err(error) = ended {
        let _ = to.send(Err(error));
    }
}

fn merge(
    mut sources: Vec<Source<'_>>,
    mut each: impl FnMut(TraceId, Vec<StoredBytes>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut heads = BinaryHeap::new();
    for (number, source) in sources.iter_mut().enumerate() {
        heads.extend(head(source)?.map(|id| Reverse((id, number))));
    }
    let mut held: Vec<StoredBytes> = Vec::new();
    while let Some(Reverse((id, number))) = heads.pop() {
        let source = &mut sources[number];
        while head(source)? == Some(id) {
            held.extend(source.next().transpose().map_err(store_error)?);
        }
        heads.extend(head(source)?.map(|next| Reverse((next, number))));
        if heads.peek().is_none_or(|Reverse((next, _))| *next != id) {
            each(id, std::mem::take(&mut held))?;
        }
    }
    Ok(())
}

/// The trace of the next document.
fn head(source: &mut Source<'_>) -> Result<Option<TraceId>, StoreError> {
    match source.next_if(Result::is_err) {
        Some(Err(error)) => Err(store_error(error)),
        _ => Ok(source.peek().and_then(|next| next.as_ref().ok()).map(|held| held.trace_id)),
    }
}
