//! From the documents of one trace to its next revision. Pure.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use model::link::ReceivedLink;
use model::minute::{MinuteKey, MinuteRow, Stats};
use model::template::rule::UrlRules;
use model::{Place, StoredDocument, TraceDigest, TraceId};
use query::Groups;

/// The next revision of one trace.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) digest: Arc<TraceDigest>,
    /// The links that its newest documents brought.
    pub(crate) links: Vec<ReceivedLink>,
}

/// What people set up of how traces are reduced, as it is in one round.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    pub(crate) groups: Arc<Groups>,
    pub(crate) url_rules: Arc<UrlRules>,
}

/// Reduces a trace and puts it into its groups. `old` is what the store holds, made from some of `documents`;
/// the groups that it is in are kept. `new` are the places of those that it was not made from, ascending.
///
/// A panic, which is our mistake and not the sender's, costs this revision and nothing else.
pub(crate) fn revise(
    id: TraceId,
    documents: &[Arc<StoredDocument>],
    new: &[Place],
    old: Option<&TraceDigest>,
    ways: &Ways,
) -> Result<Revision, String> {
    // Nothing that could be left half-done is shared with the closure.
    catch_unwind(AssertUnwindSafe(|| {
        let trace = query::assemble(id, documents);
        let mut digest = query::digest(&trace, &ways.url_rules);
        if let Some(old) = old {
            digest.groups.clone_from(&old.groups);
        }
        ways.groups.join(&mut digest);
        let links = query::link::received(&trace, documents, |number| {
            new.binary_search(&documents[number].place).is_ok()
        });
        Revision { digest: Arc::new(digest), links }
    }))
    .map_err(|panic| message(panic.as_ref()))
}

/// Sums rows of the same key; those of which nothing is left go away.
pub(crate) fn merge(rows: impl IntoIterator<Item = MinuteRow>) -> Vec<MinuteRow> {
    let mut sums: BTreeMap<MinuteKey, Stats> = BTreeMap::new();
    for row in rows {
        match sums.entry(row.key) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(row.stats);
            }
            std::collections::btree_map::Entry::Occupied(mut held) => held.get_mut().merge(&row.stats),
        }
    }
    sums.into_iter()
        .filter(|(_, stats)| !stats.is_nothing())
        .map(|(key, stats)| MinuteRow { key, stats })
        .collect()
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
