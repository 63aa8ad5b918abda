//! `GET /api/traces`: a page of the traces that match, and how all that match fall apart by one property.

use axum::Json;
use axum::extract::State;
use model::{Timestamp, TraceDigest, TraceId};
use query::breakdown::{self, Breakdown, Dimension};
use serde::Deserialize;
use store::{Axis, Cursor};

use super::graph::KnownGroup;
use super::params::Params;
use super::shape::{RangeParams, Slice, TraceList, TraceRow};
use super::stats::{millis, millis_at};
use crate::app::Shared;
use crate::error::Problem;
use crate::filter;

/// Traces looked at for one answer.
const SCAN: u64 = 100_000;
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;
/// A property may have a value for each trace; nobody reads further than this.
const MAX_SLICES: usize = 200;

#[derive(Debug, Deserialize)]
pub(crate) struct TracesParams {
    from: f64,
    to: f64,
    filter: Option<String>,
    group: Option<String>,
    by: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

pub(crate) async fn traces(
    State(app): State<Shared>,
    Params(params): Params<TracesParams>,
) -> Result<Json<TraceList>, Problem> {
    let range = RangeParams { from: params.from, to: params.to }.range()?;
    let group = KnownGroup::find(&app, params.group)?;
    let filter = filter::parse(params.filter.as_deref().unwrap_or_default(), &app.groups())
        .map_err(|error| Problem::bad_filter(&error))?;
    let canonical = filter.to_string();
    let filter = filter.and(group.members);
    let dimension = dimension(params.by.as_deref().unwrap_or("url"))?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let after = params.cursor.as_deref().filter(|cursor| !cursor.is_empty()).map(read_cursor).transpose()?;

    let mut page = Page { after, limit, rows: Vec::new(), last: None, has_more: false };
    let mut slices = Breakdown::new(dimension);
    let _permit = app.scans.acquire().await;
    let store = &*app.deps.store;
    let visited = query::search::visit(store, range, Axis::Start, &filter, SCAN, |digest| {
        page.add(digest);
        slices.add(digest);
    })
    .await?;
    Ok(Json(TraceList {
        cursor: page.last.filter(|_| page.has_more).map(write_cursor),
        traces: page.rows,
        slices: slices.finish().into_iter().take(MAX_SLICES).map(Slice::from).collect(),
        matched: visited.matched,
        scanned: visited.scanned,
        complete: visited.complete,
        filter: canonical,
        newest_received: store.status().newest_received.map(millis_at),
    }))
}

/// The rows after the cursor, as many as fit.
struct Page {
    after: Option<Cursor>,
    limit: usize,
    rows: Vec<TraceRow>,
    last: Option<Cursor>,
    has_more: bool,
}

impl Page {
    /// Traces come newest first, so what is not smaller than the cursor was on an earlier page.
    fn add(&mut self, digest: &TraceDigest) {
        let place = Cursor { time: digest.start, id: digest.id };
        if self.after.is_some_and(|after| place >= after) {
            return;
        }
        if self.rows.len() == self.limit {
            self.has_more = true;
            return;
        }
        self.rows.push(TraceRow::from(digest));
        self.last = Some(place);
    }
}

fn dimension(by: &str) -> Result<Dimension, Problem> {
    match by {
        "url" => Ok(Dimension::Url),
        "status" => Ok(Dimension::Status),
        "method" => Ok(Dimension::Method),
        "user" => Ok(Dimension::User),
        "service" => Ok(Dimension::Service),
        "rootcause" => Ok(Dimension::RootCause),
        other => match other.strip_prefix("annotation.").filter(|key| !key.is_empty()) {
            Some(key) => Ok(Dimension::Annotation(key.to_owned())),
            None => Err(Problem::bad_request(format!(
                "`by` must be url, status, method, user, service, rootcause or annotation.<key>, not {other:?}"
            ))),
        },
    }
}

fn write_cursor(cursor: Cursor) -> String {
    format!("{}~{}", cursor.time.0, cursor.id)
}

fn read_cursor(text: &str) -> Result<Cursor, Problem> {
    let parse = || {
        let (time, id) = text.split_once('~')?;
        Some(Cursor { time: Timestamp(time.parse().ok()?), id: id.parse::<TraceId>().ok()? })
    };
    parse().ok_or_else(|| Problem::bad_request("the cursor is not one that this server gave"))
}

impl From<breakdown::Slice> for Slice {
    fn from(slice: breakdown::Slice) -> Self {
        Self {
            count: slice.counts.total(),
            value: slice.value,
            filter: slice.filter,
            share: slice.share,
            ok: slice.counts.ok,
            error: slice.counts.error,
            throttle: slice.counts.throttle,
            fault: slice.counts.fault,
            average: slice.average_response_time.map(millis),
            p99: slice.p99_response_time.map(millis),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let cursor = Cursor { time: Timestamp(-7), id: TraceId([9; 16]) };
        assert_eq!(read_cursor(&write_cursor(cursor)).unwrap(), cursor);
        assert!(read_cursor("7").is_err() && read_cursor("x~y").is_err());
    }
}
