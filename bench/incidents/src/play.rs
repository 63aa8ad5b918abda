//! Plays one run: traffic first as usual, then with the scenario, while somebody reads the rail.

use std::collections::BinaryHeap;

use anyhow::Context;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::effect::Effect;
use super::flow::{self, Message, Sent, Visitor, World};
use super::kind::{Kind, noise};
use super::rail::{self, Entry};
use super::scenario::{Extra, Scenario, Truth};
use super::stage::Stage;
use super::topology::{ENTRIES, Operation, operation_of};

/// When all runs begin: epoch seconds of a Monday, 09:00 UTC.
const ORIGIN: f64 = 1_795_424_400.0;
const REQUESTS_A_SECOND: f64 = 14.0;
/// Traffic comes in waves of so many seconds, by so much of the mean.
const WAVE: (f64, f64) = (420.0, 0.2);
/// Documents are handed in at such steps, seconds.
const TICK: f64 = 0.1;
const USERS: f64 = 4_000.0;
const TENANTS: f64 = 40.0;

pub(super) struct Plan {
    pub(super) kind: &'static Kind,
    pub(super) seed: u64,
    /// Seconds of usual traffic before the onset.
    pub(super) warm: f64,
    /// Seconds between two looks at the rail.
    pub(super) poll: f64,
}

/// What was said and what was true.
pub(super) struct Run {
    pub(super) readings: Vec<Reading>,
    pub(super) truth: Option<Truth>,
    pub(super) onset: f64,
    pub(super) hits: Vec<Hit>,
    /// Requests that asked for the node which is at fault, all through the run.
    pub(super) reached: Vec<Reach>,
}

pub(super) struct Reading {
    pub(super) at: f64,
    pub(super) entries: Vec<Entry>,
}

/// A request that the fault hit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) at: f64,
    /// When the first and the last of its documents arrive.
    pub(super) first: f64,
    pub(super) last: f64,
    /// None where a queue's consumer was hit.
    pub(super) user: Option<u32>,
    /// Whether the client saw it.
    pub(super) is_seen: bool,
}

/// A request that asked for the node which is at fault; times as of a [`Hit`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) first: f64,
    pub(super) last: f64,
}

/// By time, the earliest first.
struct Due<T>(f64, u64, T);

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

struct Traffic {
    random: StdRng,
    scenario: Scenario,
    effects: Vec<Effect>,
    documents: BinaryHeap<Due<String>>,
    messages: BinaryHeap<Due<Message>>,
    /// Tells apart what is due at the same time.
    count: u64,
    hits: Vec<Hit>,
    reached: Vec<Reach>,
    watched: Option<&'static str>,
}

/// On a runtime of its own, whose time is paused.
pub(super) fn play(plan: &Plan) -> anyhow::Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let played = runtime.block_on(follow(plan));
    runtime.shutdown_background();
    played.with_context(|| format!("play {} with seed {}", plan.kind.name, plan.seed))
}

async fn follow(plan: &Plan) -> anyhow::Result<Run> {
    let stage = Stage::open(ORIGIN)?;
    let mut random = StdRng::seed_from_u64(plan.seed);
    let onset = ORIGIN + plan.warm + random.random_range(0.0..20.0);
    let scenario = (plan.kind.plan)(&mut random, onset);
    let end = onset + scenario.watch;
    let mut traffic = Traffic::new(random, scenario);
    let mut readings = Vec::new();
    // Somebody has looked at it for a while, as consoles are kept open.
    let mut poll_at = onset - 5.0;
    let mut now = ORIGIN;
    while now < end {
        traffic.begin_requests(now);
        now += TICK;
        stage.until(now).await;
        for document in traffic.due(now) {
            stage.offer(document)?;
        }
        if now >= poll_at {
            // What was handed in is read once the parts are done with it.
            stage.until(now + 0.01).await;
            readings.push(Reading { at: now, entries: rail::read(&stage).await? });
            poll_at += plan.poll;
        }
    }
    Ok(Run { readings, truth: traffic.scenario.truth, onset, hits: traffic.hits, reached: traffic.reached })
}

