//! Trace retrievals that were started, by token. They end with the process.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Micros, Timestamp, TraceId};
use parking_lot::Mutex;
use rand::Rng;

use crate::error::XRayError;

/// How long a token is good for; what X-Ray gives a retrieval.
const LIFETIME: Micros = Micros::from_secs(60 * 60);
/// Retrievals at a time, each of some kilobytes; more are refused until one expires or is cancelled.
const MAX_RETRIEVALS: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Retrievals {
    /// Locked for a look-up.
    by_token: Mutex<BTreeMap<String, Retrieval>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Retrieval {
    started: Timestamp,
    is_cancelled: bool,
    /// Those that were found, in the order asked.
    traces: Arc<[TraceId]>,
}

impl Retrievals {
    pub(crate) fn start(&self, traces: Vec<TraceId>, now: Timestamp) -> Result<String, XRayError> {
        let mut by_token = self.by_token.lock();
        by_token.retain(|_, retrieval| !retrieval.is_expired(now));
        if by_token.len() >= MAX_RETRIEVALS {
            // Nothing to be had from those.
            by_token.retain(|_, retrieval| !retrieval.is_cancelled);
        }
        if by_token.len() >= MAX_RETRIEVALS {
            return Err(XRayError::Throttled("too many trace retrievals at a time"));
        }
        // Nobody else can guess it.
        let token = format!("{:032x}", rand::rng().random::<u128>());
        let retrieval = Retrieval { started: now, is_cancelled: false, traces: traces.into() };
        by_token.insert(token.clone(), retrieval);
        Ok(token)
    }

    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Result<Retrieval, XRayError> {
        let by_token = self.by_token.lock();
        let found = by_token.get(token).filter(|retrieval| !retrieval.is_expired(now));
        found.cloned().ok_or_else(|| not_found(token))
    }

    pub(crate) fn cancel(&self, token: &str, now: Timestamp) -> Result<(), XRayError> {
        let mut by_token = self.by_token.lock();
        let found = by_token.get_mut(token).filter(|retrieval| !retrieval.is_expired(now));
        found.ok_or_else(|| not_found(token))?.is_cancelled = true;
        Ok(())
    }
}

impl Retrieval {
    fn is_expired(&self, now: Timestamp) -> bool {
        self.started.until(now) >= LIFETIME
    }

    pub(crate) fn status(&self) -> &'static str {
        if self.is_cancelled { "CANCELLED" } else { "COMPLETE" }
    }

    /// What there is to read.
    pub(crate) fn readable(&self) -> &[TraceId] {
        if self.is_cancelled { &[] } else { &self.traces }
    }
}

fn not_found(token: &str) -> XRayError {
    let message = "Retrieval token not found or expired".to_owned();
    XRayError::NotFound { message, resource: token.to_owned() }
}
