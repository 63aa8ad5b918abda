//! The fields of a protobuf message, one after the other and without decoding what they hold.
//!
//! The outer messages of a request are walked like this, so that a resource may come after its spans, nothing is held for spans that are not
//! looked at yet, and a span that cannot be decoded is one span.

/// The bytes end too early, or are none of protobuf's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Gives the fields with a length, number and bytes; skips the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(&'a [u8]);

pub(crate) fn fields(message: &[u8]) -> Fields<'_> {
    Fields(message)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.0.is_empty() {
                return None;
            }
            match self.field() {
                Ok(Some(field)) => return Some(Ok(field)),
                Ok(None) => {}
                Err(malformed) => {
                    self.0 = &[];
                    return Some(Err(malformed));
                }
            }
        }
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<Option<(u64, &'a [u8])>, Malformed> {
        let key = self.varint()?;
        let number = key >> 3;
        if number == 0 {
            return Err(Malformed);
        }
        match key & 7 {
            0 => self.varint().map(|_| None),
            1 => self.take(8).map(|_| None),
            2 => {
                let length = self.varint()?;
                let bytes = self.take(usize::try_from(length).map_err(|_| Malformed)?)?;
                Ok(Some((number, bytes)))
            }
            5 => self.take(4).map(|_| None),
            // Groups: nobody sends them, and they nest.
            _ => Err(Malformed),
        }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for (at, &byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &[Result<(u64, &[u8]), Malformed>]) {
        assert_eq!(fields(bytes).collect::<Vec<_>>(), expected, "{bytes:?}");
    }

    #[test]
    fn fields_with_a_length_are_given_and_others_skipped() {
        check(b"", &[]);
        check(b"\x0a\x02ab\x10\x96\x01\x1a\x00", &[Ok((1, b"ab")), Ok((3, b""))]);
        check(b"\x0912345678\x0d1234\x0a\x01x", &[Ok((1, b"x"))]);
    }

    #[test]
    fn what_is_cut_or_claims_too_much_ends_it() {
        check(b"\x0a\x05ab", &[Err(Malformed)]);
        check(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &[Err(Malformed)]);
        check(b"\x0a\x01a\x0b", &[Ok((1, b"a")), Err(Malformed)]);
        check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", &[Err(Malformed)]);
        check(b"\x02\x00", &[Err(Malformed)]);
    }
}
