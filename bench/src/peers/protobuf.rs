//! As much of protobuf's encoding as a request of OTLP takes.
//! <https://protobuf.dev/programming-guides/encoding/>

#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
}

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;

impl Message {
    pub(crate) fn number(&mut self, tag: u64, number: u64) -> &mut Self {
        self.varint(tag << 3 | VARINT);
        self.varint(number);
        self
    }

    pub(crate) fn fixed(&mut self, tag: u64, number: u64) -> &mut Self {
        self.varint(tag << 3 | FIXED_64);
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self
    }

    pub(crate) fn bytes(&mut self, tag: u64, bytes: &[u8]) -> &mut Self {
        self.varint(tag << 3 | LENGTH);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(crate) fn message(&mut self, tag: u64, write: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(tag, &inner.bytes)
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}
