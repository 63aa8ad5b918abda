//! Looks at files that can be replaced while the server runs: keys and certificates.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use model::error::chain;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// How long a revoked key may still be good. A look costs a system call a file.
const INTERVAL: Duration = Duration::from_millis(500);

/// Calls `reload` again and again until shutdown; it says whether there was a change.
pub(crate) async fn follow<E: Error + Send + 'static>(
    what: &'static str,
    reload: impl Fn() -> Result<bool, E> + Send + Sync + 'static,
    shutdown: CancellationToken,
) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let reload = Arc::new(reload);
    // So that a file that stays broken is told once.
    let mut told = String::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let reload = Arc::clone(&reload);
        // It may wait for a disk, or for PostgreSQL.
        let Ok(reloaded) = tokio::task::spawn_blocking(move || reload()).await else { continue };
        match reloaded {
            Ok(false) => {}
            Ok(true) => {
                told.clear();
                info!(what, "read changed files");
            }
            Err(error) => {
                let text = chain(&error);
                if text != told {
                    error!(what, error = text, "kept what was there: the changed files cannot be used");
                    told = text;
                }
            }
        }
    }
}
