//! `kill -9` at every step of an insight's life: nothing that happened is left untold, and nothing is told twice or under
//! another key.

use std::collections::BTreeSet;

use query::now::Ledger;

use super::*;

const HEALTHY: u32 = 240;
const FAILING: u32 = 12;
const AFTER: u32 = 200;

/// Where in a second of the worker it is killed.
#[derive(Debug, Clone, Copy)]
enum Point {
    /// It has decided, and nothing of that is on disk.
    Decided,
    /// All of it is.
    Written,
}

impl Shop {
    /// Kills the process, which is back so many seconds later and reads what the store has, as it does at its start.
    async fn kill(
        &mut self,
        point: Point,
        down: u32,
        traces: &mut Vec<Arc<TraceDigest>>,
        fails: impl Fn(u32) -> bool,
    ) {
        if let Point::Decided = point {
            self.arrive(traces, &fails);
            let now = self.clock.now();
            for change in self.worker.step(now) {
                let before = self.worker.before(&change).await;
                self.worker.owe(change, before.as_ref());
            }
        }
        for _ in 0..down {
            self.arrive(traces, &fails);
        }
        {
            let mut ledger = self.deps.digest.ledger().lock();
            *ledger = Ledger::default();
            traces.iter().for_each(|trace| ledger.replace(None, trace));
            ledger.settle(Timestamp::MAX);
        }
        self.restart().await;
    }

    /// A second passes, and its request is digested.
    fn arrive(&mut self, traces: &mut Vec<Arc<TraceDigest>>, fails: &impl Fn(u32) -> bool) {
        self.clock.0.fetch_add(1_000_000, Ordering::Relaxed);
        let trace = Arc::new(trace(self.requests + 1, self.clock.now(), fails(self.requests)));
        self.requests += 1;
        self.deps.digest.ledger().lock().replace(None, &trace);
        traces.push(trace);
    }
}

/// An outage of some seconds, in which the process is killed after so many. Gives when each message was written.
async fn play(kill: Option<(u32, Point, u32)>) -> Vec<(u32, Status, String)> {
    let mut shop = Shop::open().await;
    let fails = |second: u32| (HEALTHY..HEALTHY + FAILING).contains(&second);
    let (mut traces, mut told) = (Vec::new(), Vec::new());
    while shop.requests < HEALTHY + FAILING + AFTER {
        match kill.filter(|(second, ..)| *second == shop.requests) {
            Some((_, point, down)) => shop.kill(point, down, &mut traces, fails).await,
            _ => shop.arrive(&mut traces, &fails),
        }
        shop.worker.look().await;
        let queued = shop.deps.alerts.unrouted(100).unwrap();
        for one in &queued[told.len()..] {
            told.push((shop.requests, one.notice.status, one.notice.dedup_key.clone()));
        }
    }
    let kept = shop.kept();
    assert_eq!((kept.len(), kept.iter().any(Insight::is_active)), (1, false), "{kill:?}: {kept:?}");
    let keys: BTreeSet<String> = told.iter().map(|(.., key)| key.clone()).collect();
    assert_eq!(keys, BTreeSet::from([format!("insight/{}", kept[0].id)]), "{kill:?}");
    told
}

#[tokio::test]
async fn an_outage_is_told_once_and_its_end_once_wherever_the_process_is_killed() {
    let told = play(None).await;
    let [(opened, Status::Firing, _), (closed, Status::Resolved, _)] = told.as_slice() else {
        panic!("{told:?}")
    };
    let around = |second: u32| second - 2..=second + 1;
    for second in around(*opened).chain([*opened + 20]).chain(around(*closed)) {
        for point in [Point::Decided, Point::Written] {
            for down in [1, 15] {
                let kill = (second, point, down);
                let told = play(Some(kill)).await;
                let statuses: Vec<Status> = told.iter().map(|&(_, status, _)| status).collect();
                assert_eq!(statuses, [Status::Firing, Status::Resolved], "{kill:?}");
            }
        }
    }
}
