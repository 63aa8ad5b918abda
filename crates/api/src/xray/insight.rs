//! Insights: none are made yet, so lists are empty and no id is known. Requests are checked as X-Ray does.

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

/// A question about one insight; no id is known, so nothing of it is kept.
#[derive(Debug)]
pub(crate) struct OneInsight;

#[derive(Debug)]
pub(crate) struct InsightEvents;

#[derive(Debug)]
pub(crate) struct InsightImpactGraph {
    start: Timestamp,
    end: Timestamp,
}

impl Read for OneInsight {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let id = members.required_text("InsightId", 0, usize::MAX)?;
        if members.is_valid() && !is_insight_id(&id) {
            let constraint = format!("Member must satisfy regular expression pattern: {INSIGHT_ID}");
            members.violated("InsightId", &constraint);
        }
        Ok(Self)
    }
}

impl Read for InsightEvents {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        OneInsight::read(members)?;
        members.whole("MaxResults", 1, 50)?;
        members.short_text("NextToken", 1, 2000)?;
        Ok(Self)
    }
}

impl Read for InsightImpactGraph {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        OneInsight::read(members)?;
        members.short_text("NextToken", 1, 2000)?;
        let start = members.required_instant("StartTime")?;
        Ok(Self { start, end: members.required_instant("EndTime")? })
    }
}

/// The model's pattern of a UUID.
const INSIGHT_ID: &str =
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}";

fn is_insight_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(is_hex)
        && matches!(groups[2].as_bytes()[0], b'1'..=b'5')
        && matches!(groups[3].as_bytes()[0], b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
}

fn unknown() -> XRayError {
    XRayError::invalid("Insight not found")
}

pub(crate) async fn get_insight(Input(_): Input<OneInsight>) -> XRayError {
    unknown()
}

pub(crate) async fn get_insight_events(Input(_): Input<InsightEvents>) -> XRayError {
    unknown()
}

pub(crate) async fn get_insight_impact_graph(Input(input): Input<InsightImpactGraph>) -> XRayError {
    if input.end < input.start {
        return XRayError::invalid("End time cannot be earlier than start time");
    }
    unknown()
}
