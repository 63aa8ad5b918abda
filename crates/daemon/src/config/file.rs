//! The file's keys, read with the AWS daemon's two degrees of strictness (docs/aws-daemon.md A9).

use std::fs;
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Keys of version 0, which went away.
const REMOVED: [&str; 5] = [
    "Profile.CPU",
    "Profile.Memory",
    "Socket.BufferSizeKB",
    "Logging.LogFormat",
    "Processor.BatchProcessorQueueSize",
];
/// Keys of version 0, which moved.
const MOVED: [&str; 5] =
    ["LogRotation", "Processor.Region", "Processor.Endpoint", "Processor.Routine", "MemoryLimit"];
const KNOWN: [&str; 28] = [
    "TotalBufferSizeMB",
    "Concurrency",
    "Endpoint",
    "Region",
    "Socket.UDPAddress",
    "Socket.TCPAddress",
    // AWS's daemon takes these and heeds none of them.
    "proxyserver.idleconntimeout",
    "proxyserver.maxidleconnsperhost",
    "proxyserver.maxidleconns",
    "Logging.LogRotation",
    "Logging.LogLevel",
    "Logging.LogPath",
    "LocalMode",
    "ResourceARN",
    "RoleARN",
    "Profile",
    "NoVerifySSL",
    "ProxyAddress",
    "Version",
    // Ours.
    "Endpoints",
    "MaxConcurrency",
    "ProxyAll",
    "Compression",
    "Socket.UnixAddress",
    "Socket.OTLPGRPCAddress",
    "Socket.OTLPHTTPAddress",
    "Spool.Directory",
    "Spool.SizeMB",
];
/// What people and tools look for in the log.
const SEE: &str = "Please refer to AWS X-Ray Documentation for more information.";
const MIGRATE: &str = "Use X-Ray Daemon Config Migration Script to update the config file.";

/// A file that cannot be used. The process logs it as it is and ends with 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    #[serde(rename = "TotalBufferSizeMB", deserialize_with = "integer")]
    pub(super) buffer_megabytes: Option<i64>,
    #[serde(rename = "Concurrency", deserialize_with = "integer")]
    pub(super) concurrency: Option<i64>,
    #[serde(rename = "MaxConcurrency", deserialize_with = "integer")]
    pub(super) max_concurrency: Option<i64>,
    #[serde(rename = "Endpoint")]
    pub(super) endpoint: Option<String>,
    #[serde(rename = "Endpoints")]
    pub(super) endpoints: Option<Vec<Value>>,
    #[serde(rename = "Region")]
    pub(super) region: Option<String>,
    #[serde(rename = "Socket")]
    pub(super) socket: Option<Socket>,
    #[serde(rename = "Logging")]
    pub(super) logging: Option<Logging>,
    #[serde(rename = "LocalMode")]
    pub(super) local_mode: Option<bool>,
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<String>,
    #[serde(rename = "RoleARN")]
    pub(super) role_arn: Option<String>,
    #[serde(rename = "Profile")]
    pub(super) profile: Option<String>,
    #[serde(rename = "NoVerifySSL")]
    pub(super) no_verify_ssl: Option<bool>,
    #[serde(rename = "ProxyAddress")]
    pub(super) proxy_address: Option<String>,
    #[serde(rename = "ProxyAll")]
    pub(super) proxy_all: Option<bool>,
    #[serde(rename = "Compression")]
    pub(super) compression: Option<String>,
    #[serde(rename = "Spool")]
    pub(super) spool: Option<Spool>,
    #[serde(rename = "Version", deserialize_with = "integer")]
    version: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Socket {
    #[serde(rename = "UDPAddress")]
    pub(super) udp: Option<String>,
    #[serde(rename = "TCPAddress")]
    pub(super) tcp: Option<String>,
    #[serde(rename = "UnixAddress")]
    pub(super) unix: Option<String>,
    #[serde(rename = "OTLPGRPCAddress")]
    pub(super) otlp_grpc: Option<String>,
    #[serde(rename = "OTLPHTTPAddress")]
    pub(super) otlp_http: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Logging {
    #[serde(rename = "LogRotation")]
    pub(super) rotation: Option<bool>,
    #[serde(rename = "LogLevel")]
    pub(super) level: Option<String>,
    #[serde(rename = "LogPath")]
    pub(super) path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spool {
    #[serde(rename = "Directory")]
    pub(super) directory: Option<String>,
    #[serde(rename = "SizeMB", deserialize_with = "integer")]
    pub(super) size: Option<i64>,
}

impl File {
    /// A key that is there and means nothing to who has doors and a log already.
    pub(super) fn of_doors(&self) -> Option<&'static str> {
        let keys = [
            ("Socket", self.socket.is_some()),
            ("Logging", self.logging.is_some()),
            ("ProxyAll", self.proxy_all.is_some()),
            ("ResourceARN", self.resource_arn.is_some()),
        ];
        keys.into_iter().find_map(|(key, is_there)| is_there.then_some(key))
    }
}

impl ConfigError {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

/// A file at a default location: the types must fit and the version be known; other keys do not matter.
pub(super) fn read_lenient(path: &Path) -> Result<File, ConfigError> {
    parse_lenient(&text(path)?)
}

/// A file that `-c` names: every key must be known, and the version be there.
pub(super) fn read_strict(path: &Path) -> Result<File, ConfigError> {
    parse_strict(&text(path)?)
}

fn text(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|error| unusable(&format!("open {}: {error}", path.display())))
}

pub(super) fn parse_lenient(text: &str) -> Result<File, ConfigError> {
    let file: File = from_yaml::<Option<File>>(text)?.unwrap_or_default();
    match file.version {
        Some(1 | 2) => Ok(file),
        _ => Err(ConfigError(format!("Config Version Setting is not correct. {MIGRATE} {SEE}"))),
    }
}

pub(super) fn parse_strict(text: &str) -> Result<File, ConfigError> {
    if let Some(Value::Object(keys)) = from_yaml::<Option<Value>>(text)? {
        check_keys(&keys)?;
    }
    parse_lenient(text)
}

fn check_keys(keys: &serde_json::Map<String, Value>) -> Result<(), ConfigError> {
    if !keys.contains_key("Version") {
        return Err(ConfigError(format!("Config Version is missing. {MIGRATE} {SEE}")));
    }
    let paths = keys.iter().flat_map(|(key, value)| match value {
        Value::Object(children) => children.keys().map(|child| format!("{key}.{child}")).collect(),
        _ => vec![key.clone()],
    });
    for path in paths {
        let path = path.as_str();
        if KNOWN.contains(&path) {
            continue;
        }
        return Err(ConfigError(if REMOVED.contains(&path) {
            format!("{path} flag is not supported any more. {SEE}")
        } else if MOVED.contains(&path) {
            format!("{path} flag is not supported. {MIGRATE} {SEE}")
        } else {
            format!("{path} flag is invalid. {SEE}")
        }));
    }
    Ok(())
}

fn from_yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    // As yaml.v2 does it, YAML 1.1: `yes` and `on` are true, and of two equal keys the last one counts.
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        strict_booleans: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| unusable(&format!("yaml: {}", error.without_snippet())))
}

/// As yaml.v2 does, takes no number in quotes.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => {
            value.as_i64().map(Some).ok_or_else(|| D::Error::custom(format!("{value} is not an integer")))
        }
    }
}

fn unusable(why: &str) -> ConfigError {
    ConfigError(format!("Error occur when using config flag: {why}"))
}
