//! GetTimeSeriesServiceStatistics: statistics a minute, or five, of the nodes or edges that a selector names.

use axum::Json;
use axum::extract::State;
use model::{Micros, TimeRange, Timestamp};
use query::filter::FilterError;
use query::forecast::{BASELINE, Forecast, forecasts};
use query::selector::Selector;
use query::series::{Point, series};
use serde::Serialize;
use store::{MinuteQuery, Subjects};

use super::group::GroupSelector;
use super::input::{Input, Members, Read};
use super::service::{HistogramEntry, StatisticsShape, histogram, statistics};
use super::time::window;
use crate::app::Shared;
use crate::error::XRayError;

/// The periods that X-Ray offers, in seconds.
const PERIODS: [i64; 2] = [60, 300];

#[derive(Debug)]
pub(crate) struct GetTimeSeriesServiceStatistics {
    start: Timestamp,
    end: Timestamp,
    group: GroupSelector,
    selector: Option<String>,
    period_seconds: i64,
    forecast: bool,
    next_token: Option<String>,
}

impl Read for GetTimeSeriesServiceStatistics {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            start: members.required_instant("StartTime")?,
            end: members.required_instant("EndTime")?,
            group: GroupSelector::read(members)?,
            selector: members.short_text("EntitySelectorExpression", 1, 500)?,
            period_seconds: members.integer("Period")?.unwrap_or(PERIODS[0]),
            forecast: members.boolean("ForecastStatistics")?.unwrap_or(false),
            next_token: members.next_token()?,
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    time_series_service_statistics: Vec<PointShape>,
    contains_old_group_versions: bool,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PointShape {
    timestamp: i64,
    edge_summary_statistics: Option<StatisticsShape>,
    service_summary_statistics: Option<StatisticsShape>,
    service_forecast_statistics: ForecastShape,
    response_time_histogram: Option<Vec<HistogramEntry>>,
}

/// Both are left out where nothing is forecast.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForecastShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_count_high: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_count_low: Option<i64>,
}

pub(crate) async fn get_time_series_service_statistics(
    State(app): State<Shared>,
    Input(input): Input<GetTimeSeriesServiceStatistics>,
) -> Result<Json<Output>, XRayError> {
    if let Some(token) = &input.next_token {
        return Err(XRayError::invalid(format!("Invalid token {token}")));
    }
    if !PERIODS.contains(&input.period_seconds) {
        return Err(XRayError::invalid("Time period must be one of [60, 300]"));
    }
    // X-Ray cuts both times to whole seconds.
    let whole = |instant: Timestamp| Timestamp(instant.floor_seconds().saturating_mul(1_000_000));
    let range = window(whole(input.start), whole(input.end))?;
    let group = input.group.resolve(&app)?;
    if input.forecast && !group.group.insights_enabled {
        return Err(XRayError::invalid("Forecast statistics need a group with insights enabled"));
    }
    if input.forecast && input.selector.is_none() {
        return Err(XRayError::invalid("Forecast statistics need an EntitySelectorExpression"));
    }
    let selector = input.selector.as_deref().map(str::parse::<Selector>).transpose();
    let selector = selector.map_err(|error: FilterError| XRayError::invalid(error.to_string()))?;
    let minutes = input.period_seconds / PERIODS[0];
    // A bucket is stamped with its end, so what belongs to the first stamp was received before the window.
    let reach = Micros::from_secs(input.period_seconds.unsigned_abs());
    let shown = TimeRange::new(range.start.minus(reach), range.end);
    let contains_old_group_versions = group.is_mixed_since(shown.start);
    let looked_back = if input.forecast { BASELINE } else { Micros(0) };
    let received = TimeRange::new(shown.start.minus(looked_back), range.end);
    let query = MinuteQuery { range: received, group: group.key, subjects: Subjects::All };
    let _permit = app.scans.acquire().await;
    let rows = app.deps.store.minutes(&query).await?;
    let stamped = TimeRange::new(range.start.minus(looked_back), range.end);
    let points = series(&rows, stamped, minutes, selector.as_ref());
    let forecasts = if input.forecast { forecasts(&points) } else { vec![None; points.len()] };
    let wanted = points.iter().zip(forecasts).filter(|(point, _)| point.end >= range.start);
    Ok(Json(Output {
        time_series_service_statistics: wanted
            .map(|(point, forecast)| shape(point, forecast, selector.as_ref()))
            .collect(),
        contains_old_group_versions,
        next_token: None,
    }))
}

fn shape(point: &Point, forecast: Option<Forecast>, selector: Option<&Selector>) -> PointShape {
    let is_of_services = matches!(selector, Some(Selector::Service(_)));
    let stats = point.stats.as_ref();
    PointShape {
        timestamp: point.end.floor_seconds(),
        edge_summary_statistics: stats.filter(|_| !is_of_services).map(statistics),
        service_summary_statistics: stats.filter(|_| is_of_services).map(statistics),
        service_forecast_statistics: ForecastShape {
            fault_count_high: forecast.map(|forecast| forecast.high),
            fault_count_low: forecast.map(|forecast| forecast.low),
        },
        response_time_histogram: stats.map(|stats| histogram(&stats.response_times)),
    }
}
