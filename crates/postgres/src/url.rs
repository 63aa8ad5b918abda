//! What a URL says of TLS, in the words of `libpq`, and the rest of it as the client takes it.
//!
//! <https://www.postgresql.org/docs/current/libpq-connect.html>

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mistake(pub(crate) String);

/// Which certificates are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Security {
    pub(crate) trust: Trust,
    /// Certificates of authorities; those of this machine where there is none.
    pub(crate) authorities: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Any: what is sent is hidden from who listens, and not from who pretends to be the server.
    #[default]
    Any,
    /// One that an authority has signed, for whatever host.
    Signed,
    /// One that an authority has signed for this host.
    Host,
}

pub(crate) fn parse(url: &str) -> Result<(Config, Security), Mistake> {
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err(Mistake("must begin with postgres://".to_owned()));
    }
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut rest: Vec<&str> = Vec::new();
    let (mut mode, mut trust, mut authorities) = (None, Trust::Any, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
        match (&*key, &*value) {
            ("sslmode", "disable") => mode = Some(SslMode::Disable),
            ("sslmode", "allow" | "prefer") => mode = Some(SslMode::Prefer),
            ("sslmode", "require") => mode = Some(SslMode::Require),
            ("sslmode", "verify-ca") => (mode, trust) = (Some(SslMode::Require), Trust::Signed),
            ("sslmode", "verify-full") => (mode, trust) = (Some(SslMode::Require), Trust::Host),
            ("sslmode", other) => {
                return Err(Mistake(format!(
                    "has sslmode={other}, which is none of disable, prefer, require, verify-ca and verify-full"
                )));
            }
            ("sslrootcert", "system") => {}
            ("sslrootcert", file) => authorities = Some(PathBuf::from(file)),
            _ => rest.push(pair),
        }
    }
    // As libpq has it: who names authorities wants them to count.
    if authorities.is_some() && trust == Trust::Any && mode == Some(SslMode::Require) {
        trust = Trust::Signed;
    }
    let plain = if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
    let mut config: Config = plain.parse().map_err(|error: tokio_postgres::Error| {
        let reason = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
        Mistake(format!("is no URL of PostgreSQL: {reason}"))
    })?;
    config.ssl_mode(mode.unwrap_or(SslMode::Prefer));
    Ok((config, Security { trust, authorities }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_libpq() {
        let check = |query: &str, mode: SslMode, trust: Trust, authorities: Option<&str>| {
            let (config, security) = parse(&format!("postgres://ann@db/fluoro{query}")).unwrap();
            assert_eq!(config.get_ssl_mode(), mode, "{query}");
            assert_eq!(security, Security { trust, authorities: authorities.map(PathBuf::from) }, "{query}");
            assert_eq!(config.get_dbname(), Some("fluoro"));
        };
        check("", SslMode::Prefer, Trust::Any, None);
        check("?sslmode=disable", SslMode::Disable, Trust::Any, None);
        check("?sslmode=require", SslMode::Require, Trust::Any, None);
        check("?sslmode=require&sslrootcert=%2Fca.pem", SslMode::Require, Trust::Signed, Some("/ca.pem"));
        check("?sslmode=verify-ca", SslMode::Require, Trust::Signed, None);
        check("?sslmode=verify-full&sslrootcert=system", SslMode::Require, Trust::Host, None);
        let (config, _) =
            parse("postgres://db/fluoro?connect_timeout=3&sslmode=require&application_name=a%20b").unwrap();
        assert_eq!(config.get_application_name(), Some("a b"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |url: &str| parse(url).map(drop).unwrap_err().to_string();
        assert!(wrong("mysql://db").contains("must begin with postgres://"));
        assert!(wrong("postgres://db?sslmode=on").contains("sslmode=on"));
        assert!(wrong("postgres://db:port/x").contains("no URL of PostgreSQL"));
        assert!(wrong("postgres://db?sslcert=x").contains("no URL of PostgreSQL"));
    }
}
