//! What is stored: the shape of spans with which Jaeger on ClickHouse was published, and the demo's requests.

use std::time::Duration;

use model::{Micros, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// All sizes are spread over the same time, so that the number of minutes is that of real use.
pub(crate) const HOURS: u64 = 6;
/// When the first trace begins; any time will do.
pub(crate) const BEGIN: Timestamp = Timestamp(1_785_000_000_000_000);

const SERVICES: u32 = 10;
const SPANS_A_TRACE: u32 = 10;
const ATTRIBUTES: u32 = 11;
const KEYS: u32 = 97;
const VALUES: u32 = 1_000;
/// One request in so many fails at one of its spans.
const TRACES_A_FAULT: u32 = 100;
/// Start and duration are drawn from so many microseconds; a duration from fewer, the deeper its span lies.
const MICROS_OF_START: f64 = 1_000.0;
const MICROS_OF_DURATION: f64 = 100_000.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// 10 services, 10 spans a trace, 11 attributes a span from 97 keys and 1,000 values, as Jaeger's `tracegen`
    /// writes for the measurements of its ClickHouse storage. Each span is a document, which is
    /// the dearest way in which ten spans can come.
    Published,
    /// Requests of `fluoro demo`: documents with nested subsegments, AWS calls, SQL, exceptions.
    Demo,
}

/// From the random numbers of [`Traces::published`]: a trace's begin and the second in its id follow from its number, and
/// of a span's keys the first tells the others.
fn published_entropy_bits() -> f64 {
    let choice = |among: u32| f64::from(among).log2();
    let trace_id = 96.0 / f64::from(SPANS_A_TRACE);
    let start = MICROS_OF_START.log2();
    let durations = (1..=SPANS_A_TRACE).map(|place| (MICROS_OF_DURATION / f64::from(place)).log2());
    let duration = durations.sum::<f64>() / f64::from(SPANS_A_TRACE);
    let share = 1.0 / f64::from(TRACES_A_FAULT);
    let is_failing = -share * share.log2() - (1.0 - share) * (1.0 - share).log2();
    let fault = (is_failing + share * choice(SPANS_A_TRACE)) / f64::from(SPANS_A_TRACE);
    let annotations = choice(KEYS) + f64::from(ATTRIBUTES) * choice(VALUES);
    trace_id + 64.0 + start + duration + fault + annotations + choice(SERVICES)
}

/// One trace, its documents in the order in which they are received.
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) received: Timestamp,
    pub(crate) documents: Vec<String>,
}

/// Makes traces, the same ones each time.
pub(crate) struct Traces {
    shape: Shape,
    random: StdRng,
    number: u64,
    /// Between the begins of two traces.
    step: Micros,
}

impl Shape {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Published => "published shape (10 services, 10 spans a trace, 11 attributes)",
            Self::Demo => "the demo's documents",
        }
    }

    /// For the spacing of traces only.
    fn spans_a_trace(self) -> u64 {
        match self {
            Self::Published => u64::from(SPANS_A_TRACE),
            Self::Demo => 12,
        }
    }

    /// What a span holds that nothing else tells, in bytes: no store can take less. Of the demo it is not known.
    pub(crate) fn entropy_bytes(self) -> Option<f64> {
        match self {
            Self::Published => Some(published_entropy_bits() / 8.0),
            Self::Demo => None,
        }
    }

    /// A service, to ask for.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Published => "service-3",
            Self::Demo => "checkout",
        }
    }
}

impl Traces {
    pub(crate) fn new(shape: Shape, spans: u64) -> Self {
        let traces = (spans / shape.spans_a_trace()).max(1);
        let step = Micros(HOURS * 3_600_000_000 / traces);
        Self { shape, random: StdRng::seed_from_u64(7), number: 0, step }
    }

    pub(crate) fn next(&mut self) -> Trace {
        let begin = BEGIN.plus(Micros(self.number * self.step.0));
        self.number += 1;
        match self.shape {
            Shape::Published => self.published(begin),
            Shape::Demo => self.demo(begin),
        }
    }

    fn demo(&self, begin: Timestamp) -> Trace {
        let since_epoch = Duration::from_micros(u64::try_from(begin.0).unwrap_or_default());
        let sample = server::demo::sample(7, self.number, since_epoch);
        // The slowest requests take seconds; none takes longer than this.
        Trace { id: sample.trace_id, received: begin.plus(Micros::from_secs(1)), documents: sample.documents }
    }

    fn published(&mut self, begin: Timestamp) -> Trace {
        let seconds = begin.floor_seconds();
        let id = format!("1-{seconds:08x}-{:024x}", self.random.random::<u128>() >> 32);
        let failing = match self.random.random_range(0..TRACES_A_FAULT) {
            0 => self.random.random_range(0..SPANS_A_TRACE),
            _ => u32::MAX,
        };
        let mut parent = None;
        let mut documents = Vec::new();
        for place in 0..SPANS_A_TRACE {
            let is_fault = failing != u32::MAX && place <= failing;
            let (entity, text) = self.span(&id, parent, begin, place, is_fault);
            documents.push(text);
            parent = Some(entity);
        }
        // Callees end before their callers.
        documents.reverse();
        Trace { id, received: begin.plus(Micros::from_secs(1)), documents }
    }

    fn span(
        &mut self,
        trace: &str,
        parent: Option<u64>,
        begin: Timestamp,
        place: u32,
        is_fault: bool,
    ) -> (u64, String) {
        let random = &mut self.random;
        let id: u64 = random.random();
        let start =
            begin.as_seconds() + f64::from(place) * 0.001 + random.random_range(0.0..MICROS_OF_START) / 1e6;
        let end = start + 0.02 + random.random_range(0.0..MICROS_OF_DURATION) / 1e6 / f64::from(place + 1);
        let parent = parent.map(|parent| format!(",\"parent_id\":\"{parent:016x}\"")).unwrap_or_default();
        let fault = if is_fault { ",\"fault\":true" } else { "" };
        let first = random.random_range(0..KEYS);
        let mut annotations = String::new();
        for attribute in 0..ATTRIBUTES {
            let comma = if attribute == 0 { "" } else { "," };
            // Distinct keys: 7 and 97 have no common divisor.
            let key = (first + attribute * 7) % KEYS;
            let value = random.random_range(0..VALUES);
            annotations.push_str(&format!("{comma}\"fake_key_{key:02}\":\"fake_value_{value:03}\""));
        }
        let service = random.random_range(0..SERVICES);
        let text = format!(
            "{{\"trace_id\":\"{trace}\",\"id\":\"{id:016x}\",\"name\":\"service-{service}\",\"start_time\":{start:.6},\
             \"end_time\":{end:.6}{parent}{fault},\"http\":{{\"request\":{{\"method\":\"GET\",\
             \"url\":\"http://service-{service}/operation-{place}\"}}}},\"annotations\":{{{annotations}}}}}"
        );
        (id, text)
    }
}

/// An annotation that some traces have, to ask for.
pub(crate) fn annotation(shape: Shape, number: u32) -> (String, String) {
    match shape {
        Shape::Published => (
            format!("fake_key_{:02}", number.wrapping_mul(31) % KEYS),
            format!("fake_value_{:03}", number.wrapping_mul(389) % VALUES),
        ),
        Shape::Demo => {
            let tenants = ["acme", "globex", "initech", "umbrella"];
            ("tenant".to_owned(), tenants[number as usize % tenants.len()].to_owned())
        }
    }
}
