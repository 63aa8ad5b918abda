//! Tells people and other systems what was noticed, and keeps at it until they have it.
//!
//! ```text
//! Alerts::commit ─► outbox ─► Router: which targets ─► Worker: when, again, together ─► payload ─► send
//! ```
//! Whoever watches commits a notice with the state that it tells of; nothing here decides what is worth telling. A
//! [`Notifier`] is whom to tell and how; [`Notifiers`] are all that are set up, in the console or in a file. What a message
//! says is a pure function of the notice ([`payload`]), and what goes out passes one gate that knows which addresses may be
//! called ([`address`]). Delivery is at least once: what was sent, and not recorded as sent when the process ended, is sent
//! again with the same id.

pub mod address;
mod bucket;
mod delivery;
mod metrics;
pub mod notifier;
mod notifiers;
pub mod payload;
mod retry;
mod route;
pub mod sample;
pub mod send;
mod sign;
mod template;
mod text;
mod watch;
mod worker;

#[cfg(test)]
mod tests;

pub use notifier::{Notifier, NotifierError, check_address, check_url};
pub use notifiers::{FileError, Notifiers, Subscriber, Target, of_file};
pub use sample::test_notice;
pub use send::{Answer, Sender};
pub use watch::failing;
pub use worker::{Config, Notify};
