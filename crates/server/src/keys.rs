//! `fluoro keys`: makes, lists and revokes the keys of a server, by way of its file.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use auth::{Key, KeyFile, Kind, NewKey, Policy};
use clap::Subcommand;
use model::{Clock, Micros, SystemClock, Timestamp};
use serde_json::{Value, json};
use settings::SharedKeys;

use crate::audit::AuditFile;
use crate::config::{self, AuditTo, Config, Environment, ServeFlags, StoreChoice};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of keys [default: keys.json in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    keys: Option<String>,
    /// Data directory of the server
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// The PostgreSQL that has the keys, where servers run on ClickHouse [env: FLUORO_SETTINGS, with FLUORO_STORE]
    #[arg(long, global = true, value_name = "URL", conflicts_with_all = ["keys", "data_dir"])]
    settings: Option<String>,
    /// YAML file with the server's settings
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key and print its secret, which is shown this once
    Create {
        /// Of whom or what it is the key; denials name it
        #[arg(long)]
        name: String,
        /// What it may do: `daemon`, `read-only`, `full`, or a file with an IAM policy
        #[arg(
            long,
            value_name = "POLICY",
            required_unless_present = "console",
            default_value_if("console", "true", "full")
        )]
        policy: Option<String>,
        /// A token to sign in to the console with, or for programs that send `Authorization: Bearer`, instead of
        /// an access key
        #[arg(long)]
        console: bool,
        /// For how long it is good, such as 12h, 30d or 52w [default: until it is revoked]
        #[arg(long, value_name = "TIME", value_parser = config::parse_time)]
        expires_in: Option<Duration>,
    },
    /// List the keys, without their secrets
    List,
    /// Take a key out; a running server heeds it within a second
    Revoke { id: String },
}

/// Does it, and gives what is to be printed.
pub fn run(args: &Args, environment: Environment<'_>) -> anyhow::Result<String> {
    let flags = ServeFlags {
        config: args.config.clone(),
        keys: args.keys.clone(),
        data_dir: args.data_dir.clone(),
        ..ServeFlags::default()
    };
    let (file, audit) = match &args.settings {
        Some(url) => {
            let url = config::parse_settings(url).map_err(anyhow::Error::msg)?;
            (KeyFile::elsewhere(SharedKeys::open(&url)?.place()), AuditTo::Nowhere)
        }
        None => {
            let config = Config::load(&flags, environment)?;
            let file = match (config.keys_file, config.store) {
                (Some(path), _) => {
                    let makes = matches!(args.command, Command::Create { .. });
                    if let Some(directory) = path.parent().filter(|_| makes) {
                        fs::create_dir_all(directory)
                            .with_context(|| format!("make {}", directory.display()))?;
                    }
                    KeyFile::new(path)
                }
                (None, StoreChoice::ClickHouse(store)) => {
                    KeyFile::elsewhere(SharedKeys::open(&store.register)?.place())
                }
                (None, _) => anyhow::bail!("there is no home directory; give --keys"),
            };
            (file, config.audit)
        }
    };
    let text = match &args.command {
        Command::Create { name, policy, console, expires_in } => {
            let kind = if *console { Kind::ConsoleToken } else { Kind::AccessKey };
            let policy = read_policy(policy.as_deref().unwrap_or("full"))?;
            policy.check_denials(&api::actions())?;
            let now = SystemClock.now();
            let expires_at = expires_in.map(|time| now.plus(Micros::from_secs(time.as_secs())));
            let log = Log::open(&audit)?;
            let new = file.create_until(kind, name, policy, now, expires_at)?;
            log.tell("create", &new.key)?;
            if args.json { pretty(&created_json(&new)) } else { created_text(&new) }
        }
        Command::List => {
            let keys = file.list()?;
            if args.json { pretty(&keys.iter().map(key_json).collect()) } else { table(&keys) }
        }
        Command::Revoke { id } => {
            let log = Log::open(&audit)?;
            let key = file.revoke(id)?;
            log.tell("revoke", &key)?;
            if args.json { pretty(&key_json(&key)) } else { format!("Revoked {} of {}.", key.id, key.name) }
        }
    };
    Ok(text)
}

