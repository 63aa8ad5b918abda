//! `fluoro-bench flood`: services that name themselves and their callees anew with each request, which is a mistake that teams
//! make with SDKs, beside a fleet of honest ones. It talks to loopback alone, and to a server that it starts itself.
//!
//! What must hold: the server's memory stays bounded, restarts included, and what honest services' people ask is answered about
//! as fast as while the same fleet is alone.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::document::now;
use crate::http::{Answer, Connection};
use crate::process::Server;
use crate::soak::fleet::Fleet;
use crate::soak::question::of_the_last_minutes;
use crate::visible::percentile;

const USAGE: &str = "usage: fluoro-bench flood [--seconds 40] [--quiet 30]";
/// Documents of a request; each of them calls as many names that were never seen.
const BATCH: u64 = 300;
const CALLEES: u64 = 20;
const LONGEST_SECONDS: u64 = 3_600;
/// What the fleet has done before anybody asks: 220,000 spans.
const HONEST_REQUESTS: usize = 20_000;
/// And what it does meanwhile.
const HONEST_SPANS_A_SECOND: f64 = 300.0;
const HONEST_BATCH: usize = 50;
/// How much memory the server may take at most.
const MOST_RSS_BYTES: u64 = 600 << 20;
/// How much longer answers may take, of a hundred all but one.
const MOST_SLOWER: f64 = 3.0;
/// Whoever looks at a map looks again after so long.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// What an honest service's people ask, and what is in the answer where they are not forgotten.
const QUESTIONS: [(&str, &str); 6] = [
    ("map", "shop-0-orders"),
    ("GetServiceGraph", "shop-0-orders"),
    ("GetTraceSummaries", "\"Id\""),
    ("GetTimeSeries", "\"OkCount\""),
    ("what is broken", "{"),
    ("alarms", "shop-0-orders"),
];
const TICK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_millis(100);

struct Options {
    flood: Duration,
    /// For how long the fleet is alone.
    quiet: Duration,
}

