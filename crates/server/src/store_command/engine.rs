//! Which engine a place belongs to, and whether it can do what a command asks.

use std::path::Path;

use anyhow::bail;
use store::{Capabilities, Offline};
use store_clickhouse::ClickHouseStore;
use store_local::LocalStore;

/// What a command does with a store that no server has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Check,
    Export,
    Import,
}

/// An error, in one sentence, where that cannot be done with the place.
pub(super) fn need(action: Action, place: &Path) -> anyhow::Result<()> {
    match scheme(place) {
        None => allow(action, "the embedded store", LocalStore::CAPABILITIES),
        Some("clickhouse" | "clickhouses") => allow(action, "ClickHouse", ClickHouseStore::CAPABILITIES),
        Some(scheme) => bail!(
            "this version has no engine `{scheme}` and knows data directories only, so name the path of one"
        ),
    }
}

/// Of a URL; a path that looks like one and is there is a path.
fn scheme(place: &Path) -> Option<&str> {
    let (scheme, _) = place.to_str()?.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|each| each.is_ascii_alphanumeric());
    (is_scheme && !place.exists()).then_some(scheme)
}

fn allow(action: Action, engine: &str, can: Capabilities) -> anyhow::Result<()> {
    let Offline { check, export, import } = can.offline;
    let (is_able, instead) = match action {
        Action::Check => (check, "whoever runs it checks it with its own tools"),
        Action::Export => (export, "ask a running server for the traces by BatchGetTraces"),
        Action::Import => (import, "send the export to a running server with --endpoint"),
    };
    if is_able {
        return Ok(());
    }
    bail!("{engine} cannot be {} without a server; {instead}", action.done())
}

impl Action {
    fn done(self) -> &'static str {
        match self {
            Self::Check => "checked",
            Self::Export => "exported from",
            Self::Import => "imported into",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Action; 3] = [Action::Check, Action::Export, Action::Import];

    fn refusal(result: anyhow::Result<()>) -> String {
        result.expect_err("it cannot be done").to_string()
    }

    #[test]
    fn a_directory_can_have_everything_done() {
        let directory = tempfile::tempdir().unwrap();
        for place in [directory.path(), Path::new("not/there"), Path::new("odd:/name"), Path::new("://")] {
            ALL.into_iter().for_each(|action| need(action, place).unwrap());
        }
    }

    #[test]
    fn an_engine_that_cannot_do_it_is_told_in_one_sentence() {
        let told = ALL.map(|action| refusal(allow(action, "the engine", Capabilities::default())));
        assert_eq!(
            told,
            [
                "the engine cannot be checked without a server; whoever runs it checks it with its own tools",
                "the engine cannot be exported from without a server; ask a running server for the traces by BatchGetTraces",
                "the engine cannot be imported into without a server; send the export to a running server with --endpoint",
            ]
        );
        assert_eq!(
            refusal(need(Action::Import, Path::new("clickhouse://host/traces"))),
            "ClickHouse cannot be imported into without a server; send the export to a running server with --endpoint"
        );
        assert_eq!(
            refusal(need(Action::Check, Path::new("cassandra://host/traces"))),
            "this version has no engine `cassandra` and knows data directories only, so name the path of one"
        );
    }
}
