//! GetServiceGraph, from the rollups of a window, and GetTraceGraph, from single traces.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::link::ReceivedLink;
use model::template::rule::UrlRules;
use model::{StoredDocument, Timestamp, TraceDigest, TraceId, group};
use query::graph::{self, ServiceGraph};
use query::link;
use serde::Serialize;
use store::{MinuteQuery, StoreError, Subjects};

use super::group::GroupSelector;
use super::input::page::refuse_token;
use super::input::{Input, Members, Read};
use super::service::{GraphOf, ServiceShape, services};
use super::time::{Seconds, window};
use super::traces::{TraceIds, indexed_documents};
use crate::app::{App, Shared};
use crate::error::XRayError;

#[derive(Debug)]
pub(crate) struct GetServiceGraph {
    start: Timestamp,
    end: Timestamp,
    group: GroupSelector,
    next_token: Option<String>,
}

impl Read for GetServiceGraph {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            start: members.required_instant("StartTime")?,
            end: members.required_instant("EndTime")?,
            group: GroupSelector::read(members)?,
            next_token: members.next_token()?,
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceGraphOutput {
    start_time: Seconds,
    end_time: Seconds,
    services: Vec<ServiceShape>,
    contains_old_group_versions: bool,
    next_token: Option<String>,
}

/// Requests are selected by the minute of their receipt; a window takes every minute that it touches.
pub(crate) async fn get_service_graph(
    State(app): State<Shared>,
    Input(input): Input<GetServiceGraph>,
) -> Result<Json<ServiceGraphOutput>, XRayError> {
    refuse_token(input.next_token.as_deref())?;
    let range = window(input.start, input.end)?;
    let group = input.group.resolve(&app)?;
    let contains_old_group_versions = group.is_mixed_since(range.start);
    let query = MinuteQuery { range, group: group.key, subjects: Subjects::All };
    let _permit = app.scans.acquire().await;
    let rows = app.deps.store.totals(&query).await?;
    Ok(Json(ServiceGraphOutput {
        start_time: Seconds::at(range.start),
        end_time: Seconds::at(range.end),
        services: services(&graph::from_minutes(&rows), GraphOf::Range),
        contains_old_group_versions,
        next_token: None,
    }))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TraceGraphOutput {
    services: Vec<ServiceShape>,
    next_token: Option<String>,
}

/// From the documents themselves, so that it never lags behind BatchGetTraces.
pub(crate) async fn get_trace_graph(
    State(app): State<Shared>,
    Input(input): Input<TraceIds>,
) -> Result<Json<TraceGraphOutput>, XRayError> {
    let ids = input.parse()?;
    if ids.is_empty() {
        return Err(XRayError::invalid("Zero trace ids provided"));
    }
    let mut traces = TracesGraph::default();
    let _turn = app.turn().await;
    for id in ids {
        let documents = indexed_documents(&app, id).await?.documents;
        if documents.is_empty() {
            return Err(XRayError::invalid("Trace id not found"));
        }
        traces.add(id, &documents);
    }
    let graph = traces.graph(&app).await?;
    Ok(Json(TraceGraphOutput { services: services(&graph, GraphOf::Traces), next_token: None }))
}

/// The graph of some traces together, links from other traces included.
#[derive(Default)]
pub(crate) struct TracesGraph {
    digests: Vec<TraceDigest>,
    links: Vec<ReceivedLink>,
}

impl TracesGraph {
    pub(crate) fn add(&mut self, id: TraceId, documents: &[Arc<StoredDocument>]) {
        let trace = query::assemble(id, documents);
        self.digests.push(query::digest(&trace, &UrlRules::default()));
        self.links.extend(link::received(&trace, documents, |_| true));
    }

    /// Reads the traces that the links lead to.
    pub(crate) async fn graph(self, app: &App) -> Result<ServiceGraph, StoreError> {
        let mut by_sender: BTreeMap<TraceId, Vec<ReceivedLink>> = BTreeMap::new();
        for received in self.links {
            by_sender.entry(received.from.0).or_default().push(received);
        }
        let mut rows = Vec::new();
        for (id, links) in by_sender {
            let documents = app.beginning(id).await?.documents;
            if documents.is_empty() {
                continue;
            }
            let sending = query::assemble(id, &documents);
            for received in links {
                let sender = link::sender(&sending, received.from.1);
                rows.extend(
                    sender.map(|sender| link::row(&received, &sender, group::DEFAULT, received.minute)),
                );
            }
        }
        Ok(graph::from_digests(&self.digests, rows))
    }
}
