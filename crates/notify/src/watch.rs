//! Notifiers that fail are told of on the others: a pure step over what came of tries.

use std::collections::BTreeMap;

use alert::Notice;
use alert::notice::{Audience, Kind, Severity, Status};
use model::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use settings::{Alerts, AlertsError};

use crate::text;

/// The mark in `alerts.db` under which this is kept.
pub(crate) const MARK: &str = "notifiers that fail";
/// So long without success, and the others are told.
const PATIENCE: Micros = Micros::from_secs(5 * 60);

/// By name of the notifier, those whose last try failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Watch(BTreeMap<String, Failing>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Failing {
    since: Timestamp,
    is_told: bool,
}

/// What the others were told of, and goes on.
pub fn failing(alerts: &Alerts) -> Result<Vec<Notice>, AlertsError> {
    let mark = alerts.mark(MARK)?;
    let watch: Watch = mark.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
    let told = watch.0.iter().filter(|(_, failing)| failing.is_told);
    Ok(told.map(|(name, failing)| begun(name, "what was told lists why", failing.since)).collect())
}

/// What came of a try, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came<'a> {
    Well,
    /// It comes again.
    Failed(&'a str),
    /// A message is lost.
    Lost(&'a str),
}

impl Watch {
    /// Whether anything changed, and what the others are to be told.
    pub(crate) fn step(&mut self, name: &str, came: Came<'_>, now: Timestamp) -> (bool, Option<Notice>) {
        let why = match came {
            Came::Well => {
                let Some(failing) = self.0.remove(name) else { return (false, None) };
                return (true, failing.is_told.then(|| over(name, failing.since, now)));
            }
            Came::Failed(why) | Came::Lost(why) => why,
        };
        let is_new = !self.0.contains_key(name);
        let failing = self.0.entry(name.to_owned()).or_insert(Failing { since: now, is_told: false });
        let is_time = matches!(came, Came::Lost(_)) || failing.since.until(now) >= PATIENCE;
        if failing.is_told || !is_time {
            return (is_new, None);
        }
        failing.is_told = true;
        (true, Some(begun(name, why, failing.since)))
    }

    /// Those that are gone fail no more.
    pub(crate) fn keep(&mut self, exists: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| exists(name));
    }
}

fn notice(name: &str, status: Status, since: Timestamp) -> Notice {
    let mut notice = Notice::new(Kind::Fluoro, status, format!("fluoro/notifier/{name}"), since);
    notice.audience = Audience::AllBut(name.to_owned());
    notice.links.page = Some("/notifiers".to_owned());
    notice
}

fn begun(name: &str, why: &str, since: Timestamp) -> Notice {
    let mut notice = notice(name, Status::Firing, since);
    notice.severity = Severity::Error;
    notice.title = format!("Notifier {name} does not deliver");
    notice.summary = format!("Messages to {name} do not arrive: {}", text::line(why, text::NAME));
    notice
}

fn over(name: &str, since: Timestamp, now: Timestamp) -> Notice {
    let mut notice = notice(name, Status::Resolved, since);
    notice.until = Some(now);
    notice.severity = Severity::Info;
    notice.title = format!("Notifier {name} delivers again");
    notice.summary = notice.title.clone();
    notice
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    #[test]
    fn the_others_are_told_once_when_it_fails_for_long_and_once_when_it_is_over() {
        let mut watch = Watch::default();
        assert_eq!(watch.step("chat", Came::Well, NOW), (false, None));
        assert_eq!(watch.step("chat", Came::Failed("503"), NOW), (true, None));
        let soon = NOW.plus(Micros::from_secs(60));
        assert_eq!(watch.step("chat", Came::Failed("503"), soon), (false, None));
        let later = NOW.plus(PATIENCE);
        let (_, told) = watch.step("chat", Came::Failed("503 busy"), later);
        let told = told.unwrap();
        assert_eq!((told.status, &told.audience), (Status::Firing, &Audience::AllBut("chat".to_owned())));
        assert_eq!(told.summary, "Messages to chat do not arrive: 503 busy");
        assert_eq!(watch.step("chat", Came::Lost("404"), later), (false, None));
        let (_, over) = watch.step("chat", Came::Well, later);
        assert_eq!(over.unwrap().status, Status::Resolved);
        assert_eq!(watch.step("chat", Came::Well, later), (false, None));
    }

    #[test]
    fn a_message_that_is_lost_is_told_of_at_once() {
        let mut watch = Watch::default();
        assert!(watch.step("chat", Came::Lost("404 no_service"), NOW).1.is_some());
    }

    #[test]
    fn a_short_failure_is_told_to_nobody() {
        let mut watch = Watch::default();
        watch.step("chat", Came::Failed("503"), NOW);
        assert_eq!(watch.step("chat", Came::Well, NOW), (true, None));
    }
}
