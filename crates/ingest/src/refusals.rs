//! What was refused lately and why: a count a reason, and the last few with an excerpt for the doctor.

use model::Timestamp;

/// Through which door a document came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    Udp,
    Http,
    Otlp,
}

/// One input that was refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub at: Timestamp,
    pub door: Door,
    /// A bounded set of words, also the metric's label, such as `InvalidName` or `queue_full`.
    pub reason: String,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// The first bytes of the input, cut and lossy; an attacker's text.
    pub excerpt: String,
}

/// Counts by door and reason, and a ring of the newest.
#[derive(Debug, Default)]
pub struct Refusals {}

impl Refusals {
    pub fn record(&self, _refusal: Refusal) {
        todo!()
    }

    /// Newest first, at most a hundred.
    pub fn recent(&self) -> Vec<Refusal> {
        todo!()
    }

    /// Since the start: (door, reason, count).
    pub fn counts(&self) -> Vec<(Door, String, u64)> {
        todo!()
    }

    /// Since the start: documents received (accepted or not) by door.
    pub fn received(&self) -> Vec<(Door, u64)> {
        todo!()
    }
}
