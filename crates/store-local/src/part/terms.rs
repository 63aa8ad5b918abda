//! Which rows of a part of `traces` have a name, a user, an address or an annotation: an index inside the file, behind each
//! row group. `docs/format/parts.md` describes it.
//!
//! A row group is divided into chunks of [`CHUNK_ROWS`] rows. Each *term* (the kind of a text, and the text) has a bitmap
//! of the chunks that have it. Terms are told apart by 24 bits of a hash, so that a chunk may be named that does not have
//! one; never is a chunk left out that does.

use std::collections::HashMap;
use std::ops::Range;

use arrow_array::{Array, ListArray, RecordBatch, StringArray, StructArray};
use model::property::{CauseKind, Failure, Text, TextMatch};
use row::columns::traces;
use store::Predicate;

use super::schema::TRACES_GROUP_ROWS;
use super::{Index, Part, PartError, column};

/// Its names among the metadata of the file.
pub(crate) const INDEX: Index = Index { pieces: "fluoro.terms.2", whole: "fluoro.terms.1" };
/// As many chunks as a bitmap has bits.
pub(crate) const CHUNK_ROWS: usize = TRACES_GROUP_ROWS / 32;
pub(crate) const ALL_CHUNKS: u32 = u32::MAX;
/// Terms with the same first byte of their hash lie together.
const BUCKETS: usize = 256;
/// The places of the buckets of a row group, and of the end.
const HEAD_BYTES: usize = (BUCKETS + 1) * 4;

/// What kind of text a term is: it is hashed before the text.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Service = 1,
    ErrorService = 2,
    ThrottleService = 3,
    FaultService = 4,
    FaultCause = 5,
    ErrorCause = 6,
    ResponseTimeCause = 7,
    User = 8,
    Url = 9,
    AnnotationKey = 10,
    Annotation = 11,
}

/// The columns that hold lists of texts.
const LISTS: [(&str, Kind); 8] = [
    (traces::SERVICES, Kind::Service),
    (traces::ERROR_SERVICES, Kind::ErrorService),
    (traces::THROTTLE_SERVICES, Kind::ThrottleService),
    (traces::FAULT_SERVICES, Kind::FaultService),
    (traces::FAULT_CAUSES, Kind::FaultCause),
    (traces::ERROR_CAUSES, Kind::ErrorCause),
    (traces::RESPONSE_TIME_CAUSES, Kind::ResponseTimeCause),
    (traces::USERS, Kind::User),
];

/// Gathers the terms of the rows of a row group, in their order.
#[derive(Default)]
pub(crate) struct Terms {
    rows: usize,
    /// By hash.
    chunks: HashMap<u32, u32>,
}

impl Terms {
    /// Takes rows that lie in the same row group as those before.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let first = self.rows;
        let chunk = |row: usize| 1 << ((first + row) / CHUNK_ROWS);
        let rows = 0..batch.num_rows();
        for (name, kind) in LISTS {
            let lists: &ListArray = column(batch, name);
            let Some(texts) = lists.values().as_any().downcast_ref::<StringArray>() else { continue };
            for row in rows.clone() {
                for place in range(lists, row) {
                    self.put(hash(kind, texts.value(place), None), chunk(row));
                }
            }
        }
        let urls: &StringArray = column(batch, traces::HTTP_URL);
        for row in rows {
            if urls.is_valid(row) {
                self.put(hash(Kind::Url, urls.value(row), None), chunk(row));
            }
        }
        self.rows += batch.num_rows();
    }

    /// About what they take in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        self.chunks.capacity() * (size_of::<(u32, u32)>() + 1)
    }

    fn put(&mut self, hash: u32, chunk: u32) {
        *self.chunks.entry(hash).or_default() |= chunk;
    }

    /// The index of the row group.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut terms: Vec<(u32, u32)> = self.chunks.into_iter().collect();
        terms.sort_unstable();
        let mut group = vec![0; HEAD_BYTES];
        for bucket in 0..BUCKETS as u32 {
            set_place(&mut group, bucket as usize);
            let from = terms.partition_point(|&(hash, _)| hash >> 16 < bucket);
            let to = terms.partition_point(|&(hash, _)| hash >> 16 <= bucket);
            let in_one = |&&(_, chunks): &&(u32, u32)| chunks.is_power_of_two();
            let (single, several): (Vec<_>, Vec<_>) = terms[from..to].iter().partition(in_one);
            group.extend_from_slice(&(single.len() as u32).to_le_bytes());
            for (hash, chunks) in single {
                group.extend_from_slice(&(hash as u16).to_le_bytes());
                group.push(chunks.trailing_zeros() as u8);
            }
            for (hash, chunks) in several {
                group.extend_from_slice(&(hash as u16).to_le_bytes());
                group.extend_from_slice(&chunks.to_le_bytes());
            }
        }
        set_place(&mut group, BUCKETS);
        group
    }
}

