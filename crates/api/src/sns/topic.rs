//! Topics, and what is published to them.

use std::collections::BTreeMap;

use alert::Notice;
use alert::notice::{Audience, Kind, Severity, Status};
use serde_json::{Map, Value};
use settings::alerts::{Batch, unique_id};
use settings::{NewNotifier, NotifierRecord, SettingsError};

use super::{attributes, change, optional, required, topic_of};
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::tree::Tree;

/// SNS's limit for a message.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;
const MAX_SUBJECT: usize = 100;
const KIND: &str = "topic";

pub(super) async fn create_topic(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let name = required(input, "Name")?;
    let body = settable(attributes(input, "Attributes"))?;
    if input.get("Tags").is_some_and(|tags| !matches!(tags, Tree::Text(text) if text.is_empty())) {
        return Err(Fault::invalid_parameter("Invalid parameter: Tags: topics of Fluoro have no tags"));
    }
    let arn = app.deps.notify.notifiers().topic_arn(&name);
    let now = app.deps.clock.now();
    change(app, move |settings| {
        if let Some(held) = settings.snapshot().notifiers.get(&name) {
            // To make a topic again gives the one there is.
            return match held.kind.as_str() {
                KIND => Ok(()),
                kind => Err(Fault::invalid_parameter(format!(
                    "Invalid parameter: Name: there is a notifier {name} of the kind {kind}, which has no subscribers"
                ))),
            };
        }
        let (kind, secrets) = (KIND.to_owned(), BTreeMap::new());
        let new = NewNotifier { name, kind, body, secrets, kept: Vec::new() };
        settings.create_notifier(new, now).map(drop).map_err(refused)
    })
    .await?;
    Ok(Tree::object([("TopicArn", arn.into())]))
}

/// What does not exist is deleted already, as with SNS.
pub(super) async fn delete_topic(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let name = topic_of(&required(input, "TopicArn")?)?;
    change(app, move |settings| {
        if settings.snapshot().notifiers.get(&name).is_none_or(|held| held.kind != KIND) {
            return Ok(());
        }
        settings.delete_notifier(&name).map_err(refused)
    })
    .await?;
    Ok(Tree::Null)
}

pub(super) fn list_topics(app: &App) -> Result<Tree, Fault> {
    let state = app.deps.settings.snapshot();
    let topics = state.notifiers.values().filter(|record| record.kind == KIND);
    let arn = |record: &NotifierRecord| app.deps.notify.notifiers().topic_arn(&record.name);
    let topics = topics.map(|record| Tree::object([("TopicArn", arn(record).into())]));
    Ok(Tree::object([("Topics", Tree::list(topics))]))
}

pub(super) fn get_topic_attributes(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let record = topic(app, input)?;
    let state = app.deps.settings.snapshot();
    let of_it = || state.subscriptions.values().filter(|subscription| subscription.topic == record.name);
    let confirmed = of_it().filter(|subscription| subscription.confirmed.is_some()).count();
    let display_name = record.body.get("display_name").and_then(Value::as_str).unwrap_or_default();
    let values = [
        ("TopicArn", app.deps.notify.notifiers().topic_arn(&record.name)),
        ("Owner", app.deps.settings.account().id.clone()),
        ("DisplayName", display_name.to_owned()),
        ("SubscriptionsConfirmed", confirmed.to_string()),
        ("SubscriptionsPending", (of_it().count() - confirmed).to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ];
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    Ok(Tree::object([("Attributes", Tree::Map(values.collect()))]))
}

pub(super) async fn set_topic_attributes(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let record = topic(app, input)?;
    let name = required(input, "AttributeName")?;
    let set = settable(vec![(name, optional(input, "AttributeValue").unwrap_or_default())])?;
    let now = app.deps.clock.now();
    change(app, move |settings| {
        let mut body = record.body.clone();
        body.extend(set);
        let kept = record.sealed.keys().cloned().collect();
        let new = NewNotifier { name: record.name, kind: record.kind, body, secrets: BTreeMap::new(), kept };
        settings.update_notifier(new, now).map(drop).map_err(refused)
    })
    .await?;
    Ok(Tree::Null)
}

/// There are none, which Terraform asks.
pub(super) fn list_tags(app: &App, input: &Tree) -> Result<Tree, Fault> {
    named(app, &topic_of(&required(input, "ResourceArn")?)?)?;
    Ok(Tree::object([("Tags", Tree::List(Vec::new()))]))
}

/// To all subscribers of a topic, or to a notifier of any other kind by its ARN.
pub(super) async fn publish(app: &App, input: &Tree) -> Result<Tree, Fault> {
    if input.get("PhoneNumber").is_some() || input.get("TargetArn").is_some() {
        return Err(Fault::invalid_parameter(
            "Invalid parameter: Fluoro publishes to topics alone, by TopicArn",
        ));
    }
    let name = topic_of(&required(input, "TopicArn")?)?;
    if app.deps.notify.notifiers().get(&name).is_none() {
        return Err(Fault::no_topic("Topic does not exist"));
    }
    if input
        .get("MessageAttributes")
        .is_some_and(|attributes| !matches!(attributes, Tree::Text(text) if text.is_empty()))
    {
        return Err(Fault::invalid_parameter("Invalid parameter: MessageAttributes: Fluoro passes none on"));
    }
    let message = text(&required(input, "Message")?, optional(input, "MessageStructure").as_deref())?;
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(Fault::invalid_parameter("Invalid parameter: Message too long"));
    }
    let subject = optional(input, "Subject").unwrap_or_default();
    if subject.chars().count() > MAX_SUBJECT || subject.chars().any(char::is_control) {
        return Err(Fault::invalid_parameter("Invalid parameter: Subject"));
    }
    let now = app.deps.clock.now();
    let id = unique_id(now);
    let mut notice = Notice::new(Kind::Message, Status::Firing, format!("message/{id}"), now);
    notice.severity = Severity::Info;
    notice.title = subject;
    notice.summary = message.chars().take(500).collect();
    notice.documents.message = Value::String(message);
    notice.audience = Audience::Named(vec![name]);
    commit(app, notice).await?;
    Ok(Tree::object([("MessageId", id.into())]))
}

