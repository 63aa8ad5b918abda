//! `GET /api/now`: what is broken, since when, and whose fault it is. The rail, the tab, the terminal and messages read it
//! and add nothing of their own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::digest::ExceptionDigest;
use model::{Micros, NodeKey, TimeRange, Timestamp, TraceDigest, group};
use query::insight::Insight;
use query::now::{Entry, Judgement, Skew, Slow, Weight, What};
use query::search::Visit;
use serde::Deserialize;
use settings::alerts::InsightQuery;
use store::Axis;

use super::graph::{KnownGroup, select};
use super::insight::blocking;
use super::node_id::node_id;
use crate::app::{App, Shared};
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{
    Now, NowBackground, NowClock, NowEntry, NowEpisode, NowException, NowSlow, NowSpan, NowWeight, NowWhat,
    RangeParams, VersionMark,
};

/// A range that ends this close to now speaks of now.
const LIVE: Micros = Micros::from_secs(10);
/// What is usual is learned from so long before the moment, and so many traces of it.
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);
const SCAN: u64 = 20_000;
/// Entries of one answer; the heaviest and newest ones.
const MAX_ENTRIES: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct NowParams {
    from: f64,
    to: f64,
    group: Option<String>,
}

pub(crate) async fn now(
    State(app): State<Shared>,
    Params(params): Params<NowParams>,
) -> Result<Json<Now>, Problem> {
    let range = RangeParams { from: params.from, to: params.to }.range()?;
    let group = KnownGroup::find(&app, params.group)?;
    let (judgement, now, at) = judge(&app, group, range).await?;
    Ok(Json(shape(&judgement, range, now, at)))
}

/// What is told of a range: with the time of the clock, and the moment for which it is told.
pub(super) async fn judge(
    app: &App,
    group: KnownGroup,
    range: TimeRange,
) -> Result<(Judgement, Timestamp, Timestamp), Problem> {
    let now = app.deps.clock.now();
    let is_live = range.end.plus(LIVE) >= now;
    let at = if is_live { now } else { range.end };
    let mut judgement = match is_live && group.key == group::DEFAULT {
        true => app.with_ledger(|ledger, now| ledger.look(range, now)),
        false => looked_back(app, &group, range, at).await?,
    };
    let insights = kept(app, range, group.key).await?;
    judgement.recall(&insights, range, at);
    Ok((judgement, now, at))
}

/// What was noticed in the range, the newest of it.
async fn kept(app: &App, range: TimeRange, group: String) -> Result<Vec<Insight>, Problem> {
    let query = InsightQuery {
        range,
        group: Some(group),
        root: None,
        is_active: None,
        after: None,
        limit: MAX_ENTRIES,
    };
    blocking(app, move |alerts| watch::insights::find(alerts, &query)).await
}

/// As it was at another time, or of a group: from the newest traces before that moment.
async fn looked_back(
    app: &App,
    group: &KnownGroup,
    range: TimeRange,
    at: Timestamp,
) -> Result<Judgement, Problem> {
    let _permit = app.scans.acquire().await;
    let before = TimeRange::new(at.minus(LOOK_BACK), at.plus(Micros(1)));
    let mut digests = Vec::new();
    let see = |digest: &Arc<TraceDigest>| digests.push(Arc::clone(digest));
    query::search::visit(
        &*app.deps.store,
        Visit { range: before, axis: Axis::Received, filter: &group.members },
        SCAN,
        see,
    )
    .await?;
    let mut ledger = app.with_ledger(|ledger, _| ledger.empty_with_names());
    for digest in digests.iter().rev() {
        ledger.replace(None, digest);
    }
    ledger.settle(Timestamp::MAX);
    Ok(ledger.look(range, at))
}

