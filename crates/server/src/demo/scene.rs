//! One request on its way through the services, on a clock of its own that starts at zero.
//!
//! The calls nest as the services' calls do: `serve` is what a callee records, `call` what its caller
//! records about it. Nothing waits; time passes because a call says how long it took.

use std::time::Duration;

use serde_json::{Value, json};

use super::document::{Document, Entity};
use super::exception::Recorded;
use super::random::Random;
use super::service::Service;
use super::shopper::Shopper;

/// From one host to another.
const NETWORK_MS: f64 = 0.6;

#[derive(Debug)]
pub(super) struct Scene {
    pub(super) random: Random,
    pub(super) shopper: Shopper,
    /// Nobody answers at `springboot2.default`.
    pub(super) springboot2_is_down: bool,
    trace_digits: String,
    now: Duration,
    documents: Vec<Document>,
    tally: Tally,
}

/// What the people outside saw: the outcome of the root segment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) is_fault: bool,
    pub(super) is_error: bool,
    pub(super) is_throttle: bool,
}

/// Who calls a service.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caller<'a> {
    /// A person, through the load balancer.
    Shopper,
    /// The subsegment with this id.
    Subsegment(&'a str),
}

/// What a finished request leaves behind.
#[derive(Debug)]
pub(super) struct Take {
    /// The part of the trace id that is not time.
    pub(super) trace_digits: String,
    /// In the order in which they were sent.
    pub(super) documents: Vec<Document>,
    pub(super) duration: Duration,
    pub(super) tally: Tally,
}

impl Scene {
    pub(super) fn new(mut random: Random, springboot2_is_down: bool) -> Scene {
        let shopper = Shopper::any(&mut random);
        let trace_digits = random.trace_digits();
        Scene {
            random,
            shopper,
            springboot2_is_down,
            trace_digits,
            now: Duration::ZERO,
            documents: Vec::new(),
            tally: Tally::default(),
        }
    }

    pub(super) fn finish(mut self) -> Take {
        // Stable, so that a child that ends with its parent still goes first.
        self.documents.sort_by_key(|document| document.sent_at);
        Take {
            trace_digits: self.trace_digits,
            documents: self.documents,
            duration: self.now,
            tally: self.tally,
        }
    }

    /// Lets time pass.
    pub(super) fn work(&mut self, median_ms: f64) {
        self.now += self.random.latency(median_ms);
    }

    /// The segment of a service that answers a request; gives the status that `handle` answers with.
    pub(super) fn serve(
        &mut self,
        service: &Service,
        caller: Caller<'_>,
        method: &str,
        url: &str,
        handle: impl FnOnce(&mut Scene, &mut Entity) -> u16,
    ) -> u16 {
        let mut segment = Entity::new(self.random.entity_id(), service.name, self.now);
        let is_root = matches!(caller, Caller::Shopper);
        let mut request = json!({"method": method, "url": url});
        match caller {
            Caller::Shopper => {
                request["user_agent"] = json!(self.shopper.user_agent);
                request["client_ip"] = json!(self.shopper.client_ip);
                request["x_forwarded_for"] = json!(true);
                segment.set("user", json!(self.shopper.user));
            }
            Caller::Subsegment(id) => {
                segment.set("parent_id", json!(id));
                request["user_agent"] = json!("fluoro-demo");
                request["client_ip"] = json!(format!("10.0.1.{}", 10 + self.random.below(80)));
            }
        }
        let instance = service.instance(&mut self.random, is_root);
        segment.extend("http", json!({"request": request}));
        segment.set("origin", json!(instance.origin));
        segment.set("service", instance.service);
        segment.set("aws", instance.aws);
        segment.annotate("version", instance.version);
        if is_root {
            self.shopper.annotate(&mut segment);
        }

        let status = handle(self, &mut segment);

        let content_length = 120 + self.random.below(4000);
        segment.respond(status, content_length);
        segment.finish(self.now);
        self.documents.push(Document::complete(segment));
        if is_root {
            self.tally = Tally {
                is_fault: status >= 500,
                is_error: (400..500).contains(&status),
                is_throttle: status == 429,
            };
        }
        status
    }

