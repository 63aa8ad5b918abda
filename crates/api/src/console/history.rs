//! `GET /api/history`: the strip of time around what the map shows, with what changed in it.

use axum::Json;
use axum::extract::State;
use model::{Micros, TimeRange};
use query::search::Visit;
use query::version::{Introduced, Versions};
use serde::Deserialize;
use store::{Axis, MinuteQuery, Subjects};

use super::graph::KnownGroup;
use super::node_id::node_id;
use super::scan::Reach;
use crate::app::Shared;
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::{millis, millis_at, series};
use crate::shape::{History, RangeParams, SeriesPoint, VersionMark};

/// Traces looked at for versions; the newest ones.
const SCAN: u64 = 10_000;
const DEFAULT_BUCKETS: u32 = 120;
const MAX_BUCKETS: u32 = 1_000;
/// Marks that can be told apart on a strip; the newest ones.
const MAX_VERSIONS: usize = 50;
const MINUTE: Micros = Micros::from_secs(60);

#[derive(Debug, Deserialize)]
pub(crate) struct HistoryParams {
    from: f64,
    to: f64,
    buckets: Option<u32>,
    group: Option<String>,
}

pub(crate) async fn history(
    State(app): State<Shared>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<History>, Problem> {
    let HistoryParams { from, to, buckets, group } = params;
    let range = RangeParams { from, to }.range()?;
    let group = KnownGroup::find(&app, group)?;
    let step = step(range, buckets.unwrap_or(DEFAULT_BUCKETS));
    let _permit = app.scans.acquire().await;
    let store = &*app.deps.store;
    let query = MinuteQuery { range, group: group.key, subjects: Subjects::FromClients };
    let rows = store.minutes(&query).await?;
    let mut versions = Versions::default();
    Reach::of(SCAN)
        .visit(store, Visit { range, axis: Axis::Start, filter: &group.members }, |digest| {
            versions.add(digest)
        })
        .await?;
    let introduced = versions.introduced();
    let newest = introduced.len().saturating_sub(MAX_VERSIONS);
    Ok(Json(History {
        from: millis_at(range.start),
        to: millis_at(range.end),
        step: millis(step),
        points: joined(series(rows.iter()), step),
        versions: introduced[newest..].iter().map(VersionMark::from).collect(),
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
            Some(last) => last.counts.add(minute.counts),
            None => buckets.push(SeriesPoint { at, ..minute }),
        }
    }
    buckets
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

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;
    use crate::shape::Counts;

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
            counts: Counts { ok: 1, error: 0, throttle: 2, fault: 3 },
        };
        let buckets = joined([4, 5, 9, 10].map(point).into(), Micros::from_secs(300));
        let found: Vec<_> =
            buckets.iter().map(|one| (one.at / 60_000.0, one.counts.ok, one.counts.fault)).collect();
        assert_eq!(found, [(0.0, 1, 3), (5.0, 2, 6), (10.0, 1, 3)]);
    }
}
