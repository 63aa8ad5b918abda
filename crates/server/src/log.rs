//! Where log lines go: standard error, as text or JSON.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};

/// Sets up the process's log; `main` calls it, once.
pub fn init(config: &LogConfig) {
    // The filter was checked when the settings were read.
    let filter = EnvFilter::new(&config.filter);
    let builder = fmt().with_writer(stderr).with_env_filter(filter);
    match config.format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        // https://no-color.org
        LogFormat::Text => {
            builder.with_ansi(stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).init();
        }
    }
}
