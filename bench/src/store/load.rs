//! Documents into the store, and what that costs from decoded document to sealed and compacted parts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use model::segment::Entity;
use model::{SystemClock, Timestamp};
use store::{NewDocument, StoreError, TraceStore};
use store_local::LocalStore;
use tokio_util::sync::CancellationToken;

use super::LONGEST_REST;
use super::shape::{Shape, Traces};
use crate::{floor as cost_floor, process};

/// Documents of one append: about what a busy server has at hand when the disk is ready for more.
const BATCH: usize = 1_000;
/// Batches decoded ahead.
const AHEAD: usize = 4;
/// Of so many traces one is asked for later.
const TRACES_A_SAMPLE: usize = 97;
const FLOOR_TRACES: usize = 2_000;
/// A sender that waits where the digest worker is far behind: it is asked for what it can do, not for more.
const MOST_UNDIGESTED: u64 = 20_000;
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// How often it is said how far the load is.
const SPANS_A_STEP: u64 = 500_000;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) struct Load {
    pub(crate) documents: u64,
    pub(crate) spans: u64,
    pub(crate) traces: u64,
    /// Of the store and the digest worker, until the store was closed.
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
    /// Of this process, in which some thousands of decoded documents wait besides.
    pub(crate) peak_rss_mib: f64,
    /// How often the store said that it is busy.
    pub(crate) busy: u64,
    pub(crate) part_bytes: BTreeMap<String, u64>,
    pub(crate) parts: usize,
    pub(crate) sample_ids: Vec<String>,
    /// When the newest document was received.
    pub(crate) newest: Timestamp,
}

/// What any store must do with these bytes: checksum, and compression at level 1.
pub(crate) struct Floor {
    pub(crate) spans_a_cpu_second: f64,
    pub(crate) bytes_a_span: f64,
    /// As received.
    pub(crate) raw_bytes_a_span: f64,
}

/// What the thread that makes documents has made.
#[derive(Default)]
struct Made {
    documents: u64,
    spans: u64,
    traces: u64,
    sample_ids: Vec<String>,
    newest: Timestamp,
    cpu_seconds: f64,
}

pub(crate) fn floor(shape: Shape) -> anyhow::Result<Floor> {
    let mut traces = Traces::new(shape, 1_000_000);
    let documents: Vec<String> = (0..FLOOR_TRACES).flat_map(|_| traces.next().documents).collect();
    let mut spans = 0;
    for text in &documents {
        spans += count(&decode(text)?.entity);
    }
    let (seconds, compressed) = cost_floor::checksum_and_compress(&documents)?;
    let raw: usize = documents.iter().map(String::len).sum();
    let spans = spans as f64;
    Ok(Floor {
        spans_a_cpu_second: spans / seconds,
        bytes_a_span: compressed as f64 / spans,
        raw_bytes_a_span: raw as f64 / spans,
    })
}

pub(crate) async fn measure(shape: Shape, spans: u64, data: &Path) -> anyhow::Result<Load> {
    process::forget_peak_rss()?;
    let cpu_before = process::own_cpu_seconds()?;
    let begin = Instant::now();
    let store = Arc::new(LocalStore::open(store_local::Config::new(data))?);
    let shutdown = CancellationToken::new();
    let digest = digest::start(
        &digest::Config::default(),
        Arc::clone(&store) as Arc<dyn TraceStore>,
        Arc::new(SystemClock),
        shutdown.clone(),
    );
    let (sender, batches) = sync_channel(AHEAD);
    let maker = thread::spawn(move || make(shape, spans, &sender));
    let (busy, own_seconds) = append_all(store.as_ref(), batches).await?;
    let made = maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    digest.reached(store.status().newest).await;
    shutdown.cancel();
    digest.stopped().await;
    // What the store does for itself once nothing comes any more is part of the price.
    process::rest(LONGEST_REST)?;
    store.close().await?;
    let files = process::files(data)?;
    let part_bytes = process::by_table(&files);
    Ok(Load {
        documents: made.documents,
        spans: made.spans,
        traces: made.traces,
        cpu_seconds: process::own_cpu_seconds()? - cpu_before - made.cpu_seconds - own_seconds,
        wall_seconds: begin.elapsed().as_secs_f64(),
        peak_rss_mib: process::own_peak_rss_bytes()? as f64 / MIB,
        busy,
        parts: files.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "parquet")).count(),
        part_bytes,
        sample_ids: made.sample_ids,
        newest: made.newest,
    })
}

/// How often the store was busy, and the processor seconds that do not count.
async fn append_all(store: &LocalStore, batches: Receiver<Vec<NewDocument>>) -> anyhow::Result<(u64, f64)> {
    let (mut busy, mut own_seconds) = (0, 0.0);
    let batches = Arc::new(std::sync::Mutex::new(batches));
    loop {
        let source = Arc::clone(&batches);
        // A poisoned lock or a closed channel both say that nothing more comes.
        let next = tokio::task::spawn_blocking(move || source.lock().ok()?.recv().ok()).await?;
        let Some(batch) = next else { return Ok((busy, own_seconds)) };
        loop {
            let status = store.status();
            if status.newest - status.digested > MOST_UNDIGESTED {
                tokio::time::sleep(BUSY_PAUSE).await;
                continue;
            }
            // The copy for another attempt is the measurement's, not the store's.
            let before = cost_floor::thread_seconds()?;
            let copy = batch.clone();
            own_seconds += cost_floor::thread_seconds()? - before;
            match store.append(copy).await {
                Ok(()) => break,
                Err(StoreError::Busy { .. }) => {
                    busy += 1;
                    tokio::time::sleep(BUSY_PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn make(shape: Shape, spans: u64, sender: &SyncSender<Vec<NewDocument>>) -> anyhow::Result<Made> {
    let mut traces = Traces::new(shape, spans);
    let mut made = Made::default();
    let (begin, mut said) = (Instant::now(), 0);
    let mut batch = Vec::with_capacity(BATCH);
    while made.spans < spans {
        let trace = traces.next();
        made.traces += 1;
        made.newest = trace.received;
        if made.traces as usize % TRACES_A_SAMPLE == 1 {
            made.sample_ids.push(trace.id);
        }
        for text in &trace.documents {
            let document = decode(text)?;
            made.spans += count(&document.entity);
            made.documents += 1;
            batch.push(NewDocument { received: trace.received, document });
        }
        if batch.len() >= BATCH {
            if made.spans / SPANS_A_STEP > said {
                said = made.spans / SPANS_A_STEP;
                let seconds = begin.elapsed().as_secs_f64();
                crate::step(&format!("load: {} of {spans} spans after {seconds:.0} s", made.spans));
            }
            sender.send(std::mem::take(&mut batch)).context("hand documents over")?;
        }
    }
    sender.send(batch).context("hand documents over")?;
    made.cpu_seconds = cost_floor::thread_seconds()?;
    Ok(made)
}

pub(crate) fn decode(text: &str) -> anyhow::Result<model::SegmentDocument> {
    wire::decode(Bytes::copy_from_slice(text.as_bytes()))
        .map_err(|reject| anyhow!("{reject}: {}", reject.detail))
}

fn count(entity: &Entity) -> u64 {
    1 + entity.subsegments.iter().map(count).sum::<u64>()
}
