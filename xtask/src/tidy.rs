//! Rules of the house that no compiler checks. Each finding names the file, the rule and the remedy.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Beyond this a file rarely holds one idea.
const MAX_RUST_LINES: usize = 500;
const MAX_WEB_LINES: usize = 300;

pub(crate) fn run() -> ExitCode {
    let files = match tracked_files() {
        Ok(files) => files,
        Err(error) => {
            eprintln!("tidy: cannot list the tracked files: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut findings = Vec::new();
    for file in &files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        check(file, &text, &mut findings);
    }
    for finding in &findings {
        eprintln!("tidy: {finding}");
    }
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tracked_files() -> anyhow::Result<Vec<String>> {
    let output =
        Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).output()?;
    anyhow::ensure!(output.status.success(), "git ls-files failed");
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

fn check(file: &str, text: &str, findings: &mut Vec<String>) {
    let lines = text.lines().count();
    match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => {
            if !text.starts_with("//!") {
                findings.push(format!("{file}:1: the first line must be `//!` and say what the file holds"));
            }
            if lines > MAX_RUST_LINES && !may_be_long(file) {
                findings.push(format!("{file}: {lines} lines; split it by idea (limit {MAX_RUST_LINES})"));
            }
            for (number, line) in text.lines().enumerate() {
                if line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow(") {
                    findings.push(format!("{file}:{}: use #[expect(.., reason = \"..\")]", number + 1));
                }
                if line.trim_start().starts_with("#[ignore") {
                    findings.push(format!("{file}:{}: an ignored test is no test", number + 1));
                }
            }
        }
        Some("ts" | "tsx")
            if lines > MAX_WEB_LINES && !file.contains("/generated/") && !may_be_long(file) =>
        {
            findings.push(format!("{file}: {lines} lines; split it by idea (limit {MAX_WEB_LINES})"));
        }
        _ => {}
    }
}

fn may_be_long(file: &str) -> bool {
    file.ends_with("/tests.rs")
        || file.contains("/tests/")
        || file.contains(".test.")
        || file.ends_with("/conformance.rs")
        || file.contains("/conformance/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(file: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(file, text, &mut findings);
        findings
    }

    #[test]
    fn a_file_that_does_not_say_what_it_holds_is_found() {
        assert_eq!(findings("crates/a/src/lib.rs", "//! What it holds.\n").len(), 0);
        assert_eq!(findings("crates/a/src/lib.rs", "use std::fmt;\n").len(), 1);
    }

    #[test]
    fn a_long_file_is_found_unless_it_is_a_table_or_a_test() {
        let text = format!("//! Long.\n{}", "// line\n".repeat(MAX_RUST_LINES));
        assert_eq!(findings("crates/a/src/lib.rs", &text).len(), 1);
        assert_eq!(findings("crates/a/src/lib/tests.rs", &text).len(), 0);
    }
}
