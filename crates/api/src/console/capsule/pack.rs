//! Packs a window: rollups, traces, settings and alerts, a piece at a time.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use ::capsule::{Head, Redaction, Writer};
use model::segment::StoredDocument;
use model::{Micros, TimeRange, TraceDigest, group};
use query::Filter;
use query::search::Visit;
use settings::portable::Row;
use settings::{AlertsError, SettingsError};
use store::{Axis, MinuteQuery, NewDocument, Span, StoreError, Subjects};
use tokio::sync::mpsc;

use crate::app::Shared;
use crate::error::Problem;

/// Traces at most: as many as a busy hour has of small ones, and a quarter of what `fluoro open` takes.
const MAX_TRACES: u64 = 50_000;
/// Bytes of documents, and how many of them.
const MAX_BYTES: usize = 192 << 20;
const MAX_DOCUMENTS: usize = 400_000;
/// Of one trace, whose waterfall is then cut.
const MAX_TRACE_BYTES: usize = 8 << 20;
/// Rollups are read and written so much at a time, and this many rows of them at most.
const SLICE: Micros = Micros::from_secs(10 * 60);
const MAX_ROWS: usize = 250_000;
const ROWS_AT_ONCE: usize = 2_000;
const DIGESTS_AT_ONCE: usize = 500;
/// Packed bytes that are handed on together.
const PIECE: usize = 256 << 10;

/// Everything that is known before the first byte is sent.
#[derive(Debug)]
pub(super) struct Pack {
    app: Shared,
    head: Head,
    window: TimeRange,
    redaction: Redaction,
    /// Newest first.
    digests: Vec<Arc<TraceDigest>>,
}

