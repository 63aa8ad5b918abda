//! How many refusals of a peer are written: enough to see them, and not so many that a stranger fills the log.

use std::collections::HashMap;
use std::net::IpAddr;

use model::Timestamp;

const EACH_SECOND: u32 = 10;
/// Of all peers together.
const ALL_EACH_SECOND: u32 = 100;

/// What was written in this second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    second: i64,
    all: u32,
    by_peer: HashMap<IpAddr, u32>,
}

impl Pace {
    pub(super) fn allows(&mut self, peer: IpAddr, now: Timestamp) -> bool {
        let second = now.floor_seconds();
        if second != self.second {
            *self = Self { second, ..Self::default() };
        }
        if self.all >= ALL_EACH_SECOND {
            return false;
        }
        let of_peer = self.by_peer.entry(door::peer::of(peer)).or_default();
        let allows = *of_peer < EACH_SECOND;
        if allows {
            *of_peer += 1;
            self.all += 1;
        }
        allows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_ten_a_second_and_all_have_a_hundred() {
        let mut pace = Pace::default();
        let mut written = |peer: u8, second: f64| {
            let peer = IpAddr::from([192, 0, 2, peer]);
            (0..50).filter(|_| pace.allows(peer, Timestamp::from_seconds(second))).count()
        };
        assert_eq!([written(1, 1.0), written(1, 1.5), written(1, 2.0)], [10, 0, 10]);
        assert_eq!((2..20).map(|peer| written(peer, 2.5)).sum::<usize>(), 90);
    }
}
