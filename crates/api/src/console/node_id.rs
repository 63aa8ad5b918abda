//! Ids of nodes and edges that stay the same from answer to answer: `name~type~account`.
//!
//! `~`, `>` and `%` in a part are escaped as `%XX`, and absent parts at the end are left out, so two nodes
//! never share an id, whatever their names are.

use model::NodeKey;
use model::minute::EdgeKind;

pub(crate) fn node_id(key: &NodeKey) -> String {
    let mut id = escape(&key.name);
    let parts = [key.kind.as_deref(), key.account.as_deref()];
    let present = parts.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    for part in &parts[..present] {
        id.push('~');
        id.push_str(&part.map(escape).unwrap_or_default());
    }
    id
}

pub(crate) fn edge_id(source: &NodeKey, target: &NodeKey, kind: EdgeKind) -> String {
    let arrow = match kind {
        EdgeKind::Call => ">",
        EdgeKind::Link => ">>",
    };
    format!("{}{arrow}{}", node_id(source), node_id(target))
}

/// An empty part that is there differs from one that is not.
fn escape(part: &str) -> String {
    match part {
        "" => "%".to_owned(),
        part => part.replace('%', "%25").replace('~', "%7E").replace('>', "%3E"),
    }
}

/// The node of an id; `None` where nothing has such an id.
pub(super) fn node_of(id: &str) -> Option<NodeKey> {
    let mut parts = id.split('~');
    let name = unescape(parts.next()?)?;
    let mut part = || match parts.next() {
        None | Some("") => Some(None),
        Some(part) => unescape(part).map(Some),
    };
    let key = NodeKey { name, kind: part()?, account: part()? };
    parts.next().is_none().then_some(key)
}

fn unescape(part: &str) -> Option<String> {
    match part {
        "%" => Some(String::new()),
        "" => None,
        part => Some(part.replace("%3E", ">").replace("%7E", "~").replace("%25", "%")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn different_nodes_have_different_ids() {
        let names = ["a", "a~b", "a%7Eb", ""];
        let parts = [None, Some(""), Some("b"), Some("~"), Some("%")];
        let mut ids = BTreeSet::new();
        for name in names {
            for kind in parts {
                for account in parts {
                    let owned = |part: Option<&str>| part.map(str::to_owned);
                    let key = NodeKey { name: name.to_owned(), kind: owned(kind), account: owned(account) };
                    let id = node_id(&key);
                    assert_eq!(node_of(&id), Some(key));
                    ids.insert(id);
                }
            }
        }
        assert_eq!(ids.len(), names.len() * parts.len() * parts.len());
    }

    #[test]
    fn what_is_no_id_has_no_node() {
        assert_eq!(["", "~remote", "a~b~c~d"].map(node_of), [None, None, None]);
    }

    #[test]
    fn an_id_is_readable() {
        let key = NodeKey { name: "ledger-db".to_owned(), kind: Some("remote".to_owned()), account: None };
        assert_eq!(node_id(&key), "ledger-db~remote");
    }
}
