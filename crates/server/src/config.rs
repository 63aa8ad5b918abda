//! What the server is to do, as plain data: from flags, environment and file, or all their mistakes at once.

mod file;
mod flags;
mod parse;
mod source;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

pub use door::limits::Limits;
pub use door::proxies::Proxies;
use door::tls::KeyPair;
use ipnet::IpNet;

use crate::tls::TlsFiles;
pub use flags::ServeFlags;
use source::{Given, Sources};
pub use store_local::Retention;

/// The settings of `fluoro serve`, valid by themselves; whether a port is free shows when they are built.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub bind: SocketAddr,
    pub store: StoreChoice,
    /// Gets all traces of the data directory as well.
    pub mirror: Option<Box<store_clickhouse::Config>>,
    /// When the embedded engine drops traces.
    pub retention: Retention,
    /// The keys that it encrypts traces with, if it does.
    pub encryption_key: Option<PathBuf>,
    /// Whether requests must show a key.
    pub auth: bool,
    /// Where the keys are. None with ClickHouse, where they are with the settings unless a file is named; and without
    /// authentication, where there is no home directory.
    pub keys_file: Option<PathBuf>,
    /// Whether UDP is open at `bind` although strangers are kept out elsewhere.
    pub udp_open: bool,
    /// Names that requests may give beside private ones, where there is no authentication.
    pub host_names: Vec<String>,
    /// Whose word is taken on where requests come from.
    pub trusted_proxies: Proxies,
    /// HTTPS in place of HTTP.
    pub tls: Option<TlsFiles>,
    pub otlp_grpc: OtlpPort,
    pub otlp_http: OtlpPort,
    /// Whose pages may send spans.
    pub otlp_cors: Vec<api::Origin>,
    pub notify: NotifyConfig,
    /// Who gets copies of what is kept.
    pub endpoints: Option<Box<daemon::config::Config>>,
    pub demo: Demo,
    /// Whether the server records its own work.
    pub trace_self: bool,
    pub log: LogConfig,
    pub audit: AuditTo,
    /// Rules that lead from spans to their log lines; only the file has them.
    pub log_links: Arc<settings::LogLinks>,
    /// What no capsule has.
    pub redaction: capsule::Redaction,
    /// Of the doors; nobody sets them but tests.
    pub limits: Limits,
    /// Settings that were given and that nothing heeds yet, as they were given.
    pub without_effect: Vec<String>,
}

/// Whether the server sends the demo's traffic to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demo {
    #[default]
    Off,
    /// Nothing breaks but what always does.
    Calm,
    /// A service goes away after a while, comes back, and goes again.
    Outage,
}

/// A port for OTLP alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpPort {
    Off,
    /// Where clients look without being told; that another process has it is no reason not to start.
    Usual(SocketAddr),
    Given(SocketAddr),
}

