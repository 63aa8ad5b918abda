//! Sends to a store what it lacks of some traces.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use model::{StoredDocument, Timestamp, TraceId};
use store::{NewDocument, StoreError, TraceStore};
use tracing::warn;

/// Traces that are read at once, and documents that are sent at once.
const READ_TOGETHER: usize = 64;
const SENT_TOGETHER: usize = 4_096;
const SENT_BYTES: usize = 8 << 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Copied {
    /// Documents that were missing.
    pub(super) sent: u64,
    /// Traces that cannot be read here.
    pub(super) damaged: u64,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum CopyError {
    #[error("read traces here")]
    Here(#[source] StoreError),
    #[error("read or write traces there")]
    There(#[source] StoreError),
}

/// Two documents are the same that came at the same microsecond with the same bytes; of several such, as many are there afterwards as
/// are here. What is there and not here stays.
pub(super) async fn copy(
    here: &dyn TraceStore,
    there: &dyn TraceStore,
    ids: &[TraceId],
) -> Result<Copied, CopyError> {
    let mut copied = Copied::default();
    for ids in ids.chunks(READ_TOGETHER) {
        let mut missing = Vec::new();
        let known = there.documents_of(ids).await.map_err(CopyError::There)?;
        let found = match here.documents_of(ids).await {
            Ok(found) => found,
            Err(StoreError::Damaged { .. }) => one_by_one(here, ids, &mut copied).await?,
            Err(error) => return Err(CopyError::Here(error)),
        };
        for (found, known) in found.into_iter().zip(&known) {
            missing.extend(lacking(found, known));
        }
        missing.sort_by_key(|stored| stored.place);
        let mut batch: Vec<NewDocument> = Vec::new();
        let mut bytes = 0;
        for stored in &missing {
            bytes += stored.document.memory_bytes();
            batch.push(NewDocument { received: stored.received, document: stored.document.clone() });
            if batch.len() >= SENT_TOGETHER || bytes >= SENT_BYTES {
                there.append(std::mem::take(&mut batch)).await.map_err(CopyError::There)?;
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            there.append(batch).await.map_err(CopyError::There)?;
        }
        copied.sent += missing.len() as u64;
    }
    Ok(copied)
}

/// Where some are damaged the others can be read.
async fn one_by_one(
    here: &dyn TraceStore,
    ids: &[TraceId],
    copied: &mut Copied,
) -> Result<Vec<Vec<Arc<StoredDocument>>>, CopyError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.push(match here.documents(*id).await {
            Ok(documents) => documents,
            Err(StoreError::Damaged { what }) => {
                warn!(trace = %id, what, "a trace is damaged, and is not in the mirror");
                copied.damaged += 1;
                Vec::new()
            }
            Err(error) => return Err(CopyError::Here(error)),
        });
    }
    Ok(found)
}

fn lacking(found: Vec<Arc<StoredDocument>>, known: &[Arc<StoredDocument>]) -> Vec<Arc<StoredDocument>> {
    let mut there: HashMap<(Timestamp, Bytes), usize> = HashMap::new();
    for stored in known {
        *there.entry(key(stored)).or_default() += 1;
    }
    let mut missing = found;
    missing.retain(|stored| match there.get_mut(&key(stored)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    missing
}

fn key(stored: &StoredDocument) -> (Timestamp, Bytes) {
    (stored.received, stored.document.raw.clone())
}

#[cfg(test)]
mod tests {
    use model::Micros;
    use store::MemoryStore;

    use super::*;

    fn new(trace: u8, name: &str, received: u64) -> NewDocument {
        let id = TraceId([trace; 16]);
        let json = format!(
            r#"{{"trace_id":"{id}","id":"00000000000000a1","name":"{name}","start_time":1.0,"end_time":2.0}}"#
        );
        let document = wire::decode(json.into()).unwrap();
        NewDocument { received: Timestamp(0).plus(Micros(received)), document }
    }

    async fn kept(store: &MemoryStore, trace: u8) -> Vec<(i64, String)> {
        let documents = store.documents(TraceId([trace; 16])).await.unwrap();
        let kept = documents
            .iter()
            .map(|stored| (stored.received.0, String::from_utf8_lossy(&stored.document.raw).into_owned()));
        kept.collect()
    }

    #[tokio::test]
    async fn what_is_missing_is_sent_once_however_often_it_is_copied() {
        let (here, there) = (MemoryStore::new(), MemoryStore::new());
        // The same document twice at one time is two documents, and a third at another time.
        let documents = vec![new(1, "a", 5), new(1, "a", 5), new(1, "a", 6), new(2, "b", 7), new(1, "c", 8)];
        here.append(documents.clone()).await.unwrap();
        there.append(vec![documents[1].clone(), new(2, "only there", 9)]).await.unwrap();
        let ids = [TraceId([1; 16]), TraceId([2; 16]), TraceId([3; 16])];
        let first = copy(&here, &there, &ids).await.unwrap();
        assert_eq!(first, Copied { sent: 4, damaged: 0 });
        assert_eq!(copy(&here, &there, &ids).await.unwrap(), Copied::default());
        assert_eq!(kept(&there, 1).await, kept(&here, 1).await);
        assert_eq!(kept(&there, 2).await.len(), 2);
    }
}
