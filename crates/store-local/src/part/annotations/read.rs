//! Looks for annotations in a part, and reads those of its rows.

use std::sync::Arc;

use super::bits::get;
use super::head::{Chunk, Head};
use super::page::Texts;
use super::row::{read_bytes, read_number, spellings, write_bytes, write_number};
use super::{CHUNK_ROWS, INDEX, owner};
use crate::file::Reading;
use crate::kept::Piece;
use crate::part::rowset::RowSet;
use crate::part::{Attachment, Part, PartError};
use ahash::AHashMap as HashMap;

/// No text is longer, and no list takes more: what says so is damaged.
const MOST_BYTES: usize = 1 << 30;

/// A row group, with where its pieces are.
#[derive(Debug)]
pub(crate) struct Group {
    attachment: Attachment,
    head: Head,
    pages: Vec<u64>,
    keys: Vec<u64>,
    chunks: Vec<u64>,
}

/// Reads from one part.
pub(crate) struct Reader<'a> {
    part: &'a Part,
    file: Reading,
    /// What was read of one row group.
    open: Option<(usize, Arc<Group>)>,
    texts: HashMap<usize, Arc<Texts>>,
    texts_of: HashMap<u32, Arc<Vec<u32>>>,
    /// Whether what it reads stays in memory for others.
    keeps: bool,
}

impl<'a> Reader<'a> {
    /// `None` where the file has its annotations in a column.
    pub(crate) fn of(part: &'a Part) -> Result<Option<Self>, PartError> {
        Self::new(part, true)
    }

    /// For who reads the file from its beginning to its end, and needs nothing twice.
    pub(crate) fn passing(part: &'a Part) -> Result<Option<Self>, PartError> {
        Self::new(part, false)
    }

    fn new(part: &'a Part, keeps: bool) -> Result<Option<Self>, PartError> {
        if !part.has_index(&INDEX)? {
            return Ok(None);
        }
        let file = part.file()?;
        let (texts, texts_of) = (HashMap::new(), HashMap::new());
        Ok(Some(Self { part, file, open: None, texts, texts_of, keeps }))
    }

