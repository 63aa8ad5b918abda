//! From the text of a setting to its value, or to what is wrong with it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use settings::LogLinks;
use settings::log_link::LogLinkRule;
use tracing_subscriber::EnvFilter;

use super::{AuditTo, Demo, LogFormat, Proxies};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Engine {
    Local,
    Memory,
    /// At this URL.
    ClickHouse(String),
}

/// `ADDR:PORT`. Names are not looked up, `localhost` aside: what is listened on must not depend on a resolver.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse()
        .map_err(|_| format!("`{text}` is not an address and a port, such as 127.0.0.1:2000 or [::]:2000"))
}

/// An address, or `None` of a port that is to stay closed.
pub(super) fn otlp_port(text: &str) -> Result<Option<SocketAddr>, String> {
    match text {
        // What some readers of YAML make of a bare off.
        "off" | "false" => Ok(None),
        _ => address(text).map(Some).map_err(|what| format!("{what}, nor off")),
    }
}

pub(super) fn directory(text: &str) -> Result<PathBuf, String> {
    match text {
        "" => Err("is empty; it must be a directory".to_owned()),
        _ => Ok(PathBuf::from(text)),
    }
}

pub(super) fn file(text: &str) -> Result<PathBuf, String> {
    match text {
        "" => Err("is empty; it must be a file".to_owned()),
        _ => Ok(PathBuf::from(text)),
    }
}

/// A file that says who gets copies.
pub(super) fn endpoints(text: &str) -> Result<daemon::config::Config, String> {
    daemon::config::Config::of_copies(&file(text)?)
        .map_err(|error| format!("`{text}` cannot be used: {error}"))
}

pub(super) fn audit(text: &str) -> Result<AuditTo, String> {
    match text {
        "off" | "false" => Ok(AuditTo::Nowhere),
        "-" => Ok(AuditTo::Output),
        _ => file(text).map(AuditTo::File),
    }
}

/// Origins with commas between them.
pub(super) fn origins(text: &str) -> Result<Vec<api::Origin>, String> {
    text.split(',').filter(|part| !part.trim().is_empty()).map(str::parse).collect()
}

/// Rules that lead to log lines, as JSON of the list in the file.
pub(super) fn log_links(list: &str) -> Result<Arc<LogLinks>, String> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        #[serde(default = "everything")]
        service: String,
        title: String,
        url: String,
    }
    let rules: Vec<Rule> = serde_json::from_str(list).map_err(|error| {
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        format!("must be a list of `service`, `title` and `url`: {why}")
    })?;
    let rule = |Rule { service, title, url }| LogLinkRule { service, title, url };
    LogLinks::read(rules.into_iter().map(rule).collect()).map(Arc::new).map_err(|error| error.to_string())
}

fn everything() -> String {
    "*".to_owned()
}

/// Names with commas between them.
pub(super) fn redaction(text: &str) -> Result<capsule::Redaction, String> {
    capsule::Redaction::parse(text).map_err(|error| error.to_string())
}

/// Networks with commas between them.
pub(super) fn networks(text: &str) -> Result<Vec<ipnet::IpNet>, String> {
    let network = |text: &str| {
        let text = text.trim();
        let one = text.parse::<IpAddr>().map(ipnet::IpNet::from);
        one.or_else(|_| text.parse()).map_err(|_| format!("`{text}` is no network, such as 10.0.0.0/8"))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(network).collect()
}

pub(super) fn proxies(text: &str) -> Result<Proxies, String> {
    networks(text).and_then(Proxies::new)
}

/// Without the slash at its end.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    notify::check_url(text).map_err(|error| error.to_string())?;
    match text.contains(['?', '#']) {
        true => Err("has a query, and paths are put behind it".to_owned()),
        false => Ok(text.trim_end_matches('/').to_owned()),
    }
}

/// YAML of before 2009, and so some tools, make `true` of a bare `on`.
pub(super) fn auth(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(format!("`{text}` is neither on nor off")),
    }
}

pub(super) fn store(text: &str) -> Result<Engine, String> {
    match text {
        "local" => Ok(Engine::Local),
        "memory" => Ok(Engine::Memory),
        _ if text.starts_with("clickhouse://") || text.starts_with("clickhouses://") => {
            let known = store_clickhouse::Config::parse(text, "postgres://localhost");
            known.map(|_| Engine::ClickHouse(text.to_owned())).map_err(|mistake| mistake.to_string())
        }
        _ => Err(format!(
            "`{}` is neither local nor memory nor a URL that begins with clickhouse://",
            without_password(text)
        )),
    }
}

/// A URL of ClickHouse.
pub(super) fn mirror(text: &str) -> Result<String, String> {
    match store(text)? {
        Engine::ClickHouse(url) => Ok(url),
        Engine::Local | Engine::Memory => Err(format!("`{text}` is no URL that begins with clickhouse://")),
    }
}

/// What is printed of a URL that is wrong.
fn without_password(text: &str) -> &str {
    if text.contains('@') { text.split(':').next().unwrap_or_default() } else { text }
}

/// A URL of PostgreSQL.
pub(super) fn settings(text: &str) -> Result<String, String> {
    let known = store_clickhouse::Config::parse("clickhouse://localhost", text);
    known.map(|_| text.to_owned()).map_err(|mistake| mistake.to_string())
}

/// A switch with one position more.
pub(super) fn demo(text: &str) -> Result<Demo, String> {
    match (text, switch(text)) {
        ("outage", _) => Ok(Demo::Outage),
        (_, Ok(true)) => Ok(Demo::Calm),
        (_, Ok(false)) => Ok(Demo::Off),
        (_, Err(_)) => Err(format!("`{text}` is neither true, false nor outage")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

pub(super) fn host_names(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    let is_name = |name: &String| {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
        !name.is_empty() && name.chars().all(is_part)
    };
    match names.iter().find(|name| !is_name(name)) {
        Some(wrong) => Err(format!(
            "`{wrong}` is no name of a host; give names without a port, such as traces.example.com"
        )),
        None => Ok(names),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is neither text nor json")),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(format!("`{text}` does not say what to log, such as `debug` or `info,ingest=trace`")),
    }
}

/// A whole number and a unit.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time, such as 12h, 30d or 8w");
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let number: u32 = digits.parse().map_err(|_| wrong())?;
    let seconds: u64 = match &text[digits.len()..] {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    if number == 0 || digits.starts_with('+') {
        return Err(wrong());
    }
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

/// A whole number from 1 to 100 and a percent sign.
pub(super) fn percent(text: &str) -> Result<u8, String> {
    let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
    number
        .filter(|number| (1..=100).contains(number))
        .ok_or_else(|| format!("`{text}` is not a share from 1% to 100%"))
}
