//! `POST /api/tree`: the call trees of one set of traces, or of two, as one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::TraceDigest;
use query::Filter;
use query::compare::Sides;
use query::search::Visit;
use query::tree::{self, Merged, Merging, Sums};
use store::Axis;

use super::graph::{KnownGroup, select};
use super::node_id::node_id;
use super::scan::Reach;
use crate::app::Shared;
use crate::error::Problem;
use crate::filter;
use crate::params::JsonBody;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{ByChance, MergedTree, RangeParams, TreeNode, TreeQuestion, TreeSet, TreeSums};

/// Traces looked at for one answer, as long as there is time.
const SCAN: u64 = 1_000_000;
/// Places of one answer.
const MAX_NODES: usize = 2_000;

pub(crate) async fn tree(
    State(app): State<Shared>,
    JsonBody(question): JsonBody<TreeQuestion>,
) -> Result<Json<MergedTree>, Problem> {
    let range = RangeParams { from: question.from, to: question.to }.range()?;
    let group = KnownGroup::find(&app, question.group)?;
    let parse = |text: &str| filter::parse(text, &app.groups()).map_err(|error| Problem::bad_filter(&error));
    let a = parse(&question.a)?;
    let b = match question.b {
        Some(text) => Some(parse(&text)?),
        None => question.rest.unwrap_or(false).then(|| a.clone().not()),
    };
    let base = match (&b, question.rest) {
        (Some(_), Some(true)) => group.members,
        (Some(b), _) => a.clone().or(b.clone()).and(group.members),
        (None, _) => a.clone().and(group.members),
    };
    let mut merging = Merging::default();
    let shown =
        |key: &_| app.with_names(|names| names.service_of(key).cloned()).unwrap_or_else(|| key.clone());
    let see = |digest: &Arc<TraceDigest>| {
        let of = |filter: &Filter| filter.matches(digest);
        merging.add(digest, Sides { a: b.is_none() || of(&a), b: b.as_ref().is_some_and(of) }, &shown);
    };
    let _permit = app.scans.acquire().await;
    let reach = Reach::within(SCAN, question.within)?;
    let visited =
        reach.visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &base }, see).await?;
    let Merged { traces, nodes, untold, left_out } = merging.finish();
    let set = |filter: &Filter, traces| TreeSet { filter: filter.to_string(), traces };
    let (nodes, hidden) = shown_nodes(nodes, b.is_some());
    Ok(Json(MergedTree {
        a: set(&a, traces.a),
        b: b.as_ref().map(|b| set(b, traces.b)),
        nodes,
        hidden,
        left_out,
        untold,
        scanned: visited.scanned,
        complete: visited.complete,
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
    }))
}

/// Those that most traces pass, none without what calls it, and how many others there are.
fn shown_nodes(nodes: Vec<tree::TreeNode>, has_b: bool) -> (Vec<TreeNode>, u64) {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&place| std::cmp::Reverse(nodes[place].a.traces + nodes[place].b.traces));
    let mut places: Vec<Option<u32>> = vec![None; nodes.len()];
    let mut is_chosen = vec![false; nodes.len()];
    order.into_iter().take(MAX_NODES).for_each(|place| is_chosen[place] = true);
    let mut shown = Vec::new();
    let mut hidden = 0;
    for (place, node) in nodes.into_iter().enumerate() {
        let parent = node.above.map(|above| places[above]);
        if !is_chosen[place] || parent == Some(None) {
            hidden += 1;
            continue;
        }
        places[place] = u32::try_from(shown.len()).ok();
        shown.push(TreeNode {
            parent: parent.flatten(),
            node_id: node_id(&node.key),
            filter: select(&node.key),
            name: node.key.name,
            kind: node.key.kind,
            role: node.kind.into(),
            operation: node.operation,
            a: TreeSums::from(&node.a),
            b: has_b.then(|| TreeSums::from(&node.b)),
            by_chance: has_b.then_some(ByChance {
                requests: node.by_chance.requests,
                failed: node.by_chance.failed,
                own: node.by_chance.own,
            }),
            failing: node.failing.map(|id| id.to_string()),
            example: node.example.to_string(),
        });
    }
    (shown, hidden)
}

impl From<&Sums> for TreeSums {
    fn from(sums: &Sums) -> Self {
        Self {
            traces: sums.traces,
            failed_traces: sums.failed_traces,
            counts: sums.counts.into(),
            arose: sums.arose,
            total: millis(sums.total),
            own: millis(sums.own),
        }
    }
}
