//! The answers of one connection, in the pieces in which they are handed over, and whether its reader goes on.
//!
//! `unread` sees what the kernel does not take. This sees what does not even get there: with HTTP/2 a reader holds an answer up by
//! never asking for more of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// A cheap clone; all clones speak of the same connection.
#[derive(Debug, Clone, Default)]
pub struct Reading(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// Since when, the oldest first.
    since: BTreeMap<u64, Instant>,
}

/// Something that waits for the reader, until it is dropped.
#[derive(Debug)]
pub struct Piece {
    id: u64,
    reading: Reading,
}

impl Reading {
    /// Begins to wait.
    pub fn wait(&self) -> Piece {
        let mut waiting = self.0.lock();
        let id = waiting.next;
        waiting.next += 1;
        waiting.since.insert(id, Instant::now());
        Piece { id, reading: self.clone() }
    }

    /// Returns once something has waited for so long.
    pub async fn stands_still(&self, limit: Duration) {
        loop {
            let oldest = self.0.lock().since.first_key_value().map(|(_, since)| *since);
            let now = Instant::now();
            let until = oldest.unwrap_or(now) + limit;
            if oldest.is_some() && until <= now {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.reading.0.lock().since.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_piece_that_is_not_taken_is_noticed_in_its_time() {
        let (reading, begun) = (Reading::default(), Instant::now());
        let pieces = [reading.wait(), reading.wait()];
        let sent = tokio::time::sleep(LIMIT / 2);
        tokio::select! {
            () = reading.stands_still(LIMIT) => panic!("nothing has waited for so long"),
            () = sent => {}
        }
        drop(pieces);
        let _piece = reading.wait();
        reading.stands_still(LIMIT).await;
        assert!(begun.elapsed() >= LIMIT * 3 / 2 && begun.elapsed() < LIMIT * 2);
    }
}
