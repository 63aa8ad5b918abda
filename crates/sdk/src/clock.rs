//! Time within a segment: one reading of the wall clock, and from then on the monotonic one.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where a segment's monotonic time lies on the wall clock. However the wall clock jumps, an end is never before
/// its start and a child never outside its parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    wall_micros: i64,
    instant: Instant,
}

impl Anchor {
    /// Of something that begins now, which the wall clock was just asked for.
    pub(crate) fn of(now: SystemTime) -> Self {
        Self { wall_micros: micros(now), instant: Instant::now() }
    }

    /// Of something that began at another time. What began in the future, by a clock that jumped, begins now all the same.
    pub(crate) fn at(time: SystemTime, now: SystemTime) -> Self {
        let instant = Instant::now();
        let age = now.duration_since(time).ok();
        Self {
            wall_micros: micros(time),
            instant: age.and_then(|age| instant.checked_sub(age)).unwrap_or(instant),
        }
    }

    pub(crate) fn instant(&self) -> Instant {
        self.instant
    }

    /// Microseconds since the epoch.
    pub(crate) fn micros(&self, instant: Instant) -> i64 {
        let whole = |length: Duration| i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        match instant.checked_duration_since(self.instant) {
            Some(later) => self.wall_micros.saturating_add(whole(later)),
            None => self.wall_micros.saturating_sub(whole(self.instant.duration_since(instant))),
        }
    }
}

/// Microseconds since the epoch; negative before 1970.
pub(crate) fn micros(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    }
}

/// Whole seconds since the epoch, for what is counted by the second.
pub(crate) fn seconds_now() -> i64 {
    seconds(SystemTime::now())
}

pub(crate) fn seconds(time: SystemTime) -> i64 {
    micros(time).div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_lies_on_the_wall_clock_of_the_start() {
        let anchor = Anchor::of(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        assert_eq!(anchor.micros(anchor.instant + Duration::from_micros(1_500)), 1_700_000_000_001_500);
        assert_eq!(anchor.micros(anchor.instant), 1_700_000_000_000_000);
        assert_eq!(micros(UNIX_EPOCH - Duration::from_secs(1)), -1_000_000);
        let hour = Duration::from_secs(3_600);
        let now = SystemTime::now();
        assert!(Anchor::at(now - hour, now).instant().elapsed() >= hour);
        assert!(Anchor::at(now + hour, now).instant().elapsed() < hour);
    }
}
