//! `GET /api/status`: what this server listens on, what it got, and what it refused and why.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use ingest::refusals;
use store::UpkeepStatus;

use crate::app::Shared;
use crate::shape::stats::millis_at;
use crate::shape::{
    DoorStatus, Listeners, QueueStatus, Refusal, RefusedCount, Status, StoreStatus, TableFiles,
};

pub(crate) async fn status(State(app): State<Shared>) -> Json<Status> {
    let listeners = &app.deps.listeners;
    let refusals = app.deps.ingest.refusals();
    let received = refusals.received();
    let store = app.deps.store.status();
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
    Json(Status {
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
        daemons: app.daemons.list(),
        store: store_status(store, app.deps.store.upkeep()),
    })
}

fn store_status(store: store::StoreStatus, upkeep: UpkeepStatus) -> StoreStatus {
    let length = |length: Duration| length.as_secs_f64() * 1_000.0;
    let tables = upkeep.tables.into_iter();
    StoreStatus {
        documents: store.documents,
        traces: store.traces,
        bytes_on_disk: store.bytes_on_disk,
        damaged: store.damaged,
        oldest_received: upkeep.oldest_received.map(millis_at),
        tables: tables
            .map(|table| TableFiles {
                name: table.name.to_owned(),
                files: table.files,
                rows: table.rows,
                bytes: table.bytes,
            })
            .collect(),
        log_bytes: upkeep.log_bytes,
        free_bytes: upkeep.free_bytes,
        keeps: upkeep.keeps.map(length),
        keeps_failures: upkeep.keeps_failures.map(length),
        disk_percent: upkeep.disk_percent,
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