    fn kept<T: Send + Sync + 'static>(
        &self,
        piece: Piece,
        make: impl FnOnce() -> Result<(T, usize), PartError>,
    ) -> Result<Arc<T>, PartError> {
        match self.keeps {
            true => self.part.kept(piece, make),
            false => make().map(|(made, _)| Arc::new(made)),
        }
    }

    /// About what was read takes in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        let head = self.open.as_ref().map_or(0, |(_, group)| group.bytes());
        let texts: usize = self.texts.values().map(|texts| texts.held_bytes()).sum();
        head + texts + self.texts_of.values().map(|texts| size_of_val(texts.as_slice())).sum::<usize>()
    }

    /// About how many bytes the rows of all row groups take on their way through a batch.
    pub(crate) fn bytes(&mut self, groups: usize) -> Result<u64, PartError> {
        (0..groups).try_fold(0, |sum, number| Ok(sum + self.group(number)?.head.bytes as u64))
    }

    /// The rows of a row group that have the key, and the value if there is one; and those of which not everything is
    /// there.
    pub(crate) fn matching(
        &mut self,
        number: usize,
        key: &str,
        value: Option<&str>,
    ) -> Result<RowSet, PartError> {
        let group = self.group(number)?;
        let head = &group.head;
        let key = head.keys.iter().position(|known| known.name == key.as_bytes());
        let wanted = match (key, value) {
            (Some(key), Some(value)) => Some(self.values_of((number, &group), key, value)?),
            _ => None,
        };
        let is_sought = key.is_some() && wanted.as_ref().is_none_or(|values| !values.is_empty());
        let key = key.filter(|_| is_sought);
        let mut found = RowSet::none(head.rows);
        let has_cut = head.kinds.iter().any(|kind| kind.owner == owner::CUT);
        if key.is_none() && !has_cut {
            return Ok(found);
        }
        for place in 0..head.chunks.len() {
            self.match_chunk((number, &group), place, key, wanted.as_deref(), has_cut, &mut found)?;
        }
        Ok(found)
    }

    fn match_chunk(
        &self,
        (row_group, group): (usize, &Group),
        number: usize,
        key: Option<usize>,
        wanted: Option<&[u32]>,
        has_cut: bool,
        found: &mut RowSet,
    ) -> Result<(), PartError> {
        let head = &group.head;
        let hits = match key {
            Some(key) => self.hits((row_group, group), number, key, wanted)?,
            None => Vec::new(),
        };
        if hits.is_empty() && !has_cut {
            return Ok(());
        }
        let chunk = &head.chunks[number];
        let (first, rows) = rows_of(head, number);
        let (counts, kinds) = (usize::from(head.count_width), usize::from(head.kind_width));
        let bytes = self.bytes_at(
            &group.attachment,
            group.chunks[number],
            (rows * counts + chunk.sets * kinds).div_ceil(8),
        )?;
        let mut hits = hits.into_iter().peekable();
        let (mut set, mut value) = (rows * counts, 0);
        for row in 0..rows {
            for _ in 0..get(&bytes, row * counts, head.count_width) {
                let kind = head.kinds.get(get(&bytes, set, head.kind_width) as usize);
                let kind = kind.ok_or_else(|| self.wrong())?;
                set += kinds;
                if kind.owner == owner::CUT {
                    found.put(first + row);
                }
                let of_key = |known: &&u32| key.is_some_and(|key| **known as usize == key);
                value += kind.keys.iter().filter(of_key).count();
                while hits.next_if(|hit| *hit < value).is_some() {
                    found.put(first + row);
                }
            }
            if !has_cut && hits.peek().is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Which values of a key are wanted, by their numbers in a chunk, ascending; all, where none are named.
    fn hits(
        &self,
        (row_group, group): (usize, &Group),
        number: usize,
        key: usize,
        wanted: Option<&[u32]>,
    ) -> Result<Vec<usize>, PartError> {
        let starts = self.starts((row_group, group), number, None)?;
        let width = group.head.keys[key].width();
        let (from, to) = (starts.of_key[key] as usize, starts.of_key[key + 1] as usize);
        let count = starts.counts[key] as usize;
        let Some(wanted) = wanted else { return Ok((0..count).collect()) };
        let bytes = self.bytes_at(
            &group.attachment,
            group.chunks[number] + from as u64 / 8,
            to.div_ceil(8) - from / 8,
        )?;
        let value = |place: usize| get(&bytes, from % 8 + place * usize::from(width), width);
        Ok((0..count).filter(|&place| wanted.contains(&value(place))).collect())
    }

    /// Where the values of each key lie in a chunk, of which the bytes may be there already.
    fn starts(
        &self,
        (row_group, group): (usize, &Group),
        number: usize,
        bytes: Option<&[u8]>,
    ) -> Result<Arc<Starts>, PartError> {
        self.kept(Piece::Starts(row_group, number), || {
            let head = &group.head;
            let chunk = &head.chunks[number];
            let (_, rows) = rows_of(head, number);
            let bits = rows * usize::from(head.count_width) + chunk.sets * usize::from(head.kind_width);
            let read;
            let bytes = match bytes {
                Some(bytes) => bytes,
                None => {
                    read = self.bytes_at(&group.attachment, group.chunks[number], bits.div_ceil(8))?;
                    &read
                }
            };
            let starts = Starts::of(head, chunk, rows, bytes).ok_or_else(|| self.wrong())?;
            let bytes = (starts.of_key.len() + starts.counts.len()) * size_of::<u32>();
            Ok((starts, bytes))
        })
    }

    /// Shows some rows of a row group, by their ascending numbers in it, each as [`encode`](super::encode) made it.
    pub(crate) fn rows(
        &mut self,
        number: usize,
        wanted: &[usize],
        mut see: impl FnMut(usize, Vec<u8>),
    ) -> Result<(), PartError> {
        let group = self.group(number)?;
        let mut rest = wanted;
        while let Some(&next) = rest.first() {
            let chunk = next / CHUNK_ROWS;
            let (own, others) = rest.split_at(rest.partition_point(|&row| row < (chunk + 1) * CHUNK_ROWS));
            rest = others;
            if chunk >= group.head.chunks.len() {
                return Err(self.wrong());
            }
            self.read_chunk((number, &group), chunk, own, &mut see)?;
        }
        Ok(())
    }

    fn read_chunk(
        &mut self,
        (row_group, group): (usize, &Group),
        number: usize,
        wanted: &[usize],
        see: &mut impl FnMut(usize, Vec<u8>),
    ) -> Result<(), PartError> {
        let head = &group.head;
        let (first, rows) = rows_of(head, number);
        let bytes = self.bytes_at(&group.attachment, group.chunks[number], head.chunks[number].length)?;
        let starts = self.starts((row_group, group), number, Some(&bytes))?;
        let mut next: Vec<usize> = starts.of_key.iter().map(|&start| start as usize).collect();
        let mut passed = Passed { of_kind: vec![0; head.kinds.len()], kinds: Vec::new() };
        let (counts, kinds) = (usize::from(head.count_width), usize::from(head.kind_width));
        let mut set = rows * counts;
        let mut wanted = wanted.iter().copied().peekable();
        for row in 0..rows {
            let is_wanted = wanted.next_if_eq(&(first + row)).is_some();
            let mut out = Vec::new();
            for _ in 0..get(&bytes, row * counts, head.count_width) {
                let number = get(&bytes, set, head.kind_width) as usize;
                set += kinds;
                if !is_wanted {
                    passed.add(number).ok_or_else(|| self.wrong())?;
                    continue;
                }
                let kind = head.kinds.get(number).ok_or_else(|| self.wrong())?;
                passed.skip(head, &mut next);
                write_number(&mut out, kind.owner as usize);
                write_number(&mut out, kind.keys.len());
                for &key in &kind.keys {
                    let width = head.keys[key as usize].width();
                    write_bytes(&mut out, &head.keys[key as usize].name);
                    let value = get(&bytes, next[key as usize], width);
                    write_bytes(&mut out, self.text((row_group, group), key, value)?);
                    next[key as usize] += usize::from(width);
                }
            }
            if is_wanted {
                see(first + row, out);
            }
            if wanted.peek().is_none() {
                break;
            }
        }
        Ok(())
    }

    /// The text of a value of a key.
    fn text(&mut self, group: (usize, &Group), key: u32, value: u32) -> Result<&[u8], PartError> {
        let texts = self.texts_of(group, key)?;
        let rank = texts.get(value as usize).copied().ok_or_else(|| self.wrong())? as usize;
        let page = rank / super::PAGE_TEXTS;
        self.page(group, page)?;
        let text = self.texts.get(&page).and_then(|texts| texts.get(rank % super::PAGE_TEXTS));
        text.ok_or_else(|| self.wrong())
    }

    /// The numbers that values of a key have where they are this text, however it is written.
    fn values_of(&mut self, group: (usize, &Group), key: usize, value: &str) -> Result<Vec<u32>, PartError> {
        let mut ranks = Vec::new();
        for wanted in spellings(value) {
            let after = group.1.head.pages.partition_point(|page| page.first <= wanted);
            let Some(page) = after.checked_sub(1) else { continue };
            self.page(group, page)?;
            if let Some(place) = self.texts[&page].find(&wanted) {
                ranks.push((page * super::PAGE_TEXTS + place) as u32);
            }
        }
        if ranks.is_empty() {
            return Ok(Vec::new());
        }
        let texts = self.texts_of(group, key as u32)?;
        Ok(ranks.iter().filter_map(|rank| texts.binary_search(rank).ok()).map(|place| place as u32).collect())
    }

    /// Of a key the places of its texts among all, ascending.
    fn texts_of(&mut self, (number, group): (usize, &Group), key: u32) -> Result<&[u32], PartError> {
        if !self.texts_of.contains_key(&key) {
            let texts = self.kept(Piece::KeyTexts(number, key), || {
                let known = &group.head.keys[key as usize];
                let plain = self.plain(&group.attachment, group.keys[key as usize], known.length)?;
                let (mut rest, mut rank, mut texts) = (plain.as_slice(), 0, Vec::new());
                while !rest.is_empty() {
                    rank += read_number(&mut rest).ok_or_else(|| self.wrong())? as u32;
                    texts.push(rank);
                }
                texts.shrink_to_fit();
                let bytes = texts.len() * size_of::<u32>();
                Ok((texts, bytes))
            })?;
            self.texts_of.insert(key, texts);
        }
        Ok(&self.texts_of[&key])
    }

    fn page(&mut self, (number, group): (usize, &Group), page: usize) -> Result<(), PartError> {
        if !self.texts.contains_key(&page) {
            let texts = self.kept(Piece::Texts(number, page), || {
                let known = group.head.pages.get(page).ok_or_else(|| self.wrong())?;
                let plain = self.plain(&group.attachment, group.pages[page], known.length)?;
                let mut texts = Texts { bytes: Vec::with_capacity(plain.len()), ends: Vec::new() };
                let mut rest = plain.as_slice();
                while !rest.is_empty() {
                    texts.bytes.extend_from_slice(read_bytes(&mut rest).ok_or_else(|| self.wrong())?);
                    texts.ends.push(texts.bytes.len() as u32);
                }
                let bytes = texts.held_bytes();
                Ok((texts, bytes))
            })?;
            self.texts.insert(page, texts);
        }
        Ok(())
    }

    fn group(&mut self, number: usize) -> Result<Arc<Group>, PartError> {
        if let Some((open, group)) = &self.open
            && *open == number
        {
            return Ok(Arc::clone(group));
        }
        let group = self.kept(Piece::Annotations(number), || {
            let group = self.read_group(number)?;
            let bytes = group.bytes();
            Ok((group, bytes))
        })?;
        self.texts.clear();
        self.texts_of.clear();
        self.open = Some((number, Arc::clone(&group)));
        Ok(group)
    }

    fn read_group(&self, number: usize) -> Result<Group, PartError> {
        let (attachment, base) = self.part.index_of(&INDEX, number)?.ok_or_else(|| self.wrong())?;
        let length = self.bytes_at(&attachment, base, 4)?;
        let length = u32::from_le_bytes(length.try_into().expect("as many bytes as were asked for"));
        let plain = self.plain(&attachment, base + 4, length as usize)?;
        let head = Head::decode(&plain).ok_or_else(|| self.wrong())?;
        let mut place = base + 4 + u64::from(length);
        let mut places = |lengths: &mut dyn Iterator<Item = usize>| -> Vec<u64> {
            let next = |length: usize| {
                let begin = place;
                place += length as u64;
                begin
            };
            lengths.map(next).collect()
        };
        let pages = places(&mut head.pages.iter().map(|page| page.length));
        let keys = places(&mut head.keys.iter().map(|key| key.length));
        let chunks = places(&mut head.chunks.iter().map(|chunk| chunk.length));
        Ok(Group { attachment, head, pages, keys, chunks })
    }

    /// Bytes that were compressed.
    fn plain(&self, attachment: &Attachment, place: u64, length: usize) -> Result<Vec<u8>, PartError> {
        let packed = self.bytes_at(attachment, place, length)?;
        let mut rest = packed.as_slice();
        let size = read_number(&mut rest).filter(|&size| size < MOST_BYTES).ok_or_else(|| self.wrong())?;
        zstd::bulk::decompress(rest, size).map_err(|_| self.wrong())
    }

    fn bytes_at(&self, attachment: &Attachment, place: u64, length: usize) -> Result<Vec<u8>, PartError> {
        self.part.bytes_of(&self.file, attachment, place, length as u64)
    }

    fn wrong(&self) -> PartError {
        self.part.damaged("its annotations are not understood".to_owned())
    }
}

/// The first row of a chunk, and how many it has.
fn rows_of(head: &Head, chunk: usize) -> (usize, usize) {
    let first = chunk * CHUNK_ROWS;
    (first, head.rows.saturating_sub(first).min(CHUNK_ROWS))
}

/// Where the values of each key begin in a chunk, in bits, and where the last one's end; and how many each has.
#[derive(Debug)]
struct Starts {
    of_key: Vec<u32>,
    counts: Vec<u32>,
}

impl Starts {
    fn of(head: &Head, chunk: &Chunk, rows: usize, bytes: &[u8]) -> Option<Self> {
        let (counts, kinds) = (usize::from(head.count_width), usize::from(head.kind_width));
        let mut of_kind = vec![0_u32; head.kinds.len()];
        for set in 0..chunk.sets {
            *of_kind.get_mut(get(bytes, rows * counts + set * kinds, head.kind_width) as usize)? += 1;
        }
        let mut of_key = vec![0_u32; head.keys.len()];
        for (kind, count) in head.kinds.iter().zip(of_kind).filter(|(_, count)| *count > 0) {
            for &key in &kind.keys {
                of_key[key as usize] = of_key[key as usize].checked_add(count)?;
            }
        }
        let mut place = u32::try_from(rows * counts + chunk.sets * kinds).ok()?;
        let mut starts = Vec::with_capacity(of_key.len() + 1);
        for (key, &count) in head.keys.iter().zip(&of_key) {
            starts.push(place);
            place = place.checked_add(count.checked_mul(u32::from(key.width()))?)?;
        }
        starts.push(place);
        Some(Self { of_key: starts, counts: of_key })
    }
}

/// Sets that were passed on the way to a row, by kind: what lies before the row's values is summed up once for all of them.
struct Passed {
    of_kind: Vec<u32>,
    /// Those that are not zero.
    kinds: Vec<u32>,
}

impl Passed {
    fn add(&mut self, kind: usize) -> Option<()> {
        let count = self.of_kind.get_mut(kind)?;
        if *count == 0 {
            self.kinds.push(kind as u32);
        }
        *count += 1;
        Some(())
    }

    /// Moves the places of values behind those of the sets.
    fn skip(&mut self, head: &Head, next: &mut [usize]) {
        for kind in self.kinds.drain(..).map(|kind| kind as usize) {
            let count = std::mem::take(&mut self.of_kind[kind]) as usize;
            for &key in &head.kinds[kind].keys {
                next[key as usize] += count * usize::from(head.keys[key as usize].width());
            }
        }
    }
}

impl Group {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        let Head { pages, keys, kinds, chunks, .. } = &self.head;
        let texts = pages.iter().map(|page| page.first.capacity()).sum::<usize>()
            + keys.iter().map(|key| key.name.capacity()).sum::<usize>()
            + kinds.iter().map(|kind| kind.keys.capacity() * size_of::<u32>()).sum::<usize>();
        let lists = size_of_val(pages.as_slice())
            + size_of_val(keys.as_slice())
            + size_of_val(kinds.as_slice())
            + size_of_val(chunks.as_slice());
        texts + lists + (pages.len() + keys.len() + chunks.len()) * size_of::<u64>()
    }
}
