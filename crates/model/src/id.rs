//! Trace ids and entity ids, parsed once at the edge and compared as bytes from then on.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// The id of a trace: 16 bytes, written `1-5759e988-bd862e3fe1be46a994272793`.
///
/// The first four bytes are by convention the epoch second of the original request. They are neither
/// required nor validated (X-Ray accepts W3C ids reformatted), so nothing may sort or partition by them alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub [u8; 16]);

/// The id of a segment, a subsegment or an exception: 64 bits, written as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(pub u64);

/// The text is not an id of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdError;

impl Error for IdError {}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a well-formed id")
    }
}

impl FromStr for TraceId {
    type Err = IdError;

    /// Accepts X-Ray's form and the bare 32 digits of W3C, in either case.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let text = text.as_bytes();
        let mut bytes = [0; 16];
        match text.len() {
            35 if text.starts_with(b"1-") && text[10] == b'-' => {
                decode_hex(&text[2..10], &mut bytes[..4])?;
                decode_hex(&text[11..], &mut bytes[4..])?;
            }
            32 => decode_hex(text, &mut bytes)?,
            _ => return Err(IdError),
        }
        Ok(Self(bytes))
    }
}

impl TraceId {
    /// The second half, which every generator fills with random bits.
    pub fn low(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"1-00000000-000000000000000000000000";
        encode_hex(&self.0[..4], &mut text[2..10]);
        encode_hex(&self.0[4..], &mut text[11..]);
        write_digits(f, &text)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl EntityId {
    /// Another id, always the same one, for what is made of this entity; `which` tells several of them apart. Never zero.
    #[must_use]
    pub fn derived(self, which: u64) -> Self {
        // SplitMix64's mixing, of both.
        let mut mixed = self.0 ^ which.wrapping_mul(0xD6E8_FEB8_6659_FD93) ^ 0x6F74_656C_7370_616E;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((mixed ^ mixed >> 31).max(1))
    }
}

impl FromStr for EntityId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 16 {
            return Err(IdError);
        }
        let mut bytes = [0; 8];
        decode_hex(text.as_bytes(), &mut bytes)?;
        Ok(Self(u64::from_be_bytes(bytes)))
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 16];
        encode_hex(&self.0.to_be_bytes(), &mut text);
        write_digits(f, &text)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As their texts.
#[cfg(feature = "documents")]
mod stored {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{EntityId, TraceId};

    impl Serialize for TraceId {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for TraceId {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        }
    }

    impl Serialize for EntityId {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for EntityId {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        }
    }
}

fn decode_hex(digits: &[u8], out: &mut [u8]) -> Result<(), IdError> {
    for (pair, byte) in digits.chunks_exact(2).zip(out) {
        *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
    }
    Ok(())
}

fn hex_value(digit: u8) -> Result<u8, IdError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(IdError),
    }
}

fn encode_hex(bytes: &[u8], text: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// All at once: to ask the formatter for each byte took most of the time in which a document is written.
fn write_digits(f: &mut fmt::Formatter<'_>, text: &[u8]) -> fmt::Result {
    f.write_str(str::from_utf8(text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_id_is_read_in_both_forms_and_written_in_xrays() {
        let expected = "1-5759e988-bd862e3fe1be46a994272793";
        for text in [expected, "5759e988bd862e3fe1be46a994272793", "1-5759E988-BD862E3FE1BE46A994272793"] {
            let id: TraceId = text.parse().unwrap();
            assert_eq!(id.to_string(), expected);
        }
    }

    #[test]
    fn malformed_trace_ids_are_refused() {
        for text in [
            "",
            "1-5759e988-bd862e3fe1be46a99427279",
            "2-5759e988-bd862e3fe1be46a994272793",
            "1-5759e98g-bd862e3fe1be46a994272793",
            "1-5759e988bd-862e3fe1be46a994272793",
            "1-5759e988-bd862e3fe1be46a99427279é",
        ] {
            assert_eq!(text.parse::<TraceId>(), Err(IdError), "{text}");
        }
    }

    #[test]
    fn entity_id_has_sixteen_digits() {
        assert_eq!("00f067aa0ba902b7".parse::<EntityId>().unwrap().to_string(), "00f067aa0ba902b7");
        assert_eq!("f067aa0ba902b7".parse::<EntityId>(), Err(IdError));
    }
}
