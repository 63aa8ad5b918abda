//! BatchGetTraces: whole traces, as the documents that their services sent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::{StoredDocument, Trace, TraceId};
use serde::Serialize;

use super::input::page::refuse_token;
use super::input::{Input, Members, Read};
use super::time::Seconds;
use crate::app::{App, Shared};
use crate::error::XRayError;

/// X-Ray's bound on the ids of one request.
pub(crate) const MAX_IDS: usize = 5;
/// Of the text of a trace id.
pub(crate) const MAX_ID_LENGTH: usize = 35;

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

/// Ids that are not known are left out.
pub(crate) async fn batch_get_traces(
    State(app): State<Shared>,
    Input(input): Input<TraceIds>,
) -> Result<Json<Output>, XRayError> {
    let mut traces = Vec::new();
    for id in input.parse()? {
        let documents = indexed_documents(&app, id).await?;
        if !documents.is_empty() {
            traces.push(shape(id, &documents));
        }
    }
    Ok(Json(Output::of(traces)))
}

impl Output {
    pub(crate) fn of(traces: Vec<TraceShape>) -> Self {
        Self { traces, unprocessed_trace_ids: Vec::new(), next_token: None }
    }
}

/// The documents of a trace; none where it is not indexed.
pub(crate) async fn indexed_documents(app: &App, id: TraceId) -> Result<Vec<Arc<StoredDocument>>, XRayError> {
    let mut documents = app.deps.store.documents(id).await?;
    let first_received = documents.iter().map(|document| document.received).min().unwrap_or_default();
    if !app.deps.settings.snapshot().is_indexed(id, first_received) {
        documents.clear();
    }
    Ok(documents)
}

pub(crate) fn shape(id: TraceId, documents: &[Arc<StoredDocument>]) -> TraceShape {
    let trace = query::assemble(id, documents);
    let segments = wire::render::segments(&trace, documents)
        .into_iter()
        .map(|segment| SegmentShape { id: segment.id.to_string(), document: segment.document });
    TraceShape {
        id: id.to_string(),
        segments: segments.collect(),
        duration: duration(&trace),
        limit_exceeded: false,
    }
}

/// From the earliest start to the latest end of everything visible; nothing while nothing has ended.
fn duration(trace: &Trace<'_>) -> Option<Seconds> {
    let start = trace.spans.iter().map(|span| span.entity.start).min()?;
    let end = trace.spans.iter().filter_map(|span| span.entity.end).max()?;
    Some(Seconds::rounded(start.until(end)))
}
