//! What AWS's Go daemon was measured to do, for where it is not at hand.
//!
//! Version 3.3.15, built with Go 1.19.8, on two cores shared with sender and backend, documents of 2,048 bytes,
//! default settings (docs/aws-daemon.md A15).

use std::time::Duration;

pub(crate) struct Peer {
    pub(crate) delivered_percent: f64,
    pub(crate) cpu_seconds_a_million: f64,
    pub(crate) peak_rss_megabytes: f64,
}

/// Idle RSS in megabytes.
pub(crate) const IDLE_RSS_MEGABYTES: f64 = 24.0;

/// Rate, latency in milliseconds, delivered percent, percent of a core, and peak RSS in megabytes. At 100,000
/// a second the sender reached 64,000.
const MEASURED: [(u32, u128, f64, f64, f64); 5] = [
    (1_000, 0, 99.2, 14.7, 118.0),
    (4_000, 0, 86.0, 31.0, 211.0),
    (20_000, 0, 42.0, 30.0, 273.0),
    (100_000, 0, 14.0, 59.0, 261.0),
    (20_000, 50, 26.0, 45.0, 263.0),
];
const REACHED_OF_100_000: f64 = 64_000.0;

pub(crate) fn measured(rate: u32, latency: Duration) -> Option<Peer> {
    let found = MEASURED.iter().find(|row| row.0 == rate && row.1 == latency.as_millis())?;
    let &(_, _, delivered_percent, core_percent, peak_rss_megabytes) = found;
    let offered = f64::from(rate).min(REACHED_OF_100_000);
    let cpu_seconds_a_million = 1e6 * core_percent / 100.0 / (offered * delivered_percent / 100.0);
    Some(Peer { delivered_percent, cpu_seconds_a_million, peak_rss_megabytes })
}
