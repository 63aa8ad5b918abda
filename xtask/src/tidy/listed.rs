//! No Rust file is forgotten: the compiler says nothing of one that no module names, and its tests never run.

use std::collections::HashSet;

use super::File;

/// What Cargo finds by itself, or somebody names in a manifest.
const ROOTS: [&str; 3] = ["main", "lib", "build"];
const FOLDERS_OF_ROOTS: [&str; 5] = ["tests", "examples", "benches", "bin", "fuzz_targets"];

pub(super) fn check(files: &[File], findings: &mut Vec<String>) {
    let rust = || files.iter().filter(|file| file.path.ends_with(".rs"));
    let declared: HashSet<String> = rust().flat_map(modules).collect();
    for path in rust().map(|file| file.path.as_str()) {
        let (folder, stem) = parts(path);
        let is_root = ROOTS.contains(&stem)
            || folder.rsplit('/').next().is_some_and(|last| FOLDERS_OF_ROOTS.contains(&last));
        if !is_root && !declared.contains(path) {
            findings.push(format!(
                "{path}: no module names it, so it is not compiled; write `mod {stem};` where it belongs, or delete it"
            ));
        }
    }
}

/// The files that the modules of one may be in.
fn modules(file: &File) -> Vec<String> {
    let (folder, stem) = parts(&file.path);
    let is_own = |name: &&str| {
        ROOTS.contains(name) || *name == "mod" || FOLDERS_OF_ROOTS.iter().any(|last| folder.ends_with(last))
    };
    let folders = match Some(stem).filter(is_own) {
        // A file among roots has its modules beside it, or in a folder of its name.
        Some(_) => vec![folder.to_owned(), format!("{folder}/{stem}")],
        None => vec![format!("{folder}/{stem}")],
    };
    let lines = || file.text.lines().map(str::trim);
    let names = lines().filter_map(|line| {
        let (before, name) = line.strip_suffix(';')?.rsplit_once("mod ")?;
        (before.is_empty() || before.starts_with("pub") || before.ends_with("] ")).then_some(name.trim())
    });
    let by_name = names.flat_map(|name| {
        folders
            .iter()
            .flat_map(move |folder| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")])
    });
    let by_path = lines().filter_map(|line| line.strip_prefix("#[path = \"")?.strip_suffix("\"]"));
    by_name.chain(by_path.map(|path| format!("{folder}/{path}"))).collect()
}

fn parts(path: &str) -> (&str, &str) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    (folder, name.strip_suffix(".rs").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample;

    #[test]
    fn a_file_that_no_module_names_is_found() {
        let files = sample(&[
            ("crates/a/src/lib.rs", "mod one;\npub(crate) mod two;\n#[cfg(test)]\nmod tests;"),
            ("crates/a/src/one.rs", "// mod three;\nmod deep;"),
            ("crates/a/src/one/deep.rs", ""),
            ("crates/a/src/two.rs", ""),
            ("crates/a/src/tests.rs", ""),
            ("crates/a/src/three.rs", ""),
            ("crates/a/tests/http/main.rs", "mod trace;"),
            ("crates/a/tests/http/trace.rs", ""),
            ("crates/a/tests/http/traces.rs", ""),
            ("crates/a/tests/alone.rs", "mod common;\n#[path = \"servers/place.rs\"]\nmod place;"),
            ("crates/a/tests/servers/place.rs", ""),
            ("crates/a/tests/common/mod.rs", ""),
            ("crates/a/src/bin/tool.rs", ""),
            ("crates/a/build.rs", ""),
        ]);
        let mut findings = Vec::new();
        check(&files, &mut findings);
        let found: Vec<&str> = findings.iter().filter_map(|finding| finding.split(':').next()).collect();
        assert_eq!(found, ["crates/a/src/three.rs", "crates/a/tests/http/traces.rs"]);
    }
}
