//! `GET /api/history`: the strip of time around what the map shows, with what changed in it.

use axum::Json;
use axum::extract::State;
use model::minute::{EdgeKind, MinuteRow, Subject};
use model::node::CLIENT;
use model::{Micros, Minute, TimeRange, Timestamp};
use query::slowdown::{self, slowdowns};
use query::version::{Introduced, Versions};
use serde::Deserialize;
use store::{Axis, MinuteQuery, Subjects};

use super::graph::{KnownGroup, select};
use super::node_id::node_id;
use super::scan::Budget;
use crate::app::Shared;
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::{millis, millis_at, series};
use crate::shape::{History, RangeParams, SeriesPoint, Slowdown, VersionMark};

/// Traces looked at for versions; the newest ones.
const SCAN: u64 = 10_000;
const DEFAULT_BUCKETS: u32 = 120;
const MAX_BUCKETS: u32 = 1_000;
const MAX_SLOWDOWNS: usize = 20;
/// Marks that can be told apart on a strip; the newest ones.
const MAX_VERSIONS: usize = 50;
const MINUTE: Micros = Micros::from_secs(60);

#[derive(Debug, Deserialize)]
pub(crate) struct HistoryParams {
    from: f64,
    to: f64,
    until: Option<f64>,
    buckets: Option<u32>,
    group: Option<String>,
}

pub(crate) async fn history(
    State(app): State<Shared>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<History>, Problem> {
    let HistoryParams { from, to, until, buckets, group } = params;
    let range = RangeParams { from, to }.range()?;
    let until = RangeParams { from, to: until.unwrap_or(to) }.range()?.end;
    let group = KnownGroup::find(&app, group)?;
    let step = step(range, buckets.unwrap_or(DEFAULT_BUCKETS));
    let _permit = app.scans.acquire().await;
    let store = &*app.deps.store;
    let query = MinuteQuery { range, group: group.key, subjects: Subjects::All };
    let rows = store.minutes(&query).await?;
    let mut versions = Versions::default();
    Budget::of(SCAN).visit(store, range, Axis::Start, &group.members, |digest| versions.add(digest)).await?;
    let introduced = versions.introduced();
    let newest = introduced.len().saturating_sub(MAX_VERSIONS);
    Ok(Json(History {
        from: millis_at(range.start),
        to: millis_at(range.end),
        step: millis(step),
        points: joined(series(rows.iter().filter(|row| is_from_a_client(row))), step),
        versions: introduced[newest..].iter().map(VersionMark::from).collect(),
        slowdowns: slowdowns_until(rows, until).iter().take(MAX_SLOWDOWNS).map(Slowdown::from).collect(),
    }))
}

/// Whole minutes, so many that no more buckets than wanted are needed.
fn step(range: TimeRange, buckets: u32) -> Micros {
    let buckets = u64::from(buckets.clamp(1, MAX_BUCKETS));
    Micros(range.length().0.div_ceil(buckets).div_ceil(MINUTE.0).max(1) * MINUTE.0)
}

/// Minutes summed to buckets that are aligned to the epoch.
fn joined(minutes: Vec<SeriesPoint>, step: Micros) -> Vec<SeriesPoint> {
    let step = millis(step);
    let mut buckets: Vec<SeriesPoint> = Vec::new();
    for minute in minutes {
        let at = (minute.at / step).floor() * step;
        match buckets.last_mut().filter(|last| last.at >= at) {
            Some(last) => {
                last.ok += minute.ok;
                last.error += minute.error;
                last.throttle += minute.throttle;
                last.fault += minute.fault;
            }
            None => buckets.push(SeriesPoint { at, ..minute }),
        }
    }
    buckets
}

fn slowdowns_until(mut rows: Vec<MinuteRow>, until: Timestamp) -> Vec<slowdown::Slowdown> {
    let Minute(end) = until.minute();
    rows.retain(|row| row.key.minute.0 <= end);
    slowdowns(&rows)
}

/// Whether a row counts what clients saw.
fn is_from_a_client(row: &MinuteRow) -> bool {
    match &row.key.subject {
        Subject::Edge { source, kind: EdgeKind::Call, .. } => source.kind.as_deref() == Some(CLIENT),
        _ => false,
    }
}

impl From<&Introduced> for VersionMark {
    fn from(one: &Introduced) -> Self {
        Self {
            node_id: node_id(&one.node),
            name: one.node.name.clone(),
            version: one.version.clone(),
            at: millis_at(one.at),
            requests: one.requests,
        }
    }
}

impl From<&slowdown::Slowdown> for Slowdown {
    fn from(one: &slowdown::Slowdown) -> Self {
        let above = 2.0 * one.usual_p99.as_seconds();
        Self {
            node_id: node_id(&one.node),
            name: one.node.name.clone(),
            kind: one.node.kind.clone(),
            since: millis_at(one.since),
            until: millis_at(one.until),
            usual_p99: millis(one.usual_p99),
            p99: millis(one.p99),
            slow: one.slow,
            total: one.total,
            affected: one.affected.iter().map(node_id).collect(),
            filter: format!("{} {{ responsetime > {above:.4} }}", select(&one.node)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_whole_minutes_and_no_more_than_wanted() {
        let step_of = |minutes: i64, buckets| {
            let range = TimeRange::new(Timestamp(0), Timestamp(minutes * 60_000_000));
            step(range, buckets).0 / MINUTE.0
        };
        assert_eq!((step_of(20, 120), step_of(120, 120), step_of(121, 120)), (1, 1, 2));
        assert_eq!((step_of(31 * 24 * 60, 120), step_of(60, 0)), (372, 60));
    }

    #[test]
    fn minutes_are_summed_into_their_bucket() {
        let point = |minute: i64| SeriesPoint {
            at: minute as f64 * 60_000.0,
            ok: 1,
            error: 0,
            throttle: 2,
            fault: 3,
        };
        let buckets = joined([4, 5, 9, 10].map(point).into(), Micros::from_secs(300));
        let found: Vec<_> = buckets.iter().map(|one| (one.at / 60_000.0, one.ok, one.fault)).collect();
        assert_eq!(found, [(0.0, 1, 3), (5.0, 2, 6), (10.0, 1, 3)]);
    }
}
