//! What tells the bytes of a row group apart.

use super::Kind;
use super::bits::width;
use super::row::{read_bytes, read_number, write_bytes, write_number};

#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) rows: usize,
    /// What its rows take on their way through a batch.
    pub(super) bytes: usize,
    pub(super) count_width: u8,
    pub(super) kind_width: u8,
    pub(super) pages: Vec<Page>,
    pub(super) keys: Vec<Key>,
    pub(super) kinds: Vec<Kind>,
    pub(super) chunks: Vec<Chunk>,
}

/// Texts that are compressed together, ascending.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) first: Vec<u8>,
    pub(super) length: usize,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: Vec<u8>,
    /// How many texts its values have, and how long the list of these is.
    pub(super) texts: usize,
    pub(super) length: usize,
}

#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) sets: usize,
    pub(super) length: usize,
}

impl Key {
    /// Of a value.
    pub(super) fn width(&self) -> u8 {
        width(self.texts)
    }
}

impl Head {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let number = |out: &mut Vec<u8>, number: usize| write_number(out, number);
        number(&mut out, self.rows);
        number(&mut out, self.bytes);
        out.extend([self.count_width, self.kind_width]);
        number(&mut out, self.pages.len());
        for page in &self.pages {
            write_bytes(&mut out, &page.first);
            number(&mut out, page.length);
        }
        number(&mut out, self.keys.len());
        for key in &self.keys {
            write_bytes(&mut out, &key.name);
            number(&mut out, key.texts);
            number(&mut out, key.length);
        }
        number(&mut out, self.kinds.len());
        for kind in &self.kinds {
            number(&mut out, kind.owner as usize);
            number(&mut out, kind.keys.len());
            kind.keys.iter().for_each(|&key| number(&mut out, key as usize));
        }
        number(&mut out, self.chunks.len());
        for chunk in &self.chunks {
            number(&mut out, chunk.sets);
            number(&mut out, chunk.length);
        }
        out
    }

    /// `None` where they are not such bytes.
    pub(super) fn decode(mut rest: &[u8]) -> Option<Self> {
        let rest = &mut rest;
        let (rows, bytes) = (read_number(rest)?, read_number(rest)?);
        let (&[count_width, kind_width], others) = rest.split_first_chunk()?;
        *rest = others;
        let pages = list(rest, |rest| {
            let first = read_bytes(rest)?.to_vec();
            Some(Page { first, length: read_number(rest)? })
        })?;
        let keys = list(rest, |rest| {
            let name = read_bytes(rest)?.to_vec();
            Some(Key { name, texts: read_number(rest)?, length: read_number(rest)? })
        })?;
        let kinds = list(rest, |rest| {
            let owner = u32::try_from(read_number(rest)?).ok()?;
            let number = |rest: &mut &[u8]| read_number(rest).filter(|&key| key < keys.len());
            Some(Kind { owner, keys: list(rest, |rest| u32::try_from(number(rest)?).ok())? })
        })?;
        let chunks = list(rest, |rest| Some(Chunk { sets: read_number(rest)?, length: read_number(rest)? }))?;
        let is_right = count_width <= 32 && kind_width <= 32 && rest.is_empty();
        is_right.then_some(Self { rows, bytes, count_width, kind_width, pages, keys, kinds, chunks })
    }
}

fn list<T>(rest: &mut &[u8], mut read: impl FnMut(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let length = read_number(rest)?;
    // Each takes a byte at the least.
    let mut items = Vec::with_capacity(length.min(rest.len()));
    for _ in 0..length {
        items.push(read(rest)?);
    }
    Some(items)
}