fn shape(judgement: &Judgement, range: TimeRange, now: Timestamp, at: Timestamp) -> Now {
    Now {
        from: millis_at(range.start),
        to: millis_at(range.end),
        now: millis_at(now),
        at: millis_at(at),
        entries: judgement.entries.iter().take(MAX_ENTRIES).map(entry).collect(),
        background: NowBackground {
            nodes: judgement.background.nodes.iter().map(|node| node.name.clone()).collect(),
            failing: judgement.background.failing,
        },
        clocks: judgement.skews.iter().map(NowClock::from).collect(),
        requests: judgement.requests,
    }
}

impl From<&Skew> for NowClock {
    fn from(skew: &Skew) -> Self {
        Self { node: skew.node.name.clone(), node_id: node_id(&skew.node), behind: skew.behind_millis }
    }
}

fn entry(entry: &Entry) -> NowEntry {
    let exceptions: Vec<NowException> = entry.exceptions.iter().map(exception).collect();
    let what = match entry.what {
        What::Failing => NowWhat::Failing,
        What::Slow => NowWhat::Slow,
        What::Silent => NowWhat::Silent,
    };
    let name = |node: &Option<NodeKey>| node.as_ref().map(|node| node.name.clone());
    NowEntry {
        id: id_of(entry),
        node: entry.node.name.clone(),
        kind: entry.node.kind.clone(),
        node_id: node_id(&entry.node),
        role: entry.node_kind.into(),
        host: entry.host.clone(),
        witness: name(&entry.witness),
        what,
        weight: match entry.weight {
            Weight::Outage => NowWeight::Outage,
            Weight::Degraded => NowWeight::Degraded,
            Weight::Noise => NowWeight::Noise,
        },
        since: millis_at(entry.since),
        until: entry.until.map(millis_at),
        failing: entry.failing,
        requests: entry.requests,
        clients: entry.clients,
        all_requests: entry.all_requests,
        users: entry.users,
        exception: exceptions.first().cloned(),
        exceptions,
        operation: entry.operation.clone(),
        affected: entry.affected.iter().map(node_id).collect(),
        affected_names: entry.affected.iter().map(|node| node.name.clone()).collect(),
        example: entry.example.map(|trace| trace.to_string()),
        episode: episode(entry),
        slow: entry.slow.as_ref().map(slow),
        began_with: entry.began_with.as_ref().map(VersionMark::from),
        sentence: entry.sentence.clone(),
        filter: filter(entry),
    }
}

/// Stays the same as long as the issue goes on.
pub(super) fn id_of(entry: &Entry) -> String {
    format!("{:?}!{}!{}", entry.what, node_id(&entry.node), entry.since.floor_seconds()).to_lowercase()
}

fn exception((exception, count): &(ExceptionDigest, u64)) -> NowException {
    NowException { name: exception.name.clone(), message: exception.message.clone(), count: *count }
}

fn episode(entry: &Entry) -> NowEpisode {
    let span = |span: &query::now::Span| NowSpan {
        since: millis_at(span.since),
        until: span.until.map(millis_at),
        failing: span.failing,
    };
    NowEpisode {
        number: entry.episodes.len().max(1),
        all: entry.episodes.iter().map(span).collect(),
        sparks: entry.sparks.clone(),
    }
}

fn slow(slow: &Slow) -> NowSlow {
    let end = |pick: fn(&(NodeKey, NodeKey)) -> &NodeKey| slow.way.as_ref().map(|way| pick(way).name.clone());
    NowSlow {
        way_from: end(|way| &way.0),
        way_to: end(|way| &way.1),
        usual_p50: millis(slow.usual_median),
        p50: millis(slow.median),
        usual_p90: millis(slow.usual_p90),
        p90: millis(slow.p90),
    }
}

fn filter(entry: &Entry) -> String {
    let node = select(&entry.node);
    match (entry.what, &entry.host) {
        (What::Failing, Some(host)) => {
            format!("{node} {{ fault }} OR service({}) {{ fault }}", query::filter::Quoted(host))
        }
        (What::Failing, None) => format!("{node} {{ fault }}"),
        (What::Slow | What::Silent, _) => node,
    }
}
