//! Each invariant that the code cites by its id, as two capital letters and a number, is stated in the header of a
//! module (`//!`), and a test cites it too.

use std::collections::{BTreeMap, BTreeSet};

use super::File;

#[derive(Debug, Default)]
struct Uses {
    /// The first place that cites it.
    place: String,
    is_stated: bool,
    is_tested: bool,
}

pub(super) fn check(files: &[File], findings: &mut Vec<String>) {
    let mut uses: BTreeMap<&str, Uses> = BTreeMap::new();
    for file in files.iter().filter(|file| is_ours(&file.path)) {
        let mut is_test = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
        for (number, line) in file.text.lines().enumerate() {
            is_test |= line.trim_start().starts_with("#[cfg(test)]") && !is_module_file(file, number);
            for id in ids(line) {
                let uses = uses.entry(id).or_default();
                if uses.place.is_empty() {
                    uses.place = format!("{}:{}", file.path, number + 1);
                }
                uses.is_stated |= line.trim_start().starts_with("//!") && !is_test;
                uses.is_tested |= is_test;
            }
        }
    }
    for (id, Uses { place, is_stated, is_tested }) in uses {
        if !is_stated {
            findings.push(format!("{place}: {id} is cited, but no module's header (`//!`) says what it is"));
        }
        if !is_tested {
            findings.push(format!("{place}: no test cites {id}; name it where a test would fail without it"));
        }
    }
}

/// The checks themselves name ids as examples.
fn is_ours(path: &str) -> bool {
    path.ends_with(".rs") && !path.starts_with("xtask/")
}

/// Whether the attribute on this line stands before `mod tests;`, after which the file goes on.
fn is_module_file(file: &File, line: usize) -> bool {
    let next = file.text.lines().nth(line + 1).unwrap_or_default().trim();
    next.ends_with(';') || next.starts_with("use ") || next.starts_with("pub(crate) use ")
}

/// `LS-3` and the like, each once.
fn ids(line: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '-';
    line.split(|character| !is_part(character)).filter(|word| is_id(word)).collect()
}

fn is_id(word: &str) -> bool {
    let Some((letters, number)) = word.split_once('-') else { return false };
    letters.len() == 2
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[track_caller]
    fn check_finds(files: &[(&str, &str)], expected: &[&str]) {
        let mut findings = Vec::new();
        check(&sample(files), &mut findings);
        assert_eq!(findings, expected);
    }

    #[test]
    fn an_invariant_is_stated_and_tested() {
        let stated = ("crates/a/src/lib.rs", "//! - `AB-1` One order.\n");
        let tested = ("crates/a/src/lib/tests.rs", "//! Tests.\n\n// AB-1\n");
        check_finds(&[stated, tested], &[]);
        let untested =
            "crates/a/src/lib.rs:1: no test cites AB-1; name it where a test would fail without it";
        check_finds(&[stated], &[untested]);
        let unstated =
            "crates/a/src/lib/tests.rs:3: AB-1 is cited, but no module's header (`//!`) says what it is";
        check_finds(&[tested], &[unstated]);
    }

    #[test]
    fn tests_may_stand_at_the_end_of_the_file() {
        check_finds(&[("a.rs", "//! AB-12: so it is.\n#[cfg(test)]\nmod tests {\n    // AB-12\n}\n")], &[]);
        let outside = "a.rs:1: no test cites AB-12; name it where a test would fail without it";
        check_finds(&[("a.rs", "//! AB-12: so it is.\n#[cfg(test)]\nmod tests;\n// AB-12\n")], &[outside]);
    }

    #[test]
    fn other_words_are_no_ids() {
        for word in ["UTF-8", "P-256", "x-AB-1", "AB-1a", "LS-", "SHA-256", "1-5f84c7a1", "ls-1"] {
            assert!(ids(word).is_empty(), "{word}");
        }
        assert_eq!(ids("(`LS-3`), LS-3 and AS-10.").into_iter().collect::<Vec<_>>(), ["AS-10", "LS-3"]);
    }
}
