//! The two switches of X-Ray's Transaction Search: where segments go, and which share of the traces is indexed there.
//! Every span is stored whatever they say; they decide which traces X-Ray's API finds without a retrieval.

use model::{Timestamp, TraceId};

use crate::error::SettingsError;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

/// Where X-Ray would keep segments: with its own index of every trace, or as logs with an index of some.
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

impl Snapshot {
    /// The share of new traces that is indexed, in percent.
    pub fn indexed_percentage(&self) -> f64 {
        match self.destination {
            Destination::XRay => 100.0,
            Destination::CloudWatchLogs => self.indexing.desired_percentage,
        }
    }

    /// Whether a trace is indexed, of which the first document was received at that time. What came before the
    /// destination was changed stays indexed. It depends on the id alone, so a larger share takes more to it.
    pub fn is_indexed(&self, id: TraceId, first_received: Timestamp) -> bool {
        let is_before =
            self.destination == Destination::CloudWatchLogs && first_received < self.destination_changed;
        is_before || share(id) * 100.0 < self.indexed_percentage()
    }
}

/// A number of the id alone, spread evenly from 0 to below 1 whatever ids look like.
fn share(id: TraceId) -> f64 {
    let (high, low) = id.0.split_at(8);
    let half = |bytes: &[u8]| bytes.iter().fold(0_u64, |half, byte| (half << 8) | u64::from(*byte));
    // The finalizer of SplitMix64, of which the upper 53 bits are a double's.
    let mut bits = half(high).rotate_left(32) ^ half(low);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

impl Settings {
    pub fn set_destination(&self, destination: Destination, now: Timestamp) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            if snapshot.destination != destination {
                snapshot.destination = destination;
                snapshot.destination_changed = now;
            }
            Ok(())
        })
    }

    pub fn set_indexing(&self, percentage: f64, now: Timestamp) -> Result<IndexingRule, SettingsError> {
        if !(0.0..=100.0).contains(&percentage) {
            return Err(SettingsError::refused("DesiredSamplingPercentage must be between 0 and 100"));
        }
        self.change(|snapshot| {
            snapshot.indexing = IndexingRule { desired_percentage: percentage, modified: now };
            Ok(snapshot.indexing)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;

    fn indexed(snapshot: &Snapshot, first_received: i64) -> usize {
        let ids = (0..20_000_u128).map(|number| TraceId((number << 64 | 0x6553_f128).to_be_bytes()));
        ids.filter(|id| snapshot.is_indexed(*id, Timestamp(first_received))).count()
    }

    #[test]
    fn the_share_counts_where_segments_are_kept_as_logs() {
        let account = Account { id: "123456789012".to_owned(), region: "eu-west-1".to_owned() };
        let mut snapshot = Snapshot::initial(&account);
        snapshot.indexing.desired_percentage = 5.0;
        assert_eq!((indexed(&snapshot, 7), snapshot.indexed_percentage()), (20_000, 100.0));
        snapshot.destination = Destination::CloudWatchLogs;
        snapshot.destination_changed = Timestamp(7);
        assert_eq!((indexed(&snapshot, 6), snapshot.indexed_percentage()), (20_000, 5.0));
        let some = indexed(&snapshot, 7);
        assert!((900..1_100).contains(&some), "{some}");
        snapshot.indexing.desired_percentage = 0.0;
        assert_eq!(indexed(&snapshot, 7), 0);
        snapshot.indexing.desired_percentage = 100.0;
        assert_eq!(indexed(&snapshot, 7), 20_000);
    }
}
