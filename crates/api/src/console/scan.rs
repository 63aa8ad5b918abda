//! How far one question may go through the stored traces: so many traces, and so long.
//!
//! A reader waits for the answer, and a scan holds one of the few permits. What was left out is said in the answer. When the
//! client goes away its handler is dropped, which ends the scan after the page that is being read.

use std::sync::Arc;
use std::time::Duration;

use model::TraceDigest;
use query::search::{Visit, Visited, visit_those};
use store::{Predicate, StoreError, TraceStore};
use tokio::time::Instant;

use crate::error::Problem;

/// Well below the time limit of a request.
const TIME: Duration = Duration::from_secs(20);
/// What a page waits for, where nobody said that it may take longer.
const SOON: Duration = Duration::from_millis(1_800);

#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    traces: u64,
    until: Instant,
}

impl Reach {
    /// From now on.
    pub(super) fn of(traces: u64) -> Self {
        Self { traces, until: Instant::now() + TIME }
    }

    /// From now on, for so many milliseconds; without them as long as one waits for a page.
    pub(super) fn within(traces: u64, millis: Option<f64>) -> Result<Self, Problem> {
        let time = match millis {
            None => SOON,
            Some(millis) if millis > 0.0 && millis <= TIME.as_millis() as f64 => {
                Duration::from_micros((millis * 1_000.0) as u64)
            }
            Some(_) => {
                let most = TIME.as_millis();
                return Err(Problem::bad_request(format!("within must be from 1 to {most} milliseconds")));
            }
        };
        Ok(Self { traces, until: Instant::now() + time })
    }

    pub(super) async fn visit(
        self,
        store: &dyn TraceStore,
        visit: Visit<'_>,
        see: impl FnMut(&Arc<TraceDigest>) + Send,
    ) -> Result<Visited, StoreError> {
        self.visit_those(store, visit, Predicate::Any, see).await
    }

    /// Those alone for which the condition may hold.
    pub(super) async fn visit_those(
        self,
        store: &dyn TraceStore,
        visit: Visit<'_>,
        condition: Predicate,
        see: impl FnMut(&Arc<TraceDigest>) + Send,
    ) -> Result<Visited, StoreError> {
        let goes_on = |scanned| scanned < self.traces && Instant::now() < self.until;
        visit_those(store, visit, condition, goes_on, see).await
    }
}
