//! What was measured, in a file: the newest of each shape and size.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use anyhow::Context;
use serde_json::{Value, json};

use super::Measured;
use super::shape::Shape;
use crate::visible::percentile;

/// Puts a measurement in the place of an older one like it, and gives all that the file has now.
pub(crate) fn keep(file: &Path, measured: &Measured) -> anyhow::Result<Vec<Value>> {
    let mut results = match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("read {}", file.display()))?,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("read {}", file.display())),
    };
    let made = entry(measured)?;
    results.retain(|old: &Value| old["shape"] != made["shape"] || old["asked_spans"] != made["asked_spans"]);
    results.push(made);
    results.sort_by_key(|result| (result["shape"].to_string(), result["asked_spans"].as_u64()));
    // Aside and renamed: a run may be ended at any time.
    let aside = file.with_extension("new");
    fs::write(&aside, format!("{:#}\n", Value::from(results.clone()))).context("write the results")?;
    fs::rename(&aside, file).context("put the results in place")?;
    Ok(results)
}

fn entry(measured: &Measured) -> anyhow::Result<Value> {
    let Measured { shape, asked_spans, load, floor, questions } = measured;
    let spans = load.spans as f64;
    let questions: Vec<Value> = questions
        .iter()
        .map(|question| {
            let [p50, p99] = [0.5, 0.99].map(|share| percentile(&question.times, share));
            json!({
                "what": question.what, "p50_ms": p50, "p99_ms": p99, "first_ms": question.first,
                "finds": question.found, "read_bytes": question.read_bytes,
            })
        })
        .collect();
    let tables = load.part_bytes.iter().map(|(table, &bytes)| (table.clone(), (bytes as f64 / spans).into()));
    Ok(json!({
        "shape": match shape { Shape::Published => "published", Shape::Demo => "demo" },
        "asked_spans": asked_spans,
        "spans": load.spans,
        "traces": load.traces,
        "parts": load.parts,
        "measured_at": SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?.as_secs(),
        "processors": thread::available_parallelism().map_or(0, usize::from),
        "load_average": load_average(),
        "spans_a_cpu_second": spans / load.cpu_seconds,
        "wall_seconds": load.wall_seconds,
        "peak_rss_mib": load.peak_rss_mib,
        "bytes_a_span": tables.collect::<serde_json::Map<String, Value>>(),
        "zstd_bytes_a_span": floor.bytes_a_span,
        "questions": questions,
    }))
}

/// How busy the machine was in the last minute: with more than it has processors, times say little.
fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
