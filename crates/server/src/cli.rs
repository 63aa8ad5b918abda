//! What can be typed: subcommands and their flags, as text and without a look at files or environment.

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::ServeFlags;
use crate::{capsule_command, demo, keys, open_command, settings_command, store_command};

/// Open, self-hosted, X-Ray-compatible tracing
#[derive(Debug, Parser)]
#[command(name = "fluoro", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole system in one process
    Serve(Box<ServeFlags>),
    /// Send lively traffic of a dozen made-up services to a server
    Demo(demo::Args),
    /// Make, list and revoke the keys of a server with authentication
    Keys(keys::Args),
    /// Check, export and import what is kept
    Store(store_command::Args),
    /// Take what is set up in a data directory into PostgreSQL
    Settings(settings_command::Args),
    #[command(flatten)]
    Look(terminal::Command),
    /// Save an issue with all that is known of its time as one file, which `fluoro open` shows
    Capsule(capsule_command::Args),
    /// Show what a capsule holds in the console, read-only: nothing of it is written anywhere
    Open(open_command::Args),
    /// Ask the server that runs with these settings whether it lives: exit code 0 if so, for health checks
    Health(Box<ServeFlags>),
    /// Print a completion script for a shell
    Completions { shell: Shell },
}

/// The script that completes words in a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "fluoro", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