/// Puts a notice into the outbox.
pub(super) async fn commit(app: &App, notice: Notice) -> Result<(), Fault> {
    let (alerts, now) = (app.deps.alerts.clone(), app.deps.clock.now());
    let batch = Batch { notices: vec![notice], ..Batch::default() };
    match tokio::task::spawn_blocking(move || alerts.commit(&batch, now)).await {
        Ok(result) => Ok(result?),
        Err(panic) => Err(Fault::internal(std::sync::Arc::new(panic))),
    }
}

pub(super) fn topic(app: &App, input: &Tree) -> Result<NotifierRecord, Fault> {
    named(app, &topic_of(&required(input, "TopicArn")?)?)
}

fn named(app: &App, name: &str) -> Result<NotifierRecord, Fault> {
    let state = app.deps.settings.snapshot();
    let found = state.notifiers.get(name).filter(|record| record.kind == KIND);
    found.cloned().ok_or_else(|| Fault::no_topic("Topic does not exist"))
}

/// With `json`, the one for everybody: a text for each protocol is more than is needed here.
fn text(message: &str, structure: Option<&str>) -> Result<String, Fault> {
    match structure {
        None => Ok(message.to_owned()),
        Some("json") => {
            let by_protocol: Map<String, Value> = serde_json::from_str(message).map_err(|_| {
                Fault::invalid_parameter(
                    "Invalid parameter: Message Structure - JSON message body failed to parse",
                )
            })?;
            let default = by_protocol.get("default").and_then(Value::as_str);
            default.map(str::to_owned).ok_or_else(|| {
                Fault::invalid_parameter(
                    "Invalid parameter: Message Structure - No default entry in JSON message body",
                )
            })
        }
        Some(_) => Err(Fault::invalid_parameter("Invalid parameter: MessageStructure")),
    }
}

/// The attributes of a topic that mean something here; others are refused rather than forgotten.
fn settable(attributes: Vec<(String, String)>) -> Result<Map<String, Value>, Fault> {
    let mut body = Map::new();
    for (name, value) in attributes {
        match name.as_str() {
            "DisplayName" if value.chars().count() <= MAX_SUBJECT => {
                body.insert("display_name".to_owned(), value.into());
            }
            other => {
                let name: String = other.chars().take(64).collect();
                let text = format!(
                    "Invalid parameter: AttributeName: {name}: a topic of Fluoro has a DisplayName alone"
                );
                return Err(Fault::invalid_parameter(text));
            }
        }
    }
    Ok(body)
}

pub(super) fn refused(error: SettingsError) -> Fault {
    match error {
        SettingsError::NotFound { .. } => Fault::no_topic(error.to_string()),
        SettingsError::Refused(text) => Fault::invalid_parameter(format!("Invalid parameter: {text}")),
        other => Fault::from(other),
    }
}
