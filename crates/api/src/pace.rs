//! How often something may happen within a window of time, for a peer and for all: enough for whoever means well, and not so much
//! that one takes it from the others.

use std::collections::HashMap;
use std::net::IpAddr;

use model::{Micros, Timestamp};

#[derive(Debug)]
pub(crate) struct Pace {
    window: Micros,
    each: u32,
    all: u32,
    /// Which window this is.
    number: i64,
    happened: u32,
    /// No more than `all`.
    by_peer: HashMap<IpAddr, u32>,
}

impl Pace {
    pub(crate) fn new(window: Micros, each: u32, all: u32) -> Self {
        Self { window, each, all, number: 0, happened: 0, by_peer: HashMap::new() }
    }

    /// Whether it may happen once more for this peer; counts it.
    pub(crate) fn allows(&mut self, peer: IpAddr, now: Timestamp) -> bool {
        let number = now.0.div_euclid(self.window.0.max(1) as i64);
        if number != self.number {
            (self.number, self.happened) = (number, 0);
            self.by_peer.clear();
        }
        if self.happened >= self.all {
            return false;
        }
        let of_peer = self.by_peer.entry(door::peer::of(peer)).or_default();
        let allows = *of_peer < self.each;
        if allows {
            *of_peer += 1;
            self.happened += 1;
        }
        allows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_ten_a_second_and_all_have_a_hundred() {
        let mut pace = Pace::new(Micros::from_secs(1), 10, 100);
        let mut allowed = |peer: u8, second: f64| {
            let peer = IpAddr::from([192, 0, 2, peer]);
            (0..50).filter(|_| pace.allows(peer, Timestamp::from_seconds(second))).count()
        };
        assert_eq!([allowed(1, 1.0), allowed(1, 1.5), allowed(1, 2.0)], [10, 0, 10]);
        assert_eq!((2..20).map(|peer| allowed(peer, 2.5)).sum::<usize>(), 90);
    }
}
