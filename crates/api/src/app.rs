//! What the API is made of: everything it needs from the other parts, and what it holds between requests.
//!
//! Handlers are above and see all of it; a part below `app/` knows none of the others.

pub(crate) mod access;
pub(crate) mod budget;
pub(crate) mod daemon;
pub(crate) mod known;
pub(crate) mod origin;
pub(crate) mod reading;
pub(crate) mod recent;
pub(crate) mod retrieval;
pub(crate) mod sampling;

use std::sync::Arc;

use axum::http::HeaderMap;
use door::budget::Budget;
use door::limits::Limits;
use door::places::Places;
use ingest::Ingest;
use model::{Clock, Timestamp};
use query::now::{Ledger, Names};
use settings::{Alerts, LogLinks, Settings, SettingsError};
use store::TraceStore;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::access::Auth;
use self::budget::Budgets;
use self::daemon::Daemons;
use self::known::Collected;
use self::origin::Origin;
use self::recent::Recent;
use self::sampling::Sampling;
use crate::audit::Audit;
use crate::body::Bodies;
use crate::error::XRayError;
use crate::groups::Groups;

/// Each holds some megabytes while it goes through the store, and a core for much of the time.
const MAX_SCANS: usize = 4;
/// Large requests of OTLP that are cut into spans at a time. Each has up to two chunks of documents in memory, and two cores make no
/// more of it.
const MAX_CUTTING: usize = 4;

/// What the API asks; `server` builds it.
#[derive(Clone, Debug)]
pub struct Deps {
    pub store: Arc<dyn TraceStore>,
    pub ingest: Ingest,
    pub digest: digest::Digest,
    pub clock: Arc<dyn Clock>,
    /// The doors that are open, for the first-run page.
    pub listeners: Listeners,
    pub settings: Settings,
    /// Of the same settings.
    pub alarms: watch::Alarms,
    /// Told of by `watch` when they go silent.
    pub agents: watch::about::Agents,
    /// Of the same store and settings.
    pub metrics: watch::Reader,
    /// What was noticed, and who is to be told.
    pub alerts: Alerts,
    pub notify: notify::Notify,
    /// Of the same settings.
    pub groups: Groups,
    /// Who may do what; none lets anybody do everything.
    pub auth: Option<Auth>,
    /// Where changes, sign-ins and refusals are written, if they are.
    pub audit: Option<Audit>,
    /// Rules that lead to log lines, of the server's file of settings; those of `settings` come after them.
    pub log_links: Arc<LogLinks>,
    /// The capsule that all of this was opened from; nothing is changed then.
    pub capsule: Option<Arc<capsule::Head>>,
    /// What never gets into a capsule that is made here.
    pub redaction: capsule::Redaction,
    /// How much bodies and answers may hold.
    pub limits: Limits,
    /// Ends the live streams, which would otherwise hold up a shutdown.
    pub shutdown: CancellationToken,
}

/// The doors that are open, as `host:port`.
#[derive(Debug, Clone)]
pub struct Listeners {
    pub http: String,
    pub udp: String,
    /// Under which this server is reached beside names that nobody else can have; see `guard`.
    pub host_names: Vec<String>,
    /// Whose pages may send spans.
    pub otlp_origins: Vec<Origin>,
}

/// [`Deps`], and what the API itself holds between requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) deps: Deps,
    pub(crate) sampling: Sampling,
    pub(crate) bodies: Bodies,
    /// The memory for answers.
    pub(crate) answers: Budget,
    /// One permit a large request of OTLP that is cut into spans.
    pub(crate) cutting: Arc<Semaphore>,
    pub(crate) graphs: Recent,
    /// What agents say of themselves.
    pub(crate) daemons: Daemons,
    pub(crate) known: Collected,
    /// Of objectives.
    pub(crate) budgets: Budgets,
    /// One permit a question that looks at many traces or minutes.
    pub(crate) scans: Semaphore,
    /// One permit a request that reads traces whole.
    readings: Semaphore,
    /// One permit a capsule that is made, which holds some hundred megabytes on its way.
    pub(crate) capsules: Arc<Semaphore>,
    /// One place a live stream.
    pub(crate) streams: Places,
    /// One place a question for which a permit of `scans` may be needed.
    pub(crate) questions: Places,
}

pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(deps: Deps) -> Self {
        Self {
            sampling: Sampling::new(deps.settings.reservoirs()),
            bodies: Bodies::new(&deps.limits),
            answers: Budget::new(deps.limits.answers),
            cutting: Arc::new(Semaphore::new(MAX_CUTTING)),
            graphs: Recent::default(),
            daemons: Daemons::default(),
            known: Collected::default(),
            budgets: Budgets::default(),
            scans: Semaphore::new(MAX_SCANS),
            readings: Semaphore::new(reading::MAX_READINGS),
            capsules: Arc::new(Semaphore::new(1)),
            streams: Places::new(deps.limits.streams),
            questions: Places::new(deps.limits.questions),
            deps,
        }
    }

    /// What takes the documents of a request with these headers.
    pub(crate) fn ingest(&self, headers: &HeaderMap) -> Ingest {
        match headers.contains_key(door::copied::HEADER) {
            true => self.deps.ingest.of_copies(),
            false => self.deps.ingest.clone(),
        }
    }

    /// Makes a change of the settings, on a thread that may wait for the disk.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Settings, Timestamp) -> Result<T, SettingsError> + Send + 'static,
    ) -> Result<T, XRayError> {
        let settings = self.deps.settings.clone();
        let now = self.deps.clock.now();
        match tokio::task::spawn_blocking(move || change(&settings, now)).await {
            Ok(result) => result.map_err(XRayError::from),
            Err(panic) => Err(XRayError::Internal(Arc::new(panic))),
        }
    }

    /// What the newest half hour says, as of now. Nothing is digested meanwhile, so `tell` should not take long.
    pub(crate) fn with_ledger<T>(&self, tell: impl FnOnce(&mut Ledger, Timestamp) -> T) -> T {
        let now = self.deps.clock.now();
        let mut ledger = self.deps.digest.ledger().lock();
        ledger.settle(now);
        tell(&mut ledger, now)
    }

    /// What things are called, which is the same on every page.
    pub(crate) fn with_names<T>(&self, tell: impl FnOnce(&Names<'_>) -> T) -> T {
        self.with_ledger(|ledger, now| tell(&ledger.names(now)))
    }

    /// The groups as they are now.
    pub(crate) fn groups(&self) -> Arc<query::Groups> {
        self.deps.groups.now()
    }
}
