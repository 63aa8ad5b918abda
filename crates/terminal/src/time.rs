//! Times as people type them: a moment, or how long ago it was.

use jiff::{SignedDuration, Timestamp as Moment};
use model::{Clock, Micros, SystemClock, Timestamp};

/// As `--since` and `--from` take it.
///
/// # Errors
/// Says what a time looks like.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    parse_at(text, SystemClock.now())
}

fn parse_at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Moment>() {
        return Ok(Timestamp(moment.as_microsecond()));
    }
    // Days are no part of a duration that is exact, and are 24 hours here.
    let age = match text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
        Some(days) => days.checked_mul(24).and_then(SignedDuration::try_from_hours),
        None => text.parse().ok(),
    };
    let micros = age.and_then(|age: SignedDuration| u64::try_from(age.as_micros()).ok());
    let micros =
        micros.ok_or_else(|| format!("`{text}` is no time, such as 2026-11-23T08:00:00Z, 2h or 3d"))?;
    Ok(now.minus(Micros(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        let now = Timestamp(1_000_000_000_000_000);
        assert_eq!(parse_at(text, now).ok(), expected.map(Timestamp), "{text}");
    }

    #[test]
    fn a_time_is_a_moment_or_an_age() {
        check("2001-09-09T01:46:41Z", Some(1_000_000_001_000_000));
        check("2001-09-09T03:46:41+02:00", Some(1_000_000_001_000_000));
        check("2h", Some(999_992_800_000_000));
        check("1d", Some(999_913_600_000_000));
        check("-2h", None);
        check("yesterday", None);
        check("99999999999999999d", None);
    }
}
