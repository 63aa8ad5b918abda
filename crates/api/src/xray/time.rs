//! Instants and lengths as X-Ray writes them, and the windows that its queries may have.

use model::{Micros, TimeRange, Timestamp};
use serde::{Serialize, Serializer};

use crate::error::XRayError;

/// The longest window of one query. X-Ray's own bound is not documented; longer ranges are asked in pieces.
pub(crate) const MAX_WINDOW: Micros = Micros::from_secs(24 * 60 * 60);

/// The last instant that is written, the begin of the year 9999. A document may bear any number as its time,
/// and clients fail on an answer with an instant that their calendar does not have.
const LAST_SECONDS: i64 = 253_370_764_800;

/// Epoch seconds with a fraction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) f64);

impl Seconds {
    pub(crate) fn at(instant: Timestamp) -> Self {
        Self(instant.as_seconds().clamp(0.0, LAST_SECONDS as f64))
    }

    pub(crate) fn whole(instant: Timestamp) -> Self {
        Self(whole_seconds(instant) as f64)
    }

    /// A length, with X-Ray's three decimals.
    pub(crate) fn rounded(length: Micros) -> Self {
        Self((length.0 as f64 / 1_000.0).round() / 1_000.0)
    }
}

/// The second in which an instant lies, within the calendars of clients.
pub(crate) fn whole_seconds(instant: Timestamp) -> i64 {
    instant.floor_seconds().clamp(0, LAST_SECONDS)
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

/// The half-open window of a query.
pub(crate) fn window(start: Timestamp, end: Timestamp) -> Result<TimeRange, XRayError> {
    // Such as milliseconds: to find nothing there is no answer, since the client meant another time.
    for (name, instant) in [("StartTime", start), ("EndTime", end)] {
        if instant.floor_seconds() >= LAST_SECONDS {
            let text =
                format!("{name} lies after the year 9998. Times are seconds since 1970, with a fraction");
            return Err(XRayError::invalid(text));
        }
    }
    if end < start {
        return Err(XRayError::invalid("End time cannot be earlier than start time"));
    }
    if start.until(end) > MAX_WINDOW {
        let hours = MAX_WINDOW.0 / Micros::from_secs(60 * 60).0;
        return Err(XRayError::invalid(format!("Time range cannot be longer than {hours} hours")));
    }
    Ok(TimeRange::new(start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_stay_within_the_calendars_of_clients() {
        let check = |instant: Timestamp, expected: f64| {
            assert_eq!(Seconds::at(instant).0, expected);
            assert_eq!(Seconds::whole(instant).0, expected);
        };
        check(Timestamp::MIN, 0.0);
        check(Timestamp::from_seconds(-5.0), 0.0);
        check(Timestamp::from_seconds(1_478_293_361.0), 1_478_293_361.0);
        check(Timestamp::MAX, LAST_SECONDS as f64);
    }
}