/// Of each question how long its answers took, in milliseconds.
type Times = Vec<(&'static str, Vec<f64>)>;

/// What became of documents that were sent.
#[derive(Default)]
struct Fate {
    taken: AtomicU64,
    /// Requests that were told to come back.
    told_to_wait: AtomicU64,
}

pub(crate) fn run(arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let options = Options::parse(arguments)?;
    let server = Server::start()?;
    fill(&server)?;
    let before = beside_fleet(&server, &Fate::default(), |_| {
        thread::sleep(options.quiet);
        Ok(())
    })?;
    let (flood, fleet) = (Fate::default(), Fate::default());
    let mut rss = Vec::new();
    let during = beside_fleet(&server, &fleet, |ended| {
        thread::scope(|scope| {
            let sender = scope.spawn(|| send_flood(&server, &flood, ended));
            let begin = Instant::now();
            while begin.elapsed() < options.flood && !sender.is_finished() {
                thread::sleep(TICK);
                rss.push(server.rss_bytes()? as f64);
            }
            ended.store(true, Ordering::Relaxed);
            sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    let status: Value =
        serde_json::from_str(&Connection::open(&server.http)?.get("/api/status")?.expect_ok()?)?;
    let parts =
        server.files()?.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "parquet")).count();
    let flooded = server.peak_rss_bytes()?;
    // What is not in parts yet is read again.
    let server = server.restart()?;
    let restarted = server.peak_rss_bytes()?;
    server.settle(Duration::from_secs(20))?;
    let after = beside_fleet(&server, &Fate::default(), |_| {
        thread::sleep(options.quiet);
        Ok(())
    })?;
    let peak = flooded.max(server.stop()?.peak_rss_bytes);
    rss.sort_by(f64::total_cmp);
    let mebibytes = |bytes: u64| bytes >> 20;
    writeln!(
        out,
        "documents of the flood  {} in {} s; {} requests were told to come back",
        flood.taken.load(Ordering::Relaxed),
        options.flood.as_secs(),
        flood.told_to_wait.load(Ordering::Relaxed)
    )?;
    writeln!(
        out,
        "documents of the fleet  {} meanwhile; {} requests were told to come back",
        fleet.taken.load(Ordering::Relaxed),
        fleet.told_to_wait.load(Ordering::Relaxed)
    )?;
    writeln!(
        out,
        "RSS                     at most {} MiB ({} MiB are allowed); {} MiB until the flood's end, half of the time below {:.0} MiB; \
         {} MiB when killed and ready again",
        mebibytes(peak),
        mebibytes(MOST_RSS_BYTES),
        mebibytes(flooded),
        percentile(&rss, 0.5) / f64::from(1 << 20),
        mebibytes(restarted)
    )?;
    writeln!(out, "parts                   {parts} at the flood's end")?;
    writeln!(out, "what the server says    {}", status["otherNames"].as_str().unwrap_or("nothing"))?;
    let slower = write_times(out, [&before, &during, &after])?;
    ensure!(peak <= MOST_RSS_BYTES, "the server took {} MiB", mebibytes(peak));
    ensure!(
        slower.is_empty(),
        "more than {MOST_SLOWER} times as slow as without the flood: {}",
        slower.join(", ")
    );
    Ok(())
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = Self { flood: Duration::from_secs(40), quiet: Duration::from_secs(30) };
        while let Some(argument) = arguments.next() {
            let mut seconds = || -> anyhow::Result<Duration> {
                let value =
                    arguments.next().with_context(|| format!("{argument} wants a number\n{USAGE}"))?;
                let value: u64 = value.parse().with_context(|| format!("read {argument}"))?;
                Ok(Duration::from_secs(value.clamp(1, LONGEST_SECONDS)))
            };
            match argument.as_str() {
                "--seconds" => options.flood = seconds()?,
                "--quiet" => options.quiet = seconds()?,
                other => bail!("{other} is not known\n{USAGE}"),
            }
        }
        Ok(options)
    }
}

/// What the fleet has done before, and an objective of one of its services, whose alarms are judged from then on.
fn fill(server: &Server) -> anyhow::Result<()> {
    let mut connection = Connection::open(&server.http)?;
    let mut fleet = Fleet::new(3);
    let mut documents = Vec::new();
    for _ in 0..HONEST_REQUESTS {
        fleet.request(Duration::ZERO, &mut documents);
        if documents.len() >= HONEST_BATCH {
            send(&mut connection, &documents, &Fate::default())?;
            documents.clear();
        }
    }
    let objective = json!({ "service": "shop-0-orders", "type": "AWS::ECS::Container", "percent": 99 });
    connection
        .post("/api/objectives", objective.to_string().as_bytes())?
        .expect_ok()
        .context("set an objective")?;
    server.settle(Duration::from_secs(20))
}

/// How long answers take while the fleet goes on and something is done.
fn beside_fleet(
    server: &Server,
    fate: &Fate,
    work: impl FnOnce(&AtomicBool) -> anyhow::Result<()>,
) -> anyhow::Result<Times> {
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let fleet = scope.spawn(|| send_fleet(server, fate, &ended));
        let asker = scope.spawn(|| ask(server, &ended));
        let worked = work(&ended);
        ended.store(true, Ordering::Relaxed);
        let joined = |end: thread::Result<anyhow::Result<Times>>| {
            end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let times = joined(asker.join())?;
        joined(fleet.join().map(|sent| sent.map(|()| Times::new())))?;
        worked.map(|()| times)
    })
}

/// Asks again and again; every question must be answered.
fn ask(server: &Server, ended: &AtomicBool) -> anyhow::Result<Times> {
    let mut connection = Connection::open(&server.http)?;
    let mut times: Times = QUESTIONS.map(|(name, _)| (name, Vec::new())).into();
    while !ended.load(Ordering::Relaxed) {
        for ((name, times), (_, known)) in times.iter_mut().zip(QUESTIONS) {
            let begin = Instant::now();
            let answer = question(&mut connection, name)?.expect_ok().context(*name)?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
            ensure!(answer.contains(known), "{name} does not know the honest service: {answer:.300}");
        }
        thread::sleep(LOOK_EVERY);
    }
    for (_, times) in &mut times {
        times.sort_by(f64::total_cmp);
    }
    Ok(times)
}

fn question(connection: &mut Connection, name: &str) -> anyhow::Result<Answer> {
    let now = now();
    let window = |key: &str, value: &str| {
        let mut input = json!({ "StartTime": now - 3_600.0, "EndTime": now + 60.0 });
        if !key.is_empty() {
            input[key] = json!(value);
        }
        input.to_string().into_bytes()
    };
    match name {
        "map" => connection.get(&of_the_last_minutes("/api/graph", 60, "")),
        "GetServiceGraph" => connection.post("/ServiceGraph", &window("", "")),
        "GetTraceSummaries" => {
            connection.post("/TraceSummaries", &window("FilterExpression", "service(\"shop-0-orders\")"))
        }
        "GetTimeSeries" => connection.post(
            "/TimeSeriesServiceStatistics",
            &window("EntitySelectorExpression", "service(\"shop-0-orders\")"),
        ),
        "what is broken" => connection.get(&of_the_last_minutes("/api/now", 60, "")),
        _ => connection.get("/api/alarms"),
    }
}

/// Writes half of the answers' times and all but one in a hundred of them; gives those questions that became too slow.
fn write_times(out: &mut impl Write, times: [&Times; 3]) -> anyhow::Result<Vec<&'static str>> {
    writeln!(
        out,
        "{:<20}{:>22}{:>22}{:>22}   p50; p99 in ms (answers)",
        "question", "before", "during", "after"
    )?;
    let mut slower = Vec::new();
    for (place, (name, before)) in times[0].iter().enumerate() {
        write!(out, "{name:<20}")?;
        for (_, sorted) in times.map(|times| &times[place]) {
            let figures =
                format!("{:.1}; {:.1} ({})", percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.len());
            write!(out, "{figures:>22}")?;
        }
        let [during, after] =
            [1, 2].map(|phase| percentile(&times[phase][place].1, 0.99) / percentile(before, 0.99));
        writeln!(out, "   {during:.1} and {after:.1} times")?;
        if during.max(after) > MOST_SLOWER {
            slower.push(*name);
        }
    }
    Ok(slower)
}

