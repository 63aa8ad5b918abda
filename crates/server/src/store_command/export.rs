//! `fluoro store export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use model::{TimeRange, Timestamp};
use store_local::offline::{self, Offline};

use super::engine::{self, Action};
use super::progress::Progress;
use super::{ExportArgs, Format, Table, line};
use crate::config::Environment;
use crate::output::is_closed;

pub(super) fn run(args: &ExportArgs, environment: Environment<'_>) -> anyhow::Result<()> {
    match export(args, environment) {
        // Such as `| head`. Nothing else that an export writes to is a pipe.
        Err(error) if is_standard_output(&args.output) && is_closed(&*error) => Ok(()),
        ended => ended,
    }
}

fn export(args: &ExportArgs, environment: Environment<'_>) -> anyhow::Result<()> {
    let range = TimeRange::new(args.from.unwrap_or(Timestamp::MIN), args.to.unwrap_or(Timestamp::MAX));
    ensure!(range.start < range.end, "--from is not before --to");
    ensure!(
        !args.json || !is_standard_output(&args.output),
        "--json needs a file as --output: standard output is one or the other"
    );
    engine::need(Action::Export, &args.dir)?;
    let store = Offline::open(&args.dir, super::keys(args.encryption_key.as_ref(), environment)?)?;
    match args.format {
        Format::XrayJson => {
            let documents = documents(&store, range, &args.output)?;
            report(args, &serde_json::json!({ "documents": documents }))
        }
        Format::Otlp => {
            let traces = traces(&store, range, &args.output)?;
            report(args, &serde_json::json!({ "traces": traces }))
        }
        Format::Parquet => {
            let rows = rows(&store, args.table, range, &args.output)?;
            let left = store.documents_in_log()?;
            if left > 0 {
                let note = format!("note: {left} documents are in no part yet, and not in this file");
                let _ = writeln!(io::stderr(), "{note}");
            }
            report(args, &serde_json::json!({ "rows": rows, "documents_in_log": left }))
        }
    }
}

fn report(args: &ExportArgs, counts: &serde_json::Value) -> anyhow::Result<()> {
    if args.json { super::print_json(counts) } else { Ok(()) }
}

fn documents(store: &Offline, range: TimeRange, output: &Path) -> anyhow::Result<u64> {
    let mut out = open(output)?;
    let mut progress = Progress::new("documents");
    let count = store.documents(range, |one| {
        progress.add(1);
        line::write(&one, &mut out)
    })?;
    out.flush().context("write the export")?;
    progress.end(&format!("exported {count} documents"));
    Ok(count)
}

fn traces(store: &Offline, range: TimeRange, output: &Path) -> anyhow::Result<u64> {
    let mut out = open(output)?;
    let mut progress = Progress::new("traces");
    let count = store.traces(range, |id, documents| {
        progress.add(1);
        writeln!(out, "{}", wire::otel::request(&query::assemble(id, documents), documents))
    })?;
    out.flush().context("write the export")?;
    progress.end(&format!("exported {count} traces"));
    Ok(count)
}

fn rows(store: &Offline, table: Table, range: TimeRange, output: &Path) -> anyhow::Result<u64> {
    let (table, name) = match table {
        Table::Spans => (offline::Table::Spans, "spans"),
        Table::Traces => (offline::Table::Traces, "traces"),
        Table::Minutes => (offline::Table::Minutes, "minutes"),
    };
    let mut out = open(output)?;
    let count = store.write_parquet(table, range, &mut out)?;
    out.flush().context("write the export")?;
    let progress = Progress::new("rows");
    progress.end(&format!("exported {count} rows of {name}"));
    Ok(count)
}

fn open(output: &Path) -> anyhow::Result<Box<dyn Write + Send>> {
    if is_standard_output(output) {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = File::create(output).with_context(|| format!("create {}", output.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn is_standard_output(output: &Path) -> bool {
    output == Path::new("-")
}
