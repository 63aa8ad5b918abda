//! `GET /api/traces`: a page of the traces that match, and of all that match how they fall apart by one property and when
//! they began and how long they took. One pass over the digests answers all of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::property::{Property, Value};
use model::{TimeRange, TraceDigest};
use query::Filter;
use query::breakdown::{self, Breakdown};
use query::now::Names;
use query::search::{Hunt, Visit, search};
use serde::Deserialize;
use store::{Axis, Cursor};

use super::graph::KnownGroup;
use super::heatmap::Heatmap;
use super::page::{Order, Page, read_cursor, write_cursor};
use super::scan::Reach;
use crate::app::{App, Shared};
use crate::error::Problem;
use crate::filter;
use crate::params::Params;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{RangeParams, Slice, TermCount, TraceList, TraceRow};

/// Traces looked at for one answer, unless the question says otherwise.
const SCAN: u64 = 100_000;
const MAX_SCAN: u64 = 5_000_000;
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;
/// A property may have a value for each trace; nobody reads further than this.
const MAX_SLICES: usize = 200;
/// Conditions of a filter that are left out one by one when nothing matches.
const MAX_TERMS: usize = 16;
/// Annotations that a row shows in columns of their own.
const MAX_COLUMNS: usize = 10;

#[derive(Debug, Deserialize)]
pub(crate) struct TracesParams {
    from: f64,
    to: f64,
    filter: Option<String>,
    group: Option<String>,
    by: Option<String>,
    sort: Option<String>,
    scan: Option<u64>,
    /// Keys, one a line.
    annotations: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
    /// Whether all that match are counted and grouped; else the answer ends with its page.
    overview: Option<bool>,
}

pub(crate) async fn traces(
    State(app): State<Shared>,
    Params(params): Params<TracesParams>,
) -> Result<Json<TraceList>, Problem> {
    let range = RangeParams { from: params.from, to: params.to }.range()?;
    let group = KnownGroup::find(&app, params.group)?;
    let asked = filter::parse(params.filter.as_deref().unwrap_or_default(), &app.groups())
        .map_err(|error| Problem::bad_filter(&error))?;
    let filter = asked.clone().and(group.members.clone());
    let by = property(params.by.as_deref().unwrap_or("url"))?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let order = Order::read(params.sort.as_deref())?;
    let keys: Vec<&str> =
        params.annotations.as_deref().unwrap_or_default().lines().take(MAX_COLUMNS).collect();

    let mut page = Page::new(order, limit, params.cursor.as_deref())?;
    let mut slices = Breakdown::new(by.clone());
    let mut heatmap = Heatmap::of(range);
    let _permit = app.scans.acquire().await;
    if params.overview == Some(false) && order.is_none() {
        let after =
            params.cursor.as_deref().filter(|cursor| !cursor.is_empty()).map(read_cursor).transpose()?;
        let limits = (limit, params.scan.unwrap_or(SCAN).clamp(1, MAX_SCAN));
        let list = newest(&app, range, &filter, after, limits, &keys).await?;
        return Ok(Json(TraceList { filter: asked.to_string(), ..list }));
    }
    let reach = Reach::of(params.scan.unwrap_or(SCAN).clamp(1, MAX_SCAN));
    let see = |digest: &Arc<TraceDigest>| {
        page.add(digest);
        slices.add(digest);
        heatmap.add(digest);
    };
    let visited =
        reach.visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &filter }, see).await?;
    let without = match visited.matched {
        0 => without_each(&app, reach, range, &asked, group.members).await?,
        _ => Vec::new(),
    };
    let (rows, cursor) = page.finish();
    let slices = slices.finish().into_iter().take(MAX_SLICES);
    let (traces, slices) = app.with_names(|names| {
        let traces = rows.iter().map(|digest| row(digest, &keys, names)).collect();
        (traces, slices.map(|slice| Slice::of(slice, &by, names)).collect())
    });
    Ok(Json(TraceList {
        cursor,
        traces,
        slices,
        heatmap: heatmap.finish(),
        matched: visited.matched,
        scanned: visited.scanned,
        complete: visited.complete,
        undecided: (visited.undecided > 0).then_some(visited.undecided),
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
        without,
        filter: asked.to_string(),
        newest_received: app.deps.store.status().newest_received.map(millis_at),
    }))
}

