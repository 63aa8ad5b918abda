//! From documents to the upstreams: the open batch, and for each upstream a backlog, an uploader and perhaps a spool.
//!
//! The agent's doors hand over what they take; a server hands over a copy of what it has kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::agent::StartError;
use crate::backlog::Backlog;
use crate::client::{self, HttpClient, ProxyChoice, Trust, Version};
use crate::config::{Config, Protocol, UpstreamConfig};
use crate::counters::Counters;
use crate::endpoint::{Endpoint, Endpoints};
use crate::environment::Environment;
use crate::identity::{self, Identity, Sources};
use crate::intake::Intake;
use crate::pace::Pace;
use crate::packing::Packing;
use crate::spool::Spool;
use crate::upload::{Stop, Uploader};
use crate::upstream::{Speech, Upstream};
use crate::{VERSION, memory};

/// The AWS daemon's slots, which it says the number of; tools look for the line.
const SLOT_BYTES: u64 = 64 << 10;
/// Upstreams that are not AWS's do not care, but a signature needs one.
const ANY_REGION: &str = "us-east-1";

/// Dropping it leaves uploads running; call [`Relay::stop`].
#[derive(Debug)]
pub struct Relay {
    counters: Arc<Counters>,
    intake: Arc<Intake>,
    backlogs: Vec<Arc<Backlog>>,
    uploaders: Mutex<Vec<JoinHandle<()>>>,
    /// Everything that will ever come is in the backlogs.
    complete: CancellationToken,
    /// Cancelled on drop: ends what goes on beside the uploads, such as that credentials are renewed.
    stopped: CancellationToken,
}

/// How a relay sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    /// For uploads after the last document.
    pub(crate) grace: Duration,
    /// Whether the documents are copies of what a server keeps.
    pub(crate) is_of_copies: bool,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.cancel();
    }
}

impl Relay {
    /// Takes documents that a server keeps, and sends copies of them on. For uploads after the last document there is a grace; what it does not suffice for
    /// goes to the spool, or is counted as abandoned.
    pub async fn start(
        config: &Config,
        environment: Environment<'_>,
        grace: Duration,
    ) -> Result<Self, StartError> {
        let endpoints = Endpoints::of(config, environment)?;
        let relay = Self::open(config, &endpoints)?;
        relay.connect(config, endpoints, environment, Sending { grace, is_of_copies: true }).await?;
        Ok(relay)
    }

    /// Takes documents, which wait in memory.
    pub(crate) fn open(config: &Config, endpoints: &Endpoints) -> Result<Self, StartError> {
        let memory_bytes = memory_limit(config)?;
        let counters = Arc::new(Counters::new(endpoints.names()));
        // Each has a share, since what they hold may differ.
        let share = memory_bytes / counters.upstreams.len().max(1);
        let backlogs: Vec<Arc<Backlog>> = counters
            .upstreams
            .iter()
            .map(|counters| Arc::new(Backlog::new(share, Arc::clone(counters))))
            .collect();
        let intake = Arc::new(Intake::new(backlogs.clone(), Arc::clone(&counters)));
        Ok(Self {
            counters,
            intake,
            backlogs,
            uploaders: Mutex::default(),
            complete: CancellationToken::new(),
            stopped: CancellationToken::new(),
        })
    }

    /// Begins to send to the upstreams, which it gives.
    pub(crate) async fn connect(
        &self,
        config: &Config,
        endpoints: Endpoints,
        environment: Environment<'_>,
        sending: Sending,
    ) -> Result<Vec<Arc<Upstream>>, StartError> {
        let upstreams = self.upstreams(config, endpoints, environment, sending.is_of_copies).await?;
        self.start_uploaders(config, &upstreams, sending.grace)?;
        let (intake, stopped) = (Arc::clone(&self.intake), self.stopped.clone());
        tokio::spawn(async move { intake.flush_in_time(stopped).await });
        Ok(upstreams)
    }

