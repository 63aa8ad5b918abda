//! `GET /api/replay`: the range in short frames, to watch how a failure spreads.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use query::now::Names;
use query::replay;
use query::search::Visit;
use serde::Deserialize;
use store::Axis;

use super::graph::KnownGroup;
use super::node_id::{edge_id, node_id};
use super::scan::Reach;
use crate::app::Shared;
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{RangeParams, Replay, ReplayCount, ReplayFrame};

/// Traces looked at; the newest ones.
const SCAN: u64 = 50_000;
const DEFAULT_FRAMES: usize = 60;
const MAX_FRAMES: usize = 240;

#[derive(Debug, Deserialize)]
pub(crate) struct ReplayParams {
    from: f64,
    to: f64,
    frames: Option<usize>,
    group: Option<String>,
}

pub(crate) async fn replay(
    State(app): State<Shared>,
    Params(params): Params<ReplayParams>,
) -> Result<Json<Replay>, Problem> {
    let range = RangeParams { from: params.from, to: params.to }.range()?;
    let group = KnownGroup::find(&app, params.group)?;
    let mut made = replay::Replay::new(range, params.frames.unwrap_or(DEFAULT_FRAMES).clamp(1, MAX_FRAMES));
    let _permit = app.scans.acquire().await;
    let visited = Reach::of(SCAN)
        .visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &group.members }, |digest| {
            made.add(digest)
        })
        .await?;
    Ok(Json(app.with_names(|names| shape(&made, visited.complete, names))))
}

fn shape(made: &replay::Replay, complete: bool, names: &Names<'_>) -> Replay {
    let mut nodes = Ids::default();
    let mut edges = Ids::default();
    // As the map draws them: a host that does not answer is its service.
    let drawn = |key| names.service_of(key).unwrap_or(key);
    let frames = made.frames.iter().map(|frame| ReplayFrame {
        nodes: counts(frame.nodes.iter().map(|(key, tally)| (nodes.index(node_id(drawn(key))), tally))),
        edges: counts(frame.edges.iter().map(|((source, target, kind), tally)| {
            (edges.index(edge_id(drawn(source), drawn(target), *kind)), tally)
        })),
    });
    let frames = frames.collect();
    Replay {
        from: millis_at(made.start),
        step: millis(made.step),
        nodes: nodes.names,
        edges: edges.names,
        frames,
        complete,
    }
}

/// One count for each index.
fn counts<'a>(tallies: impl Iterator<Item = (usize, &'a replay::Tally)>) -> Vec<ReplayCount> {
    let mut sums: BTreeMap<usize, replay::Tally> = BTreeMap::new();
    for (index, tally) in tallies {
        sums.entry(index).or_default().merge(tally);
    }
    sums.iter().map(|(&index, tally)| count(index, tally)).collect()
}

fn count(index: usize, tally: &replay::Tally) -> ReplayCount {
    let counts = tally.counts;
    let average = tally.response_time_total as f64 / counts.total().max(1) as f64 / 1_000.0;
    let rounded = (average * 100.0).round() / 100.0;
    ReplayCount(index, counts.ok, counts.error, counts.throttle, counts.fault, rounded)
}

/// Each id once, known by its place.
#[derive(Default)]
struct Ids {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Ids {
    fn index(&mut self, id: String) -> usize {
        *self.places.entry(id).or_insert_with_key(|id| {
            self.names.push(id.clone());
            self.names.len() - 1
        })
    }
}
