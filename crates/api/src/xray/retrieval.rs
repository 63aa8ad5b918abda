//! Trace retrieval: traces are looked up once, then read in pages by a token.
//!
//! X-Ray searches its log for them, which takes a while. Here every span can be read at once, so a retrieval is
//! complete when it is started; SCHEDULED, RUNNING, FAILED and TIMEOUT do not occur.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use model::{Timestamp, TraceId};
use query::graph;
use serde::Serialize;
use serde_json::{Value, json};
use settings::Retrieval;
use store::Beginning;

use super::input::{Input, Members, Read};
use super::service::{GraphOf, ServiceShape, services};
use super::service_graph::TracesGraph;
use super::time::Seconds;
use super::traces::{MAX_ID_LENGTH, SegmentShape, TraceShape, shape};
use crate::app::{App, Shared};
use crate::error::XRayError;

/// The model's bounds.
const MAX_IDS: usize = 100;
const MAX_TOKEN: usize = 1020;
const PAGE_TRACES: usize = 5;
const PAGE_SPANS: usize = 100;
/// Ours: no span is begun beyond it.
const PAGE_BYTES: usize = 8 << 20;
const PAGE_SERVICES: usize = 1000;
const MAX_LINKS: usize = 100;

#[derive(Debug)]
pub(crate) struct StartTraceRetrieval {
    ids: Vec<String>,
    start: Timestamp,
    end: Timestamp,
}

impl Read for StartTraceRetrieval {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            ids: members.required_short_texts("TraceIds", MAX_IDS, MAX_ID_LENGTH)?,
            start: members.required_instant("StartTime")?,
            end: members.required_instant("EndTime")?,
        })
    }
}

/// Takes those of the traces of which something happened in the range, both ends included.
pub(crate) async fn start_trace_retrieval(
    State(app): State<Shared>,
    Input(input): Input<StartTraceRetrieval>,
) -> Result<Json<Value>, XRayError> {
    if input.end < input.start {
        return Err(XRayError::invalid("End time cannot be earlier than start time"));
    }
    let mut ids: Vec<TraceId> = Vec::with_capacity(input.ids.len());
    for text in &input.ids {
        let Ok(id) = text.parse() else {
            return Err(XRayError::invalid(format!("Invalid trace id {text}: incorrect id format")));
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let digests = app.deps.store.digests(&ids).await?;
    let is_within = |start: Timestamp, end: Option<Timestamp>| {
        start <= input.end && end.is_none_or(|end| end.max(start) >= input.start)
    };
    let found = digests.iter().filter(|digest| is_within(digest.start, digest.end)).map(|digest| digest.id);
    let token = app.start_retrieval(found.collect()).await?;
    Ok(Json(json!({ "RetrievalToken": token })))
}

#[derive(Debug)]
pub(crate) struct CancelTraceRetrieval {
    token: String,
}

impl Read for CancelTraceRetrieval {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self { token: members.required_text("RetrievalToken", 0, MAX_TOKEN)? })
    }
}

pub(crate) async fn cancel_trace_retrieval(
    State(app): State<Shared>,
    Input(input): Input<CancelTraceRetrieval>,
) -> Result<Json<Value>, XRayError> {
    app.cancel_retrieval(&input.token).await?;
    Ok(Json(json!({})))
}

fn status(retrieval: &Retrieval) -> &'static str {
    if retrieval.is_cancelled { "CANCELLED" } else { "COMPLETE" }
}

/// What there is to read.
fn readable(retrieval: &Retrieval) -> &[TraceId] {
    if retrieval.is_cancelled { &[] } else { &retrieval.traces }
}

#[derive(Debug, Clone, Copy)]
enum TraceFormat {
    XRay,
    Otel,
}

impl TraceFormat {
    const WORDS: [(&str, Self); 2] = [("XRAY", Self::XRay), ("OTEL", Self::Otel)];

    fn word(self) -> &'static str {
        match self {
            Self::XRay => "XRAY",
            Self::Otel => "OTEL",
        }
    }

    /// The whole trace. X-Ray's spans are segments with all that they hold; OpenTelemetry's are each by itself.
    fn trace(self, id: TraceId, beginning: &Beginning) -> RetrievedTrace {
        let documents = &beginning.documents[..];
        let TraceShape { id: text, duration, segments, .. } = shape(id, beginning);
        let spans = match self {
            Self::XRay => segments,
            Self::Otel => wire::otel::spans(&query::assemble(id, documents), documents)
                .into_iter()
                .map(|span| SegmentShape { id: span.id.to_string(), document: span.document.to_string() })
                .collect(),
        };
        RetrievedTrace { id: text, duration, spans }
    }
}

#[derive(Debug)]
pub(crate) struct ListRetrievedTraces {
    token: String,
    format: TraceFormat,
    next_token: Option<String>,
}

