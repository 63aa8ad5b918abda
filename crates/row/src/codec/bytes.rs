//! Numbers and texts of a block.

use std::cell::Cell;

use super::{CodecError, VERSION, WITHOUT_WORK};
use ahash::AHashMap as HashMap;

/// A block that is being written: what is in it, and the texts that it refers to.
#[derive(Default)]
pub(super) struct Output<'a> {
    body: Vec<u8>,
    places: HashMap<&'a str, u64>,
    texts: Vec<&'a str>,
}

impl<'a> Output<'a> {
    pub(super) fn byte(&mut self, byte: u8) {
        self.body.push(byte);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.body.extend_from_slice(bytes);
    }

    pub(super) fn number(&mut self, number: u64) {
        push_number(&mut self.body, number);
    }

    /// Small where it is close to zero, on either side.
    pub(super) fn signed(&mut self, number: i64) {
        self.number((number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned());
    }

    /// By what it differs from another; the difference wraps.
    pub(super) fn from(&mut self, base: i64, number: i64) {
        self.signed(number.wrapping_sub(base));
    }

    /// A bit and a number, in one byte where it is below 64.
    pub(super) fn flagged(&mut self, flag: bool, number: u64) {
        let low = (number as u8 & 0x3f) << 1 | u8::from(flag);
        match number >> 6 {
            0 => self.byte(low),
            more => {
                self.byte(low | 0x80);
                self.number(more);
            }
        }
    }

    pub(super) fn text(&mut self, text: &'a str) {
        let place = self.place(text);
        self.number(place);
    }

    pub(super) fn optional_text(&mut self, text: Option<&'a str>) {
        match text {
            Some(text) => {
                let place = self.place(text);
                self.number(place + 1);
            }
            None => self.number(0),
        }
    }

    pub(super) fn list<T>(&mut self, items: &'a [T], mut write: impl FnMut(&mut Self, &'a T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    pub(super) fn texts(&mut self, texts: &'a [String]) {
        self.list(texts, |output, text| output.text(text));
    }

    fn place(&mut self, text: &'a str) -> u64 {
        *self.places.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as u64 - 1
        })
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let texts: usize = self.texts.iter().map(|text| text.len() + 2).sum();
        let mut block = Vec::with_capacity(self.body.len() + texts + 4);
        block.push(VERSION);
        push_number(&mut block, self.texts.len() as u64);
        for text in &self.texts {
            push_number(&mut block, text.len() as u64);
            block.extend_from_slice(text.as_bytes());
        }
        block.extend_from_slice(&self.body);
        block
    }
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A block that is being read.
pub(super) struct Input<'a> {
    rest: &'a [u8],
    texts: Vec<&'a str>,
    /// Which version wrote it.
    pub(super) version: u8,
    /// Bytes of texts that may still be given: a long one is written once, however often it is referred to.
    texts_left: Cell<usize>,
}

impl<'a> Input<'a> {
    pub(super) fn open(block: &'a [u8]) -> Result<Self, CodecError> {
        let mut input = Self::begin(block)?;
        input.texts = input.list(|input| {
            let length = input.length()?;
            std::str::from_utf8(input.take(length)?).map_err(|_| CodecError::Wrong("a text"))
        })?;
        Ok(input)
    }

    /// What is behind the texts, which are passed over.
    pub(super) fn body_of(block: &'a [u8]) -> Result<Self, CodecError> {
        let mut input = Self::begin(block)?;
        for _ in 0..input.length()? {
            let length = input.length()?;
            input.take(length)?;
        }
        Ok(input)
    }

    fn begin(block: &'a [u8]) -> Result<Self, CodecError> {
        let mut input =
            Self { rest: block, texts: Vec::new(), version: 0, texts_left: Cell::new(usize::MAX) };
        input.version = input.byte()?;
        match input.version {
            WITHOUT_WORK..=VERSION => Ok(input),
            other => Err(CodecError::Version(other)),
        }
    }

    /// The same where those that refer to texts may take no more than so many bytes.
    pub(super) fn within(self, texts: usize) -> Self {
        Self { texts_left: Cell::new(texts), ..self }
    }

    pub(super) fn texts_left(&self) -> usize {
        self.texts_left.get()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing must be left.
    pub(super) fn finish(self) -> Result<(), CodecError> {
        if self.rest.is_empty() { Ok(()) } else { Err(CodecError::Wrong("its length")) }
    }

    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        let (&first, rest) = self.rest.split_first().ok_or(CodecError::Short)?;
        self.rest = rest;
        Ok(first)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (first, rest) = self.rest.split_first_chunk().ok_or(CodecError::Short)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CodecError> {
        let (first, rest) = self.rest.split_at_checked(length).ok_or(CodecError::Short)?;
        self.rest = rest;
        Ok(first)
    }

    pub(super) fn number(&mut self) -> Result<u64, CodecError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(CodecError::Wrong("a number"))
    }

    pub(super) fn small(&mut self) -> Result<u32, CodecError> {
        u32::try_from(self.number()?).map_err(|_| CodecError::Wrong("a number"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, CodecError> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub(super) fn from(&mut self, base: i64) -> Result<i64, CodecError> {
        Ok(base.wrapping_add(self.signed()?))
    }

    pub(super) fn flagged(&mut self) -> Result<(bool, u64), CodecError> {
        let first = self.byte()?;
        let low = u64::from(first >> 1 & 0x3f);
        let more = if first < 0x80 { 0 } else { self.number()? };
        Ok((first & 1 == 1, low | more << 6))
    }

    /// How many things follow; each takes a byte at the least.
    fn length(&mut self) -> Result<usize, CodecError> {
        let length = usize::try_from(self.number()?).map_err(|_| CodecError::Short)?;
        if length <= self.rest.len() { Ok(length) } else { Err(CodecError::Short) }
    }

    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let length = self.length()?;
        let mut items = Vec::with_capacity(length.min(MOST_AT_ONCE));
        for _ in 0..length {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, CodecError> {
        let place = self.number()?;
        self.text_at(place)
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<&'a str>, CodecError> {
        match self.number()? {
            0 => Ok(None),
            place => self.text_at(place - 1).map(Some),
        }
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>, CodecError> {
        self.list(|input| input.text().map(str::to_owned))
    }

    fn text_at(&self, place: u64) -> Result<&'a str, CodecError> {
        let text = usize::try_from(place).ok().and_then(|place| self.texts.get(place));
        let text = text.copied().ok_or(CodecError::Wrong("the place of a text"))?;
        let left = self.texts_left.get().checked_sub(text.len());
        self.texts_left.set(left.ok_or(CodecError::Wrong("the length of its texts"))?);
        Ok(text)
    }
}

/// Longer lists grow as they are read: a wrong length reserves little.
const MOST_AT_ONCE: usize = 1_024;
