//! What becomes of documents behind the doors: `ingest` makes them durable, copies go on to other backends, `digest` reduces their traces, and `watch` sees
//! what goes wrong in them.

use std::sync::Arc;
use std::time::Duration;

use digest::Digest;
use ingest::Ingest;
use tokio_util::sync::CancellationToken;
use watch::insights::{self, Insights};

use crate::copies::Copies;
use crate::ground::Ground;
use crate::stop::{Deadline, StopError};

/// Bytes of documents that may wait for the store: a second of a very busy machine.
const QUEUE_BYTES: usize = 64 << 20;
/// How long a sender is kept waiting before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Pipeline {
    pub ingest: Ingest,
    pub digest: Digest,
    /// None where nothing is judged anew.
    insights: Option<Insights>,
    copies: Option<Copies>,
    stop_ingest: CancellationToken,
    stop_digest: CancellationToken,
    stop_insights: CancellationToken,
}

impl Pipeline {
    pub(crate) fn start(ground: &Ground, groups: &api::Groups, copies: Option<Copies>) -> Self {
        let mut pipeline = Self::without_insights(ground, groups, copies);
        pipeline.insights = Some(insights::start(
            insights::Deps {
                digest: pipeline.digest.clone(),
                settings: ground.settings.clone(),
                alerts: ground.alerts.clone(),
                clock: Arc::clone(&ground.clock),
            },
            pipeline.stop_insights.clone(),
        ));
        pipeline
    }

    /// The same without insights: what was noticed stays what it is.
    pub(crate) fn still(ground: &Ground, groups: &api::Groups) -> Self {
        Self::without_insights(ground, groups, None)
    }

    fn without_insights(ground: &Ground, groups: &api::Groups, copies: Option<Copies>) -> Self {
        let [stop_ingest, stop_digest, stop_insights] = [(); 3].map(|()| CancellationToken::new());
        let ingest = ingest::start(
            &ingest::Config {
                queue_bytes: QUEUE_BYTES,
                patience: PATIENCE,
                copies: copies.as_ref().map(Copies::taker),
            },
            Arc::clone(&ground.store),
            Arc::clone(&ground.clock),
            stop_ingest.clone(),
        );
        let settings = ground.settings.clone();
        let url_rules = Arc::new(move || Arc::clone(&settings.snapshot().url_rules.rules));
        let digest = digest::start(
            &digest::Config { groups: groups.ask(), url_rules, ..digest::Config::default() },
            Arc::clone(&ground.store),
            Arc::clone(&ground.clock),
            stop_digest.clone(),
        );
        Self { ingest, digest, insights: None, copies, stop_ingest, stop_digest, stop_insights }
    }

    /// Makes durable what was accepted, and finishes the round of digests. The doors must be closed.
    pub(crate) async fn stop(self, deadline: Deadline) -> Result<(), StopError> {
        self.stop_ingest.cancel();
        deadline.within("documents to become durable", self.ingest.drained()).await?;
        if let Some(copies) = self.copies {
            copies.stop(deadline).await?;
        }
        self.stop_digest.cancel();
        deadline.within("the digest worker", self.digest.stopped()).await?;
        self.stop_insights.cancel();
        match self.insights {
            Some(insights) => deadline.within("insights", insights.stopped()).await,
            None => Ok(()),
        }
    }
}
