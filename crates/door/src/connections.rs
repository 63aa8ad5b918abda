//! The connections of a TCP door: how many there may be, in all and of one peer, and which go first when there are too many.
//!
//! A door always takes what comes, so that a probe is answered while somebody holds connections open. Where there is no
//! room, the connection that has been idle longest is closed for it, of the same peer if that has too many. Where none is idle,
//! it is let in for a probe alone: of these there are few, and the oldest makes room for the next.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::peer;
use crate::proxies::Proxies;

/// A peer with fewer connections than these comes in although all are busy, as long as there are not so many of such.
const FEW: usize = 4;
const ROOM_FOR_FEW: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub total: usize,
    /// Of one address.
    pub peer: usize,
    /// Of this machine, from which agents, proxies and tests come, and of each trusted proxy.
    pub local: usize,
    /// Beyond the total, for probes alone.
    pub probes: usize,
}

/// A cheap clone; all clones count the same connections.
#[derive(Debug, Clone)]
pub struct Connections {
    limits: Limits,
    proxies: Proxies,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    by_id: HashMap<u64, One>,
    by_peer: HashMap<IpAddr, usize>,
    /// Those for probes alone, the oldest first.
    probes: BTreeMap<u64, CancellationToken>,
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
    is_for_probes: bool,
}

/// A request of a connection, which is not closed for others meanwhile; until it is dropped.
#[derive(Debug)]
pub struct InFlight {
    id: u64,
    held: Arc<Mutex<Held>>,
}

impl Connections {
    pub fn new(limits: Limits, proxies: Proxies) -> Self {
        Self { limits, proxies, held: Arc::default() }
    }

    /// Lets a connection in, though it may be for probes alone.
    pub fn admit(&self, address: IpAddr) -> Connection {
        let peer = peer::of(address);
        let is_near = peer.is_loopback() || self.proxies.contains(address);
        let of_peer = if is_near { self.limits.local } else { self.limits.peer };
        let mut held = self.held.lock();
        let is_for_probes = !held.make_room(peer, of_peer, self.limits.total);
        let id = held.next;
        held.next += 1;
        let close = CancellationToken::new();
        if is_for_probes {
            held.probes.insert(id, close.clone());
            if held.probes.len() > self.limits.probes
                && let Some((_, oldest)) = held.probes.pop_first()
            {
                oldest.cancel();
            }
        } else {
            held.by_id.insert(id, One { peer, requests: 0, since: Instant::now(), close: close.clone() });
            *held.by_peer.entry(peer).or_default() += 1;
        }
        Connection { id, held: Arc::clone(&self.held), close, is_for_probes }
    }

    pub fn count(&self) -> usize {
        self.held.lock().by_id.len()
    }
}

impl Held {
    /// Whether there is room for one more of this peer; where there was none, an idle one was closed.
    fn make_room(&mut self, peer: IpAddr, limit: usize, total: usize) -> bool {
        let of_peer = self.by_peer.get(&peer).copied().unwrap_or(0);
        if of_peer >= limit && self.close_idlest(|one| one.peer == peer).is_none() {
            return false;
        }
        let is_full = self.by_id.len() >= total && self.close_idlest(|_| true).is_none();
        !is_full || (of_peer < FEW && self.by_id.len() < total + ROOM_FOR_FEW)
    }

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

    /// Whether nothing but a probe may be answered.
    pub fn is_for_probes(&self) -> bool {
        self.is_for_probes
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
        let mut held = self.held.lock();
        held.remove(self.id);
        held.probes.remove(&self.id);
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
        let proxies = Proxies::new(vec!["192.0.2.0/24".parse().unwrap()]).unwrap();
        Connections::new(Limits { total: 6, peer: 2, local: 4, probes: 2 }, proxies)
    }

    #[test]
    fn a_trusted_proxy_has_as_many_as_this_machine() {
        let door = door();
        let held: Vec<Connection> = (0..4).map(|_| door.admit(IpAddr::from([192, 0, 2, 1]))).collect();
        assert!(held.iter().all(|one| !one.close.is_cancelled()));
        let _further = door.admit(IpAddr::from([192, 0, 2, 1]));
        assert!(held[0].close.is_cancelled());
    }

    #[test]
    fn a_peer_with_too_many_loses_the_one_that_is_idle_longest() {
        let door = door();
        let [first, second] = [door.admit(peer(1)), door.admit(peer(1))];
        drop(first.request());
        let third = door.admit(peer(1));
        assert!(second.close.is_cancelled() && !first.close.is_cancelled() && !third.close.is_cancelled());
        assert_eq!(door.count(), 2);
        let busy = [first.request(), third.request()];
        assert!(door.admit(peer(1)).is_for_probes(), "nothing of it is idle");
        assert!(!door.admit(peer(2)).is_for_probes(), "another one comes in");
        drop(busy);
        drop(second);
        assert_eq!(door.count(), 2);
        drop((first, third));
        assert_eq!((door.count(), door.held.lock().by_peer.len()), (0, 0));
    }

    #[test]
    fn a_full_door_makes_room_and_few_come_in_although_all_are_busy() {
        let door = door();
        let held: Vec<Connection> = [1, 1, 2, 2, 3, 3].map(|number| door.admit(peer(number))).into();
        let probe = door.admit(HOME);
        assert!(held[0].close.is_cancelled());
        assert_eq!(door.count(), 6);
        let busy: Vec<InFlight> = held.iter().chain([&probe]).map(Connection::request).collect();
        let late = door.admit(peer(9));
        assert!(!late.is_for_probes(), "a stranger with no connection comes in");
        assert!(held[1..].iter().all(|one| !one.close.is_cancelled()));
        drop((busy, late));
    }

    #[test]
    fn where_all_are_busy_probes_come_in_and_the_oldest_makes_room() {
        let door = door();
        let held = [door.admit(peer(1)), door.admit(peer(1))];
        let _busy = held.each_ref().map(Connection::request);
        let probes = [door.admit(peer(1)), door.admit(peer(1)), door.admit(peer(1))];
        assert!(probes.iter().all(Connection::is_for_probes));
        assert_eq!(probes.each_ref().map(|probe| probe.close.is_cancelled()), [true, false, false]);
        assert_eq!(door.count(), 2);
        drop(probes);
        assert!(door.held.lock().probes.is_empty());
    }
}
