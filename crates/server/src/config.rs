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

use crate::tls::TlsFiles;
pub use flags::ServeFlags;
use source::{Given, Sources};
pub use store_local::Retention;

/// The settings of `fluoro serve`, valid by themselves; whether a port is free shows when they are built.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub bind: SocketAddr,
    pub store: StoreChoice,
    /// When the embedded engine drops traces.
    pub retention: Retention,
    /// The keys that it encrypts traces with, if it does.
    pub encryption_key: Option<PathBuf>,
    /// Whether requests must show a key.
    pub auth: bool,
    /// Where the keys are; none only without authentication, where there is no home directory.
    pub keys_file: Option<PathBuf>,
    /// Whether UDP is open at `bind` although there is authentication, which datagrams cannot have.
    pub udp_open: bool,
    /// HTTPS in place of HTTP.
    pub tls: Option<TlsFiles>,
    pub demo: bool,
    pub log: LogConfig,
    /// Settings that were given and that nothing heeds yet, as they were given.
    pub without_effect: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum StoreChoice {
    /// The embedded engine in this directory.
    Local(PathBuf),
    /// Nothing survives a restart.
    Memory,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LogConfig {
    pub format: LogFormat,
    /// A filter of `tracing_subscriber`.
    pub filter: String,
    /// On a terminal.
    pub has_colour: bool,
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
        let mut without_effect = without_effect(&mut sources);
        let retention = retention(&mut sources);
        let encryption_key = sources.parse("encryption-key", parse::file);
        let data_dir = sources.parse("data-dir", parse::directory);
        let auth = sources.parse("auth", parse::auth).unwrap_or(false);
        let keys_file =
            keys_file(&mut sources, data_dir.clone().or_else(|| default_data_dir(environment)), auth);
        let udp_open = sources.parse("udp-open", parse::switch).unwrap_or(false);
        let tls = tls_files(&mut sources);
        let store = match sources.parse("store", parse::store).unwrap_or(parse::Engine::Local) {
            parse::Engine::Memory => StoreChoice::Memory,
            parse::Engine::Local => StoreChoice::Local(data_dir.unwrap_or_else(|| {
                default_data_dir(environment).unwrap_or_else(|| {
                    sources.mistake(Mistake {
                        key: "data-dir".to_owned(),
                        what: "must be given, since there is no home directory".to_owned(),
                        place: "--data-dir".to_owned(),
                    });
                    PathBuf::new()
                })
            })),
        };
        if store == StoreChoice::Memory && retention != Retention::default() {
            without_effect.push("retention, since nothing is kept on disk".to_owned());
        }
        if store == StoreChoice::Memory && encryption_key.is_some() {
            without_effect.push("encryption-key, since nothing is kept on disk".to_owned());
        }
        let demo = sources.parse("demo", parse::switch).unwrap_or(false);
        let format = sources.parse("log-format", parse::log_format).unwrap_or(LogFormat::Text);
        let filter = sources.parse_variable("FLUORO_LOG", parse::log_filter);
        let filter = filter.unwrap_or_else(|| DEFAULT_LOG.to_owned());
        let log = LogConfig { format, filter, has_colour: has_colour(environment) };
        let config = Self {
            bind,
            store,
            retention,
            encryption_key,
            auth,
            keys_file,
            udp_open,
            tls,
            demo,
            log,
            without_effect,
        };
        sources.finish().map(|()| config)
    }
}

/// Whether people want colours: <https://no-color.org>.
pub fn has_colour(environment: Environment<'_>) -> bool {
    environment("NO_COLOR").is_none_or(|value| value.is_empty())
}

const DEFAULT_BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 2000);
const DEFAULT_LOG: &str = "info";

fn keys_file(sources: &mut Sources<'_>, data_dir: Option<PathBuf>, auth: bool) -> Option<PathBuf> {
    let file = sources.parse("keys", parse::file).or_else(|| Some(data_dir?.join("keys.json")));
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
    let [certificate, key] = ["tls-cert", "tls-key"].map(|key| sources.parse(key, parse::file));
    let lacks = match (&certificate, &key) {
        (Some(_), None) => "tls-key",
        (None, Some(_)) => "tls-cert",
        _ => return Some(TlsFiles { certificate: certificate?, key: key? }),
    };
    sources.mistake(Mistake {
        key: lacks.to_owned(),
        what: "must be given, since a certificate and its key go together".to_owned(),
        place: format!("--{lacks}"),
    });
    None
}

/// Their spelling is fixed, so that scripts can rely on it, but what heeds them comes later.
fn without_effect(sources: &mut Sources<'_>) -> Vec<String> {
    let mut given = Vec::new();
    for key in ["otlp-grpc", "otlp-http"] {
        if let Some(address) = sources.parse(key, parse::address) {
            given.push(format!("{key} {address}"));
        }
    }
    given
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
