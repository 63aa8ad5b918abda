//! When SpringBoot2 is away.

use std::time::Duration;

/// Counted from the start of the demo.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outage {
    Never,
    /// A run with an end stays broken, so that what is seen at the end is the outage.
    From(Duration),
    /// An endless one recovers, and fails again.
    Recurring(Duration),
}

/// Long enough to be looked at, and for an alarm over one minute to see two.
const LASTS: Duration = Duration::from_secs(150);
const HEALTHY: Duration = Duration::from_secs(180);

impl Outage {
    pub(super) fn is_on(self, elapsed: Duration) -> bool {
        match self {
            Outage::Never => false,
            Outage::From(begin) => elapsed >= begin,
            Outage::Recurring(begin) => {
                let Some(since) = elapsed.checked_sub(begin) else { return false };
                since.as_millis() % (LASTS + HEALTHY).as_millis() < LASTS.as_millis()
            }
        }
    }
}
