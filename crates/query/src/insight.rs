//! Insights: what the judge tells, as things that began, changed and ended, and that are kept.
//!
//! ```text
//! Judgement ─► Tracker::step(entries, now) ─► Change { insight, told } ─► kept, and said to people
//! ```
//! [`now`](crate::now) says of a moment what goes wrong. A [`Tracker`] looks at it again and again and decides what is worth
//! a record and a message: it waits until what is said stands, joins what fails together, and ends an insight when all has
//! been quiet for a while. It knows no clock and no store; what it holds is the records themselves, so that one made from
//! stored records goes on where another stopped.

mod kept;
mod record;
mod sentence;
mod tracker;

#[cfg(test)]
mod tests;

pub use record::{Category, Event, EventKind, Exception, Impact, Insight, Note, Severity};
pub use tracker::{Change, KEPT, Look, Tracker};
