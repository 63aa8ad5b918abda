//! `fluoro-bench cluster` (`make bench-cluster`): the same documents for the embedded store, for one process over ClickHouse and
//! PostgreSQL, and for two.
//!
//! Processor time is that of the servers from the first document until every answer has the last one; ClickHouse's is told apart,
//! its merges until then included. `scripts/clickhouse run` gives the servers.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::document::{SPANS_A_DOCUMENT, now};
use crate::http::Connection;
use crate::load::{put_batches, through_connections};
use crate::process::{Server, stat};
use crate::table::{Row, lines, thousands, times};
use crate::{step, visible};

const USAGE: &str = "fluoro-bench cluster [--spans N[,N...]]";
const DEFAULT_SPANS: usize = 1_000_000;
/// For everything that is under way when the last document is taken.
const LIMIT: Duration = Duration::from_secs(1_800);
/// Of each question.
const REQUESTS: usize = 100;
const PROBES: usize = 50;
const SIX_HOURS: f64 = 6.0 * 3_600.0;

/// What the servers are, from the environment that `scripts/clickhouse` makes.
struct Servers {
    clickhouse: String,
    /// Where it runs on this machine.
    clickhouse_id: Option<u32>,
    postgres: String,
}

/// What was measured of one system.
struct Measured {
    spans: u64,
    seconds: f64,
    fluoro_cpu: f64,
    clickhouse_cpu: Option<f64>,
    bytes: u64,
    /// Sorted milliseconds of each of [`QUESTIONS`].
    answers: Vec<Vec<f64>>,
    visible: visible::Visible,
}

const QUESTIONS: [&str; 4] =
    ["trace by id", "newest 100, annotation = value", "newest 100, service and fault", "map over 6 h"];

