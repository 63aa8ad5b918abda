//! What it costs to take the same documents in: decode, append, digest, seal, in this process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use model::SystemClock;
use store::{NewDocument, StoreError, TraceStore};
use store_local::LocalStore;
use tokio_util::sync::CancellationToken;

use super::Options;
use super::system::{self, System};
use crate::floor::thread_seconds;
use crate::process;

/// About what a busy server has at hand when the disk is ready for more: the cheapest way in which documents can come.
const BATCH: usize = 1_000;
/// A sender that waits where the digest worker is far behind.
const MOST_UNDIGESTED: u64 = 20_000;
const PAUSE: Duration = Duration::from_millis(5);

/// Microseconds of processor time a span.
pub(super) fn measure(options: &Options, documents: usize) -> anyhow::Result<f64> {
    let mut system = System::new(options.services, options.spans_a_second);
    let mut sent = Vec::with_capacity(documents);
    while sent.len() < documents {
        sent.append(&mut system.second());
    }
    let folder = tempfile::tempdir().context("make a data directory")?;
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let before = process::own_cpu_seconds()?;
    let (mut spans, mut copying) = (0, 0.0);
    runtime.block_on(async {
        let store = Arc::new(LocalStore::open(store_local::Config::new(folder.path()))?);
        let shutdown = CancellationToken::new();
        let worker = digest::start(
            &digest::Config::default(),
            Arc::clone(&store) as Arc<dyn TraceStore>,
            Arc::new(SystemClock),
            shutdown.clone(),
        );
        for batch in sent.chunks(BATCH) {
            let mut documents = Vec::with_capacity(batch.len());
            for one in batch {
                let document = crate::store::decode(&one.text)?;
                spans += system::spans(&document.entity);
                documents.push(NewDocument { received: one.received, document });
            }
            copying += append(&store, documents).await?;
        }
        worker.reached(store.status().newest).await;
        shutdown.cancel();
        worker.stopped().await;
        store.close().await?;
        anyhow::Ok(())
    })?;
    Ok((process::own_cpu_seconds()? - before - copying) * 1e6 / spans as f64)
}

/// Gives the processor seconds of what is the measurement's: the copy for another attempt.
async fn append(store: &LocalStore, documents: Vec<NewDocument>) -> anyhow::Result<f64> {
    let mut copying = 0.0;
    loop {
        let status = store.status();
        if status.newest - status.digested > MOST_UNDIGESTED {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let before = thread_seconds()?;
        let copy = documents.clone();
        copying += thread_seconds()? - before;
        match store.append(copy).await {
            Ok(()) => return Ok(copying),
            Err(StoreError::Busy { .. }) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
}
