//! What is played of one fault: usual traffic for as long as is asked, then the fault's own, all on one clock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::folder::{Fault, Folder};
use super::span::{self, Span, service_of};

/// Minutes around an injection that belong to it.
const MINUTES_BEFORE: i64 = 2;
const MINUTES_AFTER: i64 = 2;
const SECOND: i64 = 1_000_000_000;
/// Where so much is missing between two traces, files are, and what comes after it is moved up: a system that is silent for a
/// minute is another fault.
const HOLE: i64 = 15 * SECOND;
/// Traces that are moved come so long after those before them.
const PAUSE: i64 = SECOND / 2;

#[derive(Debug)]
pub(super) struct Script {
    /// By their starts, each in order.
    pub(super) traces: Vec<Trace>,
    /// Epoch seconds at which usual traffic begins.
    pub(super) start: f64,
    /// And the fault's.
    pub(super) onset: f64,
    pub(super) end: f64,
    /// Who calls the service into which it was injected, through however many others.
    pub(super) callers: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Trace {
    pub(super) start: i64,
    pub(super) spans: Vec<Span>,
}

/// `None` where none of the fault's minutes is there.
pub(super) fn script(folder: &Folder, fault: &Fault, usual: f64) -> anyhow::Result<Option<Script>> {
    let of_fault = traces(folder.minutes_of(fault, MINUTES_BEFORE, MINUTES_AFTER).into_iter())?;
    let injected = fault.at * SECOND;
    let (before, mut after): (Vec<Trace>, Vec<Trace>) =
        of_fault.into_iter().partition(|trace| trace.start < injected);
    if after.is_empty() {
        return Ok(None);
    }
    close_holes(&mut after);
    let onset = after[0].start;
    let end = after.iter().map(Trace::end).max().unwrap_or(onset);
    let length = (usual * SECOND as f64) as i64;
    let mut all = usual_before(before, &without_fault(folder, fault, length)?, onset, length);
    all.append(&mut after);
    let seconds = |nanos: i64| nanos as f64 / SECOND as f64;
    Ok(Some(Script {
        start: seconds(all[0].start),
        onset: seconds(onset),
        end: seconds(end),
        callers: callers_of(fault.service(), &all),
        traces: all,
    }))
}

impl Trace {
    fn end(&self) -> i64 {
        self.spans.iter().map(|span| span.end).max().unwrap_or(self.start)
    }

    fn moved(&self, by: i64) -> Self {
        let spans =
            self.spans.iter().map(|span| Span { start: span.start + by, end: span.end + by, ..span.clone() });
        Self { start: self.start + by, spans: spans.collect() }
    }

    /// With another id, so that it is another request.
    fn repeated(&self, time: u32) -> Self {
        let mut again = self.clone();
        for span in &mut again.spans {
            span.trace ^= u128::from(time + 1) << 96;
        }
        again
    }
}

fn traces<'p>(files: impl Iterator<Item = &'p Path>) -> anyhow::Result<Vec<Trace>> {
    let mut by_id: BTreeMap<u128, Vec<Span>> = BTreeMap::new();
    for path in files {
        for span in span::read(path)? {
            by_id.entry(span.trace).or_default().push(span);
        }
    }
    let mut traces: Vec<Trace> = by_id
        .into_values()
        .map(|mut spans| {
            // A span that stands in two files is one.
            spans.sort_by_key(|span| (span.start, span.id));
            spans.dedup_by_key(|span| span.id);
            Trace { start: spans[0].start, spans }
        })
        .collect();
    traces.sort_by_key(|trace| (trace.start, trace.spans[0].trace));
    Ok(traces)
}

fn close_holes(traces: &mut [Trace]) {
    for place in 1..traces.len() {
        let hole = traces[place].start - traces[place - 1].start;
        if hole > HOLE {
            for trace in &mut traces[place..] {
                *trace = trace.moved(PAUSE - hole);
            }
        }
    }
}

/// Pieces of the day in which nothing was wrong, as long as `length` together where there are as many: what came right before
/// its other faults, the nearest first, and its minutes without a fault.
fn without_fault(folder: &Folder, fault: &Fault, length: i64) -> anyhow::Result<Vec<Vec<Trace>>> {
    let mut pieces = Vec::new();
    let mut left = length;
    let mut add = |mut piece: Vec<Trace>| {
        close_holes(&mut piece);
        if let [first, .., last] = piece.as_slice() {
            left -= last.start - first.start;
            pieces.push(piece);
        }
        left > 0
    };
    for other in folder.others_of(fault) {
        let mut before = traces(folder.minutes_of(other, 0, 0).into_iter())?;
        before.retain(|trace| trace.end() < other.at * SECOND);
        if !add(before) {
            break;
        }
    }
    for path in folder.usual_of(fault) {
        add(traces(std::iter::once(path.as_path()))?);
    }
    Ok(pieces)
}

/// What came right before the fault, and before that the pieces without one, as often as it takes.
fn usual_before(mut usual: Vec<Trace>, pieces: &[Vec<Trace>], onset: i64, length: i64) -> Vec<Trace> {
    close_holes(&mut usual);
    // Without other ones, what came before the fault is what there is.
    let own = [usual.clone()];
    let pieces = if pieces.is_empty() { &own } else { pieces };
    let has_any = pieces.iter().any(|piece| !piece.is_empty());
    move_before(&mut usual, onset);
    for (time, piece) in (0..).zip(pieces.iter().cycle()) {
        let first = usual.first().map_or(onset, |trace| trace.start);
        if !has_any || first <= onset - length {
            break;
        }
        let mut again: Vec<Trace> = piece.iter().map(|trace| trace.repeated(time)).collect();
        move_before(&mut again, first);
        again.append(&mut usual);
        usual = again;
    }
    usual.retain(|trace| trace.start >= onset - length);
    usual
}

fn move_before(traces: &mut [Trace], next: i64) {
    let Some(last) = traces.last().map(|trace| trace.start) else { return };
    for trace in traces {
        *trace = trace.moved(next - PAUSE - last);
    }
}

fn callers_of(service: &str, traces: &[Trace]) -> BTreeSet<String> {
    let mut calls: BTreeSet<(&str, &str)> = BTreeSet::new();
    for trace in traces {
        let pods: BTreeMap<u64, &str> =
            trace.spans.iter().map(|span| (span.id, service_of(&span.pod))).collect();
        for span in &trace.spans {
            if let Some(&caller) = span.parent.and_then(|parent| pods.get(&parent)) {
                calls.insert((caller, service_of(&span.pod)));
            }
        }
    }
    let mut callers: BTreeSet<&str> = BTreeSet::new();
    let mut ahead = vec![service];
    while let Some(callee) = ahead.pop() {
        for &(caller, _) in calls.iter().filter(|(_, called)| *called == callee) {
            if caller != service && callers.insert(caller) {
                ahead.push(caller);
            }
        }
    }
    callers.into_iter().map(str::to_owned).collect()
}