fn set_place(group: &mut [u8], bucket: usize) {
    let place = (group.len() as u32).to_le_bytes();
    group[bucket * 4..bucket * 4 + 4].copy_from_slice(&place);
}

impl Part {
    /// The chunks of a row group in which rows may match, by the index.
    pub(crate) fn chunks(&self, predicate: &Predicate, row_group: usize) -> Result<u32, PartError> {
        match predicate {
            Predicate::And(all) => all.iter().try_fold(ALL_CHUNKS, |chunks, predicate| match chunks {
                0 => Ok(0),
                chunks => Ok(chunks & self.chunks(predicate, row_group)?),
            }),
            Predicate::Or(any) => {
                any.iter().try_fold(0, |chunks, predicate| Ok(chunks | self.chunks(predicate, row_group)?))
            }
            Predicate::HasAnnotation(_) | Predicate::Annotation { .. } if self.has_annotations()? => {
                Ok(ALL_CHUNKS)
            }
            predicate => match term(predicate) {
                Some(hash) => self.chunks_with(hash, row_group),
                None => Ok(ALL_CHUNKS),
            },
        }
    }

    fn chunks_with(&self, hash: u32, row_group: usize) -> Result<u32, PartError> {
        let Some((index, group)) = self.index_of(&INDEX, row_group)? else { return Ok(ALL_CHUNKS) };
        let bucket = u64::from(hash >> 16);
        let places: [u8; 8] = self.array_at(&index, group + bucket * 4)?;
        let [from, to] = [&places[..4], &places[4..]].map(number);
        let bytes = self.bytes_at(&index, group + from, to.saturating_sub(from))?;
        Ok(chunks_in(&bytes, hash as u16))
    }
}

/// Four bytes or less.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// The bitmap of a term in its bucket.
fn chunks_in(bucket: &[u8], hash: u16) -> u32 {
    let Some((head, rest)) = bucket.split_first_chunk::<4>() else { return 0 };
    let single = u32::from_le_bytes(*head) as usize * 3;
    let Some((single, several)) = rest.split_at_checked(single) else { return ALL_CHUNKS };
    if let Some(found) = find(single, 3, hash) {
        return 1_u32.checked_shl(number(found) as u32).unwrap_or(ALL_CHUNKS);
    }
    find(several, 6, hash).map_or(0, |found| number(found) as u32)
}

/// What follows a hash among entries of a size, ascending by hash.
fn find(entries: &[u8], size: usize, hash: u16) -> Option<&[u8]> {
    let (mut from, mut to) = (0, entries.len() / size);
    while from < to {
        let middle = from.midpoint(to);
        let entry = &entries[middle * size..][..size];
        match (number(&entry[..2]) as u16).cmp(&hash) {
            std::cmp::Ordering::Equal => return Some(&entry[2..]),
            std::cmp::Ordering::Less => from = middle + 1,
            std::cmp::Ordering::Greater => to = middle,
        }
    }
    None
}

