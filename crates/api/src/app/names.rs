//! Which service answers under which host name, as calls of the last hours have it, kept for a moment.

use std::time::Duration;

use model::minute::MinuteRow;
use model::{Micros, TimeRange, Timestamp, group};
use query::join::Names;
use store::{MinuteQuery, Subjects, TraceStore};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::Problem;

/// A service that has been down for longer is known by its host alone.
const LOOK_BACK: Micros = Micros::from_secs(6 * 3_600);
/// Names change with deployments, not by the second; a server that has just started learns its first ones.
const FRESH: Duration = Duration::from_secs(10);

/// What was learned last. The lock is held while learning, so that it is done once.
#[derive(Debug, Default)]
pub(crate) struct HostNames(Mutex<Option<(Instant, Names)>>);

impl HostNames {
    /// What the last hours tell and what `rows` add to it, which stays known.
    pub(crate) async fn with(
        &self,
        rows: &[MinuteRow],
        store: &dyn TraceStore,
        now: Timestamp,
    ) -> Result<Names, Problem> {
        self.known(store, now).await?;
        let mut held = self.0.lock().await;
        let (_, names) = held.get_or_insert_with(|| (Instant::now(), Names::default()));
        names.learn(rows);
        Ok(names.clone())
    }

    pub(crate) async fn known(&self, store: &dyn TraceStore, now: Timestamp) -> Result<Names, Problem> {
        let mut held = self.0.lock().await;
        if let Some((made_at, names)) = held.as_ref()
            && made_at.elapsed() < FRESH
        {
            return Ok(names.clone());
        }
        let range = TimeRange::new(now.minus(LOOK_BACK), now.plus(Micros::from_secs(1)));
        let query = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects: Subjects::Edges };
        let mut names = Names::default();
        names.learn(&store.totals(&query).await?);
        *held = Some((Instant::now(), names.clone()));
        Ok(names)
    }
}