fn send_fleet(server: &Server, fate: &Fate, ended: &AtomicBool) -> anyhow::Result<()> {
    let mut connection = Connection::open(&server.http)?;
    let mut fleet = Fleet::new(5);
    let (begin, mut spans) = (Instant::now(), 0);
    while !ended.load(Ordering::Relaxed) {
        let mut documents = Vec::new();
        while (spans as f64) < begin.elapsed().as_secs_f64() * HONEST_SPANS_A_SECOND {
            spans += fleet.request(begin.elapsed(), &mut documents);
        }
        for some in documents.chunks(HONEST_BATCH) {
            send(&mut connection, some, fate)?;
        }
        thread::sleep(TICK);
    }
    Ok(())
}

fn send_flood(server: &Server, fate: &Fate, ended: &AtomicBool) -> anyhow::Result<()> {
    let mut connection = Connection::open(&server.http)?;
    let mut number = 1;
    while !ended.load(Ordering::Relaxed) {
        let documents: Vec<String> =
            (0..BATCH).map(|one| flood_document(number * BATCH + one).to_string()).collect();
        send(&mut connection, &documents, fate)?;
        number += 1;
    }
    Ok(())
}

/// Sends documents until they are taken.
fn send(connection: &mut Connection, documents: &[String], fate: &Fate) -> anyhow::Result<()> {
    let body = json!({ "TraceSegmentDocuments": documents }).to_string();
    loop {
        match connection.post("/TraceSegments", body.as_bytes())?.status {
            200 => break,
            429 | 503 => {
                fate.told_to_wait.fetch_add(1, Ordering::Relaxed);
                thread::sleep(PATIENCE);
            }
            other => bail!("PutTraceSegments is answered {other}"),
        }
    }
    fate.taken.fetch_add(documents.len() as u64, Ordering::Relaxed);
    Ok(())
}

/// A request whose service calls twenty names that nobody has seen.
fn flood_document(number: u64) -> Value {
    let start = now();
    let calls = (0..CALLEES).map(|call| {
        json!({
            "name": format!("svc-{number:x}-{call}"), "id": format!("{:016x}", (number << 8) | (call + 1)),
            "namespace": "remote", "start_time": start - 0.1, "end_time": start - 0.05,
        })
    });
    json!({
        "name": "loud", "id": format!("{:016x}", number << 8), "trace_id": trace_id(number),
        "start_time": start - 0.2, "end_time": start, "subsegments": calls.collect::<Vec<_>>(),
    })
}

fn trace_id(number: u64) -> String {
    format!("1-{:08x}-{number:024x}", now() as u64)
}
