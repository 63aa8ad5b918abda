//! What the agent is to do, as plain data: the file's keys, which the flags beat.

mod file;
#[cfg(test)]
mod tests;
mod upstream;

use std::path::{Path, PathBuf};

use crate::flags::Flags;

pub use file::ConfigError;
pub use upstream::{Protocol, UpstreamConfig};

/// Where the AWS daemon looks without `-c`; the second lies in the working directory.
pub const DEFAULT_FILES: [&str; 2] = ["/etc/amazon/xray/cfg.yaml", "cfg.yaml"];
const DEFAULT_ADDRESS: &str = "127.0.0.1:2000";
const DEFAULT_CONCURRENCY: usize = 8;
/// Enough for 64,000 documents a second at 200 ms an upload.
const DEFAULT_MAX_CONCURRENCY: usize = 256;
const DEFAULT_SPOOL_MEGABYTES: u64 = 1_024;

/// The settings, not yet looked at: whether an address can be bound shows when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Of the documents that wait, in MB; 0 or less stands for the default.
    pub buffer_megabytes: i64,
    /// Uploads in flight to begin with, for each upstream.
    pub concurrency: usize,
    /// What it may grow to while all uploads are busy and none is throttled.
    pub max_concurrency: usize,
    pub region: String,
    /// Upstreams. The first that speaks X-Ray also answers the proxy.
    pub endpoints: Vec<UpstreamConfig>,
    pub udp_address: String,
    pub tcp_address: String,
    pub unix_address: Option<PathBuf>,
    /// For OTLP, by gRPC and by HTTP; either takes both.
    pub otlp: [OtlpPort; 2],
    pub log: LogConfig,
    pub local_mode: bool,
    pub resource_arn: String,
    pub role_arn: String,
    pub profile: String,
    pub verify_tls: bool,
    pub proxy_address: String,
    /// Forwards whatever comes, as AWS's daemon does, and not only what SDKs ask for.
    pub proxy_all: bool,
    pub compression: Compression,
    pub spool: Option<SpoolConfig>,
}

