//! The task that keeps this process known: renews its lease, looks what others do, and takes the shares that fall to it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::error::chain;
use store::Lease;
use tokio::time::timeout;
use tracing::{error, info, warn};

use crate::client::ClickHouse;
use crate::failure::Failure;
use crate::register::{Lane, Look, Register};
use crate::view::View;

/// Between two looks at what other processes do.
const LOOK: Duration = Duration::from_millis(250);

/// Of a beat, which must not be late to renew its lease.
const CATCH_UP: Duration = Duration::from_secs(1);

pub(crate) struct Beat {
    pub(crate) register: Arc<Register>,
    pub(crate) server: ClickHouse,
    pub(crate) view: Arc<View>,
    pub(crate) lane: Lane,
    pub(crate) lease: Duration,
    /// Else no share falls to this process.
    pub(crate) digests: bool,
    /// Another process has the lane: nothing may be written any more.
    pub(crate) is_lost: Arc<AtomicBool>,
    /// Shares that are another's from now on, and that workers of this process have been told to leave.
    pub(crate) leaving: BTreeSet<Lease>,
}

impl Beat {
    /// Runs until it is aborted.
    pub(crate) async fn run(mut self) {
        let mut renewed = Instant::now();
        let mut is_failing = false;
        loop {
            tokio::time::sleep(LOOK).await;
            let is_due = renewed.elapsed() >= self.renewal();
            let began = Instant::now();
            match self.once(is_due).await {
                Ok(()) => {
                    if is_due {
                        renewed = began;
                    }
                    if is_failing {
                        info!("PostgreSQL answers again");
                    }
                    is_failing = false;
                }
                Err(failure) if !is_failing => {
                    warn!(
                        error = chain(&failure),
                        "PostgreSQL does not answer; documents are kept, and are digested when it does"
                    );
                    is_failing = true;
                }
                Err(_) => {}
            }
            if self.is_lost.load(Ordering::Acquire) {
                error!(
                    lane = self.lane.number,
                    "another process writes where this one did; this one stops writing: start it anew"
                );
                return;
            }
        }
    }

    pub(crate) fn renewal(&self) -> Duration {
        self.lease / 3
    }

    pub(crate) async fn once(&mut self, renews: bool) -> Result<(), Failure> {
        if renews {
            let (documents, stamp) = self.view.own();
            if !self.register.renew(self.lane, documents, stamp).await? {
                self.is_lost.store(true, Ordering::Release);
                self.view.leases.send_replace(Vec::new());
                return Ok(());
            }
        }
        let began = Instant::now();
        let look = self.register.look().await?;
        self.view.looked(began, &look, self.renewal());
        self.spread(&look).await
    }

    /// Every process finds the same: shares in turn among those that live and digest.
    async fn spread(&mut self, Look { lanes, shares, .. }: &Look) -> Result<(), Failure> {
        let mut alive: BTreeSet<u32> =
            lanes.iter().filter(|lane| lane.is_alive && lane.digests).map(|lane| lane.number).collect();
        if !self.digests {
            return Ok(());
        }
        alive.insert(self.lane.number);
        let alive: Vec<u32> = alive.into_iter().collect();
        let own = self.lane.number;
        let (mut held, mut leaving) = (Vec::new(), BTreeSet::new());
        for row in shares {
            let falls_to = alive[usize::from(row.lease.share.0) % alive.len()];
            let is_held = row.owner == Some(own);
            match (is_held, falls_to == own) {
                (true, true) => held.push(row.lease),
                // First its worker is told, and finishes what it has begun; at the next beat it is let go.
                (true, false) if self.leaving.contains(&row.lease) => {
                    self.register.release(self.lane, row.lease).await?;
                }
                (true, false) => drop(leaving.insert(row.lease)),
                (false, true) if row.owner.is_none_or(|owner| !alive.contains(&owner)) => {
                    held.extend(self.register.claim(self.lane, row).await?);
                }
                (false, _) => {}
            }
        }
        self.leaving = leaving;
        self.wait_for_former_owners(&mut held).await;
        self.view.leases.send_if_modified(|known| {
            let is_new = *known != held;
            if is_new {
                *known = held;
            }
            is_new
        });
        Ok(())
    }

    /// Shares are told to their new worker once all that their former owners wrote can be read here; else at a later beat.
    async fn wait_for_former_owners(&self, held: &mut Vec<Lease>) {
        let is_new = |lease: &Lease| !self.view.leases.borrow().contains(lease);
        if held.iter().any(is_new) && !matches!(timeout(CATCH_UP, self.server.catch_up()).await, Ok(Ok(()))) {
            held.retain(|lease| !is_new(lease));
        }
    }
}
