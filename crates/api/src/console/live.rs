//! `GET /api/live`: tells consoles when there is something new, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use door::budget::Full;
use door::cut::Cut;
use door::places::Place;
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::app::{Shared, access};
use crate::error::Problem;
use crate::metrics::{LIVE_STREAMS, cut};
use crate::shape::Pulse;
use crate::shape::stats::{millis, millis_at};

/// At most two events a second.
const SPACING: Duration = Duration::from_millis(500);
/// How often refusals are looked at, which change without any commit.
const REFUSALS_EVERY: Duration = Duration::from_secs(2);
/// Proxies close a connection on which nothing is said; most wait for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(crate) async fn live(State(app): State<Shared>, request: Request) -> Result<Response, Problem> {
    let place = app.streams.take(access::peer(request.extensions())).map_err(|full| {
        cut(Cut::Streams);
        Problem::unavailable(match full {
            Full::All => "too many consoles follow this server already",
            Full::Peer => "too many consoles at your address follow this server already; close one of them",
        })
    })?;
    let events = Sse::new(pulses(app, place)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Tells nginx not to collect the events.
    Ok(([(HeaderName::from_static("x-accel-buffering"), "no")], events).into_response())
}

/// One console that follows. Its share of the streams is given back when it is dropped.
struct Follower {
    app: Shared,
    changes: watch::Receiver<store::Pulse>,
    /// Of what was noticed, and of how alarms stand.
    noticed: [watch::Receiver<u64>; 2],
    /// When the last event was sent; none before the first.
    sent_at: Option<Instant>,
    /// Documents received and refused, as last told.
    told: (u64, u64),
    /// When it has to ask again.
    until: Instant,
    _place: Place,
    _counted: Counted,
}

/// Counts itself in the metric while it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        LIVE_STREAMS.inc();
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE_STREAMS.dec();
    }
}

fn pulses(app: Shared, place: Place) -> impl Stream<Item = Result<Event, Infallible>> {
    let follower = Follower {
        changes: app.deps.store.changes(),
        noticed: [app.deps.alerts.changes(), app.deps.alarms.changes()],
        until: Instant::now() + app.deps.limits.stream_life,
        app,
        sent_at: None,
        told: (0, 0),
        _place: place,
        _counted: Counted::new(),
    };
    stream::unfold(follower, async |mut follower| {
        let pulse = follower.next().await?;
        let event = Event::default().event("pulse").json_data(pulse).unwrap_or_default();
        Some((Ok(event), follower))
    })
}

impl Follower {
    /// The next thing to tell; `None` once the server shuts down, or its time is over.
    async fn next(&mut self) -> Option<Pulse> {
        let (shutdown, until) = (self.app.deps.shutdown.clone(), self.until);
        if let Some(sent_at) = self.sent_at {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                () = sleep_until(until) => return None,
                changed = self.something_new() => changed?,
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                () = sleep_until(sent_at + SPACING) => {}
            }
        } else if shutdown.is_cancelled() {
            return None;
        }
        self.sent_at = Some(Instant::now());
        self.told = self.counts();
        let pulse = *self.changes.borrow_and_update();
        Some(Pulse {
            through: pulse.through,
            at: millis_at(pulse.committed_at),
            lag: millis(model::Micros(pulse.lag_micros)),
            received_documents: self.told.0,
            refused_documents: self.told.1,
            noticed: self.noticed.each_mut().map(|changes| *changes.borrow_and_update()).iter().sum(),
        })
    }

    /// `None` when the store has gone.
    async fn something_new(&mut self) -> Option<()> {
        loop {
            let [alerts, alarms] = &mut self.noticed;
            tokio::select! {
                changed = self.changes.changed() => return changed.ok(),
                Ok(()) = alerts.changed() => return Some(()),
                Ok(()) = alarms.changed() => return Some(()),
                () = sleep(REFUSALS_EVERY) => {}
            }
            if self.counts() != self.told {
                return Some(());
            }
        }
    }

    fn counts(&self) -> (u64, u64) {
        let refusals = self.app.deps.ingest.refusals();
        let received = refusals.received().iter().map(|(_, documents)| documents).sum();
        let refused = refusals.counts().iter().map(|(_, _, count)| count).sum();
        (received, refused)
    }
}
