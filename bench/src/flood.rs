//! `fluoro-bench flood`: services that name themselves and their callees anew with each request, which is a mistake that teams
//! make with SDKs, beside honest ones. It talks to loopback alone, and to a server that it starts itself.
//!
//! What must hold: the server's memory stays bounded, and what honest services ask is answered about as fast as without it.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::http::Connection;
use crate::process::Server;

/// Documents of a request; each of them calls as many names that were never seen.
const BATCH: u64 = 300;
const CALLEES: u64 = 20;
const DEFAULT_SECONDS: u64 = 40;
const LONGEST_SECONDS: u64 = 3_600;
/// How much memory the server may take at most.
const MOST_RSS_BYTES: u64 = 600 << 20;
const QUESTIONS: usize = 20;

pub(crate) fn run(mut arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let mut seconds = DEFAULT_SECONDS;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                let value = arguments.next().context("--seconds wants a number")?;
                seconds = value.parse::<u64>().context("read --seconds")?.clamp(1, LONGEST_SECONDS);
            }
            other => bail!("{other} is not known; usage: fluoro-bench flood [--seconds 40]"),
        }
    }
    let server = Server::start()?;
    let mut sender = Connection::open(&server.http)?;
    honest(&mut sender, 0)?;
    server.settle(Duration::from_secs(3))?;
    let before = ask(&server)?;
    let (begin, mut number) = (Instant::now(), 1);
    let (mut taken, mut told_to_wait) = (0, 0);
    while begin.elapsed() < Duration::from_secs(seconds) {
        let body = batch((0..BATCH).map(|one| flood_document(number * BATCH + one)));
        let status = sender.post("/TraceSegments", body.as_bytes())?.status;
        match status {
            200 => taken += BATCH,
            429 | 503 => {
                told_to_wait += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
            other => bail!("PutTraceSegments is answered {other}"),
        }
        honest(&mut sender, number)?;
        number += 1;
    }
    let during = ask(&server)?;
    let status: Value =
        serde_json::from_str(&Connection::open(&server.http)?.get("/api/status")?.expect_ok()?)?;
    let flooded = server.peak_rss_bytes()?;
    // What is not in parts yet is read again.
    let server = server.restart()?;
    let restarted = server.peak_rss_bytes()?;
    server.settle(Duration::from_secs(20))?;
    let after = ask(&server)?;
    let peak = flooded.max(server.stop()?.peak_rss_bytes);
    writeln!(
        out,
        "documents of the flood  {taken} in {seconds} s; {told_to_wait} requests were told to come back"
    )?;
    writeln!(
        out,
        "peak RSS                {} MiB (at most {} MiB); {} MiB until the flood's end, {} MiB when killed and ready again",
        peak >> 20,
        MOST_RSS_BYTES >> 20,
        flooded >> 20,
        restarted >> 20
    )?;
    writeln!(out, "what the server says    {}", status["otherNames"].as_str().unwrap_or("nothing"))?;
    writeln!(out, "question               before       during        after   (slowest of {QUESTIONS}, ms)")?;
    for ((name, before), (during, after)) in before.iter().zip(during.iter().zip(&after)) {
        let millis = |length: &Duration| length.as_secs_f64() * 1e3;
        writeln!(
            out,
            "{name:<18} {:>10.1} {:>12.1} {:>12.1}",
            millis(before),
            millis(&during.1),
            millis(&after.1)
        )?;
    }
    ensure!(peak <= MOST_RSS_BYTES, "the server took {} MiB", peak >> 20);
    Ok(())
}

/// The slowest answer to each question that an honest service's people ask; every one must be an answer.
fn ask(server: &Server) -> anyhow::Result<Vec<(&'static str, Duration)>> {
    let mut connection = Connection::open(&server.http)?;
    let now = now();
    let window = |more: Value| {
        let mut input = json!({ "StartTime": now - 3_600.0, "EndTime": now + 60.0 });
        if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
            input.extend(more);
        }
        input.to_string()
    };
    let questions = [
        ("GetServiceGraph", "/ServiceGraph", window(json!({}))),
        (
            "GetTraceSummaries",
            "/TraceSummaries",
            window(json!({ "FilterExpression": "service(\"honest\")" })),
        ),
        (
            "GetTimeSeries",
            "/TimeSeriesServiceStatistics",
            window(json!({ "EntitySelectorExpression": "service(\"honest\")" })),
        ),
        ("alarms", "/api/alarms", String::new()),
    ];
    let mut slowest = Vec::new();
    for (name, path, body) in questions {
        let mut longest = Duration::ZERO;
        for _ in 0..QUESTIONS {
            let begin = Instant::now();
            let answer = match body.is_empty() {
                true => connection.get(path)?,
                false => connection.post(path, body.as_bytes())?,
            };
            let answer = answer.expect_ok().context(name)?;
            longest = longest.max(begin.elapsed());
            ensure!(
                ["honest", "\"OkCount\"", "\"alarms\""].iter().any(|known| answer.contains(known)),
                "{name} does not know the honest service: {answer:.300}"
            );
        }
        slowest.push((name, longest));
    }
    Ok(slowest)
}

fn honest(connection: &mut Connection, number: u64) -> anyhow::Result<()> {
    let start = now();
    let document = json!({
        "name": "honest", "id": format!("{:016x}", number + 1), "trace_id": trace_id(u64::MAX - number),
        "start_time": start - 0.1, "end_time": start,
    });
    let status = connection.post("/TraceSegments", batch([document].into_iter()).as_bytes())?.status;
    ensure!(matches!(status, 200 | 429 | 503), "PutTraceSegments is answered {status}");
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

fn batch(documents: impl Iterator<Item = Value>) -> String {
    json!({ "TraceSegmentDocuments": documents.map(|document| document.to_string()).collect::<Vec<_>>() })
        .to_string()
}

fn trace_id(number: u64) -> String {
    format!("1-{:08x}-{number:024x}", now() as u64)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
