//! Who gets a notice: the names of targets, and what an alarm's history says of actions that nobody can do.

use alert::Notice;
use alert::notice::{Audience, Kind, Status};
use model::Timestamp;
use settings::alerts::{HistoryItem, HistoryKind, Targets};

use crate::notifier::Notifier;
use crate::notifiers::Notifiers;

/// Where a notice goes.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Route {
    pub(crate) targets: Targets,
    pub(crate) history: Vec<HistoryItem>,
}

/// `was_told` says whether a target has heard of the thing with a key and not of its end: that something is over is told to those
/// who know of it, whatever else they want, and what is a part of something is not told to those who know of that.
pub(crate) fn route(
    notice: &Notice,
    notifiers: &Notifiers,
    was_told: impl Fn(&str, &str) -> bool,
    now: Timestamp,
) -> Route {
    let mut route = Route::default();
    match &notice.audience {
        Audience::All | Audience::AllBut(_) => {
            for name in notifiers.names() {
                if notice.audience == Audience::AllBut(name.clone()) {
                    continue;
                }
                if let Some(notifier) = known(notifiers, &name) {
                    let targets = notifiers.targets(&notifier);
                    let told =
                        |target: &String| wants(&notifier, notice, was_told(target, &notice.dedup_key));
                    route.targets.told.extend(targets.into_iter().filter(told));
                }
            }
        }
        Audience::Named(names) => {
            for name in names {
                name_one(notice, notifiers, name, &was_told, now, &mut route);
            }
        }
    }
    route.targets.told.dedup();
    route.targets.held.dedup();
    route
}

fn name_one(
    notice: &Notice,
    notifiers: &Notifiers,
    name: &str,
    was_told: &impl Fn(&str, &str) -> bool,
    now: Timestamp,
    route: &mut Route,
) {
    if name.contains('/') {
        // One subscriber, who is asked whether it wants to be one.
        route.targets.told.push(name.to_owned());
        return;
    }
    match known(notifiers, name) {
        Some(notifier) => {
            let whole = notice.part_of.as_deref();
            let whole = whole.filter(|_| notice.status == Status::Firing && notifier.inhibits());
            let is_held = |target: &String| whole.is_some_and(|whole| was_told(target, whole));
            let (held, told): (Vec<_>, Vec<_>) = notifiers.targets(&notifier).into_iter().partition(is_held);
            let arn = notifiers.topic_arn(name);
            let summary = match whole.filter(|_| told.is_empty() && !held.is_empty()) {
                Some(whole) => {
                    format!("Action {arn} is held back: it was told of {whole}, which this is a part of")
                }
                None => format!("Successfully executed action {arn}"),
            };
            route.targets.told.extend(told);
            route.targets.held.extend(held);
            route.history.extend(action(notice, &summary, None, now));
        }
        None => {
            let arn = notifiers.topic_arn(name);
            let why = format!("There is no notifier {name}");
            let summary = format!("Failed to execute action {arn}. {why}");
            route.history.extend(action(notice, &summary, Some(&why), now));
        }
    }
}

/// A notifier whose secrets do not open is known all the same: its messages wait until they do.
fn known(notifiers: &Notifiers, name: &str) -> Option<Notifier> {
    match notifiers.get(name)? {
        Ok(notifier) => Some(notifier),
        Err(error) => {
            tracing::warn!(notifier = name, %error, "cannot use a notifier");
            None
        }
    }
}

fn wants(notifier: &Notifier, notice: &Notice, was_told: bool) -> bool {
    let wants = &notifier.wants;
    if !wants.insights {
        return false;
    }
    if notice.status == Status::Resolved {
        return wants.resolved && was_told;
    }
    let is_severe = wants.min_severity.is_none_or(|least| notice.severity <= least);
    let group = notice.group.as_deref();
    let is_of_group =
        wants.groups.is_empty() || group.is_none_or(|group| wants.groups.iter().any(|one| one == group));
    is_severe && is_of_group
}

/// What the history of an alarm says of an action; of other notices there is none.
pub(crate) fn action(
    notice: &Notice,
    summary: &str,
    error: Option<&str>,
    now: Timestamp,
) -> Option<HistoryItem> {
    let alarm = notice.dedup_key.strip_prefix("alarm/").filter(|_| notice.kind == Kind::Alarm)?;
    let is_composite = notice.documents.message.get("AlarmRule").is_some_and(|rule| !rule.is_null());
    let data = serde_json::json!({
        "actionState": if error.is_some() { "Failed" } else { "Succeeded" },
        "notificationResource": summary.split_whitespace().find(|word| word.starts_with("arn:")),
        "publishedMessage": notice.documents.message,
        "error": error,
    });
    Some(HistoryItem {
        at: now,
        alarm: alarm.to_owned(),
        alarm_type: if is_composite { "CompositeAlarm" } else { "MetricAlarm" }.to_owned(),
        kind: HistoryKind::Action,
        summary: summary.to_owned(),
        data: data.to_string(),
    })
}
