//! `fluoro-bench soak`: hours of a busy fleet beside an open console. Nothing of the server may grow that should not, and what
//! people ask is answered as at the beginning.
//!
//! Services are deployed, fail for minutes and send some of their segments minutes late, while what is an hour old is dropped.
//! It talks to loopback alone, and to a server that it starts itself.

pub(crate) mod fleet;
mod plot;
pub(crate) mod question;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::http::Connection;
use crate::load::put_batch;
use crate::process::Server;
use fleet::Fleet;

const USAGE: &str =
    "usage: fluoro-bench soak [--minutes 120] [--spans 2000] [--results FILE.json] [--plot FILE.svg]
       fluoro-bench soak --drawn FILE.json --plot FILE.svg    the picture of an earlier run";
/// The shortest that the server takes, so that half of two hours is dropped again.
const RETENTION: &str = "1h";
const RETENTION_MINUTES: usize = 60;
/// After dropping has begun parts are cut and merged for the first time.
const SETTLING_MINUTES: usize = 10;
/// How much a figure may be above what it was. The same load takes more or less by the moment at which it is looked at.
const MOST_GROWTH: f64 = 1.15;
const MINUTE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_millis(250);
/// What a daemon puts into one request.
const BATCH: usize = 50;
/// A console fetches what it shows again when told that something came, and not more often than this.
const CONSOLE_REST: Duration = Duration::from_secs(2);

struct Options {
    minutes: usize,
    spans_a_second: f64,
    results: Option<PathBuf>,
    plot: Option<PathBuf>,
    /// What an earlier run measured.
    drawn: Option<PathBuf>,
}

pub(crate) fn run(arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    if let Some(path) = &options.drawn {
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let measured: Vec<Value> =
            serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?;
        draw(&measured, options.plot.as_deref())?;
        return judge(&measured, out);
    }
    let server = Server::start_with(&["--retention", RETENTION])?;
    let (ended, accepted) = (AtomicBool::new(false), AtomicU64::new(0));
    // Whoever measures need not wait for hours to learn that a side could not go on.
    let ending = |result: anyhow::Result<()>| {
        ended.store(true, Ordering::Relaxed);
        result
    };
    let measured = thread::scope(|scope| {
        let sender = scope.spawn(|| ending(send(&server, options.spans_a_second, &ended, &accepted)));
        let console = scope.spawn(|| ending(look(&server, &ended)));
        let measured = measure(&server, &options, &ended, &accepted);
        ended.store(true, Ordering::Relaxed);
        for side in [sender, console] {
            side.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        measured
    })?;
    let costs = server.stop()?;
    writeln!(
        out,
        "{} minutes, {} documents taken; peak RSS {} MiB, {:.0} s of processor time, stopped in {:.1} s",
        measured.len(),
        accepted.load(Ordering::Relaxed),
        costs.peak_rss_bytes >> 20,
        costs.cpu_seconds,
        costs.stop_seconds
    )?;
    judge(&measured, out)
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options =
            Self { minutes: 120, spans_a_second: 2_000.0, results: None, plot: None, drawn: None };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} wants a value\n{USAGE}"));
            match argument.as_str() {
                "--minutes" => options.minutes = value()?.parse().context("read --minutes")?,
                "--spans" => options.spans_a_second = value()?.parse().context("read --spans")?,
                "--results" => options.results = Some(value()?.into()),
                "--plot" => options.plot = Some(value()?.into()),
                "--drawn" => options.drawn = Some(value()?.into()),
                other => bail!("{other} is not known\n{USAGE}"),
            }
        }
        ensure!((1..=24 * 60).contains(&options.minutes), "--minutes must be between 1 and 1,440");
        ensure!(
            (1.0..=20_000.0).contains(&options.spans_a_second),
            "--spans must be between 1 and 20,000 a second"
        );
        Ok(options)
    }
}

