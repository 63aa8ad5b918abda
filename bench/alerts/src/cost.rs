//! What alarms cost, in processor time.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use alert::alarm::{Head, Metric, MetricAlarm, MetricStat, Watched};
use alert::step::step;
use alert::{Comparison, State};
use anyhow::Context;
use model::minute::{MinuteKey, MinuteRow, Stats, Subject};
use model::segment::{Outcome, Sequence};
use model::{Micros, Minute, NodeKey, TimeRange, group};
use settings::{Account, Settings};
use store::{Commit, MemoryStore, TraceStore};
use store_local::LocalStore;
use watch::Reader;

const SERVICES: usize = 1_000;
const METRICS: [(&str, &str, &str); 5] = [
    ("AWS/X-Ray", "FaultRate", "Average"),
    ("AWS/X-Ray", "ResponseTime", "p99"),
    ("Fluoro", "RequestCount", "Sum"),
    ("Fluoro", "FaultCount", "Sum"),
    ("Fluoro", "ErrorCount", "Sum"),
];
const REQUESTS: u64 = 60;
const FIRST: i64 = 29_000_000;
const MINUTES: i64 = 30;
const MEASURED: i64 = 10;
const DAY_MINUTES: i64 = 24 * 60;
const YEAR_MINUTES: i64 = 365 * DAY_MINUTES;
/// One is asked of; the others lie beside it.
const SERVICES_ON_DISK: usize = 5;

pub(crate) fn run(out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("start a runtime")?;
    let minute = runtime.block_on(evaluated())?;
    let in_memory = runtime.block_on(async {
        let store = Arc::new(MemoryStore::new());
        write_year(&*store, 1).await?;
        dry_run(store).await
    })?;
    let folder = tempfile::tempdir().context("make a data directory")?;
    let open = || LocalStore::open(store_local::Config::new(folder.path()));
    let on_disk = tokio::runtime::Runtime::new().context("start a runtime")?.block_on(async {
        let store = open()?;
        write_year(&store, SERVICES_ON_DISK).await?;
        store.close().await?;
        let store = Arc::new(open()?);
        let cost = dry_run(Arc::clone(&store) as Arc<dyn TraceStore>).await?;
        store.close().await?;
        anyhow::Ok(cost)
    })?;
    writeln!(out, "\nprocessor time                                         measured      must")?;
    let metrics = METRICS.len();
    writeln!(
        out,
        "a minute of {SERVICES} services x {metrics} metrics, 3 periods each   {minute:>8.0} ms    200 ms"
    )?;
    for (store, (processor, passed)) in [("in memory", in_memory), ("embedded, reopened", on_disk)] {
        writeln!(
            out,
            "a dry run of one alarm over a year by the minute, {store:<18} {:>8.0} ms  2,000 ms; {:.0} ms passed",
            processor * 1e3,
            passed * 1e3
        )?;
    }
    Ok(())
}

fn node(number: usize) -> NodeKey {
    NodeKey { name: format!("service-{number}"), kind: Some("AWS::EC2::Instance".to_owned()), account: None }
}

fn alarm(namespace: &str, name: &str, statistic: &str, service: &str) -> MetricAlarm {
    let dimensions = vec![("ServiceName".to_owned(), service.to_owned())];
    let metric = Metric { namespace: namespace.to_owned(), name: name.to_owned(), dimensions };
    let statistic = statistic.to_owned();
    MetricAlarm {
        head: Head {
            name: format!("{name} of {service}"),
            description: None,
            actions_enabled: true,
            ok_actions: Vec::new(),
            alarm_actions: Vec::new(),
            insufficient_data_actions: Vec::new(),
        },
        watched: Watched::Metric(MetricStat { metric, period_seconds: 60, statistic, unit: None }),
        evaluation_periods: 3,
        datapoints_to_alarm: Some(2),
        threshold: 1e9,
        comparison: Comparison::GreaterThanThreshold,
        missing: None,
        low_samples: None,
    }
}

