//! One entry of `Endpoints`: an address, or an address with what the upstream there speaks.

use std::path::PathBuf;

use door::tls::KeyPair;
use http::HeaderMap;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TE,
    TRANSFER_ENCODING, USER_AGENT,
};
use serde_json::{Map, Value};

use super::{Compression, ConfigError, compression};
use crate::environment::Environment;

/// Set by the agent for each request, and of one connection.
const RESERVED: [HeaderName; 8] =
    [CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRANSFER_ENCODING, USER_AGENT];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// An empty one stands for X-Ray in the region, as `aws` does.
    pub address: String,
    pub protocol: Protocol,
    /// Of each request to an upstream of OTLP. Values are secrets, or name variables of the environment that hold them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Where it is not that of all upstreams.
    pub compression: Option<Compression>,
    /// Who may sign the upstream's certificate, PEM, in place of the machine's authorities.
    pub authorities: Option<PathBuf>,
    /// What it is shown.
    pub certificate: Option<KeyPair>,
}

/// What an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// PutTraceSegments, of AWS and of Fluoro.
    Xray,
    /// OTLP by HTTP, in protobuf.
    Otlp,
    /// OTLP by gRPC.
    OtlpGrpc,
}

impl From<String> for UpstreamConfig {
    fn from(address: String) -> Self {
        Self {
            address,
            protocol: Protocol::Xray,
            headers: Vec::new(),
            compression: None,
            authorities: None,
            certificate: None,
        }
    }
}

impl UpstreamConfig {
    /// The headers with each `${NAME}` in a value replaced by that variable.
    pub(crate) fn headers(&self, environment: Environment<'_>) -> Result<HeaderMap, ConfigError> {
        self.headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), expanded(name, value, environment)?)))
            .collect()
    }
}

fn expanded(
    name: &HeaderName,
    value: &HeaderValue,
    environment: Environment<'_>,
) -> Result<HeaderValue, ConfigError> {
    // Bytes that are no text name no variable.
    let Some((before, rest)) = value.to_str().ok().and_then(|value| value.split_once("${")) else {
        return Ok(value.clone());
    };
    let wrong = |why: &str| Err(ConfigError::new(format!("Endpoints: the value of the header {name} {why}")));
    let Some((variable, after)) = rest.split_once('}') else {
        return wrong("has ${ without the } that ends the name of a variable.");
    };
    let Some(found) = environment(variable).filter(|found| !found.is_empty()) else {
        return wrong(&format!(
            "names the variable {variable}, which is not set; set it in the agent's environment."
        ));
    };
    // What a variable holds is taken as it is, and what follows it may name more.
    let Ok(mut whole) = HeaderValue::from_str(&format!("{before}{}", found.trim())) else {
        return wrong(&format!(
            "is not one with what the variable {variable} holds: a line break or another control character."
        ));
    };
    if !after.is_empty() {
        let after = HeaderValue::from_str(after).expect("it is a part of a value");
        let after = expanded(name, &after, environment)?;
        whole =
            HeaderValue::from_bytes(&[whole.as_bytes(), after.as_bytes()].concat()).expect("both are values");
    }
    whole.set_sensitive(true);
    Ok(whole)
}

/// Reads the entry at a place; each error names it.
pub(super) fn read(entry: Value, index: usize) -> Result<UpstreamConfig, ConfigError> {
    let place = format!("Endpoints[{index}]");
    match entry {
        Value::Null => Ok(String::new().into()),
        Value::String(address) => Ok(address.into()),
        Value::Object(keys) => of_keys(keys, &place),
        _ => Err(ConfigError::new(format!(
            "{place} is neither an address nor keys such as Endpoint and Protocol."
        ))),
    }
}