/// Where spans of OTLP are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtlpPort {
    Off,
    /// Where exporters look without being told. A server on this machine may have it already.
    Usual(&'static str),
    Given(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    pub rotate: bool,
    /// As it was given; what is unknown means all (docs/aws-daemon.md A11).
    pub level: String,
    pub file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolConfig {
    pub folder: PathBuf,
    /// For each upstream.
    pub max_bytes: u64,
}

/// How uploads are packed. X-Ray takes none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As the upstream says in `Accept-Encoding` of its answers, unless it is on this machine.
    Auto,
    None,
    Gzip,
    Zstd,
}

impl Config {
    /// Reads the file, of which the default ones are read even where `-c` names another, as AWS's does.
    pub fn load(flags: &Flags, default_files: &[&Path]) -> Result<Self, ConfigError> {
        let default = default_files.iter().find(|path| path.exists());
        let mut file = match default {
            Some(path) => file::read_lenient(path)?,
            None => file::File::default(),
        };
        if let Some(path) = &flags.config
            && !path.is_empty()
        {
            file = file::read_strict(Path::new(path))?;
        }
        Self::merge(flags, file)
    }

    /// Reads who gets copies of what a server keeps. The file is the agent's, without what the server has options of its own for.
    pub fn of_copies(path: &Path) -> Result<Self, ConfigError> {
        let file = file::read_strict(path)?;
        let wrong = |what: &str| Err(ConfigError::new(what.to_owned()));
        if let Some(key) = file.of_doors() {
            return wrong(&format!(
                "{key} is of the agent alone; leave it out, the server has options of its own."
            ));
        }
        if file.endpoint.is_none() && file.endpoints.as_ref().is_none_or(Vec::is_empty) {
            return wrong("Endpoints is missing: the addresses of those who get copies.");
        }
        if file.spool.as_ref().is_some_and(|spool| spool.size.is_some() && spool.directory.is_none()) {
            return wrong("Spool.SizeMB needs Spool.Directory beside it.");
        }
        Self::merge(&Flags::default(), file)
    }

    /// Lets what cannot be sent wait in this folder, unless the file names another.
    pub fn or_spool_in(mut self, folder: PathBuf) -> Self {
        let max_bytes = DEFAULT_SPOOL_MEGABYTES << 20;
        self.spool.get_or_insert(SpoolConfig { folder, max_bytes });
        self
    }

    fn merge(flags: &Flags, file: file::File) -> Result<Self, ConfigError> {
        let text = |flag: &Option<String>, key: Option<String>| flag.clone().or(key).unwrap_or_default();
        let or_default = |value: String| if value.is_empty() { DEFAULT_ADDRESS.to_owned() } else { value };
        let path = |value: String| Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty());
        let positive = |number: Option<i64>| {
            number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0)
        };
        let socket = file.socket.unwrap_or_default();
        let logging = file.logging.unwrap_or_default();
        let spool = file.spool.unwrap_or_default();
        let entries = file.endpoints.unwrap_or_default().into_iter().enumerate();
        let mut endpoints: Vec<UpstreamConfig> =
            entries.map(|(index, entry)| upstream::read(entry, index)).collect::<Result<_, _>>()?;
        if let Some(endpoint) = file.endpoint.filter(|endpoint| !endpoint.is_empty() || endpoints.is_empty())
        {
            endpoints.insert(0, endpoint.into());
        }
        if endpoints.is_empty() {
            endpoints.push(String::new().into());
        }
        let verify_tls = !file.no_verify_ssl.unwrap_or(false);
        if !verify_tls && endpoints.iter().any(|upstream| upstream.authorities.is_some()) {
            return Err(ConfigError::new(
                "Endpoints has a CAFile, and NoVerifySSL takes any certificate; leave one of the two out."
                    .to_owned(),
            ));
        }
        let concurrency = positive(file.concurrency).unwrap_or(DEFAULT_CONCURRENCY);
        let max_concurrency = positive(file.max_concurrency).unwrap_or(DEFAULT_MAX_CONCURRENCY);
        let max_spool = positive(spool.size).map_or(DEFAULT_SPOOL_MEGABYTES, |size| size as u64);
        let udp_address = or_default(text(&flags.bind_udp, socket.udp));
        // Who asks for any port, such as a test, does not want one that everybody knows.
        let usual = |address| match udp_address.ends_with(":0") {
            true => OtlpPort::Off,
            false => OtlpPort::Usual(address),
        };
        Ok(Self {
            buffer_megabytes: flags.buffer_memory_megabytes.or(file.buffer_megabytes).unwrap_or(0),
            concurrency,
            max_concurrency: max_concurrency.max(concurrency),
            region: text(&flags.region, file.region),
            endpoints,
            tcp_address: or_default(text(&flags.bind_tcp, socket.tcp)),
            unix_address: path(socket.unix.unwrap_or_default()),
            otlp: [
                otlp_port(text(&flags.otlp_grpc, socket.otlp_grpc), usual("127.0.0.1:4317")),
                otlp_port(text(&flags.otlp_http, socket.otlp_http), usual("127.0.0.1:4318")),
            ],
            udp_address,
            log: LogConfig {
                rotate: logging.rotation.unwrap_or(true),
                level: text(&flags.log_level, logging.level.filter(|level| !level.is_empty())),
                file: path(text(&flags.log_file, logging.path)),
            },
            local_mode: flags.local_mode.or(file.local_mode).unwrap_or(false),
            resource_arn: text(&flags.resource_arn, file.resource_arn),
            role_arn: text(&flags.role_arn, file.role_arn),
            profile: file.profile.unwrap_or_default(),
            verify_tls,
            proxy_address: text(&flags.proxy_address, file.proxy_address),
            proxy_all: file.proxy_all.unwrap_or(false),
            compression: compression(file.compression.as_deref().unwrap_or("auto"), "Compression")?,
            spool: path(text(&flags.spool, spool.directory))
                .map(|folder| SpoolConfig { folder, max_bytes: max_spool << 20 }),
        })
    }
}

fn otlp_port(given: String, usual: OtlpPort) -> OtlpPort {
    match given.as_str() {
        "" => usual,
        "off" => OtlpPort::Off,
        _ => OtlpPort::Given(given),
    }
}

fn compression(name: &str, place: &str) -> Result<Compression, ConfigError> {
    match name {
        "" | "auto" => Ok(Compression::Auto),
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        other => Err(ConfigError::new(format!("{place} is {other:?}, not auto, none, gzip or zstd."))),
    }
}
