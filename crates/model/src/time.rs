//! Instants, spans and minutes as whole microseconds, the finest resolution that X-Ray's SDKs send.

#[cfg(feature = "documents")]
use serde::{Deserialize, Serialize};

/// An instant: microseconds since the Unix epoch. It may lie before 1970; documents are not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "documents", derive(Serialize, Deserialize), serde(transparent))]
pub struct Timestamp(pub i64);

/// A length of time in microseconds. Never negative: an end before its start counts as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "documents", derive(Serialize, Deserialize), serde(transparent))]
pub struct Micros(pub u64);

/// A whole minute: minutes since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "documents", derive(Serialize, Deserialize), serde(transparent))]
pub struct Minute(pub i64);

/// The half-open range `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "documents", derive(Serialize, Deserialize))]
pub struct TimeRange {
    pub start: Timestamp,
    pub end: Timestamp,
}

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;

impl Timestamp {
    pub const MIN: Self = Self(i64::MIN);
    pub const MAX: Self = Self(i64::MAX);

    /// From epoch seconds with a fraction, rounded to the nearest microsecond and clamped to what fits.
    pub fn from_seconds(seconds: f64) -> Self {
        // `as` saturates, and maps NaN to zero.
        Self((seconds * MICROS_PER_SECOND as f64).round() as i64)
    }

    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / MICROS_PER_SECOND as f64
    }

    pub fn minute(self) -> Minute {
        Minute(self.0.div_euclid(MICROS_PER_MINUTE))
    }

    /// Whole seconds, rounded down.
    pub fn floor_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// From this instant to a later one; zero where `later` is not later.
    pub fn until(self, later: Self) -> Micros {
        Micros(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    pub fn plus(self, length: Micros) -> Self {
        Self(self.0.saturating_add_unsigned(length.0))
    }

    pub fn minus(self, length: Micros) -> Self {
        Self(self.0.saturating_sub_unsigned(length.0))
    }
}

impl Micros {
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * MICROS_PER_SECOND as u64)
    }

    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / MICROS_PER_SECOND as f64
    }
}

impl Minute {
    pub fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(MICROS_PER_MINUTE))
    }

    pub fn end(self) -> Timestamp {
        Minute(self.0.saturating_add(1)).start()
    }
}

impl TimeRange {
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether any instant of `minute` lies in the range. Rollups answer in whole minutes, so a range
    /// that begins or ends inside a minute takes the whole of it.
    pub fn touches(self, minute: Minute) -> bool {
        minute.start() < self.end && self.start < minute.end()
    }

    pub fn length(self) -> Micros {
        self.start.until(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_to_the_nearest_microsecond() {
        assert_eq!(Timestamp::from_seconds(1_478_293_361.271), Timestamp(1_478_293_361_271_000));
        assert_eq!(Timestamp::from_seconds(f64::NAN), Timestamp(0));
        assert_eq!(Timestamp::from_seconds(1e300), Timestamp::MAX);
    }

    #[test]
    fn an_end_before_its_start_is_no_time_at_all() {
        assert_eq!(Timestamp(5).until(Timestamp(3)), Micros(0));
        assert_eq!(Timestamp::MIN.until(Timestamp::MAX), Micros(i64::MAX as u64));
    }

    #[test]
    fn a_range_touches_the_minutes_that_it_cuts() {
        let range = TimeRange::new(Timestamp::from_seconds(90.0), Timestamp::from_seconds(120.0));
        assert!(range.touches(Minute(1)));
        assert!(!range.touches(Minute(0)) && !range.touches(Minute(2)));
    }
}