/// Sends what the fleet does until told to end.
fn send(
    server: &Server,
    spans_a_second: f64,
    ended: &AtomicBool,
    accepted: &AtomicU64,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(&server.http)?;
    let mut fleet = Fleet::new(11);
    let begin = Instant::now();
    let mut spans = 0;
    while !ended.load(Ordering::Relaxed) {
        let mut documents = Vec::new();
        while (spans as f64) < begin.elapsed().as_secs_f64() * spans_a_second {
            spans += fleet.request(begin.elapsed(), &mut documents);
        }
        fleet.late(begin.elapsed(), &mut documents);
        for batch in documents.chunks(BATCH) {
            put_batch(&mut connection, batch).with_context(|| format!("send after {:?}", begin.elapsed()))?;
            accepted.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
        thread::sleep(TICK);
    }
    Ok(())
}

/// An open console: it is told that something came, and fetches map and rail again.
fn look(server: &Server, ended: &AtomicBool) -> anyhow::Result<()> {
    while !ended.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(&server.http).context("connect to the live stream")?;
        stream.set_read_timeout(Some(MINUTE)).context("set a limit")?;
        // It ends after an hour by itself, and a console comes back; the connection must end with it, to be seen.
        write!(stream, "GET /api/live HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.http)
            .context("ask for the live stream")?;
        let mut connection = Connection::open(&server.http)?;
        let mut fetched = Instant::now();
        for line in BufReader::new(stream).lines() {
            let line = line.context("read the live stream")?;
            if ended.load(Ordering::Relaxed) {
                return Ok(());
            }
            if line.starts_with("event: pulse") && fetched.elapsed() > CONSOLE_REST {
                fetched = Instant::now();
                for path in ["/api/graph", "/api/now"] {
                    let path = question::of_the_last_minutes(path, 30, "");
                    connection.get(&path).with_context(|| format!("show {path}"))?.expect_ok()?;
                }
            }
        }
    }
    Ok(())
}

/// A line of figures for each minute.
fn measure(
    server: &Server,
    options: &Options,
    ended: &AtomicBool,
    accepted: &AtomicU64,
) -> anyhow::Result<Vec<Value>> {
    let begin = Instant::now();
    let mut measured = Vec::new();
    for minute in 1..=options.minutes {
        while begin.elapsed() < MINUTE * minute as u32 {
            ensure!(!ended.load(Ordering::Relaxed), "the sender or the console ended early");
            thread::sleep(TICK);
        }
        // Asked anew, since the server closes what is idle for a minute.
        let questions: serde_json::Map<String, Value> = question::ask(&mut Connection::open(&server.http)?)?
            .into_iter()
            .map(|(name, length)| (name.to_owned(), json!(length.as_secs_f64() * 1e3)))
            .collect();
        let files = server.files()?;
        let parts = files.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "parquet"));
        measured.push(json!({
            "minute": minute,
            "documents": accepted.load(Ordering::Relaxed),
            "rss_bytes": server.rss_bytes()?,
            "cpu_seconds": server.cpu_seconds()?,
            "files": files.len(),
            "parts": parts.count(),
            "disk_bytes": files.iter().map(|(_, bytes)| bytes).sum::<u64>(),
            "questions_ms": questions,
        }));
        // What was measured is kept though it may end early.
        if let Some(path) = &options.results {
            let text = serde_json::to_string(&measured)?.replace("},{\"", "},\n{\"");
            fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))?;
        }
        draw(&measured, options.plot.as_deref())?;
        eprintln!("minute {minute} of {}", options.minutes);
    }
    Ok(measured)
}

fn draw(measured: &[Value], plot: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = plot else { return Ok(()) };
    let svg = plot::svg(measured, &fleet::outages(measured.len()), RETENTION_MINUTES);
    fs::write(path, svg).with_context(|| format!("write {}", path.display()))
}

/// Compares the last quarter of the steady time with its first.
fn judge(measured: &[Value], out: &mut impl Write) -> anyhow::Result<()> {
    let steady = measured.get(RETENTION_MINUTES + SETTLING_MINUTES..).unwrap_or_default();
    let quarter = steady.len() / 4;
    if quarter == 0 {
        writeln!(out, "too short to say whether anything grows: what is kept grows for an hour")?;
        return Ok(());
    }
    let mut grown = Vec::new();
    for key in ["rss_bytes", "files", "parts", "disk_bytes"] {
        let of =
            |minutes: &[Value]| median(minutes.iter().filter_map(|minute| minute[key].as_f64()).collect());
        let (first, last) = (of(&steady[..quarter]), of(&steady[steady.len() - quarter..]));
        writeln!(out, "{key:<12} {first:>14.0} {last:>14.0}  {:.2}", last / first)?;
        if last > first * MOST_GROWTH {
            grown.push(key);
        }
    }
    for name in question::NAMES {
        let times = |minutes: &[Value]| -> Vec<f64> {
            let mut times: Vec<f64> =
                minutes.iter().filter_map(|minute| minute["questions_ms"][name].as_f64()).collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let (first, last) = (times(&steady[..quarter]), times(&steady[steady.len() - quarter..]));
        writeln!(
            out,
            "{name:<40} median {:>7.1} ms, then {:>7.1} ms; slowest {:>7.1} ms",
            first[first.len() / 2],
            last[last.len() / 2],
            times(measured).last().copied().unwrap_or_default()
        )?;
    }
    ensure!(grown.is_empty(), "these grew: {}", grown.join(", "));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
