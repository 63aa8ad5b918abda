//! Plays a script on the stage while somebody reads the rail.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::task::JoinSet;

use super::super::play::Reading;
use super::super::rail;
use super::super::stage::Stage;
use super::export::{Exported, exported, request};
use super::script::Script;

/// Requests are sent at such steps, seconds.
const TICK: f64 = 0.1;
/// Seconds between two looks at the rail, which begin so long before the fault.
pub(super) const POLL: f64 = 1.0;
const LOOKED_BEFORE: f64 = 60.0;
/// Spans of one request: an exporter sends no more than 512, and so many are decoded on the thread that has the clock.
const MOST_SPANS: usize = 256;

/// On a runtime of its own, whose time is paused.
pub(super) fn follow(script: &Script, export: f64) -> anyhow::Result<Vec<Reading>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let readings = runtime.block_on(play(script, export));
    runtime.shutdown_background();
    readings
}

async fn play(script: &Script, export: f64) -> anyhow::Result<Vec<Reading>> {
    let origin = script.start - 1.0;
    let stage = Stage::open(origin)?;
    let mut due = requests(script, export);
    let mut readings = Vec::new();
    let mut poll_at = script.onset - LOOKED_BEFORE;
    let mut now = origin;
    // The last ones are sent and told of.
    while now < script.end + export + POLL {
        now += TICK;
        stage.until(now).await;
        let mut sent = JoinSet::new();
        let later = due.split_off(&millis(now));
        for body in std::mem::replace(&mut due, later).into_values().flatten() {
            sent.spawn(stage.posted("/v1/traces", body));
        }
        while let Some(answer) = sent.join_next().await {
            answer??;
        }
        if now >= poll_at {
            // What was sent is read once the parts are done with it.
            stage.until(now + 0.01).await;
            readings.push(Reading { at: now, entries: rail::read(&stage).await? });
            poll_at += POLL;
        }
    }
    Ok(readings)
}

/// The bodies of all requests by the milliseconds at which they are sent: a pod's exporter sends what ended since it did so
/// last, and no two pods are in step.
fn requests(script: &Script, export: f64) -> BTreeMap<i64, Vec<String>> {
    let mut batches: BTreeMap<(i64, String), Vec<Exported>> = BTreeMap::new();
    let every = (export * 1000.0).max(1.0) as i64;
    for span in script.traces.iter().flat_map(|trace| exported(&trace.spans)) {
        let phase = (hash(&span.pod) % every.unsigned_abs()) as i64;
        let ended = span.end / 1_000_000 - phase;
        let at = (ended.div_euclid(every) + 1) * every + phase;
        batches.entry((at, span.pod.clone())).or_default().push(span);
    }
    let mut due: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for ((at, pod), spans) in batches {
        let bodies = spans.chunks(MOST_SPANS).map(|spans| request(&pod, spans).to_string());
        due.entry(at).or_default().extend(bodies);
    }
    due
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
