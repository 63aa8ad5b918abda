//! `fluoro keys`: makes, lists and revokes the keys of a server, by way of its file.

use std::fmt::Write;
use std::fs;

use anyhow::Context;
use auth::{Key, KeyFile, Kind, NewKey, Policy};
use clap::Subcommand;
use model::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::config::{Config, Environment, ServeFlags};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of keys [default: keys.json in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    keys: Option<String>,
    /// Data directory of the server
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
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
    let path =
        Config::load(&flags, environment)?.keys_file.context("there is no home directory; give --keys")?;
    let file = KeyFile::new(path.clone());
    let text = match &args.command {
        Command::Create { name, policy, console } => {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory).with_context(|| format!("make {}", directory.display()))?;
            }
            let kind = if *console { Kind::ConsoleToken } else { Kind::AccessKey };
            let policy = read_policy(policy.as_deref().unwrap_or("full"))?;
            let new = file.create(kind, name, policy, SystemClock.now())?;
            if args.json { pretty(&created_json(&new)) } else { created_text(&new) }
        }
        Command::List => {
            let keys = file.list()?;
            if args.json { pretty(&keys.iter().map(key_json).collect()) } else { table(&keys) }
        }
        Command::Revoke { id } => {
            let key = file.revoke(id)?;
            if args.json { pretty(&key_json(&key)) } else { format!("Revoked {} of {}.", key.id, key.name) }
        }
    };
    Ok(text)
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
        "created_at": created_at(key),
        "policy": key.policy,
    })
}

fn table(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "There are no keys.".to_owned();
    }
    let mut text = format!("{:<20}  {:<13}  {:<20}  {}", "ID", "KIND", "CREATED", "NAME");
    for key in keys {
        let kind = kind_name(key.kind(), false);
        let row = format_args!("\n{:<20}  {kind:<13}  {:<20}  {}", key.id, created_at(key), key.name);
        text.write_fmt(row).expect("a string takes all text");
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

fn created_at(key: &Key) -> String {
    jiff::Timestamp::from_microsecond(key.created_at.0).unwrap_or_default().to_string()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON can be written")
}
