//! The process: read the settings, start, say so, wait for a signal, stop in time.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use model::error::chain;
use server::announce::announce;
use server::cli::{self, Cli, Command};
use server::config::{Config, ServeFlags, has_colour};
use server::output::{complain, is_closed, print, print_on};
use server::signal::Signals;
use server::{
    Server, capsule_command, demo, health, keys, log, open_command, settings_command, store_command,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// The settings are wrong, or nobody can be asked.
const EXIT_USAGE: u8 = 2;
/// A second signal: somebody does not want to wait.
const EXIT_IMPATIENT: u8 = 130;

fn main() -> ExitCode {
    keep_files_private();
    match Cli::parse().command {
        Command::Serve(flags) => serve(&flags),
        Command::Health(flags) => check_health(&flags),
        Command::Demo(args) => done(run_demo(args)),
        Command::Keys(args) => {
            done(keys::run(&args, &environment).and_then(|text| Ok(print(&format!("{text}\n"))?)))
        }
        Command::Settings(args) => {
            done(settings_command::run(&args, &environment).and_then(|text| Ok(print(&format!("{text}\n"))?)))
        }
        Command::Store(args) => store_command::run(&args, &environment).unwrap_or_else(|error| fail(&*error)),
        Command::Look(command) => look(&command),
        Command::Capsule(args) => done(capsule_command::run(&args, &environment)),
        Command::Open(args) => done(open_command::run(&args)),
        Command::Completions { shell } => done(print(&cli::completions(shell)).context("print the script")),
    }
}

/// Traces hold names of users, queries and URLs: what this process makes is for its owner alone, unless who starts it has
/// shut out others already and lets a group read.
fn keep_files_private() {
    use rustix::fs::Mode;
    let before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    if before.contains(Mode::RWXO) {
        rustix::process::umask(before);
    }
}

/// How many files this process may open, once it has asked for all that it may: shells give fewer by default than there may be
/// connections.
fn open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(_) => current.unwrap_or(u64::MAX),
    }
}

/// The real environment; everything else takes it as an argument.
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn load(flags: &ServeFlags) -> Result<Config, ExitCode> {
    Config::load(flags, &environment).map_err(|mistakes| {
        complain(&format!("fluoro: {mistakes}"));
        ExitCode::from(EXIT_USAGE)
    })
}

fn check_health(flags: &ServeFlags) -> ExitCode {
    match load(flags).map(|config| health::check(&config)) {
        Ok(Ok(())) => done(print("ok\n").context("print that all is well")),
        Ok(Err(error)) => fail(&error),
        Err(code) => code,
    }
}

fn serve(flags: &ServeFlags) -> ExitCode {
    let mut config = match load(flags) {
        Ok(config) => config,
        Err(code) => return code,
    };
    config.limits = config.limits.within_files(open_files());
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
    // Nobody may be there to read it, which is no reason to end.
    let _ = print(&announce(config, &server));
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

fn run_demo(args: demo::Args) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("start the runtime")?;
    let colour = if has_colour(&environment) { demo::Colour::On } else { demo::Colour::Off };
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let mut signals = Signals::listen().context("listen for signals")?;
        let demo = demo::run(args, colour, shutdown.clone());
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

/// The commands that ask a running server.
fn look(command: &terminal::Command) -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let has_colour = has_colour(&environment) && io::stdout().is_terminal();
    let surroundings = terminal::Surroundings { environment: &environment, has_colour, print: &print_on };
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen().context("listen for signals")?;
        tokio::select! {
            ended = terminal::run(command, &surroundings) => ended,
            // Somebody has seen enough.
            _ = signals.next() => Ok(ExitCode::SUCCESS),
        }
    });
    match ended {
        Ok(code) => code,
        Err(error) if is_closed(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            fail(&*error);
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn done(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&*error),
    }
}

fn fail(error: &dyn Error) -> ExitCode {
    complain(&format!("fluoro: {}", chain(error)));
    ExitCode::FAILURE
}
