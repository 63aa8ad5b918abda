//! Eight shops of four services each: a front end, orders, payments and stock. What they do follows from the time alone, so
//! that a picture can say when something was wrong.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::document::now;

pub(super) const SHOPS: u64 = 8;
/// One shop's payments fail for two minutes of each fifteen.
const OUTAGE_EVERY: u64 = 15 * 60;
const OUTAGE: Range<u64> = 5 * 60..7 * 60;
/// One service has a new version.
const DEPLOY_EVERY: u64 = 10 * 60;
const TENANTS: u32 = 500;
const LATE: f64 = 0.02;
/// Seconds.
const LATE_BY: Range<u64> = 30..600;

pub(crate) struct Fleet {
    random: StdRng,
    /// When each is due, by seconds since the beginning.
    late: BinaryHeap<Reverse<(u64, String)>>,
}

impl Fleet {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), late: BinaryHeap::new() }
    }

    /// One request of some shop's client; says how many spans it has.
    pub(crate) fn request(&mut self, since: Duration, documents: &mut Vec<String>) -> u64 {
        let second = since.as_secs();
        let random = &mut self.random;
        let shop = random.random_range(0..SHOPS);
        let fails = is_failing(shop, second) && random.random_bool(0.9);
        let end = now();
        let length: f64 = random.random_range(0.02..0.4);
        let trace = format!("1-{:08x}-{:024x}", end as u64, random.random::<u128>() >> 32);
        let [front, orders, payments, stock] = [(); 4].map(|()| Call::new(random));
        let tenant = random.random_range(0..TENANTS);
        let at = |share: f64| end - length * (1.0 - share);
        let segment = |name: &str,
                       call: &Call,
                       parent: Option<&Call>,
                       from: f64,
                       to: f64,
                       inner: Vec<Value>| {
            let mut segment = json!({
                "name": format!("shop-{shop}-{name}"), "id": call.segment, "trace_id": trace,
                "start_time": at(from), "end_time": at(to), "origin": "AWS::ECS::Container",
                "service": { "version": format!("1.{}.0", deploys(shop, second)) },
                "http": {
                    "request": { "method": "POST", "url": format!("https://shop-{shop}.example.com/{name}/{tenant}") },
                    "response": { "status": if fails && name != "stock" { 500 } else { 200 } },
                },
                "annotations": { "tenant": format!("tenant-{tenant}"), "shop": shop },
                "subsegments": inner,
            });
            if let (Some(parent), Some(members)) = (parent, segment.as_object_mut()) {
                members.insert("parent_id".to_owned(), json!(parent.subsegment));
            }
            if fails
                && name != "stock"
                && let Some(members) = segment.as_object_mut()
            {
                members.insert("fault".to_owned(), json!(true));
                if name == "payments" {
                    members.insert("cause".to_owned(), exception(call));
                }
            }
            segment
        };
        let call = |name: &str, to: &Call, from: f64, until: f64| {
            json!({
                "name": format!("shop-{shop}-{name}"), "id": to.subsegment, "namespace": "remote",
                "start_time": at(from), "end_time": at(until), "fault": fails && name != "stock",
                "http": {
                    "request": { "method": "POST", "url": format!("https://shop-{shop}.example.com/{name}/{tenant}") },
                    "response": { "status": if fails && name != "stock" { 500 } else { 200 } },
                },
            })
        };
        let query = |of: &Call, from: f64, until: f64| {
            json!({
                "name": "shop@db.example.com", "id": of.query, "namespace": "remote",
                "start_time": at(from), "end_time": at(until),
                "sql": { "url": "jdbc:postgresql://db.example.com:5432/shop", "database_type": "PostgreSQL",
                         "sanitized_query": "SELECT * FROM items WHERE tenant = ?" },
            })
        };
        let sent = [
            segment(
                "front",
                &front,
                None,
                0.0,
                1.0,
                vec![
                    call("orders", &orders, 0.05, 0.9),
                    json!({ "name": "## render", "id": front.query, "start_time": at(0.9), "end_time": at(0.99) }),
                ],
            ),
            segment(
                "orders",
                &orders,
                Some(&orders),
                0.06,
                0.89,
                vec![
                    call("stock", &stock, 0.1, 0.3),
                    call("payments", &payments, 0.3, 0.8),
                    query(&orders, 0.8, 0.88),
                ],
            ),
            segment("stock", &stock, Some(&stock), 0.11, 0.29, vec![query(&stock, 0.12, 0.28)]),
            segment("payments", &payments, Some(&payments), 0.31, 0.79, vec![query(&payments, 0.4, 0.7)]),
        ];
        let spans = sent.len() + 7;
        for document in sent {
            let document = document.to_string();
            if self.random.random_bool(LATE) {
                self.late.push(Reverse((second + self.random.random_range(LATE_BY), document)));
            } else {
                documents.push(document);
            }
        }
        spans as u64
    }

    /// What was held back and is due.
    pub(super) fn late(&mut self, since: Duration, documents: &mut Vec<String>) {
        while let Some(Reverse((due, _))) = self.late.peek()
            && *due <= since.as_secs()
            && let Some(Reverse((_, document))) = self.late.pop()
        {
            documents.push(document);
        }
    }
}

