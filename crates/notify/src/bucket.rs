//! How often a target may be told something: so many messages at once, and then one every few seconds.

use model::{Micros, Timestamp};

/// Messages that may go out at once.
const BURST: u32 = 10;
/// From one more to the next: ten a minute.
const EVERY: Micros = Micros::from_secs(6);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    tokens: u32,
    /// When the last token was added.
    since: Timestamp,
}

impl Bucket {
    pub(crate) fn full(now: Timestamp) -> Self {
        Self { tokens: BURST, since: now }
    }

    /// Takes a token; where there is none, when there will be.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let grown = self.since.until(now).0 / EVERY.0;
        self.tokens = self.tokens.saturating_add(u32::try_from(grown).unwrap_or(u32::MAX)).min(BURST);
        // A clock that was set back gives no tokens, and holds none back for longer than one.
        self.since = self.since.plus(Micros(grown * EVERY.0)).min(now);
        if self.tokens == 0 {
            return Err(self.since.plus(EVERY));
        }
        if self.tokens == BURST {
            self.since = now;
        }
        self.tokens -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_go_at_once_and_then_ten_a_minute() {
        let mut now = Timestamp(1_000_000_000);
        let mut bucket = Bucket::full(now);
        assert_eq!((0..20).filter(|_| bucket.take(now).is_ok()).count(), 10);
        let next = bucket.take(now).unwrap_err();
        assert_eq!(next, now.plus(EVERY));
        assert!(bucket.take(next).is_ok());
        assert!(bucket.take(next).is_err());
        now = next.plus(Micros::from_secs(60));
        assert_eq!((0..20).filter(|_| bucket.take(now).is_ok()).count(), 10);
        now = now.plus(Micros::from_secs(3_600));
        assert_eq!((0..20).filter(|_| bucket.take(now).is_ok()).count(), 10);
        // The clock was set back.
        assert_eq!(bucket.take(Timestamp(0)).unwrap_err(), Timestamp(0).plus(EVERY));
    }
}
