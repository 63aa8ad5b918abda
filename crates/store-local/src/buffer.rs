//! Everything since the last part, in memory: documents as bytes, digests, minutes.
//!
//! There is one buffer that is being filled, and those that are sealed and wait to be written as parts.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use model::minute::{MinuteKey, MinuteRow, Stats, Subject};
use model::segment::Sequence;
use model::{NodeKey, Timestamp, TraceDigest, TraceId};
use row::StoredBytes;
use store::Commit;

/// What a document or a digest costs beside its bytes: map entries, lists, reference counts.
const ENTRY_BYTES: u64 = 128;
/// About what a row of a minute takes beside its names and the buckets of its sketches.
const MINUTE_BYTES: u64 = 512;
const BUCKET_BYTES: u64 = 16;
const ALIAS_BYTES: u64 = 128;

/// A commit with all that can be done before it is its turn.
#[derive(Debug)]
pub(crate) struct PreparedCommit {
    pub(crate) commit: Commit,
    /// As it stands in the log.
    pub(crate) encoded: Vec<u8>,
    /// Its traces that already have a digest, in a buffer or in a part.
    pub(crate) known: HashSet<TraceId>,
}

#[derive(Debug)]
pub(crate) struct Buffer {
    /// Ascending by sequence.
    documents: Vec<StoredBytes>,
    by_trace: HashMap<TraceId, Vec<usize>>,
    pub(crate) digests: HashMap<TraceId, Arc<TraceDigest>>,
    /// The traces of `digests` of which an older revision lies in an older buffer or a part.
    pub(crate) replacing: HashSet<TraceId>,
    pub(crate) minutes: BTreeMap<MinuteKey, Stats>,
    /// Of its documents, which come about in order.
    pub(crate) oldest_received: Option<Timestamp>,
    bytes: u64,
    began: Instant,
    /// Where the digest worker was when the buffer was sealed.
    pub(crate) digested: Sequence,
    /// The newest log file that has something of it; set when it is sealed.
    pub(crate) last_log_file: u64,
}

impl Default for Buffer {
    fn default() -> Self {
        Self {
            documents: Vec::new(),
            by_trace: HashMap::new(),
            digests: HashMap::new(),
            replacing: HashSet::new(),
            minutes: BTreeMap::new(),
            oldest_received: None,
            bytes: 0,
            began: Instant::now(),
            digested: Sequence(0),
            last_log_file: 0,
        }
    }
}

impl Buffer {
    pub(crate) fn add_document(&mut self, held: StoredBytes) {
        self.touch();
        self.bytes += held.raw.len() as u64 + ENTRY_BYTES;
        self.oldest_received =
            Some(self.oldest_received.map_or(held.received, |oldest| oldest.min(held.received)));
        self.by_trace.entry(held.trace_id).or_default().push(self.documents.len());
        self.documents.push(held);
    }

    /// Takes a digest; says whether its trace had none before.
    pub(crate) fn add_digest(&mut self, digest: Arc<TraceDigest>, is_known: bool) -> bool {
        self.touch();
        let id = digest.id;
        let size = digest_size(&digest);
        match self.digests.insert(id, digest) {
            Some(old) => {
                self.bytes = (self.bytes + size).saturating_sub(digest_size(&old));
                false
            }
            None => {
                self.bytes += size;
                if is_known {
                    self.replacing.insert(id);
                }
                !is_known
            }
        }
    }

    pub(crate) fn add_minute(&mut self, row: MinuteRow) {
        self.touch();
        let names = 2 * name_bytes(&row.key.subject);
        match self.minutes.entry(row.key) {
            Entry::Vacant(vacant) => {
                self.bytes += MINUTE_BYTES + names + stats_bytes(&row.stats);
                vacant.insert(row.stats);
            }
            Entry::Occupied(mut held) => {
                let before = stats_bytes(held.get());
                held.get_mut().merge(&row.stats);
                self.bytes = (self.bytes + stats_bytes(held.get())).saturating_sub(before);
            }
        }
    }

    pub(crate) fn documents(&self) -> &[StoredBytes] {
        &self.documents
    }

    pub(crate) fn of_trace(&self, id: TraceId) -> impl Iterator<Item = &StoredBytes> {
        self.by_trace.get(&id).into_iter().flatten().map(|&place| &self.documents[place])
    }

    /// The documents received after a sequence.
    pub(crate) fn after(&self, after: Sequence) -> &[StoredBytes] {
        let from = self.documents.partition_point(|held| held.sequence <= after);
        &self.documents[from..]
    }

    pub(crate) fn newest(&self) -> Option<Sequence> {
        self.documents.last().map(|held| held.sequence)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.digests.is_empty() && self.minutes.is_empty()
    }

    /// About as much as it takes in memory.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When its first content came.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    fn touch(&mut self) {
        if self.is_empty() {
            self.began = Instant::now();
        }
    }
}

/// What the names of a row take, which are texts of their own here, in the log's frame and in the part that is written.
fn name_bytes(subject: &Subject) -> u64 {
    let node = |node: &NodeKey| {
        let texts = [node.kind.as_ref(), node.account.as_ref()];
        node.name.len() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    };
    (match subject {
        Subject::Node(key) => node(key),
        Subject::Edge { source, target, .. } => node(source) + node(target),
    }) as u64
}

fn stats_bytes(stats: &Stats) -> u64 {
    let buckets = stats.response_times.parts().1.len() + stats.durations.parts().1.len();
    let aliases = stats.aliases.keys().map(|alias| alias.name.len() as u64 + ALIAS_BYTES);
    buckets as u64 * BUCKET_BYTES + aliases.sum::<u64>()
}

fn digest_size(digest: &TraceDigest) -> u64 {
    digest.memory_bytes() as u64 + ENTRY_BYTES
}
