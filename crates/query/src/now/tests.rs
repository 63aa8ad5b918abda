//! The engine over a made-up shop: `front` calls `cart` through a balancer, `cart` asks a database.

mod failing;
mod ruled;
mod seldom;
mod slow;

use std::sync::Arc;

use model::{Entity, TimeRange, Timestamp, TraceDigest, TraceId};

use super::{Entry, Judgement, Ledger, What, judge};
use crate::testing::{Build, Documents, at, entity};

/// One request to the shop, to be changed before it is played.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    number: u32,
    start: f64,
    user: String,
    path: &'static str,
    /// How long the way to `cart` takes, `cart` itself, and its database.
    way: f64,
    own: f64,
    query: f64,
    /// How far the clock of `cart` is ahead.
    clock: f64,
    fails: Option<Fails>,
    calls_database: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fails {
    /// `cart` throws this.
    Cart(&'static str),
    /// Nobody listens where `cart` should be.
    NoCart,
    /// `front` does without the database that did not answer `cart`.
    Caught,
}

impl Visit {
    fn new(number: u32, start: f64) -> Self {
        Self {
            number,
            start,
            user: format!("user {number}"),
            path: "/cart/items",
            way: 0.002,
            own: 0.004,
            query: 0.003,
            clock: 0.0,
            fails: None,
            calls_database: true,
        }
    }

    pub(crate) fn fails(self, fails: Fails) -> Self {
        Self { fails: Some(fails), ..self }
    }

    fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    fn digest(&self) -> Arc<TraceDigest> {
        let begin = self.start;
        let served = self.own + if self.calls_database { self.query } else { 0.0 };
        let end = begin + 0.001 + self.way + served;
        let url = format!("http://lb.internal{}", self.path);
        let mut call = entity(2, "lb.internal", begin + 0.001, end).remote().http("GET", &url);
        if self.fails == Some(Fails::NoCart) {
            call = call.fault().exception(7, "Refused", "connection refused");
        }
        let is_seen = matches!(self.fails, Some(Fails::NoCart | Fails::Cart(_)));
        let mut front = entity(1, "front", begin, end + 0.002)
            .http("GET", &format!("http://shop{}", self.path))
            .user(&self.user);
        if let Some(Fails::Cart(_)) = self.fails {
            call = call.edit(|entity| entity.flags.fault = true);
        }
        if is_seen {
            front = front.edit(|entity| entity.flags.fault = true);
        }
        let mut documents = Documents::default();
        if self.fails != Some(Fails::NoCart) {
            documents =
                documents.segment(end, self.cart(begin + 0.001 + self.way / 2.0 + self.clock, served));
        }
        let mut digest = documents.segment(end + 0.003, front.holds(call)).digest();
        digest.id = TraceId(u128::from(self.number).to_be_bytes());
        Arc::new(digest)
    }

    fn cart(&self, begin: f64, served: f64) -> Entity {
        let name = if self.path.starts_with("/stock") { "stock" } else { "cart" };
        let cart =
            entity(3, name, begin, begin + served).parent(2).http("GET", &format!("http://x{}", self.path));
        let query = entity(4, "db", begin + self.own / 2.0, begin + self.own / 2.0 + self.query).remote();
        match self.fails {
            Some(Fails::Cart(exception)) => cart.fault().exception(8, exception, "no luck"),
            Some(Fails::Caught) => cart.holds(query.fault().exception(9, "Lost", "no answer")),
            _ if self.calls_database => cart.holds(query),
            _ => cart,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Shop {
    pub(crate) ledger: Ledger,
    digests: Vec<Arc<TraceDigest>>,
    visits: u32,
}

impl Shop {
    /// Requests from one time to another, so many a second; `change` says what is special about each.
    pub(crate) fn play(
        &mut self,
        from: f64,
        to: f64,
        rate: f64,
        change: impl Fn(u32, Visit) -> Visit,
    ) -> &mut Self {
        for number in 1..=((to - from) * rate).round() as u32 {
            let start = from + f64::from(number - 1) / rate;
            self.visits += 1;
            // A little unlike each other, as real ones are.
            let spread = 1.0 + 0.1 * f64::from(self.visits % 5);
            let visit = Visit::new(self.visits, start);
            let visit = Visit { own: visit.own * spread, query: visit.query * spread, ..visit };
            self.give(change(number, visit).digest());
        }
        self
    }

    /// What another process knows that read back the traces received since then.
    pub(crate) fn restarted(&self, since: Timestamp) -> Ledger {
        let mut ledger = Ledger::default();
        for digest in self.digests.iter().filter(|digest| digest.last_received >= since) {
            ledger.replace(None, digest);
        }
        ledger.settle(Timestamp::MAX);
        ledger
    }

    fn give(&mut self, digest: Arc<TraceDigest>) {
        self.ledger.replace(None, &digest);
        self.digests.push(digest);
    }

    fn judge(&mut self, now: f64) -> Judgement {
        self.ledger.settle(at(now));
        judge(&self.ledger, range_at(now), at(now)).0
    }

    /// `name what` of what goes on, as who looks again and again is told.
    fn look(&mut self, now: f64) -> Vec<String> {
        let entries = self.ledger.look(range_at(now), at(now)).entries;
        let entries = entries.into_iter().filter(|entry| entry.until.is_none());
        entries.map(|entry| format!("{} {:?}", entry.node.name, entry.what)).collect()
    }

    pub(crate) fn entries(&mut self, now: f64) -> Vec<Entry> {
        self.judge(now).entries
    }

    /// `name what weight` of what goes on.
    fn said(&mut self, now: f64) -> Vec<String> {
        let entries = self.entries(now).into_iter().filter(|entry| entry.until.is_none());
        entries.map(|entry| format!("{} {:?} {:?}", entry.node.name, entry.what, entry.weight)).collect()
    }
}

fn range_at(now: f64) -> TimeRange {
    TimeRange::new(at(now - 1_800.0), at(now + 1.0))
}

/// Four minutes as usual.
fn usual() -> Shop {
    let mut shop = Shop::default();
    shop.play(0.0, 240.0, 5.0, |_, visit| visit);
    shop
}

fn as_usual(_: u32, visit: Visit) -> Visit {
    visit
}

fn seconds(at: Timestamp) -> f64 {
    (at.0 - crate::testing::EPOCH.0) as f64 / 1e6
}

/// NOW-1: what was counted is taken back when a trace is revised, and a ledger made from what is stored says the same.
#[test]
fn a_ledger_is_the_sum_of_the_newest_digests() {
    let mut live = Shop::default();
    live.play(0.0, 200.0, 5.0, as_usual);
    // Each failing trace is seen without its end first: the caller says that somebody does not answer.
    for number in 0..40_u32 {
        let visit = Visit::new(100_000 + number, 200.0 + f64::from(number) / 4.0);
        let first = visit.clone().fails(Fails::NoCart).digest();
        live.ledger.replace(None, &first);
        live.ledger.settle(at(visit.start + 3.0));
        let second =
            Arc::new(TraceDigest { revision: 9, ..(*visit.fails(Fails::Cart("Bug")).digest()).clone() });
        live.ledger.replace(Some(&first), &second);
        live.digests.push(second);
    }
    let mut again = Shop::default();
    for digest in live.digests.clone() {
        again.give(digest);
    }
    let tell = |judgement: Judgement| {
        let of =
            |entry: Entry| (entry.node, entry.what, entry.since, entry.failing, entry.requests, entry.users);
        judgement.entries.into_iter().map(of).collect::<Vec<_>>()
    };
    let told = tell(live.judge(211.0));
    assert_eq!((told.len(), told[0].0.name.as_str(), told[0].1, told[0].3), (1, "cart", What::Failing, 40));
    assert_eq!(told, tell(again.judge(211.0)));
}

#[test]
fn a_trace_counts_when_it_is_whole_or_has_settled() {
    let count = |shop: &Shop| shop.ledger.requests.count(i64::MIN, i64::MAX);
    let mut shop = usual();
    let visit = Visit::new(9_999, 240.0).fails(Fails::Cart("Bug"));
    // The root in progress: the same without its end.
    let whole = visit.digest();
    let mut open = (*whole).clone();
    open.is_partial = true;
    shop.ledger.settle(at(240.2));
    assert_eq!((count(&shop), shop.ledger.pending()), (1_200, 0));
    shop.ledger.replace(None, &Arc::new(open));
    shop.ledger.settle(whole.last_received.plus(model::Micros::from_millis(299)));
    assert_eq!((count(&shop), shop.ledger.pending()), (1_200, 1));
    shop.ledger.replace(None, &whole);
    shop.ledger.settle(whole.last_received);
    // It counts, and its times wait.
    assert_eq!((count(&shop), shop.ledger.pending()), (1_201, 1));
    shop.ledger.settle(whole.last_received.plus(model::Micros::from_millis(300)));
    assert_eq!((count(&shop), shop.ledger.pending()), (1_201, 0));
}

#[test]
fn a_clock_that_is_off_is_told_and_corrected() {
    let mut shop = Shop::default();
    shop.play(0.0, 240.0, 5.0, |_, visit| Visit { clock: -90.0, ..visit });
    shop.play(240.0, 250.0, 5.0, |_, visit| Visit { clock: -90.0, ..visit }.fails(Fails::Cart("Bug")));
    let judgement = shop.judge(250.5);
    assert_eq!(judgement.skews.len(), 1);
    assert_eq!(
        (judgement.skews[0].node.name.as_str(), judgement.skews[0].behind_millis / 1_000),
        ("cart", 90)
    );
    let entry = &judgement.entries[0];
    assert!((239.5..241.0).contains(&seconds(entry.since)), "{}", seconds(entry.since));
}
