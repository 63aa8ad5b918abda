//! The documents that are sent: a segment with an AWS call and a piece of local work, as SDKs write it.
//!
//! About 1.1 KB and three spans each; names, routes, users and tenants vary as in a middle-sized system, so
//! that neither compression nor the index is given too easy a time. Each fifth trace has a second service.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What precedes a document in a datagram.
const HEADER: &str = "{\"format\":\"json\",\"version\":1}\n";
/// Segment and two subsegments.
pub(crate) const SPANS_A_DOCUMENT: u64 = 3;

const SERVICES: u32 = 12;
const ROUTES: u32 = 40;
const USERS: u32 = 20_000;
const TENANTS: u32 = 200;

pub(crate) struct Documents {
    random: StdRng,
    /// The trace, and the call of it, that the next document continues.
    caller: Option<(String, String)>,
}

impl Documents {
    pub(crate) fn new(seed: u64) -> Documents {
        Documents { random: StdRng::seed_from_u64(seed), caller: None }
    }

    pub(crate) fn take(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> String {
        let end = now();
        let duration = self.random.random_range(0.002..0.4);
        let start = end - duration;
        let (trace_id, parent) = match self.caller.take() {
            Some((trace_id, parent)) => (trace_id, format!("\"parent_id\":\"{parent}\",")),
            None => (trace_id(&mut self.random, end), String::new()),
        };
        let random = &mut self.random;
        let (id, call, local) = (entity_id(random), entity_id(random), entity_id(random));
        let service = random.random_range(0..SERVICES);
        let route = random.random_range(0..ROUTES);
        let user = random.random_range(0..USERS);
        let tenant = random.random_range(0..TENANTS);
        let (status, flag) = match random.random_range(0..1000) {
            0..5 => (500, "\"fault\":true,"),
            5..25 => (404, "\"error\":true,"),
            _ => (200, ""),
        };
        let call_start = start + duration * 0.2;
        let call_end = start + duration * 0.6;
        let request_id = random.random::<u128>();
        let instance = random.random_range(0..4);
        let length = random.random_range(100..9000);
        if random.random_bool(0.2) {
            self.caller = Some((trace_id.clone(), call.clone()));
        }
        format!(
            "{{\"id\":\"{id}\",\"name\":\"service-{service}\",\"start_time\":{start:.6},{parent}\"trace_id\":\"{trace_id}\",\
             \"end_time\":{end:.6},{flag}\"http\":{{\"request\":{{\"url\":\"https://shop.example.com/api/v1/route-{route}/{user}\",\
             \"method\":\"GET\",\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\",\
             \"client_ip\":\"203.0.113.{tenant}\"}},\"response\":{{\"status\":{status},\"content_length\":{length}}}}},\
             \"user\":\"user-{user}\",\"annotations\":{{\"tenant\":\"tenant-{tenant}\",\"region\":\"eu-west-1\",\"premium\":true}},\
             \"aws\":{{\"xray\":{{\"sdk\":\"X-Ray for Java\",\"sdk_version\":\"2.21.0\"}},\"ec2\":{{\"instance_id\":\"i-0a1b2c3d4e5f6071{instance}\",\
             \"availability_zone\":\"eu-west-1a\"}}}},\"origin\":\"AWS::EC2::Instance\",\"service\":{{\"version\":\"1.{instance}.0\"}},\
             \"subsegments\":[{{\"id\":\"{call}\",\"name\":\"DynamoDB\",\"start_time\":{call_start:.6},\"end_time\":{call_end:.6},\
             \"namespace\":\"aws\",\"aws\":{{\"operation\":\"GetItem\",\"table_name\":\"table-{service}\",\"region\":\"eu-west-1\",\
             \"request_id\":\"{request_id:032X}\"}},\"http\":{{\"response\":{{\"status\":200,\"content_length\":{length}}}}}}},\
             {{\"id\":\"{local}\",\"name\":\"## render\",\"start_time\":{call_end:.6},\"end_time\":{end:.6},\
             \"metadata\":{{\"default\":{{\"template\":\"page-{route}\",\"rows\":{length}}}}}}}]}}"
        )
    }
}

/// A document of one service, to be looked for.
pub(crate) fn probe(service: &str, random: &mut StdRng) -> (String, String) {
    let end = now();
    let trace_id = trace_id(random, end);
    let (id, start) = (entity_id(random), end - 0.01);
    let document = format!(
        "{{\"id\":\"{id}\",\"trace_id\":\"{trace_id}\",\"name\":\"{service}\",\"start_time\":{start:.6},\"end_time\":{end:.6}}}"
    );
    (trace_id, document)
}

pub(crate) fn datagram(document: &str) -> Vec<u8> {
    format!("{HEADER}{document}").into_bytes()
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

fn entity_id(random: &mut StdRng) -> String {
    format!("{:016x}", random.random::<u64>())
}

fn trace_id(random: &mut StdRng, at: f64) -> String {
    format!("1-{:08x}-{:024x}", at as u64, random.random::<u128>() >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bytes::Bytes;

    use super::Documents;

    #[test]
    fn documents_decode_and_some_have_a_caller() {
        let mut traces = BTreeSet::new();
        let mut bytes = 0;
        for document in Documents::new(1).take(1000) {
            let value: serde_json::Value = serde_json::from_str(&document).expect("JSON");
            traces.insert(value["trace_id"].to_string());
            bytes += document.len();
            if let Err(reject) = wire::decode(Bytes::from(document)) {
                panic!("{reject}: {}", reject.detail);
            }
        }
        assert!((700..900).contains(&traces.len()), "{} traces", traces.len());
        assert!((1000..1600).contains(&(bytes / 1000)), "{} bytes a document", bytes / 1000);
    }
}
