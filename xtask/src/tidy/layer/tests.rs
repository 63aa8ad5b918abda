//! The tables against a workspace of three crates.

use super::super::sample;
use super::*;

const METADATA: &str = r#"{"packages": [
    {"name": "our-model", "manifest_path": "/w/crates/model/Cargo.toml", "dependencies": []},
    {"name": "our-store", "manifest_path": "/w/crates/store/Cargo.toml", "dependencies": [
        {"name": "our-model", "kind": null}, {"name": "parquet", "kind": null}, {"name": "our-model", "kind": "dev"}]},
    {"name": "our-server", "manifest_path": "/w/crates/server/Cargo.toml", "dependencies": [
        {"name": "our-store", "kind": null}, {"name": "our-model", "kind": "dev"}]}
]}"#;
const MODEL: &str = "| `model` | | |\n";
const STORE: &str = "| `store` | `model` | |\n";
const SERVER: &str = "| `server` | `store` | `model` |\n";

fn layers(rows: &[&str]) -> String {
    format!("# Map\n\n| crate | imports | its tests also |\n| --- | --- | --- |\n{}\nText.\n", rows.concat())
}

fn homes(rows: &str) -> String {
    format!("{}\n| crates of others | known to |\n| --- | --- |\n{rows}", layers(&[MODEL, STORE, SERVER]))
}

#[track_caller]
fn check_finds(map: &str, expected: &[&str]) {
    let mut findings = Vec::new();
    check(&sample(&[(MAP, map)]), METADATA, &mut findings).unwrap();
    assert_eq!(findings, expected);
}

#[test]
fn a_table_that_is_true_passes() {
    check_finds(&layers(&[MODEL, STORE, SERVER]), &[]);
}

#[test]
fn an_import_that_the_table_does_not_know_is_found() {
    check_finds(
        &layers(&[MODEL, "| `store` | | |\n", SERVER]),
        &[
            "docs/layers.md: the row of `store` under `| crate | imports |` is not what its Cargo.toml imports; \
           if the import is right, write: | `store` | `model` | |",
        ],
    );
}

#[test]
fn an_import_that_is_gone_and_one_that_is_for_tests_alone_are_found() {
    check_finds(
        &layers(&[MODEL, STORE, "| `server` | `model`, `store` | |\n"]),
        &[
            "docs/layers.md: the row of `server` under `| crate | imports |` is not what its Cargo.toml imports; \
           if the import is right, write: | `server` | `store` | `model` |",
        ],
    );
}

#[test]
fn crates_without_a_row_and_rows_without_a_crate_are_found() {
    check_finds(
        &layers(&[STORE, SERVER, "| `digest` | | |\n"]),
        &[
            "docs/layers.md: the row of `model` under `| crate | imports |` is not what its Cargo.toml imports; \
           if the import is right, write: | `model` | | |",
            "docs/layers.md: there is no crate `digest`; take its row away",
        ],
    );
}

#[test]
fn a_crate_of_others_stays_in_its_home() {
    check_finds(&homes("| `parquet` | `store` |\n"), &[]);
    check_finds(
        &homes("| `parquet` | `server` |\n"),
        &["docs/layers.md: `store` imports `parquet`, which is known to `server` alone"],
    );
    check_finds(
        &homes("| `arrow` | `store` |\n"),
        &["docs/layers.md: nobody imports `arrow`; take it out of the table"],
    );
}

#[test]
fn a_map_that_is_missing_is_found() {
    let mut findings = Vec::new();
    check(&[], METADATA, &mut findings).unwrap();
    assert_eq!(findings, ["docs/layers.md: is missing"]);
}
