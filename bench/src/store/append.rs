//! How long an append takes until it is durable, at a steady rate and with the digest worker beside it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use model::SystemClock;
use store::{NewDocument, StoreError, TraceStore};
use store_local::LocalStore;
use tokio_util::sync::CancellationToken;

use super::load::decode;
use super::shape::{Shape, Traces};

pub(crate) const RATE: usize = 20_000;
const SECONDS: usize = 10;
/// Documents of one append, as one PutTraceSegments request brings them.
const BATCH: usize = 50;

pub(crate) struct Latency {
    /// Milliseconds, ascending; from the moment at which the append was due.
    pub(crate) times: Vec<f64>,
    /// Documents that were refused as busy.
    pub(crate) refused: usize,
    pub(crate) documents: usize,
}

pub(crate) async fn measure(dir: &Path) -> anyhow::Result<Latency> {
    let data = tempfile::tempdir_in(dir).context("make a data directory")?;
    let batches = batches()?;
    let store = Arc::new(LocalStore::open(store_local::Config::new(data.path()))?);
    let shutdown = CancellationToken::new();
    let digest = digest::start(
        &digest::Config::default(),
        Arc::clone(&store) as Arc<dyn TraceStore>,
        Arc::new(SystemClock),
        shutdown.clone(),
    );
    let begin = Instant::now();
    let mut under_way = Vec::new();
    for (number, batch) in batches.into_iter().enumerate() {
        let due = begin + Duration::from_secs_f64((number * BATCH) as f64 / RATE as f64);
        tokio::time::sleep_until(due.into()).await;
        let store = Arc::clone(&store);
        under_way.push(tokio::spawn(async move { (store.append(batch).await, due.elapsed()) }));
    }
    let mut latency = Latency { times: Vec::new(), refused: 0, documents: RATE * SECONDS };
    for one in under_way {
        match one.await? {
            (Ok(()), took) => latency.times.push(took.as_secs_f64() * 1e3),
            (Err(StoreError::Busy { .. }), _) => latency.refused += BATCH,
            (Err(error), _) => return Err(error.into()),
        }
    }
    latency.times.sort_by(f64::total_cmp);
    shutdown.cancel();
    digest.stopped().await;
    store.close().await?;
    Ok(latency)
}

/// Decoded beforehand, so that the processor is the store's and the worker's alone.
fn batches() -> anyhow::Result<Vec<Vec<NewDocument>>> {
    let mut traces = Traces::new(Shape::Published, 1_000_000);
    let mut batches = Vec::new();
    let mut batch = Vec::with_capacity(BATCH);
    while batches.len() < RATE * SECONDS / BATCH {
        let trace = traces.next();
        for text in &trace.documents {
            batch.push(NewDocument { received: trace.received, document: decode(text)? });
            if batch.len() == BATCH {
                batches.push(std::mem::take(&mut batch));
            }
        }
    }
    Ok(batches)
}
