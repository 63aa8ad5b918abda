//! Rules for single Rust files. Those of the console's are in `console/web/scripts/lint.mjs`.

use super::File;

/// Beyond this a file rarely holds one idea.
const MAX_LINES: usize = 500;

pub(super) fn check(file: &File, findings: &mut Vec<String>) {
    let File { path, text } = file;
    if !path.ends_with(".rs") {
        return;
    }
    if !text.starts_with("//!") {
        findings.push(format!("{path}:1: the first line must be `//!` and say what the file holds"));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES && !may_be_long(path) {
        findings.push(format!("{path}: {lines} lines; split it by idea (limit {MAX_LINES})"));
    }
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.starts_with("#[allow(") || line.starts_with("#![allow(") {
            findings.push(format!("{path}:{}: use #[expect(.., reason = \"..\")]", number + 1));
        }
        if line.starts_with("#[ignore") {
            findings.push(format!("{path}:{}: an ignored test is no test", number + 1));
        }
    }
}

fn may_be_long(path: &str) -> bool {
    path.ends_with("/tests.rs")
        || path.contains("/tests/")
        || path.ends_with("/conformance.rs")
        || path.contains("/conformance/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_finds(path: &str, text: &str, expected: &[&str]) {
        let mut findings = Vec::new();
        check(&File { path: path.to_owned(), text: text.to_owned() }, &mut findings);
        assert_eq!(findings, expected);
    }

    #[test]
    fn a_file_that_does_not_say_what_it_holds_is_found() {
        check_finds("crates/a/src/lib.rs", "//! What it holds.\n", &[]);
        let finding = "crates/a/src/lib.rs:1: the first line must be `//!` and say what the file holds";
        check_finds("crates/a/src/lib.rs", "use std::fmt;\n", &[finding]);
    }

    #[test]
    fn a_long_file_is_found_unless_it_is_a_test() {
        let text = format!("//! Long.\n{}", "// line\n".repeat(MAX_LINES));
        let finding = "crates/a/src/lib.rs: 501 lines; split it by idea (limit 500)";
        check_finds("crates/a/src/lib.rs", &text, &[finding]);
        check_finds("crates/a/src/lib/tests.rs", &text, &[]);
    }

    #[test]
    fn what_hides_a_warning_or_a_test_is_found() {
        let text = "//! A.\n    #[allow(dead_code)]\n#[ignore]\n";
        let hides = "a.rs:2: use #[expect(.., reason = \"..\")]";
        check_finds("a.rs", text, &[hides, "a.rs:3: an ignored test is no test"]);
    }
}