impl Traffic {
    fn new(random: StdRng, scenario: Scenario) -> Self {
        // Of several symptoms that end a request the first counts, so noise comes last.
        let watched = scenario.truth.as_ref().map(|truth| truth.node);
        let effects = scenario.effects.iter().copied().chain(noise()).collect();
        Self {
            random,
            scenario,
            effects,
            documents: BinaryHeap::new(),
            messages: BinaryHeap::new(),
            count: 0,
            hits: Vec::new(),
            reached: Vec::new(),
            watched,
        }
    }

    /// The requests that clients make, and the messages that consumers take, in the tick from `at`.
    fn begin_requests(&mut self, at: f64) {
        let weights: f64 = ENTRIES.iter().map(|(_, weight)| weight).sum();
        let wave = 1.0 + WAVE.1 * (at * std::f64::consts::TAU / WAVE.0).sin();
        for (name, weight) in ENTRIES {
            let operation = operation_of(name);
            let rate = REQUESTS_A_SECOND * wave * weight / weights * self.surge(operation.service, at);
            self.begin(operation, rate, at);
        }
        let extras: Vec<Extra> = self.scenario.extras.clone();
        for extra in extras.iter().filter(|extra| extra.from <= at && at < extra.until) {
            self.begin(operation_of(extra.operation), extra.a_second, at);
        }
        while self.messages.peek().is_some_and(|message| message.0 < at + TICK) {
            let Some(Due(_, _, message)) = self.messages.pop() else { break };
            let played = flow::consume(
                World { effects: &self.effects, watched: self.watched },
                &mut self.random,
                &message,
            );
            self.send(played, None);
        }
    }

    fn begin(&mut self, operation: &'static Operation, rate: f64, at: f64) {
        let expected = rate * TICK;
        let count = expected as u32 + u32::from(self.random.random_bool(expected.fract()));
        for _ in 0..count {
            let at = at + self.random.random_range(0.0..TICK);
            // Some ask more often than others.
            let mut one_of = |many: f64| (self.random.random_range(0.0..1.0_f64).powi(2) * many) as u32;
            let visitor = Visitor { user: one_of(USERS), tenant: one_of(TENANTS) };
            let world = World { effects: &self.effects, watched: self.watched };
            let played = flow::request(world, &mut self.random, operation, visitor, at);
            self.send(played, Some(visitor));
        }
    }

    fn surge(&self, service: &str, at: f64) -> f64 {
        let surges = self.scenario.surges.iter();
        let here = surges.filter(|surge| {
            surge.service.is_none_or(|one| one == service) && surge.from <= at && at < surge.until
        });
        here.map(|surge| surge.factor).product()
    }

    fn send(&mut self, played: flow::Played, visitor: Option<Visitor>) {
        let arrivals = || played.documents.iter().map(|sent| sent.at);
        let first = arrivals().fold(f64::INFINITY, f64::min);
        let last = arrivals().fold(f64::NEG_INFINITY, f64::max);
        if played.has_reached {
            self.reached.push(Reach { first, last });
        }
        if let Some(hit_at) = played.hit_at {
            self.hits.push(Hit {
                at: hit_at,
                first,
                last,
                user: visitor.map(|visitor| visitor.user),
                is_seen: played.status >= 500,
            });
        }
        for Sent { at, document } in played.documents {
            self.count += 1;
            self.documents.push(Due(at, self.count, document));
        }
        for message in played.messages {
            self.count += 1;
            self.messages.push(Due(message.at, self.count, message));
        }
    }

    /// The documents that have arrived by now.
    fn due(&mut self, now: f64) -> Vec<String> {
        let mut due = Vec::new();
        while self.documents.peek().is_some_and(|document| document.0 <= now) {
            due.extend(self.documents.pop().map(|Due(_, _, document)| document));
        }
        due
    }
}
