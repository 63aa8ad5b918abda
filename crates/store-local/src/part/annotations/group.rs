//! Gathers the annotations of the rows of a row group.

use std::io;

use super::bits::{Bits, width};
use super::head::{Chunk, Head, Key, Page};
use super::row::{each_set, write_bytes, write_number};
use super::{CHUNK_ROWS, Kind, PAGE_TEXTS};
use ahash::AHashMap as HashMap;

/// Low: these are many small pieces, and most of them are numbers that no level makes smaller.
const LEVEL: i32 = 1;

/// A row group that has not ended yet.
#[derive(Default)]
pub(crate) struct Gathered {
    keys: Numbered,
    texts: Numbered,
    /// Of a key and a text their number among the texts of the key.
    pairs: HashMap<(u32, u32), u32>,
    /// The texts of each key, in the order of these numbers.
    texts_of: Vec<Vec<u32>>,
    kinds: HashMap<Kind, u32>,
    /// How many sets each row has, the kind of each set, and the values of all of them.
    counts: Vec<u32>,
    sets: Vec<u32>,
    values: Vec<u32>,
    bytes: usize,
    /// What its kinds take.
    kind_bytes: usize,
}

/// Distinct texts, each with the number that it got when it came first.
#[derive(Default)]
struct Numbered {
    numbers: HashMap<Box<[u8]>, u32>,
    bytes: usize,
}

/// What a text takes beside its bytes: its place in the table, and once more one while all are sorted.
const TEXT_BYTES: usize = 64;
/// A pair of a key and a text, and its place among those of the key.
const PAIR_BYTES: usize = 24;
const KIND_BYTES: usize = 64;

impl Numbered {
    /// The number of a text, which is the next one where it is new.
    fn number(&mut self, text: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(text.into(), number);
        self.bytes += text.len();
        number
    }
}

impl Gathered {
    /// Takes the next row, as [`encode`](super::encode) made it.
    pub(crate) fn add(&mut self, row: &[u8]) -> io::Result<()> {
        self.add_row(row).ok_or_else(|| io::Error::other("the annotations of a row are not understood"))
    }

