//! One request on its way through the services, on a clock of its own: it makes the documents that the services would send.
//!
//! Requests do not wait for each other. What many of them do to a service is part of the effects.

mod call;

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::effect::{Circumstance, Effect, Place, Symptom};
use super::entity::Entity;
use super::sdk::{Failure, Recorded};
use super::topology::{
    CONSUMERS, OnFailure, Operation, Sdk, Service, Step, Target, operation_of, resource_of, service_of,
};

/// How response times spread: the standard deviation of their logarithm.
const SPREAD: f64 = 0.35;

/// What requests go through.
#[derive(Debug, Clone, Copy)]
pub(super) struct World<'w> {
    pub(super) effects: &'w [Effect],
    /// The service or resource of which is noted who reaches it.
    pub(super) watched: Option<&'static str>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visitor {
    pub(super) user: u32,
    pub(super) tenant: u32,
}

/// A document and when it arrives.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) at: f64,
    pub(super) document: String,
}

/// Taken from a queue by its consumer, in another trace.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) at: f64,
    trace_id: String,
    sender: String,
    consumer: usize,
}

/// What became of a request.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) documents: Vec<Sent>,
    pub(super) messages: Vec<Message>,
    /// When the fault first hit it.
    pub(super) hit_at: Option<f64>,
    /// Whether it asked for what is watched.
    pub(super) has_reached: bool,
    /// What the client saw.
    pub(super) status: u16,
}

pub(super) struct Flow<'a> {
    world: World<'a>,
    random: &'a mut StdRng,
    trace_id: String,
    visitor: Visitor,
    item: f64,
    played: Played,
}

/// What a caller sees of a call.
struct Answer {
    end: f64,
    outcome: Outcome,
}

enum Outcome {
    Status(u16),
    /// There was no answer to use, for this recorded reason.
    Failed(Recorded),
}

/// The subsegment and service from which a call comes.
struct Caller<'c> {
    subsegment: &'c str,
    service: &'static str,
}

/// A request of a client for an operation.
pub(super) fn request(
    world: World<'_>,
    random: &mut StdRng,
    operation: &'static Operation,
    visitor: Visitor,
    at: f64,
) -> Played {
    let mut flow = Flow::new(world, random, visitor, at);
    let (_, status) = flow.serve(operation, None, Value::Null, at);
    flow.played.status = status;
    flow.played
}

/// What the consumer of a queue does with a message.
pub(super) fn consume(world: World<'_>, random: &mut StdRng, message: &Message) -> Played {
    let mut flow = Flow::new(world, random, Visitor { user: 0, tenant: 0 }, message.at);
    let links = json!([{"trace_id": message.trace_id, "id": message.sender, "attributes": {"aws.xray.reserved.reference_type": "linked"}}]);
    let (_, status) = flow.serve(&CONSUMERS[message.consumer], None, links, message.at);
    flow.played.status = status;
    flow.played
}

pub(super) fn entity_id(random: &mut StdRng) -> String {
    format!("{:016x}", random.random::<u64>())
}

impl<'a> Flow<'a> {
    fn new(world: World<'a>, random: &'a mut StdRng, visitor: Visitor, at: f64) -> Self {
        let trace_id = format!("1-{:08x}-{:024x}", at as u64, random.random::<u128>() >> 32);
        let item = random.random();
        let played = Played {
            documents: Vec::new(),
            messages: Vec::new(),
            hit_at: None,
            has_reached: false,
            status: 0,
        };
        Self { world, random, trace_id, visitor, item, played }
    }

