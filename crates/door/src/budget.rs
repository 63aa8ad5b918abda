//! Memory that others fill, such as with bodies that they send or answers that they do not read: bounded in all and for each
//! peer, with some of it kept for what is small.
//!
//! Nobody waits for it. Who finds none is refused, so that requests cannot wait for each other.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::peer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub total_bytes: usize,
    /// Of one peer.
    pub peer_bytes: usize,
    /// Of this machine, from which agents and proxies come.
    pub local_bytes: usize,
    /// What stays below this may also use the room.
    pub small_bytes: usize,
    /// Of the total, what is kept for the small.
    pub room_bytes: usize,
    /// What a peer may have for small ones beyond its share.
    pub peer_room_bytes: usize,
}

/// A cheap clone; all clones count the same bytes.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sizes: Sizes,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// What one body or answer holds, until it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    peer: IpAddr,
    bytes: usize,
}

/// Why there is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All together hold too much.
    All,
    /// This peer does.
    Peer,
}

impl Budget {
    pub fn new(sizes: Sizes) -> Self {
        Self(Arc::new(Inner { sizes, held: Mutex::default() }))
    }

    /// An empty share, to which bytes are added.
    pub fn share(&self, address: IpAddr) -> Share {
        Share { budget: self.clone(), peer: peer::of(address), bytes: 0 }
    }

    /// What is held now.
    pub fn held_bytes(&self) -> usize {
        self.0.held.lock().total
    }

    /// The most that one peer can hold.
    pub fn most_bytes(&self, address: IpAddr) -> usize {
        self.0.sizes.of(peer::of(address))
    }
}

impl Sizes {
    fn of(&self, peer: IpAddr) -> usize {
        if peer.is_loopback() { self.local_bytes } else { self.peer_bytes }
    }
}

impl Share {
    /// Takes more. A peer that holds nothing yet gets what it asks for as long as there is as much in all: there is nothing of its own that
    /// it could wait for.
    pub fn add(&mut self, bytes: usize) -> Result<(), Full> {
        let Inner { sizes, held } = &*self.budget.0;
        let is_small = self.bytes + bytes <= sizes.small_bytes;
        let (room, beyond) = if is_small { (0, sizes.peer_room_bytes) } else { (sizes.room_bytes, 0) };
        let mut held = held.lock();
        let of_peer = held.by_peer.get(&self.peer).copied().unwrap_or(0);
        if of_peer > 0 && of_peer + bytes > sizes.of(self.peer) + beyond {
            return Err(Full::Peer);
        }
        if held.total + bytes + room > sizes.total_bytes {
            return Err(Full::All);
        }
        held.total += bytes;
        *held.by_peer.entry(self.peer).or_default() += bytes;
        self.bytes += bytes;
        Ok(())
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.budget.0.held.lock();
        held.total -= self.bytes;
        if let Some(of_peer) = held.by_peer.get_mut(&self.peer) {
            *of_peer -= self.bytes;
            if *of_peer == 0 {
                held.by_peer.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes {
        total_bytes: 1_000,
        peer_bytes: 400,
        local_bytes: 600,
        small_bytes: 10,
        room_bytes: 100,
        peer_room_bytes: 20,
    };

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    fn taken(budget: &Budget, peer: IpAddr, bytes: usize) -> Result<Share, Full> {
        let mut share = budget.share(peer);
        share.add(bytes).map(|()| share)
    }

    #[test]
    fn a_peer_has_its_share_and_a_little_more_for_what_is_small() {
        let budget = Budget::new(SIZES);
        let held = taken(&budget, peer(1), 400).unwrap();
        assert_eq!(taken(&budget, peer(1), 11).unwrap_err(), Full::Peer);
        let small = [taken(&budget, peer(1), 10).unwrap(), taken(&budget, peer(1), 10).unwrap()];
        assert_eq!(taken(&budget, peer(1), 10).unwrap_err(), Full::Peer);
        assert!(taken(&budget, peer(2), 400).is_ok(), "another peer is not held up");
        assert_eq!(budget.held_bytes(), 420);
        drop((held, small));
        assert_eq!((budget.held_bytes(), budget.0.held.lock().by_peer.len()), (0, 0));
    }

    #[test]
    fn room_is_kept_for_what_is_small() {
        let budget = Budget::new(SIZES);
        let _held = [1, 2].map(|number| taken(&budget, peer(number), 400).unwrap());
        let mut more = taken(&budget, peer(3), 100).unwrap();
        assert_eq!(more.add(1), Err(Full::All));
        assert!(taken(&budget, peer(4), 10).is_ok());
        let mut growing = taken(&budget, peer(4), 10).unwrap();
        assert_eq!(growing.add(1), Err(Full::All), "it is small no more");
    }

    #[test]
    fn what_is_larger_than_a_share_passes_where_a_peer_holds_nothing_else() {
        let budget = Budget::new(SIZES);
        let held = taken(&budget, peer(1), 700).unwrap();
        assert_eq!(taken(&budget, peer(1), 11).unwrap_err(), Full::Peer);
        assert_eq!(taken(&budget, peer(2), 300).unwrap_err(), Full::All);
        drop(held);
        assert!(taken(&budget, peer(2), 300).is_ok());
    }
}
