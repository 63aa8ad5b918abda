//! Where log lines go: standard error, as text or JSON.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};

/// Sets up the process's log; `main` calls it, once.
pub fn init(config: &LogConfig) {
    // The filter was checked when the settings were read.
    let filter = EnvFilter::new(&config.filter);
    // Where nobody reads standard error any more, there is nobody to tell that it cannot be written.
    let builder = fmt().with_writer(stderr).with_env_filter(filter).log_internal_errors(false);
    match config.format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => builder.with_ansi(config.has_colour && stderr().is_terminal()).init(),
    }
}
