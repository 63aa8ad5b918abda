//! Services whose requests go through the engine as it runs: ledger, judge, the day, and the tracker of insights.

use std::sync::Arc;

use model::digest::{ExceptionDigest, FaultOrigin, NodeDigest, Request, RootDigest};
use model::segment::{Flags, Http};
use model::{EntityId, Micros, Minute, NodeKey, NodeKind, TimeRange, Timestamp, TraceDigest, TraceId, group};
use query::insight::{Change, Look, Tracker};
use query::now::{Days, Ledger};

use crate::traffic::Traffic;

/// As the worker that asks the judge takes minutes: so long after their end.
const SETTLING: i64 = 8;
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);

pub(crate) struct World {
    pub(crate) services: Vec<(NodeKey, Traffic)>,
    ledger: Ledger,
    days: Days,
    tracker: Tracker,
    traces: u128,
    /// Seconds since the epoch, a whole minute.
    pub(crate) now: i64,
    /// The judge is asked so often.
    every_seconds: i64,
}

impl World {
    pub(crate) fn new(services: Vec<(String, Traffic)>, every_seconds: i64) -> Self {
        let services = services.into_iter().map(|(name, traffic)| (key(name), traffic)).collect();
        // A Monday, at midnight.
        let now = 1_795_996_800;
        let (ledger, days, tracker) = (Ledger::default(), Days::default(), Tracker::default());
        Self { services, ledger, days, tracker, traces: 0, now, every_seconds }
    }

    /// Plays a minute. `also` gives the share that fails besides at a second, of a service by its place.
    pub(crate) fn minute(&mut self, also: impl Fn(usize, i64) -> f64) -> Vec<(i64, Change)> {
        let minute = self.now.div_euclid(60);
        let mut arrivals: Vec<(f64, usize, bool)> = Vec::new();
        for (place, (_, traffic)) in self.services.iter_mut().enumerate() {
            let planned = traffic.minute(minute);
            for _ in 0..planned.requests {
                let at = self.now as f64 + traffic.between(0.0, 60.0);
                let share = planned.failing + also(place, at as i64);
                arrivals.push((at, place, traffic.chance(share)));
            }
        }
        arrivals.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut arrivals = arrivals.into_iter().peekable();
        let mut changes = Vec::new();
        for second in self.now..self.now + 60 {
            while let Some((at, place, fails)) = arrivals.next_if(|(at, ..)| *at < (second + 1) as f64) {
                let trace = self.trace(at, place, fails);
                self.ledger.replace(None, &Arc::new(trace));
            }
            if (second + 1) % self.every_seconds == 0 {
                changes.extend(self.look(second + 1).into_iter().map(|change| (second + 1, change)));
            }
        }
        self.now += 60;
        changes
    }

    fn look(&mut self, second: i64) -> Vec<Change> {
        let now = Timestamp(second * 1_000_000);
        self.ledger.settle(now);
        let due = (second - SETTLING).div_euclid(60) - 1;
        self.days.step(&mut self.ledger, self.tracker.insights(), Minute(due));
        let entries = self.ledger.look(TimeRange::new(now.minus(LOOK_BACK), now), now).entries;
        let look = Look { group: group::DEFAULT, arn: "arn", entries: &entries, now };
        let id = |_: &str, root: &NodeKey, onset: Timestamp| format!("{} {}", root.name, onset.0);
        self.tracker.step(look, &self.ledger, id)
    }

    fn trace(&mut self, at: f64, place: usize, fails: bool) -> TraceDigest {
        self.traces += 1;
        let (node, traffic) = &mut self.services[place];
        let received = Timestamp((at * 1e6) as i64);
        let flags = Flags { fault: fails, ..Flags::default() };
        let took = Micros((20_000.0 * traffic.between(0.0, 2.0).exp()) as u64);
        let request = Request {
            minute: received.minute(),
            flags,
            response_time: Some(took),
            duration: Some(took),
            own: None,
            operation: None,
            exceptions: Vec::new(),
        };
        let root = RootDigest {
            id: EntityId(1),
            node: 0,
            start: received.minus(took),
            response_time: Some(took),
            flags,
            http: Http::default(),
            endpoint: None,
        };
        let exception = || ExceptionDigest { name: Some("Failed".to_owned()), message: None };
        let origin = fails.then(|| FaultOrigin {
            node: node.clone(),
            node_kind: NodeKind::Service,
            witness: node.clone(),
            entity: EntityId(1),
            exception: Some(exception()),
            at: received,
        });
        TraceDigest {
            end: Some(received),
            root: Some(root),
            nodes: vec![NodeDigest {
                key: node.clone(),
                kind: NodeKind::Service,
                is_root: true,
                delay_millis: None,
                requests: vec![request],
            }],
            origin,
            ..TraceDigest::new(TraceId(self.traces.to_be_bytes()), received)
        }
    }
}

fn key(name: String) -> NodeKey {
    NodeKey { name, kind: None, account: None }
}
