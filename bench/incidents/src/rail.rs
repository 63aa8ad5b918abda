//! What the first screen says at a moment, read as the console reads it.

use anyhow::Context;
use serde_json::Value;

use super::stage::Stage;

/// The range that the console shows when nobody chose another.
const RANGE_SECONDS: f64 = 1_800.0;
/// The strip below the map is so many times as long.
const STRIP_TIMES: f64 = 4.0;
/// How often the console asks for it, seconds.
const HISTORY_EVERY: f64 = 10.0;
/// Without a failure for so long, an issue is told in the past.
const QUIET_SECONDS: f64 = 60.0;

/// Where the sentences come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rail {
    /// `GET /api/now`, which says everything itself.
    Now,
    /// `GET /api/graph` and `/api/history`, from which the console made the rail before there was `/api/now`.
    Graph,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Failing,
    Slow,
    Silent,
}

/// One line of the rail that counts: background is left out.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Under which names it is shown, the first is what a person reads.
    pub(super) names: Vec<String>,
    pub(super) what: What,
    pub(super) weight: String,
    /// Epoch seconds.
    pub(super) since: f64,
    pub(super) failing: Option<f64>,
    pub(super) requests: Option<f64>,
    pub(super) users: Option<f64>,
    pub(super) sentence: String,
}

/// A console that is open for a while.
#[derive(Debug)]
pub(super) struct Reader {
    rail: Rail,
    /// What was slow when it was asked last, and when.
    slow: Option<(f64, Vec<Value>)>,
}

impl Reader {
    pub(super) fn new(rail: Rail) -> Self {
        Self { rail, slow: None }
    }

    pub(super) async fn read(&mut self, stage: &Stage) -> anyhow::Result<Vec<Entry>> {
        match self.rail {
            Rail::Now => now(stage).await,
            Rail::Graph => self.graph(stage).await,
        }
    }

    /// As `console/web/src/now` put it together.
    async fn graph(&mut self, stage: &Stage) -> anyhow::Result<Vec<Entry>> {
        // The console's live range ends a second ahead.
        let (now, to) = (stage.now(), stage.now() + 1.0);
        let answer = stage.get(&path("/api/graph", to - RANGE_SECONDS, to)).await?;
        let issues = answer["issues"].as_array().context("the graph has issues")?;
        let active: Vec<&Value> =
            issues.iter().filter(|issue| now - seconds(&issue["lastSeen"]) <= QUIET_SECONDS).collect();
        let asked_at = self.slow.as_ref().map_or(f64::NEG_INFINITY, |(at, _)| *at);
        if now - asked_at >= HISTORY_EVERY {
            let history = stage.get(&path("/api/history", to - RANGE_SECONDS * STRIP_TIMES, to)).await?;
            self.slow = Some((now, history["slowdowns"].as_array().cloned().unwrap_or_default()));
        }
        let slow = self.slow.iter().flat_map(|(_, slow)| slow);
        let is_told = |slow: &&Value| {
            active.iter().any(|issue| {
                let affected = issue["affected"].as_array().into_iter().flatten();
                std::iter::once(&issue["nodeId"]).chain(affected).any(|id| *id == slow["nodeId"])
            })
        };
        let failing = active.iter().map(|issue| of_issue(issue));
        Ok(failing.chain(slow.filter(|slow| !is_told(slow)).map(of_slowdown)).collect())
    }
}

fn path(path: &str, from: f64, to: f64) -> String {
    format!("{path}?from={}&to={}", (from * 1000.0).round(), (to * 1000.0).round())
}

fn of_issue(issue: &Value) -> Entry {
    let text = |member: &str| issue[member].as_str().map(str::to_owned);
    let names: Vec<String> = text("service").into_iter().chain(text("name")).collect();
    let sentence = format!(
        "{} is failing with {} ({})",
        names.first().map_or("?", String::as_str),
        issue["exceptionName"].as_str().unwrap_or("no exception"),
        issue["exceptionMessage"].as_str().unwrap_or(""),
    );
    Entry {
        names,
        what: What::Failing,
        weight: "outage".to_owned(),
        since: seconds(&issue["firstSeen"]),
        failing: issue["failing"].as_f64(),
        requests: issue["total"].as_f64(),
        users: issue["users"].as_f64(),
        sentence,
    }
}

fn of_slowdown(slow: &Value) -> Entry {
    let name = slow["name"].as_str().unwrap_or("?").to_owned();
    let sentence = format!("{name} is slow: p99 {} ms before, {} ms now", slow["usualP99"], slow["p99"]);
    Entry {
        names: vec![name],
        what: What::Slow,
        weight: "degraded".to_owned(),
        since: seconds(&slow["since"]),
        failing: slow["slow"].as_f64(),
        requests: slow["total"].as_f64(),
        users: None,
        sentence,
    }
}

/// What `/api/now` says, in its order, without what is usual.
async fn now(stage: &Stage) -> anyhow::Result<Vec<Entry>> {
    let to = stage.now() + 1.0;
    let answer = stage.get(&path("/api/now", to - RANGE_SECONDS, to)).await?;
    let entries =
        answer["entries"].as_array().or_else(|| answer.as_array()).context("the answer has entries")?;
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
        names: text(&entry["node"]).or_else(|| text(&entry["node"]["name"])).into_iter().collect(),
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
