//! Traces whose frames are one or two lines that stand for themselves: of Go, Rust, Ruby and PHP.

use super::{Frame, Link, place};

/// Functions of OpenTelemetry's SDK for Go.
const GO_SDK: &str = "go.opentelemetry.io/otel/sdk/";

/// Of the first goroutine: pairs of lines, function and place.
pub(super) fn go(text: &str) -> Link {
    let mut frames = Vec::new();
    let mut label: Option<&str> = None;
    let mut goroutines = 0;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("goroutine ") {
            goroutines += 1;
            if goroutines > 1 {
                break;
            }
            label = None;
        } else if line.starts_with(['\t', ' ']) {
            let at = trimmed.split(" +0x").next().unwrap_or_default();
            if let Some((path, line)) = place(at) {
                let label = label.take().unwrap_or_default().to_owned();
                frames.push(Frame { path: path.to_owned(), line, label });
            }
        } else if !trimmed.is_empty() {
            let called = trimmed.strip_prefix("created by ").unwrap_or(trimmed);
            let called = called.split(" in goroutine ").next().unwrap_or(called);
            // Arguments are addresses; a receiver in brackets stands before the last dot.
            label = Some(match called.rfind('(') {
                Some(at) if called.ends_with(')') => &called[..at],
                _ => called,
            });
        }
    }
    // It is the stack of whoever records the error, which begins inside of the SDK: what called that is meant.
    let of_sdk = frames.iter().take_while(|frame| frame.label.starts_with(GO_SDK)).count();
    if of_sdk < frames.len() {
        frames.drain(..of_sdk);
    }
    Link { frames, ..Link::default() }
}

/// `12: name`, and on the next line `at path:line:column`.
pub(super) fn rust(text: &str) -> Link {
    let mut frames: Vec<Frame> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(at) = trimmed.strip_prefix("at ") {
            if let Some((frame, (path, line))) = frames.last_mut().zip(place(at)) {
                (frame.path, frame.line) = (path.to_owned(), line);
            }
        } else if let Some((number, label)) = trimmed.split_once(": ")
            && number.parse::<u32>().is_ok()
        {
            frames.push(Frame { label: label.to_owned(), ..Frame::default() });
        }
    }
    Link { frames, ..Link::default() }
}

/// `path:line:in 'method'`, with an apostrophe or, in old versions, a backtick before the method.
pub(super) fn ruby(text: &str) -> Link {
    let frame = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("from ").unwrap_or(line);
        let (at, method) = line.split_once(":in ")?;
        let (path, number) = at.rsplit_once(':')?;
        let label = method.trim_start_matches(['`', '\'']).split('\'').next()?;
        Some(Frame { path: path.to_owned(), line: number.parse().ok()?, label: label.to_owned() })
    };
    Link { frames: text.lines().filter_map(frame).collect(), ..Link::default() }
}

/// `#0 path(12): Class->method()`.
pub(super) fn php(text: &str) -> Link {
    let frame = |line: &str| {
        let (number, rest) = line.trim().strip_prefix('#')?.split_once(' ')?;
        number.parse::<u32>().ok()?;
        let (at, label) = rest.split_once("): ")?;
        let (path, line) = at.rsplit_once('(')?;
        Some(Frame { path: path.to_owned(), line: line.parse().ok()?, label: label.to_owned() })
    };
    Link { frames: text.lines().filter_map(frame).collect(), ..Link::default() }
}
