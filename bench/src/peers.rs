//! `fluoro-bench peers`: the same spans into several products, one after the other, and the same questions.
//!
//! The binaries are given; none is part of this project. What is compared is what somebody sees from outside: processor time,
//! memory, bytes on the disk, how long answers take, and whether they are right.

mod payload;
mod product;
mod protobuf;
mod question;
mod running;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use payload::{Payload, SPANS_A_TRACE};
use product::{Product, Range};
use question::{Kind, Question};
use running::Running;

use crate::http::Connection;
use crate::load::{CONNECTIONS, through_connections};
use crate::process;
use crate::table::thousands;
use crate::visible::percentile;

const USAGE: &str = "fluoro-bench peers [--spans N] [--seed N] [NAME=PATH ...]; a name begins with fluoro, victoriatraces or jaeger";
const SPANS: usize = 500_000;
const SEED: u64 = 7;
/// Of traces that are asked for before anything else, to see that they are there whole.
const SAMPLE: usize = 200;
const PROTOBUF: &str = "application/x-protobuf";
const PATIENCE: Duration = Duration::from_millis(100);
/// For what is still under way when everything is in: until a trace can be found.
const SEEN_LIMIT: Duration = Duration::from_secs(60);

struct Options {
    spans: usize,
    seed: u64,
    /// Each with its name.
    contenders: Vec<(String, Product, PathBuf)>,
}

/// One column of the table.
struct Measured {
    name: String,
    load: Load,
    costs: running::Costs,
    idle_rss_bytes: u64,
    rss_bytes: u64,
    whole: usize,
    answers: Vec<Option<Answers>>,
}

struct Load {
    wall_seconds: f64,
    cpu_seconds: f64,
    refused: usize,
}

struct Answers {
    /// Sorted milliseconds.
    times: Vec<f64>,
    /// Milliseconds of the server's processor time, of one on average.
    cpu_millis: f64,
    recall: f64,
    bytes: f64,
}

pub(crate) fn run(arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    crate::step("making the spans");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?;
    let payload = Payload::new(options.spans / SPANS_A_TRACE, options.seed, now.as_nanos() as u64);
    let range = Range { from_seconds: now.as_secs() - 25 * 60, to_seconds: now.as_secs() + 60 };
    let mut all = Vec::new();
    for (name, product, binary) in &options.contenders {
        crate::step(name);
        let measured = measure(name, *product, binary, &payload, range, options.seed);
        all.push(measured.with_context(|| format!("measure {name}"))?);
    }
    out.write_all(table(&payload, &options, &all).as_bytes())?;
    Ok(())
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let own = process::binary()?;
        let mut options =
            Self { spans: SPANS, seed: SEED, contenders: vec![("fluoro".to_owned(), Product::Fluoro, own)] };
        while let Some(argument) = arguments.next() {
            let mut number =
                || arguments.next().with_context(|| format!("{argument} needs a number: {USAGE}"));
            match argument.as_str() {
                "--spans" => options.spans = number()?.parse().context("read --spans")?,
                "--seed" => options.seed = number()?.parse().context("read --seed")?,
                contender => {
                    let Some((name, path)) = contender.split_once('=') else { bail!("{argument}: {USAGE}") };
                    let path = Path::new(path).canonicalize().with_context(|| format!("find {path}"))?;
                    options.contenders.push((name.to_owned(), Product::of(name)?, path));
                }
            }
        }
        Ok(options)
    }
}

fn measure(
    name: &str,
    product: Product,
    binary: &Path,
    payload: &Payload,
    range: Range,
    seed: u64,
) -> anyhow::Result<Measured> {
    let running = Running::start(product, binary)?;
    running.settle()?;
    let idle_rss_bytes = running.rss_bytes()?;
    let load = put(&running, payload)?;
    running.settle()?;
    let rss_bytes = running.rss_bytes()?;
    let whole = whole_traces(&running, payload, range)?;
    let before = running.cpu_seconds()?;
    let mut answers = Vec::new();
    for (kind, what) in Kind::ALL {
        crate::step(&format!("{name}: {what}"));
        answers.push(ask(&running, &kind.questions(payload, seed), payload, range)?);
    }
    let asked = running.cpu_seconds()? - before;
    let costs = running.stop()?;
    let costs = running::Costs { cpu_seconds: costs.cpu_seconds - asked, ..costs };
    Ok(Measured { name: name.to_owned(), load, costs, idle_rss_bytes, rss_bytes, whole, answers })
}

/// As fast as it takes them, through some connections.
fn put(running: &Running, payload: &Payload) -> anyhow::Result<Load> {
    let (begin, before) = (Instant::now(), running.cpu_seconds()?);
    let refused = through_connections(|number| {
        put_some(running, payload.requests.iter().skip(number).step_by(CONNECTIONS))
    })?;
    let refused = refused.into_iter().sum();
    let wall_seconds = begin.elapsed().as_secs_f64();
    Ok(Load { wall_seconds, cpu_seconds: running.cpu_seconds()? - before, refused })
}

/// How often a request was refused for a while.
fn put_some<'a>(running: &Running, requests: impl Iterator<Item = &'a Vec<u8>>) -> anyhow::Result<usize> {
    let (mut connection, path) = running.door()?;
    let mut refused = 0;
    for request in requests {
        loop {
            let answer = connection.post_as(PROTOBUF, path, request)?;
            match answer.status {
                200 | 204 => break,
                429 | 503 => {
                    refused += 1;
                    thread::sleep(PATIENCE);
                }
                status => bail!("spans were answered with {status}: {:.500}", answer.body),
            }
        }
    }
    Ok(refused)
}

