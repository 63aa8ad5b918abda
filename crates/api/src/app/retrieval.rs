//! Trace retrievals that were started, by token, as the settings keep them: at whichever process that has the same.

use std::sync::Arc;

use model::{Timestamp, TraceId};
use settings::{AlertsError, Retrieval, Retrievals};

use super::App;
use crate::error::XRayError;

impl App {
    pub(crate) async fn start_retrieval(&self, traces: Vec<TraceId>) -> Result<String, XRayError> {
        let started = self.with_retrievals(move |retrievals, now| retrievals.start(&traces, now)).await?;
        started.ok_or(XRayError::Throttled("too many trace retrievals at a time"))
    }

    pub(crate) async fn retrieval(&self, token: &str) -> Result<Retrieval, XRayError> {
        let asked = token.to_owned();
        let found = self.with_retrievals(move |retrievals, now| retrievals.find(&asked, now)).await?;
        found.ok_or_else(|| not_found(token))
    }

    pub(crate) async fn cancel_retrieval(&self, token: &str) -> Result<(), XRayError> {
        let asked = token.to_owned();
        let was_there = self.with_retrievals(move |retrievals, now| retrievals.cancel(&asked, now)).await?;
        if was_there { Ok(()) } else { Err(not_found(token)) }
    }

    /// On a thread that may wait for PostgreSQL.
    async fn with_retrievals<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Retrievals, Timestamp) -> Result<T, AlertsError> + Send + 'static,
    ) -> Result<T, XRayError> {
        let retrievals: Arc<Retrievals> = self.deps.settings.retrievals();
        let now = self.deps.clock.now();
        Ok(tokio::task::spawn_blocking(move || ask(&retrievals, now)).await??)
    }
}

fn not_found(token: &str) -> XRayError {
    let message = "Retrieval token not found or expired".to_owned();
    XRayError::NotFound { message, resource: token.to_owned() }
}
