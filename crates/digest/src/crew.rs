//! The workers of a process: one for each lease that it holds, for as long as it does.

use std::collections::HashMap;
use std::sync::Arc;

use model::Clock;
use parking_lot::Mutex;
use query::now::Ledger;
use store::{Lease, TraceStore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::names::Flood;
use crate::worker::{Stopped, Worker};
use crate::{Config, recall};

pub(crate) struct Crew {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn TraceStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) flood: Arc<Mutex<Flood>>,
}

impl Crew {
    /// Runs until shutdown, or until the store is closed; then no worker runs any more.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let known = recall::recall(&*self.store, self.clock.now(), &self.ledger).await;
        tokio::select! {
            () = self.work(shutdown) => {}
            never = recall::follow(&*self.store, &*self.clock, &self.ledger, known) => match never {},
            never = recall::learn_on(&*self.store, &*self.clock, &self.ledger) => match never {},
        }
    }

    async fn work(&self, shutdown: CancellationToken) {
        let mut leases = self.store.shares();
        let mut may_change = true;
        // A lease stays here as long as it is held, also where its worker has ended.
        let mut begun: HashMap<Lease, CancellationToken> = HashMap::new();
        let mut workers: JoinSet<(Lease, Stopped)> = JoinSet::new();
        loop {
            let held = leases.borrow_and_update().clone();
            begun.retain(|lease, stop| {
                let is_held = held.contains(lease);
                if !is_held {
                    stop.cancel();
                }
                is_held
            });
            for lease in held {
                begun.entry(lease).or_insert_with(|| {
                    let stop = shutdown.child_token();
                    let worker = Worker::new(self, lease, leases.clone(), stop.clone());
                    workers.spawn(async move { (lease, worker.run().await) });
                    stop
                });
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                changed = leases.changed(), if may_change => may_change = changed.is_ok(),
                Some(ended) = workers.join_next() => match ended {
                    Ok((_, Stopped::Told)) => {}
                    Ok((lease, Stopped::Fenced)) => {
                        info!(share = lease.share.0, "another process digests a share now");
                    }
                    Ok((_, Stopped::Closed)) => break,
                    Err(error) => {
                        error!(%error, "digest worker panicked");
                        break;
                    }
                },
            }
        }
        begun.values().for_each(CancellationToken::cancel);
        while workers.join_next().await.is_some() {}
    }
}
