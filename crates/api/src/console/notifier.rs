//! `/api/notifiers` and `/api/deliveries`: whom to tell, a test of it, and what became of each message.
//!
//! Secrets come in and never go out: what is shown of them is a mask, which may be sent back to keep what it stands for.

use std::collections::BTreeMap;

use ::notify::notifier::{Kind, MASK, join, mask, secret_members, split};
use ::notify::send::Fate;
use ::notify::{Notifier, NotifierError};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::Extensions;
use serde_json::{Map, Value};
use settings::alerts::{Delivery, DeliveryState, TargetSummary};
use settings::{Alerts, NewNotifier, NotifierRecord, Settings};

use crate::app::{App, Shared};
use crate::auth::stop::may;
use crate::error::Problem;
use crate::params::{JsonBody, Params};
use crate::shape::stats::millis_at;
use crate::shape::{
    DeliveryEntry, DeliveryList, DeliveryParams, NotifierEntry, NotifierList, NotifierStatus, NotifierTest,
};

/// A notifier with a template.
pub(crate) const MAX_BODY: usize = 128 * 1024;
/// Of one page.
const MAX_DELIVERIES: usize = 100;

pub(crate) async fn list(State(app): State<Shared>) -> Result<Json<NotifierList>, Problem> {
    let summaries = alerts(&app, Alerts::targets).await?;
    let notifiers = app.deps.notify.notifiers();
    let state = app.deps.settings.snapshot();
    let entries = notifiers.names().into_iter().map(|name| {
        let status = status(&name, &summaries);
        match state.notifiers.get(&name).filter(|_| !notifiers.is_fixed(&name)) {
            Some(record) => entry(&app.deps.settings, record, status),
            None => fixed(&app, name, status),
        }
    });
    let notifiers = entries.collect();
    Ok(Json(NotifierList { notifiers, kinds: Kind::NAMES.map(str::to_owned).to_vec() }))
}

pub(crate) async fn create(
    State(app): State<Shared>,
    JsonBody(mut body): JsonBody<Map<String, Value>>,
) -> Result<Json<NotifierEntry>, Problem> {
    let name = take(&mut body, "name")?;
    put(app, name, body, false).await
}

pub(crate) async fn replace(
    State(app): State<Shared>,
    Path(name): Path<String>,
    JsonBody(mut body): JsonBody<Map<String, Value>>,
) -> Result<Json<NotifierEntry>, Problem> {
    if body.remove("name").is_some_and(|given| given != name.as_str()) {
        return Err(Problem::bad_request("a notifier keeps its name; make another one and delete this one"));
    }
    put(app, name, body, true).await
}

async fn put(
    app: Shared,
    name: String,
    mut body: Map<String, Value>,
    is_update: bool,
) -> Result<Json<NotifierEntry>, Problem> {
    not_fixed(&app, &name)?;
    // What `list` adds is taken back as it was shown, and means nothing.
    for shown in ["isFixed", "error", "status"] {
        body.remove(shown);
    }
    let settings = app.deps.settings.clone();
    let held = settings.snapshot().notifiers.get(&name).cloned();
    if is_update && held.is_none() {
        return Err(Problem::not_found(format!("there is no notifier {name}")));
    }
    let kind = match (body.contains_key("kind"), &held) {
        (false, Some(held)) if is_update => held.kind.clone(),
        _ => take(&mut body, "kind")?,
    };
    let now = app.deps.clock.now();
    let made = tokio::task::spawn_blocking(move || {
        let parts = split(&kind, body).map_err(|error| bad(&error))?;
        // A secret of another kind is no secret of this one.
        let held = held.filter(|held| is_update && held.kind == kind);
        let kept_secrets = held.map(|held| settings.secrets(&held)).transpose()?.unwrap_or_default();
        let mut secrets: BTreeMap<String, String> =
            kept_secrets.into_iter().filter(|(member, _)| parts.kept.contains(member)).collect();
        secrets.extend(parts.secrets);
        Notifier::parse(&name, &kind, &join(&parts.public, &secrets)).map_err(|error| bad(&error))?;
        let new = NewNotifier { name, kind, body: parts.public, secrets, kept: Vec::new() };
        let record = if is_update {
            settings.update_notifier(new, now)?
        } else {
            settings.create_notifier(new, now)?
        };
        Ok::<_, Problem>(entry(&settings, &record, status(&record.name, &BTreeMap::new())))
    });
    Ok(Json(made.await??))
}

pub(crate) async fn remove(
    State(app): State<Shared>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    not_fixed(&app, &name)?;
    let settings = app.deps.settings.clone();
    tokio::task::spawn_blocking(move || settings.delete_notifier(&name)).await??;
    Ok(Json(Value::Object(Map::new())))
}

