//! A text as a JSON string: the form that documents have in a request body.
//!
//! It is most of what the agent does itself for a document, and documents are dense with quotes, so that copying what
//! lies between two of them piece by piece costs more than looking at eight bytes at once, as here.

/// Room for the worst case, in which every byte is escaped, is made for so much of the text at a time.
const PIECE_BYTES: usize = 1 << 10;
const WORD_BYTES: usize = 8;
/// A byte in each place of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Appends the text in quotes, with what JSON does not allow within them escaped.
// Within a caller that is built to be small, it would be small and slow as well.
#[inline(never)]
pub fn quote(text: &str, body: &mut Vec<u8>) {
    if has_control(text.as_bytes()) {
        // Such as line feeds, which no SDK sends; they may grow sixfold.
        quote_each(text, body);
        return;
    }
    body.push(b'"');
    for piece in text.as_bytes().chunks(PIECE_BYTES) {
        append(piece, body);
    }
    body.push(b'"');
}

/// Byte by byte, with the short escapes where JSON has one.
fn quote_each(text: &str, body: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    body.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => body.extend([b'\\', byte]),
            b'\n' => body.extend(b"\\n"),
            b'\r' => body.extend(b"\\r"),
            b'\t' => body.extend(b"\\t"),
            0x08 => body.extend(b"\\b"),
            0x0c => body.extend(b"\\f"),
            0..0x20 => {
                body.extend(b"\\u00");
                body.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => body.push(byte),
        }
    }
    body.push(b'"');
}

/// Whether a byte is below 0x20.
fn has_control(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<WORD_BYTES>();
    let found = words.iter().fold(0, |found, word| {
        // Of such a byte the three highest bits are not set.
        found | bytes_equal(u64::from_le_bytes(*word) & (EACH * 0xe0), 0)
    });
    found != 0 || rest.iter().any(|byte| *byte < b' ')
}

/// Appends what has no control characters, with a backslash before each quote and each backslash.
fn append(piece: &[u8], body: &mut Vec<u8>) {
    let start = body.len();
    // A word is always written whole, so one more.
    body.resize(start + 2 * piece.len() + WORD_BYTES, 0);
    let room = &mut body[start..];
    let mut end = 0;
    let (words, rest) = piece.as_chunks::<WORD_BYTES>();
    for word in words.iter().map(|word| u64::from_le_bytes(*word)) {
        put(room, end, word);
        let mut special = bytes_equal(word, b'"') | bytes_equal(word, b'\\');
        let mut done = 0;
        while special != 0 {
            let at = special.trailing_zeros() as usize / 8;
            end += at - done;
            room[end] = b'\\';
            end += 1;
            // The rest of the word, of which more may have to move on.
            put(room, end, word >> (8 * at));
            done = at;
            special &= special - 1;
        }
        end += WORD_BYTES - done;
    }
    for &byte in rest {
        if matches!(byte, b'"' | b'\\') {
            room[end] = b'\\';
            end += 1;
        }
        room[end] = byte;
        end += 1;
    }
    body.truncate(start + end);
}

fn put(room: &mut [u8], at: usize, word: u64) {
    room[at..at + WORD_BYTES].copy_from_slice(&word.to_le_bytes());
}

/// The highest bit of each byte that is the one given, and no other bit.
fn bytes_equal(word: u64, byte: u8) -> u64 {
    const LOW_BITS: u64 = !(EACH << 7);
    let difference = word ^ (EACH * u64::from(byte));
    // The sum carries into a byte's highest bit where one of its lower bits is set, and never beyond.
    !(((difference & LOW_BITS) + LOW_BITS) | difference | LOW_BITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) {
        let mut body = b"[".to_vec();
        quote(text, &mut body);
        assert_eq!(str::from_utf8(&body).unwrap(), format!("[{}", serde_json::to_string(text).unwrap()));
    }

    #[test]
    fn documents_are_quoted_as_by_serde() {
        for text in
            ["", "\"", "\\", "{\"id\":\"a\\n\"}", "line\nfeed \u{1}", "\u{7f}µ\u{2028}\u{1f600}\"\u{e9}"]
        {
            check(text);
        }
        for length in [7, 8, 9, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 5] {
            check(&"\"".repeat(length));
            check(&"x".repeat(length));
            check(&"\u{20ac}\"".repeat(length));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_quoted_as_by_serde(text in "[a-c\"\\\\\u{0}-\u{20}\u{7f}-\u{ff}\u{2022}]{0,100}", times in 1_usize..40) {
            check(&text);
            check(&text.replace(char::is_control, "").repeat(times));
        }
    }
}
