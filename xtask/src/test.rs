//! `cargo xtask test`: cargo's tests, with a limit of time for each.
//!
//! Cargo's harness has no limit: one test that waits for ever holds the whole run. But it says on a line of its own when
//! a test has run for a minute, so from then on a clock runs for it. What went well is left out of the output.
//!
//! A test that alone fails is tried once more, and told as flaky if it passes then: a busy machine now and then lets one miss
//! its moment. Two that fail are no accident.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// After the harness has called a test slow, which it does at a minute.
const PATIENCE: Duration = Duration::from_secs(240);
/// Tests with a harness of their own say nothing until they end, and doc tests are compiled when their turn comes.
const SILENCE: Duration = Duration::from_secs(900);

/// Runs `cargo test` with these arguments.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    match run_twice(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all passed, the one that failed at its second try.
fn run_twice(arguments: &[String]) -> anyhow::Result<bool> {
    let first = cargo_test(arguments, &["--no-fail-fast"])?;
    let Some(name) = first.alone() else { return Ok(first.ok) };
    eprintln!("xtask: {name} failed; it is tried once more");
    let second = cargo_test(arguments, &["--", "--exact", name])?;
    // Somebody has to have run it: a filter that finds nothing passes too.
    let passed = second.ok && second.passed > 0;
    if passed {
        eprintln!("xtask: flaky: {name}; look for the race");
    }
    Ok(passed)
}

fn cargo_test(arguments: &[String], more: &[&str]) -> anyhow::Result<Ended> {
    let mut command = Command::new("cargo");
    let child =
        command.arg("test").args(arguments).args(more).stdout(Stdio::piped()).process_group(0).spawn()?;
    let ended = watch(child, PATIENCE, SILENCE)?;
    if let Some(late) = &ended.late {
        eprintln!("xtask: {late}; ended it and all that it had started");
    }
    Ok(ended)
}

#[derive(Debug, Default)]
struct Ended {
    ok: bool,
    passed: usize,
    failed: Vec<String>,
    /// What did not end in time.
    late: Option<String>,
}

impl Ended {
    /// The one test of a harness that failed, if it alone did. Doc tests have spaces in their names, and nothing in them waits.
    fn alone(&self) -> Option<&str> {
        match self.failed.as_slice() {
            [name] if !self.ok && self.late.is_none() && !name.contains(' ') => Some(name),
            _ => None,
        }
    }
}

fn watch(mut child: Child, patience: Duration, silence: Duration) -> anyhow::Result<Ended> {
    let lines = lines(child.stdout.take().expect("it is piped"));
    let mut clocks = Clocks::new(patience, silence);
    let (mut passed, mut failed) = (0, Vec::new());
    let late = loop {
        match lines.recv_timeout(clocks.left(Instant::now())) {
            Ok(line) => {
                match outcome(&line) {
                    Some((_, "ok")) => passed += 1,
                    Some((name, "FAILED")) => failed.push(name.to_owned()),
                    _ => {}
                }
                if clocks.heard(&line, Instant::now()) {
                    print(&line);
                }
            }
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(late) = clocks.late(Instant::now()) {
                    break Some(late);
                }
            }
        }
    };
    if late.is_some() {
        let group = Pid::from_child(&child);
        kill_process_group(group, Signal::KILL)?;
    }
    Ok(Ended { ok: child.wait()?.success(), passed, failed, late })
}

/// The name of a test that ended and how, where the line says so.
fn outcome(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((name, outcome.trim()))
}

#[expect(clippy::print_stdout, reason = "the run's output, as cargo gives it")]
fn print(line: &str) {
    println!("{line}");
}

fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        // Ends with the output, or when nobody listens any more.
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The slow tests, each with the moment in which it must have ended.
#[derive(Debug)]
struct Clocks {
    patience: Duration,
    silence: Duration,
    slow: BTreeMap<String, Instant>,
    /// When something was last heard; nothing runs before the first line, since cargo compiles everything first.
    heard: Option<Instant>,
}

impl Clocks {
    fn new(patience: Duration, silence: Duration) -> Self {
        Self { patience, silence, slow: BTreeMap::new(), heard: None }
    }

