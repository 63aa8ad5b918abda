//! Which crate may import which: the tables of docs/layers.md are those of `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde_json::Value;

use super::File;

const MAP: &str = "docs/layers.md";
/// The first cells of the tables' headers.
const LAYERS: &str = "| crate | imports |";
const HOMES: &str = "| crates of others | known to |";

/// What a crate imports, and what its tests and build scripts import beyond that. Crates of ours go by their folder.
#[derive(Debug, Default, PartialEq)]
struct Imports<'a> {
    always: BTreeSet<&'a str>,
    for_tests: BTreeSet<&'a str>,
}

type Crates<'a> = BTreeMap<&'a str, Imports<'a>>;

pub(super) fn check(files: &[File], metadata: &str, findings: &mut Vec<String>) -> anyhow::Result<()> {
    let metadata: Value = serde_json::from_str(metadata)?;
    let crates = crates(&metadata).context("cargo metadata is not as it was")?;
    let Some(map) = files.iter().find(|file| file.path == MAP) else {
        findings.push(format!("{MAP}: is missing"));
        return Ok(());
    };
    check_layers(&crates, &map.text, findings);
    check_homes(&crates, &map.text, findings);
    Ok(())
}

fn check_layers(crates: &Crates<'_>, map: &str, findings: &mut Vec<String>) {
    let rows: BTreeMap<&str, Vec<&str>> = table(map, LAYERS)
        .into_iter()
        .filter_map(|cells| Some((*names(cells.first()?).first()?, cells)))
        .collect();
    for (name, imports) in crates {
        let ours = |names: &BTreeSet<&str>| {
            let names: Vec<_> = names.iter().filter(|name| crates.contains_key(*name)).copied().collect();
            if names.is_empty() { String::new() } else { format!("`{}`", names.join("`, `")) }
        };
        let is = [ours(&imports.always), ours(&imports.for_tests)];
        let says =
            rows.get(name).map(|cells| [1, 2].map(|cell| cells.get(cell).copied().unwrap_or_default()));
        if says != Some(is.each_ref().map(String::as_str)) {
            let row =
                format!("| `{name}` | {} | {} |", is[0], is[1]).replace("|  |", "| |").replace("|  |", "| |");
            findings.push(format!(
                "{MAP}: the row of `{name}` under `{LAYERS}` is not what its Cargo.toml imports; if the import is right, write: {row}"
            ));
        }
    }
    for name in rows.keys().filter(|name| !crates.contains_key(*name)) {
        findings.push(format!("{MAP}: there is no crate `{name}`; take its row away"));
    }
}

/// Walls: what is named in the table is imported by the named crates alone, tests included.
fn check_homes(crates: &Crates<'_>, map: &str, findings: &mut Vec<String>) {
    for cells in table(map, HOMES) {
        let (others, homes) = (names(cells.first().unwrap_or(&"")), names(cells.get(1).unwrap_or(&"")));
        for other in others {
            let knows = |imports: &Imports<'_>| {
                imports.always.iter().chain(&imports.for_tests).any(|name| *name == other)
            };
            let known: Vec<&str> =
                crates.iter().filter(|(_, imports)| knows(imports)).map(|(name, _)| *name).collect();
            for name in known.iter().filter(|name| !homes.contains(name)) {
                findings.push(format!(
                    "{MAP}: `{name}` imports `{other}`, which is known to `{}` alone",
                    homes.join("`, `")
                ));
            }
            if known.is_empty() {
                findings.push(format!("{MAP}: nobody imports `{other}`; take it out of the table"));
            }
        }
    }
}

/// The crates of the workspace by their folder, which is the name that code uses.
fn crates(metadata: &Value) -> Option<Crates<'_>> {
    let packages = metadata["packages"].as_array()?;
    let folders: BTreeMap<&str, &str> = packages
        .iter()
        .map(|package| {
            let folder = package["manifest_path"].as_str()?.rsplit('/').nth(1)?;
            Some((package["name"].as_str()?, folder))
        })
        .collect::<Option<_>>()?;
    let mut crates = Crates::new();
    for package in packages {
        let mut imports = Imports::default();
        for dependency in package["dependencies"].as_array()? {
            let name = dependency["name"].as_str()?;
            let name = folders.get(name).copied().unwrap_or(name);
            let is_always = dependency["kind"].is_null();
            let names = if is_always { &mut imports.always } else { &mut imports.for_tests };
            names.insert(name);
        }
        let own = *folders.get(package["name"].as_str()?)?;
        // Tests may need features of their own crate.
        imports.for_tests.retain(|name| !imports.always.contains(name) && *name != own);
        crates.insert(own, imports);
    }
    Some(crates)
}

/// The cells of each row below the header that begins like this.
fn table<'a>(text: &'a str, header: &str) -> Vec<Vec<&'a str>> {
    let rows = text.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The words in backticks.
fn names<'a>(cell: &&'a str) -> Vec<&'a str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests;