/// Why it ends early. What was sent by then has no end, and is refused when it is opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error("read traces")]
    Store(#[from] StoreError),
    #[error("read what is set up")]
    Settings(#[from] SettingsError),
    #[error("read what was noticed")]
    Alerts(#[from] AlertsError),
    #[error("pack")]
    Pack(#[from] io::Error),
    #[error("a thread ended")]
    Thread(#[from] tokio::task::JoinError),
    #[error("whoever asked has gone")]
    Gone,
}

impl Pack {
    pub(super) async fn of(
        app: Shared,
        head: Head,
        window: TimeRange,
        redaction: Redaction,
    ) -> Result<Self, Problem> {
        let mut digests = Vec::new();
        let everything = Filter::default();
        let visit = Visit { range: window, axis: Axis::Received, filter: &everything };
        let _permit = app.scans.acquire().await;
        let visited = query::search::visit(&*app.deps.store, visit, MAX_TRACES, |digest| {
            digests.push(Arc::clone(digest));
        });
        let complete = visited.await?.complete;
        drop(_permit);
        let from = match complete {
            true => window.start,
            false => digests.last().map_or(window.start, |oldest| oldest.last_received),
        };
        let to = window.end.minus(Micros(1));
        let head = Head { from: from.0, to: to.0, traces: digests.len() as u64, complete, ..head };
        Ok(Self { app, head, window, redaction, digests })
    }

    /// Sends it, for as long as somebody takes it.
    pub(super) async fn send(self, pieces: &mpsc::Sender<Vec<u8>>) -> Result<(), PackError> {
        let mut out = Out { writer: Writer::new(&self.head)?, pieces, complete: true };
        self.settings(&mut out).await?;
        self.rollups(&mut out).await?;
        self.traces(&mut out).await?;
        let end = out.writer.finish(out.complete)?;
        pieces.send(end).await.map_err(|_| PackError::Gone)
    }

    async fn settings(&self, out: &mut Out<'_>) -> Result<(), PackError> {
        let (settings, alerts, window) =
            (self.app.deps.settings.clone(), self.app.deps.alerts.clone(), self.window);
        let read = move || Ok::<_, PackError>((settings.rows()?, alerts.rows(window)?));
        let (settings, alerts) = tokio::task::spawn_blocking(read).await??;
        for row in &settings {
            out.writer.setting(row)?;
        }
        out.complete &= alerts.complete;
        for row in alerts.rows {
            out.writer.alert(&self.redacted(row))?;
        }
        out.hand_on().await
    }

    /// Bodies of alerts are JSON in a text.
    fn redacted(&self, mut row: Row) -> Row {
        if self.redaction.is_nothing() {
            return row;
        }
        for value in row.values.values_mut() {
            let body = value.as_str().filter(|text| text.starts_with('{'));
            if let Some(mut body) = body.and_then(|text| serde_json::from_str(text).ok()) {
                self.redaction.take_out(&mut body);
                *value = body.to_string().into();
            }
        }
        row
    }

    async fn rollups(&self, out: &mut Out<'_>) -> Result<(), PackError> {
        let snapshot = self.app.deps.settings.snapshot();
        let mut groups: Vec<String> = snapshot.groups.values().map(|record| record.key.clone()).collect();
        groups.sort_by_key(|key| key != group::DEFAULT);
        let mut left = MAX_ROWS;
        for group in groups {
            let mut start = self.window.start;
            while start < self.window.end {
                // Whole minutes, of which none comes twice.
                let end = start.plus(SLICE).minute().start().min(self.window.end);
                let query = MinuteQuery {
                    range: TimeRange::new(start, end),
                    group: group.clone(),
                    subjects: Subjects::All,
                };
                start = end;
                let _permit = self.app.scans.acquire().await;
                let rows = self.app.deps.store.minutes(&query).await?;
                if rows.len() > left {
                    out.complete = false;
                    return Ok(());
                }
                left -= rows.len();
                for rows in rows.chunks(ROWS_AT_ONCE) {
                    out.writer.reduced(&[], rows)?;
                    out.hand_on().await?;
                }
            }
        }
        Ok(())
    }

    async fn traces(&self, out: &mut Out<'_>) -> Result<(), PackError> {
        let mut left = (MAX_BYTES, MAX_DOCUMENTS);
        let mut redigested = HashMap::new();
        for place in order(&self.digests) {
            let id = self.digests[place].id;
            let documents = {
                let _turn = self.app.turn().await;
                let span = Span { after: None, bytes: MAX_TRACE_BYTES };
                self.app.deps.store.beginning(id, span).await?.documents
            };
            // What came after the window would tell of a later time.
            let documents = documents.iter().filter(|one| one.received < self.window.end);
            let documents: Vec<NewDocument> = documents.filter_map(|one| self.document(one)).collect();
            let bytes = documents.iter().map(|one| one.document.raw.len()).sum();
            let fits = left.0.checked_sub(bytes).zip(left.1.checked_sub(documents.len()));
            let Some(rest) = fits else { break };
            left = rest;
            for one in &documents {
                out.writer.document(one.received, &one.document.raw)?;
            }
            if !self.redaction.is_nothing() && !documents.is_empty() {
                redigested.insert(id, self.digest_again(&self.digests[place], documents));
            }
            out.hand_on().await?;
        }
        for digests in self.digests.chunks(DIGESTS_AT_ONCE) {
            let of =
                |digest: &Arc<TraceDigest>| match (redigested.get(&digest.id), self.redaction.is_nothing()) {
                    (Some(again), _) => Arc::clone(again),
                    (None, true) => Arc::clone(digest),
                    (None, false) => Arc::new(bare(digest)),
                };
            let digests: Vec<_> = digests.iter().map(of).collect();
            out.writer.reduced(&digests, &[])?;
            out.hand_on().await?;
        }
        Ok(())
    }

    /// As it may be seen. One that cannot be looked through is not.
    fn document(&self, stored: &StoredDocument) -> Option<NewDocument> {
        let document = match self.redaction.is_nothing() {
            true => stored.document.clone(),
            false => wire::receive(self.redaction.apply(&stored.document.raw)?.into()).ok()?.document,
        };
        Some(NewDocument { received: stored.received, document })
    }

    fn digest_again(&self, before: &TraceDigest, documents: Vec<NewDocument>) -> Arc<TraceDigest> {
        let rules = Arc::clone(&self.app.deps.settings.snapshot().url_rules.rules);
        let mut stored = Vec::new();
        for (number, NewDocument { received, document }) in (1..).zip(documents) {
            let place = model::segment::Sequence(number).into();
            stored.push(Arc::new(StoredDocument { place, received, document }));
        }
        let digest = query::digest(&query::assemble(before.id, &stored), &rules);
        Arc::new(TraceDigest { groups: before.groups.clone(), ..digest })
    }
}

/// What is packed, on its way.
struct Out<'a> {
    writer: Writer,
    pieces: &'a mpsc::Sender<Vec<u8>>,
    complete: bool,
}

impl Out<'_> {
    async fn hand_on(&mut self) -> Result<(), PackError> {
        if self.writer.packed() < PIECE {
            return Ok(());
        }
        self.pieces.send(self.writer.take()).await.map_err(|_| PackError::Gone)
    }
}

/// In which order traces get their documents in, until no more fit: those that went wrong first, and then the others, of which any
/// first part is spread evenly over the time.
fn order(digests: &[Arc<TraceDigest>]) -> Vec<usize> {
    let (bad, good): (Vec<usize>, Vec<usize>) =
        (0..digests.len()).partition(|&place| digests[place].origin.is_some() || digests[place].has_throttle);
    let mut order = spread(&bad);
    order.extend(spread(&good));
    order
}

/// By the bits of their places backwards: the first halves, then the quarters between them, and so on.
fn spread(places: &[usize]) -> Vec<usize> {
    let mut numbered: Vec<(u32, usize)> =
        (0_u32..).map(u32::reverse_bits).zip(places.iter().copied()).collect();
    numbered.sort_unstable();
    numbered.into_iter().map(|(_, place)| place).collect()
}

/// Without what people wrote, of a trace whose documents nobody looked through.
fn bare(digest: &TraceDigest) -> TraceDigest {
    let mut bare = digest.clone();
    bare.users.clear();
    bare.annotations.clear();
    bare.annotation_sets.clear();
    if let Some(root) = &mut bare.root {
        (root.http.url, root.http.user_agent, root.http.client_ip) = (None, None, None);
    }
    let requests = bare.nodes.iter_mut().flat_map(|node| &mut node.requests);
    let requests = requests.chain(bare.edges.iter_mut().flat_map(|edge| &mut edge.requests));
    let causes = bare.fault_causes.iter_mut().chain(&mut bare.error_causes);
    let entities = causes.flat_map(|cause| &mut cause.services).flat_map(|service| &mut service.entities);
    let exceptions = requests.flat_map(|request| &mut request.exceptions);
    let exceptions = exceptions.chain(entities.flat_map(|entity| &mut entity.exceptions));
    let origin = bare.origin.as_mut().and_then(|origin| origin.exception.as_mut());
    exceptions.chain(origin).for_each(|exception| exception.message = None);
    bare
}
