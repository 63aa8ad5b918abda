//! The process: read the settings, start, say so, wait for a signal, stop in time.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use model::error::chain;
use server::cli::{Cli, Command, ServeFlags};
use server::config::{Config, StoreChoice};
use server::running::{is_exposed, reachable};
use server::signal::Signals;
use server::{Server, demo, health, keys, log, store_command};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// The settings are wrong.
const EXIT_USAGE: u8 = 2;
/// A second signal: somebody does not want to wait.
const EXIT_IMPATIENT: u8 = 130;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(flags) => return serve(&flags),
        Command::Health(flags) => return check_health(&flags),
        Command::Demo(args) => run_demo(args),
        Command::Keys(args) => {
            keys::run(&args, &|name| std::env::var_os(name)).map(|text| say(&mut io::stdout(), &text))
        }
        Command::Store(args) => return store_command::run(&args).unwrap_or_else(|error| fail(&*error)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "fluoro", &mut io::stdout());
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

fn load(flags: &ServeFlags) -> Result<Config, ExitCode> {
    Config::load(flags, &|name| std::env::var_os(name)).map_err(|mistakes| {
        say(&mut io::stderr(), &format!("fluoro: {mistakes}"));
        ExitCode::from(EXIT_USAGE)
    })
}

fn check_health(flags: &ServeFlags) -> ExitCode {
    match load(flags).map(|config| health::check(&config)) {
        Ok(Ok(())) => {
            say(&mut io::stdout(), "ok");
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => fail(&error),
        Err(code) => code,
    }
}

fn serve(flags: &ServeFlags) -> ExitCode {
    let config = match load(flags) {
        Ok(config) => config,
        Err(code) => return code,
    };
    log::init(&config.log);
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let code = runtime.block_on(run(&config));
    // A task that did not end in time must not hold the process.
    runtime.shutdown_background();
    code
}

async fn run(config: &Config) -> ExitCode {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return fail(&error),
    };
    let server = match Server::start(config).await {
        Ok(server) => server,
        Err(error) => return fail(&error),
    };
    announce(config, &server);
    let signal = signals.next().await;
    info!(signal, "stopping");
    tokio::select! {
        stopped = server.stop() => match stopped {
            Ok(()) => {
                info!("stopped: everything accepted is durable");
                ExitCode::SUCCESS
            }
            Err(error) => {
                error!(error = chain(&error), "stopped, but not as it should");
                ExitCode::FAILURE
            }
        },
        signal = signals.next() => {
            warn!(signal, "ended at once: a second signal came");
            ExitCode::from(EXIT_IMPATIENT)
        }
    }
}

/// Tells people and scripts that everything listens.
fn announce(config: &Config, server: &Server) {
    let (http, udp) = (server.http, server.udp);
    if is_exposed(http) && !config.auth {
        warn!(
            %http,
            "ANYBODY WHO CAN REACH THIS ADDRESS CAN READ AND WRITE ALL TRACES: ask for keys with --auth on, \
             listen on 127.0.0.1, or keep others away with a firewall"
        );
    }
    if is_exposed(http) && config.auth && config.tls.is_none() {
        warn!(
            %http,
            "traces and console tokens cross the network unencrypted: give --tls-cert and --tls-key, or put a \
             proxy with TLS in front"
        );
    }
    if is_exposed(udp) && config.auth {
        warn!(%udp, "ANYBODY WHO CAN REACH THIS ADDRESS CAN SEND SEGMENTS: datagrams cannot be signed");
    }
    let keeps = match &config.store {
        StoreChoice::Local(directory) => format!("traces are kept in {}", directory.display()),
        StoreChoice::Memory => "traces are kept in memory until it stops".to_owned(),
    };
    let (console, daemon) = (reachable(http), reachable(udp));
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let people = format!(
        "Fluoro listens: console at {scheme}://{console}/, X-Ray SDKs at AWS_XRAY_DAEMON_ADDRESS={daemon}; {keeps}"
    );
    say(&mut io::stdout(), &format!("{people}\nready http={http} udp={udp}"));
}

fn run_demo(args: demo::Args) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("start the runtime")?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let mut signals = Signals::listen().context("listen for signals")?;
        let demo = demo::run(args, shutdown.clone());
        tokio::pin!(demo);
        tokio::select! {
            ended = &mut demo => ended,
            _ = signals.next() => {
                shutdown.cancel();
                demo.await
            }
        }
    })
}

fn fail(error: &dyn Error) -> ExitCode {
    say(&mut io::stderr(), &format!("fluoro: {}", chain(error)));
    ExitCode::FAILURE
}

/// Writes a line. Nobody may be there to read it, which is no reason to end.
fn say(out: &mut impl Write, line: &str) {
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
