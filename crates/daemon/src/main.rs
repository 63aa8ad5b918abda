//! The `xray` process: read the settings, start, wait for a signal, stop in time.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use daemon::agent::Agent;
use daemon::config::{Config, DEFAULT_FILES};
use daemon::flags::{self, Command, Flags};
use daemon::{VERSION, log};
use model::error::chain;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

/// What Go's `flag` package ends with.
const EXIT_USAGE: u8 = 2;
const HEALTH_LIMIT: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let flags =
        match flags::parse(std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned())) {
            Ok(Command::Run(flags)) => flags,
            Ok(Command::Help) => return say(&flags::usage()),
            Ok(Command::Version) => return say(&format!("AWS X-Ray daemon version: {VERSION}\n")),
            Ok(Command::Health(flags)) => return health(&flags),
            Err(error) => {
                complain(&format!("{error}\n"));
                say(&flags::usage());
                return ExitCode::from(EXIT_USAGE);
            }
        };
    let Some(config) = config(&flags) else { return ExitCode::FAILURE };
    if let Err(error) = log::init(&config.log) {
        complain(&log::error_line(&format!("cannot write the log: {error}")));
        return ExitCode::FAILURE;
    }
    // One thread beside that of the UDP door: more would cost memory and gain nothing below 100,000
    // documents a second.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(&config));
    // A task that did not end in time must not hold the process.
    runtime.shutdown_background();
    code
}

fn config(flags: &Flags) -> Option<Config> {
    match Config::load(flags, &DEFAULT_FILES.map(Path::new)) {
        Ok(config) => Some(config),
        Err(error) => {
            let line = log::error_line(&error.to_string());
            complain(&line);
            if let Some(path) = flags.log_file.as_ref().filter(|path| !path.is_empty()) {
                // What the console does not keep, the file may.
                let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
                let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
            }
            None
        }
    }
}

async fn run(config: &Config) -> ExitCode {
    let (mut terminate, mut interrupt) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                error!("cannot listen for signals: {error}");
                return ExitCode::FAILURE;
            }
        };
    let environment = |name: &str| std::env::var(name).ok();
    let started = tokio::select! {
        started = Agent::start(config, &environment) => started,
        // While the region is looked up, nothing is worth waiting for.
        _ = terminate.recv() => return ExitCode::SUCCESS,
        _ = interrupt.recv() => return ExitCode::SUCCESS,
    };
    let agent = match started {
        Ok(agent) => agent,
        Err(error) => {
            error!("{}", chain(&error));
            return ExitCode::FAILURE;
        }
    };
    tokio::select! {
        _ = terminate.recv() => info!("Got shutdown signal: terminated"),
        _ = interrupt.recv() => info!("Got shutdown signal: interrupt"),
    }
    agent.stop().await;
    ExitCode::SUCCESS
}

/// Asks the agent that runs with these settings, for images that have no shell.
fn health(flags: &Flags) -> ExitCode {
    let Some(config) = config(flags) else { return ExitCode::FAILURE };
    let address = config.tcp_address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
    match ask(&address) {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => say("ok\n"),
        Ok(answer) => {
            complain(&format!("not healthy: {}\n", answer.lines().next().unwrap_or_default()));
            ExitCode::FAILURE
        }
        Err(error) => {
            complain(&format!("not healthy: {address}: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn ask(address: &str) -> io::Result<String> {
    let address = address.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_LIMIT)?;
    stream.set_read_timeout(Some(HEALTH_LIMIT))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4_096).read_to_string(&mut answer)?;
    Ok(answer)
}

fn say(text: &str) -> ExitCode {
    // Nobody may be there to read it, which is no reason to fail.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