fn of_keys(keys: Map<String, Value>, place: &str) -> Result<UpstreamConfig, ConfigError> {
    let mut upstream = UpstreamConfig::from(String::new());
    let [mut certificate, mut certificate_key] = [None, None];
    for (key, value) in keys {
        let place = format!("{place}.{key}");
        match key.as_str() {
            "Endpoint" => upstream.address = text(value, &place)?,
            "Protocol" => upstream.protocol = protocol(&text(value, &place)?, &place)?,
            "Compression" => upstream.compression = Some(compression(&text(value, &place)?, &place)?),
            "Headers" => upstream.headers = headers(value, &place)?,
            "CAFile" => upstream.authorities = path(value, &place)?,
            "CertificateFile" => certificate = path(value, &place)?,
            "KeyFile" => certificate_key = path(value, &place)?,
            _ => {
                return Err(ConfigError::new(format!(
                    "{place} is unknown; an entry has Endpoint, Protocol, Headers, Compression, CAFile, CertificateFile and KeyFile."
                )));
            }
        }
    }
    upstream.certificate = match (certificate, certificate_key) {
        (Some(certificate), Some(key)) => Some(KeyPair { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            return Err(ConfigError::new(format!("{place}.CertificateFile needs KeyFile beside it.")));
        }
        (None, Some(_)) => {
            return Err(ConfigError::new(format!("{place}.KeyFile needs CertificateFile beside it.")));
        }
    };
    check(&upstream, place)?;
    Ok(upstream)
}

fn check(upstream: &UpstreamConfig, place: &str) -> Result<(), ConfigError> {
    let wrong = |why: &str| Err(ConfigError::new(format!("{place}{why}")));
    let has_files = upstream.authorities.is_some() || upstream.certificate.is_some();
    if has_files && upstream.address.starts_with("http://") {
        return wrong(
            ".Endpoint begins with http://, where no certificate is shown or looked at; say https:// there.",
        );
    }
    if upstream.protocol == Protocol::Xray {
        if !upstream.headers.is_empty() {
            return wrong(
                ".Headers is for Protocol: otlp and otlp-grpc; requests to X-Ray and Fluoro are signed instead.",
            );
        }
        return Ok(());
    }
    if upstream.address.is_empty() {
        return wrong(" has no Endpoint; give the address of the backend, or aws for X-Ray's own.");
    }
    // Neither is told in the error, since either may hold a secret.
    if upstream.address.contains('@') {
        return wrong(".Endpoint has a user in it; put what the backend asks for into Headers.");
    }
    if upstream.address.contains('?') {
        return wrong(".Endpoint has a query; leave it out, and put keys into Headers.");
    }
    if upstream.protocol == Protocol::OtlpGrpc {
        if upstream.address == "aws" {
            return wrong(".Endpoint is aws, and X-Ray takes OTLP by HTTP alone, which is Protocol: otlp.");
        }
        let host = upstream.address.split_once("://").map_or(upstream.address.as_str(), |(_, host)| host);
        if host.trim_end_matches('/').contains('/') {
            return wrong(
                ".Endpoint has a path, which gRPC has none of; leave it out, or say Protocol: otlp.",
            );
        }
    }
    Ok(())
}

fn protocol(name: &str, place: &str) -> Result<Protocol, ConfigError> {
    match name {
        "xray" => Ok(Protocol::Xray),
        "otlp" => Ok(Protocol::Otlp),
        "otlp-grpc" => Ok(Protocol::OtlpGrpc),
        other => Err(ConfigError::new(format!("{place} is {other:?}, not xray, otlp or otlp-grpc."))),
    }
}

fn headers(value: Value, place: &str) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    let keys = match value {
        Value::Null => Map::new(),
        Value::Object(keys) => keys,
        _ => return Err(ConfigError::new(format!("{place} is not names of headers with their values."))),
    };
    let header = |(name, value): (String, Value)| {
        let place = format!("{place}.{name}");
        let name: HeaderName = name.parse().map_err(|_| {
            ConfigError::new(format!("{place} is not a header: its name has a character that none has."))
        })?;
        if RESERVED.contains(&name) {
            return Err(ConfigError::new(format!("{place} is set by the agent; leave it out.")));
        }
        // The value stays out of the error: it may be a key.
        let mut value: HeaderValue = text(value, &place)?.trim().parse().map_err(|_| {
            ConfigError::new(format!("{place} has a value with a line break or another control character."))
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    };
    keys.into_iter().map(header).collect()
}

fn path(value: Value, place: &str) -> Result<Option<PathBuf>, ConfigError> {
    Ok(Some(text(value, place)?).filter(|path| !path.is_empty()).map(PathBuf::from))
}

fn text(value: Value, place: &str) -> Result<String, ConfigError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => Ok(String::new()),
        _ => Err(ConfigError::new(format!("{place} is not a text; put it in quotes."))),
    }
}
