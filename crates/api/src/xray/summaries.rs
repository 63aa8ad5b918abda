//! GetTraceSummaries: the traces of a window that match a filter expression, newest first, in pages.

use axum::Json;
use axum::extract::State;
use model::{Micros, TimeRange, Timestamp, TraceDigest, TraceId};
use query::search::{Hunt, search};
use serde::Serialize;
use store::{Axis, Cursor};

use super::input::{Input, Members, Read};
use super::summary::{FoundBy, TraceSummary, summary};
use super::time::{Seconds, window};
use super::token::{self, Page};
use crate::app::Shared;
use crate::error::XRayError;
use crate::filter;

/// Traces of one page; X-Ray does not say how many its own have.
const PAGE: usize = 100;
/// Traces looked at for one page; a page that ends here may be short, or empty, and still have a token.
const SCAN_LIMIT: u64 = 200_000;
/// In Service mode X-Ray gives the start of the window less a minute as the page's time.
const SERVICE_LEEWAY: Micros = Micros::from_secs(60);

#[derive(Debug)]
pub(crate) struct GetTraceSummaries {
    start: Timestamp,
    end: Timestamp,
    range_type: RangeType,
    sampling: bool,
    strategy: Option<Strategy>,
    filter: String,
    next_token: Option<String>,
}

/// By which of its times a window selects a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RangeType {
    TraceId,
    Event,
    Service,
}

#[derive(Debug)]
struct Strategy {
    name: Option<StrategyName>,
    value: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StrategyName {
    PartialScan,
    FixedRate,
}

impl RangeType {
    const WORDS: [(&str, Self); 3] =
        [("TraceId", Self::TraceId), ("Event", Self::Event), ("Service", Self::Service)];

    fn axis(self) -> Axis {
        match self {
            Self::TraceId => Axis::Start,
            Self::Event => Axis::Received,
            Self::Service => Axis::End,
        }
    }
}

impl Read for GetTraceSummaries {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let names = [("PartialScan", StrategyName::PartialScan), ("FixedRate", StrategyName::FixedRate)];
        Ok(Self {
            start: members.required_instant("StartTime")?,
            end: members.required_instant("EndTime")?,
            range_type: members.word("TimeRangeType", &RangeType::WORDS)?.unwrap_or(RangeType::TraceId),
            sampling: members.boolean("Sampling")?.unwrap_or(false),
            strategy: members.nested("SamplingStrategy", |strategy| {
                Ok(Strategy { name: strategy.word("Name", &names)?, value: strategy.number("Value")? })
            })?,
            filter: members.text("FilterExpression")?.unwrap_or_default(),
            next_token: members.next_token()?,
        })
    }
}

impl GetTraceSummaries {
    /// The share of traces to give, where one is asked for. A strategy counts only with `Sampling`, and
    /// `PartialScan` is there to keep scans short, which pages of a bounded scan do anyway.
    fn rate(&self) -> Result<Option<f64>, XRayError> {
        let Some(strategy) = self.strategy.as_ref().filter(|_| self.sampling) else { return Ok(None) };
        if strategy.name != Some(StrategyName::FixedRate) {
            return Ok(None);
        }
        if self.range_type != RangeType::Event {
            let given = RangeType::WORDS.into_iter().find(|(_, range_type)| *range_type == self.range_type);
            let given = given.map_or("TraceId", |(word, _)| word);
            return Err(XRayError::invalid(format!(
                "Cannot use FixedRate with input time range type: {given}. Please try using time range type: Event"
            )));
        }
        match strategy.value {
            Some(rate) if (0.0..=1.0).contains(&rate) => Ok(Some(rate)),
            _ => Err(XRayError::invalid(
                "sampling rate must be specified and its value must be between [0, 1]",
            )),
        }
    }

    /// Of what decides which traces are found, but for the window, which the token has itself. Which share of them is
    /// given may change from page to page, as Grafana's data source does where there turn out to be many.
    fn fingerprint(&self) -> u64 {
        token::fingerprint(&[&[self.range_type as u8], self.filter.as_bytes()])
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    trace_summaries: Vec<TraceSummary>,
    approximate_time: Option<Seconds>,
    traces_processed_count: u64,
    next_token: Option<String>,
}

pub(crate) async fn get_trace_summaries(
    State(app): State<Shared>,
    Input(input): Input<GetTraceSummaries>,
) -> Result<Json<Output>, XRayError> {
    let asked = window(input.start, input.end)?;
    let rate = input.rate()?;
    let fingerprint = input.fingerprint();
    let page = input.next_token.as_deref().map(|text| token::read(fingerprint, text)).transpose()?;
    // Whatever the later pages say, the window is that of the first.
    let range = page.map_or(Ok(asked), |page| window(page.window.start, page.window.end))?;
    let after = page.map(|page| page.after);
    let filter =
        filter::parse(&input.filter, &app.groups()).map_err(|error| XRayError::invalid(error.to_string()))?;
    let axis = input.range_type.axis();
    let _permit = app.scans.acquire().await;
    let state = app.deps.settings.snapshot();
    let hunt = Hunt { range, axis, filter: &filter, after, wanted: PAGE, limit: SCAN_LIMIT };
    let is_indexed = |digest: &TraceDigest| state.is_indexed(digest.id, digest.first_received);
    let found = search(&*app.deps.store, hunt, is_indexed).await?;

    let found_by = |digest| match input.range_type {
        RangeType::TraceId => FoundBy::Start,
        RangeType::Event => FoundBy::Receipt,
        RangeType::Service => FoundBy::End(filter.matched(digest)),
    };
    let kept = found.digests.iter().filter(|digest| rate.is_none_or(|rate| is_sampled(digest.id, rate)));
    Ok(Json(Output {
        trace_summaries: kept.map(|digest| summary(digest, found_by(digest))).collect(),
        approximate_time: Some(approximate_time(&input, range, found.next)),
        traces_processed_count: found.scanned,
        next_token: found.next.map(|after| token::write(fingerprint, Page { window: range, after })),
    }))
}

/// The start of the page: pages go back in time, so it is where the next one begins, and the window's
/// start on the last.
fn approximate_time(input: &GetTraceSummaries, range: TimeRange, next: Option<Cursor>) -> Seconds {
    if input.range_type == RangeType::Service {
        return Seconds::at(range.start.minus(SERVICE_LEEWAY));
    }
    Seconds::at(next.map_or(range.start, |cursor| cursor.time))
}

/// A fixed share of all traces, the same ones on every page and in every query.
fn is_sampled(id: TraceId, rate: f64) -> bool {
    let share = token::fingerprint(&[&id.0]) as f64 / u64::MAX as f64;
    share < rate || rate >= 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_rate_keeps_about_that_share() {
        let ids = (0..10_000_u128).map(|number| TraceId(number.to_be_bytes()));
        let kept = ids.filter(|id| is_sampled(*id, 0.25)).count();
        assert!((2_000..3_000).contains(&kept), "{kept}");
        assert!(is_sampled(TraceId([0; 16]), 1.0) && !is_sampled(TraceId([0; 16]), 0.0));
    }
}