    /// About what they take in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        let numbers = self.counts.len() + self.sets.len() + self.values.len();
        let texts = self.texts.numbers.len() + self.keys.numbers.len();
        let tables = texts * TEXT_BYTES + self.pairs.len() * PAIR_BYTES + self.kind_bytes;
        self.texts.bytes + self.keys.bytes + tables + numbers * size_of::<u32>()
    }

    /// About what whoever reads all of its rows takes in memory.
    pub(crate) fn reading_bytes(&self) -> usize {
        let numbers = self.texts.numbers.len() + self.pairs.len();
        self.texts.bytes + self.keys.bytes + self.kind_bytes + numbers * size_of::<u32>()
    }

    fn add_row(&mut self, row: &[u8]) -> Option<()> {
        self.bytes += row.len();
        let before = self.sets.len();
        each_set(row, |owner, annotations| {
            let mut kind = Kind { owner, keys: Vec::with_capacity(annotations.len()) };
            for (key, text) in annotations {
                let key = self.keys.number(key);
                let text = self.texts.number(text);
                if key as usize == self.texts_of.len() {
                    self.texts_of.push(Vec::new());
                }
                let texts = &mut self.texts_of[key as usize];
                let value = *self.pairs.entry((key, text)).or_insert_with(|| {
                    texts.push(text);
                    texts.len() as u32 - 1
                });
                kind.keys.push(key);
                self.values.push(value);
            }
            let next = self.kinds.len() as u32;
            let bytes = KIND_BYTES + kind.keys.capacity() * size_of::<u32>();
            self.sets.push(*self.kinds.entry(kind).or_insert_with(|| {
                self.kind_bytes += bytes;
                next
            }));
            Some(())
        })?;
        self.counts.push((self.sets.len() - before) as u32);
        Some(())
    }

    /// The row group: the length of its head, the head, and what that has the places of.
    pub(crate) fn finish(mut self) -> io::Result<Vec<u8>> {
        let mut texts: Vec<(Box<[u8]>, u32)> = self.texts.numbers.drain().collect();
        texts.sort_unstable();
        let mut ranks = vec![0; texts.len()];
        (0..).zip(&texts).for_each(|(rank, (_, text))| ranks[*text as usize] = rank);
        let mut head = Head {
            rows: self.counts.len(),
            bytes: self.bytes,
            count_width: width(self.counts.iter().max().map_or(0, |&most| most as usize + 1)),
            kind_width: width(self.kinds.len()),
            ..Head::default()
        };
        let mut body = Vec::new();
        for page in texts.chunks(PAGE_TEXTS) {
            let mut plain = Vec::new();
            page.iter().for_each(|(text, _)| write_bytes(&mut plain, text));
            let first = page.first().map(|(text, _)| text.to_vec()).unwrap_or_default();
            head.pages.push(Page { first, length: compress(&mut body, &plain)? });
        }
        let numbers = self.write_keys(&ranks, &mut head, &mut body)?;
        let mut kinds: Vec<(Kind, u32)> = self.kinds.drain().collect();
        kinds.sort_unstable_by_key(|(_, number)| *number);
        head.kinds = kinds.into_iter().map(|(kind, _)| kind).collect();
        self.write_chunks(&numbers, &mut head, &mut body);
        let mut packed = Vec::new();
        compress(&mut packed, &head.encode())?;
        let mut group = (packed.len() as u32).to_le_bytes().to_vec();
        group.extend_from_slice(&packed);
        group.extend_from_slice(&body);
        Ok(group)
    }

    /// Writes of each key which texts it has, ascending. Gives for each of its texts its place among these.
    fn write_keys(
        &mut self,
        ranks: &[u32],
        head: &mut Head,
        body: &mut Vec<u8>,
    ) -> io::Result<Vec<Vec<u32>>> {
        let mut names: Vec<(Box<[u8]>, u32)> = self.keys.numbers.drain().collect();
        names.sort_unstable_by_key(|(_, key)| *key);
        let mut all = Vec::with_capacity(names.len());
        for ((name, _), texts) in names.into_iter().zip(&self.texts_of) {
            let mut order: Vec<(u32, usize)> =
                texts.iter().map(|&text| ranks[text as usize]).zip(0..).collect();
            order.sort_unstable();
            let mut numbers = vec![0; order.len()];
            let (mut plain, mut last) = (Vec::new(), 0);
            for (place, &(rank, number)) in (0..).zip(&order) {
                numbers[number] = place;
                write_number(&mut plain, (rank - last) as usize);
                last = rank;
            }
            let length = compress(body, &plain)?;
            head.keys.push(Key { name: name.into_vec(), texts: order.len(), length });
            all.push(numbers);
        }
        Ok(all)
    }

    /// Of each chunk the number of sets of each row, the kind of each set, and key by key the values.
    fn write_chunks(&self, numbers: &[Vec<u32>], head: &mut Head, body: &mut Vec<u8>) {
        let (mut sets, mut values) = (self.sets.as_slice(), self.values.as_slice());
        let mut by_key: Vec<Vec<u32>> = vec![Vec::new(); numbers.len()];
        for counts in self.counts.chunks(CHUNK_ROWS) {
            let mut bits = Bits::default();
            counts.iter().for_each(|&count| bits.push(count, head.count_width));
            let count = counts.iter().map(|&count| count as usize).sum();
            let (own, others) = sets.split_at(count);
            sets = others;
            for &kind in own {
                bits.push(kind, head.kind_width);
                let keys = &head.kinds[kind as usize].keys;
                let (some, others) = values.split_at(keys.len());
                values = others;
                for (&key, &value) in keys.iter().zip(some) {
                    by_key[key as usize].push(numbers[key as usize][value as usize]);
                }
            }
            for (key, values) in head.keys.iter().zip(&mut by_key) {
                let width = width(key.texts);
                values.drain(..).for_each(|value| bits.push(value, width));
            }
            let bytes = bits.finish();
            head.chunks.push(Chunk { sets: count, length: bytes.len() });
            body.extend_from_slice(&bytes);
        }
    }
}

/// Appends bytes compressed; says how long they are so.
fn compress(out: &mut Vec<u8>, plain: &[u8]) -> io::Result<usize> {
    let mut packed = Vec::new();
    write_number(&mut packed, plain.len());
    packed.extend(zstd::bulk::compress(plain, LEVEL)?);
    out.extend_from_slice(&packed);
    Ok(packed.len())
}
