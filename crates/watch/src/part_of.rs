//! Whether an alarm tells of what an insight tells already: that nodes fail of which it is known why.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use alert::alarm::Alarm;
use alert::composite::Rule;
use alert::document::Place;
use alert::notice::{Kind, Notice, Root, Status};
use alert::transition::{self, DEDUP_PREFIX};
use model::group;
use query::insight::Insight;
use settings::Snapshot;

/// Says of each alarm that begins to fire which of the insights names all the nodes that it watches. What is over says nothing:
/// it is told to those who know of the beginning.
pub(crate) fn mark(notices: &mut [Notice], setup: &Snapshot, place: &Place, insights: &[Insight]) {
    for notice in notices.iter_mut().filter(|notice| is_beginning(notice)) {
        let name = notice.dedup_key.trim_start_matches(DEDUP_PREFIX).to_owned();
        let mut nodes = Vec::new();
        watched(setup, place, &name, &mut BTreeSet::new(), &mut nodes);
        let names_all = |insight: &&Insight| nodes.iter().all(|node| names(insight, node));
        // The group of everything first: of one outage in several groups it is told in that one alone.
        let (of_all, others): (Vec<_>, Vec<_>) =
            insights.iter().partition(|insight| insight.group == group::DEFAULT);
        let whole = of_all.into_iter().chain(others).filter(|_| !nodes.is_empty()).find(names_all);
        notice.part_of = whole.map(|insight| format!("insight/{}", insight.id));
    }
}

pub(crate) fn is_beginning(notice: &Notice) -> bool {
    notice.kind == Kind::Alarm && notice.status == Status::Firing
}

/// The nodes of an alarm, or of those that it is made of; an alarm that watches no node is a part of nothing.
fn watched(
    setup: &Snapshot,
    place: &Place,
    name: &str,
    seen: &mut BTreeSet<String>,
    nodes: &mut Vec<Option<Root>>,
) {
    let Some(record) = setup.alarms.get(name).filter(|_| seen.insert(name.to_owned())) else { return };
    match &record.alarm {
        Alarm::Metric(_) => nodes.push(transition::root(&record.alarm)),
        Alarm::Composite(composite) => {
            let Ok(rule) = Rule::parse(&composite.rule) else { return };
            for child in rule.children().into_iter().filter_map(|child| place.name(child)) {
                watched(setup, place, child, seen, nodes);
            }
        }
    }
}

fn names(insight: &Insight, node: &Option<Root>) -> bool {
    let Some(root) = node else { return false };
    let mut nodes = std::iter::once(&insight.root)
        .chain(&insight.members)
        .chain(&insight.affected)
        .chain(&insight.anomalous);
    nodes.any(|node| node.name == root.name && (root.node_type.is_none() || node.kind == root.node_type))
}
