//! What a store in ClickHouse needs to know, from two URLs.

use std::fmt;
use std::time::Duration;

/// How many shares a new database has. Each has a digest worker, and each worker writes two blocks a commit, so that more of them
/// make more and smaller parts; fewer let fewer processes take part in digesting.
const DEFAULT_SHARES: u16 = 4;
const MOST_SHARES: u16 = 1_024;
const DEFAULT_PORT: u16 = 8123;
const DEFAULT_SECURE_PORT: u16 = 8443;

#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// Host and port.
    pub node: String,
    pub secure: bool,
    pub user: String,
    pub password: String,
    pub database: String,
    /// Of a database that is new.
    pub shares: u16,
    /// A URL of PostgreSQL.
    pub register: String,
    /// Between two blocks that a process writes, and between two looks for new documents. Shorter shows what others wrote sooner and
    /// makes smaller parts, which ClickHouse has to merge.
    pub pace: Duration,
    /// So long an append waits for an answer of ClickHouse before it is busy.
    pub patience: Duration,
    /// A process that is not heard of for so long has lost its shares.
    pub lease: Duration,
    /// Whether this process takes shares to digest; one that only copies documents here leaves them to others.
    pub digests: bool,
    /// Whole days older than this are dropped.
    pub retention: Option<Duration>,
}

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mistake(String);

impl Config {
    /// `clickhouse://user:password@host:8123/database`, or `clickhouses://` for TLS, and a URL of PostgreSQL.
    pub fn parse(store: &str, register: &str) -> Result<Self, Mistake> {
        let (secure, rest) = match (store.strip_prefix("clickhouse://"), store.strip_prefix("clickhouses://"))
        {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(mistake("must begin with clickhouse:// or clickhouses://")),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let database = or(&decoded(database), "fluoro");
        if !database.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(mistake("names a database with other characters than letters, digits and _"));
        }
        let mut shares = DEFAULT_SHARES;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "shares" => {
                    let number = value.parse().ok().filter(|number| (1..=MOST_SHARES).contains(number));
                    shares = number.ok_or_else(|| mistake("has shares that are no number from 1 to 1024"))?;
                }
                "cluster" => {
                    return Err(mistake(
                        "names a cluster, and this version writes to one ClickHouse server: leave `cluster` out",
                    ));
                }
                _ => return Err(Mistake(format!("has `{key}`, which is not known; `shares` is"))),
            }
        }
        postgres::Server::parse(register).map_err(|error| Mistake(error.to_string()))?;
        Ok(Self {
            node: node(host, secure)?,
            secure,
            user: or(&decoded(user), "default"),
            password: decoded(password),
            database,
            shares,
            register: register.to_owned(),
            pace: Duration::from_millis(100),
            patience: Duration::from_secs(20),
            lease: Duration::from_secs(6),
            digests: true,
            retention: None,
        })
    }

    /// Where it is, without the password.
    pub fn place(&self) -> String {
        let scheme = if self.secure { "clickhouses" } else { "clickhouse" };
        format!("{scheme}://{}@{}/{}", self.user, self.node, self.database)
    }
}

impl fmt::Debug for Config {
    /// Without passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("place", &self.place())
            .field("shares", &self.shares)
            .finish_non_exhaustive()
    }
}

fn node(host: &str, secure: bool) -> Result<String, Mistake> {
    if host.is_empty() {
        return Err(mistake("names no host"));
    }
    if host.contains(',') {
        return Err(mistake(
            "names several hosts, and this version writes to one ClickHouse server: name one",
        ));
    }
    let port = if secure { DEFAULT_SECURE_PORT } else { DEFAULT_PORT };
    let has_port = host.rsplit_once(':').is_some_and(|(name, port)| {
        port.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']'))
    });
    let node = if has_port { host.to_owned() } else { format!("{host}:{port}") };
    match node.parse::<http::uri::Authority>() {
        Ok(_) => Ok(node),
        Err(_) => Err(Mistake(format!("names `{host}`, which is no host and port"))),
    }
}

fn or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

fn mistake(what: &str) -> Mistake {
    Mistake(what.to_owned())
}

/// Undoes percent-encoding. What would have a meaning in a form stands for itself here.
fn decoded(text: &str) -> String {
    let text = text.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    let first = form_urlencoded::parse(text.as_bytes()).next();
    first.map(|(text, _)| text.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &str = "postgres://fluoro@localhost/fluoro";

    fn wrong(store: &str, register: &str) -> String {
        Config::parse(store, register).expect_err("it is wrong").to_string()
    }

    #[test]
    fn everything_but_the_host_may_be_left_out() {
        let config = Config::parse("clickhouse://db.example", REGISTER).unwrap();
        let found =
            (config.node.as_str(), config.user.as_str(), config.password.as_str(), config.database.as_str());
        assert_eq!(found, ("db.example:8123", "default", "", "fluoro"));
        let config =
            Config::parse("clickhouses://ann:p%40ss%2F+=@[::1]:9000/traces?shares=16", REGISTER).unwrap();
        let found =
            (config.node.as_str(), config.user.as_str(), config.password.as_str(), config.database.as_str());
        assert_eq!(found, ("[::1]:9000", "ann", "p@ss/+=", "traces"));
        assert_eq!((config.secure, config.shares), (true, 16));
        assert!(!format!("{config:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(wrong("http://x", REGISTER).contains("must begin with clickhouse://"));
        assert!(wrong("clickhouse:///x", REGISTER).contains("no host"));
        assert!(wrong("clickhouse://one,two", REGISTER).contains("one ClickHouse server"));
        assert!(wrong("clickhouse://one?cluster=x", REGISTER).contains("one ClickHouse server"));
        assert!(wrong("clickhouse://one?shards=2", REGISTER).contains("`shards`"));
        assert!(wrong("clickhouse://one?shares=0", REGISTER).contains("1 to 1024"));
        assert!(wrong("clickhouse://one/a-b", REGISTER).contains("database"));
        assert!(wrong("clickhouse://one", "").contains("postgres://"));
        assert!(wrong("clickhouse://one", "postgres://h:port/x").contains("no URL of PostgreSQL"));
    }
}