/// What messages to people need.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NotifyConfig {
    /// Notifiers that are not changed by the API.
    pub file: Option<PathBuf>,
    /// Where people reach the console, without a slash at the end.
    pub public_url: Option<String>,
    /// Networks that may be called, and that may not.
    pub allow: Vec<IpNet>,
    pub deny: Vec<IpNet>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum StoreChoice {
    /// The embedded engine in this directory.
    Local(PathBuf),
    /// Nothing survives a restart.
    Memory,
    /// With everything else in PostgreSQL, so that there may be several processes.
    ClickHouse(Box<store_clickhouse::Config>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct LogConfig {
    pub format: LogFormat,
    /// A filter of `tracing_subscriber`.
    pub filter: String,
    /// On a terminal.
    pub has_colour: bool,
}

/// Where changes, sign-ins and refusals are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTo {
    Nowhere,
    /// Standard output.
    Output,
    File(PathBuf),
}

impl AuditTo {
    /// In the data directory, if there is one. A process that keeps nothing itself leaves it to whoever reads what it prints.
    fn beside(store: &StoreChoice) -> Self {
        match store {
            StoreChoice::Memory => Self::Nowhere,
            StoreChoice::Local(directory) => Self::File(directory.join("audit.log")),
            StoreChoice::ClickHouse(_) => Self::Output,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Everything that is wrong with the settings; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

/// What is wrong, and where it stands: a flag, a variable, or a place in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mistake {
    key: String,
    what: String,
    place: String,
}

/// Reads a variable of the environment, so that tests can pass one of their own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Config {
    pub fn load(flags: &ServeFlags, environment: Environment<'_>) -> Result<Self, Mistakes> {
        let mut sources = Sources::read(flags, environment);
        let bind = sources.parse("bind", parse::address).unwrap_or(DEFAULT_BIND);
        let mut without_effect = Vec::new();
        let [otlp_grpc, otlp_http] = [("otlp-grpc", 4317), ("otlp-http", 4318)]
            .map(|(key, port)| otlp_port(&mut sources, key, port, bind));
        let retention = retention(&mut sources);
        let encryption_key = sources.parse("encryption-key", parse::file);
        let data_dir = sources.parse("data-dir", parse::directory);
        let auth = sources.parse("auth", parse::auth).unwrap_or(false);
        let keys = sources.parse("keys", parse::file);
        let home = data_dir.clone().or_else(|| default_data_dir(environment));
        let udp_open = sources.parse("udp-open", parse::switch).unwrap_or(false);
        let otlp_cors = sources.parse("otlp-cors", parse::origins).unwrap_or_default();
        let host_names = sources.parse("host-name", parse::host_names).unwrap_or_default();
        let trusted_proxies = sources.parse("trusted-proxies", parse::proxies).unwrap_or_default();
        let tls = tls_files(&mut sources);
        let (store, mirror) = store(&mut sources, data_dir, environment, retention);
        let keys_file = match &store {
            StoreChoice::ClickHouse(_) => keys,
            _ => keys_file(&mut sources, keys, home, auth),
        };
        without_effect.extend(vain(&store, retention, encryption_key.is_some()));
        let notify = NotifyConfig {
            file: sources.parse("notifiers", parse::file),
            public_url: sources.parse("public-url", parse::public_url),
            allow: sources.parse("notify-allow", parse::networks).unwrap_or_default(),
            deny: sources.parse("notify-deny", parse::networks).unwrap_or_default(),
        };
        let endpoints = sources.parse("endpoints", parse::endpoints).map(|endpoints| match &store {
            StoreChoice::Local(directory) => endpoints.or_spool_in(directory.join("copies")),
            StoreChoice::Memory | StoreChoice::ClickHouse(_) => endpoints,
        });
        let demo = sources.parse("demo", parse::demo).unwrap_or_default();
        let trace_self = sources.parse("trace-self", parse::switch).unwrap_or(false);
        let format = sources.parse("log-format", parse::log_format).unwrap_or(LogFormat::Text);
        let filter = sources.parse_variable("FLUORO_LOG", parse::log_filter);
        let filter = filter.unwrap_or_else(|| DEFAULT_LOG.to_owned());
        let log = LogConfig { format, filter, has_colour: has_colour(environment) };
        let audit = sources.parse("audit-log", parse::audit).unwrap_or_else(|| AuditTo::beside(&store));
        let log_links = sources.parse_list("log-links", parse::log_links).unwrap_or_default();
        let redaction = sources.parse("capsule-redact", parse::redaction).unwrap_or_default();
        let config = Self {
            bind,
            store,
            mirror,
            retention,
            encryption_key,
            auth,
            keys_file,
            udp_open,
            host_names,
            trusted_proxies,
            tls,
            otlp_grpc,
            otlp_http,
            otlp_cors,
            notify,
            endpoints: endpoints.map(Box::new),
            demo,
            trace_self,
            log,
            audit,
            log_links,
            redaction,
            limits: Limits::SERVER,
            without_effect,
        };
        sources.finish().map(|()| config)
    }
}

/// A time, as flags of other commands take it, too.
pub(crate) fn parse_time(text: &str) -> Result<std::time::Duration, String> {
    parse::time(text)
}

/// A URL of PostgreSQL, likewise.
pub(crate) fn parse_settings(text: &str) -> Result<String, String> {
    parse::settings(text)
}

fn store(
    sources: &mut Sources<'_>,
    data_dir: Option<PathBuf>,
    environment: Environment<'_>,
    retention: Retention,
) -> (StoreChoice, Option<Box<store_clickhouse::Config>>) {
    let engine = sources.parse("store", parse::store).unwrap_or(parse::Engine::Local);
    let settings = sources.parse("settings", parse::settings);
    let mirror = sources.parse("store-mirror", parse::mirror);
    if mirror.is_some() && engine != parse::Engine::Local {
        let what = "is for traces in a data directory, which --store does not name".to_owned();
        let (key, place) = ("store-mirror".to_owned(), "--store-mirror".to_owned());
        sources.mistake(Mistake { key, what, place });
    }
    let is_clickhouse = matches!(engine, parse::Engine::ClickHouse(_)) || mirror.is_some();
    let what = match settings {
        Some(_) if !is_clickhouse => Some("is for --store clickhouse://… and --store-mirror alone"),
        None if is_clickhouse && !sources.has("settings") => Some(
            "must be given with ClickHouse: a PostgreSQL, such as postgres://fluoro:password@host/fluoro",
        ),
        _ => None,
    };
    if let Some(what) = what {
        let (key, place) = ("settings".to_owned(), "--settings".to_owned());
        sources.mistake(Mistake { key, what: what.to_owned(), place });
    }
    // Where one of the URLs is wrong, that was told.
    let clickhouse = |url: &str, digests: bool| {
        let config = store_clickhouse::Config::parse(url, &settings.clone().unwrap_or_default()).ok()?;
        Some(Box::new(store_clickhouse::Config { retention: retention.age, digests, ..config }))
    };
    match &engine {
        parse::Engine::Memory => return (StoreChoice::Memory, None),
        parse::Engine::ClickHouse(url) => {
            let config = clickhouse(url, true);
            return (config.map_or(StoreChoice::Memory, StoreChoice::ClickHouse), None);
        }
        parse::Engine::Local => {}
    }
    let mirror = mirror.and_then(|url| clickhouse(&url, false));
    let directory = data_dir.or_else(|| default_data_dir(environment)).unwrap_or_else(|| {
        sources.mistake(Mistake {
            key: "data-dir".to_owned(),
            what: "must be given, since there is no home directory".to_owned(),
            place: "--data-dir".to_owned(),
        });
        PathBuf::new()
    });
    (StoreChoice::Local(directory), mirror)
}

/// What was given and has no effect with this store.
fn vain(store: &StoreChoice, retention: Retention, encrypts: bool) -> Vec<String> {
    let mut vain = Vec::new();
    let mut add = |is_given: bool, what: &str| vain.extend(is_given.then(|| what.to_owned()));
    match store {
        StoreChoice::Local(_) => {}
        StoreChoice::Memory => {
            add(retention != Retention::default(), "retention, since nothing is kept on disk");
            add(encrypts, "encryption-key, since nothing is kept on disk");
        }
        StoreChoice::ClickHouse(..) => {
            add(retention.faults.is_some(), "retention-faults, since ClickHouse drops whole days");
            add(retention.disk_percent.is_some(), "retention-disk, since the disk is ClickHouse's");
            add(encrypts, "encryption-key, since the disk is ClickHouse's");
        }
    }
    vain
}

impl Config {
    /// Whether strangers are kept out, by keys or by certificates of clients; datagrams can have neither.
    pub(crate) fn keeps_strangers_out(&self) -> bool {
        self.auth || self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some())
    }
}

/// Whether people want colours: <https://no-color.org>.
pub fn has_colour(environment: Environment<'_>) -> bool {
    environment("NO_COLOR").is_none_or(|value| value.is_empty())
}

const DEFAULT_BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 2000);
const DEFAULT_LOG: &str = "info";

