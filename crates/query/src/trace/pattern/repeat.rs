//! The same call again and again: after failures a storm of retries, else a query for each row.

use std::collections::BTreeMap;

use model::trace::SpanIndex;
use model::{Micros, Trace};

use super::{Kind, Pattern, end, failed, in_a_row, start, total};

/// A call, and two more after failures.
const LEAST_RETRIES: usize = 3;
/// So many equal queries in a row are a loop.
const LEAST_REPEATS: usize = 10;

/// Calls are the same by name, operation and query.
type Same<'t> = (&'t str, Option<&'t str>, Option<&'t str>);

pub(super) fn find(trace: &Trace<'_>, parent: SpanIndex, calls: &[SpanIndex]) -> Vec<Pattern> {
    let mut groups: BTreeMap<Same<'_>, Vec<SpanIndex>> = BTreeMap::new();
    for &call in calls {
        let entity = &trace.spans[call].entity;
        let operation = entity.aws.as_ref().and_then(|aws| aws.operation.as_deref());
        // The path alone: what follows it differs from row to row.
        let url = entity.http.as_ref().and_then(|http| http.url.as_deref());
        groups.entry((&entity.name, operation, url)).or_default().push(call);
    }
    let mut found = Vec::new();
    let mut by_name: BTreeMap<(&str, Option<&str>), Vec<SpanIndex>> = BTreeMap::new();
    for ((name, operation, _), group) in groups {
        match retries(trace, &group) {
            Some(kind) => found.push(Pattern { kind, parent, evidence: group }),
            None => by_name.entry((name, operation)).or_default().extend(group),
        }
    }
    for mut group in by_name.into_values().filter(|group| group.len() >= LEAST_REPEATS) {
        group.sort_by_key(|&call| (start(trace, call), end(trace, call)));
        if in_a_row(trace, &group) {
            let kind = Kind::NPlusOne { total: total(trace, &group) };
            found.push(Pattern { kind, parent, evidence: group });
        }
    }
    found
}

/// All but the last failed, each after the one before.
fn retries(trace: &Trace<'_>, group: &[SpanIndex]) -> Option<Kind> {
    let (_, earlier) = group.split_last()?;
    let all_failed = earlier.iter().all(|&call| failed(trace, call));
    if group.len() < LEAST_RETRIES || !all_failed || !in_a_row(trace, group) {
        return None;
    }
    let waits = group.windows(2).map(|pair| end(trace, pair[0]).until(start(trace, pair[1])));
    Some(Kind::RetryStorm {
        failed: group.iter().filter(|&&call| failed(trace, call)).count(),
        waits: waits.collect::<Vec<Micros>>(),
    })
}
