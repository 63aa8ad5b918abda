//! A server that only answers: nothing comes in, nothing is judged anew, and nobody is told. For what is opened to be read.

use std::sync::Arc;

use api::{Deps, Limits, Listeners};
use axum::Router;
use capsule::{Head, Redaction};
use notify::address::Policy;
use notify::send::Names;
use notify::{Notifiers, Notify, Sender};
use tokio_util::sync::CancellationToken;
use watch::about::Agents;
use watch::{Alarms, Reader};

use crate::ground::Ground;
use crate::pipeline::Pipeline;
use crate::stop::{Deadline, StopError};

/// What answers, and what it stands on.
#[derive(Debug)]
pub(crate) struct Still {
    pub(crate) router: Router,
    pub(crate) pipeline: Pipeline,
    ground: Ground,
    stop: CancellationToken,
}

impl Still {
    /// `http` is the address that it is reached at, if it is at any.
    pub(crate) fn over(
        ground: Ground,
        http: &str,
        capsule: Option<Arc<Head>>,
        redaction: Redaction,
    ) -> anyhow::Result<Self> {
        let groups = api::Groups::of(&ground.settings);
        let pipeline = Pipeline::still(&ground, &groups);
        let stop = CancellationToken::new();
        // Nobody starts it, so it calls nobody.
        let sender =
            Sender::new(Policy { loopback: false, allow: Vec::new(), deny: Vec::new() }, Names::System)?;
        let notify = Notify::new(
            &notify::Config { console: format!("http://{http}") },
            Notifiers::new(ground.settings.clone(), Vec::new()),
            sender,
            Arc::clone(&ground.clock),
        );
        let router = api::router(Deps {
            store: Arc::clone(&ground.store),
            ingest: pipeline.ingest.clone(),
            digest: pipeline.digest.clone(),
            clock: Arc::clone(&ground.clock),
            listeners: Listeners {
                http: http.to_owned(),
                udp: "off".to_owned(),
                host_names: Vec::new(),
                otlp_origins: Vec::new(),
            },
            alarms: Alarms::open(ground.settings.clone(), ground.alerts.clone())?,
            agents: Agents::default(),
            metrics: Reader::new(Arc::clone(&ground.store), ground.settings.clone()),
            settings: ground.settings.clone(),
            alerts: ground.alerts.clone(),
            notify,
            groups,
            auth: None,
            audit: None,
            capsule,
            log_links: Arc::default(),
            redaction,
            limits: Limits::SERVER,
            shutdown: stop.clone(),
        });
        Ok(Self { router, pipeline, ground, stop })
    }

    /// Cancelled when it stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// What asks it must have ended.
    pub(crate) async fn stop(self) -> Result<(), StopError> {
        let deadline = Deadline::begin();
        self.stop.cancel();
        self.pipeline.stop(deadline).await?;
        deadline.within("the store", self.ground.store.close()).await??;
        Ok(())
    }
}
