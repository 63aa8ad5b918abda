//! What code records, for tests of it.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::emit::Memory;
use crate::recorder::{Recorder, RecorderGuard};

/// Sending is writing to memory; a machine that is very slow may take a while for it all the same.
const LONG: Duration = Duration::from_secs(120);

/// Runs code within a segment called `test`, and gives every document that it made, the segment's last. Variables of the
/// environment do not matter.
///
/// ```
/// fn pay(order: u64) {
///     fluoro_sdk::subsegment("pay").run(|| fluoro_sdk::annotate("order", order));
/// }
///
/// let documents = fluoro_sdk::test::capture(|| pay(7));
/// assert_eq!(documents[0]["subsegments"][0]["annotations"]["order"], 7);
/// ```
pub fn capture(work: impl FnOnce()) -> Vec<Value> {
    let (memory, recorder) = recorder();
    recorder.segment("test").run(work);
    documents(&memory, &recorder)
}

/// The same of a future.
///
/// ```
/// # futures_util::future::FutureExt::now_or_never(async {
/// let work = async { fluoro_sdk::subsegment("pay").scope(std::future::ready(())).await };
/// let documents = fluoro_sdk::test::capture_async(work).await;
/// assert_eq!(documents[0]["subsegments"][0]["name"], "pay");
/// # }).expect("it waits for nothing");
/// ```
pub async fn capture_async(work: impl Future<Output = ()>) -> Vec<Value> {
    let (memory, recorder) = recorder();
    recorder.segment("test").scope(work).await;
    documents(&memory, &recorder)
}

fn recorder() -> (Memory, RecorderGuard) {
    let memory = Memory::default();
    let builder = Recorder::builder().sample_all(true).emitter(memory.clone()).environment(|_| None);
    (memory, builder.build().expect("the machine has a thread left"))
}

fn documents(memory: &Memory, recorder: &Recorder) -> Vec<Value> {
    assert!(recorder.flush(LONG), "what was recorded is not written in {LONG:?}");
    let read = |text: &String| serde_json::from_str(text).expect("the recorder writes JSON");
    memory.json().iter().map(read).collect()
}
