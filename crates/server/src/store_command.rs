//! `fluoro store`: a data directory checked, exported and imported, whether a server runs on it or not, and servers compared.

mod check;
mod endpoint;
mod engine;
mod export;
mod import;
mod line;
mod progress;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use model::Timestamp;
use model::error::chain;
use store_local::Seals;
use terminal::time;

use crate::config::{Environment, has_colour};
use crate::output::{complain, print, print_on};

/// Check, export and import what is kept
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify checksums, order and counts of everything in a data directory, and digests against their documents
    Check(CheckArgs),
    /// Write what was received in a time as X-Ray documents, as OTLP/JSON or as a Parquet file
    Export(ExportArgs),
    /// Take an export into a data directory, or send it to a running server
    Import(ImportArgs),
    /// Say whether two running servers answer alike, before one takes the place of the other
    Compare(terminal::compare::Flags),
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
A server may run on the directory meanwhile: nothing is written. Without one, none can start until the check ends.
Exit codes: 0 if all is well, 1 if something is damaged or cannot be read.")]
struct CheckArgs {
    /// The data directory of a server
    dir: PathBuf,
    /// The file of keys, where the directory is encrypted [env: FLUORO_ENCRYPTION_KEY]
    #[arg(long, value_name = "FILE")]
    encryption_key: Option<PathBuf>,
    /// Compare every digest with its documents, rather than some hundreds
    #[arg(long)]
    deep: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Times are as in 2026-11-23T08:00:00Z, or an age such as 2h or 3d.
A line of X-Ray documents is {\"received\": seconds since 1970, \"document\": the document as it was received}.
A line of OTLP is an ExportTraceServiceRequest with a whole trace of which something was received in the time, as `POST /v1/traces` takes it;
what came by OTLP is in it as it was sent.
Parquet files have the columns of docs/format/parts.md; what is not yet in parts is not in them.")]
struct ExportArgs {
    /// The data directory of a server
    dir: PathBuf,
    /// The file of keys, where the directory is encrypted [env: FLUORO_ENCRYPTION_KEY]
    #[arg(long, value_name = "FILE")]
    encryption_key: Option<PathBuf>,
    /// Received at this time or later [default: everything]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    from: Option<Timestamp>,
    /// Received before this time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    to: Option<Timestamp>,
    #[arg(long, value_enum, default_value_t = Format::XrayJson)]
    format: Format,
    /// Which rows a Parquet file has
    #[arg(long, value_enum, default_value_t = Table::Spans)]
    table: Table,
    /// The file to write; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Print what was written as one JSON object; needs a file as output
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The export is of X-Ray documents, of OTLP (also as the OpenTelemetry collector's file exporter writes it) or of Parquet.
Into a directory, documents keep their time of receipt, and no server may run on it. A running server takes them as
received now; so does either of OTLP, which has no such time. Documents that are refused are told on standard error, and the exit code is 1.")]
struct ImportArgs {
    /// Where the documents go, and the export to read; with --endpoint only the export. `-` is standard input
    #[arg(value_name = "DIR] [FILE", num_args = 1..=2, required = true)]
    paths: Vec<PathBuf>,
    /// The file of keys, where the directory is encrypted [env: FLUORO_ENCRYPTION_KEY]
    #[arg(long, value_name = "FILE")]
    encryption_key: Option<PathBuf>,
    /// A running server, instead of a directory
    #[arg(long, value_name = "ADDR:PORT")]
    endpoint: Option<String>,
    /// Print the counts as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// X-Ray documents, one a line
    XrayJson,
    /// OTLP/JSON, one request a line and trace, as the OpenTelemetry collector's file exporter writes it
    Otlp,
    /// Rows as Fluoro keeps them, for other tools
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    Spans,
    Traces,
    Minutes,
}

/// The keys of a file that was named, by flag or by the environment.
fn keys(flag: Option<&PathBuf>, environment: Environment<'_>) -> anyhow::Result<Option<Arc<Seals>>> {
    let variable = || environment("FLUORO_ENCRYPTION_KEY").map(PathBuf::from);
    let file = flag.cloned().or_else(variable);
    Ok(file.map(|file| Seals::read(&file)).transpose()?.map(Arc::new))
}

/// A report for programs, on standard output.
fn print_json(report: &serde_json::Value) -> anyhow::Result<()> {
    print(&format!("{report}\n")).context("write the report")
}

/// Does it. The exit code is a failure where something is damaged or was refused.
pub fn run(args: &Args, environment: &(dyn Fn(&str) -> Option<OsString> + Sync)) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Check(args) => check::run(args, environment),
        Command::Export(args) => export::run(args, environment).map(|()| ExitCode::SUCCESS),
        Command::Import(args) => import::run(args, environment),
        Command::Compare(flags) => compare(flags, environment),
    }
}

fn compare(
    flags: &terminal::compare::Flags,
    environment: &(dyn Fn(&str) -> Option<OsString> + Sync),
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    let has_colour = has_colour(environment) && io::stdout().is_terminal();
    let surroundings = terminal::Surroundings { environment, has_colour, print: &print_on };
    let compared = runtime.block_on(terminal::compare::run(flags, &surroundings));
    // One is for servers that differ.
    Ok(compared.unwrap_or_else(|error| {
        complain(&format!("fluoro: {}", chain(&*error)));
        ExitCode::from(2)
    }))
}