    /// Takes a document for every upstream. Never waits: where there is no room, the oldest is dropped and counted.
    pub fn push(&self, document: &[u8]) {
        self.intake.push(document);
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    pub(crate) fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    /// Sends what is left. Nothing may be pushed any more.
    pub async fn stop(&self) {
        self.intake.flush();
        self.complete.cancel();
        let uploaders = std::mem::take(&mut *self.uploaders.lock());
        for uploader in uploaders {
            if let Err(error) = uploader.await {
                error!(%error, "an uploader ended early");
            }
        }
    }

    /// Finds out the region, for which AWS's metadata may have to be asked, and so who the upstreams are.
    async fn upstreams(
        &self,
        config: &Config,
        endpoints: Endpoints,
        environment: Environment<'_>,
        is_of_copies: bool,
    ) -> Result<Vec<Arc<Upstream>>, StartError> {
        let proxy = ProxyChoice::of(&config.proxy_address, environment);
        let sources = Sources {
            local_mode: config.local_mode,
            profile: config.profile.clone(),
            role_arn: config.role_arn.clone(),
            proxy: proxy.address.clone(),
            ask_instance: endpoints.needs_region,
        };
        let region = match endpoints.needs_region {
            true => identity::find_region(&config.region, &sources, environment).await?,
            false => Some(config.region.clone())
                .filter(|region| !region.is_empty())
                .or_else(|| environment("AWS_REGION").filter(|region| !region.is_empty()))
                .unwrap_or_else(|| ANY_REGION.to_owned()),
        };
        info!("Using region: {region}");
        let endpoints = endpoints.in_region(&region, environment)?;
        let needs_machine = |(endpoint, given): (&Endpoint, &UpstreamConfig)| {
            endpoint.to_string().starts_with("https:") && given.authorities.is_none()
        };
        let trust = match config.verify_tls {
            false => Trust::Any,
            true => Trust::of_machine(endpoints.iter().zip(&config.endpoints).any(needs_machine)),
        };
        let identity = Identity::start(sources, region.clone(), self.stopped.clone());
        let user_agent = user_agent(environment);
        let upstream = |((endpoint, given), counters): ((Endpoint, &UpstreamConfig), &Arc<_>)| {
            let headers = given.headers(environment)?;
            let (speech, version) = match given.protocol {
                Protocol::Xray => (Speech::Xray, Version::Http1),
                Protocol::Otlp => (Speech::Otlp(headers), Version::Http1),
                Protocol::OtlpGrpc => (Speech::OtlpGrpc(headers), Version::Http2),
            };
            Ok(Arc::new(Upstream {
                packing: Packing::of(&endpoint, given, config.compression),
                speech,
                client: HttpClient::new(version, &proxy, &client::tls(&trust, given)?)?,
                endpoint,
                counters: Arc::clone(counters),
                identity: identity.clone(),
                region: region.clone(),
                user_agent: user_agent.clone(),
                is_of_copies,
            }))
        };
        let endpoints = endpoints.into_iter().zip(&config.endpoints);
        endpoints.zip(&self.counters.upstreams).map(upstream).collect()
    }

    fn start_uploaders(
        &self,
        config: &Config,
        upstreams: &[Arc<Upstream>],
        grace: Duration,
    ) -> Result<(), StartError> {
        let mut folders = HashMap::new();
        for (upstream, backlog) in upstreams.iter().zip(&self.backlogs) {
            let spool = match &config.spool {
                Some(spool) => {
                    // A folder of its own for each address, so that their order may change; of equal ones it counts.
                    let mut name = file_name(&upstream.endpoint.to_string());
                    let same = folders.entry(name.clone()).and_modify(|same| *same += 1).or_insert(1);
                    if *same > 1 {
                        name.push_str(&format!("-{same}"));
                    }
                    let folder = spool.folder.join(name);
                    let failed = |source| StartError::Spool { folder: folder.display().to_string(), source };
                    Some(Spool::open(folder.clone(), spool.max_bytes).map_err(failed)?)
                }
                None => None,
            };
            let pace = Pace::new(config.concurrency, config.max_concurrency);
            let uploader = Uploader::new(Arc::clone(upstream), Arc::clone(backlog), spool, pace);
            let stop = Stop { complete: self.complete.clone(), grace };
            self.uploaders.lock().push(tokio::spawn(uploader.run(stop)));
        }
        Ok(())
    }
}

fn memory_limit(config: &Config) -> Result<usize, StartError> {
    let megabytes = match u64::try_from(config.buffer_megabytes) {
        Ok(megabytes) if megabytes > 0 => megabytes,
        _ => memory::default_megabytes(),
    };
    info!("Using buffer memory limit of {megabytes} MB");
    if megabytes < memory::MIN_MEGABYTES {
        return Err(StartError::TooLittleMemory);
    }
    let bytes = megabytes << 20;
    info!("{} segment buffers allocated", bytes / SLOT_BYTES);
    Ok(usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// The token that X-Ray and people's dashboards know.
fn user_agent(environment: Environment<'_>) -> HeaderValue {
    let execution = environment("AWS_EXECUTION_ENV").filter(|name| !name.is_empty());
    let execution = execution.unwrap_or_else(|| "UNKNOWN".to_owned());
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let system = std::env::consts::OS;
    let text = format!(
        "fluoro/{VERSION} xray-agent/xray-daemon/{VERSION} exec-env/{execution} OS/{system}-{architecture}"
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("xray-agent/xray-daemon"))
}

/// An address as the name of a folder.
fn file_name(endpoint: &str) -> String {
    endpoint
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' })
        .collect()
}