impl Read for ListRetrievedTraces {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            token: members.required_text("RetrievalToken", 0, MAX_TOKEN)?,
            format: members.word("TraceFormat", &TraceFormat::WORDS)?.unwrap_or(TraceFormat::XRay),
            next_token: members.next_token()?,
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TracesOutput {
    retrieval_status: &'static str,
    trace_format: &'static str,
    traces: Vec<RetrievedTrace>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RetrievedTrace {
    id: String,
    duration: Option<Seconds>,
    spans: Vec<SegmentShape>,
}

/// Where a page begins. A trace of many spans goes over several pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    trace: usize,
    span: usize,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let (trace, span) = text.split_once('.')?;
        Some(Self { trace: trace.parse().ok()?, span: span.parse().ok()? })
    }
}

pub(crate) async fn list_retrieved_traces(
    State(app): State<Shared>,
    Input(input): Input<ListRetrievedTraces>,
) -> Result<Json<TracesOutput>, XRayError> {
    let retrieval = app.retrieval(&input.token).await?;
    let invalid = |token: &str| XRayError::invalid(format!("Invalid token {token}"));
    let mut place = match &input.next_token {
        None => Place::default(),
        Some(token) => Place::read(token).ok_or_else(|| invalid(token))?,
    };
    let ids = readable(&retrieval);
    let mut traces = Vec::new();
    let _turn = app.turn().await;
    let mut bytes = 0;
    while let Some(id) = ids.get(place.trace).filter(|_| traces.len() < PAGE_TRACES) {
        let whole = input.format.trace(*id, &app.beginning(*id).await?);
        let mut spans = whole.spans.into_iter().skip(place.span).peekable();
        let mut page: Vec<SegmentShape> = Vec::new();
        while let Some(span) = spans.next_if(|_| page.len() < PAGE_SPANS && bytes < PAGE_BYTES) {
            bytes += span.document.len();
            page.push(span);
        }
        place.span += page.len();
        traces.push(RetrievedTrace { spans: page, ..whole });
        if spans.peek().is_some() {
            break;
        }
        place = Place { trace: place.trace + 1, span: 0 };
    }
    let has_more = place.trace < ids.len();
    Ok(Json(TracesOutput {
        retrieval_status: status(&retrieval),
        trace_format: input.format.word(),
        traces,
        next_token: has_more.then(|| format!("{}.{}", place.trace, place.span)),
    }))
}

#[derive(Debug)]
pub(crate) struct GetRetrievedTracesGraph {
    token: String,
    next_token: Option<String>,
}

impl Read for GetRetrievedTracesGraph {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            token: members.required_text("RetrievalToken", 0, MAX_TOKEN)?,
            next_token: members.next_token()?,
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GraphOutput {
    retrieval_status: &'static str,
    services: Vec<RetrievedService>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RetrievedService {
    service: ServiceShape,
    links: Vec<LinkShape>,
}

/// From one trace to those that a service linked it to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LinkShape {
    /// Documents do not say which of the two led to the other.
    reference_type: Option<String>,
    source_trace_id: String,
    destination_trace_ids: Vec<String>,
}

pub(crate) async fn get_retrieved_traces_graph(
    State(app): State<Shared>,
    Input(input): Input<GetRetrievedTracesGraph>,
) -> Result<Json<GraphOutput>, XRayError> {
    let retrieval = app.retrieval(&input.token).await?;
    let begin: usize = match &input.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| XRayError::invalid(format!("Invalid token {token}")))?,
    };
    let _turn = app.turn().await;
    let (graph, mut links) = graph_of(&app, readable(&retrieval)).await?;
    let total = graph.services.len();
    let shapes = services(&graph, GraphOf::Traces).into_iter().zip(&graph.services);
    let page = shapes.skip(begin).take(PAGE_SERVICES).map(|(service, node)| RetrievedService {
        service,
        links: links.remove(&node.key).unwrap_or_default(),
    });
    let end = begin.saturating_add(PAGE_SERVICES);
    Ok(Json(GraphOutput {
        retrieval_status: status(&retrieval),
        services: page.collect(),
        next_token: (end < total).then(|| end.to_string()),
    }))
}

type Links = BTreeMap<model::NodeKey, Vec<LinkShape>>;

/// The graph of all traces together, and each service's links.
async fn graph_of(app: &App, ids: &[TraceId]) -> Result<(graph::ServiceGraph, Links), XRayError> {
    let mut traces = TracesGraph::default();
    let mut links = Links::new();
    for id in ids {
        let documents = app.beginning(*id).await?.documents;
        let trace = query::assemble(*id, &documents);
        for span in trace.spans.iter().filter(|span| !span.entity.links.is_empty()) {
            let of_service = links.entry(span.node.clone()).or_default();
            if of_service.len() < MAX_LINKS {
                of_service.push(LinkShape {
                    reference_type: None,
                    source_trace_id: id.to_string(),
                    destination_trace_ids: span
                        .entity
                        .links
                        .iter()
                        .map(|link| link.trace_id.to_string())
                        .collect(),
                });
            }
        }
        traces.add(*id, &documents);
    }
    Ok((traces.graph(app).await?, links))
}
