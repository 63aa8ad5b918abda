//! BatchGetTraces: whole traces, as the documents that their services sent.

use axum::Json;
use axum::extract::State;
use model::{Trace, TraceId};
use serde::Serialize;
use store::Beginning;

use super::input::page::refuse_token;
use super::input::{Input, Members, Read};
use super::time::Seconds;
use crate::app::{App, Shared};
use crate::error::XRayError;

/// X-Ray's bound on the ids of one request.
pub(crate) const MAX_IDS: usize = 5;
/// Of the text of a trace id.
pub(crate) const MAX_ID_LENGTH: usize = 35;

/// Of the documents of one answer, of which the first trace may be all. Traces that no longer fit are asked for again.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// The ids of BatchGetTraces and GetTraceGraph, as they were written.
#[derive(Debug)]
pub(crate) struct TraceIds {
    ids: Vec<String>,
    next_token: Option<String>,
}

impl Read for TraceIds {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let next_token = members.next_token()?;
        // How many there may be is for the operation to say, in other words.
        let ids = members.required_short_texts("TraceIds", usize::MAX, MAX_ID_LENGTH)?;
        Ok(Self { ids, next_token })
    }
}

impl TraceIds {
    /// Every id once, at most [`MAX_IDS`], in the order given.
    pub(crate) fn parse(&self) -> Result<Vec<TraceId>, XRayError> {
        refuse_token(self.next_token.as_deref())?;
        if self.ids.len() > MAX_IDS {
            return Err(XRayError::invalid(format!("Exceeding maximum query size: {MAX_IDS}")));
        }
        let mut ids: Vec<TraceId> = Vec::with_capacity(self.ids.len());
        for text in &self.ids {
            let Ok(id) = text.parse() else {
                return Err(XRayError::invalid(format!("Invalid trace id {text}: incorrect id format")));
            };
            if ids.contains(&id) {
                return Err(XRayError::invalid("Containing duplicate trace ids"));
            }
            ids.push(id);
        }
        Ok(ids)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    traces: Vec<TraceShape>,
    unprocessed_trace_ids: Vec<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TraceShape {
    pub(crate) id: String,
    pub(crate) duration: Option<Seconds>,
    limit_exceeded: bool,
    pub(crate) segments: Vec<SegmentShape>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SegmentShape {
    pub(crate) id: String,
    pub(crate) document: String,
}

/// Ids that are not known are left out. Those for which there is no more room are told, to be asked for again.
pub(crate) async fn batch_get_traces(
    State(app): State<Shared>,
    Input(input): Input<TraceIds>,
) -> Result<Json<Output>, XRayError> {
    let ids = input.parse()?;
    let _turn = app.turn().await;
    let mut output = Output::of(Vec::new());
    let mut bytes = 0;
    for (at, &id) in ids.iter().enumerate() {
        let beginning = indexed_documents(&app, id).await?;
        if beginning.documents.is_empty() {
            continue;
        }
        let trace = shape(id, &beginning);
        bytes += trace.segments.iter().map(|segment| segment.document.len()).sum::<usize>();
        if bytes > MAX_ANSWER_BYTES && !output.traces.is_empty() {
            output.unprocessed_trace_ids = ids[at..].iter().map(ToString::to_string).collect();
            break;
        }
        output.traces.push(trace);
    }
    Ok(Json(output))
}

impl Output {
    pub(crate) fn of(traces: Vec<TraceShape>) -> Self {
        Self { traces, unprocessed_trace_ids: Vec::new(), next_token: None }
    }
}

/// The documents of a trace; none where it is not indexed.
pub(crate) async fn indexed_documents(app: &App, id: TraceId) -> Result<Beginning, XRayError> {
    let beginning = app.beginning(id).await?;
    let received = beginning.documents.iter().map(|document| document.received);
    let first_received = received.min().unwrap_or_default();
    let is_indexed = app.deps.settings.snapshot().is_indexed(id, first_received);
    Ok(if is_indexed { beginning } else { Beginning::default() })
}

pub(crate) fn shape(id: TraceId, beginning: &Beginning) -> TraceShape {
    let documents = &beginning.documents[..];
    let trace = query::assemble(id, documents);
    let segments = wire::render::segments(&trace, documents)
        .into_iter()
        .map(|segment| SegmentShape { id: segment.id.to_string(), document: segment.document });
    TraceShape {
        id: id.to_string(),
        segments: segments.collect(),
        duration: duration(&trace),
        limit_exceeded: beginning.left_out > 0,
    }
}

/// From the earliest start to the latest end of everything visible; nothing while nothing has ended.
fn duration(trace: &Trace<'_>) -> Option<Seconds> {
    let start = trace.spans.iter().map(|span| span.entity.start).min()?;
    let end = trace.spans.iter().filter_map(|span| span.entity.end).max()?;
    Some(Seconds::rounded(start.until(end)))
}
