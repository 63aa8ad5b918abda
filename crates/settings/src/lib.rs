//! What users set up, kept in SQLite beside the traces: sampling rules, groups, tags, policies and switches.
//!
//! All of it is small and fits into one [`State`]. A change is a method of [`Settings`]: it is checked against the
//! newest state, written to `settings.db`, and only then seen by readers, who take a snapshot and never wait. This
//! is the only crate that knows SQLite.

mod account;
mod database;
mod error;
mod group;
mod policy;
mod rule;
mod settings;
mod state;
mod tag;
mod transaction_search;

pub use account::{Account, Named};
pub use error::{OpenError, SettingsError};
pub use group::{GroupRecord, InsightsUpdate, MAX_GROUPS};
pub use policy::{MAX_POLICIES, MAX_POLICY_BYTES, ResourcePolicy};
pub use rule::{MAX_RULES, RuleUpdate};
pub use settings::Settings;
pub use state::State;
pub use tag::{MAX_TAGS, Tags};
pub use transaction_search::{Destination, IndexingRule};
