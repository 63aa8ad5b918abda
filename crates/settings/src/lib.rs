//! What users set up: sampling rules, groups, tags, policies, rules for URLs and switches. It is kept in SQLite beside the traces,
//! or in a PostgreSQL that several processes [share](shared).
//!
//! All of it is small and fits into one [`Snapshot`]. A change is a method of [`Settings`]: it is checked against the
//! newest snapshot, written, and only then seen by readers, who take a snapshot and never wait. This
//! is the only crate that knows SQLite. What is noticed changes every minute and lies apart: [`alerts`].

mod account;
mod alarm;
pub mod alerts;
mod database;
mod error;
mod group;
pub mod log_link;
mod metrics;
mod notifier;
mod policy;
pub mod portable;
mod rule;
mod settings;
pub mod shared;
mod snapshot;
mod sql;
mod subscription;
mod tag;
mod take_over;
mod transaction_search;
mod url_rule;
mod view;

pub use account::{Account, Named};
pub use alarm::{AlarmRecord, MAX_ALARMS, MAX_MUTES, MuteRecord};
pub use alerts::Alerts;
pub use error::{AlertsError, OpenError, SettingsError};
pub use group::{GroupRecord, InsightsUpdate, MAX_GROUPS};
pub use log_link::{LogLinks, LogLinksRecord};
pub use notifier::{MAX_NOTIFIERS, NewNotifier, NotifierRecord};
pub use policy::{MAX_POLICIES, MAX_POLICY_BYTES, ResourcePolicy};
pub use rule::{MAX_RULES, RuleUpdate};
pub use settings::Settings;
pub use shared::{Reservoirs, Retrieval, Retrievals, Shared, SharedKeys};
pub use snapshot::Snapshot;
pub use subscription::{MAX_SUBSCRIPTIONS, Protocol, Subscription};
pub use tag::{MAX_TAGS, Tags};
pub use transaction_search::{Destination, IndexingRule};
pub use url_rule::UrlRulesRecord;
pub use view::{MAX_VIEWS, SavedView};
