//! What everybody is asked, and what the true answer is.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::payload::{Payload, SERVICES, Trace};

/// As many as a first page shows.
pub(crate) const PAGE: usize = 25;
/// Of each kind.
const QUESTIONS: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    Trace(String),
    Attribute { key: u8, value: u16 },
    OfService { service: u8, key: u8, value: u16 },
    Failed { service: u8 },
    Newest { service: u8 },
    Map,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Trace,
    Attribute,
    OfService,
    Failed,
    Newest,
    Map,
}

impl Kind {
    pub(crate) const ALL: [(Self, &'static str); 6] = [
        (Self::Trace, "trace by id, whole"),
        (Self::Attribute, "attribute = value, newest 25"),
        (Self::OfService, "service and its attribute, newest 25"),
        (Self::Failed, "service with a failure, newest 25"),
        (Self::Newest, "newest 25 of a service"),
        (Self::Map, "service map of the range"),
    ];

    /// The same ones for everybody. Attributes are those of some span, so that each is there.
    pub(crate) fn questions(self, payload: &Payload, seed: u64) -> Vec<Question> {
        let mut random = StdRng::seed_from_u64(seed ^ 0x5eed);
        let mut question = || {
            let trace = &payload.traces[random.random_range(0..payload.traces.len())];
            let span = &trace.spans[random.random_range(0..trace.spans.len())];
            let (key, value) = span.attributes[random.random_range(0..span.attributes.len())];
            let service = random.random_range(0..SERVICES);
            match self {
                Self::Trace => Question::Trace(trace.id.clone()),
                Self::Attribute => Question::Attribute { key, value },
                Self::OfService => Question::OfService { service: span.service, key, value },
                Self::Failed => Question::Failed { service },
                Self::Newest => Question::Newest { service },
                Self::Map => Question::Map,
            }
        };
        (0..QUESTIONS).map(|_| question()).collect()
    }
}

impl Question {
    fn is_answer(&self, trace: &Trace) -> bool {
        let mut spans = trace.spans.iter();
        match self {
            Self::Trace(id) => trace.id == *id,
            Self::Attribute { key, value } => spans.any(|span| span.attributes.contains(&(*key, *value))),
            Self::OfService { service, key, value } => {
                spans.any(|span| span.service == *service && span.attributes.contains(&(*key, *value)))
            }
            Self::Failed { service } => spans.any(|span| span.service == *service && span.is_failed),
            Self::Newest { service } => spans.any(|span| span.service == *service),
            Self::Map => false,
        }
    }

    /// The share of the newest true answers that are among those given; `None` where there are none to give.
    pub(crate) fn recall(&self, payload: &Payload, given: &[String]) -> Option<f64> {
        let newest: Vec<&Trace> =
            payload.traces.iter().rev().filter(|trace| self.is_answer(trace)).take(PAGE).collect();
        let found = newest.iter().filter(|trace| given.contains(&trace.id)).count();
        (!newest.is_empty()).then(|| found as f64 / newest.len() as f64)
    }
}
