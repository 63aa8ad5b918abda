//! One trace in other forms: as a service map of its own, as `BatchGetTraces` gives it, and as it was received.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use model::segment::{Place, Sequence};
use model::template::rule::UrlRules;
use serde::Deserialize;
use store::Beginning;

use crate::app::Shared;
use crate::console::graph::{edges, node};
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::millis_at;
use crate::shape::{Graph, SentDocument};
use crate::xray::service_graph::TracesGraph;
use crate::xray::traces::{Output, shape};

/// Whether all of a trace is in an answer of another form than ours.
const COMPLETE: HeaderName = HeaderName::from_static("x-fluoro-complete");
/// What to ask for as `after`, where a page is not the last.
const NEXT: HeaderName = HeaderName::from_static("x-fluoro-next");

/// `GET /api/traces/{id}/graph`: with the senders of what it received, which are other traces.
pub(crate) async fn graph(State(app): State<Shared>, Path(id): Path<String>) -> Result<Json<Graph>, Problem> {
    let _turn = app.turn().await;
    let (id, Beginning { documents, .. }) = super::found(&app, &id).await?;
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
    let _turn = app.turn().await;
    let (id, beginning) = super::found(&app, &id).await?;
    Ok(Json(Output::of(vec![shape(id, &beginning)])))
}

/// `GET /api/traces/{id}/otlp`: what an exporter would send of it.
pub(crate) async fn otlp(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<([(HeaderName, &'static str); 2], String), Problem> {
    let _turn = app.turn().await;
    let (id, Beginning { documents, left_out }) = super::found(&app, &id).await?;
    let request = wire::otel::request(&query::assemble(id, &documents), &documents);
    let complete = if left_out == 0 { "true" } else { "false" };
    Ok(([(CONTENT_TYPE, "application/json"), (COMPLETE, complete)], request))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    /// What the page before said is next.
    after: Option<String>,
}

/// `GET /api/traces/{id}/documents`: in pages, of which all but the last tell how to ask for the next.
pub(crate) async fn documents(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Params(page): Params<Page>,
) -> Result<(HeaderMap, Json<Vec<SentDocument>>), Problem> {
    let _turn = app.turn().await;
    let Beginning { documents, left_out } = match page.after {
        None => super::found(&app, &id).await?.1,
        Some(text) => {
            let wrong = || Problem::bad_request(format!("{text:?} is not what a page said is next"));
            let after = place(&text).ok_or_else(wrong)?;
            app.documents_after(super::parse_id(&id)?, Some(after)).await?
        }
    };
    let mut headers = HeaderMap::new();
    if let Some(last) = documents.last().filter(|_| left_out > 0) {
        let Place { stamp, lane, sequence } = last.place;
        let next = HeaderValue::try_from(format!("{stamp}.{lane}.{}", sequence.0));
        headers.insert(NEXT, next.map_err(|_| Problem::bad_request("the place is no text"))?);
    }
    let sent = documents.iter().map(|document| SentDocument {
        received: millis_at(document.received),
        document: String::from_utf8_lossy(&document.document.raw).into_owned(),
    });
    Ok((headers, Json(sent.collect())))
}

fn place(text: &str) -> Option<Place> {
    let mut numbers = text.split('.');
    let place = Place {
        stamp: numbers.next()?.parse().ok()?,
        lane: numbers.next()?.parse().ok()?,
        sequence: Sequence(numbers.next()?.parse().ok()?),
    };
    numbers.next().is_none().then_some(place)
}
