//! The queries of a trace, so that a row of the picture says which it was.

use std::collections::HashMap;
use std::sync::Arc;

use model::trace::SpanIndex;
use model::{StoredDocument, Trace};

/// Characters of one, which is more than a row has room for. The span by itself has the whole query.
const MAX_CHARACTERS: usize = 200;
/// Bytes of one answer. Calls beyond say that they are queries, and not which.
const MAX_BYTES: usize = 2_000_000;

pub(super) fn statements(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> HashMap<SpanIndex, String> {
    let mut sent: Vec<_> = wire::render::statements(trace, documents).into_iter().collect();
    // So that of a trace with too many it is the same ones each time.
    sent.sort_unstable_by_key(|&(index, _)| index);
    let mut left = MAX_BYTES;
    let mut found = HashMap::new();
    for (index, query) in sent {
        let line = beginning(&query);
        let Some(rest) = left.checked_sub(line.len()) else { break };
        left = rest;
        if !line.is_empty() {
            found.insert(index, line);
        }
    }
    found
}

/// With each run of blanks as one space.
fn beginning(query: &str) -> String {
    let mut line = String::new();
    let mut count = 0;
    for word in query.split_whitespace() {
        let space = usize::from(count > 0);
        let room = MAX_CHARACTERS.saturating_sub(count + space);
        if room == 0 {
            break;
        }
        if space > 0 {
            line.push(' ');
        }
        count += space;
        for character in word.chars().take(room) {
            line.push(character);
            count += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: &str) {
        assert_eq!(beginning(query), expected);
    }

    #[test]
    fn a_query_is_one_line() {
        check("SELECT *\n\t FROM orders ", "SELECT * FROM orders");
        check(" \n ", "");
    }

    #[test]
    fn a_long_query_is_cut_between_characters() {
        let long = "é".repeat(500);
        check(&long, &"é".repeat(MAX_CHARACTERS));
        check(&format!("{} b", "a".repeat(MAX_CHARACTERS - 1)), &"a".repeat(MAX_CHARACTERS - 1));
    }
}
