//! The calls that a service makes: of other services, and of what sends no segments of its own.

use rand::Rng;
use serde_json::{Value, json};

use super::{Answer, Caller, Flow, Message, Outcome, delay, entity_id, slower};
use crate::effect::Symptom;
use crate::entity::Entity;
use crate::sdk::Failure;
use crate::topology::{
    INVOICES_QUEUE, Operation, Resource, ResourceKind, Sdk, Service, is_balanced, service_of,
};

/// For a call of a service, seconds.
const CALL_TIMEOUT: f64 = 4.0;
/// For a database, a table, a queue, a third party.
const RESOURCE_TIMEOUT: f64 = 2.5;
const CONNECT_TIMEOUT: f64 = 2.0;
/// A name that is not found after so many seconds is given up.
const NAME_TIMEOUT: f64 = 5.0;

impl Flow<'_> {
    /// A call of another service over HTTP.
    pub(super) fn call(
        &mut self,
        service: &'static Service,
        called: &'static Operation,
        found: &[Symptom],
        segment: &mut Entity,
        at: f64,
    ) -> Answer {
        let callee = service_of(called.service);
        self.reach(callee.name);
        let mut call = Entity::new(entity_id(self.random), callee.host, at);
        call.set("namespace", json!("remote"));
        let url = format!("http://{}{}", callee.host, self.path(called));
        call.request(called.method, &url, json!({"traced": true}));
        let mut now = at;
        let failure = match self.on_the_way(service, callee.host, found, &mut call, &mut now) {
            Some(Failure::Refused) if is_balanced(callee) => {
                // The balancer has nobody to pass it on to.
                call.respond(503);
                return close(segment, call, now, Outcome::Status(503));
            }
            Some(failure) => failure,
            None => {
                let back = self.network();
                let caller = Caller { subsegment: &call.id, service: service.name };
                let (end, status) = self.serve(called, Some(&caller), Value::Null, now);
                now = end + back + delay(found) / 2.0;
                if now - at <= CALL_TIMEOUT {
                    call.respond(status);
                    return close(segment, call, now, Outcome::Status(status));
                }
                now = at + CALL_TIMEOUT;
                Failure::Timeout
            }
        };
        let recorded = service.sdk.record(failure, callee.host, &mut call, self.random);
        close(segment, call, now, Outcome::Failed(recorded))
    }

    /// What happens to a call before the callee sees it.
    fn on_the_way(
        &mut self,
        service: &Service,
        host: &str,
        found: &[Symptom],
        call: &mut Entity,
        now: &mut f64,
    ) -> Option<Failure> {
        *now += self.network();
        for symptom in found {
            match symptom {
                Symptom::Delay(more) => *now += more / 2.0,
                Symptom::SlowName(seconds) => {
                    let wait = (seconds * self.random.random_range(0.6..1.8)).min(NAME_TIMEOUT);
                    if service.sdk == Sdk::Go {
                        let mut dns = Entity::new(entity_id(self.random), "dns", *now);
                        dns.end = *now + wait;
                        dns.set("metadata", json!({"http": {"dns": {"coalesced": false, "host": host}}}));
                        call.adopt(dns);
                    }
                    *now += wait;
                    if wait >= NAME_TIMEOUT {
                        return Some(Failure::Unresolved);
                    }
                }
                Symptom::Refused => return Some(Failure::Refused),
                Symptom::Lost => {
                    *now += CONNECT_TIMEOUT;
                    return Some(Failure::Timeout);
                }
                Symptom::Certificate => {
                    *now += 0.008;
                    return Some(Failure::Certificate);
                }
                _ => {}
            }
        }
        None
    }

    /// A call of what sends no segments of its own.
    pub(super) fn ask(
        &mut self,
        service: &'static Service,
        resource: &'static Resource,
        what: &'static str,
        found: &[Symptom],
        segment: &mut Entity,
        at: f64,
    ) -> Answer {
        self.reach(resource.name);
        let mut call = self.resource_call(resource, what, at);
        let mut now = at;
        let mut failure = self.on_the_way(service, resource.name, found, &mut call, &mut now);
        if failure == Some(Failure::Refused) && matches!(resource.kind, ResourceKind::Sql(_)) {
            failure = Some(Failure::DatabaseDown);
        }
        let mut status = 200;
        if failure.is_none() {
            now += self.takes(resource.millis) * slower(found) + delay(found) / 2.0;
            if now - at > RESOURCE_TIMEOUT {
                now = at + RESOURCE_TIMEOUT;
                failure = Some(Failure::Timeout);
            }
            for symptom in found {
                match symptom {
                    Symptom::Throttled => failure = Some(Failure::Throttled),
                    Symptom::QueueFull => failure = Some(Failure::QueueFull),
                    Symptom::Answers(other) => status = *other,
                    _ => {}
                }
            }
        }
        let speaks_http = !matches!(resource.kind, ResourceKind::Sql(_) | ResourceKind::Cache);
        if let Some(failure) = failure {
            if matches!(failure, Failure::Throttled | Failure::QueueFull) {
                call.set("http", json!({"response": {"status": 400, "content_length": 118}}));
                call.flag("error");
            }
            let recorded = service.sdk.record(failure, resource.name, &mut call, self.random);
            return close(segment, call, now, Outcome::Failed(recorded));
        }
        if speaks_http {
            call.respond(status);
        }
        if resource.kind == ResourceKind::Queue {
            let consumer = usize::from(resource.name == INVOICES_QUEUE);
            let at = now + self.random.random_range(0.05..0.6);
            self.played.messages.push(Message {
                at,
                trace_id: self.trace_id.clone(),
                sender: call.id.clone(),
                consumer,
            });
        }
        close(segment, call, now, Outcome::Status(status))
    }

    fn resource_call(&mut self, resource: &Resource, what: &str, at: f64) -> Entity {
        let name = match resource.kind {
            ResourceKind::Table => "DynamoDB",
            ResourceKind::Bucket => "S3",
            ResourceKind::Queue => "SQS",
            _ => resource.name,
        };
        let mut call = Entity::new(entity_id(self.random), name, at);
        let member = match resource.kind {
            ResourceKind::Table => "table_name",
            ResourceKind::Bucket => "bucket_name",
            ResourceKind::Queue => "queue_url",
            ResourceKind::Sql(product) => {
                call.set("namespace", json!("remote"));
                call.set("sql", json!({"url": resource.name, "database_type": product, "user": "app", "sanitized_query": what}));
                return call;
            }
            ResourceKind::Cache => {
                call.set("namespace", json!("remote"));
                call.set("metadata", json!({"redis": {"command": what}}));
                return call;
            }
            ResourceKind::Http => {
                call.set("namespace", json!("remote"));
                let (method, path) = what.split_once(' ').unwrap_or(("GET", what));
                call.request(method, &format!("https://{}{path}", resource.name), json!({}));
                return call;
            }
        };
        call.set("namespace", json!("aws"));
        let request_id = format!("{:032X}", self.random.random::<u128>());
        call.set("aws", json!({"operation": what, "region": "eu-west-1", "request_id": request_id, "retries": 0, member: resource.name}));
        call
    }
}

fn close(segment: &mut Entity, mut call: Entity, end: f64, outcome: Outcome) -> Answer {
    call.end = call.end.max(end);
    let end = call.end;
    segment.adopt(call);
    Answer { end, outcome }
}
