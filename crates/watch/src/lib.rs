//! Watches over what Fluoro keeps: evaluates alarms when a minute has ended and is digested, and keeps what came of it.
//!
//! ```text
//! a minute ends ─► digest has passed it ─► datapoints (read) ─► alert::step ─► one commit: states, history, notices
//! ```
//! Time is what was received, never the wall clock alone: a minute is evaluated once everything that was received in it is
//! in its rollups, and never before. All changes of states, whoever asks for them, go through [`Alarms`], one at a
//! time, and each is on disk with the notices that it owes when it returns. [`insights`] follows the judge: what breaks is kept
//! from its beginning to its end, likewise with its notices. [`about`] watches Fluoro itself.

pub mod about;
mod change;
mod desk;
mod dry_run;
mod duty;
pub mod insights;
pub mod metric;
mod part_of;
pub mod read;
mod worker;

pub use desk::{Alarms, DeskError};
pub use dry_run::{DryRun, Transition};
pub use read::Reader;
pub use worker::{Watch, start};
