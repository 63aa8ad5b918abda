//! `fluoro settings`: takes what is set up in a data directory into a PostgreSQL that several processes share.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Subcommand;
use serde_json::json;
use settings::{Settings, Shared};

use crate::config::{self, Environment};
use crate::ground::account;

/// Move what is set up
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take rules, groups, alarms, notifiers and all else that is set up in a data directory into PostgreSQL, where nothing is set up yet
    Import(ImportArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Servers may run at both ends meanwhile; those on PostgreSQL have it within a second. Not taken are keys, which are made anew by
`fluoro keys create --settings URL`, how alarms stand and what was told, and the audit log.")]
struct ImportArgs {
    /// The data directory of a server
    dir: PathBuf,
    /// The PostgreSQL, as servers on ClickHouse are given it [env: FLUORO_SETTINGS]
    #[arg(long, value_name = "URL")]
    settings: Option<String>,
    /// Print the counts as one JSON object
    #[arg(long)]
    json: bool,
}

/// Does it, and gives what is to be printed.
pub fn run(args: &Args, environment: Environment<'_>) -> anyhow::Result<String> {
    let Command::Import(args) = &args.command;
    let variable = || environment("FLUORO_SETTINGS").and_then(|value| value.into_string().ok());
    let url = args.settings.clone().or_else(variable);
    let url = url
        .context("--settings must be given: a PostgreSQL, such as postgres://fluoro:password@host/fluoro")?;
    let url = config::parse_settings(&url).map_err(|what| anyhow::anyhow!("--settings {what}"))?;
    let file = args.dir.join("settings.db");
    ensure!(file.exists(), "there is no {}: name the data directory of a server", file.display());
    let from = Settings::open(&args.dir, account())?;
    let taken = Shared::settings_alone(&url, account())?.take_over(&from)?;
    let counts = [
        // The default rule and the default group are everywhere.
        ("sampling rules", taken.rules.len().saturating_sub(1)),
        ("groups", taken.groups.len().saturating_sub(1)),
        ("alarms", taken.alarms.len()),
        ("mute rules", taken.mutes.len()),
        ("notifiers", taken.notifiers.len()),
        ("subscriptions", taken.subscriptions.len()),
        ("policies", taken.policies.len()),
        ("rules for URLs", taken.url_rules.rules.as_slice().len()),
    ];
    if args.json {
        let counts = counts.map(|(what, count)| (what.replace(' ', "_"), json!(count)));
        return Ok(serde_json::Value::Object(counts.into_iter().collect()).to_string());
    }
    let counts = counts.map(|(what, count)| format!("{count} {what}"));
    Ok(format!("Took over {}. Alarms begin anew, and keys are made anew.", counts.join(", ")))
}
