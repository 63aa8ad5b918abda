//! `NextToken` of GetTraceSummaries: where the next page begins, tied to the query that it continues.
//!
//! It is opaque to clients: hex digits over the query's fingerprint, the window of the first page and the place of the last
//! trace. The window is in it because clients take theirs from the clock anew for each page, AWS's own sample among them.

use model::{TimeRange, Timestamp, TraceId};
use store::Cursor;

use crate::error::XRayError;

const BYTES: usize = 8 + 8 + 8 + 8 + 16;

/// Where a page begins, in the window that the first page asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Page {
    pub(crate) window: TimeRange,
    pub(crate) after: Cursor,
}

/// The token for a page.
pub(crate) fn write(fingerprint: u64, page: Page) -> String {
    let Page { window, after: cursor } = page;
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend(fingerprint.to_be_bytes());
    bytes.extend(window.start.0.to_be_bytes());
    bytes.extend(window.end.0.to_be_bytes());
    bytes.extend(cursor.time.0.to_be_bytes());
    bytes.extend(cursor.id.0);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The page of a token of the same query.
pub(crate) fn read(fingerprint: u64, token: &str) -> Result<Page, XRayError> {
    parse(token)
        .filter(|(of, _)| *of == fingerprint)
        .map(|(_, page)| page)
        .ok_or_else(|| XRayError::invalid(format!("Invalid token {token}")))
}

fn parse(token: &str) -> Option<(u64, Page)> {
    if token.len() != 2 * BYTES || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = |at: usize| u64::from_str_radix(&token[at..at + 16], 16).ok();
    let instant = |at: usize| number(at).map(|micros| Timestamp(micros.cast_signed()));
    let window = TimeRange::new(instant(16)?, instant(32)?);
    let id = u128::from_str_radix(&token[64..], 16).ok()?;
    let after = Cursor { time: instant(48)?, id: TraceId(id.to_be_bytes()) };
    Some((number(0)?, Page { window, after }))
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
        let window = TimeRange::new(Timestamp(-9), Timestamp(9));
        let page = Page { window, after: Cursor { time: Timestamp(-5), id: TraceId([7; 16]) } };
        let token = write(1, page);
        assert_eq!(read(1, &token).unwrap(), page);
        assert_eq!(read(2, &token).unwrap_err().to_string(), format!("Invalid token {token}"));
        for broken in ["", "X", &token[1..], &format!("+{}", &token[1..]), "é"] {
            assert!(read(1, broken).is_err(), "{broken}");
        }
    }
}
