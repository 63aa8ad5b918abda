//! A whole Fluoro in this process on a virtual clock: the real decoder, ingest, store, digest worker and router.
//!
//! It runs on a tokio runtime whose time is paused: time moves on only when every part has done what there was to do, so an
//! incident of minutes takes as long as its work. Receipt times follow the same clock.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use api::{Deps, Listeners};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use ingest::Ingest;
use ingest::refusals::Door;
use model::{Clock, Micros, Timestamp};
use serde_json::Value;
use settings::{Account, Alerts, Settings};
use store::{MemoryStore, TraceStore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt;
use watch::{Alarms, Reader};

const QUEUE_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(super) struct Stage {
    router: Router,
    ingest: Ingest,
    clock: Arc<VirtualClock>,
    _stop: DropGuard,
}

/// The runtime's own time, from a date on.
#[derive(Debug)]
struct VirtualClock {
    origin: Timestamp,
    started: Instant,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.origin.plus(Micros(passed))
    }
}

impl Stage {
    /// Call it on a runtime whose time is paused.
    pub(super) fn open(origin: f64) -> anyhow::Result<Self> {
        let clock =
            Arc::new(VirtualClock { origin: Timestamp::from_seconds(origin), started: Instant::now() });
        let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
        let stop = CancellationToken::new();
        let as_clock = || Arc::clone(&clock) as Arc<dyn Clock>;
        let ingest = ingest::start(
            &ingest::Config { queue_bytes: QUEUE_BYTES, patience: Duration::ZERO, copies: None },
            Arc::clone(&store),
            as_clock(),
            stop.clone(),
        );
        let account = Account { id: "000000000000".to_owned(), region: "eu-west-1".to_owned() };
        let settings = Settings::in_memory(account).context("open settings")?;
        let groups = api::Groups::of(&settings);
        let config = digest::Config { groups: groups.ask(), ..digest::Config::default() };
        let digest = digest::start(&config, Arc::clone(&store), as_clock(), stop.clone());
        let alerts = Alerts::in_memory().context("open alerts")?;
        let alarms = Alarms::open(settings.clone(), alerts.clone()).context("open alarms")?;
        let metrics = Reader::new(Arc::clone(&store), settings.clone());
        let router = api::router(Deps {
            store,
            ingest: ingest.clone(),
            digest,
            clock: as_clock(),
            listeners: Listeners {
                http: String::new(),
                udp: String::new(),
                host_names: Vec::new(),
                otlp_origins: Vec::new(),
            },
            notify: notify::Notify::new(
                &notify::Config { console: "http://127.0.0.1:2000".to_owned() },
                notify::Notifiers::new(settings.clone(), Vec::new()),
                notify::Sender::new(notify::address::Policy::default(), notify::send::Names::System)
                    .context("set up TLS")?,
                as_clock(),
            ),
            settings,
            alerts,
            alarms,
            agents: watch::about::Agents::default(),
            metrics,
            groups,
            auth: None,
            audit: None,
            capsule: None,
            log_links: Arc::default(),
            redaction: Default::default(),
            limits: api::Limits::SERVER,
            shutdown: stop.clone(),
        });
        Ok(Self { router, ingest, clock, _stop: stop.drop_guard() })
    }

    /// Epoch seconds.
    pub(super) fn now(&self) -> f64 {
        self.clock.now().as_seconds()
    }

    /// Waits for a moment; when it comes, everything that was offered before can be read.
    pub(super) async fn until(&self, at: f64) {
        let passed = (at - self.clock.origin.as_seconds()).max(0.0);
        sleep_until(self.clock.started + Duration::from_secs_f64(passed)).await;
    }

    /// Hands a document in as the UDP door does.
    pub(super) fn offer(&self, document: String) -> anyhow::Result<()> {
        let text = document.clone();
        match wire::decode(Bytes::from(document)) {
            Ok(document) => self.ingest.offer(Door::Udp, document),
            Err(reject) => anyhow::bail!("{reject}: {} in {text}", reject.detail),
        }
        Ok(())
    }

    /// Sends spans to the door of OTLP, and ends when they are durable. It borrows nothing, so that many are sent at a time.
    pub(super) fn posted(
        &self,
        path: &str,
        body: String,
    ) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
        let request = axum::http::Request::post(path)
            .header("host", "127.0.0.1:2000")
            .header("content-type", "application/json")
            .body(Body::from(body));
        let router = self.router.clone();
        async move {
            let response = router.oneshot(request?).await.context("ask the router")?;
            let status = response.status();
            let body = response.into_body().collect().await.context("read the answer")?.to_bytes();
            ensure!(
                status.is_success(),
                "spans were refused with {status}: {}",
                String::from_utf8_lossy(&body)
            );
            // Spans that are refused alone are told in an answer that is fine otherwise.
            ensure!(body.as_ref() == b"{}", "spans were refused: {}", String::from_utf8_lossy(&body));
            Ok(())
        }
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = axum::http::Request::get(path).header("host", "127.0.0.1:2000").body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await.context("ask the router")?;
        let status = response.status();
        let body = response.into_body().collect().await.context("read the answer")?.to_bytes();
        ensure!(status.is_success(), "{path} answers {status}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).with_context(|| format!("read the answer to {path}"))
    }
}
