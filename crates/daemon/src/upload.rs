//! The task of one upstream: takes batches from its backlog, keeps several under way, repeats what failed, and
//! moves to the spool what cannot be sent for now.
//!
//! At the stop it sends what it can until the deadline; the rest goes to the spool, or is counted as abandoned.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::backlog::{Backlog, Held};
use crate::batch::Batch;
use crate::document;
use crate::log::Sparse;
use crate::pace::{Age, Pace};
use crate::spool::Spool;
use crate::translate::{Left, Reason};
use crate::upstream::{Accepted, Failure, Unprocessed, Upstream};

/// How often documents are sent again that were unprocessed for a reason that passes.
const MAX_RETRIES: u32 = 3;
/// Of reasons that pass; X-Ray's other codes say what is wrong with the document.
const PASSING: [&str; 4] = ["Throttl", "InternalFailure", "InternalError", "ServiceUnavailable"];

pub(crate) struct Uploader {
    upstream: Arc<Upstream>,
    backlog: Arc<Backlog>,
    spool: Option<Spool>,
    pace: Pace,
    under_way: JoinSet<Finished>,
    /// What is under way, so that it is neither lost with its task nor forgotten at the end.
    held: HashMap<Id, Held>,
    /// Lines about failures: one down upstream must not fill the log.
    failures: Sparse,
    details: Sparse,
}

struct Finished {
    result: Result<Accepted, Failure>,
    age: Age,
    took: Duration,
}

/// When to end: first nothing new will come, and then the time is over.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// Everything that will ever come is in the backlog.
    pub(crate) complete: CancellationToken,
    /// From `complete` on.
    pub(crate) grace: Duration,
}

impl Uploader {
    pub(crate) fn new(
        upstream: Arc<Upstream>,
        backlog: Arc<Backlog>,
        spool: Option<Spool>,
        pace: Pace,
    ) -> Self {
        let uploader = Self {
            upstream,
            backlog,
            spool,
            pace,
            under_way: JoinSet::new(),
            held: HashMap::new(),
            failures: Sparse::new(),
            details: Sparse::new(),
        };
        if let Some(spool) = &uploader.spool
            && spool.has_unread()
        {
            info!("Found {} segments in the spool for {}", spool.documents(), uploader.upstream.endpoint);
        }
        uploader
    }

    pub(crate) async fn run(mut self, stop: Stop) {
        let mut deadline = None;
        let backlog = Arc::clone(&self.backlog);
        loop {
            self.spill_to_disk();
            self.begin();
            if stop.complete.is_cancelled() && self.under_way.is_empty() && self.backlog.is_empty() {
                break;
            }
            let pause = self.pace.pause(std::time::Instant::now()).map(Instant::from_std);
            tokio::select! {
                Some(finished) = self.under_way.join_next_with_id() => self.finish(finished),
                () = backlog.changed.notified() => {}
                () = sleep_until(pause) => {}
                () = stop.complete.cancelled(), if deadline.is_none() => {
                    deadline = Some(Instant::now() + stop.grace);
                }
                () = sleep_until(deadline) => break,
            }
        }
        self.give_up();
    }

    /// Begins as many uploads as the pace allows.
    fn begin(&mut self) {
        while self.pace.allows(self.under_way.len(), std::time::Instant::now()) {
            let Some(held) = self.backlog.take().or_else(|| self.unspool()) else { return };
            let (upstream, age, batch) = (Arc::clone(&self.upstream), self.pace.age(), held.batch().clone());
            let task = self.under_way.spawn(async move {
                let begin = Instant::now();
                let result = upstream.send(&batch).await;
                Finished { result, age, took: begin.elapsed() }
            });
            self.held.insert(task.id(), held);
        }
    }