    /// Tells of a segment that has only begun.
    pub(super) fn announce(&mut self, segment: &Entity) {
        self.documents.push(Document::in_progress(segment.clone()));
    }

    /// Sends the finished subsegments of `parent` before it ends itself.
    pub(super) fn stream(&mut self, parent: &mut Entity) {
        for subsegment in parent.release_subsegments() {
            self.documents.push(Document::subsegment(subsegment, parent.id.clone(), self.now));
        }
    }

    /// A call over HTTP to a service that may answer with a segment of its own.
    pub(super) fn call(
        &mut self,
        caller: &mut Entity,
        method: &str,
        url: &str,
        answer: impl FnOnce(&mut Scene, Caller<'_>) -> u16,
    ) -> u16 {
        let mut call = self.remote(host_of(url));
        call.extend("http", json!({"request": {"method": method, "url": url}}));
        self.work(NETWORK_MS);
        let id = call.id.clone();
        let status = answer(self, Caller::Subsegment(&id));
        self.work(NETWORK_MS);
        let content_length = 80 + self.random.below(2000);
        call.respond(status, content_length);
        self.close(caller, call);
        status
    }

    /// A call over HTTP that ends in an exception instead of a response.
    pub(super) fn call_in_vain(&mut self, caller: &mut Entity, method: &str, url: &str, exception: Recorded) {
        let mut call = self.remote(host_of(url));
        call.extend("http", json!({"request": {"method": method, "url": url}}));
        self.work(4.0);
        call.set("fault", json!(true));
        call.set("cause", exception.cause);
        self.close(caller, call);
    }

    /// A subsegment of work within the service.
    pub(super) fn local(
        &mut self,
        caller: &mut Entity,
        name: &str,
        body: impl FnOnce(&mut Scene, &mut Entity),
    ) {
        let mut subsegment = Entity::new(self.random.entity_id(), name, self.now);
        body(self, &mut subsegment);
        self.close(caller, subsegment);
    }

    /// A call of an AWS service; `name` is spelled as the caller's SDK spells it.
    pub(super) fn aws(
        &mut self,
        caller: &mut Entity,
        name: &str,
        median_ms: f64,
        mut aws: Value,
        failure: Option<Recorded>,
    ) {
        let mut call = Entity::new(self.random.entity_id(), name, self.now);
        call.set("namespace", json!("aws"));
        aws["region"] = json!("eu-west-1");
        aws["request_id"] = json!(self.random.request_id());
        aws["retries"] = json!(if failure.is_some() { 3 } else { 0 });
        call.set("aws", aws);
        self.work(median_ms);
        match failure {
            None => call.respond(200, 40 + self.random.below(900)),
            // A throttled call is a 400 whose exception the SDK knows for what it is.
            Some(exception) => {
                call.respond(400, 118);
                call.set("throttle", json!(true));
                call.set("cause", exception.cause);
            }
        }
        self.close(caller, call);
    }

    /// A statement on the shop's PostgreSQL.
    pub(super) fn sql(&mut self, caller: &mut Entity, statement: &str, median_ms: f64) {
        let mut call = self.remote("orders@db.internal");
        call.set(
            "sql",
            json!({
                "url": "jdbc:postgresql://db.internal:5432/orders",
                "user": "checkout",
                "database_type": "PostgreSQL",
                "database_version": "15.8",
                "driver_version": "42.7.4",
                "preparation": "statement",
                "sanitized_query": statement,
            }),
        );
        self.work(median_ms);
        self.close(caller, call);
    }

    /// A command to the shop's cache.
    pub(super) fn cache(&mut self, caller: &mut Entity, command: &str, is_hit: bool) {
        let mut call = self.remote("cache.internal");
        call.set("metadata", json!({"redis": {"command": command, "hit": is_hit}}));
        self.work(0.7);
        self.close(caller, call);
    }

    fn remote(&mut self, name: &str) -> Entity {
        let mut call = Entity::new(self.random.entity_id(), name, self.now);
        call.set("namespace", json!("remote"));
        call
    }

    fn close(&mut self, parent: &mut Entity, mut subsegment: Entity) {
        subsegment.finish(self.now);
        parent.adopt(subsegment);
    }
}

/// SDKs name a call by its host, without the port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}
