//! What becomes of documents behind the doors: `ingest` makes them durable, `digest` reduces their traces.

use std::sync::Arc;

use digest::Digest;
use ingest::Ingest;
use tokio_util::sync::CancellationToken;

use crate::ground::Ground;
use crate::stop::{Deadline, StopError};

/// Bytes of documents that may wait for the store: a second of a very busy machine.
const QUEUE_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub struct Pipeline {
    pub ingest: Ingest,
    pub digest: Digest,
    stop_ingest: CancellationToken,
    stop_digest: CancellationToken,
}

impl Pipeline {
    pub(crate) fn start(ground: &Ground, groups: &api::Groups) -> Self {
        let [stop_ingest, stop_digest] = [(); 2].map(|()| CancellationToken::new());
        let ingest = ingest::start(
            &ingest::Config { queue_bytes: QUEUE_BYTES },
            Arc::clone(&ground.store),
            Arc::clone(&ground.clock),
            stop_ingest.clone(),
        );
        let digest = digest::start(
            &digest::Config { groups: groups.ask(), ..digest::Config::default() },
            Arc::clone(&ground.store),
            Arc::clone(&ground.clock),
            stop_digest.clone(),
        );
        Self { ingest, digest, stop_ingest, stop_digest }
    }

    /// Makes durable what was accepted, and finishes the round of digests. The doors must be closed.
    pub(crate) async fn stop(self, deadline: Deadline) -> Result<(), StopError> {
        self.stop_ingest.cancel();
        deadline.within("documents to become durable", self.ingest.drained()).await?;
        self.stop_digest.cancel();
        deadline.within("the digest worker", self.digest.stopped()).await
    }
}
