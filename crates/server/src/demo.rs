//! `fluoro demo`: lively traffic of a dozen made-up services through the real UDP door.
//!
//! It speaks only the X-Ray daemon's protocol and knows nothing of the server that listens, so that
//! the same traffic can be sent to anything that speaks it.

mod document;
mod door;
mod exception;
mod outage;
mod random;
mod report;
mod request;
mod sample;
mod scene;
mod service;
mod shopper;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use door::Door;
use outage::Outage;
use random::Random;
pub use report::Colour;
use report::{Report, Style};
use request::Kind;
use scene::Scene;
use sdk::{Recorder, RecorderGuard};

pub use sample::{Sample, sample};

/// Sends lively, realistic traffic of a dozen services
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
    /// Sends what the demo itself does as well, as the service `fluoro-demo`
    #[arg(long)]
    pub trace_self: bool,
    /// Prints the summary as one JSON object on standard output
    #[arg(long)]
    pub json: bool,
    /// Prints nothing but errors
    #[arg(long)]
    pub quiet: bool,
}

/// What the demo is called where it tells of itself.
const NAME: &str = "fluoro-demo";
const DEFAULT_RATE: f64 = 5.0;
/// Beyond this it is no demo; the load for measurements is in `bench/`.
const MAX_RATE: f64 = 10_000.0;
/// Long enough to see the healthy map first.
const OUTAGE_AFTER: Duration = Duration::from_secs(30);
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);
/// Fewer than these are a server that was restarted.
const MANY_REFUSED: u64 = 5;
/// Between the requests of `--once`: a socket buffer of the default size holds some ninety datagrams.
const BREATH: Duration = Duration::from_millis(2);
/// How much of a delay is made up for.
const MAX_LAG: Duration = Duration::from_millis(100);

/// The endless demo towards the standard port, as without any flag.
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
            trace_self: false,
            json: false,
            quiet: false,
        }
    }
}

/// Sends traffic until it is done or `shutdown` is cancelled.
///
/// Fails where the endpoint cannot be looked up, or where nobody listens there.
pub async fn run(args: Args, colour: Colour, shutdown: CancellationToken) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.rate > 0.0 && args.rate <= MAX_RATE,
        "--rate is {}; it must be above 0 and at most {MAX_RATE} requests a second",
        args.rate
    );
    let mut demo = Demo::start(&args, colour).await?;
    if args.once {
        demo.play_each_once().await;
    } else {
        demo.report.begins(&args.endpoint, args.rate, demo.outage);
        demo.play_until(args.rate, args.duration, &shutdown).await;
    }
    demo.report.summary(&demo.door, demo.begin.elapsed()).context("print the summary")?;
    let Door { sent, refused, .. } = demo.door;
    // The refusal of a datagram is told at the send after it, so that at most every other one fails.
    anyhow::ensure!(
        refused < MANY_REFUSED || refused < sent / 2,
        "{refused} of {} datagrams were refused: does anything listen at {}?",
        refused + sent,
        args.endpoint
    );
    Ok(())
}

/// A demo under way. One task owns it.
#[derive(Debug)]
struct Demo {
    seed: u64,
    outage: Outage,
    door: Door,
    report: Report,
    /// Of the demo's own doing; nothing, unless it was asked for.
    recorder: Option<RecorderGuard>,
    begin: Instant,
    /// How many requests were made.
    number: u64,
}

impl Demo {
    async fn start(args: &Args, colour: Colour) -> anyhow::Result<Demo> {
        // Short enough to be typed again.
        let seed = args.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
        let style = match (args.quiet, args.json) {
            (true, _) => Style::Quiet,
            (false, true) => Style::Json,
            (false, false) => Style::Text,
        };
        let outage = match (args.outage || args.outage_after.is_some(), args.duration) {
            (false, _) => Outage::Never,
            (true, Some(_)) => Outage::From(args.outage_after.unwrap_or(OUTAGE_AFTER)),
            (true, None) => Outage::Recurring(args.outage_after.unwrap_or(OUTAGE_AFTER)),
        };
        let door = Door::open(&args.endpoint).await?;
        Ok(Demo {
            seed,
            outage,
            door,
            report: Report::new(seed, style, colour),
            recorder: args.trace_self.then(|| recorder(&args.endpoint)).transpose()?,
            begin: Instant::now(),
            number: 0,
        })
    }

