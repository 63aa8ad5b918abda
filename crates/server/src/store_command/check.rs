//! `fluoro store check`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context;
use model::template::rule::UrlRules;
use store_local::offline::{self, Depth, Report};

use super::CheckArgs;
use super::engine::{self, Action};
use crate::config::Environment;
use crate::output::print;

pub(super) fn run(args: &CheckArgs, environment: Environment<'_>) -> anyhow::Result<ExitCode> {
    engine::need(Action::Check, &args.dir)?;
    let depth = if args.deep { Depth::All } else { Depth::Sample };
    let none = UrlRules::default();
    let reduce = |id, documents: &[_]| query::digest(&query::assemble(id, documents), &none);
    let report =
        offline::check(&args.dir, super::keys(args.encryption_key.as_ref(), environment)?, depth, &reduce)?;
    let text = match args.json {
        true => serde_json::to_string_pretty(&report).context("write the report")? + "\n",
        false => to_text(&report),
    };
    print(&text).context("print the report")?;
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn to_text(report: &Report) -> String {
    let summary = &report.summary;
    let mut text = format!(
        "{} parts with {} documents in {} rows ({:.1} MB), {} log files ({:.1} MB) with {} documents that are in no part yet\n\
         {} digests compared with their documents, {} that could not be\n",
        summary.parts,
        summary.documents_in_parts,
        summary.part_rows,
        summary.part_bytes as f64 / 1e6,
        summary.log_files,
        summary.log_bytes as f64 / 1e6,
        summary.documents_in_log,
        summary.digests_compared,
        summary.digests_not_compared,
    );
    if summary.reserve_bytes > 0 {
        let megabytes = summary.reserve_bytes as f64 / 1e6;
        let _ = writeln!(
            text,
            "RESERVE keeps {megabytes:.1} MB free, so that what was taken can still be written when the disk is full"
        );
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {note}");
    }
    for damage in &report.damage {
        let _ = writeln!(text, "DAMAGED: {damage}");
    }
    let _ = match report.damage_count {
        0 => writeln!(text, "all is well"),
        count => writeln!(text, "{count} found damaged"),
    };
    text
}
