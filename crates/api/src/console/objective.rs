//! `/api/objectives`: how many requests of a service are to go well, and how much of what may fail is left.
//!
//! An objective is its alarms; which it is stands in a tag of the composite alarm that tells of it.

mod entry;

use alert::alarm::{Alarm, Watched};
use alert::objective::Objective;
use axum::Json;
use axum::extract::{Path, State};
use model::group;
use serde::Deserialize;
use settings::{AlarmRecord, Tags};

use crate::app::budget::{Counts, Service};
use crate::app::{App, Shared};
use crate::cloudwatch::change;
use crate::error::Problem;
use crate::params::JsonBody;
use crate::shape::stats::millis_at;
use crate::shape::{ObjectiveEntry, ObjectiveList};

/// The tag, whose value is the percentage.
const TAG: &str = "fluoro:objective";
const MAX_OBJECTIVES: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectiveRequest {
    service: String,
    #[serde(rename = "type")]
    node_type: Option<String>,
    /// An operation that clients ask of it, such as `GET /cart/{id}`; all of them where there is none.
    entry: Option<String>,
    percent: f64,
    /// Names of notifiers.
    #[serde(default)]
    notifiers: Vec<String>,
}

pub(crate) async fn list(State(app): State<Shared>) -> Result<Json<ObjectiveList>, Problem> {
    let state = app.deps.settings.snapshot();
    let mut objectives = Vec::new();
    for record in state.alarms.values() {
        if let Some(objective) = objective(&app, record) {
            objectives.push(entry(&app, record, &objective).await?);
        }
    }
    Ok(Json(ObjectiveList { objectives }))
}

/// Makes the alarms of an objective, or replaces them.
pub(crate) async fn put(
    State(app): State<Shared>,
    JsonBody(request): JsonBody<ObjectiveRequest>,
) -> Result<Json<ObjectiveList>, Problem> {
    let ObjectiveRequest { service, node_type, entry, percent, notifiers } = request;
    // The longest of the names that alarms get has 255 characters at most, as CloudWatch's have.
    let length = service.chars().count() + entry.as_ref().map_or(0, |entry| entry.chars().count() + 4);
    let mut characters = service.chars().chain(entry.iter().flat_map(|entry| entry.chars()));
    if service.is_empty() || length > 200 || characters.any(char::is_control) {
        let text = "service and entry must have 1 to 200 characters together, and none that controls";
        return Err(Problem::bad_request(text));
    }
    let state = app.deps.settings.snapshot();
    let count = state.alarms.values().filter(|record| objective(&app, record).is_some()).count();
    if count >= MAX_OBJECTIVES {
        return Err(Problem::bad_request(format!(
            "there are {MAX_OBJECTIVES} objectives, which is as many as there may be"
        )));
    }
    let known = app.deps.notify.notifiers();
    if let Some(unknown) = notifiers.iter().find(|name| known.get(name).is_none()) {
        return Err(Problem::bad_request(format!("there is no notifier {unknown:?}")));
    }
    let actions: Vec<String> = notifiers.iter().map(|name| known.topic_arn(name)).collect();
    let group = match &entry {
        Some(entry) => entry::group(&service, entry),
        None => group::DEFAULT.to_owned(),
    };
    let objective = Objective { group, service, node_type, entry, percent };
    let alarms = objective.alarms(&actions).map_err(|error| Problem::bad_request(error.to_string()))?;
    // The group comes after all that can be refused before, and goes again if the alarms are refused.
    let has_made_group = match &objective.entry {
        Some(entry) => entry::make_group(&app, &objective.service, entry).await?,
        None => false,
    };
    let group = objective.group.clone();
    let main = objective.name();
    let changed = change(&app, move |desk, now| {
        for alarm in alarms {
            let tags = if alarm.name() == main {
                Tags::from([(TAG.to_owned(), objective.percent.to_string())])
            } else {
                Tags::new()
            };
            desk.put(&alarm, tags, now)?;
        }
        Ok(())
    })
    .await;
    if let (Err(_), true) = (&changed, has_made_group) {
        entry::forget_group(&app, &group).await?;
    }
    changed?;
    list(State(app)).await
}

/// Removes its alarms.
pub(crate) async fn delete(
    State(app): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<ObjectiveList>, Problem> {
    let state = app.deps.settings.snapshot();
    let record = state.alarm(&name).filter(|record| objective(&app, record).is_some());
    let Some(record) = record else {
        return Err(Problem::not_found(format!("there is no objective {name:?}")));
    };
    let Some(objective) = objective(&app, record) else {
        return Err(Problem::not_found(format!("there is no objective {name:?}")));
    };
    let alarms = objective.alarms(&[]).map_err(|error| Problem::bad_request(error.to_string()))?;
    let names: Vec<String> = alarms.iter().map(|alarm| alarm.name().to_owned()).collect();
    change(&app, move |desk, now| desk.delete(&names, now)).await?;
    if objective.entry.is_some() {
        entry::forget_group(&app, &objective.group).await?;
    }
    list(State(app)).await
}

/// Which objective an alarm tells of, where it does.
fn objective(app: &App, record: &AlarmRecord) -> Option<Objective> {
    let state = app.deps.settings.snapshot();
    let Alarm::Composite(composite) = &record.alarm else { return None };
    let arn = app.deps.alarms.place().arn(&composite.head.name);
    let percent = state.tags.get(&arn)?.get(TAG)?.parse::<f64>().ok()?;
    // The first of its windows says of which service it is.
    let children = app.deps.alarms.children(&record.alarm);
    let watched = children.iter().find_map(|child| match &state.alarm(child)?.alarm {
        Alarm::Metric(alarm) => Some(alarm.watched.clone()),
        Alarm::Composite(_) => None,
    })?;
    let Watched::Queries(queries) = watched else { return None };
    let metric = &queries.iter().find_map(alert::alarm::Query::stat)?.metric;
    let text = |name: &str| metric.dimension(name).map(ToOwned::to_owned);
    let service = text("ServiceName")?;
    let entry = Objective::entry_in(record.alarm.name(), percent, &service).map(ToOwned::to_owned);
    Some(Objective { group: text("GroupName")?, node_type: text("ServiceType"), service, entry, percent })
}

async fn entry(app: &App, record: &AlarmRecord, objective: &Objective) -> Result<ObjectiveEntry, Problem> {
    // Of a service whose type nobody said, all of its name, as its alarms see it.
    let group = app.deps.settings.snapshot().groups.get(&objective.group).map(|record| record.key.clone());
    let service = Service {
        group: group.unwrap_or_else(|| objective.group.clone()),
        name: objective.service.clone(),
        kind: objective.node_type.clone(),
    };
    let now = app.deps.clock.now();
    let Counts { requests, failing } = app.budgets.of(&service, now, &*app.deps.store, &app.scans).await?;
    let standing = app.deps.alarms.standing(record.alarm.name(), record.created);
    Ok(ObjectiveEntry {
        name: record.alarm.name().to_owned(),
        service: objective.service.clone(),
        node_type: objective.node_type.clone(),
        entry: objective.entry.clone(),
        percent: objective.percent,
        requests: requests.max(0) as f64,
        failing: failing.max(0) as f64,
        left: objective.left(requests as f64, failing as f64),
        state: standing.state.name().to_owned(),
        since: millis_at(standing.transitioned),
    })
}
