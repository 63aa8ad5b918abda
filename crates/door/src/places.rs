//! Places of which there are few, such as those of live streams: how many there are in all, and how many of them one peer may have.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::budget::Full;
use crate::peer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub total: usize,
    pub peer: usize,
    /// Of this machine, from which proxies come that are not trusted.
    pub local: usize,
}

/// A cheap clone; all clones count the same places.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    room: Room,
    taken: Mutex<Taken>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    peer: IpAddr,
}

impl Places {
    pub fn new(room: Room) -> Self {
        Self(Arc::new(Inner { room, taken: Mutex::default(), left: Notify::new() }))
    }

    /// Takes one, or says who has taken too many.
    pub fn take(&self, address: IpAddr) -> Result<Place, Full> {
        let Inner { room, taken, .. } = &*self.0;
        let peer = peer::of(address);
        let most = if peer.is_loopback() { room.local } else { room.peer };
        let mut taken = taken.lock();
        if taken.by_peer.get(&peer).copied().unwrap_or(0) >= most {
            return Err(Full::Peer);
        }
        if taken.total >= room.total {
            return Err(Full::All);
        }
        taken.total += 1;
        *taken.by_peer.entry(peer).or_default() += 1;
        Ok(Place { places: self.clone(), peer })
    }

    /// The same, with some patience. Who waits has no turn: whoever asks when a place is left may have it.
    pub async fn wait(&self, address: IpAddr, patience: Duration) -> Result<Place, Full> {
        let until = Instant::now() + patience;
        loop {
            // Before the look, so that what is left meanwhile is not missed.
            let left = self.0.left.notified();
            let full = match self.take(address) {
                Ok(place) => return Ok(place),
                Err(full) => full,
            };
            if timeout_at(until, left).await.is_err() {
                return Err(full);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Inner { taken, left, .. } = &*self.places.0;
        let mut taken = taken.lock();
        taken.total -= 1;
        if let Some(of_peer) = taken.by_peer.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                taken.by_peer.remove(&self.peer);
            }
        }
        drop(taken);
        left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    #[test]
    fn a_peer_has_some_and_leaves_the_others_theirs() {
        let places = Places::new(Room { total: 4, peer: 2, local: 3 });
        let first = [places.take(peer(1)).unwrap(), places.take(peer(1)).unwrap()];
        assert_eq!(places.take(peer(1)).unwrap_err(), Full::Peer);
        let second = [places.take(peer(2)).unwrap(), places.take(peer(2)).unwrap()];
        assert_eq!(places.take(peer(3)).unwrap_err(), Full::All);
        drop((first, second));
        let local: Vec<Place> = (0..3).map(|_| places.take([127, 0, 0, 1].into()).unwrap()).collect();
        assert_eq!(places.take([127, 0, 0, 2].into()).unwrap_err(), Full::Peer);
        drop(local);
        assert!(places.0.taken.lock().by_peer.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_let_in_when_a_place_is_left_or_told_after_a_while() {
        let places = Places::new(Room { total: 4, peer: 1, local: 1 });
        let held = places.take(peer(1)).unwrap();
        let patience = Duration::from_secs(20);
        assert_eq!(places.wait(peer(1), patience).await.unwrap_err(), Full::Peer);
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.wait(peer(1), patience).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(held);
        assert!(waiting.await.unwrap().is_ok());
    }
}
