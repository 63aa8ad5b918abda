//! The whole system in one process: its parts are built in one order and stopped in that order.
//!
//! ```text
//! doors ─► ingest ─► store ─► digest
//! ```
//! Doors stop first, so that nothing new comes; ingest makes durable what was accepted; digest finishes its
//! round; the store is closed last.

use std::sync::Arc;

use api::{Deps, Listeners};
use model::{Clock, SystemClock};
use store::TraceStore;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::access::{Access, AccessError};
use crate::config::Config;
use crate::doors::{Behind, Doors};
use crate::ground::{ACCOUNT, Ground, GroundError};
use crate::listen::{ListenError, Sockets};
use crate::pipeline::Pipeline;
use crate::stop::{Deadline, StopError};

/// A server that listens. Dropping it closes the doors and no more; call [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    pub ground: Ground,
    pub pipeline: Pipeline,
    pub doors: Doors,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Ground(#[from] GroundError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("cannot start a thread")]
    Thread(#[from] std::io::Error),
}

impl Server {
    /// Opens the store and the sockets and starts every part. When it returns, everything listens.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        // First the sockets: that another process listens is the most frequent reason to fail, and quick.
        let sockets = Sockets::bind(config)?;
        let ground = Ground::open(config, Arc::new(SystemClock)).await?;
        Self::build(config, sockets, ground)
    }

    /// The same over a store that is already open and a clock of the caller's.
    pub async fn start_over(
        config: &Config,
        store: Arc<dyn TraceStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let sockets = Sockets::bind(config)?;
        let ground = Ground::over(store, config, clock).await?;
        Self::build(config, sockets, ground)
    }

    fn build(config: &Config, sockets: Sockets, ground: Ground) -> Result<Self, StartError> {
        for setting in &config.without_effect {
            warn!(setting, "setting has no effect yet");
        }
        let access = Access::open(config)?;
        let groups = api::Groups::of(&ground.settings);
        let pipeline = Pipeline::start(&ground, &groups);
        let stop_doors = CancellationToken::new();
        let router = api::router(Deps {
            store: Arc::clone(&ground.store),
            ingest: pipeline.ingest.clone(),
            digest: pipeline.digest.clone(),
            clock: Arc::clone(&ground.clock),
            listeners: Listeners { http: sockets.http.to_string(), udp: sockets.udp.to_string() },
            settings: ground.settings.clone(),
            groups,
            auth: access.auth(ACCOUNT),
            shutdown: stop_doors.clone(),
        });
        let behind = Behind { ground: &ground, ingest: &pipeline.ingest, router, access: &access };
        let doors = Doors::open(sockets, behind, config.demo, stop_doors)?;
        Ok(Self { ground, pipeline, doors })
    }

    /// Stops listening, answers what is in flight and makes everything accepted durable.
    pub async fn stop(self) -> Result<(), StopError> {
        let deadline = Deadline::begin();
        self.doors.close(deadline).await?;
        self.pipeline.stop(deadline).await?;
        deadline.within("the store", self.ground.store.close()).await??;
        Ok(())
    }
}
