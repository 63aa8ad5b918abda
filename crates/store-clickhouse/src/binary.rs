//! ClickHouse's RowBinary: values one after another, little-endian, texts and lists behind their length.
//!
//! <https://clickhouse.com/docs/interfaces/formats/RowBinary>

/// Rows on their way out.
#[derive(Debug, Default)]
pub(crate) struct Output(pub(crate) Vec<u8>);

/// Rows on their way in.
#[derive(Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

/// The answer is not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an answer of ClickHouse is not in the form that was asked for")]
pub(crate) struct Malformed;

impl Output {
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn length(&mut self, length: usize) {
        let mut left = length as u64;
        while left >= 0x80 {
            self.0.push(left as u8 | 0x80);
            left >>= 7;
        }
        self.0.push(left as u8);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn texts<T: AsRef<str>>(&mut self, texts: impl ExactSizeIterator<Item = T>) {
        self.length(texts.len());
        texts.for_each(|text| self.text(text.as_ref()));
    }

    pub(crate) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_none()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.raw(N)?.try_into().map_err(|_| Malformed)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn length(&mut self) -> Result<usize, Malformed> {
        let mut length = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            length |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                // No element takes less than a byte, so that no length makes memory of nothing.
                return usize::try_from(length).ok().filter(|&it| it <= self.0.len()).ok_or(Malformed);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.length()?;
        self.raw(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    pub(crate) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = self.length()?;
        (0..length).map(|_| read(self)).collect()
    }

    pub(crate) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.u8()? {
            0 => read(self).map(Some),
            1 => Ok(None),
            _ => Err(Malformed),
        }
    }

    /// All rows that are left.
    pub(crate) fn rows<T>(
        mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let mut rows = Vec::new();
        while !self.is_at_end() {
            rows.push(read(&mut self)?);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut output = Output::default();
        let long = "x".repeat(300);
        output.u16(7);
        output.i64(-5);
        output.text(&long);
        output.texts(["a", ""].into_iter());
        output.optional(Some(9), Output::u64);
        output.optional(None, Output::u64);
        let mut input = Input::new(&output.0);
        assert_eq!(input.array(), Ok([7, 0]));
        assert_eq!(input.i64(), Ok(-5));
        assert_eq!(input.text(), Ok(long.as_str()));
        assert_eq!(input.list(Input::text), Ok(vec!["a", ""]));
        assert_eq!(input.optional(Input::u64), Ok(Some(9)));
        assert_eq!(input.optional(Input::u64), Ok(None));
        assert!(input.is_at_end());
    }

    #[test]
    fn what_is_cut_short_is_no_value() {
        for bytes in [&[][..], &[5, b'a'], &[0xff; 10], &[0x80]] {
            assert_eq!(Input::new(bytes).text(), Err(Malformed));
        }
    }
}
