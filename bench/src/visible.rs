//! How long a segment takes from its acknowledgement to the answers of queries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::document::{now, probe};
use crate::http::Connection;
use crate::load::send_paced;
use crate::process::Server;

const LIMIT: Duration = Duration::from_secs(10);

/// Sorted milliseconds.
pub(crate) struct Visible {
    pub(crate) trace: Vec<f64>,
    pub(crate) summaries: Vec<f64>,
    pub(crate) graph: Vec<f64>,
}

/// As [`measure`], while other documents come in by UDP.
pub(crate) fn measure_under_load(server: &Server, probes: usize, rate: f64) -> anyhow::Result<Visible> {
    let has_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let sender = scope.spawn(|| send_paced(&server.udp, rate, |_| !has_ended.load(Ordering::Relaxed)));
        // The first second is the server's warming up.
        thread::sleep(Duration::from_secs(1));
        let visible = measure(server, probes);
        has_ended.store(true, Ordering::Relaxed);
        match sender.join() {
            Ok(sent) => sent.and(visible),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Puts one segment at a time, each of a service of its own, and asks for it without a pause.
pub(crate) fn measure(server: &Server, probes: usize) -> anyhow::Result<Visible> {
    let mut connection = Connection::open(&server.http)?;
    let mut random = StdRng::seed_from_u64(99);
    measure_probes(server, probes, |service| {
        let (trace_id, document) = probe(service, &mut random);
        let body = serde_json::json!({ "TraceSegmentDocuments": [document] }).to_string();
        connection.post("/TraceSegments", body.as_bytes())?.expect_ok()?;
        Ok(trace_id)
    })
}

/// The same by whatever `send` sends of a service, and acknowledges with the id of its trace.
pub(crate) fn measure_probes(
    server: &Server,
    probes: usize,
    mut send: impl FnMut(&str) -> anyhow::Result<String>,
) -> anyhow::Result<Visible> {
    let mut connection = Connection::open(&server.http)?;
    let mut visible = Visible { trace: Vec::new(), summaries: Vec::new(), graph: Vec::new() };
    for number in 0..probes {
        let service = format!("probe-{number}");
        let trace_id = send(&service)?;
        let acknowledged = Instant::now();
        let window = format!("\"StartTime\":{:.0},\"EndTime\":{:.0}", now() - 60.0, now() + 60.0);

        let body = format!("{{\"TraceIds\":[\"{trace_id}\"]}}");
        visible.trace.push(wait(&mut connection, acknowledged, "/Traces", &body, &service)?);
        let body = format!("{{{window},\"FilterExpression\":\"service(\\\"{service}\\\")\"}}");
        visible.summaries.push(wait(&mut connection, acknowledged, "/TraceSummaries", &body, &trace_id)?);
        let body = format!("{{{window}}}");
        visible.graph.push(wait(
            &mut connection,
            acknowledged,
            "/ServiceGraph",
            &body,
            &format!("\"{service}\""),
        )?);
    }
    for times in [&mut visible.trace, &mut visible.summaries, &mut visible.graph] {
        times.sort_by(f64::total_cmp);
    }
    Ok(visible)
}

fn wait(
    connection: &mut Connection,
    since: Instant,
    path: &str,
    body: &str,
    wanted: &str,
) -> anyhow::Result<f64> {
    loop {
        let answer = connection.post(path, body.as_bytes())?.expect_ok()?;
        let waited = since.elapsed();
        if answer.contains(wanted) {
            return Ok(waited.as_secs_f64() * 1000.0);
        }
        ensure!(waited < LIMIT, "{wanted} did not become visible in {path} within {LIMIT:?}");
    }
}

/// The value below which `share` of the sorted values lie.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_a_value_that_was_seen() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        let check = |share: f64, expected: f64| assert_eq!(percentile(&values, share), expected);
        check(0.5, 100.0);
        check(0.99, 198.0);
        check(1.0, 200.0);
    }
}
