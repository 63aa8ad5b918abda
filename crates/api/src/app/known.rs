//! Names and values that filters can be completed with, collected from the newest traces of a range and kept for a moment.
//!
//! Every key press asks, so what was collected is used again for [`FRESH`] by all who look at a range of the same length.

use std::sync::Arc;
use std::time::Duration;

use model::{Micros, TimeRange};
use query::Filter;
use query::filter::Known;
use query::search::Visit;
use settings::Settings;
use store::{Axis, TraceStore};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use crate::error::Problem;

/// Traces looked at; the newest ones.
const SCAN: u64 = 2_000;
const FRESH: Duration = Duration::from_secs(10);

/// What was collected last. The lock is held while collecting, so that it is done once.
#[derive(Debug, Default)]
pub(crate) struct Collected(Mutex<Option<(Instant, TimeRange, Arc<Known>)>>);

impl Collected {
    /// Takes one of the permits of scans if it has to look.
    pub(crate) async fn of(
        &self,
        range: TimeRange,
        store: &dyn TraceStore,
        settings: &Settings,
        scans: &Semaphore,
    ) -> Result<Arc<Known>, Problem> {
        let mut held = self.0.lock().await;
        if let Some((made_at, of, known)) = held.as_ref() {
            let moved = Micros(of.end.0.abs_diff(range.end.0));
            let serves = of.length() == range.length() && moved.0 <= FRESH.as_micros() as u64;
            if serves && made_at.elapsed() < FRESH {
                return Ok(Arc::clone(known));
            }
        }
        let mut known = Known::default();
        for record in settings.snapshot().groups.values() {
            known.add_group(&record.group.name);
        }
        let _permit = scans.acquire().await;
        let everything = Filter::default();
        query::search::visit(
            store,
            Visit { range, axis: Axis::Start, filter: &everything },
            SCAN,
            |digest| {
                known.see(digest);
            },
        )
        .await?;
        let known = Arc::new(known);
        *held = Some((Instant::now(), range, Arc::clone(&known)));
        Ok(known)
    }
}
