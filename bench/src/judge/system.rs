//! A system of many services: five floors, each of whose services calls three to five of the next one.
//!
//! Requests come in on the top floor. Each operation of a service calls the same few services every time, as programs do,
//! and those of the lowest floor ask a database that sends nothing. One trace in fifty fails somewhere; half of those
//! failures are seen by the client.

use model::segment::Entity;
use model::{Micros, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Any time will do.
pub(super) const BEGIN: Timestamp = Timestamp(1_785_000_000_000_000);

const FLOORS: usize = 5;
/// So many of a hundred services are on the top floor.
const ENTRIES_OF_100: u32 = 5;
const OPERATIONS: u32 = 3;
const FAILING: f64 = 0.02;
/// How often an operation calls a second service.
const SECOND_CALL: f64 = 0.3;
/// About, from these shares.
const SPANS_A_TRACE: f64 = 20.0;

/// A document, and when it was received.
pub(super) struct Sent {
    pub(super) received: Timestamp,
    pub(super) text: String,
}

pub(super) struct System {
    services: Vec<Service>,
    entries: u32,
    traces_a_second: f64,
    random: StdRng,
    number: u64,
    second: u64,
    /// Sent in a second to come.
    later: Vec<Sent>,
}

struct Service {
    /// Of each operation, whom it calls.
    calls: Vec<Vec<usize>>,
    /// Microseconds of its own work, about.
    own: f64,
}

/// One request that is being played.
struct Visit {
    service: usize,
    operation: u32,
    id: u64,
    /// The call that it serves.
    parent: Option<u64>,
}

/// A trace in the making.
struct Trace {
    id: String,
    sent: Vec<Sent>,
    /// How many visits remain until one fails.
    fails_in: Option<u32>,
    is_seen: bool,
}

impl System {
    pub(super) fn new(services: u32, spans_a_second: u32) -> Self {
        let mut random = StdRng::seed_from_u64(11);
        let entries = (services * ENTRIES_OF_100 / 100).max(1);
        let of_floor = (services - entries) as usize / (FLOORS - 1);
        let floor_of = |service: usize| match service.checked_sub(entries as usize) {
            None => 0,
            Some(below) => (1 + below / of_floor.max(1)).min(FLOORS - 1),
        };
        let begin_of = |floor: usize| entries as usize + (floor - 1) * of_floor;
        let mut all = Vec::new();
        for service in 0..services as usize {
            let floor = floor_of(service);
            let mut targets = Vec::new();
            if floor + 1 < FLOORS {
                let begin = begin_of(floor + 1);
                let end = if floor + 2 < FLOORS { begin + of_floor } else { services as usize };
                let count = random.random_range(3..=5);
                targets.extend((0..count).map(|_| random.random_range(begin..end)));
            }
            let calls = |operation: u32| {
                let first = targets.get(operation as usize % targets.len().max(1));
                let second = targets.get((operation as usize + 1) % targets.len().max(1));
                let second = second.filter(|_| random.random_bool(SECOND_CALL));
                first.into_iter().chain(second).copied().collect()
            };
            let calls = (0..OPERATIONS).map(calls).collect();
            all.push(Service { calls, own: 1_000.0 * 1.5_f64.powi(service as i32 % 7) });
        }
        let traces_a_second = f64::from(spans_a_second) / SPANS_A_TRACE;
        Self { services: all, entries, traces_a_second, random, number: 0, second: 0, later: Vec::new() }
    }

    /// The documents that are received in the next second, in order of receipt.
    pub(super) fn second(&mut self) -> Vec<Sent> {
        let begin = BEGIN.plus(Micros::from_secs(self.second));
        self.second += 1;
        let count = (self.second as f64 * self.traces_a_second) as u64 - self.number;
        let mut sent = std::mem::take(&mut self.later);
        for _ in 0..count {
            let start = begin.plus(Micros(self.random.random_range(0..1_000_000)));
            sent.append(&mut self.trace(start));
        }
        let end = begin.plus(Micros::from_secs(1));
        let (mut now, later) = sent.into_iter().partition(|one: &Sent| one.received < end);
        self.later = later;
        now.sort_by_key(|one| one.received);
        now
    }

    fn trace(&mut self, start: Timestamp) -> Vec<Sent> {
        self.number += 1;
        let random = &mut self.random;
        let id =
            format!("1-{:08x}-{:08x}{:016x}", start.floor_seconds(), random.random::<u32>(), self.number);
        let fails_in = random.random_bool(FAILING).then(|| random.random_range(0..9));
        let mut trace = Trace { id, sent: Vec::new(), fails_in, is_seen: random.random_bool(0.5) };
        let entry = Visit {
            service: random.random_range(0..self.entries) as usize,
            operation: random.random_range(0..OPERATIONS),
            id: random.random(),
            parent: None,
        };
        self.visit(&mut trace, &entry, start);
        trace.sent
    }

    /// Plays a request with all that it causes. Gives when it is over, and whether it failed.
    fn visit(&mut self, trace: &mut Trace, visit: &Visit, start: Timestamp) -> (Timestamp, bool) {
        let mine = match &mut trace.fails_in {
            Some(0) => {
                trace.fails_in = None;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        let Service { calls, own } = &self.services[visit.service];
        let (targets, own) = (calls[visit.operation as usize].clone(), *own);
        let mut at = start.plus(self.time(own));
        let (mut subsegments, mut failed) = (Vec::new(), mine);
        for target in targets {
            let id: u64 = self.random.random();
            let operation = self.random.random_range(0..OPERATIONS);
            let callee = Visit { service: target, operation, id: self.random.random(), parent: Some(id) };
            let begin = at;
            let (end, callee_failed) = self.visit(trace, &callee, begin.plus(Micros(200)));
            at = end.plus(Micros(200));
            let is_failing = callee_failed && trace.is_seen;
            failed |= is_failing;
            subsegments.push(call(id, &name(target), &url(target, operation, id), begin, at, callee_failed));
        }
        if self.services[visit.service].calls.iter().all(Vec::is_empty) {
            let end = at.plus(self.time(2_000.0));
            let database = format!("db-{}.internal", visit.service % 50);
            subsegments.push(call(
                self.random.random(),
                &database,
                &format!("http://{database}/q"),
                at,
                end,
                false,
            ));
            at = end;
        }
        let cause = if mine { exception(self.random.random()) } else { String::new() };
        let text = segment(&trace.id, visit, (start, at), failed, &cause, &subsegments.join(","));
        trace.sent.push(Sent { received: at.plus(Micros(5_000)), text });
        (at, failed)
    }

    /// Around a mean, as times are.
    fn time(&mut self, mean: f64) -> Micros {
        let chance: f64 = self.random.random_range(1e-3..1.0);
        Micros((mean * (0.5 - 0.5 * chance.ln())) as u64)
    }
}

fn name(service: usize) -> String {
    format!("service-{service:04}")
}

fn url(service: usize, operation: u32, id: u64) -> String {
    match operation {
        0 => format!("http://{}/items/{}", name(service), id % 100_000),
        1 => format!("http://{}/search?q={}", name(service), id % 1_000),
        _ => format!("http://{}/orders", name(service)),
    }
}

fn call(id: u64, host: &str, url: &str, start: Timestamp, end: Timestamp, failed: bool) -> String {
    let (fault, status) = if failed { (",\"fault\":true", 500) } else { ("", 200) };
    format!(
        "{{\"id\":\"{id:016x}\",\"name\":\"{host}\",\"namespace\":\"remote\",\"start_time\":{:.6},\"end_time\":{:.6}{fault},\
         \"http\":{{\"request\":{{\"method\":\"GET\",\"url\":\"{url}\"}},\"response\":{{\"status\":{status}}}}}}}",
        start.as_seconds(),
        end.as_seconds()
    )
}

fn exception(id: u64) -> String {
    format!(
        ",\"cause\":{{\"exceptions\":[{{\"id\":\"{id:016x}\",\"type\":\"IllegalStateException\",\"message\":\"no luck with {}\"}}]}}",
        id % 100
    )
}

fn segment(
    trace: &str,
    visit: &Visit,
    (start, end): (Timestamp, Timestamp),
    failed: bool,
    cause: &str,
    subsegments: &str,
) -> String {
    let parent = visit.parent.map(|parent| format!(",\"parent_id\":\"{parent:016x}\"")).unwrap_or_default();
    let (fault, status) = if failed { (",\"fault\":true", 500) } else { ("", 200) };
    format!(
        "{{\"trace_id\":\"{trace}\",\"id\":\"{:016x}\",\"name\":\"{}\"{parent},\"start_time\":{:.6},\"end_time\":{:.6}{fault},\
         \"user\":\"u{}\",\"http\":{{\"request\":{{\"method\":\"GET\",\"url\":\"{}\"}},\"response\":{{\"status\":{status}}}}},\
         \"annotations\":{{\"tenant\":\"t{}\",\"region\":\"eu-{}\"}}{cause},\"subsegments\":[{subsegments}]}}",
        visit.id,
        name(visit.service),
        start.as_seconds(),
        end.as_seconds(),
        visit.id % 20_000,
        url(visit.service, visit.operation, visit.id),
        visit.id % 200,
        visit.id % 3,
    )
}

/// Segments and subsegments.
pub(super) fn spans(entity: &Entity) -> u64 {
    1 + entity.subsegments.iter().map(spans).sum::<u64>()
}
