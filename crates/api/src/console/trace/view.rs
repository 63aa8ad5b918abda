//! One trace in other forms: as a service map of its own, as `BatchGetTraces` gives it, and as it was received.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use model::template::rule::UrlRules;

use crate::app::Shared;
use crate::console::graph::{edges, node};
use crate::error::Problem;
use crate::shape::stats::millis_at;
use crate::shape::{Graph, SentDocument};
use crate::xray::service_graph::TracesGraph;
use crate::xray::traces::{Output, shape};

/// `GET /api/traces/{id}/graph`: with the senders of what it received, which are other traces.
pub(crate) async fn graph(State(app): State<Shared>, Path(id): Path<String>) -> Result<Json<Graph>, Problem> {
    let (id, documents) = super::documents(&app, &id).await?;
    let digest = query::digest(&query::assemble(id, &documents), &UrlRules::default());
    let mut traces = TracesGraph::default();
    traces.add(id, &documents);
    let map = traces.graph(&app).await?;
    Ok(Json(Graph {
        from: millis_at(digest.start),
        to: millis_at(digest.end.unwrap_or(digest.last_received)),
        now: millis_at(app.deps.clock.now()),
        nodes: map.services.iter().map(node).collect(),
        edges: edges(&map),
        series: Vec::new(),
    }))
}

/// `GET /api/traces/{id}/raw`
pub(crate) async fn raw(State(app): State<Shared>, Path(id): Path<String>) -> Result<Json<Output>, Problem> {
    let (id, documents) = super::documents(&app, &id).await?;
    Ok(Json(Output::of(vec![shape(id, &documents)])))
}

/// `GET /api/traces/{id}/otlp`: what an exporter would send of it.
pub(crate) async fn otlp(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let (id, documents) = super::documents(&app, &id).await?;
    let request = wire::otel::request(&query::assemble(id, &documents), &documents);
    Ok(([(CONTENT_TYPE, "application/json")], request))
}

/// `GET /api/traces/{id}/documents`
pub(crate) async fn documents(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Vec<SentDocument>>, Problem> {
    let (_, documents) = super::documents(&app, &id).await?;
    let sent = documents.iter().map(|document| SentDocument {
        received: millis_at(document.received),
        document: String::from_utf8_lossy(&document.document.raw).into_owned(),
    });
    Ok(Json(sent.collect()))
}
