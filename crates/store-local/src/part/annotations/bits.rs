//! Numbers of a few bits, one behind the other, the lowest bit first.

#[derive(Debug, Default)]
pub(super) struct Bits {
    pub(super) bytes: Vec<u8>,
    /// Not yet a whole byte.
    open: u64,
    used: u32,
}

impl Bits {
    pub(super) fn push(&mut self, number: u32, width: u8) {
        self.open |= u64::from(number) << self.used;
        self.used += u32::from(width);
        while self.used >= 8 {
            self.bytes.push(self.open as u8);
            self.open >>= 8;
            self.used -= 8;
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.bytes.push(self.open as u8);
        }
        self.bytes
    }
}

/// How many bits numbers below `count` take.
pub(super) fn width(count: usize) -> u8 {
    (usize::BITS - count.saturating_sub(1).leading_zeros()) as u8
}

/// The number at a place, counted in bits; zeros where the bytes end.
pub(super) fn get(bytes: &[u8], place: usize, width: u8) -> u32 {
    let first = place / 8;
    let word = match bytes.get(first..first + 8) {
        Some(word) => u64::from_le_bytes(word.try_into().expect("eight bytes")),
        None => {
            let rest = bytes.get(first..).unwrap_or_default();
            rest.iter().take(8).rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
        }
    };
    ((word >> (place % 8)) & ((1 << width) - 1)) as u32
}