fn keys_file(
    sources: &mut Sources<'_>,
    keys: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    auth: bool,
) -> Option<PathBuf> {
    let file = keys.or_else(|| Some(data_dir?.join("keys.json")));
    if auth && file.is_none() {
        sources.mistake(Mistake {
            key: "keys".to_owned(),
            what: "must be given, since there is no home directory".to_owned(),
            place: "--keys".to_owned(),
        });
    }
    file
}

fn tls_files(sources: &mut Sources<'_>) -> Option<TlsFiles> {
    let [certificate, key, client_ca] =
        ["tls-cert", "tls-key", "tls-client-ca"].map(|key| sources.parse(key, parse::file));
    let pair = "must be given, since a certificate and its key go together";
    let (lacks, why) = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            return Some(TlsFiles { own: KeyPair { certificate, key }, client_ca });
        }
        (Some(_), None) => ("tls-key", pair),
        (None, Some(_)) => ("tls-cert", pair),
        (None, None) => {
            client_ca?;
            ("tls-cert", "must be given, since clients show certificates by TLS alone")
        }
    };
    sources.mistake(Mistake { key: lacks.to_owned(), what: why.to_owned(), place: format!("--{lacks}") });
    None
}

/// On loopback unless told otherwise, whatever `bind` is: what is to be reached from elsewhere is asked for. A server on any free port is
/// one of several on its machine, and leaves the usual ports alone.
fn otlp_port(sources: &mut Sources<'_>, key: &str, port: u16, bind: SocketAddr) -> OtlpPort {
    match sources.parse(key, parse::otlp_port) {
        Some(Some(address)) => OtlpPort::Given(address),
        None if bind.port() != 0 => {
            OtlpPort::Usual(SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port))
        }
        Some(None) | None => OtlpPort::Off,
    }
}

fn retention(sources: &mut Sources<'_>) -> Retention {
    let age = sources.parse("retention", parse::time);
    let faults = sources.parse("retention-faults", parse::time);
    let disk_percent = sources.parse("retention-disk", parse::percent);
    if let Some(faults) = faults
        && age.is_none_or(|age| faults < age)
    {
        sources.mistake(Mistake {
            key: "retention-faults".to_owned(),
            what: "must be longer than `retention`".to_owned(),
            place: "--retention-faults".to_owned(),
        });
    }
    Retention { age, faults, disk_percent }
}

/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn default_data_dir(environment: Environment<'_>) -> Option<PathBuf> {
    // The specification says that a relative path is to be ignored.
    let absolute = |name| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data_home = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data_home.join("fluoro"))
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "a setting is wrong:")?,
            many => write!(f, "{many} settings are wrong:")?,
        }
        for Mistake { key, what, place } in &self.0 {
            write!(f, "\n  {key}: {what} ({place})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl Given {
    fn mistake(&self, key: &str, what: String) -> Mistake {
        Mistake { key: key.to_owned(), what, place: self.place.clone() }
    }
}
