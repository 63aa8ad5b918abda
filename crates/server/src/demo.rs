//! `fluoro demo`: lively traffic of a dozen made-up services through the real UDP door.
//!
//! It speaks only the X-Ray daemon's protocol and knows nothing of the server that listens, so that
//! the same traffic can be sent to anything that speaks it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// What `fluoro demo` is told. `Args::default()` is the endless demo towards the standard port.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where the segment documents go, by UDP
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:2000", env = "FLUORO_ENDPOINT")]
    pub endpoint: String,
    /// Requests per second
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RATE)]
    pub rate: f64,
    /// Makes the same requests, ids and failures again (without it, each run differs)
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Takes SpringBoot2 away after a while, so that the outage can be watched
    #[arg(long)]
    pub outage: bool,
    /// How long after the start the outage begins; implies --outage
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub outage_after: Option<Duration>,
    /// Ends after this time (without it, runs until it is stopped)
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Sends one request of each kind and ends
    #[arg(long)]
    pub once: bool,
    /// Prints the summary as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
    /// Prints nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

const DEFAULT_RATE: f64 = 5.0;

impl Default for Args {
    fn default() -> Self {
        Args {
            endpoint: SocketAddr::from((Ipv4Addr::LOCALHOST, 2000)).to_string(),
            rate: DEFAULT_RATE,
            seed: None,
            outage: false,
            outage_after: None,
            duration: None,
            once: false,
            json: false,
            quiet: false,
        }
    }
}

/// Sends traffic until it is done or `shutdown` is cancelled.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    tracing::debug!(endpoint = %args.endpoint, "demo is not written yet");
    shutdown.cancelled().await;
    Ok(())
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(duration).map_err(|_| "a duration cannot be negative".to_owned())
}
