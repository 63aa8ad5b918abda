//! Hundreds of clients that decide as SDKs do, against the allocator, second by second.

use model::{Micros, Timestamp};

use super::{Allocator, Counts};
use crate::rule::SamplingRule;

/// How the clients of X-Ray's own SDKs and of ADOT differ (docs/xray.md 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Convention {
    /// Borrows whenever it has no fresh quota, and does not count what it borrowed as sampled.
    XRay,
    /// Borrows until its first quota and never again, and counts borrowed requests as sampled too.
    Adot,
}

#[derive(Debug)]
struct Client {
    id: String,
    convention: Convention,
    /// Requests a second.
    load: u64,
    /// The second of ten in which it reports.
    phase: u64,
    quota: Option<(u32, Timestamp)>,
    counts: Counts,
}

impl Client {
    /// What it samples in one second; the fixed rate is zero.
    fn run(&mut self, reservoir: u32, now: Timestamp) -> u64 {
        self.counts.requests += self.load;
        let quota = self.quota.filter(|(_, ttl)| ttl.floor_seconds() >= now.floor_seconds());
        let may_borrow = self.convention == Convention::XRay || self.quota.is_none();
        match quota {
            Some((quota, _)) => {
                let sampled = self.load.min(u64::from(quota));
                self.counts.sampled += sampled;
                sampled
            }
            None if may_borrow && reservoir > 0 && self.load > 0 => {
                self.counts.borrowed += 1;
                self.counts.sampled += u64::from(self.convention == Convention::Adot);
                1
            }
            None => 0,
        }
    }

    fn report(&mut self, allocator: &mut Allocator, rule: &SamplingRule, now: Timestamp) {
        let counts = std::mem::take(&mut self.counts);
        if counts.requests == 0 {
            return;
        }
        let target = allocator.report(rule, &self.id, counts, now);
        if let Some(quota) = target.quota.zip(target.quota_ttl) {
            self.quota = Some(quota);
        }
    }
}

struct Simulation {
    allocator: Allocator,
    rule: SamplingRule,
    clients: Vec<Client>,
    second: u64,
}

impl Simulation {
    /// Half of the clients are of each convention, and each has a load of its own, of `least` at least.
    fn new(clients: u64, reservoir_size: u32, least: u64) -> Self {
        let default = SamplingRule::default_rule("us-east-1", "123456789012");
        let clients = (0..clients).map(|number| Client {
            id: format!("{number:024x}"),
            convention: if number % 2 == 0 { Convention::XRay } else { Convention::Adot },
            load: least + number * 7 % 13,
            phase: number * 3 % 10,
            quota: None,
            counts: Counts::default(),
        });
        let rule = SamplingRule { fixed_rate: 0.0, reservoir_size, ..default };
        Self { allocator: Allocator::default(), rule, clients: clients.collect(), second: 1_000_000 }
    }

    /// What all sample in each of the next seconds.
    fn run(&mut self, seconds: u64) -> Vec<u64> {
        (0..seconds)
            .map(|_| {
                self.second += 1;
                let now = Timestamp(0).plus(Micros::from_secs(self.second));
                let mut sampled = 0;
                for client in &mut self.clients {
                    sampled += client.run(self.rule.reservoir_size, now);
                    if client.phase == self.second % 10 {
                        client.report(&mut self.allocator, &self.rule, now);
                    }
                }
                sampled
            })
            .collect()
    }
}

/// Reports smooth out a client's load, so shares move a little for some minutes; what one has not yet given up
/// another does not get.
const SETTLED_SECONDS: u64 = 400;

/// The sum is never more than the reservoir, never far below, and all of it once shares have settled.
fn check_settles(simulation: &mut Simulation) {
    let reservoir = u64::from(simulation.rule.reservoir_size);
    let sums = simulation.run(SETTLED_SECONDS);
    assert!(sums.iter().all(|sum| (reservoir / 2..=reservoir).contains(sum)), "{reservoir}: {sums:?}");
    let sums = simulation.run(300);
    assert!(sums.iter().all(|sum| *sum == reservoir), "{reservoir}: {sums:?}");
}

#[test]
fn the_sum_of_all_clients_is_the_reservoir_every_second() {
    for (clients, reservoir) in [(2, 50), (300, 100), (300, 1_000), (400, 1), (500, 0)] {
        let mut simulation = Simulation::new(clients, reservoir, 30);
        // All have reported twice by then.
        simulation.run(20);
        check_settles(&mut simulation);
    }
}

#[test]
fn before_their_quotas_clients_borrow_one_a_second_each() {
    let mut simulation = Simulation::new(300, 50, 30);
    assert_eq!(simulation.run(10), [300; 10]);
    assert_eq!(Simulation::new(300, 0, 30).run(10), [0; 10]);
}

#[test]
fn what_leaving_clients_used_goes_to_the_others() {
    let mut simulation = Simulation::new(300, 100, 200);
    simulation.run(20);
    check_settles(&mut simulation);
    for client in simulation.clients.iter_mut().skip(150) {
        client.load = 0;
    }
    // Until the server takes them for silent, nobody else has their quotas.
    assert!(simulation.run(50).iter().all(|sum| *sum <= 100));
    check_settles(&mut simulation);
}

#[test]
fn newcomers_borrow_until_they_are_known_and_then_share() {
    let mut simulation = Simulation::new(300, 100, 30);
    let late = simulation.clients.split_off(200);
    simulation.run(60);
    simulation.clients.extend(late);
    let sums = simulation.run(20);
    assert!(sums.iter().all(|sum| *sum <= 100 + 100), "each newcomer borrows one: {sums:?}");
    check_settles(&mut simulation);
}

#[test]
fn the_conventions_differ_in_what_they_report_and_in_nothing_else() {
    let mut simulation = Simulation::new(2, 10, 30);
    simulation.second = 1_000_003;
    simulation.run(6);
    let [one, other] = [0, 1].map(|client| simulation.clients[client].counts);
    assert_eq!((one.borrowed, one.sampled), (6, 0));
    assert_eq!((other.borrowed, other.sampled), (6, 6));
}
