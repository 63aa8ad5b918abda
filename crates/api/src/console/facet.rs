//! `GET /api/facets`: what the traces of a filter can be narrowed by, with counts. `GET /api/breakdown`: what the values of
//! one property did over time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::{TimeRange, TraceDigest};
use query::Filter;
use query::bins::Columns;
use query::breakdown::{self, Breakdown};
use query::compare::Value;
use query::facet::{self, Facets};
use query::measure::{self, Measure};
use query::now::Names;
use query::search::Visit;
use serde::Deserialize;
use store::Axis;

use super::graph::KnownGroup;
use super::scan::Reach;
use super::traces::property;
use crate::app::{App, Shared};
use crate::error::Problem;
use crate::filter;
use crate::params::Params;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{
    self, BreakdownOverTime, FacetValue, MeasureDifference, MeasureRange, MeasureSplit, RangeParams,
    SliceMoment, SliceOverTime,
};

/// Traces looked at for one answer, as long as there is time.
const SCAN: u64 = 100_000;
/// Fields of one answer; annotations beyond are told to be left out.
const MAX_FACETS: usize = 200;
const MAX_COLUMNS: u64 = 60;
/// Values that are drawn, each with a row of its own.
const MAX_SLICES: usize = 12;

#[derive(Debug, Deserialize)]
pub(crate) struct FacetParams {
    from: f64,
    to: f64,
    filter: Option<String>,
    group: Option<String>,
    by: Option<String>,
    /// Milliseconds that the answer may take.
    within: Option<f64>,
}

impl FacetParams {
    fn read(&self, app: &App) -> Result<(TimeRange, Filter, Reach), Problem> {
        let range = RangeParams { from: self.from, to: self.to }.range()?;
        let group = KnownGroup::find(app, self.group.clone())?;
        let asked = filter::parse(self.filter.as_deref().unwrap_or_default(), &app.groups())
            .map_err(|error| Problem::bad_filter(&error))?;
        Ok((range, asked.and(group.members), Reach::within(SCAN, self.within)?))
    }
}

pub(crate) async fn facets(
    State(app): State<Shared>,
    Params(params): Params<FacetParams>,
) -> Result<Json<shape::Facets>, Problem> {
    // Read before the wait for a turn, so that a bad question is told at once.
    params.read(&app)?;
    let _permit = app.scans.acquire().await;
    let (range, filter, reach) = params.read(&app)?;
    let mut found = Facets::default();
    let see = |digest: &Arc<TraceDigest>| found.add(digest);
    let visited =
        reach.visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &filter }, see).await?;
    let facet::Found { traces, counts, facets, fields_left_out, measures } = found.finish();
    Ok(Json(shape::Facets {
        traces,
        counts: counts.into(),
        fields_left_out: fields_left_out || facets.len() > MAX_FACETS,
        facets: app.with_names(|names| {
            facets.into_iter().take(MAX_FACETS).map(|facet| shape::Facet::of(facet, names)).collect()
        }),
        measures: measures.into_iter().map(|measure| MeasureRange::of(&measure.key, measure.a)).collect(),
        scanned: visited.scanned,
        complete: visited.complete,
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
    }))
}

pub(crate) async fn breakdown(
    State(app): State<Shared>,
    Params(params): Params<FacetParams>,
) -> Result<Json<BreakdownOverTime>, Problem> {
    let by = property(params.by.as_deref().unwrap_or("url"))?;
    params.read(&app)?;
    let _permit = app.scans.acquire().await;
    let (range, filter, reach) = params.read(&app)?;
    let columns = Columns::of(range, MAX_COLUMNS);
    let mut slices = Breakdown::over_time(by.clone(), columns);
    let see = |digest: &Arc<TraceDigest>| slices.add(digest);
    let visited =
        reach.visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &filter }, see).await?;
    let mut slices = slices.finish();
    let others = slices.split_off(slices.len().min(MAX_SLICES));
    Ok(Json(BreakdownOverTime {
        start: millis_at(columns.start),
        step: millis(columns.step),
        columns: columns.count,
        slices: app.with_names(|names| {
            slices
                .into_iter()
                .map(|slice| SliceOverTime {
                    label: slice.value.as_ref().and_then(|value| names.label(&by, value)),
                    ..SliceOverTime::of(slice)
                })
                .collect()
        }),
        others: others.len(),
        other_traces: others.iter().map(|slice| slice.counts.total()).sum(),
        scanned: visited.scanned,
        complete: visited.complete,
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
    }))
}

impl shape::Facet {
    fn of(facet: facet::Facet, names: &Names<'_>) -> Self {
        let field = &facet.field;
        let value = |value: Value| FacetValue {
            label: value.text.as_ref().and_then(|text| names.label(field, text)),
            value: value.text,
            filter: value.filter,
            count: value.traces.a,
        };
        Self {
            field: facet.field.name(),
            is_id: facet.is_id,
            values: facet.values.into_iter().chain(facet.lacking).map(value).collect(),
            distinct: facet.distinct,
            is_cut: facet.is_cut,
        }
    }
}

impl SliceOverTime {
    fn of(slice: breakdown::Slice) -> Self {
        let mut whole = model::Sketch::default();
        for moment in slice.course.values() {
            whole.merge(&moment.response_times);
        }
        let point = |(column, moment): (usize, breakdown::Moment)| SliceMoment {
            column,
            counts: moment.counts.into(),
            p50: moment.response_times.quantile(0.5).map(millis),
            p95: moment.response_times.quantile(0.95).map(millis),
        };
        Self {
            value: slice.value,
            label: None,
            filter: slice.filter,
            counts: slice.counts.into(),
            p50: whole.quantile(0.5).map(millis),
            p95: whole.quantile(0.95).map(millis),
            points: slice.course.into_iter().map(point).collect(),
        }
    }
}

impl MeasureRange {
    fn of(key: &str, set: measure::Set) -> Self {
        let has_any = set.values > 0;
        Self {
            key: key.to_owned(),
            values: set.values,
            least: has_any.then_some(set.least),
            most: has_any.then_some(set.most),
            average: has_any.then(|| set.sum / set.values as f64),
            median: set.median,
        }
    }
}

impl MeasureDifference {
    pub(super) fn of(measure: &Measure) -> Self {
        Self {
            key: measure.key.clone(),
            a: MeasureRange::of(&measure.key, measure.a),
            b: MeasureRange::of(&measure.key, measure.b),
            delta: measure.delta,
            is_chance: measure.is_chance,
            split: measure.split.as_ref().map(|split| MeasureSplit {
                from: split.from,
                filter: split.filter.clone(),
                a: split.above.a,
                b: split.above.b,
            }),
        }
    }
}