/// Milliseconds of a minute's evaluation: reading from a store in memory, and the steps.
async fn evaluated() -> anyhow::Result<f64> {
    let store = Arc::new(MemoryStore::new());
    let mut stats = Stats { presence: 60, ..Stats::default() };
    for request in 0..REQUESTS {
        stats.record(if request == 7 { Outcome::Fault } else { Outcome::Ok }, Micros(20_000 + 997 * request));
    }
    for minute in (FIRST..FIRST + MINUTES).map(Minute) {
        let rows = (0..SERVICES).map(|number| MinuteRow {
            key: MinuteKey { minute, group: group::DEFAULT.to_owned(), subject: Subject::Node(node(number)) },
            stats: stats.clone(),
        });
        let through = Sequence(minute.0.unsigned_abs()).into();
        let commit = Commit { through, minutes: rows.collect(), ..Commit::default() };
        store.commit(commit).await.context("write minutes")?;
    }
    let account = Account { id: "000000000000".to_owned(), region: "local".to_owned() };
    let settings = Settings::in_memory(account).context("make settings")?;
    let reader = Reader::new(store, settings);
    let alarms: Vec<MetricAlarm> = (0..SERVICES)
        .flat_map(|number| METRICS.map(|(space, name, of)| alarm(space, name, of, &node(number).name)))
        .collect();
    let watched: Vec<&MetricAlarm> = alarms.iter().collect();
    let mut begin = 0.0;
    for minute in (FIRST + MINUTES - MEASURED - 1..FIRST + MINUTES).map(Minute) {
        // The first one reads what a day had.
        if minute.0 == FIRST + MINUTES - MEASURED {
            begin = thread_seconds()?;
        }
        let observed = reader.observations(&watched, minute.end()).await.context("read minutes")?;
        let changes = alarms
            .iter()
            .zip(&observed)
            .filter_map(|(alarm, range)| step(alarm, range, State::InsufficientData, minute.end()));
        anyhow::ensure!(changes.count() == alarms.len(), "an alarm has no datapoints");
    }
    Ok((thread_seconds()? - begin) * 1e3 / MEASURED as f64)
}

/// A year of so many services by the minute.
async fn write_year(store: &dyn TraceStore, services: usize) -> anyhow::Result<()> {
    for day in 0..YEAR_MINUTES / DAY_MINUTES {
        let minutes = (day * DAY_MINUTES..(day + 1) * DAY_MINUTES).flat_map(|minute| {
            let fails = minute % 997 < 3;
            let mut stats = Stats::default();
            stats.record(if fails { Outcome::Fault } else { Outcome::Ok }, Micros(20_000));
            (1..=services).map(move |number| {
                let subject = Subject::Node(node(number));
                let key =
                    MinuteKey { minute: Minute(FIRST + minute), group: group::DEFAULT.to_owned(), subject };
                MinuteRow { key, stats: stats.clone() }
            })
        });
        let through = Sequence(day.unsigned_abs() + 1).into();
        let commit = Commit { through, minutes: minutes.collect(), ..Commit::default() };
        store.commit(commit).await.context("write minutes")?;
    }
    Ok(())
}

/// Processor and other seconds of a dry run over the year.
async fn dry_run(store: Arc<dyn TraceStore>) -> anyhow::Result<(f64, f64)> {
    let account = Account { id: "000000000000".to_owned(), region: "local".to_owned() };
    let reader = Reader::new(store, Settings::in_memory(account).context("make settings")?);
    let alarm = MetricAlarm { threshold: 0.5, ..alarm("Fluoro", "FaultCount", "Sum", "service-1") };
    let range = TimeRange::new(Minute(FIRST).start(), Minute(FIRST + YEAR_MINUTES).start());
    let (begin, began) = (process_seconds()?, Instant::now());
    let run = reader.dry_run(&alarm, range).await.context("try an alarm")?;
    let cost = (process_seconds()? - begin, began.elapsed().as_secs_f64());
    let fired = run.transitions.iter().filter(|step| step.to == State::Alarm).count();
    anyhow::ensure!(run.points.len() as i64 == YEAR_MINUTES && fired > 500, "fired {fired} times");
    Ok(cost)
}

/// Of all threads.
fn process_seconds() -> anyhow::Result<f64> {
    let threads = std::fs::read_dir("/proc/self/task").context("list the threads")?;
    // A thread may end meanwhile.
    let of = |path: std::path::PathBuf| scheduled(&std::fs::read_to_string(path.join("schedstat")).ok()?);
    Ok(threads.filter_map(|thread| of(thread.ok()?.path())).sum())
}

fn thread_seconds() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("read the thread's time")?;
    scheduled(&text).context("read the thread's time")
}

/// Seconds on a processor.
fn scheduled(schedstat: &str) -> Option<f64> {
    let nanoseconds = schedstat.split_whitespace().next()?.parse::<f64>().ok()?;
    Some(nanoseconds / 1e9)
}