/// A page of the newest, and nothing of the others: it is read no further than that.
async fn newest(
    app: &App,
    range: TimeRange,
    filter: &Filter,
    after: Option<Cursor>,
    (wanted, limit): (usize, u64),
    keys: &[&str],
) -> Result<TraceList, Problem> {
    let hunt = Hunt { range, axis: Axis::Start, filter, after, wanted, limit };
    let mut found = search(&*app.deps.store, hunt, |_| true).await?;
    if found.digests.len() > wanted {
        found.digests.truncate(wanted);
        found.next = found.digests.last().map(|last| Cursor { time: last.start, id: last.id });
    }
    Ok(TraceList {
        cursor: found.next.map(write_cursor),
        traces: app.with_names(|names| found.digests.iter().map(|digest| row(digest, keys, names)).collect()),
        slices: Vec::new(),
        heatmap: Heatmap::of(range).finish(),
        matched: found.digests.len() as u64,
        scanned: found.scanned,
        complete: found.next.is_none(),
        undecided: None,
        reached: found.next.map(|cursor| millis_at(cursor.time)),
        without: Vec::new(),
        filter: String::new(),
        newest_received: app.deps.store.status().newest_received.map(millis_at),
    })
}

/// How many traces match without one of the conditions: what to drop when nothing matches.
async fn without_each(
    app: &App,
    reach: Reach,
    range: TimeRange,
    asked: &Filter,
    members: Filter,
) -> Result<Vec<TermCount>, Problem> {
    let terms = asked.conjuncts();
    if terms.is_empty() || terms.len() > MAX_TERMS {
        return Ok(Vec::new());
    }
    let mut counts = vec![0; terms.len()];
    let count = |digest: &Arc<TraceDigest>| {
        let mut failed = terms.iter().enumerate().filter(|(_, term)| !term.matches(digest));
        // It is one condition alone that keeps the trace out.
        if let (Some((place, _)), None) = (failed.next(), failed.next()) {
            counts[place] += 1;
        }
    };
    reach.visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &members }, count).await?;
    let rest = |place: usize| {
        let others = terms.iter().enumerate().filter(|(other, _)| *other != place);
        others.fold(Filter::default(), |filter, (_, term)| filter.and(term.clone()))
    };
    let term = |(place, term): (usize, &Filter)| TermCount {
        term: term.to_string(),
        rest: rest(place).to_string(),
        matched: counts[place],
    };
    Ok(terms.iter().enumerate().map(term).collect())
}

fn row(digest: &TraceDigest, keys: &[&str], names: &Names<'_>) -> TraceRow {
    let value = |key: &&str| {
        let annotation = digest.annotations.iter().find(|annotation| annotation.key == **key)?;
        Some(Value::of(&annotation.value).to_string())
    };
    TraceRow { columns: keys.iter().map(value).collect(), ..TraceRow::of(digest, names) }
}

pub(super) fn property(by: &str) -> Result<Property, Problem> {
    Property::parse(by).ok_or_else(|| {
        let fixed: Vec<&str> = Property::FIXED.iter().map(|(name, _)| *name).collect();
        Problem::bad_request(format!(
            "`by` must be annotation.<key>, version.<service> or one of {}, not {by:?}",
            fixed.join(", ")
        ))
    })
}

impl Slice {
    fn of(slice: breakdown::Slice, by: &Property, names: &Names<'_>) -> Self {
        Self {
            count: slice.counts.total(),
            label: slice.value.as_ref().and_then(|value| names.label(by, value)),
            value: slice.value,
            filter: slice.filter,
            share: slice.share,
            counts: slice.counts.into(),
            average: slice.average_response_time.map(millis),
            p99: slice.p99_response_time.map(millis),
        }
    }
}