    fn finish(&mut self, finished: Result<(Id, Finished), JoinError>) {
        let (id, finished) = match finished {
            Ok((id, finished)) => (id, Some(finished)),
            Err(error) => (error.id(), None),
        };
        let Some(held) = self.held.remove(&id) else { return };
        let Some(Finished { result, age, took }) = finished else {
            return self.isolate(held, "an upload panicked");
        };
        let now = std::time::Instant::now();
        match result {
            Ok(accepted) if accepted.is_unasked => {
                self.tell_left(&accepted.left);
                self.release(held, Vec::new());
            }
            Ok(accepted) => {
                self.pace.succeeded(!self.backlog.is_empty());
                self.accept(held, &accepted, age, took);
            }
            Err(Failure::Packed) => held.put_back(),
            Err(Failure::BadBody { why }) => self.isolate(held, &why),
            Err(Failure::Throttled { retry_after }) => {
                self.pace.throttled(age, now, retry_after, rand::random());
                self.tell_failure("it asks to be sent less");
                held.put_back();
            }
            Err(Failure::Unavailable { why, retry_after }) => {
                self.pace.failed(age, now, retry_after, rand::random());
                self.tell_failure(&why);
                held.put_back();
            }
        }
    }

    fn accept(&mut self, held: Held, accepted: &Accepted, age: Age, took: Duration) {
        let counters = Arc::clone(&self.upstream.counters);
        let (documents, seconds) = (held.batch().documents, took.as_secs_f64());
        counters.batches.add(1);
        let unprocessed = accepted.unprocessed.len().min(documents);
        let sent = documents - unprocessed - self.tell_left(&accepted.left);
        counters.sent.add(sent);
        self.tell_refused(accepted);
        if unprocessed == 0 {
            info!("Successfully sent batch of {sent} segments ({seconds:.3} seconds)");
            return self.release(held, Vec::new());
        }
        warn!(
            "Sent batch of {documents} segments but had {unprocessed} Unprocessed segments ({seconds:.3} seconds)"
        );
        let again = self.sort_unprocessed(held.batch(), &accepted.unprocessed);
        if again.is_some() {
            self.pace.throttled(age, std::time::Instant::now(), None, rand::random());
        }
        self.release(held, again.into_iter().collect());
    }

    /// Counts the documents that are no spans, and gives their number.
    fn tell_left(&mut self, left: &[Left]) -> usize {
        let counters = &self.upstream.counters;
        for Left { reason, ids, why } in left {
            let counter = match reason {
                Reason::Undecodable => &counters.undecodable,
                Reason::InProgress => &counters.in_progress,
                Reason::Unsampled => &counters.unsampled,
                Reason::Metrics => &counters.metrics,
            };
            counter.add(1);
            // What else there is comes all the time, and nobody can do anything about it.
            if *reason == Reason::Undecodable && self.details.lets_through(std::time::Instant::now()) {
                error!("Segment is no span: {}: {why}", named(ids));
            }
        }
        left.len()
    }

    /// What OTLP calls partial success: what was refused is not sent again.
    fn tell_refused(&mut self, accepted: &Accepted) {
        let counters = &self.upstream.counters;
        let refused = usize::try_from(accepted.refused.spans).unwrap_or(usize::MAX).min(accepted.spans);
        counters.spans.add(accepted.spans - refused);
        counters.spans_refused.add(refused);
        let why = &accepted.refused.why;
        if (refused > 0 || !why.is_empty()) && self.details.lets_through(std::time::Instant::now()) {
            warn!("{} refused {refused} of {} spans: {why}", self.upstream.endpoint, accepted.spans);
        }
    }

    /// Tells which documents were not taken and why, and gives those that are worth another attempt.
    fn sort_unprocessed(&mut self, batch: &Batch, unprocessed: &[Unprocessed]) -> Option<Batch> {
        let documents = batch.documents();
        let ids: Vec<document::Ids> = documents.iter().map(|document| document::ids(document)).collect();
        let mut again = Vec::new();
        for Unprocessed { id, error_code, message } in unprocessed {
            let index = id.as_ref().and_then(|id| ids.iter().position(|ids| ids.id.as_ref() == Some(id)));
            let code = error_code.as_deref().unwrap_or("none");
            if let Some(index) = index
                && batch.retries < MAX_RETRIES
                && PASSING.iter().any(|passing| code.contains(passing))
            {
                again.push(documents[index].as_str());
                continue;
            }
            self.upstream.counters.unprocessed.add(1);
            if self.details.lets_through(std::time::Instant::now()) {
                let text = |text: Option<&String>| text.cloned().unwrap_or_else(|| "unknown".to_owned());
                let trace_id = text(index.and_then(|index| ids[index].trace_id.as_ref()));
                let (id, message) = (text(id.as_ref()), text(message.as_ref()));
                error!("Unprocessed segment: id={id} trace_id={trace_id} code={code} message={message}");
            }
        }
        let batch = Batch { retries: batch.retries + 1, ..Batch::of(again)? };
        Some(batch)
    }

