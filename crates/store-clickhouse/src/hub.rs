//! Follows new documents for all tails of a process at once: one question serves all that wait.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use model::StoredDocument;
use parking_lot::Mutex;
use store::{Share, StoreError, Tail, TailCursor};
use tokio::sync::{Notify, oneshot};

use crate::client::ClickHouse;
use crate::documents::{self, COLUMNS, Kept, STAMP};
use crate::failure::Failure;
use crate::view::View;

/// Documents of one lane and share that are read at once.
const WINDOW: u64 = 1_024;
/// Between two looks while there is no other process that could have written something.
const ALONE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Hub {
    server: ClickHouse,
    view: Arc<View>,
    waiting: Mutex<Vec<Wait>>,
    /// Somebody waits.
    came: Notify,
    /// This process has written something.
    rung: Notify,
    is_closed: AtomicBool,
    pace: Duration,
}

#[derive(Debug)]
struct Wait {
    reached: Reached,
    answer: oneshot::Sender<Result<Vec<Kept>, Arc<Failure>>>,
}

/// How far a tail has come.
#[derive(Debug, Clone)]
struct Reached {
    share: Share,
    after: TailCursor,
    /// Of each lane the stamp of what was read last: stamps of a lane never go back, which spares looking at what is older.
    stamps: BTreeMap<u32, i64>,
}

#[derive(Debug)]
pub(crate) struct HubTail {
    hub: Arc<Hub>,
    reached: Reached,
}

impl Hub {
    pub(crate) fn new(server: ClickHouse, view: Arc<View>, pace: Duration) -> Self {
        Self {
            server,
            view,
            waiting: Mutex::default(),
            came: Notify::new(),
            rung: Notify::new(),
            is_closed: AtomicBool::new(false),
            pace,
        }
    }

    pub(crate) fn tail(self: &Arc<Self>, share: Share, after: &TailCursor) -> HubTail {
        let reached = Reached { share, after: after.clone(), stamps: BTreeMap::new() };
        HubTail { hub: Arc::clone(self), reached }
    }

    pub(crate) fn ring(&self) {
        self.rung.notify_one();
    }

    /// From here on each tail asks for itself, and there is nobody who waits.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.waiting.lock().clear();
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Answers those that wait, until it is aborted.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            let began = Instant::now();
            let came = self.came.notified();
            let mut waiting = std::mem::take(&mut *self.waiting.lock());
            waiting.retain(|wait| !wait.answer.is_closed());
            if waiting.is_empty() {
                came.await;
                continue;
            }
            let reached: Vec<&Reached> = waiting.iter().map(|wait| &wait.reached).collect();
            match self.look(&reached).await {
                Ok(found) => {
                    let mut left = Vec::new();
                    for (wait, kept) in waiting.into_iter().zip(found) {
                        match kept.is_empty() {
                            true => left.push(wait),
                            // Who has gone away asks again, from where it was.
                            false => drop(wait.answer.send(Ok(kept))),
                        }
                    }
                    if !self.is_closed() {
                        self.waiting.lock().extend(left);
                    }
                }
                Err(failure) => {
                    let failure = Arc::new(failure);
                    for wait in waiting {
                        let _ = wait.answer.send(Err(Arc::clone(&failure)));
                    }
                }
            }
            // What this process has written is looked for soon, what others have in the pace; never all the time.
            let soonest = began + self.pace / 2;
            let latest = began + if self.view.is_alone() { self.pace.max(ALONE) } else { self.pace };
            tokio::select! {
                () = self.rung.notified() => {}
                // Somebody waits who has not been looked for.
                () = self.came.notified() => {}
                () = tokio::time::sleep_until(latest.into()) => {}
            }
            tokio::time::sleep_until(soonest.into()).await;
        }
    }

    /// For each the documents that follow without a gap, lane by lane.
    async fn look(&self, reached: &[&Reached]) -> Result<Vec<Vec<Kept>>, Failure> {
        let mut window = WINDOW;
        let documents = loop {
            let Some(sql) = self.question(reached, window) else {
                return Ok(vec![Vec::new(); reached.len()]);
            };
            match self.server.poll(sql).await {
                Ok(answer) => break documents::read(&answer)?,
                Err(Failure::TooLarge { .. }) if window > 1 => window /= 4,
                Err(failure) => return Err(failure),
            }
        };
        // Tails that are alike are answered alike, so each document may be for several.
        let unbroken = |reached: &&Reached| {
            let mut after = reached.after.clone();
            let of_share = documents.iter().filter(|kept| kept.share == reached.share);
            let follows = |kept: &&Kept| {
                let is_next = kept.place.sequence.0 == after.of_lane(kept.place.lane).0 + 1;
                if is_next {
                    after.advance(kept.place);
                }
                is_next
            };
            of_share.filter(follows).cloned().collect()
        };
        Ok(reached.iter().map(unbroken).collect())
    }

    /// `None` where no lane can have more.
    fn question(&self, reached: &[&Reached], window: u64) -> Option<String> {
        let mut condition = String::new();
        for Reached { share, after, stamps } in reached {
            for lane in self.view.lanes_beyond(*share, after) {
                let from = after.of_lane(lane).0;
                let or = if condition.is_empty() { "" } else { " OR " };
                // Writing to a string does not fail.
                let _ = write!(
                    condition,
                    "{or}(share = {} AND lane = {lane} AND seq > {from} AND seq <= {}",
                    share.0,
                    from + window
                );
                if let Some(stamp) = stamps.get(&lane) {
                    let _ = write!(condition, " AND {STAMP} >= {}", crate::literal::number(*stamp));
                }
                condition.push(')');
            }
        }
        let order = "ORDER BY share, lane, seq, entity FORMAT RowBinary";
        (!condition.is_empty()).then(|| format!("SELECT {COLUMNS} FROM documents WHERE {condition} {order}"))
    }
}

impl HubTail {
    async fn found(&self) -> Result<Vec<Kept>, StoreError> {
        const ACTION: &str = "read new documents from ClickHouse";
        loop {
            if self.hub.is_closed() {
                let mut found =
                    self.hub.look(&[&self.reached]).await.map_err(|failure| failure.of_any(ACTION))?;
                return match found.pop() {
                    Some(kept) if !kept.is_empty() => Ok(kept),
                    _ => Err(StoreError::Closed),
                };
            }
            let (answer, answered) = oneshot::channel();
            self.hub.waiting.lock().push(Wait { reached: self.reached.clone(), answer });
            self.hub.came.notify_one();
            match answered.await {
                Ok(Ok(kept)) => return Ok(kept),
                Ok(Err(failure)) => return Err(StoreError::failed(ACTION, failure)),
                // The hub was closed, or its task is gone.
                Err(_) if self.hub.is_closed() => {}
                Err(_) => return Err(StoreError::Closed),
            }
        }
    }
}

#[async_trait]
impl Tail for HubTail {
    async fn next(&mut self) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
        loop {
            let kept = self.found().await?;
            for Kept { place, .. } in &kept {
                self.reached.after.advance(*place);
                self.reached.stamps.insert(place.lane, place.stamp);
            }
            // One that is not understood any more is passed over, and was warned of.
            let documents: Vec<_> = kept.into_iter().filter_map(|kept| kept.document).collect();
            if !documents.is_empty() {
                return Ok(documents);
            }
        }
    }
}
