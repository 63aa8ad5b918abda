//! References in a repository of a few files.

use super::super::sample;
use super::*;

/// What is found in a file of this name and text.
#[track_caller]
fn check_finds(path: &str, text: &str, expected: &[&str]) {
    let mut findings = Vec::new();
    let rules =
        "# Rules\n\n## 4. Filters\n\n### 4.2 Grammar\n\n## A9 Files\n\n## E. An example\n\n## A title\n";
    let others = [
        ("Makefile", "test: lint ## All\n\nlint:\n"),
        ("crates/store/src/lib.rs", "//! Store.\n"),
        ("docs/rules.md", rules),
        ("docs/images/map.png", ""),
        (".gitignore", "/target\n/docs/built\nnode_modules\n*.tmp\n"),
        ("crates/store/tests/data/one", ""),
    ];
    let files: Vec<_> = others.into_iter().chain([(path, text)]).collect();
    check(&sample(&files), &mut findings);
    assert_eq!(findings, expected);
}

#[test]
fn files_that_are_there_may_be_named() {
    check_finds("docs/a.md", "See `crates/store/src/lib.rs`, `store/src/lib.rs:12` and docs/images/.\n", &[]);
    check_finds(
        "README.md",
        "[rules](docs/rules.md#42-grammar), [map](docs/images/map.png), [self](#top)\n# Top\n",
        &[],
    );
    check_finds("crates/store/src/a.rs", "//! As docs/rules.md says (`src/lib.rs`, tests/data).\n", &[]);
    check_finds("tests/a.py", "# docs/built/x, docs/node_modules\n", &[]);
}

#[test]
fn files_that_are_not_there_are_found() {
    check_finds(
        "README.md",
        "One.\n`crates/store/src/store.rs` and DESIGN.md's table\n",
        &[
            "README.md:2: `crates/store/src/store.rs` is not in the repository; name what is, or take it out",
            "README.md:2: `DESIGN.md` is not in the repository; name what is, or take it out",
        ],
    );
    check_finds(
        "crates/store/src/a.rs",
        "//! A.\nlet spec = \"spec/rules.md\"; // spec/rules.md\n",
        &["crates/store/src/a.rs:2: `spec/rules.md` is not in the repository; name what is, or take it out"],
    );
    check_finds(
        "scripts/a",
        "# see docs/b\n",
        &["scripts/a:1: `docs/b` is not in the repository; name what is, or take it out"],
    );
}

#[test]
fn links_and_their_headings_are_followed() {
    check_finds("docs/a.md", "[up](../Makefile) [web](https://example.org/x.md) [mail](mailto:a@b)\n", &[]);
    check_finds(
        "docs/a.md",
        "[rules](../rules.md)\n",
        &["docs/a.md:1: the link to `../rules.md` leads nowhere"],
    );
    check_finds(
        "docs/a.md",
        "[rules](rules.md#43-words)\n",
        &["docs/a.md:1: `docs/rules.md` has no heading for the link `rules.md#43-words`"],
    );
}

#[test]
fn numbered_rules_are_looked_up() {
    check_finds("a.rs", "// docs/rules.md 4.2 and A9, 4 (filters), and `docs/rules.md` E.\n", &[]);
    check_finds(
        "a.rs",
        "// docs/rules.md 4.2 to 4.4, B9\n",
        &["a.rs:1: `docs/rules.md` has no heading 4.4", "a.rs:1: `docs/rules.md` has no heading B9"],
    );
    check_finds("a.rs", "// docs/rules.md A\n", &["a.rs:1: `docs/rules.md` has no heading A"]);
}

#[test]
fn commands_are_those_of_the_makefile() {
    check_finds("a.md", "`make test`, `make`, `make -j2`, and make progress\n", &[]);
    check_finds("a.md", "`make tests SPANS=1`\n", &["a.md:1: the Makefile has no `tests`"]);
}

#[test]
fn what_names_no_file_of_ours_is_passed_over() {
    let text = "`/etc/xray/cfg.yaml`, https://example.org/docs/a.md, `docs/*.md`, `application/json`, `policy.json`, \
                `crates/<name>/x.rs`, `docs/images/../x`, `*.rs`, .rs\n";
    check_finds("a.md", text, &[]);
    check_finds("a.rs", "let url = \"http://docs/none\";\n", &[]);
}
