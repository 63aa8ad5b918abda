//! What the API is made of: everything it needs from the other parts, and what it holds between requests.
//!
//! Handlers are above and see all of it; a part below `app/` knows none of the others.

pub(crate) mod access;
pub(crate) mod daemon;
pub(crate) mod known;
pub(crate) mod names;
pub(crate) mod recent;
pub(crate) mod retrieval;
pub(crate) mod sampling;

use std::sync::Arc;

use model::{Clock, Timestamp};
use query::join::Names;
use settings::{Settings, SettingsError};
use store::TraceStore;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::access::Auth;
use self::daemon::Daemons;
use self::known::Collected;
use self::names::HostNames;
use self::recent::Recent;
use self::retrieval::Retrievals;
use self::sampling::Sampling;
use crate::body::BodyBudget;
use crate::error::{Problem, XRayError};
use crate::groups::Groups;

/// Each holds some megabytes while it goes through the store, and a core for much of the time.
const MAX_SCANS: usize = 4;
/// Consoles that may follow at a time; one more is told to come back.
pub(crate) const MAX_STREAMS: usize = 256;

/// What the API asks; `server` builds it.
#[derive(Clone, Debug)]
pub struct Deps {
    pub store: Arc<dyn TraceStore>,
    pub ingest: ingest::Ingest,
    pub digest: digest::Digest,
    pub clock: Arc<dyn Clock>,
    /// The doors that are open, for the first-run page.
    pub listeners: Listeners,
    pub settings: Settings,
    /// Of the same settings.
    pub groups: Groups,
    /// Who may do what; none lets anybody do everything.
    pub auth: Option<Auth>,
    /// Ends the live streams, which would otherwise hold up a shutdown.
    pub shutdown: CancellationToken,
}

/// The doors that are open, as `host:port`.
#[derive(Debug, Clone)]
pub struct Listeners {
    pub http: String,
    pub udp: String,
}

/// [`Deps`], and what the API itself holds between requests.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) deps: Deps,
    pub(crate) sampling: Sampling,
    pub(crate) retrievals: Retrievals,
    pub(crate) bodies: BodyBudget,
    pub(crate) graphs: Recent,
    /// What agents say of themselves.
    pub(crate) daemons: Daemons,
    pub(crate) known: Collected,
    pub(crate) names: HostNames,
    /// One permit a question that looks at many traces or minutes.
    pub(crate) scans: Semaphore,
    /// One permit a live stream.
    pub(crate) streams: Arc<Semaphore>,
}

pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(deps: Deps) -> Self {
        Self {
            sampling: Sampling::default(),
            retrievals: Retrievals::default(),
            bodies: BodyBudget::new(),
            graphs: Recent::default(),
            daemons: Daemons::default(),
            known: Collected::default(),
            names: HostNames::default(),
            scans: Semaphore::new(MAX_SCANS),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            deps,
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

    /// Which service answers under which host name.
    pub(crate) async fn host_names(&self) -> Result<Names, Problem> {
        self.names.known(&*self.deps.store, self.deps.clock.now()).await
    }

    /// The groups as they are now.
    pub(crate) fn groups(&self) -> Arc<query::Groups> {
        self.deps.groups.now()
    }
}