pub(crate) async fn test(
    State(app): State<Shared>,
    Path(name): Path<String>,
    extensions: Extensions,
) -> Result<Json<NotifierTest>, Problem> {
    let found = app.deps.notify.notifiers().get(&name);
    let notifier = found.ok_or_else(|| Problem::not_found(format!("there is no notifier {name}")))?;
    let notifier = notifier.map_err(|error| bad(&error))?;
    if matches!(notifier.kind, Kind::Topic(_)) {
        return Err(Problem::bad_request(
            "a topic has subscribers; publish a message to it by SNS's Publish",
        ));
    }
    let answer = app.deps.notify.test(&notifier).await;
    let may_see = !answer.is_private || may(&app, &extensions, "fluoro:ManageKeys".into()).is_ok();
    Ok(Json(NotifierTest {
        delivered: answer.fate == Fate::Delivered,
        status: answer.status,
        millis: answer.took.as_secs_f64() * 1_000.0,
        answer: may_see.then_some(answer.text),
    }))
}

pub(crate) async fn deliveries(
    State(app): State<Shared>,
    Params(params): Params<DeliveryParams>,
) -> Result<Json<DeliveryList>, Problem> {
    let find =
        move |alerts: &Alerts| alerts.deliveries(params.notifier.as_deref(), params.before, MAX_DELIVERIES);
    let found = alerts(&app, find).await?;
    let before = found.get(MAX_DELIVERIES - 1).map(|last| last.seq as f64);
    Ok(Json(DeliveryList { deliveries: found.into_iter().map(delivery).collect(), before }))
}

pub(crate) async fn retry(State(app): State<Shared>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let now = app.deps.clock.now();
    if alerts(&app, move |alerts| alerts.retry(&id, now)).await? {
        return Ok(Json(Value::Object(Map::new())));
    }
    Err(Problem::not_found("there is no message of that id that did not arrive"))
}

async fn alerts<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Alerts) -> Result<T, settings::AlertsError> + Send + 'static,
) -> Result<T, Problem> {
    let alerts = app.deps.alerts.clone();
    Ok(tokio::task::spawn_blocking(move || work(&alerts)).await??)
}

fn not_fixed(app: &App, name: &str) -> Result<(), Problem> {
    if app.deps.notify.notifiers().is_fixed(name) {
        let text =
            format!("{name} stands in the file of --notifiers; change it there and start the server again");
        return Err(Problem::bad_request(text));
    }
    Ok(())
}

fn take(body: &mut Map<String, Value>, member: &str) -> Result<String, Problem> {
    match body.remove(member) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Problem::bad_request(format!("{member} is missing"))),
    }
}

fn bad(error: &NotifierError) -> Problem {
    Problem::bad_request(error.to_string())
}

fn entry(settings: &Settings, record: &NotifierRecord, status: NotifierStatus) -> NotifierEntry {
    let mut members = record.body.clone();
    let opened = settings.secrets(record);
    for member in secret_members(&record.kind).iter().filter(|member| record.sealed.contains_key(**member)) {
        let secret =
            opened.as_ref().ok().and_then(|secrets| serde_json::from_str(secrets.get(*member)?).ok());
        members.insert((*member).to_owned(), secret.map_or(Value::from(MASK), |secret: Value| mask(&secret)));
    }
    let (name, kind) = (record.name.clone(), record.kind.clone());
    let error = opened.err().map(|error| error.to_string());
    NotifierEntry { name, kind, members, is_fixed: false, error, status }
}

fn fixed(app: &App, name: String, status: NotifierStatus) -> NotifierEntry {
    let notifier = app.deps.notify.notifiers().get(&name).and_then(Result::ok);
    let kind = notifier.map(|notifier| notifier.kind.name().to_owned()).unwrap_or_default();
    NotifierEntry { name, kind, members: Map::new(), is_fixed: true, error: None, status }
}

/// Of a topic, that of all its subscribers.
fn status(name: &str, summaries: &BTreeMap<String, TargetSummary>) -> NotifierStatus {
    let of_it = summaries.iter().filter(|(target, _)| target.split('/').next() == Some(name));
    let mut status =
        NotifierStatus { pending: 0, dead: 0, oldest_pending: None, last_sent: None, last_failure: None };
    for (_, summary) in of_it {
        status.pending += u32::try_from(summary.pending).unwrap_or(u32::MAX);
        status.dead += u32::try_from(summary.dead).unwrap_or(u32::MAX);
        let oldest = summary.oldest_pending.map(millis_at);
        status.oldest_pending = oldest
            .map(|oldest| status.oldest_pending.map_or(oldest, |held| held.min(oldest)))
            .or(status.oldest_pending);
        let sent = summary.last_sent.map(millis_at);
        status.last_sent =
            sent.map(|sent| status.last_sent.map_or(sent, |held| held.max(sent))).or(status.last_sent);
        status.last_failure = summary.last_failure.clone().or(status.last_failure);
    }
    status
}

fn delivery(delivery: Delivery) -> DeliveryEntry {
    let is_pending = delivery.state == DeliveryState::Pending;
    DeliveryEntry {
        id: delivery.id,
        target: delivery.target,
        state: delivery.state.name().to_owned(),
        kind: delivery.notice.kind.name().to_owned(),
        status: delivery.notice.status.name().to_owned(),
        title: delivery.notice.title,
        dedup_key: delivery.dedup_key,
        tries: delivery.tries,
        created: millis_at(delivery.created),
        due: is_pending.then(|| millis_at(delivery.due)),
        done: delivery.done.map(millis_at),
        answer: delivery.answer,
    }
}
