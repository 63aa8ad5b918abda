//! Requests of the demo without a socket and at any time, for measurements.

use std::time::Duration;

use super::random::Random;
use super::request::Kind;
use super::scene::Scene;

/// What the services of one request send.
#[derive(Debug, Clone)]
pub struct Sample {
    pub trace_id: String,
    /// In the order in which they are sent.
    pub documents: Vec<String>,
}

/// The demo's request with this number, as if it had begun at `begin` (since 1970). Nothing is out of order.
pub fn sample(seed: u64, number: u64, begin: Duration) -> Sample {
    let kind = Kind::any(&mut Random::new(seed, number));
    // As the demo does: another stream than the one that chose the kind.
    let take = kind.play(Scene::new(Random::new(!seed, number), false));
    let trace_id = format!("1-{:08x}-{}", begin.as_secs(), take.trace_digits);
    let documents = take.documents.iter().map(|document| document.to_json_text(&trace_id, begin)).collect();
    Sample { trace_id, documents }
}