    async fn play_each_once(&mut self) {
        for kind in Kind::ALL {
            self.play(kind, Pace::AtOnce).await;
            tokio::time::sleep(BREATH).await;
        }
    }

    async fn play_until(&mut self, rate: f64, duration: Option<Duration>, shutdown: &CancellationToken) {
        let end = duration.map(|duration| self.begin + duration);
        let mut next_request = self.begin;
        let mut next_progress = self.begin;
        loop {
            let has_ended = end.is_some_and(|end| next_request >= end);
            // At its end, a demo still tells how the requests end that are under way.
            let wake = match (self.door.next_due(), has_ended) {
                (None, true) => return,
                (Some(due), true) => due,
                (Some(due), false) => due.min(next_request),
                (None, false) => next_request,
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep_until(wake) => {}
            }
            self.door.send_due().await;
            let now = Instant::now();
            if !has_ended && next_request <= now {
                let mut random = Random::new(self.seed, self.number);
                let kind = match Kind::OPENING.get(usize::try_from(self.number).unwrap_or(usize::MAX)) {
                    Some(kind) => *kind,
                    None => Kind::any(&mut random),
                };
                // A demo that was held up does not make up for it with a burst.
                next_request = next_request.max(now - MAX_LAG) + random.gap(rate);
                self.play(kind, Pace::AsItHappens).await;
            }
            if next_progress <= now {
                self.report.progress(&self.door, self.outage, self.begin.elapsed());
                next_progress = now + PROGRESS_INTERVAL;
            }
        }
    }

    /// Makes one request and sends its documents; and tells of it, where that was asked for.
    async fn play(&mut self, kind: Kind, pace: Pace) {
        let segment = self.recorder.as_ref().map(|recorder| recorder.segment(NAME).begin());
        let played = self.play_request(kind, pace);
        match segment {
            Some(segment) => segment.scope(played).await,
            None => played.await,
        }
    }

    async fn play_request(&mut self, kind: Kind, pace: Pace) {
        // Another stream than the one that chose the kind.
        let random = Random::new(!self.seed, self.number);
        let take = kind.play(Scene::new(random, self.outage.is_on(self.begin.elapsed())));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_live = pace == Pace::AsItHappens && kind.is_live();
        let begin = if is_live { now } else { now.saturating_sub(take.duration) };
        let trace_id = format!("1-{:08x}-{}", begin.as_secs(), take.trace_digits);
        sdk::annotate("kind", kind.name());
        sdk::annotate("documents", take.documents.len());
        sdk::metadata("trace_id", &trace_id);
        let first_due = Instant::now();
        let is_told = self.recorder.is_some();
        let sending = async {
            for document in &take.documents {
                let datagram = document.to_datagram(&trace_id, begin);
                if is_live {
                    self.door.send_at(first_due + document.sent_at, datagram).await;
                } else {
                    self.door.send(&datagram).await;
                }
            }
        };
        if is_told {
            sdk::subsegment("send").scope(sending).await;
        } else {
            sending.await;
        }
        self.number += 1;
        self.report.count(kind, trace_id, take.tally);
    }
}

/// The variables of X-Ray's SDKs are for programs of users, not for what is shown to them.
fn recorder(endpoint: &str) -> anyhow::Result<RecorderGuard> {
    let builder = Recorder::builder().name(NAME).version(env!("CARGO_PKG_VERSION")).daemon(endpoint);
    let built = builder.sample_all(true).environment(|_| None).build();
    built.context("record the demo itself")
}

/// Whether a long request's documents are sent while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    AtOnce,
    AsItHappens,
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(duration).map_err(|_| "a duration cannot be negative".to_owned())
}

#[cfg(test)]
mod tests;