/// The ids of a service's work on a request.
struct Call {
    segment: String,
    /// The call that it serves.
    subsegment: String,
    query: String,
}

impl Call {
    fn new(random: &mut StdRng) -> Self {
        let mut id = || format!("{:016x}", random.random::<u64>());
        Self { segment: id(), subsegment: id(), query: id() }
    }
}

fn exception(call: &Call) -> Value {
    json!({
        "working_directory": "/app",
        "exceptions": [{
            "id": call.query, "type": "java.net.UnknownHostException", "message": "bank.example.com: Name or service not known",
            "stack": [{ "path": "Bank.java", "line": 17, "label": "charge" }],
        }],
    })
}

/// The minutes of so many in which something fails.
pub(super) fn outages(minutes: usize) -> Vec<Range<f64>> {
    let begins = (0..).map(|number| number * OUTAGE_EVERY).take_while(|begin| *begin < minutes as u64 * 60);
    begins.map(|begin| (begin + OUTAGE.start) as f64 / 60.0..(begin + OUTAGE.end) as f64 / 60.0).collect()
}

fn is_failing(shop: u64, second: u64) -> bool {
    second / OUTAGE_EVERY % SHOPS == shop && OUTAGE.contains(&(second % OUTAGE_EVERY))
}

/// How often a shop was deployed until then; they take turns.
fn deploys(shop: u64, second: u64) -> u64 {
    (second / DEPLOY_EVERY + SHOPS - shop) / SHOPS
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::{Fleet, OUTAGE, deploys, is_failing};

    #[test]
    fn a_request_decodes_and_what_is_late_comes_once() {
        let mut fleet = Fleet::new(1);
        let (mut documents, mut spans) = (Vec::new(), 0);
        for _ in 0..200 {
            spans += fleet.request(Duration::ZERO, &mut documents);
        }
        let on_time = documents.len();
        assert!((740..800).contains(&on_time), "{on_time}");
        fleet.late(Duration::from_secs(700), &mut documents);
        assert_eq!(documents.len(), 800);
        let nested = |text: &String| {
            let document = wire::decode(Bytes::from(text.clone())).unwrap();
            1 + document.entity.subsegments.len() as u64
        };
        assert_eq!(documents.iter().map(nested).sum::<u64>(), spans);
    }

    #[test]
    fn shops_fail_and_are_deployed_in_turn() {
        assert!(is_failing(0, OUTAGE.start) && !is_failing(1, OUTAGE.start) && !is_failing(0, OUTAGE.end));
        assert!(is_failing(1, 15 * 60 + OUTAGE.start));
        assert_eq!([deploys(0, 0), deploys(0, 600), deploys(1, 599), deploys(1, 600)], [1, 1, 0, 1]);
    }
}
