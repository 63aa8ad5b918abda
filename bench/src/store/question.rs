//! What questions cost of a store that was filled and opened again.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use model::minute::MinuteRow;
use model::{Micros, TimeRange, TraceId};
use query::Filter;
use query::search::{Hunt, search};
use store::{Axis, MinuteQuery, Subjects, TraceStore};
use store_local::LocalStore;

use super::load::Load;
use super::shape::{self, Shape};
use crate::process;

/// What is asked, and how many milliseconds the answer may take at 10 M spans, at the 99th percentile.
pub(crate) const OPEN: &str = "open the directory";
pub(crate) const PROMISES: [(&str, f64); 5] = [
    ("trace by id, assembled", 10.0),
    ("annotation = value, newest 100", 100.0),
    ("newest 100 with service and fault", 20.0),
    ("percentiles by service over an hour", 50.0),
    ("service map over 6 h", 20.0),
];

const TRACES: usize = 500;
const SEARCHES: u32 = 40;
const ROLLUPS: u32 = 40;
/// A page of the console.
const PAGE: usize = 100;
const HOUR: Micros = Micros::from_secs(3_600);

/// One question, asked often.
pub(crate) struct Answered {
    pub(crate) what: &'static str,
    /// Milliseconds, ascending.
    pub(crate) times: Vec<f64>,
    /// Asked for the first time, when files are read and verified.
    pub(crate) first: f64,
    /// Mean number of traces, documents or rows in an answer.
    pub(crate) found: f64,
    /// Mean number of bytes that were read from files for it, most of them from the page cache: the floor of the work.
    pub(crate) read_bytes: f64,
}

/// Asks one after the other, as one person would.
pub(crate) async fn measure(shape: Shape, load: &Load, data: &Path) -> anyhow::Result<Vec<Answered>> {
    let begin = Instant::now();
    let store = LocalStore::open(store_local::Config::new(data))?;
    let opened = milliseconds(begin);
    let end = load.newest.plus(Micros::from_secs(1));
    let all = TimeRange::new(shape::BEGIN.minus(HOUR), end);
    let mut answered =
        vec![Answered { what: OPEN, times: vec![opened], first: opened, found: 0.0, read_bytes: f64::NAN }];
    answered.push(traces(&store, load).await?);
    let annotations = (0..SEARCHES).map(|number| {
        let (key, value) = shape::annotation(shape, number);
        format!("annotation.{key} = \"{value}\"")
    });
    answered.push(searches("annotation = value, newest 100", &store, all, annotations).await?);
    let faults = (0..SEARCHES).map(|_| format!("service(\"{}\") AND fault", shape.service()));
    answered.push(searches("newest 100 with service and fault", &store, all, faults).await?);
    let inside = (0..SEARCHES).map(|_| format!("service(\"{}\") {{ fault }}", shape.service()));
    answered.push(searches("newest 100 with a fault of the service", &store, all, inside).await?);
    let newest = (0..SEARCHES).map(|_| String::new());
    answered.push(searches("newest 100", &store, all, newest).await?);
    answered.push(percentiles(&store, TimeRange::new(end.minus(HOUR), end)).await?);
    answered.push(map(&store, all).await?);
    store.close().await?;
    Ok(answered)
}

async fn traces(store: &LocalStore, load: &Load) -> anyhow::Result<Answered> {
    let (mut times, mut found) = (Vec::new(), 0);
    let before = process::read_bytes()?;
    let step = (load.sample_ids.len() / TRACES).max(1);
    for id in load.sample_ids.iter().step_by(step) {
        let id: TraceId = id.parse().context("read a trace id")?;
        let begin = Instant::now();
        let documents = store.documents(id).await?;
        let trace = query::assemble(id, &documents);
        times.push(milliseconds(begin));
        ensure!(!trace.spans.is_empty(), "the trace {id} was not found");
        found += documents.len();
    }
    answer("trace by id, assembled", times, found, before)
}

async fn searches(
    what: &'static str,
    store: &LocalStore,
    range: TimeRange,
    filters: impl Iterator<Item = String>,
) -> anyhow::Result<Answered> {
    let (mut times, mut found) = (Vec::new(), 0);
    let before = process::read_bytes()?;
    for text in filters {
        let filter: Filter = text.parse().with_context(|| format!("read the filter {text}"))?;
        let begin = Instant::now();
        let hunt =
            Hunt { range, axis: Axis::Start, filter: &filter, after: None, wanted: PAGE, limit: u64::MAX };
        let page = search(store, hunt, |_| true).await?;
        times.push(milliseconds(begin));
        found += page.digests.len();
    }
    ensure!(found > 0, "nothing was found: {what}");
    answer(what, times, found, before)
}

async fn percentiles(store: &LocalStore, range: TimeRange) -> anyhow::Result<Answered> {
    let (mut times, mut found) = (Vec::new(), 0);
    let before = process::read_bytes()?;
    for _ in 0..ROLLUPS {
        let begin = Instant::now();
        let rows = store.totals(&everything(range, Subjects::Nodes)).await?;
        for MinuteRow { stats, .. } in &rows {
            std::hint::black_box([0.5, 0.9, 0.99].map(|quantile| stats.response_times.quantile(quantile)));
        }
        times.push(milliseconds(begin));
        found += rows.len();
    }
    answer("percentiles by service over an hour", times, found, before)
}

async fn map(store: &LocalStore, range: TimeRange) -> anyhow::Result<Answered> {
    let (mut times, mut found) = (Vec::new(), 0);
    let before = process::read_bytes()?;
    for _ in 0..ROLLUPS {
        let begin = Instant::now();
        let rows = store.totals(&everything(range, Subjects::All)).await?;
        std::hint::black_box(query::graph::from_minutes(&rows));
        times.push(milliseconds(begin));
        found += rows.len();
    }
    answer("service map over 6 h", times, found, before)
}

fn everything(range: TimeRange, subjects: Subjects) -> MinuteQuery {
    MinuteQuery { range, group: model::group::DEFAULT.to_owned(), subjects }
}

fn answer(what: &'static str, mut times: Vec<f64>, found: usize, before: u64) -> anyhow::Result<Answered> {
    let asked = times.len().max(1) as f64;
    let read_bytes = (process::read_bytes()? - before) as f64 / asked;
    let first = times.first().copied().unwrap_or(f64::NAN);
    let found = found as f64 / asked;
    times.sort_by(f64::total_cmp);
    Ok(Answered { what, times, first, found, read_bytes })
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
