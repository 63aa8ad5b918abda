//! The switches of Transaction Search: where segments go and which share of traces is indexed there. Fluoro stores
//! every span whatever they say; with segments kept as logs, GetTraceSummaries, BatchGetTraces and GetTraceGraph know
//! the indexed traces alone, as X-Ray's do, and a retrieval gives all.

use ::settings::{self, Destination, IndexingRule};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::input::{AnyPage, Input, Members, Nothing, Read};
use super::time::Seconds;
use crate::app::Shared;
use crate::error::XRayError;

const DESTINATIONS: [(&str, Destination); 2] =
    [("XRay", Destination::XRay), ("CloudWatchLogs", Destination::CloudWatchLogs)];

pub(crate) async fn get_trace_segment_destination(
    State(app): State<Shared>,
    _: Input<Nothing>,
) -> Json<Value> {
    // X-Ray sends the third member, which the model does not name.
    let destination = word(app.deps.settings.snapshot().destination);
    Json(json!({ "Destination": destination, "Status": "ACTIVE", "CompositeConfiguration": null }))
}

fn word(destination: Destination) -> &'static str {
    let found = DESTINATIONS.into_iter().find(|(_, known)| *known == destination);
    found.map_or("XRay", |(word, _)| word)
}

#[derive(Debug)]
pub(crate) struct UpdateTraceSegmentDestination {
    destination: Option<Destination>,
}

impl Read for UpdateTraceSegmentDestination {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self { destination: members.word("Destination", &DESTINATIONS)? })
    }
}

pub(crate) async fn update_trace_segment_destination(
    State(app): State<Shared>,
    Input(input): Input<UpdateTraceSegmentDestination>,
) -> Result<Json<Value>, XRayError> {
    let Some(destination) = input.destination else {
        return Err(XRayError::invalid("Request must contain a destination"));
    };
    app.change(move |settings, now| settings.set_destination(destination, now)).await?;
    Ok(Json(json!({ "Destination": word(destination), "Status": "ACTIVE" })))
}

pub(crate) async fn get_indexing_rules(State(app): State<Shared>, _: Input<AnyPage>) -> Json<Value> {
    let state = app.deps.settings.snapshot();
    Json(json!({ "IndexingRules": [shape(&state)], "NextToken": null }))
}

/// What is desired, and what is done.
fn shape(state: &settings::Snapshot) -> Value {
    let rule = state.indexing;
    json!({
        "Name": IndexingRule::NAME,
        "ModifiedAt": Seconds::at(rule.modified),
        "Rule": { "Probabilistic": {
            "DesiredSamplingPercentage": rule.desired_percentage,
            "ActualSamplingPercentage": state.indexed_percentage(),
        } },
    })
}

#[derive(Debug)]
pub(crate) struct UpdateIndexingRule {
    name: String,
    percentage: Option<f64>,
}

impl Read for UpdateIndexingRule {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.require("Rule");
        let percentage = members.nested("Rule", |rule| {
            rule.nested("Probabilistic", |probabilistic| {
                probabilistic.require("DesiredSamplingPercentage");
                probabilistic.number("DesiredSamplingPercentage")
            })
        })?;
        Ok(Self {
            name: members.required_text("Name", 0, usize::MAX)?,
            percentage: percentage.flatten().flatten(),
        })
    }
}

pub(crate) async fn update_indexing_rule(
    State(app): State<Shared>,
    Input(input): Input<UpdateIndexingRule>,
) -> Result<Json<Value>, XRayError> {
    if input.name != IndexingRule::NAME {
        let message = format!("Indexing rule {} not found", input.name);
        return Err(XRayError::NotFound { message, resource: input.name });
    }
    let Some(percentage) = input.percentage else {
        return Err(XRayError::invalid("Rule must be Probabilistic"));
    };
    app.change(move |settings, now| settings.set_indexing(percentage, now)).await?;
    Ok(Json(json!({ "IndexingRule": shape(&app.deps.settings.snapshot()) })))
}