/// How many of some traces are there with all their spans. The newest is waited for.
fn whole_traces(running: &Running, payload: &Payload, range: Range) -> anyhow::Result<usize> {
    let mut connection = running.questions()?;
    let begin = Instant::now();
    let step = (payload.traces.len() / SAMPLE).max(1);
    let mut whole = 0;
    for trace in payload.traces.iter().rev().step_by(step).take(SAMPLE) {
        loop {
            let spans = ask_one(running, &mut connection, &Question::Trace(trace.id.clone()), range)?.1;
            if spans.len() == SPANS_A_TRACE {
                whole += 1;
                break;
            }
            if whole > 0 || begin.elapsed() > SEEN_LIMIT {
                break;
            }
            thread::sleep(PATIENCE);
        }
    }
    Ok(whole)
}

fn ask(
    running: &Running,
    questions: &[Question],
    payload: &Payload,
    range: Range,
) -> anyhow::Result<Option<Answers>> {
    if !questions.iter().all(|question| running.product.can(question)) {
        return Ok(None);
    }
    let mut connection = running.questions()?;
    let mut answers = Answers { times: Vec::new(), cpu_millis: 0.0, recall: f64::NAN, bytes: 0.0 };
    let before = running.cpu_seconds()?;
    let (mut recall, mut asked) = (0.0, 0);
    for question in questions {
        let begin = Instant::now();
        let answer = running.product.ask(&mut connection, question, range)?;
        answers.times.push(begin.elapsed().as_secs_f64() * 1e3);
        answers.bytes += answer.body.len() as f64 / questions.len() as f64;
        let body = answer.expect_ok()?;
        if *question == Question::Map {
            continue;
        }
        if let Some(share) = question.recall(payload, &running.product.found(question, &body)?) {
            recall += share;
            asked += 1;
        }
    }
    answers.cpu_millis = (running.cpu_seconds()? - before) * 1e3 / questions.len() as f64;
    answers.times.sort_by(f64::total_cmp);
    answers.recall = recall / f64::from(asked);
    Ok(Some(answers))
}

fn ask_one(
    running: &Running,
    connection: &mut Connection,
    question: &Question,
    range: Range,
) -> anyhow::Result<(u16, Vec<String>)> {
    let answer = running.product.ask(connection, question, range)?;
    // A trace that is not there yet is an error to some.
    let found =
        if answer.status == 200 { running.product.found(question, &answer.body)? } else { Vec::new() };
    Ok((answer.status, found))
}

fn table(payload: &Payload, options: &Options, all: &[Measured]) -> String {
    let spans = payload.spans() as f64;
    let sent: usize = payload.requests.iter().map(Vec::len).sum();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |what: &str, cell: &dyn Fn(&Measured) -> String| {
        rows.push([what.to_owned()].into_iter().chain(all.iter().map(cell)).collect());
    };
    row("", &|one| one.name.clone());
    row("traces that are whole, of 200", &|one| one.whole.to_string());
    row("spans a second, accepted", &|one| thousands(spans / one.load.wall_seconds));
    row("refused for a while", &|one| one.load.refused.to_string());
    row("spans a CPU-second, accepted", &|one| thousands(spans / one.load.cpu_seconds));
    row("spans a CPU-second, all in", &|one| thousands(spans / one.costs.cpu_seconds));
    row("bytes a span on the disk", &|one| format!("{:.1}", one.costs.disk_bytes as f64 / spans));
    row("idle RSS, MB", &|one| format!("{:.0}", one.idle_rss_bytes as f64 / 1e6));
    row("RSS when quiet again, MB", &|one| format!("{:.0}", one.rss_bytes as f64 / 1e6));
    row("peak RSS with the questions, MB", &|one| format!("{:.0}", one.costs.peak_rss_bytes as f64 / 1e6));
    for (place, (kind, what)) in Kind::ALL.into_iter().enumerate() {
        row(&format!("{what}: p50; p99 ms"), &|one| match &one.answers[place] {
            Some(Answers { times, .. }) => {
                format!("{:.1}; {:.1}", percentile(times, 0.5), percentile(times, 0.99))
            }
            None => "-".to_owned(),
        });
        row("  CPU-ms; answer, kB; recall", &|one| match &one.answers[place] {
            Some(Answers { cpu_millis, bytes, .. }) if kind == Kind::Map => {
                format!("{cpu_millis:.1}; {:.1}; -", bytes / 1e3)
            }
            Some(Answers { cpu_millis, bytes, recall, .. }) => {
                format!("{cpu_millis:.1}; {:.1}; {recall:.2}", bytes / 1e3)
            }
            None => "-".to_owned(),
        });
    }
    let heading = format!(
        "\n{} spans of {:.0} bytes in OTLP, seed {}, {CONNECTIONS} connections\n\n",
        thousands(spans),
        sent as f64 / spans,
        options.seed
    );
    heading + &columns(&rows)
}

/// The first to the left, all others to the right.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (place, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            match place {
                0 => text.push_str(&format!("{cell:<width$}")),
                _ => text.push_str(&format!("  {cell:>width$}")),
            }
        }
        text.push('\n');
    }
    text
}