pub(crate) fn run(mut arguments: impl Iterator<Item = String>, out: &mut impl Write) -> anyhow::Result<()> {
    let sizes: Vec<usize> = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => vec![DEFAULT_SPANS],
        (Some("--spans"), Some(sizes)) => {
            sizes.split(',').map(str::parse).collect::<Result<_, _>>().context("read --spans")?
        }
        _ => anyhow::bail!("usage: {USAGE}"),
    };
    let servers = Servers::from_environment()?;
    for spans in sizes {
        step(&format!("{spans} spans in the embedded store"));
        let embedded = measure(vec![Server::start()?], None, spans)?;
        step("the same in ClickHouse, by one process");
        let one = measure(servers.start(1)?, servers.clickhouse_id, spans)?;
        step("the same by two");
        let two = measure(servers.start(2)?, servers.clickhouse_id, spans)?;
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        writeln!(
            out,
            "\n{} spans in documents of {SPANS_A_DOCUMENT}, on {} cores, with a load of {load} at the end:\n",
            thousands(embedded.spans as f64),
            std::thread::available_parallelism().map_or(0, usize::from),
        )?;
        out.write_all(lines(&rows([&embedded, &one, &two])).as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

impl Servers {
    fn from_environment() -> anyhow::Result<Self> {
        let variable = |name: &str| {
            std::env::var(name).with_context(|| format!("{name} is not set: use `make bench-cluster`"))
        };
        let id = std::env::var("FLUORO_TEST_CLICKHOUSE_PID").ok().and_then(|id| id.parse().ok());
        Ok(Self {
            clickhouse: variable("FLUORO_TEST_CLICKHOUSE")?,
            clickhouse_id: id,
            postgres: variable("FLUORO_TEST_POSTGRES")?,
        })
    }

    /// So many processes over databases of their own.
    fn start(&self, count: usize) -> anyhow::Result<Vec<Server>> {
        let name = format!("fluoro_bench_{}_{:x}", std::process::id(), rand::random::<u32>());
        let server = postgres::Server::parse(&format!("{}/postgres", self.postgres))?;
        tokio::runtime::Runtime::new().context("start the runtime")?.block_on(async {
            let client = server.connect().await?;
            client.batch_execute(&format!("CREATE DATABASE {name}")).await
        })?;
        let (store, settings) = (format!("{}/{name}", self.clickhouse), format!("{}/{name}", self.postgres));
        let arguments = ["--store", &store, "--settings", &settings, "--audit-log", "off"];
        (0..count).map(|_| Server::start_with(&arguments)).collect()
    }
}

fn measure(servers: Vec<Server>, clickhouse: Option<u32>, spans: usize) -> anyhow::Result<Measured> {
    let processors = || servers.iter().map(Server::cpu_seconds).sum::<anyhow::Result<f64>>();
    let of_clickhouse = || clickhouse.map(|id| stat(id).map(|(_, seconds)| seconds)).transpose();
    let documents = spans / SPANS_A_DOCUMENT as usize;
    let (fluoro_before, clickhouse_before) = (processors()?, of_clickhouse()?);
    let (begin, first) = (Instant::now(), now());
    let batches = through_connections(|number| {
        let host = &servers[number % servers.len()].http;
        put_batches(host, number, documents / crate::load::CONNECTIONS)
    })?;
    let sent: usize = batches.iter().sum();
    for server in &servers {
        digested(server, sent as u64)?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let fluoro_cpu = processors()? - fluoro_before;
    let clickhouse_cpu = match (of_clickhouse()?, clickhouse_before) {
        (Some(after), Some(before)) => Some(after - before),
        _ => None,
    };
    let answers = ask(&servers[0], first)?;
    let visible = visible::measure(&servers[0], PROBES)?;
    let mut bytes = status(&servers[0])?["store"]["bytes"].as_f64().unwrap_or_default() as u64;
    for server in servers {
        let costs = server.stop()?;
        // The embedded store writes the rest of its parts when it ends.
        if clickhouse.is_none() {
            bytes = costs.part_bytes.values().sum();
        }
    }
    let spans = sent as u64 * SPANS_A_DOCUMENT;
    Ok(Measured { spans, seconds, fluoro_cpu, clickhouse_cpu, bytes, answers, visible })
}

fn status(server: &Server) -> anyhow::Result<Value> {
    let answer = Connection::open(&server.http)?.get("/api/status")?.expect_ok()?;
    serde_json::from_str(&answer).context("read the status")
}

/// Waits until so many documents are in every answer.
fn digested(server: &Server, documents: u64) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let status = status(server)?;
        let kept = status["store"]["documents"].as_u64().unwrap_or_default();
        if kept >= documents && status["queue"]["behind"] == 0 {
            return Ok(());
        }
        ensure!(begin.elapsed() < LIMIT, "after {LIMIT:?} not everything was digested: {status}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn ask(server: &Server, since: f64) -> anyhow::Result<Vec<Vec<f64>>> {
    let mut connection = Connection::open(&server.http)?;
    let to = (now() + 1.0) * 1e3;
    let range = format!("from={:.0}&to={to:.0}", (since - 60.0) * 1e3);
    let page = connection.get(&format!("/api/traces?{range}&overview=false&limit=1000"))?.expect_ok()?;
    let page: Value = serde_json::from_str(&page).context("read a page of traces")?;
    let ids: Vec<&str> =
        page["traces"].as_array().into_iter().flatten().filter_map(|row| row["id"].as_str()).collect();
    ensure!(ids.len() >= REQUESTS, "there are only {} traces", ids.len());
    let newest = |filter: &str| format!("/api/traces?{range}&overview=false&limit=100&filter={filter}");
    let path = |what: usize, number: usize| match what {
        0 => format!("/api/traces/{}", ids[number * ids.len() / REQUESTS]),
        1 => newest(&format!("annotation.tenant%20%3D%20%22tenant-{number}%22")),
        2 => newest(&format!("service(%22service-{}%22)%20AND%20fault", number % 12)),
        // Each of another length, since an answer is given again for a moment.
        _ => format!("/api/graph?from={:.0}&to={to:.0}", to - SIX_HOURS * 1e3 + number as f64 * 60e3),
    };
    let mut answers = Vec::new();
    for what in 0..QUESTIONS.len() {
        let mut times = Vec::with_capacity(REQUESTS);
        for number in 0..REQUESTS {
            let path = path(what, number);
            let begin = Instant::now();
            connection.get(&path)?.expect_ok().context(path)?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        answers.push(times);
    }
    Ok(answers)
}

fn rows(measured: [&Measured; 3]) -> Vec<Row> {
    let row = |what: &str, tell: &dyn Fn(&Measured) -> String| {
        let [embedded, one, two] = measured.map(tell);
        [what.to_owned(), embedded, one, two]
    };
    let spans = |measured: &Measured| measured.spans as f64;
    let mut rows = vec![
        ["", "embedded", "ClickHouse, 1 process", "2 processes"].map(str::to_owned),
        row("bytes a span", &|one| format!("{:.1}", one.bytes as f64 / spans(one))),
        row("spans a second of wall time", &|one| thousands(spans(one) / one.seconds)),
        row("spans a CPU-second of Fluoro", &|one| thousands(spans(one) / one.fluoro_cpu.max(0.01))),
        row("CPU-microseconds of Fluoro a span", &|one| format!("{:.1}", one.fluoro_cpu * 1e6 / spans(one))),
        row("spans a CPU-second of ClickHouse", &|one| {
            one.clickhouse_cpu.map_or("-".to_owned(), |seconds| thousands(spans(one) / seconds.max(0.01)))
        }),
    ];
    for (number, what) in QUESTIONS.into_iter().enumerate() {
        rows.push(row(&format!("{what}, p50; p99"), &|one| times(&one.answers[number])));
    }
    rows.push(row("visible after, by id", &|one| times(&one.visible.trace)));
    rows.push(row("visible after, in searches", &|one| times(&one.visible.summaries)));
    rows.push(row("visible after, in the map", &|one| times(&one.visible.graph)));
    rows
}
