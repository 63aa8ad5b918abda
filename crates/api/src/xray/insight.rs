//! Insights: none are made yet, so the list is empty, and requests are checked as X-Ray checks them.

use axum::Json;
use axum::extract::State;
use model::{Micros, Timestamp};
use serde_json::{Value, json};

use super::group::GroupSelector;
use super::input::{Input, Members, Read};
use crate::app::Shared;
use crate::error::XRayError;

/// X-Ray keeps insights as long as traces.
const OLDEST: Micros = Micros::from_secs(30 * 24 * 60 * 60);

#[derive(Debug)]
pub(crate) struct GetInsightSummaries {
    group: GroupSelector,
    start: Timestamp,
    end: Timestamp,
}

impl Read for GetInsightSummaries {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let states = members.texts("States")?.unwrap_or_default();
        if states.len() > 1 {
            members.violated("States", "Member must have length less than or equal to 1");
        }
        if states.iter().any(|state| !["ACTIVE", "CLOSED"].contains(&state.as_str())) {
            let constraint =
                "Member must satisfy constraint: [Member must satisfy enum value set: [ACTIVE, CLOSED]]";
            members.violated("States", constraint);
        }
        members.whole("MaxResults", 1, 100)?;
        members.short_text("NextToken", 1, 2000)?;
        Ok(Self {
            group: GroupSelector::read(members)?,
            start: members.required_instant("StartTime")?,
            end: members.required_instant("EndTime")?,
        })
    }
}

pub(crate) async fn get_insight_summaries(
    State(app): State<Shared>,
    Input(input): Input<GetInsightSummaries>,
) -> Result<Json<Value>, XRayError> {
    if input.group.is_empty() {
        return Err(XRayError::invalid("Request must contain either group name or group ARN"));
    }
    input.group.resolve(&app)?;
    if input.end < input.start {
        return Err(XRayError::invalid("End time cannot be earlier than start time"));
    }
    if input.start < app.deps.clock.now().minus(OLDEST) {
        return Err(XRayError::invalid("Start time cannot be more than 30 days in the past"));
    }
    Ok(Json(json!({ "InsightSummaries": [], "NextToken": null })))
}
