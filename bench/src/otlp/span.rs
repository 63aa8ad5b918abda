//! The spans that are sent: the published shape in OTLP's protobuf, written by hand.
//!
//! 10 services, 10 spans a trace, 11 attributes a span from 97 keys and 1,000 values, 506 bytes a span. A request is of one service, as an SDK
//! sends it, so the spans of a trace come in several of them.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::document::now;

/// Of the requests, which an SDK would fill with up to 512.
pub(crate) const SPANS_A_REQUEST: usize = 50;
const SERVICES: usize = 10;
const SPANS_A_TRACE: u32 = 10;
const ATTRIBUTES: u32 = 11;
const KEYS: u32 = 97;
const VALUES: u32 = 1_000;
/// One trace in so many has a span that failed.
const TRACES_A_FAULT: u32 = 100;

/// Makes requests without end.
pub(crate) struct Requests {
    random: StdRng,
    /// Of each service the spans that wait until they are a request.
    waiting: Vec<Vec<Vec<u8>>>,
}

impl Requests {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), waiting: vec![Vec::new(); SERVICES] }
    }

    /// An `ExportTraceServiceRequest`.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        loop {
            let full = self.waiting.iter().position(|spans| spans.len() >= SPANS_A_REQUEST);
            if let Some(service) = full {
                let spans: Vec<_> = self.waiting[service].drain(..SPANS_A_REQUEST).collect();
                return request(&format!("service-{service}"), &spans);
            }
            self.add_trace();
        }
    }

    fn add_trace(&mut self) {
        let trace: u128 = self.random.random();
        let end = (now() * 1e9) as u64;
        let failing = match self.random.random_range(0..TRACES_A_FAULT) {
            0 => self.random.random_range(0..SPANS_A_TRACE),
            _ => u32::MAX,
        };
        let mut parent = None;
        for place in 0..SPANS_A_TRACE {
            let service = self.random.random_range(0..SERVICES);
            let is_fault = failing != u32::MAX && place <= failing;
            let (id, span) = self.span(trace, parent, end, place, is_fault);
            self.waiting[service].push(span);
            parent = Some(id);
        }
    }

    fn span(
        &mut self,
        trace: u128,
        parent: Option<u64>,
        end: u64,
        place: u32,
        is_fault: bool,
    ) -> (u64, Vec<u8>) {
        let random = &mut self.random;
        let id: u64 = random.random();
        let duration = 20_000_000 + random.random_range(0..100_000_000) / u64::from(place + 1);
        let mut span = Vec::with_capacity(520);
        bytes(&mut span, 1, &trace.to_be_bytes());
        bytes(&mut span, 2, &id.to_be_bytes());
        if let Some(parent) = parent {
            bytes(&mut span, 4, &parent.to_be_bytes());
        }
        bytes(&mut span, 5, format!("operation-{place}").as_bytes());
        // SERVER
        varint(&mut span, 6 << 3);
        varint(&mut span, 2);
        fixed64(&mut span, 7, end - duration);
        fixed64(&mut span, 8, end);
        let first = random.random_range(0..KEYS);
        for attribute in 0..ATTRIBUTES {
            // Distinct keys: 7 and 97 have no common divisor.
            let key = (first + attribute * 7) % KEYS;
            let value = random.random_range(0..VALUES);
            let pair = attribute_of(&format!("fake_key_{key:02}"), &format!("fake_value_{value:09}"));
            bytes(&mut span, 9, &pair);
        }
        if is_fault {
            bytes(&mut span, 15, &[3 << 3, 2]);
        }
        // The flags of a sampled span whose parent is elsewhere.
        varint(&mut span, 16 << 3 | 5);
        span.extend_from_slice(&0x301_u32.to_le_bytes());
        (id, span)
    }
}

/// A span of one service, to be looked for, and its trace's id in X-Ray's form.
pub(crate) fn probe(service: &str, random: &mut StdRng) -> (String, Vec<u8>) {
    let trace: u128 = random.random();
    let end = (now() * 1e9) as u64;
    let mut span = Vec::new();
    bytes(&mut span, 1, &trace.to_be_bytes());
    bytes(&mut span, 2, &random.random::<u64>().to_be_bytes());
    bytes(&mut span, 5, b"probe");
    fixed64(&mut span, 7, end - 10_000_000);
    fixed64(&mut span, 8, end);
    let digits = format!("{trace:032x}");
    (format!("1-{}-{}", &digits[..8], &digits[8..]), request(service, &[span]))
}

fn request(service: &str, spans: &[Vec<u8>]) -> Vec<u8> {
    let mut resource = Vec::new();
    for (key, value) in [
        ("service.name", service),
        ("telemetry.sdk.language", "go"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.version", "1.47.0"),
    ] {
        bytes(&mut resource, 1, &attribute_of(key, value));
    }
    let mut scope = Vec::new();
    bytes(&mut scope, 1, b"tracegen");
    let mut scope_spans = Vec::new();
    bytes(&mut scope_spans, 1, &scope);
    spans.iter().for_each(|span| bytes(&mut scope_spans, 2, span));
    let mut resource_spans = Vec::new();
    bytes(&mut resource_spans, 1, &resource);
    bytes(&mut resource_spans, 2, &scope_spans);
    let mut request = Vec::new();
    bytes(&mut request, 1, &resource_spans);
    request
}

/// `KeyValue` with a text.
fn attribute_of(key: &str, value: &str) -> Vec<u8> {
    let mut text = Vec::new();
    bytes(&mut text, 1, value.as_bytes());
    let mut pair = Vec::new();
    bytes(&mut pair, 1, key.as_bytes());
    bytes(&mut pair, 2, &text);
    pair
}

fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn fixed64(out: &mut Vec<u8>, field: u64, number: u64) {
    varint(out, field << 3 | 1);
    out.extend_from_slice(&number.to_le_bytes());
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::{Requests, SPANS_A_REQUEST};

    #[test]
    fn requests_decode_and_their_spans_have_the_published_size() {
        let mut requests = Requests::new(1);
        for _ in 0..40 {
            let request = requests.next();
            let a_span = request.len() / SPANS_A_REQUEST;
            assert!((495..515).contains(&a_span), "{a_span} bytes a span");
            let taken = otlp::decode_protobuf(&request).expect("a request");
            assert_eq!(taken.documents.len(), SPANS_A_REQUEST);
            assert!(taken.rejects.is_silent(), "{}", taken.rejects);
            assert!(taken.documents.iter().all(|it| it.entity.annotations.len() >= 11));
        }
    }
}
