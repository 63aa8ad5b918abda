//! The annotations of the traces of a part: behind each row group, in the order of its rows, and with the values of a key
//! beside each other. `docs/format/parts.md` describes the bytes.
//!
//! A search looks at the values of the one key that it asks for, and an answer reads those of its rows; neither needs a
//! column in which they are once more. Each row group has the distinct texts of its values once, each key the numbers of
//! those that are among its values, and each value is the number of its text among these, in as few bits as that takes.

mod bits;
mod group;
mod head;
mod page;
mod read;
mod row;

pub(crate) use group::Gathered;
pub(crate) use read::Reader;
pub(crate) use row::{decode, encode};

use super::Index;

/// Its names among the metadata of the file.
pub(crate) const INDEX: Index = Index { pieces: "fluoro.annotations.2", whole: "fluoro.annotations.1" };
/// A row is read with those of its chunk.
pub(super) const CHUNK_ROWS: usize = 512;
/// Texts that are compressed together.
const PAGE_TEXTS: usize = 512;

/// Whose annotations a set has.
mod owner {
    /// The digest does not say.
    pub(super) const NONE: u32 = 0;
    /// An earlier version did not write it down: there is one set with all.
    pub(super) const UNKNOWN: u32 = 1;
    /// There are more annotations than the digest has: an empty set.
    pub(super) const CUT: u32 = 2;
    /// The first of a digest's nodes.
    pub(super) const NODE: u32 = 3;
}

/// What keeps a set of annotations apart from others: whose they are, and their keys in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Kind {
    owner: u32,
    keys: Vec<u32>,
}

#[cfg(test)]
mod tests;
