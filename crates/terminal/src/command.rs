//! The commands, what is common to them, and what they need of the process.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use model::{Clock, Micros, SystemClock, Timestamp};

use crate::connection::Connection;
use crate::text::Paint;
use crate::{doctor, issues, search, tail, time, top, trace};

const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:2000";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is broken now, since when and where it begins, as the console's first page does
    Issues(issues::Flags),
    /// Draw a trace as a waterfall, with the exception of the span that failed
    Trace(trace::Flags),
    /// List the traces that match a filter expression, newest first
    Search(search::Flags),
    /// Print traces as they arrive, until it is interrupted
    Tail(tail::Flags),
    /// Say what became of a trace, from its id, a tracing header or a log line
    Doctor(doctor::Flags),
    /// Watch what is broken, the services by trouble and the map, live
    Top(top::Flags),
}

/// Which server, and how to be let in.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reach {
    /// The server's address [env: FLUORO_ENDPOINT] [default: http://127.0.0.1:2000]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// File with a token, for a server with --auth on; a token can also be in the variable FLUORO_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Of which time.
#[derive(Debug, Clone, Args)]
pub(crate) struct Span {
    /// From this time on: a moment such as 2026-11-23T08:00:00Z, or an age such as 10m, 2h or 3d
    #[arg(long, value_name = "TIME", value_parser = time::parse, default_value = "30m")]
    since: Timestamp,
    /// Up to this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<Timestamp>,
}

/// What the process around a command is like.
pub struct Surroundings<'a> {
    /// Looks up a variable of the environment.
    pub environment: &'a (dyn Fn(&str) -> Option<OsString> + Sync),
    pub has_colour: bool,
    /// Writes to standard output. A reader that has gone is an error here: there is nobody to go on for.
    pub print: &'a (dyn Fn(&str) -> io::Result<()> + Sync),
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Surroundings").field("has_colour", &self.has_colour).finish_non_exhaustive()
    }
}

impl Surroundings<'_> {
    pub(crate) fn paint(&self) -> Paint {
        Paint { is_on: self.has_colour }
    }

    pub(crate) fn print(&self, text: &str) -> anyhow::Result<()> {
        (self.print)(text).context("write the answer")
    }

    /// A server's answer for programs: one line of JSON.
    pub(crate) fn print_json(&self, answer: &serde_json::Value) -> anyhow::Result<()> {
        self.print(&format!("{answer}\n"))
    }
}

impl Reach {
    pub(crate) fn connect(&self, surroundings: &Surroundings<'_>) -> anyhow::Result<Connection> {
        let endpoint = self.endpoint.clone().or_else(|| variable("FLUORO_ENDPOINT", surroundings));
        let token = token(self.token_file.as_ref(), surroundings)?;
        Connection::new(endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT), token.as_deref())
    }
}

fn variable(name: &str, surroundings: &Surroundings<'_>) -> Option<String> {
    (surroundings.environment)(name).and_then(|value| value.into_string().ok())
}

/// The token of a file, or that of the environment.
pub(crate) fn token(
    file: Option<&PathBuf>,
    surroundings: &Surroundings<'_>,
) -> anyhow::Result<Option<String>> {
    let token = match file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            Some(text.with_context(|| format!("read the token in {}", file.display()))?)
        }
        None => variable("FLUORO_TOKEN", surroundings),
    };
    Ok(token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()))
}

impl Span {
    /// As parameters of a request.
    pub(crate) fn query(&self) -> anyhow::Result<String> {
        let until = self.until.unwrap_or_else(|| SystemClock.now().plus(Micros::from_secs(1)));
        anyhow::ensure!(self.since < until, "--since must be earlier than --until");
        Ok(format!("from={}&to={}", millis(self.since), millis(until)))
    }
}

pub(crate) fn millis(time: Timestamp) -> i64 {
    time.0 / 1_000
}

/// Does it. The exit code says what each command's help promises.
pub async fn run(command: &Command, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Issues(flags) => issues::run(flags, surroundings).await,
        Command::Trace(flags) => trace::run(flags, surroundings).await,
        Command::Search(flags) => search::run(flags, surroundings).await,
        Command::Tail(flags) => tail::run(flags, surroundings).await,
        Command::Doctor(flags) => doctor::run(flags, surroundings).await,
        Command::Top(flags) => top::run(flags, surroundings).await,
    }
}
