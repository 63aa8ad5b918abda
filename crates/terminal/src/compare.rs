//! `fluoro store compare`: whether two servers answer alike, before one takes the place of the other.
//!
//! Both are asked what their users ask: the traces of a time, page by page, the documents of some of them, the requests of each
//! minute and the map. So it does not matter what either keeps its traces in.

mod rows;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use model::{Clock, Micros, SystemClock, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::rows::{Compared, Rows, Sample};
use crate::command::{Surroundings, millis, token};
use crate::connection::Connection;
use crate::text::day_and_clock;
use crate::time;

/// What came last may not be digested by both.
const YOUNG: Micros = Micros::from_secs(60);
/// The longest range that the API takes.
const LONGEST: Micros = Micros::from_secs(31 * 24 * 60 * 60);
/// Traces whose documents are asked for at a time.
const AT_A_TIME: usize = 8;
/// Differences that are told by name.
const TOLD: usize = 10;

#[derive(Debug, Args)]
#[command(after_help = "\
Compares what both answer: traces by id, start, length, outcome and request, the documents of some traces byte by byte, requests of
each minute, and requests and failures of each node and edge of the map. What NEW took beside what OLD has is a difference, too.
Exit codes: 0 where both answer alike, 1 where they differ, 2 where one cannot be asked.")]
pub struct Flags {
    /// The server that is to be replaced, such as http://127.0.0.1:2000
    #[arg(value_name = "OLD")]
    old: String,
    /// The one that is to take its place
    #[arg(value_name = "NEW")]
    new: String,
    /// From this time on: a moment such as 2026-11-23T08:00:00Z, or an age such as 10m, 2h or 3d
    #[arg(long, value_name = "TIME", value_parser = time::parse, default_value = "24h")]
    since: Timestamp,
    /// Up to this time [default: a minute ago, when both have digested what they have]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<Timestamp>,
    /// Of so many traces the documents are compared, too
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    documents: usize,
    /// File with a token for OLD, where it runs with --auth on; FLUORO_TOKEN is taken for both else
    #[arg(long, value_name = "FILE")]
    old_token_file: Option<PathBuf>,
    /// File with a token for NEW
    #[arg(long, value_name = "FILE")]
    new_token_file: Option<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Default)]
struct Report {
    traces: Compared,
    documents: Compared,
    minutes: Compared,
    map: Compared,
}

pub async fn run(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    let whole_minute = |time: Timestamp| time.minute().start();
    let until = flags.until.unwrap_or_else(|| SystemClock.now().minus(YOUNG));
    let (since, until) = (whole_minute(flags.since), whole_minute(until));
    ensure!(since < until, "--since must be earlier than --until, by a minute at least");
    let old = Connection::new(&flags.old, token(flags.old_token_file.as_ref(), surroundings)?.as_deref())?;
    let new = Connection::new(&flags.new, token(flags.new_token_file.as_ref(), surroundings)?.as_deref())?;
    let (mut report, mut sample) = (Report::default(), Sample::new(flags.documents));
    let mut begin = since;
    while begin < until {
        let end = begin.plus(LONGEST).min(until);
        let range = format!("from={}&to={}", millis(begin), millis(end));
        traces(&old, &new, &range, &mut sample, &mut report.traces).await?;
        minutes(&old, &new, &range, &mut report).await?;
        begin = end;
    }
    documents(&old, &new, &sample, &mut report.documents).await?;
    if flags.json {
        surroundings.print_json(&report.to_json())?;
    } else {
        surroundings.print(&report.to_text(surroundings))?;
    }
    Ok(ExitCode::from(u8::from(!report.is_alike())))
}

async fn traces(
    old: &Connection,
    new: &Connection,
    range: &str,
    sample: &mut Sample,
    compared: &mut Compared,
) -> anyhow::Result<()> {
    let (mut here, mut there) = (Rows::new(old, range), Rows::new(new, range));
    loop {
        let (left, right) = (here.peek().await?, there.peek().await?);
        // The newest first.
        let order = match (&left, &right) {
            (None, None) => return Ok(()),
            (Some(left), Some(right)) => right.place().partial_cmp(&left.place()),
            (Some(_), None) => Some(Ordering::Less),
            (None, Some(_)) => Some(Ordering::Greater),
        };
        let order = order.context("a trace has no time")?;
        let left = if order.is_le() { here.take() } else { None };
        let right = if order.is_ge() { there.take() } else { None };
        match (left, right) {
            (Some(left), Some(right)) => {
                compared.both(&left.id, left == right);
                sample.see(left.id);
            }
            (Some(left), None) => compared.only_old(&left.id),
            (None, Some(right)) => compared.only_new(&right.id),
            (None, None) => {}
        }
    }
}

async fn documents(
    old: &Connection,
    new: &Connection,
    sample: &Sample,
    compared: &mut Compared,
) -> anyhow::Result<()> {
    let mut asked = JoinSet::new();
    let mut ids = sample.ids();
    loop {
        while asked.len() < AT_A_TIME
            && let Some(id) = ids.next()
        {
            let (old, new, id) = (old.clone(), new.clone(), id.to_owned());
            asked.spawn(async move {
                let path = format!("/api/traces/{id}/documents");
                let (here, there) = tokio::try_join!(old.get(&path), new.get(&path))?;
                anyhow::Ok((id, here == there))
            });
        }
        let Some(answered) = asked.join_next().await else { return Ok(()) };
        let (id, is_alike) = answered.context("ask for documents")??;
        compared.both(&id, is_alike);
    }
}

