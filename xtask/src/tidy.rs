//! Rules of the house that no compiler checks. Each finding names the file, the rule and the remedy.

mod invariant;
mod layer;
mod listed;
mod reference;
mod source;

use std::fs;
use std::process::{Command, ExitCode};

/// A tracked file. What is no text is there with an empty one.
#[derive(Debug)]
struct File {
    /// From the root of the repository.
    path: String,
    text: String,
}

pub(crate) fn run() -> ExitCode {
    match findings() {
        Ok(findings) => {
            for finding in &findings {
                eprintln!("tidy: {finding}");
            }
            if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("tidy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn findings() -> anyhow::Result<Vec<String>> {
    let files = tracked_files()?;
    let mut findings = Vec::new();
    for file in &files {
        source::check(file, &mut findings);
    }
    reference::check(&files, &mut findings);
    invariant::check(&files, &mut findings);
    listed::check(&files, &mut findings);
    layer::check(
        &files,
        &output("cargo", &["metadata", "--no-deps", "--format-version", "1"])?,
        &mut findings,
    )?;
    Ok(findings)
}

fn tracked_files() -> anyhow::Result<Vec<File>> {
    let list = output("git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    // A file that was removed and not yet committed is listed and not there.
    let there = list.lines().filter(|path| fs::exists(path).unwrap_or(false));
    Ok(there
        .map(|path| File { path: path.to_owned(), text: fs::read_to_string(path).unwrap_or_default() })
        .collect())
}

fn output(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    anyhow::ensure!(output.status.success(), "{program} {} failed", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}

/// For tests: files of these paths and texts.
#[cfg(test)]
fn sample(files: &[(&str, &str)]) -> Vec<File> {
    files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
}