    /// A body that the upstream will not take: halves of it, until what it will not take is alone.
    fn isolate(&mut self, held: Held, why: &str) {
        let documents = held.batch().documents();
        if documents.len() > 1 {
            debug!("Sending batch of {} segments in two halves: {why}", documents.len());
            let (left, right) = documents.split_at(documents.len() / 2);
            let halves = [left, right].map(|half| Batch::of(half.iter().map(String::as_str)));
            return self.release(held, halves.into_iter().flatten().collect());
        }
        self.upstream.counters.refused.add(1);
        if self.details.lets_through(std::time::Instant::now()) {
            let ids = documents.first().map(|document| document::ids(document)).unwrap_or_default();
            error!("Refused segment: {}: {why}", named(&ids));
        }
        self.release(held, Vec::new());
    }

    /// Lets go of a batch, but for the parts of it that are to be sent again.
    fn release(&mut self, held: Held, again: Vec<Batch>) {
        if let (Some(file), Some(spool)) = (held.spooled(), &mut self.spool) {
            match again.len() {
                0 => spool.done(file),
                parts => spool.split(file, parts),
            }
            self.upstream.counters.spool_bytes.set(spool.bytes() as usize);
        }
        held.replace(again);
    }

    fn tell_failure(&mut self, why: &str) {
        if self.failures.lets_through(std::time::Instant::now()) {
            error!("Sending segment batch failed with: {why} ({})", self.upstream.endpoint);
        }
    }

    fn unspool(&mut self) -> Option<Held> {
        match self.spool.as_mut()?.take() {
            Ok(taken) => taken.map(|(batch, file)| self.backlog.admit(batch, file)),
            Err(error) => {
                self.spool_failed(&error);
                None
            }
        }
    }

    /// Moves what waits to the spool while the upstream fails, or memory runs short.
    fn spill_to_disk(&mut self) {
        while self.spool.is_some() && (self.pace.is_failing() || self.backlog.is_filling()) {
            let Some(held) = self.backlog.take_unspooled() else { return };
            if !self.write(held) {
                return;
            }
        }
    }

    /// Writes a batch to the spool, and says whether there still is one.
    fn write(&mut self, held: Held) -> bool {
        let Some(spool) = &mut self.spool else { return false };
        let counters = &self.upstream.counters;
        match spool.append(held.batch()) {
            Ok(lost) => {
                counters.spooled.add(held.batch().documents);
                counters.spilled.add(lost);
                counters.spool_bytes.set(spool.bytes() as usize);
                if lost > 0 {
                    warn!("Spilling over {lost} segments: the spool is full");
                }
                true
            }
            Err(error) => {
                held.put_back();
                self.spool_failed(&error);
                false
            }
        }
    }

    /// Goes on without it: memory is bounded, and what does not fit is counted.
    fn spool_failed(&mut self, error: &std::io::Error) {
        error!(%error, "cannot use the spool any more; segments wait in memory alone");
        self.spool = None;
    }

    /// The time is over.
    fn give_up(&mut self) {
        self.under_way.abort_all();
        for (_, held) in self.held.drain() {
            held.put_back();
        }
        let mut abandoned = 0;
        // What the spool has is sent by the next start.
        while let Some(held) = self.backlog.take_unspooled() {
            match self.spool {
                Some(_) => {
                    self.write(held);
                }
                None => abandoned += held.batch().documents,
            }
        }
        if abandoned > 0 {
            self.upstream.counters.abandoned.add(abandoned);
            error!(
                "{abandoned} segments were not sent to {} when the time to stop was over",
                self.upstream.endpoint
            );
        }
    }
}

fn named(ids: &document::Ids) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    format!("id={} trace_id={}", text(&ids.id), text(&ids.trace_id))
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
