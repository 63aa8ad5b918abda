//! `NextToken` of GetTraceSummaries: where the next page begins, tied to the query that it continues.
//!
//! It is opaque to clients: hex digits over the query's fingerprint and the place of the last trace.

use model::{Timestamp, TraceId};
use store::Cursor;

use crate::error::XRayError;

const BYTES: usize = 8 + 8 + 16;

/// The token for the page after `cursor`.
pub(crate) fn write(fingerprint: u64, cursor: Cursor) -> String {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend(fingerprint.to_be_bytes());
    bytes.extend(cursor.time.0.to_be_bytes());
    bytes.extend(cursor.id.0);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The place in a token of the same query.
pub(crate) fn read(fingerprint: u64, token: &str) -> Result<Cursor, XRayError> {
    parse(token)
        .filter(|(of, _)| *of == fingerprint)
        .map(|(_, cursor)| cursor)
        .ok_or_else(|| XRayError::invalid(format!("Invalid token {token}")))
}

fn parse(token: &str) -> Option<(u64, Cursor)> {
    if token.len() != 2 * BYTES || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let fingerprint = u64::from_str_radix(&token[..16], 16).ok()?;
    let time = u64::from_str_radix(&token[16..32], 16).ok()?;
    let id = u128::from_str_radix(&token[32..], 16).ok()?;
    Some((fingerprint, Cursor { time: Timestamp(time.cast_signed()), id: TraceId(id.to_be_bytes()) }))
}

/// FNV-1a: the same on every machine and in every version, so a token outlives a restart.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.iter().chain(&part.len().to_be_bytes()) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place_and_to_no_other_query() {
        let cursor = Cursor { time: Timestamp(-5), id: TraceId([7; 16]) };
        let token = write(1, cursor);
        assert_eq!(read(1, &token).unwrap(), cursor);
        assert_eq!(read(2, &token).unwrap_err().to_string(), format!("Invalid token {token}"));
        for broken in ["", "X", &token[1..], &format!("+{}", &token[1..]), "é"] {
            assert!(read(1, broken).is_err(), "{broken}");
        }
    }
}
