//! From one state of an alarm to the next: what history says of it, and whom it is told.

#[cfg(test)]
mod tests;

use model::{Timestamp, percent};

use crate::State;
use crate::alarm::{Alarm, Standing, Watched};
use crate::document::{self, Place};
use crate::notice::{Audience, Documents, Kind, Links, Notice, Root, Severity, Status};

/// The end of the key of an alarm's notices is its name.
pub const DEDUP_PREFIX: &str = "alarm/";
const SNS: &str = "arn:aws:sns:";

/// What is done on entering a state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Acts {
    /// To be told, where there is somebody.
    pub notice: Option<Notice>,
    /// ARNs that nothing here can act on.
    pub failed: Vec<String>,
}

/// What entering `after` asks for: the actions of the new state, and the word that it is over to those who were told that it
/// began, which `after.told` says. `configured` is when the alarm was last set up.
pub fn acts(
    place: &Place,
    alarm: &Alarm,
    configured: Timestamp,
    before: &Standing,
    after: &Standing,
    is_after_mute: bool,
) -> Acts {
    let head = alarm.head();
    if !head.actions_enabled {
        return Acts::default();
    }
    let own = head.actions(after.state);
    // Who was told of an alarm is told of its end, whether or not the alarm says so.
    let told = if after.told == Some(State::Alarm) && after.state == State::Ok {
        head.alarm_actions.as_slice()
    } else {
        &[]
    };
    let mut names: Vec<String> = Vec::new();
    for name in own.iter().chain(told).filter_map(|arn| topic(arn)) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let failed = own.iter().filter(|arn| topic(arn).is_none()).cloned().collect();
    let notice = (!names.is_empty()).then(|| {
        let audience = Audience::Named(names);
        notice(place, alarm, configured, (before, after), is_after_mute, audience)
    });
    Acts { notice, failed }
}

/// The name of the topic in an ARN of SNS: a notifier's.
pub fn topic(arn: &str) -> Option<&str> {
    let rest = arn.strip_prefix(SNS)?;
    rest.splitn(3, ':').nth(2).filter(|name| !name.is_empty())
}

/// The message itself.
pub fn notice(
    place: &Place,
    alarm: &Alarm,
    configured: Timestamp,
    (before, after): (&Standing, &Standing),
    is_after_mute: bool,
    audience: Audience,
) -> Notice {
    let name = alarm.name();
    let status = if after.state == State::Ok { Status::Resolved } else { Status::Firing };
    let mut notice = Notice::new(Kind::Alarm, status, format!("{DEDUP_PREFIX}{name}"), after.transitioned);
    notice.title = format!("{}: \"{name}\" in {}", after.state.name(), place.region);
    notice.summary = match &alarm.head().description {
        Some(description) if !description.is_empty() => format!("{description} {}", after.reason),
        _ => after.reason.clone(),
    };
    notice.severity = match after.state {
        State::Alarm => Severity::Error,
        State::InsufficientData => Severity::Warning,
        State::Ok => Severity::Info,
    };
    if after.state == State::Ok {
        notice.since = before.transitioned;
        notice.until = Some(after.transitioned);
    }
    notice.root = root(alarm);
    notice.group = group(alarm);
    notice.links =
        Links { page: Some(format!("/alarms/{}", percent::encoded(name.bytes()))), ..Links::default() };
    notice.documents = Documents {
        message: document::message(place, alarm, configured, before, after, is_after_mute),
        event: document::event(place, alarm, before, after),
    };
    notice.audience = audience;
    notice
}

fn dimension<'a>(alarm: &'a Alarm, names: &[&str]) -> Option<&'a str> {
    let Alarm::Metric(alarm) = alarm else { return None };
    let stat = match &alarm.watched {
        Watched::Metric(stat) => stat,
        Watched::Queries(queries) => queries.iter().find_map(crate::alarm::Query::stat)?,
    };
    names.iter().find_map(|name| stat.metric.dimension(name))
}

/// The node that a metric alarm watches.
pub fn root(alarm: &Alarm) -> Option<Root> {
    let name = dimension(alarm, &["ServiceName", "Service"])?.to_owned();
    Some(Root { name, node_type: dimension(alarm, &["ServiceType"]).map(ToOwned::to_owned) })
}

fn group(alarm: &Alarm) -> Option<String> {
    dimension(alarm, &["GroupName"]).map(ToOwned::to_owned)
}
