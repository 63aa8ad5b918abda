//! `GET /api/status`: what this server listens on, what it got, and what it refused and why.

use axum::Json;
use axum::extract::State;
use ingest::refusals;

use super::shape::{DoorStatus, Refusal, RefusedCount, Status, StoreStatus};
use super::stats::millis_at;
use crate::app::Shared;

pub(crate) async fn status(State(app): State<Shared>) -> Json<Status> {
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
    Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        listeners: app.deps.listeners.clone(),
        has_data: store.documents > 0,
        received_documents: received.iter().map(|(_, documents)| documents).sum(),
        doors: doors.collect(),
        refused: refused.collect(),
        recent_refusals: refusals.recent().into_iter().map(Refusal::from).collect(),
        newest_received: store.newest_received.map(millis_at),
        store: StoreStatus {
            documents: store.documents,
            traces: store.traces,
            bytes_on_disk: store.bytes_on_disk,
            damaged: store.damaged,
        },
    })
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
