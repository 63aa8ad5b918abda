//! Spans as they were recorded: one file holds those of a minute, one a line.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

const HEADER: &str =
    "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration";
/// Stands where a root's parent would be.
const NO_PARENT: &str = "root";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) trace: u128,
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) pod: String,
    pub(super) operation: String,
    /// Epoch nanoseconds.
    pub(super) start: i64,
    pub(super) end: i64,
}

pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Span>> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default().trim_end();
    if header != HEADER {
        bail!("{}, line 1: expected the columns {HEADER}", path.display());
    }
    let mut spans = Vec::new();
    for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty()) {
        let span = parse(line).with_context(|| format!("{}, line {number}", path.display()))?;
        spans.push(span);
    }
    Ok(spans)
}

fn parse(line: &str) -> anyhow::Result<Span> {
    let fields: Vec<&str> = line.trim_end().split(',').collect();
    // The last one is the duration, which start and end say as well.
    let [trace, id, parent, pod, operation, start, end, _] = fields.as_slice() else {
        bail!("expected 8 fields and found {}", fields.len());
    };
    let trace = u128::from_str_radix(trace, 16).ok().filter(|&trace| trace != 0);
    let id_of = |text: &str| u64::from_str_radix(text, 16).ok().filter(|&id| id != 0);
    let time = |text: &str, what: &str| {
        let nanos = text.parse::<i64>().ok().filter(|&nanos| nanos > 0);
        nanos.with_context(|| format!("the {what} {text:?} is no time in epoch nanoseconds"))
    };
    let span = Span {
        trace: trace.with_context(|| format!("{:?} is no trace id of 32 hexadecimal digits", fields[0]))?,
        id: id_of(id).with_context(|| format!("{id:?} is no span id of 16 hexadecimal digits"))?,
        parent: match *parent {
            NO_PARENT => None,
            parent => Some(
                id_of(parent)
                    .with_context(|| format!("the parent {parent:?} is neither a span id nor root"))?,
            ),
        },
        pod: (*pod).to_owned(),
        operation: (*operation).to_owned(),
        start: time(start, "start")?,
        end: time(end, "end")?,
    };
    if span.end < span.start {
        bail!("the span ends before it starts");
    }
    if span.pod.is_empty() {
        bail!("the pod has no name");
    }
    Ok(span)
}

/// The name of what a pod is an instance of: without the hash of its replica set and its own.
pub(super) fn service_of(pod: &str) -> &str {
    let is_hash = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let cut = || {
        let (rest, own) = pod.rsplit_once('-')?;
        let (service, set) = rest.rsplit_once('-')?;
        (is_hash(own, 5..=5) && is_hash(set, 8..=10)).then_some(service)
    };
    cut().unwrap_or(pod)
}
