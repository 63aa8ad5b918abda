//! What the first screen says at a moment, read as the console reads it.

use anyhow::Context;
use serde_json::Value;

use super::stage::Stage;

/// The range that the console shows when nobody chose another.
const RANGE_SECONDS: f64 = 1_800.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Failing,
    Slow,
    Silent,
}

/// One line of the rail that counts: background is left out.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The node, as a person reads it.
    pub(super) name: String,
    pub(super) what: What,
    pub(super) weight: String,
    /// Epoch seconds.
    pub(super) since: f64,
    pub(super) failing: Option<f64>,
    pub(super) requests: Option<f64>,
    pub(super) users: Option<f64>,
    pub(super) sentence: String,
}

/// What `/api/now` says, in its order, without what is usual.
pub(super) async fn read(stage: &Stage) -> anyhow::Result<Vec<Entry>> {
    let to = stage.now() + 1.0;
    let millis = |seconds: f64| (seconds * 1000.0).round();
    let path = format!("/api/now?from={}&to={}", millis(to - RANGE_SECONDS), millis(to));
    let answer = stage.get(&path).await?;
    let entries = answer["entries"].as_array().context("the answer has entries")?;
    let is_told = |entry: &&Value| entry["weight"] != "noise" && entry["until"].is_null();
    entries.iter().filter(is_told).map(of_entry).collect()
}

fn of_entry(entry: &Value) -> anyhow::Result<Entry> {
    let what = match entry["what"].as_str() {
        Some("failing") => What::Failing,
        Some("slow") => What::Slow,
        Some("silent") => What::Silent,
        other => anyhow::bail!("an entry is {other:?}"),
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(Entry {
        name: text(&entry["node"]).context("an entry names a node")?,
        what,
        weight: text(&entry["weight"]).unwrap_or_default(),
        since: seconds(&entry["since"]),
        failing: entry["failing"].as_f64(),
        requests: entry["requests"].as_f64(),
        users: entry["users"].as_f64(),
        sentence: text(&entry["sentence"]).unwrap_or_default(),
    })
}

/// From epoch milliseconds.
fn seconds(millis: &Value) -> f64 {
    millis.as_f64().unwrap_or(f64::NAN) / 1000.0
}
