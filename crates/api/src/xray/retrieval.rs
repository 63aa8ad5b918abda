//! Trace retrieval: traces are looked up once, then read in pages by a token.
//!
//! X-Ray searches its log for them, which takes a while. Here every span can be read at once, so a retrieval is
//! complete when it is started; SCHEDULED, RUNNING, FAILED and TIMEOUT do not occur.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::{Micros, StoredDocument, Timestamp, TraceId};
use parking_lot::Mutex;
use query::graph;
use rand::Rng;
use serde::Serialize;
use serde_json::{Value, json};

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
const PAGE_SERVICES: usize = 1000;
const MAX_LINKS: usize = 100;
/// How long a token is good for; what X-Ray gives a retrieval.
const LIFETIME: Micros = Micros::from_secs(60 * 60);
/// Retrievals at a time, each of some kilobytes; more are refused until one expires or is cancelled.
const MAX_RETRIEVALS: usize = 1_000;

/// The retrievals by token. They end with the process.
#[derive(Debug, Default)]
pub(crate) struct Retrievals {
    /// Locked for a look-up.
    by_token: Mutex<BTreeMap<String, Retrieval>>,
}

#[derive(Debug, Clone)]
struct Retrieval {
    started: Timestamp,
    is_cancelled: bool,
    /// Those that were found, in the order asked.
    traces: Arc<[TraceId]>,
}

impl Retrievals {
    fn start(&self, traces: Vec<TraceId>, now: Timestamp) -> Result<String, XRayError> {
        let mut by_token = self.by_token.lock();
        by_token.retain(|_, retrieval| !retrieval.is_expired(now));
        if by_token.len() >= MAX_RETRIEVALS {
            // Nothing to be had from those.
            by_token.retain(|_, retrieval| !retrieval.is_cancelled);
        }
        if by_token.len() >= MAX_RETRIEVALS {
            return Err(XRayError::Throttled("too many trace retrievals at a time"));
        }
        // Nobody else can guess it.
        let token = format!("{:032x}", rand::rng().random::<u128>());
        let retrieval = Retrieval { started: now, is_cancelled: false, traces: traces.into() };
        by_token.insert(token.clone(), retrieval);
        Ok(token)
    }

    fn find(&self, token: &str, now: Timestamp) -> Result<Retrieval, XRayError> {
        let by_token = self.by_token.lock();
        let found = by_token.get(token).filter(|retrieval| !retrieval.is_expired(now));
        found.cloned().ok_or_else(|| not_found(token))
    }

    fn cancel(&self, token: &str, now: Timestamp) -> Result<(), XRayError> {
        let mut by_token = self.by_token.lock();
        let found = by_token.get_mut(token).filter(|retrieval| !retrieval.is_expired(now));
        found.ok_or_else(|| not_found(token))?.is_cancelled = true;
        Ok(())
    }
}

impl Retrieval {
    fn is_expired(&self, now: Timestamp) -> bool {
        self.started.until(now) >= LIFETIME
    }

    fn status(&self) -> &'static str {
        if self.is_cancelled { "CANCELLED" } else { "COMPLETE" }
    }

    /// What there is to read.
    fn readable(&self) -> &[TraceId] {
        if self.is_cancelled { &[] } else { &self.traces }
    }
}

fn not_found(token: &str) -> XRayError {
    let message = "Retrieval token not found or expired".to_owned();
    XRayError::NotFound { message, resource: token.to_owned() }
}

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
    let token = app.retrievals.start(found.collect(), app.deps.clock.now())?;
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
    app.retrievals.cancel(&input.token, app.deps.clock.now())?;
    Ok(Json(json!({})))
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
    fn trace(self, id: TraceId, documents: &[Arc<StoredDocument>]) -> RetrievedTrace {
        let TraceShape { id: text, duration, segments, .. } = shape(id, documents);
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
            next_token: members.text("NextToken")?,
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
    let retrieval = app.retrievals.find(&input.token, app.deps.clock.now())?;
    let invalid = |token: &str| XRayError::invalid(format!("Invalid token {token}"));
    let mut place = match &input.next_token {
        None => Place::default(),
        Some(token) => Place::read(token).ok_or_else(|| invalid(token))?,
    };
    let ids = retrieval.readable();
    let mut traces = Vec::new();
    while let Some(id) = ids.get(place.trace).filter(|_| traces.len() < PAGE_TRACES) {
        let whole = input.format.trace(*id, &app.deps.store.documents(*id).await?);
        let mut spans = whole.spans.into_iter().skip(place.span);
        let page: Vec<SegmentShape> = spans.by_ref().take(PAGE_SPANS).collect();
        traces.push(RetrievedTrace { spans: page, ..whole });
        if spans.next().is_some() {
            place.span += PAGE_SPANS;
            break;
        }
        place = Place { trace: place.trace + 1, span: 0 };
    }
    let has_more = place.trace < ids.len();
    Ok(Json(TracesOutput {
        retrieval_status: retrieval.status(),
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
            next_token: members.text("NextToken")?,
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
    let retrieval = app.retrievals.find(&input.token, app.deps.clock.now())?;
    let begin: usize = match &input.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| XRayError::invalid(format!("Invalid token {token}")))?,
    };
    let (graph, mut links) = graph_of(&app, retrieval.readable()).await?;
    let total = graph.services.len();
    let shapes = services(&graph, GraphOf::Traces).into_iter().zip(&graph.services);
    let page = shapes.skip(begin).take(PAGE_SERVICES).map(|(service, node)| RetrievedService {
        service,
        links: links.remove(&node.key).unwrap_or_default(),
    });
    let end = begin.saturating_add(PAGE_SERVICES);
    Ok(Json(GraphOutput {
        retrieval_status: retrieval.status(),
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
        let documents: Vec<Arc<StoredDocument>> = app.deps.store.documents(*id).await?;
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
