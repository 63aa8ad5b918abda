//! The connections of a TCP door: how many there may be, in all and of one peer, and which go first when there are too many.
//!
//! A door always takes what comes, so that a probe is answered while somebody holds connections open. Where there is no
//! room, the connection that has been idle longest is closed for it, of the same peer if that has too many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// A peer with fewer connections than these comes in although all are busy, as long as there are not so many of such.
const FEW: usize = 4;
const ROOM_FOR_FEW: usize = 64;

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub total: usize,
    /// Of one address.
    pub peer: usize,
    /// Of this machine, from which agents, proxies and tests come.
    pub local: usize,
}

/// A cheap clone; all clones count the same connections.
#[derive(Debug, Clone)]
pub struct Connections {
    limits: Limits,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    by_id: HashMap<u64, One>,
    by_peer: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct One {
    peer: IpAddr,
    /// Requests that are being read or answered.
    requests: usize,
    since: Instant,
    close: CancellationToken,
}

/// A connection that was let in, until it is dropped.
#[derive(Debug)]
pub struct Connection {
    id: u64,
    held: Arc<Mutex<Held>>,
    close: CancellationToken,
}

/// A request of a connection, which is not closed for others meanwhile; until it is dropped.
#[derive(Debug)]
pub struct InFlight {
    id: u64,
    held: Arc<Mutex<Held>>,
}

impl Connections {
    pub fn new(limits: Limits) -> Self {
        Self { limits, held: Arc::default() }
    }

    /// Lets a connection in; `None` where nothing is idle that could be closed for it.
    pub fn admit(&self, peer: IpAddr) -> Option<Connection> {
        let mut held = self.held.lock();
        let of_peer = held.by_peer.get(&peer).copied().unwrap_or(0);
        let limit = if peer.is_loopback() { self.limits.local } else { self.limits.peer };
        if of_peer >= limit {
            held.close_idlest(|one| one.peer == peer)?;
        }
        if held.by_id.len() >= self.limits.total && held.close_idlest(|_| true).is_none() {
            let is_few = of_peer < FEW && held.by_id.len() < self.limits.total + ROOM_FOR_FEW;
            is_few.then_some(())?;
        }
        let id = held.next;
        held.next += 1;
        let close = CancellationToken::new();
        held.by_id.insert(id, One { peer, requests: 0, since: Instant::now(), close: close.clone() });
        *held.by_peer.entry(peer).or_default() += 1;
        Some(Connection { id, held: Arc::clone(&self.held), close })
    }

    pub fn count(&self) -> usize {
        self.held.lock().by_id.len()
    }
}

impl Held {
    /// Closes the connection that has been idle longest; `None` where none is.
    fn close_idlest(&mut self, may: impl Fn(&One) -> bool) -> Option<()> {
        let idle = self.by_id.iter().filter(|(_, one)| one.requests == 0 && may(one));
        let (&id, _) = idle.min_by_key(|(id, one)| (one.since, **id))?;
        self.remove(id)?.close.cancel();
        Some(())
    }

    fn remove(&mut self, id: u64) -> Option<One> {
        let one = self.by_id.remove(&id)?;
        if let Some(count) = self.by_peer.get_mut(&one.peer) {
            *count -= 1;
            if *count == 0 {
                self.by_peer.remove(&one.peer);
            }
        }
        Some(one)
    }
}

impl Connection {
    /// Waits until it has to make room; whoever serves it then drops it.
    pub async fn closed(&self) {
        self.close.cancelled().await;
    }

    /// Begins a request.
    pub fn request(&self) -> InFlight {
        if let Some(one) = self.held.lock().by_id.get_mut(&self.id) {
            one.requests += 1;
        }
        InFlight { id: self.id, held: Arc::clone(&self.held) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.held.lock().remove(self.id);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(one) = self.held.lock().by_id.get_mut(&self.id) {
            one.requests -= 1;
            one.since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    fn door() -> Connections {
        Connections::new(Limits { total: 6, peer: 2, local: 4 })
    }

    #[test]
    fn a_peer_with_too_many_loses_the_one_that_is_idle_longest() {
        let door = door();
        let [first, second] = [door.admit(peer(1)).unwrap(), door.admit(peer(1)).unwrap()];
        drop(first.request());
        let third = door.admit(peer(1)).unwrap();
        assert!(second.close.is_cancelled() && !first.close.is_cancelled() && !third.close.is_cancelled());
        assert_eq!(door.count(), 2);
        let busy = [first.request(), third.request()];
        assert!(door.admit(peer(1)).is_none(), "nothing of it is idle");
        assert!(door.admit(peer(2)).is_some(), "another one comes in");
        drop(busy);
        drop(second);
        assert_eq!(door.count(), 2);
        drop((first, third));
        assert_eq!((door.count(), door.held.lock().by_peer.len()), (0, 0));
    }

    #[test]
    fn a_full_door_makes_room_and_few_come_in_although_all_are_busy() {
        let door = door();
        let held: Vec<Connection> = [1, 1, 2, 2, 3, 3].map(|number| door.admit(peer(number)).unwrap()).into();
        let probe = door.admit(HOME).unwrap();
        assert!(held[0].close.is_cancelled());
        assert_eq!(door.count(), 6);
        let busy: Vec<InFlight> = held.iter().chain([&probe]).map(Connection::request).collect();
        let late = door.admit(peer(9)).expect("a stranger with no connection comes in");
        assert!(held[1..].iter().all(|one| !one.close.is_cancelled()));
        drop((busy, late));
    }
}
