//! `POST /api/compare`: two sets of traces, and what differs between them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::TraceDigest;
use query::Filter;
use query::bins::{self, Columns};
use query::compare::{self, Compared, Comparison, Difference, SetSums, Sides};
use query::now::Names;
use query::search::Visit;
use store::Axis;

use super::graph::KnownGroup;
use super::scan::Reach;
use crate::app::Shared;
use crate::error::Problem;
use crate::filter;
use crate::params::JsonBody;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{
    Compare, CompareQuestion, CompareSeriesPoint, CompareSet, FieldDifference, FieldKind, MeasureDifference,
    RangeParams, TimeBin, Times, ValueShare,
};

/// Traces looked at for one answer, as long as there is time.
const SCAN: u64 = 1_000_000;
/// Points of the time series.
const MAX_POINTS: u64 = 120;
/// Fields of one answer; those that differ most.
const MAX_FIELDS: usize = 300;

pub(crate) async fn compare(
    State(app): State<Shared>,
    JsonBody(question): JsonBody<CompareQuestion>,
) -> Result<Json<Compare>, Problem> {
    let range = RangeParams { from: question.from, to: question.to }.range()?;
    let group = KnownGroup::find(&app, question.group)?;
    let parse = |text: &str| filter::parse(text, &app.groups()).map_err(|error| Problem::bad_filter(&error));
    let a = parse(&question.a)?;
    let b = question.b.filter(|text| !text.trim().is_empty());
    let b = b.as_deref().map(parse).transpose()?;
    let b_filter = b.as_ref().map_or_else(|| a.clone().not().to_string(), Filter::to_string);
    let base = match &b {
        Some(b) => a.clone().or(b.clone()).and(group.members),
        None => group.members,
    };

    let mut comparison = Comparison::new(Columns::of(range, MAX_POINTS));
    let see = |digest: &Arc<TraceDigest>| {
        let in_a = a.matches(digest);
        let sides = Sides { a: in_a, b: b.as_ref().map_or(!in_a, |b| b.matches(digest)) };
        comparison.add(digest, sides);
    };
    let _permit = app.scans.acquire().await;
    let reach = Reach::of(SCAN);
    let visited =
        reach.visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &base }, see).await?;
    let compared = comparison.finish();
    Ok(Json(Compare {
        a: set(a.to_string(), &compared.a),
        b: set(b_filter, &compared.b),
        scanned: visited.scanned,
        complete: visited.complete,
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
        times: times(&compared),
        step: millis(compared.columns.step),
        series: series(&compared),
        fields_left_out: compared.fields_left_out || compared.fields.len() > MAX_FIELDS,
        measures: compared.measures.iter().take(MAX_FIELDS).map(MeasureDifference::of).collect(),
        fields: app.with_names(|names| {
            compared
                .fields
                .into_iter()
                .take(MAX_FIELDS)
                .map(|field| FieldDifference::of(field, names))
                .collect()
        }),
    }))
}

fn set(filter: String, sums: &SetSums) -> CompareSet {
    let times = Times::of(sums.average().map(millis), &sums.response_times);
    CompareSet { filter, traces: sums.traces, counts: sums.counts.into(), times }
}

fn times(compared: &Compared) -> Vec<TimeBin> {
    let is_used = |pair: &compare::Pair| pair.a + pair.b > 0;
    let Some(first) = compared.times.iter().position(is_used) else {
        return Vec::new();
    };
    let last = compared.times.iter().rposition(is_used).unwrap_or(first);
    let bin = |bin: usize| TimeBin {
        from: millis(bins::edge(bin)),
        to: millis(bins::edge(bin + 1)),
        a: compared.times[bin].a,
        b: compared.times[bin].b,
    };
    (first..=last).map(bin).collect()
}

fn series(compared: &Compared) -> Vec<CompareSeriesPoint> {
    let Columns { start, step, .. } = compared.columns;
    let points = compared.series.iter().enumerate();
    let point = |(index, pair): (usize, &compare::Pair)| CompareSeriesPoint {
        at: millis_at(start) + index as f64 * millis(step),
        a: pair.a,
        b: pair.b,
    };
    points.map(point).collect()
}

impl FieldDifference {
    fn of(difference: Difference, names: &Names<'_>) -> Self {
        Self {
            field: difference.field.name(),
            kind: match difference.kind {
                compare::FieldKind::Context => FieldKind::Context,
                compare::FieldKind::Failure => FieldKind::Failure,
                compare::FieldKind::Id => FieldKind::Id,
            },
            delta: difference.delta,
            values: difference
                .values
                .into_iter()
                .map(|value| ValueShare {
                    label: value.text.as_ref().and_then(|text| names.label(&difference.field, text)),
                    value: value.text,
                    filter: value.filter,
                    a: value.traces.a,
                    b: value.traces.b,
                })
                .collect(),
            others: difference.others,
            other_a: difference.other_traces.a,
            other_b: difference.other_traces.b,
            distinct: difference.distinct,
            is_cut: difference.is_cut,
        }
    }
}