    /// The segment of the operation's service; gives its end and status.
    fn serve(
        &mut self,
        operation: &'static Operation,
        caller: Option<&Caller<'_>>,
        links: Value,
        at: f64,
    ) -> (f64, u16) {
        let service = service_of(operation.service);
        self.reach(service.name);
        let instance = self.random.random_range(0..3);
        let about = self.about(operation, instance, at);
        let found = self.symptoms(&about, |place| place == Place::Service(service.name));
        let mut segment = self.segment(service, operation, caller, instance, &found, at);
        if !links.is_null() {
            segment.set("links", links);
        }
        let own = self.takes(operation.millis) * slower(&found);
        let piece = own / (operation.steps.len() + 1) as f64;
        let mut now = at + piece + delay(&found);

        let thrown = found
            .iter()
            .find_map(|one| if let Symptom::Throws(failure) = one { Some(*failure) } else { None });
        let answered = found
            .iter()
            .find_map(|one| if let Symptom::Answers(status) = one { Some(*status) } else { None });
        let status = match (thrown, answered) {
            (Some(failure), _) => {
                service.sdk.record(failure, "", &mut segment, self.random);
                500
            }
            (None, Some(status)) => status,
            (None, None) => {
                let (end, status) = self.steps(operation, instance, &mut segment, now, piece);
                now = end;
                status
            }
        };
        segment.end = segment.end.max(now);
        if !operation.method.is_empty() {
            segment.respond(status);
        }
        let end = segment.end;
        self.send(&segment, &found);
        (end, status)
    }

    fn steps(
        &mut self,
        operation: &'static Operation,
        instance: u32,
        segment: &mut Entity,
        mut now: f64,
        piece: f64,
    ) -> (f64, u16) {
        let service = service_of(operation.service);
        let mut begun = now;
        for step in operation.steps {
            if !step.is_beside {
                begun = now;
            }
            if !self.random.random_bool(step.chance) {
                continue;
            }
            let (end, outcome) = self.step(service, operation, step, instance, segment, begun);
            now = now.max(end + piece);
            match outcome {
                Some(_) if step.on_failure == OnFailure::Without => {}
                None | Some(Outcome::Status(..400)) => {}
                Some(Outcome::Status(status @ 400..500)) if status != 429 => return (now, status),
                Some(Outcome::Status(status)) => {
                    let target = self.target_name(step);
                    // A handler of Node or Go often answers by itself, without an exception.
                    let is_told = match service.sdk {
                        Sdk::Node | Sdk::Go => self.random.random_bool(0.4),
                        _ => true,
                    };
                    if is_told {
                        service.sdk.record(Failure::Status(status), target, segment, self.random);
                    }
                    return (now, if status == 503 { 503 } else { 502 });
                }
                Some(Outcome::Failed(recorded)) => {
                    service.sdk.pass_on(&recorded, segment, self.random);
                    return (now, 500);
                }
            }
        }
        (now, if operation.method == "POST" { 201 } else { 200 })
    }