/// The server's audit log, if it has one on this machine.
struct Log(Option<(PathBuf, AuditFile)>);

impl Log {
    /// Before anything is changed: what cannot be told of is not done. Where there is no data directory, there was no server.
    fn open(to: &AuditTo) -> anyhow::Result<Self> {
        let AuditTo::File(path) = to else { return Ok(Self(None)) };
        if !path.parent().is_some_and(Path::is_dir) {
            return Ok(Self(None));
        }
        let file =
            AuditFile::of_command(path).with_context(|| format!("open the audit log {}", path.display()))?;
        Ok(Self(Some((path.clone(), file))))
    }

    fn tell(self, command: &str, key: &Key) -> anyhow::Result<()> {
        let Some((path, mut file)) = self.0 else { return Ok(()) };
        let who = format!("uid {}", rustix::process::getuid().as_raw());
        let (what, on) = (format!("fluoro keys {command}"), format!("{} {}", key.id, key.name));
        let line = api::line_of_command(SystemClock.now(), &who, &what, &on);
        file.write_all(line.as_bytes()).with_context(|| {
            format!("write the audit log {}; `{what}` of {on} was done all the same", path.display())
        })
    }
}

fn read_policy(text: &str) -> anyhow::Result<Policy> {
    match text {
        "daemon" => Ok(Policy::daemon()),
        "read-only" => Ok(Policy::read_only()),
        "full" => Ok(Policy::full()),
        path => {
            let text = fs::read_to_string(path).with_context(|| {
                format!("read the policy {path}, which is none of daemon, read-only and full")
            })?;
            text.parse().with_context(|| format!("understand the policy {path}"))
        }
    }
}

fn created_text(new: &NewKey) -> String {
    let NewKey { key, secret } = new;
    let (id, name, secret) = (&key.id, &key.name, secret.reveal());
    let shown = match key.kind() {
        Kind::AccessKey => format!("  AWS_ACCESS_KEY_ID={id}\n  AWS_SECRET_ACCESS_KEY={secret}"),
        Kind::ConsoleToken => format!("  {secret}"),
    };
    format!("{} {id} for {name}. The secret is shown this once:\n\n{shown}\n", kind_name(key.kind(), true))
}

fn created_json(new: &NewKey) -> Value {
    let member = match new.key.kind() {
        Kind::AccessKey => "secret_access_key",
        Kind::ConsoleToken => "token",
    };
    let mut json = key_json(&new.key);
    json[member] = json!(new.secret.reveal());
    json
}

fn key_json(key: &Key) -> Value {
    json!({
        "id": key.id,
        "kind": kind_name(key.kind(), false),
        "name": key.name,
        "created_at": instant(key.created_at),
        "expires_at": key.expires_at.map(instant),
        "last_used_at": key.used_at.map(instant),
        "policy": key.policy,
    })
}

fn table(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "There are no keys.".to_owned();
    }
    let row = |id: &str, kind: &str, [created, expires, used]: [&str; 3], name: &str| {
        format!("{id:<20}  {kind:<13}  {created:<20}  {expires:<20}  {used:<20}  {name}")
    };
    let mut text = row("ID", "KIND", ["CREATED", "EXPIRES", "LAST USED"], "NAME");
    for key in keys {
        let kind = kind_name(key.kind(), false);
        let told = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), instant);
        let [created, expires, used] = [Some(key.created_at), key.expires_at, key.used_at].map(told);
        text.push('\n');
        text.push_str(&row(&key.id, kind, [&created, &expires, &used], &key.name));
    }
    text
}

fn kind_name(kind: Kind, begins_sentence: bool) -> &'static str {
    match (kind, begins_sentence) {
        (Kind::AccessKey, true) => "Access key",
        (Kind::AccessKey, false) => "access-key",
        (Kind::ConsoleToken, true) => "Console token",
        (Kind::ConsoleToken, false) => "console-token",
    }
}

fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.floor_seconds()).unwrap_or_default().to_string()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON can be written")
}
