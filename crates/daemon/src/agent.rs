//! The whole agent: its parts are built in one order and stopped in that order.
//!
//! ```text
//! doors ─► relay (intake ─► backlogs ─► uploaders)
//! ```
//! The doors open first and documents wait in memory, so that neither a slow region lookup nor a missing
//! upstream costs any. At the stop the doors close, the open batch is closed, and the uploaders send what is
//! left.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Weak};
use std::time::Duration;

use door::udp;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::VERSION;
use crate::client::ClientError;
use crate::config::{Config, ConfigError, OtlpPort};
use crate::counters::Counters;
use crate::endpoint::Endpoints;
use crate::environment::Environment;
use crate::identity::{self, RegionError};
use crate::intake;
use crate::otlp;
use crate::proxy::{self, Proxy};
use crate::relay::{Relay, Sending};
use crate::telemetry::{self, Host, Reporter};
use crate::upstream::Upstream;

/// Orchestrators kill after their own grace; ours is 5 s for everything.
const STOP_LIMIT: Duration = Duration::from_millis(4_600);
/// Most of it is for uploads after the doors have closed.
const SENDING: Sending = Sending { grace: Duration::from_millis(3_600), is_of_copies: false };

/// An agent that runs. Dropping it leaves its tasks running; call [`Agent::stop`].
#[derive(Debug)]
pub struct Agent {
    pub udp: SocketAddr,
    /// `None` where the address could not be bound, which the AWS daemon survives too.
    pub tcp: Option<SocketAddr>,
    /// By gRPC and by HTTP; `None` where one is off, or belongs to another process.
    pub otlp: [Option<SocketAddr>; 2],
    pub counters: Arc<Counters>,
    relay: Relay,
    udp_closed: oneshot::Receiver<()>,
    udp_alive: Weak<()>,
    unix: Option<JoinHandle<()>>,
    otlp_doors: Vec<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    stop_doors: CancellationToken,
    stop_others: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("Not enough Buffers Memory Allocated. Min Buffers Memory required: 3 MB.")]
    TooLittleMemory,
    #[error("{0:?} is not an address to listen on")]
    Address(String),
    #[error("cannot listen on {address}")]
    Listen { address: String, source: io::Error },
    #[error(transparent)]
    Region(#[from] RegionError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot use the spool in {folder}")]
    Spool { folder: String, source: io::Error },
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// What is bound before anything else happens.
struct Doors {
    udp: UdpSocket,
    tcp: Option<tokio::net::TcpListener>,
    unix: Option<tokio::net::UnixListener>,
    otlp: [Option<tokio::net::TcpListener>; 2],
}

impl Agent {
    /// Opens the doors, finds out the region, and starts every part.
    pub async fn start(config: &Config, environment: Environment<'_>) -> Result<Self, StartError> {
        info!("Initializing AWS X-Ray daemon {VERSION} (Fluoro)");
        let endpoints = Endpoints::of(config, environment)?;
        let relay = Relay::open(config, &endpoints)?;
        let doors = Doors::open(config)?;
        let stop_doors = CancellationToken::new();
        let (intake, counters) = (Arc::clone(relay.intake()), Arc::clone(relay.counters()));
        let address = |found: io::Result<SocketAddr>| {
            found.map_err(|source| StartError::Listen { address: config.udp_address.clone(), source })
        };
        let udp = address(doors.udp.local_addr())?;
        let alive = Arc::new(());
        let udp_alive = Arc::downgrade(&alive);
        let udp_closed = intake::receive_udp(doors.udp, Arc::clone(&intake), alive, stop_doors.clone());
        let mut agent = Self {
            udp,
            tcp: doors.tcp.as_ref().and_then(|listener| listener.local_addr().ok()),
            otlp: doors.otlp.each_ref().map(|listener| listener.as_ref()?.local_addr().ok()),
            counters: Arc::clone(&counters),
            relay,
            udp_closed: udp_closed.map_err(StartError::Thread)?,
            udp_alive,
            unix: None,
            otlp_doors: Vec::new(),
            others: Vec::new(),
            stop_doors,
            stop_others: CancellationToken::new(),
        };
        agent.unix = doors.unix.map(|listener| {
            tokio::spawn(intake::receive_unix(listener, Arc::clone(&intake), agent.stop_doors.clone()))
        });
        let door = Arc::new(otlp::Door::new(intake, counters, config.spool.is_some()));
        for listener in doors.otlp.into_iter().flatten() {
            let serving = Arc::clone(&door).serve(listener, agent.stop_doors.clone());
            agent.otlp_doors.push(tokio::spawn(serving));
        }
        let upstreams = agent.relay.connect(config, endpoints, environment, SENDING).await?;
        agent.start_others(config, &upstreams, doors.tcp, environment);
        Ok(agent)
    }

    fn start_others(
        &mut self,
        config: &Config,
        upstreams: &[Arc<Upstream>],
        tcp: Option<tokio::net::TcpListener>,
        environment: Environment<'_>,
    ) {
        let host =
            self.find_host(config, environment, upstreams.iter().any(|upstream| upstream.endpoint.is_aws()));
        let xray = || upstreams.iter().enumerate().filter(|(_, upstream)| upstream.speaks_xray());
        for (index, upstream) in xray() {
            let counters = Arc::clone(&self.counters);
            let reporter = Reporter { counters, upstream: Arc::clone(upstream), host: host.clone(), index };
            self.others.push(tokio::spawn(reporter.run(self.stop_others.clone())));
        }
        let counters = Arc::clone(&self.counters);
        self.others.push(tokio::spawn(telemetry::log_each_minute(counters, self.stop_others.clone())));
        if let (Some(listener), Some(address)) = (tcp, self.tcp) {
            let first = xray().next().map(|(_, upstream)| Arc::clone(upstream));
            proxy::announce(first.as_deref(), address);
            let udp = Weak::clone(&self.udp_alive);
            let is_healthy = Box::new(move || udp.strong_count() > 0);
            let proxy = Proxy::new(first, Arc::clone(&self.counters), config.proxy_all, is_healthy);
            self.others.push(tokio::spawn(Arc::new(proxy).serve(listener, self.stop_doors.clone())));
        }
    }

    /// What telemetry says about the machine; metadata is asked beside everything else.
    fn find_host(
        &self,
        config: &Config,
        environment: Environment<'_>,
        has_aws: bool,
    ) -> watch::Receiver<Host> {
        let known = Host {
            instance: environment("AWS_INSTANCE_ID").unwrap_or_default(),
            name: environment("AWS_HOSTNAME").unwrap_or_default(),
            resource_arn: config.resource_arn.clone(),
        };
        let (sender, host) = watch::channel(known.clone());
        if has_aws && !config.local_mode && (known.instance.is_empty() || known.name.is_empty()) {
            let stop = self.stop_others.clone();
            tokio::spawn(async move {
                let found = tokio::select! {
                    found = async {
                        let instance = identity::metadata("/latest/meta-data/instance-id").await;
                        // Where there is no instance, nobody knows its name either.
                        let name = match &instance {
                            Some(_) => identity::metadata("/latest/meta-data/hostname").await,
                            None => None,
                        };
                        (instance, name)
                    } => found,
                    () = stop.cancelled() => return,
                };
                let choose = |known: String, found: Option<String>| {
                    if known.is_empty() { found.unwrap_or_default() } else { known }
                };
                let (instance, name) = (choose(known.instance, found.0), choose(known.name, found.1));
                sender.send_replace(Host { instance, name, ..known });
            });
        }
        host
    }

    /// Closes the doors, takes what the kernel holds, and sends what is left, all within 5 s.
    pub async fn stop(mut self) {
        let deadline = Instant::now() + STOP_LIMIT;
        self.stop_doors.cancel();
        match tokio::time::timeout_at(deadline, &mut self.udp_closed).await {
            Ok(Ok(())) => {}
            other => error!("UDP door did not end as it should: {other:?}"),
        }
        if let Some(unix) = self.unix.take() {
            let _ = tokio::time::timeout_at(deadline, unix).await;
        }
        for door in self.otlp_doors.drain(..) {
            let _ = tokio::time::timeout_at(deadline, door).await;
        }
        if tokio::time::timeout_at(deadline, self.relay.stop()).await.is_err() {
            error!("uploads did not end in time");
        }
        // Only now, so that the last record counts everything.
        self.stop_others.cancel();
        for other in self.others.drain(..) {
            if tokio::time::timeout_at(deadline, other).await.is_err() {
                debug!("left a task that did not end in time");
            }
        }
    }
}

impl Doors {
    fn open(config: &Config) -> Result<Self, StartError> {
        let udp = resolve(&config.udp_address)?;
        let tcp = resolve(&config.tcp_address)?;
        let listen = |address: &str, source| StartError::Listen { address: address.to_owned(), source };
        let unix = match &config.unix_address {
            Some(path) => {
                let bound = intake::bind_unix(path);
                Some(bound.map_err(|source| listen(&path.display().to_string(), source))?)
            }
            None => None,
        };
        let (grpc, http) = (open_otlp(&config.otlp[0])?, open_otlp(&config.otlp[1])?);
        Ok(Self {
            otlp: [grpc, http],
            udp: udp::bind(udp).map_err(|source| listen(&config.udp_address, source))?,
            tcp: proxy::bind(tcp),
            unix,
        })
    }
}

fn open_otlp(port: &OtlpPort) -> Result<Option<tokio::net::TcpListener>, StartError> {
    match port {
        OtlpPort::Off => Ok(None),
        OtlpPort::Usual(address) => match otlp::bind(resolve(address)?) {
            Ok(listener) => Ok(Some(listener)),
            Err(error) => {
                warn!(
                    "OTLP is not taken on {address}: {error}; give another address or off by --otlp-grpc and --otlp-http"
                );
                Ok(None)
            }
        },
        OtlpPort::Given(address) => {
            let listen = |source| StartError::Listen { address: address.clone(), source };
            otlp::bind(resolve(address)?).map(Some).map_err(listen)
        }
    }
}

/// Names are looked up once; nothing in front of the port means every address, as in Go.
fn resolve(address: &str) -> Result<SocketAddr, StartError> {
    let full = if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() };
    let found = full.to_socket_addrs().ok().and_then(|mut found| found.next());
    found.ok_or_else(|| StartError::Address(address.to_owned()))
}