    /// Makes a call, again where that is the custom; `None` where it is not made.
    fn step(
        &mut self,
        service: &'static Service,
        operation: &'static Operation,
        step: &Step,
        instance: u32,
        segment: &mut Entity,
        at: f64,
    ) -> (f64, Option<Outcome>) {
        let about = self.about(operation, instance, at);
        let name = service.name;
        let is_here = |place: Place| match (place, step.target) {
            (Place::Way { from, to }, Target::Operation(called)) => {
                to == operation_of(called).service && from.is_none_or(|from| from == name)
            }
            (Place::Resource { from, name: resource }, Target::Resource(called, _)) => {
                resource == called && from.is_none_or(|from| from == name)
            }
            _ => false,
        };
        let mut tries = if let OnFailure::Retry(tries) = step.on_failure { tries } else { 1 };
        let mut now = at;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let found = self.symptoms(&about, is_here);
            if found.contains(&Symptom::NotCalled) {
                return (now, None);
            }
            tries = found.iter().fold(tries, |tries, one| {
                if let Symptom::Retried(more) = one { tries.max(*more) } else { tries }
            });
            let answer = match step.target {
                Target::Operation(called) => self.call(service, operation_of(called), &found, segment, now),
                Target::Resource(resource, what) => {
                    self.ask(service, resource_of(resource), what, &found, segment, now)
                }
            };
            now = answer.end;
            let is_good = matches!(answer.outcome, Outcome::Status(..500) if !matches!(answer.outcome, Outcome::Status(429)));
            if is_good || attempt >= tries {
                return (now, Some(answer.outcome));
            }
            now += 0.02;
        }
    }

    fn segment(
        &mut self,
        service: &Service,
        operation: &Operation,
        caller: Option<&Caller<'_>>,
        instance: u32,
        found: &[Symptom],
        at: f64,
    ) -> Entity {
        let mut segment = Entity::new(entity_id(self.random), service.name, at);
        let further = match caller {
            Some(caller) => {
                segment.set("parent_id", json!(caller.subsegment));
                json!({"user_agent": caller.service, "client_ip": "10.0.3.7"})
            }
            None => {
                let user = self.visitor.user;
                if !operation.method.is_empty() {
                    segment.set("user", json!(format!("u{user}")));
                    segment.set("annotations", json!({"tenant": format!("t{}", self.visitor.tenant)}));
                }
                json!({"user_agent": "Mozilla/5.0", "client_ip": format!("198.51.{}.{}", user / 250 % 250, user % 250), "x_forwarded_for": true})
            }
        };
        if !operation.method.is_empty() {
            let scheme = if caller.is_none() { "https" } else { "http" };
            let url = format!("{scheme}://{}{}", service.host, self.path(operation));
            segment.request(operation.method, &url, further);
        }
        if let Some(origin) = service.origin {
            segment.set("origin", json!(origin));
        }
        let version = found
            .iter()
            .find_map(|one| if let Symptom::Version(version) = one { Some(*version) } else { None });
        segment.set("service", json!({"version": version.unwrap_or("3.1.0")}));
        let zone = ["a", "b", "c"][instance as usize % 3];
        segment.set(
            "aws",
            json!({
                "xray": {"sdk": service.sdk.name(), "sdk_version": "2.21.0"},
                "ec2": {"instance_id": format!("i-{}-{instance}", service.name), "availability_zone": format!("eu-west-1{zone}")},
            }),
        );
        segment
    }

    fn send(&mut self, segment: &Entity, found: &[Symptom]) {
        if found.contains(&Symptom::SegmentsLost) {
            return;
        }
        let ahead =
            found.iter().map(|one| if let Symptom::ClockAhead(seconds) = one { *seconds } else { 0.0 }).sum();
        let at = segment.end + self.random.random_range(0.01..0.25);
        self.played.documents.push(Sent { at, document: segment.document(&self.trace_id, ahead) });
    }

    /// Notes that it asks for a service or resource.
    fn reach(&mut self, name: &'static str) {
        self.played.has_reached |= self.world.watched == Some(name);
    }

    fn about(&self, operation: &Operation, instance: u32, at: f64) -> Circumstance {
        Circumstance { at, tenant: self.visitor.tenant, instance, item: self.item, operation: operation.name }
    }

    /// What happens here now; notes that the fault hit the request.
    fn symptoms(&mut self, about: &Circumstance, is_here: impl Fn(Place) -> bool) -> Vec<Symptom> {
        let mut found = Vec::new();
        for effect in self.world.effects.iter().filter(|effect| is_here(effect.place)) {
            let Some(symptom) = effect.symptom_for(about) else { continue };
            if effect.share < 1.0 && !self.random.random_bool(effect.share) {
                continue;
            }
            if effect.is_fault {
                self.played.hit_at = Some(self.played.hit_at.map_or(about.at, |at| at.min(about.at)));
            }
            found.push(symptom);
        }
        found
    }

    fn target_name(&self, step: &Step) -> &'static str {
        match step.target {
            Target::Operation(called) => service_of(operation_of(called).service).host,
            Target::Resource(name, _) => name,
        }
    }

    /// Names the same thing on all levels of the request.
    fn path(&self, operation: &Operation) -> String {
        let id = 100_000 + (self.item * 900_000.0) as u32;
        operation.path.replace("{id}", &id.to_string())
    }

    fn network(&mut self) -> f64 {
        self.takes(0.5)
    }

    /// A time around its median in milliseconds, in seconds.
    fn takes(&mut self, millis: f64) -> f64 {
        let one: f64 = self.random.random_range(f64::EPSILON..1.0);
        let other: f64 = self.random.random();
        let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos();
        millis / 1000.0 * (SPREAD * normal).exp()
    }
}

/// So many times as long.
fn slower(found: &[Symptom]) -> f64 {
    found.iter().map(|one| if let Symptom::Slower(factor) = one { *factor } else { 1.0 }).product()
}

/// So many seconds more.
fn delay(found: &[Symptom]) -> f64 {
    found.iter().map(|one| if let Symptom::Delay(more) = one { *more } else { 0.0 }).sum()
}
