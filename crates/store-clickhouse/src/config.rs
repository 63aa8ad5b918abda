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
    /// Host and port of each server.
    pub nodes: Vec<String>,
    /// The name by which the servers know themselves as replicas of each other. `None` for one server by itself.
    pub cluster: Option<String>,
    pub acks: Acks,
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

/// When a block counts as kept, where there are several replicas. All that keep up have it then in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acks {
    /// Two have it, at least; while only one keeps up nothing is taken.
    #[default]
    Safe,
    /// One is enough where no other keeps up: what it has is lost if its machine does not come back.
    Available,
}

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mistake(String);

impl Config {
    /// `clickhouse://user:password@host:8123/database`, or `clickhouses://` for TLS, and a URL of PostgreSQL. Replicas are
    /// `host1,host2:8123/database?cluster=NAME`.
    pub fn parse(store: &str, register: &str) -> Result<Self, Mistake> {
        let (secure, rest) = match (store.strip_prefix("clickhouse://"), store.strip_prefix("clickhouses://"))
        {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(mistake("must begin with clickhouse:// or clickhouses://")),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let database = or(&decoded(database), "fluoro");
        if !database.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(mistake("names a database with other characters than letters, digits and _"));
        }
        let (mut shares, mut cluster, mut acks) = (DEFAULT_SHARES, None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "shares" => {
                    let number = value.parse().ok().filter(|number| (1..=MOST_SHARES).contains(number));
                    shares = number.ok_or_else(|| mistake("has shares that are no number from 1 to 1024"))?;
                }
                "cluster" if value.is_empty() => return Err(mistake("has a `cluster` without a name")),
                "cluster" => cluster = Some(value.into_owned()),
                "acks" => {
                    acks = Some(match &*value {
                        "safe" => Acks::Safe,
                        "available" => Acks::Available,
                        _ => return Err(mistake("has other `acks` than `safe` and `available`")),
                    });
                }
                _ => {
                    return Err(Mistake(format!(
                        "has `{key}`, which is not known; `shares`, `cluster` and `acks` are"
                    )));
                }
            }
        }
        let nodes: Vec<String> = hosts.split(',').map(|host| node(host, secure)).collect::<Result<_, _>>()?;
        if cluster.is_none() && nodes.len() > 1 {
            return Err(mistake(
                "names several hosts and no cluster: name it, as in clickhouse://host1,host2/fluoro?cluster=NAME, or one host",
            ));
        }
        if cluster.is_none() && acks.is_some() {
            return Err(mistake(
                "has `acks`, which are of a `cluster`: a single server has what it acknowledges",
            ));
        }
        if let Some(twice) = nodes.iter().enumerate().find(|(at, node)| nodes[..*at].contains(node)) {
            return Err(Mistake(format!("names {} twice", twice.1)));
        }
        postgres::Server::parse(register).map_err(|error| Mistake(error.to_string()))?;
        Ok(Self {
            nodes,
            cluster,
            acks: acks.unwrap_or_default(),
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
        format!("{scheme}://{}@{}/{}", self.user, self.nodes.join(","), self.database)
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
        let found = (
            config.nodes[0].as_str(),
            config.user.as_str(),
            config.password.as_str(),
            config.database.as_str(),
        );
        assert_eq!(found, ("db.example:8123", "default", "", "fluoro"));
        let config =
            Config::parse("clickhouses://ann:p%40ss%2F+=@[::1]:9000/traces?shares=16", REGISTER).unwrap();
        let found = (
            config.nodes[0].as_str(),
            config.user.as_str(),
            config.password.as_str(),
            config.database.as_str(),
        );
        assert_eq!(found, ("[::1]:9000", "ann", "p@ss/+=", "traces"));
        assert_eq!((config.secure, config.shares), (true, 16));
        assert!(!format!("{config:?}").contains("p@ss"));
    }

    #[test]
    fn replicas_have_a_cluster() {
        let config =
            Config::parse("clickhouse://ann:x@one,two:9000,[::1]/t?cluster=c1&acks=available", REGISTER)
                .unwrap();
        assert_eq!(config.nodes, ["one:8123", "two:9000", "[::1]:8123"]);
        assert_eq!((config.cluster.as_deref(), config.acks), (Some("c1"), Acks::Available));
        assert_eq!(config.place(), "clickhouse://ann@one:8123,two:9000,[::1]:8123/t");
        let config = Config::parse("clickhouse://one?cluster=c1", REGISTER).unwrap();
        assert_eq!((config.nodes.len(), config.acks), (1, Acks::Safe));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(wrong("http://x", REGISTER).contains("must begin with clickhouse://"));
        assert!(wrong("clickhouse:///x", REGISTER).contains("no host"));
        assert!(wrong("clickhouse://one,two", REGISTER).contains("no cluster"));
        assert!(wrong("clickhouse://one,?cluster=x", REGISTER).contains("no host"));
        assert!(wrong("clickhouse://one,one:8123?cluster=x", REGISTER).contains("one:8123 twice"));
        assert!(wrong("clickhouse://one?cluster=", REGISTER).contains("without a name"));
        assert!(wrong("clickhouse://one?cluster=x&acks=all", REGISTER).contains("`acks`"));
        assert!(wrong("clickhouse://one?acks=safe", REGISTER).contains("of a `cluster`"));
        assert!(wrong("clickhouse://one?shards=2", REGISTER).contains("`shards`"));
        assert!(wrong("clickhouse://one?shares=0", REGISTER).contains("1 to 1024"));
        assert!(wrong("clickhouse://one/a-b", REGISTER).contains("database"));
        assert!(wrong("clickhouse://one", "").contains("postgres://"));
        assert!(wrong("clickhouse://one", "postgres://h:port/x").contains("no URL of PostgreSQL"));
    }
}