/// The term that a row must have to match.
fn term(predicate: &Predicate) -> Option<u32> {
    match predicate {
        Predicate::Node { name: Some(name), .. } => Some(hash(Kind::Service, name, None)),
        Predicate::Failing(failure, Some(name)) => {
            let kind = match failure {
                Failure::Error => Kind::ErrorService,
                Failure::Throttle => Kind::ThrottleService,
                Failure::Fault => Kind::FaultService,
            };
            Some(hash(kind, name, None))
        }
        Predicate::Cause(cause, Some(name)) => {
            let kind = match cause {
                CauseKind::Fault => Kind::FaultCause,
                CauseKind::Error => Kind::ErrorCause,
                CauseKind::ResponseTime => Kind::ResponseTimeCause,
            };
            Some(hash(kind, name, None))
        }
        Predicate::Text(Text::User, TextMatch::Equal, user) => Some(hash(Kind::User, user, None)),
        Predicate::Text(Text::HttpUrl, TextMatch::Equal, url) => Some(hash(Kind::Url, url, None)),
        Predicate::HasAnnotation(key) => Some(hash(Kind::AnnotationKey, key, None)),
        Predicate::Annotation { key, value } => Some(annotation(key, value)),
        _ => None,
    }
}

/// Numbers are the same however they are written.
fn annotation(key: &str, value: &str) -> u32 {
    match value.parse::<f64>() {
        Ok(number) => hash(Kind::Annotation, key, Some(&number.to_string())),
        Err(_) => hash(Kind::Annotation, key, Some(value)),
    }
}

/// The upper 24 bits of the 64 of FNV-1a, mixed once more, over the kind, the text and, behind a byte that no text has, the
/// second one.
fn hash(kind: Kind, text: &str, second: Option<&str>) -> u32 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let between = second.map(|_| &0xff);
    let bytes = [kind as u8];
    let bytes =
        bytes.iter().chain(text.as_bytes()).chain(between).chain(second.unwrap_or_default().as_bytes());
    let hash = bytes.fold(BASIS, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    // FNV leaves its upper bits nearly the same for short texts.
    let mixed = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as u32
}

/// Keys and values of lists of annotations.
pub(super) struct Pairs<'a> {
    pub(super) keys: &'a StringArray,
    pub(super) values: &'a StringArray,
}

impl<'a> Pairs<'a> {
    pub(super) fn of(annotations: &'a ListArray) -> Self {
        let pairs: &StructArray =
            annotations.values().as_any().downcast_ref().expect("the file has our schema");
        let text = |name| pairs.column_by_name(name).and_then(|column| column.as_any().downcast_ref());
        let [keys, values] = [traces::KEY, traces::VALUE].map(text);
        Self {
            keys: keys.expect("the file has our schema"),
            values: values.expect("the file has our schema"),
        }
    }
}

/// The places of a row's values.
pub(super) fn range(lists: &ListArray, row: usize) -> Range<usize> {
    let offsets = lists.value_offsets();
    offsets[row] as usize..offsets[row + 1] as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_found_in_its_bucket_and_others_are_not() {
        let mut terms = Terms::default();
        let kept: Vec<(u32, u32)> = (0..5_000_u32)
            .map(|number| (hash(Kind::User, &number.to_string(), None), (1 << (number % 32)) | (number % 3)))
            .collect();
        kept.iter().for_each(|&(hash, chunks)| terms.put(hash, chunks));
        let group = terms.finish();
        let look = |hash: u32| {
            let places = &group[(hash >> 16) as usize * 4..];
            let [from, to] = [&places[..4], &places[4..8]].map(|place| number(place) as usize);
            chunks_in(&group[from..to], hash as u16)
        };
        for (hash, chunks) in kept {
            assert_eq!(look(hash) & chunks, chunks);
        }
        let strangers = (0..1_000_u32).filter(|number| look(hash(Kind::Url, &number.to_string(), None)) != 0);
        assert!(strangers.count() < 10);
    }
}