async fn minutes(old: &Connection, new: &Connection, range: &str, report: &mut Report) -> anyhow::Result<()> {
    let path = format!("/api/graph?{range}");
    let (old, new) = (old.get(&path).await?, new.get(&path).await?);
    compare(&series(&old), &series(&new), &mut report.minutes);
    compare(&parts(&old), &parts(&new), &mut report.map);
    Ok(())
}

fn compare(old: &BTreeMap<String, Value>, new: &BTreeMap<String, Value>, compared: &mut Compared) {
    for (name, value) in old {
        match new.get(name) {
            None => compared.only_old(name),
            Some(other) => compared.both(name, value == other),
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        compared.only_new(name);
    }
}

/// Counts of clients' requests, by minute.
fn series(graph: &Value) -> BTreeMap<String, Value> {
    let points = graph["series"].as_array().into_iter().flatten();
    points.map(|point| (day_and_clock(point["at"].as_f64().unwrap_or_default()), counts(point))).collect()
}

/// Counts of nodes and edges.
fn parts(graph: &Value) -> BTreeMap<String, Value> {
    let nodes = graph["nodes"].as_array().into_iter().flatten();
    let names: BTreeMap<&str, String> = nodes
        .clone()
        .map(|node| {
            let text = |member: &str| node[member].as_str().unwrap_or_default();
            (text("id"), format!("{} {}", text("name"), text("type")).trim().to_owned())
        })
        .collect();
    let name = |id: &Value| names.get(id.as_str().unwrap_or_default()).cloned().unwrap_or_default();
    let mut parts: BTreeMap<String, Value> =
        nodes.map(|node| (name(&node["id"]), counts(&node["stats"]))).collect();
    for edge in graph["edges"].as_array().into_iter().flatten() {
        let arrow = if edge["isLink"] == true { "~>" } else { "->" };
        parts.insert(
            format!("{} {arrow} {}", name(&edge["source"]), name(&edge["target"])),
            counts(&edge["stats"]),
        );
    }
    parts
}

fn counts(stats: &Value) -> Value {
    json!(["total", "ok", "error", "throttle", "fault"].map(|member| &stats[member]))
}

impl Report {
    fn parts(&self) -> [(&'static str, &Compared); 4] {
        [
            ("traces", &self.traces),
            ("documents", &self.documents),
            ("minutes", &self.minutes),
            ("map", &self.map),
        ]
    }

    fn is_alike(&self) -> bool {
        self.parts().iter().all(|(_, compared)| compared.is_alike())
    }

    fn to_json(&self) -> Value {
        let parts = self.parts().map(|(name, compared)| (name.to_owned(), compared.to_json()));
        let mut report: serde_json::Map<String, Value> = parts.into_iter().collect();
        report.insert("alike".to_owned(), self.is_alike().into());
        report.into()
    }

    fn to_text(&self, surroundings: &Surroundings<'_>) -> String {
        let what = [
            "traces",
            "traces whose documents were read",
            "minutes with requests",
            "nodes and edges of the map",
        ];
        let mut text = String::new();
        for ((_, compared), what) in self.parts().iter().zip(what) {
            text.push_str(&compared.to_text(what, surroundings.paint()));
        }
        let verdict = match (self.is_alike(), self.traces.total()) {
            (true, 0) => "neither has a trace of that time\n",
            (true, _) => "both answer alike\n",
            (false, _) => "they do not answer alike\n",
        };
        text.push_str(verdict);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_compared_by_names_and_counts() {
        let graph = |faults: u64, further: Option<&str>| {
            let mut nodes = vec![
                json!({ "id": "a", "name": "front", "type": "client", "stats": { "total": 5, "fault": 0 } }),
                json!({ "id": "b", "name": "shop", "stats": { "total": 5, "fault": faults, "p50": faults } }),
            ];
            nodes.extend(further.map(|name| json!({ "id": name, "name": name, "stats": { "total": 1 } })));
            let edge = json!({ "source": "a", "target": "b", "isLink": false, "stats": { "total": 5 } });
            json!({ "nodes": nodes, "edges": [edge], "series": [{ "at": 60_000.0, "ok": 5 }] })
        };
        let found = |old: &Value, new: &Value| {
            let mut compared = Compared::default();
            compare(&parts(old), &parts(new), &mut compared);
            compared.to_json()
        };
        let alike = json!({ "alike": 3, "differ": 0, "onlyOld": 0, "onlyNew": 0, "examples": [] });
        assert_eq!(found(&graph(1, None), &graph(1, None)), alike);
        let other = found(&graph(1, Some("db")), &graph(2, Some("cache")));
        let examples = json!(["only in OLD: db", "differs: shop", "only in NEW: cache"]);
        assert_eq!(
            other,
            json!({ "alike": 2, "differ": 1, "onlyOld": 1, "onlyNew": 1, "examples": examples })
        );
        assert_eq!(series(&graph(0, None)).len(), 1);
    }
}
