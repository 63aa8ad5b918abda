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
    /// How long the present state lasts; for ever where there is none.
    pub(super) fn lasts(self, elapsed: Duration) -> Option<Duration> {
        let begin = match self {
            Outage::Never => return None,
            Outage::From(begin) | Outage::Recurring(begin) => begin,
        };
        let Some(since) = elapsed.checked_sub(begin) else { return Some(begin - elapsed) };
        match self {
            Outage::Recurring(_) => {
                let within =
                    Duration::from_millis((since.as_millis() % (LASTS + HEALTHY).as_millis()) as u64);
                Some(if within < LASTS { LASTS - within } else { LASTS + HEALTHY - within })
            }
            _ => None,
        }
    }

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
