//! The whole system in one process: its parts are built in one order and stopped in that order.
//!
//! ```text
//! doors ─► ingest ─► store ─► digest ─► watch ─► alerts ─► notify
//! ```
//! Doors stop first, so that nothing new comes; ingest makes durable what was accepted; digest finishes its
//! round; messages that are being sent have two seconds, and wait in the outbox otherwise; a mirror gets what came last; the store is
//! closed last.

use std::sync::Arc;

use api::{Audit, Deps, Listeners};
use auth::KeyPlace;
use model::error::chain;
use model::{Clock, SystemClock};
use notify::Notify;
use store::TraceStore;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use watch::about::{self, AboutWatch, Agents};
use watch::{Alarms, Reader, Watch};

use crate::access::{Access, AccessError};
use crate::audit::AuditFile;
use crate::config::{AuditTo, Config, StoreChoice};
use crate::copies::Copies;
use crate::doors::{Behind, Doors};
use crate::ground::{ACCOUNT, Ground, GroundError};
use crate::listen::{ListenError, Sockets};
use crate::mirror::{self, Mirror};
use crate::notifiers::{self, NotifyError};
use crate::pipeline::Pipeline;
use crate::self_trace::SelfTrace;
use crate::stop::{Deadline, StopError};

/// A server that listens. Dropping it closes the doors and no more; call [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    pub ground: Ground,
    pub pipeline: Pipeline,
    watch: Watch,
    about: AboutWatch,
    stop_watch: CancellationToken,
    pub doors: Doors,
    notify: Notify,
    stop_notify: CancellationToken,
    self_trace: Option<SelfTrace>,
    mirror: Option<Mirror>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Ground(#[from] GroundError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("cannot read how alarms stand")]
    Alarms(#[from] settings::AlertsError),
    #[error(transparent)]
    Notify(#[from] NotifyError),
    #[error("cannot write the audit log {path}; give another by --audit-log, or off")]
    Audit { path: String, source: std::io::Error },
    #[error("cannot start a thread")]
    Thread(#[from] std::io::Error),
    #[error("cannot send copies to the endpoints of --endpoints")]
    Copies(#[from] daemon::agent::StartError),
    #[error("cannot record the server itself")]
    SelfTrace(#[from] sdk::ConfigError),
}

impl Server {
    /// Opens the store and the sockets and starts every part. When it returns, everything listens.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        // First the sockets: that another process listens is the most frequent reason to fail, and quick.
        let sockets = Sockets::bind(config)?;
        let self_trace = config.trace_self.then(SelfTrace::start).transpose()?;
        let chores = self_trace.as_ref().map(SelfTrace::chores);
        let ground = Ground::open(config, Arc::new(SystemClock), chores).await?;
        Self::build(config, sockets, ground, self_trace).await
    }

    /// The same over a store that is already open and a clock of the caller's.
    pub async fn start_over(
        config: &Config,
        store: Arc<dyn TraceStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let sockets = Sockets::bind(config)?;
        let self_trace = config.trace_self.then(SelfTrace::start).transpose()?;
        let ground = Ground::over(store, config, clock).await?;
        Self::build(config, sockets, ground, self_trace).await
    }

    async fn build(
        config: &Config,
        sockets: Sockets,
        mut ground: Ground,
        self_trace: Option<SelfTrace>,
    ) -> Result<Self, StartError> {
        for setting in &config.without_effect {
            warn!(setting, "setting has no effect yet");
        }
        let keys = ground.keys.clone().map(|keys| keys as Arc<dyn KeyPlace>);
        let access = Access::open(config, keys)?;
        let audit = open_audit(&config.audit)?;
        let mirror = start_mirror(config, &ground);
        if let Some(self_trace) = &self_trace {
            ground.store = self_trace.store(ground.store);
        }
        let groups = api::Groups::of(&ground.settings);
        let copies = match &config.endpoints {
            Some(endpoints) => Some(Copies::start(endpoints).await?),
            None => None,
        };
        let pipeline = Pipeline::start(&ground, &groups, copies);
        if let Some(self_trace) = &self_trace {
            self_trace.into(&pipeline.ingest);
        }
        let [stop_doors, stop_watch, stop_notify] = [(); 3].map(|()| CancellationToken::new());
        let alarms = Alarms::open(ground.settings.clone(), ground.alerts.clone())?;
        let metrics = Reader::new(Arc::clone(&ground.store), ground.settings.clone());
        let watch = watch::start(
            alarms.clone(),
            metrics.clone(),
            Arc::clone(&ground.store),
            pipeline.digest.clone(),
            Arc::clone(&ground.clock),
            stop_watch.clone(),
        );
        let notify =
            notifiers::open(config, &ground, &sockets.http.to_string(), sockets.http.ip().is_loopback())?;
        notify.start(ground.alerts.clone(), stop_notify.clone());
        let agents = Agents::default();
        let about = about::start(
            about::Deps {
                store: Arc::clone(&ground.store),
                alerts: ground.alerts.clone(),
                clock: Arc::clone(&ground.clock),
                agents: agents.clone(),
                counts: counts(&pipeline.ingest),
            },
            stop_watch.clone(),
        );
        let router = api::router(Deps {
            store: Arc::clone(&ground.store),
            ingest: pipeline.ingest.clone(),
            digest: pipeline.digest.clone(),
            clock: Arc::clone(&ground.clock),
            listeners: Listeners {
                http: sockets.http.to_string(),
                udp: sockets.udp.to_string(),
                host_names: config.host_names.clone(),
                otlp_origins: config.otlp_cors.clone(),
            },
            settings: ground.settings.clone(),
            alerts: ground.alerts.clone(),
            alarms,
            agents,
            metrics,
            notify: notify.clone(),
            groups,
            auth: access.auth(ACCOUNT),
            audit,
            capsule: None,
            log_links: Arc::clone(&config.log_links),
            redaction: config.redaction.clone(),
            limits: config.limits,
            shutdown: stop_doors.clone(),
        });
        let router = match &self_trace {
            Some(self_trace) => self_trace.router(router),
            None => router,
        };
        let behind = Behind {
            ground: &ground,
            ingest: &pipeline.ingest,
            router,
            access: &access,
            limits: config.limits,
            proxies: config.trusted_proxies.clone(),
        };
        let doors = Doors::open(sockets, behind, config.demo, stop_doors)?;
        Ok(Self {
            ground,
            pipeline,
            watch,
            about,
            stop_watch,
            doors,
            notify,
            stop_notify,
            self_trace,
            mirror,
        })
    }

    /// Stops listening, answers what is in flight and makes everything accepted durable.
    pub async fn stop(self) -> Result<(), StopError> {
        let deadline = Deadline::begin();
        self.doors.close(deadline).await?;
        // What was recorded of the last requests is handed over, for half a second at most.
        drop(self.self_trace);
        // What was decided is written; the minute that is about to end is evaluated after the next start.
        self.stop_watch.cancel();
        deadline.within("the watch over alarms", self.watch.stopped()).await?;
        deadline.within("the watch over fluoro itself", self.about.stopped()).await?;
        self.pipeline.stop(deadline).await?;
        self.stop_notify.cancel();
        deadline.within("messages that are being sent", self.notify.stopped()).await?;
        let alerts = self.ground.alerts.clone();
        let leaving = tokio::task::spawn_blocking(move || alerts.leave_duty());
        if let Ok(Err(error)) = deadline.within("another process to take over", leaving).await? {
            warn!(error = chain(&error), "another process takes over in some seconds");
        }
        if let Some(mirror) = self.mirror {
            deadline.within("the mirror", mirror.stop()).await?;
        }
        deadline.within("the store", self.ground.store.close()).await??;
        Ok(())
    }
}

fn start_mirror(config: &Config, ground: &Ground) -> Option<Mirror> {
    let (StoreChoice::Local(directory), Some(mirror)) = (&config.store, &config.mirror) else { return None };
    Some(Mirror::start(mirror::Deps {
        config: (**mirror).clone(),
        directory: directory.clone(),
        source: Arc::clone(&ground.store),
        waiting: ground.waiting.clone()?,
        clock: Arc::clone(&ground.clock),
    }))
}

fn open_audit(to: &AuditTo) -> Result<Option<Audit>, StartError> {
    match to {
        AuditTo::Nowhere => Ok(None),
        AuditTo::Output => Ok(Some(Audit::new(Box::new(std::io::stdout())))),
        AuditTo::File(path) => {
            let failed = |source| StartError::Audit { path: path.display().to_string(), source };
            Ok(Some(Audit::new(Box::new(AuditFile::open(path).map_err(failed)?))))
        }
    }
}

/// Documents that reached a door since the start, and those of them that were refused.
fn counts(ingest: &ingest::Ingest) -> Arc<dyn Fn() -> (u64, u64) + Send + Sync> {
    let ingest = ingest.clone();
    Arc::new(move || {
        let refusals = ingest.refusals();
        let received = refusals.received().iter().map(|(_, documents)| documents).sum();
        let refused = refusals.counts().iter().map(|(_, _, count)| count).sum();
        (received, refused)
    })
}
