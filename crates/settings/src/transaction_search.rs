//! The two switches of X-Ray's Transaction Search. They are kept and given back: every span is stored and indexed
//! whatever they say.

use model::Timestamp;

use crate::error::SettingsError;
use crate::settings::Settings;

/// Where X-Ray would keep segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Destination {
    #[default]
    XRay,
    CloudWatchLogs,
}

/// The one indexing rule, called `Default`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexingRule {
    /// Of the traces, 0 to 100.
    pub desired_percentage: f64,
    pub modified: Timestamp,
}

impl Default for IndexingRule {
    /// What X-Ray begins with.
    fn default() -> Self {
        Self { desired_percentage: 1.0, modified: Timestamp(0) }
    }
}

impl IndexingRule {
    pub const NAME: &str = "Default";
}

impl Settings {
    pub fn set_destination(&self, destination: Destination) -> Result<(), SettingsError> {
        self.change(|state| {
            state.destination = destination;
            Ok(())
        })
    }

    pub fn set_indexing(&self, percentage: f64, now: Timestamp) -> Result<IndexingRule, SettingsError> {
        if !(0.0..=100.0).contains(&percentage) {
            return Err(SettingsError::refused("DesiredSamplingPercentage must be between 0 and 100"));
        }
        self.change(|state| {
            state.indexing = IndexingRule { desired_percentage: percentage, modified: now };
            Ok(state.indexing)
        })
    }
}
