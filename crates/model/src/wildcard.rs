//! Wildcards as every X-Ray SDK matches them: `*` is any run of characters, `?` is one, case is ignored.

/// Whether the whole of `text` is what `pattern` describes. An empty pattern matches only an empty text.
///
/// Only the last `*` seen is ever tried again, so a hostile pattern costs at most the product of both
/// lengths. Letters are compared by their simple lower case.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut text = text.chars();
    // What follows the last `*`, and the text from which it was last tried.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        match (pattern.next(), text.clone().next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                retry = Some((pattern.clone(), text.clone()));
                continue;
            }
            (Some(expected), Some(character)) if expected == '?' || is_same(expected, character) => {
                text.next();
                continue;
            }
            _ => {}
        }
        // The `*` takes one character more.
        let Some((after_star, from)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = from.clone();
    }
}

/// Whether `pattern` matches every text that `narrower` matches. Sound, and for all but the oddest patterns exact:
/// a wildcard of the narrower one can only be swallowed by one that is as wide.
pub fn covers(pattern: &str, narrower: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    // Whether the pattern from each place on covers the narrower one from the place at hand on.
    let mut row = vec![false; pattern.len() + 1];
    row[pattern.len()] = true;
    for place in (0..pattern.len()).rev() {
        row[place] = pattern[place] == '*' && row[place + 1];
    }
    for wanted in narrower.chars().rev() {
        let mut next = vec![false; pattern.len() + 1];
        for place in (0..pattern.len()).rev() {
            next[place] = match pattern[place] {
                '*' => row[place] || next[place + 1],
                '?' => wanted != '*' && row[place + 1],
                exact => wanted != '*' && wanted != '?' && is_same(exact, wanted) && row[place + 1],
            };
        }
        row = next;
    }
    row[0]
}

fn is_same(one: char, other: char) -> bool {
    one == other || one.to_lowercase().eq(other.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
    }

    #[test]
    fn a_pattern_describes_the_whole_text() {
        check("", "", true);
        check("", "a", false);
        check("abc", "abc", true);
        check("abc", "abcd", false);
        check("abc", "ab", false);
        check("*", "", true);
        check("*", "anything", true);
        check("?", "", false);
        check("?", "é", true);
        check("a?c", "abc", true);
        check("a?c", "ac", false);
        check("*.example.com", "api.example.com", true);
        check("*.example.com", "example.com", false);
        check("/api/*/move", "/api/1/2/move", true);
        check("/api/*/move", "/api/move", false);
        check("a*a", "a", false);
        check("a**b*", "aXbY", true);
        check("*aab", "aaaab", true);
        check("*a?b", "aacabb", true);
        check("*a?b", "aacbbb", false);
        check("*?", "", false);
        check("??*", "ab", true);
    }

    #[test]
    fn case_is_ignored_in_any_script() {
        check("GET", "get", true);
        check("straße*", "STRAßE 1", true);
        check("ÄPFEL", "äpfel", true);
    }

    #[test]
    fn many_stars_cost_no_more_than_the_product_of_the_lengths() {
        // By plain backtracking this would not end in this century.
        check(&"a*".repeat(1_000), &"a".repeat(2_000), true);
        check(&format!("{}b", "a*".repeat(1_000)), &"a".repeat(2_000), false);
    }

    #[test]
    fn what_covers_matches_whatever_the_other_does() {
        let check = |pattern: &str, narrower: &str, expected: bool| {
            assert_eq!(covers(pattern, narrower), expected, "{pattern} and {narrower}");
        };
        check("*", "", true);
        check("*", "a?*", true);
        check("a*", "ab*", true);
        check("ab*", "a*", false);
        check("a?", "a*", false);
        check("a*", "A?", true);
        check("*.example.com", "api.*.example.com", true);
        check("/cart/*", "/cart", false);
        check("??", "?", false);
        check("*b*", "abc", true);
    }
}
