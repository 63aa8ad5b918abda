//! `GET /api/status`: what this server listens on, what it got, and what it refused and why.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use ingest::refusals;
use store::{Figure, Holdings, StoreStatus};

use crate::app::Shared;
use crate::error::Problem;
use crate::shape::stats::millis_at;
use crate::shape::{self, DoorStatus, Listeners, QueueStatus, Refusal, RefusedCount, Status};

pub(crate) async fn status(State(app): State<Shared>) -> Result<Json<Status>, Problem> {
    let listeners = &app.deps.listeners;
    let refusals = app.deps.ingest.refusals();
    let received = refusals.received();
    let (store, holdings) = (app.deps.store.status(), app.deps.store.holdings().await?);
    let doors = received
        .iter()
        .map(|(door, documents)| DoorStatus { door: door.label().to_owned(), documents: *documents });
    let refused = refusals.counts().into_iter().map(|(door, reason, count)| RefusedCount {
        door: door.label().to_owned(),
        reason,
        count,
    });
    let (bytes, limit_bytes) = app.deps.ingest.fill();
    let behind = store.newest.saturating_sub(store.digested);
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: millis_at(app.deps.clock.now()),
        listeners: Listeners { http: listeners.http.clone(), udp: listeners.udp.clone() },
        has_data: store.documents > 0,
        received_documents: received.iter().map(|(_, documents)| documents).sum(),
        doors: doors.collect(),
        refused: refused.collect(),
        recent_refusals: refusals.recent().into_iter().map(Refusal::from).collect(),
        newest_received: store.newest_received.map(millis_at),
        queue: QueueStatus { bytes, limit_bytes, behind },
        other_names: app.deps.digest.flood().words(),
        daemons: app.daemons.list(),
        store: store_status(store, holdings),
    }))
}

fn store_status(store: StoreStatus, holdings: Holdings) -> shape::StoreStatus {
    let length = |length: Duration| length.as_secs_f64() * 1_000.0;
    let tables = holdings.tables.into_iter().map(|table| shape::TableHoldings {
        name: table.name.to_owned(),
        pieces: table.pieces,
        rows: table.rows,
        bytes: table.bytes,
    });
    let facts = holdings.facts.into_iter().map(|fact| shape::Fact {
        name: fact.name.to_owned(),
        value: match fact.value {
            Figure::Count(count) => shape::Figure::Count(count),
            Figure::Bytes(bytes) => shape::Figure::Bytes(bytes),
            Figure::Text(text) => shape::Figure::Text(text),
        },
    });
    shape::StoreStatus {
        documents: store.documents,
        traces: store.traces,
        age: length(store.age),
        bytes: holdings.bytes,
        free_bytes: holdings.free_bytes,
        damaged: store.damaged,
        oldest_received: holdings.oldest_received.map(millis_at),
        keeps: holdings.keeps.map(length),
        keeps_failures: holdings.keeps_failures.map(length),
        tables: tables.collect(),
        facts: facts.collect(),
    }
}

impl From<refusals::Refusal> for Refusal {
    fn from(refusal: refusals::Refusal) -> Self {
        Self {
            at: millis_at(refusal.at),
            door: refusal.door.label().to_owned(),
            reason: refusal.reason,
            detail: refusal.detail,
            excerpt: refusal.excerpt,
        }
    }
}
