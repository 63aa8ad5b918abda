//! The whole system in one process: its parts are built in one order and stopped in that order.
//!
//! ```text
//! doors ─► ingest ─► store ─► digest
//! ```
//! Doors stop first, so that nothing new comes; ingest makes durable what was accepted; digest finishes its
//! round; the store is closed last.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::Deps;
use api::console::shape::Listeners;
use auth::KeyFileError;
use digest::Digest;
use ingest::Ingest;
use model::{Clock, SystemClock};
use settings::{Account, Settings};
use store::TraceStore;
use store::memory::MemoryStore;
use store_local::{Keys, LocalStore};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{error, warn};

use crate::access::Access;
use crate::config::{Config, StoreChoice};
use crate::listen::{self, Doors, ListenError};
use crate::tls::TlsError;
use crate::{demo, http, udp};

/// Bytes of documents that may wait for the store: a second of a very busy machine.
const QUEUE_BYTES: usize = 64 << 20;
/// Orchestrators kill after their own grace; ours is 5 s for everything, of which HTTP may take its part.
const STOP_LIMIT: Duration = Duration::from_millis(4_500);

/// A server that listens. Dropping it closes the doors and no more; call [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    pub http: SocketAddr,
    pub udp: SocketAddr,
    pub store: Arc<dyn TraceStore>,
    pub ingest: Ingest,
    pub digest: Digest,
    udp_closed: oneshot::Receiver<()>,
    tasks: Vec<JoinHandle<()>>,
    stop_doors: DropGuard,
    stop_ingest: CancellationToken,
    stop_digest: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("cannot start a thread")]
    Thread(#[from] std::io::Error),
    #[error("cannot use the keys")]
    Keys(#[from] KeyFileError),
    #[error("cannot offer TLS")]
    Tls(#[from] TlsError),
    #[error("cannot open the data directory {directory}")]
    Store { directory: String, source: store::StoreError },
    #[error("cannot open the settings in {directory}")]
    Settings { directory: String, source: settings::OpenError },
}

/// Something accepted may not be durable, or the next start has to repair the store.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    #[error("did not stop in time; still waiting for {0}")]
    TooSlow(&'static str),
    #[error("cannot close the store")]
    Store(#[from] store::StoreError),
}

impl Server {
    /// Opens the store and the sockets and starts every part. When it returns, everything listens.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        // First the sockets: that another process listens is the most frequent reason to fail, and quick.
        let doors = Doors::open(config.bind, listen::udp_ip(config))?;
        let store = open_store(config).await?;
        let settings = open_settings(&config.store).await?;
        Self::build(config, doors, store, settings, Arc::new(SystemClock))
    }

    /// The same over a store that is already open and a clock of the caller's.
    pub async fn start_over(
        config: &Config,
        store: Arc<dyn TraceStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let doors = Doors::open(config.bind, listen::udp_ip(config))?;
        let settings = open_settings(&config.store).await?;
        Self::build(config, doors, store, settings, clock)
    }

    fn build(
        config: &Config,
        doors: Doors,
        store: Arc<dyn TraceStore>,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        for setting in &config.without_effect {
            warn!(setting, "setting has no effect yet");
        }
        let access = Access::open(config)?;
        let [stop_doors, stop_ingest, stop_digest] = [(); 3].map(|()| CancellationToken::new());
        let ingest = ingest::start(
            &ingest::Config { queue_bytes: QUEUE_BYTES },
            Arc::clone(&store),
            Arc::clone(&clock),
            stop_ingest.clone(),
        );
        let (groups, groups_follower) = watch::channel(api::groups(&settings));
        let digest = digest::start(
            &digest::Config { groups: groups_follower, ..digest::Config::default() },
            Arc::clone(&store),
            Arc::clone(&clock),
            stop_digest.clone(),
        );
        let address = |local: std::io::Result<SocketAddr>| local.unwrap_or(config.bind);
        let (http_address, udp_address) = (address(doors.tcp.local_addr()), address(doors.udp.local_addr()));
        let router = api::router(Deps {
            store: Arc::clone(&store),
            ingest: ingest.clone(),
            digest: digest.clone(),
            clock: Arc::clone(&clock),
            listeners: Listeners { http: http_address.to_string(), udp: udp_address.to_string() },
            settings,
            groups,
            auth: access.auth(ACCOUNT),
            shutdown: stop_doors.clone(),
        });
        let udp_closed = udp::start(doors.udp, ingest.clone(), clock, stop_doors.clone())?;
        let mut tasks = access.follow_files(&stop_doors);
        tasks.push(tokio::spawn(http::serve(doors.tcp, router, access.tls(), stop_doors.clone())));
        if config.demo {
            tasks.push(tokio::spawn(play_demo(udp_address, stop_doors.clone())));
        }
        let stop_doors = stop_doors.drop_guard();
        Ok(Self {
            http: http_address,
            udp: udp_address,
            store,
            ingest,
            digest,
            udp_closed,
            tasks,
            stop_doors,
            stop_ingest,
            stop_digest,
        })
    }

    /// Stops listening, answers what is in flight and makes everything accepted durable.
    pub async fn stop(self) -> Result<(), StopError> {
        let deadline = tokio::time::Instant::now() + STOP_LIMIT;
        drop(self.stop_doors);
        if within(deadline, "the UDP door", self.udp_closed).await?.is_err() {
            error!("UDP door panicked");
        }
        for task in self.tasks {
            if let Err(error) = within(deadline, "requests in flight", task).await? {
                error!(%error, "door panicked");
            }
        }
        self.stop_ingest.cancel();
        within(deadline, "documents to become durable", self.ingest.drained()).await?;
        self.stop_digest.cancel();
        within(deadline, "the digest worker", self.digest.stopped()).await?;
        within(deadline, "the store", self.store.close()).await??;
        Ok(())
    }
}

/// What ARNs show; Fluoro has neither accounts nor regions.
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

async fn within<F: Future>(deadline: Instant, part: &'static str, work: F) -> Result<F::Output, StopError> {
    tokio::time::timeout_at(deadline, work).await.map_err(|_| StopError::TooSlow(part))
}

async fn open_store(config: &Config) -> Result<Arc<dyn TraceStore>, StartError> {
    match &config.store {
        StoreChoice::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreChoice::Local(directory) => {
            let mut local = store_local::Config::new(directory);
            local.retention = config.retention;
            let key_file = config.encryption_key.clone();
            // Off the async workers, since it may have a log to replay.
            let opened = tokio::task::spawn_blocking(move || {
                local.keys = key_file.map(|file| Keys::read(&file)).transpose()?.map(Arc::new);
                LocalStore::open(local)
            })
            .await;
            let failed = |source| StartError::Store { directory: directory.display().to_string(), source };
            Ok(Arc::new(opened.expect("opening a store does not panic").map_err(failed)?))
        }
    }
}

/// Beside the traces; the store has made the directory and keeps other processes out of it.
async fn open_settings(choice: &StoreChoice) -> Result<Settings, StartError> {
    let account = Account { id: ACCOUNT.to_owned(), region: REGION.to_owned() };
    let choice = choice.clone();
    let opened = tokio::task::spawn_blocking(move || match choice {
        StoreChoice::Memory => Settings::in_memory(account).map_err(|source| (String::new(), source)),
        StoreChoice::Local(directory) => {
            Settings::open(&directory, account).map_err(|source| (directory.display().to_string(), source))
        }
    });
    let opened = opened.await.expect("opening settings does not panic");
    opened.map_err(|(directory, source)| StartError::Settings { directory, source })
}

/// The demo speaks to the server's own door, as any other sender would.
async fn play_demo(udp: SocketAddr, shutdown: CancellationToken) {
    let args = demo::Args { endpoint: reachable(udp).to_string(), quiet: true, ..demo::Args::default() };
    if let Err(error) = demo::run(args, shutdown).await {
        warn!(error = format!("{error:#}"), "demo ended");
    }
}

/// An address at which a socket that listens on `local` can be reached from this machine.
pub fn reachable(local: SocketAddr) -> SocketAddr {
    let ip = match local.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, local.port())
}

/// Whether other machines can reach a socket that listens on `local`.
pub fn is_exposed(local: SocketAddr) -> bool {
    // A loopback address of IPv4 can also be written as one of IPv6.
    !local.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_not_exposed() {
        let check =
            |address: &str, expected| assert_eq!(is_exposed(address.parse().unwrap()), expected, "{address}");
        check("127.0.0.1:2000", false);
        check("127.0.0.53:2000", false);
        check("[::1]:2000", false);
        check("[::ffff:127.0.0.1]:2000", false);
        check("0.0.0.0:2000", true);
        check("[::]:2000", true);
    }

    #[test]
    fn a_server_that_listens_everywhere_is_reached_on_loopback() {
        let check = |local: &str, expected: &str| {
            assert_eq!(reachable(local.parse().unwrap()).to_string(), expected);
        };
        check("0.0.0.0:2000", "127.0.0.1:2000");
        check("[::]:2000", "[::1]:2000");
        check("127.0.0.2:2000", "127.0.0.2:2000");
    }
}
