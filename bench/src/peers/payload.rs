//! The same spans for everybody: requests of OTLP in protobuf, and what is true of the traces in them.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::protobuf::Message;

pub(crate) const SPANS_A_TRACE: usize = 10;
pub(crate) const SERVICES: u8 = 10;
/// Whole traces in a request.
const TRACES_A_REQUEST: usize = 50;
const ATTRIBUTES: u32 = 11;
const KEYS: u32 = 97;
const VALUES: u32 = 1_000;
const TRACES_A_FAILURE: u32 = 100;
/// The traces begin evenly over so long before now.
const SPREAD_NANOS: u64 = 20 * 60 * 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

pub(crate) struct Payload {
    pub(crate) requests: Vec<Vec<u8>>,
    /// Oldest first.
    pub(crate) traces: Vec<Trace>,
}

#[derive(Debug)]
pub(crate) struct Trace {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) spans: Vec<Span>,
}

#[derive(Debug)]
pub(crate) struct Span {
    id: u64,
    parent: Option<u64>,
    begin_nanos: u64,
    end_nanos: u64,
    pub(crate) service: u8,
    pub(crate) is_failed: bool,
    /// Numbers of key and value.
    pub(crate) attributes: Vec<(u8, u16)>,
}

pub(crate) fn key(number: u8) -> String {
    format!("fake_key_{number:02}")
}

pub(crate) fn value(number: u16) -> String {
    format!("fake_value_{number:03}")
}

pub(crate) fn service(number: u8) -> String {
    format!("service-{number}")
}

impl Payload {
    /// The shape of `bench-store`: a chain of ten spans through ten services, eleven attributes each.
    pub(crate) fn new(traces: usize, seed: u64, now_nanos: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let step = SPREAD_NANOS / traces.max(1) as u64;
        let begin = now_nanos - SPREAD_NANOS;
        let traces: Vec<Trace> =
            (0..traces as u64).map(|number| trace(&mut random, begin + number * step)).collect();
        let requests = traces.chunks(TRACES_A_REQUEST).map(request).collect();
        Self { requests, traces }
    }

    pub(crate) fn spans(&self) -> usize {
        self.traces.len() * SPANS_A_TRACE
    }
}

fn trace(random: &mut StdRng, begin: u64) -> Trace {
    let id = format!("{:08x}{:024x}", begin / 1_000_000_000, random.random::<u128>() >> 32);
    let failing = match random.random_range(0..TRACES_A_FAILURE) {
        0 => random.random_range(0..SPANS_A_TRACE),
        _ => SPANS_A_TRACE,
    };
    let mut parent = None;
    let spans = (0..SPANS_A_TRACE).map(|place| {
        let id = random.random();
        let begin_nanos = begin + place as u64 * MILLISECOND + random.random_range(0..MILLISECOND);
        let longest = 100 * MILLISECOND / (place as u64 + 1);
        let end_nanos = begin_nanos + 20 * MILLISECOND + random.random_range(0..longest);
        let first = random.random_range(0..KEYS);
        let attributes = (0..ATTRIBUTES).map(|attribute| {
            let key = (first + attribute * 7) % KEYS;
            (key as u8, random.random_range(0..VALUES) as u16)
        });
        let attributes = attributes.collect();
        let service = random.random_range(0..SERVICES);
        let is_failed = failing < SPANS_A_TRACE && place <= failing;
        Span { id, parent: parent.replace(id), begin_nanos, end_nanos, service, is_failed, attributes }
    });
    Trace { id, spans: spans.collect() }
}

/// An `ExportTraceServiceRequest`, with one resource for each service.
fn request(traces: &[Trace]) -> Vec<u8> {
    let mut by_service: BTreeMap<u8, Vec<(&Trace, usize)>> = BTreeMap::new();
    for trace in traces {
        for (place, span) in trace.spans.iter().enumerate() {
            by_service.entry(span.service).or_default().push((trace, place));
        }
    }
    let mut request = Message::default();
    for (number, spans) in by_service {
        request.message(1, |resource_spans| {
            resource_spans
                .message(1, |resource| attribute(resource, 1, "service.name", &service(number)))
                .message(2, |scope_spans| {
                    for (trace, place) in spans {
                        scope_spans.message(2, |message| write_span(message, trace, place));
                    }
                });
        });
    }
    request.bytes
}

fn write_span(message: &mut Message, trace: &Trace, place: usize) {
    /// `SPAN_KIND_SERVER` and `STATUS_CODE_ERROR`.
    const SERVER: u64 = 2;
    const ERROR: u64 = 2;
    let span = &trace.spans[place];
    let id = u128::from_str_radix(&trace.id, 16).unwrap_or_default();
    message.bytes(1, &id.to_be_bytes()).bytes(2, &span.id.to_be_bytes());
    if let Some(parent) = span.parent {
        message.bytes(4, &parent.to_be_bytes());
    }
    message.bytes(5, format!("operation-{place}").as_bytes()).number(6, SERVER);
    message.fixed(7, span.begin_nanos).fixed(8, span.end_nanos);
    for &(number, of) in &span.attributes {
        attribute(message, 9, &key(number), &value(of));
    }
    if span.is_failed {
        message.message(15, |status| _ = status.number(3, ERROR));
    }
}

fn attribute(message: &mut Message, tag: u64, key: &str, value: &str) {
    message.message(tag, |pair| {
        pair.bytes(1, key.as_bytes()).message(2, |any| _ = any.bytes(1, value.as_bytes()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_what_the_doors_take() {
        let payload = Payload::new(120, 3, 1_790_000_000_000_000_000);
        assert_eq!(payload.requests.len(), 3);
        let mut spans = 0;
        for request in &payload.requests {
            let taken = otlp::decode_protobuf(request).expect("OTLP");
            assert_eq!(taken.rejects.reasons().count(), 0);
            assert!(taken.documents.iter().all(|document| document.entity.annotations.len() == 11));
            spans += taken.documents.len();
        }
        assert_eq!(spans, 1_200);
    }
}
