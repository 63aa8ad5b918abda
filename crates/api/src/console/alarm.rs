//! `/api/alarms`: alarms for the console: what they watch in words, made and changed, tried out over what is stored, acknowledged.

use alert::Comparison;
use alert::alarm::{Alarm, MetricAlarm, Source, Standing, Watched};
use alert::mute;
use alert::step::Observation;
use axum::Json;
use axum::extract::{Path, State};
use model::{TimeRange, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use settings::{AlarmRecord, MAX_ALARMS, MuteRecord, Tags};
use watch::DryRun;

use crate::app::{App, Shared};
use crate::cloudwatch::alarm::metric_alarm;
use crate::cloudwatch::change;
use crate::cloudwatch::composite::composite;
use crate::cloudwatch::shape::alarm_shape;
use crate::error::Problem;
use crate::front::input::read;
use crate::front::json;
use crate::params::JsonBody;
use crate::shape::stats::millis_at;
use crate::shape::{
    AlarmAcknowledgement, AlarmDryRun, AlarmEntry, AlarmList, AlarmMute, AlarmPoint, AlarmTransition,
    MuteEntry, MuteList,
};

/// As far as a dry run looks back.
const MAX_DAYS: f64 = 366.0;
/// Values and changes of one answer; more than these nobody reads, and no chart draws.
const MAX_POINTS: usize = 1_500;
const MAX_TRANSITIONS: usize = 1_000;
const DAY_MILLIS: f64 = 86_400_000.0;
/// An alarm that comes and goes so often in a day is noise.
const FLAPPING_A_DAY: f64 = 24.0;

pub(crate) async fn list(State(app): State<Shared>) -> Json<AlarmList> {
    let state = app.deps.settings.snapshot();
    let alarms = state.alarms.values().map(|record| entry(&app, record)).collect();
    Json(AlarmList { alarms, limit: MAX_ALARMS })
}

pub(crate) async fn show(
    State(app): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<AlarmEntry>, Problem> {
    one(&app, &name).map(Json)
}

fn one(app: &App, name: &str) -> Result<AlarmEntry, Problem> {
    let state = app.deps.settings.snapshot();
    let record =
        state.alarm(name).ok_or_else(|| Problem::not_found(format!("there is no alarm {name:?}")))?;
    Ok(entry(app, record))
}

/// Takes what PutMetricAlarm or, where there is a rule, PutCompositeAlarm takes; the name is the path's.
pub(crate) async fn put(
    State(app): State<Shared>,
    Path(name): Path<String>,
    JsonBody(mut definition): JsonBody<Value>,
) -> Result<Json<AlarmEntry>, Problem> {
    let object =
        definition.as_object_mut().ok_or_else(|| Problem::bad_request("the body must be an object"))?;
    object.insert("AlarmName".to_owned(), Value::String(name.clone()));
    let is_composite = object.contains_key("AlarmRule");
    let tree = json::tree(definition);
    let alarm = if is_composite {
        read(&tree, composite).map(Alarm::Composite)
    } else {
        read(&tree, metric_alarm).map(Alarm::Metric)
    };
    let alarm = alarm?;
    change(&app, move |alarms, now| alarms.put(&alarm, Tags::new(), now)).await?;
    one(&app, &name).map(Json)
}

pub(crate) async fn delete(
    State(app): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<AlarmEntry>, Problem> {
    let gone = one(&app, &name)?;
    change(&app, move |alarms, now| alarms.delete(&[name], now)).await?;
    Ok(Json(gone))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Acknowledge {
    name: String,
    #[serde(default)]
    note: String,
}

/// Somebody, by name, looks after an alarm that fires.
pub(crate) async fn acknowledge(
    State(app): State<Shared>,
    Path(alarm): Path<String>,
    JsonBody(Acknowledge { name, note }): JsonBody<Acknowledge>,
) -> Result<Json<AlarmEntry>, Problem> {
    let is_short = |text: &str, most: usize| text.chars().count() <= most;
    if name.trim().is_empty() || !is_short(&name, 100) || !is_short(&note, 1_000) {
        return Err(Problem::bad_request("name must have 1 to 100 characters, and note at most 1,000"));
    }
    let of = alarm.clone();
    change(&app, move |alarms, now| alarms.acknowledge(&of, name, note, now)).await?;
    one(&app, &alarm).map(Json)
}

#[derive(Debug, Deserialize)]
pub(crate) struct DryRunRequest {
    alarm: Value,
    from: f64,
    to: f64,
}

/// When an alarm would have fired in what is stored.
pub(crate) async fn dry_run(
    State(app): State<Shared>,
    JsonBody(request): JsonBody<DryRunRequest>,
) -> Result<Json<AlarmDryRun>, Problem> {
    let DryRunRequest { alarm, from, to } = request;
    let days = (to - from) / DAY_MILLIS;
    if !(days > 0.0 && days <= MAX_DAYS) {
        return Err(Problem::bad_request(format!("from must be before to, by at most {MAX_DAYS} days")));
    }
    let alarm = read(&json::tree(alarm), metric_alarm)?;
    let at = |millis: f64| Timestamp::from_seconds(millis / 1_000.0);
    let range = TimeRange::new(at(from), at(to).min(app.deps.clock.now()));
    let _turn = app.scans.acquire().await;
    let run = app.deps.metrics.dry_run(&alarm, range).await?;
    Ok(Json(told(&alarm, &run, days)))
}

fn told(alarm: &MetricAlarm, run: &DryRun, days: f64) -> AlarmDryRun {
    let fired = run.transitions.iter().filter(|step| step.to == alert::State::Alarm).count();
    let mut flags = Vec::new();
    if run.points.iter().all(|point| point.value.is_none()) {
        flags.push("it matches nothing in this time".to_owned());
    } else if fired == 0 {
        flags.push("it would never have fired".to_owned());
    } else if run.periods[1] == run.points.len() {
        flags.push("it would have fired all the time".to_owned());
    }
    if run.transitions.len() as f64 > FLAPPING_A_DAY * days.max(1.0) {
        flags.push(format!("it would have changed its state {} times", run.transitions.len()));
    }
    let transitions = run.transitions.iter().take(MAX_TRANSITIONS).map(|step| AlarmTransition {
        at: millis_at(step.at),
        from: step.from.name().to_owned(),
        to: step.to.name().to_owned(),
        reason: step.reason.clone(),
    });
    let points =
        run.points.chunks(run.points.len().div_ceil(MAX_POINTS).max(1)).map(|some| worst(alarm, some));
    AlarmDryRun {
        alarms: fired,
        periods: run.periods,
        period_seconds: 60 * alarm.period_minutes(),
        transitions: transitions.collect(),
        points: points.collect(),
        flags,
    }
}

/// Of some periods in a row the value that is nearest to firing, or furthest beyond.
fn worst(alarm: &MetricAlarm, points: &[Observation]) -> AlarmPoint {
    let is_low =
        matches!(alarm.comparison, Comparison::LessThanThreshold | Comparison::LessThanOrEqualToThreshold);
    let values = points.iter().filter_map(|point| point.value);
    let value = if is_low { values.reduce(f64::min) } else { values.reduce(f64::max) };
    AlarmPoint { at: points.first().map_or(0.0, |point| millis_at(point.at)), value }
}

fn entry(app: &App, record: &AlarmRecord) -> AlarmEntry {
    let alarms = &app.deps.alarms;
    let standing: Standing = alarms.standing(record.alarm.name(), record.created);
    let acknowledged = standing.acknowledged.clone().map(|acknowledged| AlarmAcknowledgement {
        by: acknowledged.by,
        note: acknowledged.note,
        at: millis_at(acknowledged.at),
    });
    AlarmEntry {
        name: record.alarm.name().to_owned(),
        state: standing.state.name().to_owned(),
        kind: record.alarm.type_name().to_owned(),
        reason: standing.reason.clone(),
        since: millis_at(standing.transitioned),
        watches: watches(&record.alarm),
        muted: muted(app, record.alarm.name()),
        acknowledged,
        definition: json::value(&alarm_shape(alarms.place(), record, &standing)),
    }
}

/// The mute rule that keeps its actions back for the longest time from now on.
fn muted(app: &App, alarm: &str) -> Option<AlarmMute> {
    let (state, now) = (app.deps.settings.snapshot(), app.deps.clock.now());
    let of_alarm = state.mutes.values().map(|record| &record.rule);
    let of_alarm = of_alarm.filter(|rule| rule.targets.iter().any(|target| target == alarm));
    let open = of_alarm.filter_map(|rule| Some((mute::until(rule, now)?, rule)));
    let (until, rule) = open.max_by_key(|(until, _)| *until)?;
    Some(AlarmMute { rule: rule.name.clone(), until: millis_at(until) })
}

/// `GET /api/mutes`.
pub(crate) async fn mutes(State(app): State<Shared>) -> Json<MuteList> {
    let (state, now) = (app.deps.settings.snapshot(), app.deps.clock.now());
    let entry = |record: &MuteRecord| {
        let rule = record.rule.clone();
        MuteEntry {
            status: mute::status(&rule, now).name().to_owned(),
            until: mute::until(&rule, now).map(millis_at),
            name: rule.name,
            description: rule.description,
            alarms: rule.targets,
            expression: rule.expression,
            duration: rule.duration,
            timezone: rule.timezone,
        }
    };
    Json(MuteList { mutes: state.mutes.values().map(entry).collect() })
}

/// `Sum of FaultCount of payments greater than 5.0 in 2 of 3 periods of 60 s`.
fn watches(alarm: &Alarm) -> String {
    let alarm = match alarm {
        Alarm::Composite(composite) => return composite.rule.clone(),
        Alarm::Metric(alarm) => alarm,
    };
    let stats = alarm.stats();
    let Some(stat) = stats.first() else { return String::new() };
    let of = ["ServiceName", "Service"].iter().find_map(|name| stat.metric.dimension(name));
    let of = of.map_or_else(String::new, |name| format!(" of {name}"));
    let what = match &alarm.watched {
        Watched::Metric(_) => format!("{} of {}{of}", stat.statistic, stat.metric.name),
        Watched::Queries(queries) => {
            let Some(returned) = queries.iter().find(|query| query.returns.unwrap_or(true)) else {
                return String::new();
            };
            match (&returned.source, &returned.label) {
                (_, Some(label)) => format!("{label}{of}"),
                (Source::Stat(stat), None) => format!("{} of {}{of}", stat.statistic, stat.metric.name),
                (Source::Expression { text, .. }, None) => format!("{text}{of}"),
            }
        }
    };
    let threshold = alarm.threshold();
    let (needed, periods, seconds) = (threshold.needed, threshold.periods, alarm.period_seconds());
    let words = threshold.comparison.words();
    format!("{what} {words} {:?} in {needed} of {periods} periods of {seconds} s", threshold.value)
}
