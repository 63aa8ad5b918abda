//! From the text of a setting to its value, or to what is wrong with it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::LogFormat;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Local,
    Memory,
}

/// `ADDR:PORT`. Names are not looked up, `localhost` aside: what is listened on must not depend on a resolver.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse()
        .map_err(|_| format!("`{text}` is not an address and a port, such as 127.0.0.1:2000 or [::]:2000"))
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
        _ if text.starts_with("clickhouse:") => Err("ClickHouse is not supported yet".to_owned()),
        _ => Err(format!("`{text}` is neither local nor memory")),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
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