    /// Whether the line is worth showing.
    fn heard(&mut self, line: &str, now: Instant) -> bool {
        self.heard = Some(now);
        let Some(test) = line.strip_prefix("test ") else {
            return !line.is_empty() && !line.starts_with("running ");
        };
        if let Some((name, _)) = test.split_once(" has been running for over ") {
            self.slow.insert(name.to_owned(), now + self.patience);
        } else if let Some((name, outcome)) = test.split_once(" ... ") {
            // With what the test should do, such as `- should panic`.
            let name = name.split(" - ").next().unwrap_or(name);
            self.slow.remove(name);
            return outcome.trim() != "ok";
        }
        true
    }

    fn left(&self, now: Instant) -> Duration {
        let silent = self.heard.map(|heard| heard + self.silence);
        let next = self.slow.values().copied().chain(silent).min();
        next.map_or(self.silence, |next| next.saturating_duration_since(now))
    }

    fn late(&self, now: Instant) -> Option<String> {
        let slow = self.slow.iter().find(|(_, until)| **until <= now);
        if let Some((name, _)) = slow {
            return Some(format!(
                "test {name} has not ended {} s after it was called slow",
                self.patience.as_secs()
            ));
        }
        let is_silent = self.heard.is_some_and(|heard| heard + self.silence <= now);
        is_silent.then(|| format!("nothing was heard for {} s", self.silence.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clocks() -> Clocks {
        Clocks::new(10 * SECOND, 60 * SECOND)
    }

    #[test]
    fn a_slow_test_that_does_not_end_is_named() {
        let (mut clocks, start) = (clocks(), Instant::now());
        assert!(clocks.heard("test store::merges has been running for over 60 seconds", start));
        assert_eq!(clocks.left(start), 10 * SECOND);
        assert_eq!(clocks.late(start + 9 * SECOND), None);
        let late = clocks.late(start + 10 * SECOND);
        assert_eq!(late.as_deref(), Some("test store::merges has not ended 10 s after it was called slow"));
    }

    #[test]
    fn a_slow_test_that_ends_is_forgotten() {
        let (mut clocks, start) = (clocks(), Instant::now());
        clocks.heard("test store::merges has been running for over 60 seconds", start);
        clocks.heard("test late has been running for over 60 seconds", start);
        assert!(!clocks.heard("test store::merges ... ok", start + SECOND));
        assert!(clocks.heard("test late - should panic ... FAILED", start + SECOND));
        assert_eq!(clocks.late(start + 30 * SECOND), None);
    }

    #[test]
    fn silence_counts_once_something_was_heard() {
        let (mut clocks, start) = (clocks(), Instant::now());
        assert_eq!(clocks.late(start + 1_000 * SECOND), None);
        assert!(!clocks.heard("running 5 tests", start));
        assert_eq!(clocks.left(start + SECOND), 59 * SECOND);
        assert_eq!(clocks.late(start + 60 * SECOND).as_deref(), Some("nothing was heard for 60 s"));
    }

    #[test]
    fn a_process_that_hangs_is_ended_with_what_it_started() {
        let script = "echo 'test waits has been running for over 60 seconds'; sleep 600 & sleep 600";
        let child = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).process_group(0).spawn();
        let ended = watch(child.unwrap(), Duration::from_millis(100), 600 * SECOND).unwrap();
        assert!(!ended.ok && ended.late.unwrap().starts_with("test waits has not ended"));
    }

    #[test]
    fn a_process_that_ends_gives_its_result() {
        for (script, ok) in [("echo 'test a ... ok'", true), ("exit 3", false)] {
            let ended = ended(script);
            assert_eq!((ended.ok, ended.late), (ok, None), "{script}");
        }
    }

    #[test]
    fn one_test_that_fails_is_tried_again_and_two_are_not() {
        let one = ended("echo 'test a ... ok'; echo 'test b::c ... FAILED'; exit 1");
        assert_eq!((one.alone(), one.passed), (Some("b::c"), 1));
        for script in [
            "echo 'test a ... FAILED'; echo 'test b ... FAILED'; exit 1",
            // Not compiled, or a harness of its own.
            "exit 1",
            "echo 'test src/lib.rs - a (line 3) ... FAILED'; exit 1",
            "echo 'test a ... ok'",
        ] {
            assert_eq!(ended(script).alone(), None, "{script}");
        }
    }

    fn ended(script: &str) -> Ended {
        let child = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).process_group(0).spawn();
        watch(child.unwrap(), 10 * SECOND, 10 * SECOND).unwrap()
    }
}
