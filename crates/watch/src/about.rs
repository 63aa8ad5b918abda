//! What goes wrong with Fluoro itself, and is told like anything else: silence of a watchman must not look like health.
//!
//! [`About`] is a pure step over [`Facts`]; a worker collects them every ten seconds and commits what is new together with
//! the notices that it owes. What goes on is kept as a mark, so that a restart tells nothing twice.

mod worker;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use alert::Notice;
use alert::notice::{Kind, Severity, Status};
use model::{Micros, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use settings::{Alerts, AlertsError};

pub use worker::{AboutWatch, Agents, Deps, start};

/// The mark in `alerts.db` under which it is kept.
const MARK: &str = "about fluoro";
/// What was received so long ago, and is in no answer yet, is behind.
const BEHIND: Micros = Micros::from_secs(120);
/// Less than this is nearly full, and less than a tenth of what is kept, up to ten times as much: merging parts needs room.
const LEAST_FREE_BYTES: u64 = 1 << 30;
const MOST_FREE_BYTES: u64 = 10 << 30;
/// It is over when there is a quarter more than that.
const ROOM_AGAIN: f64 = 1.25;
/// Agents speak once a minute.
const SILENT: Micros = Micros::from_secs(5 * 60);
/// One that has been silent for so long is not expected any more.
const FORGOTTEN: Micros = Micros::from_secs(60 * 60);
/// Refusals are looked at over so long, of at least so many documents, once so much of it has passed.
const REFUSED_WINDOW: Micros = Micros::from_secs(5 * 60);
const REFUSED_LEAST_WINDOW: Micros = Micros::from_secs(120);
const REFUSED_LEAST: u64 = 50;
const REFUSED_SHARE: f64 = 0.9;
const REFUSED_OVER: f64 = 0.5;
const MOST_NAMES: usize = 5;

/// What a look found.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Documents received, and those of them that are in every answer.
    pub newest: u64,
    pub digested: u64,
    pub kept_bytes: u64,
    pub free_bytes: Option<u64>,
    /// Documents that reached a door since the start, and those of them that were refused.
    pub received: u64,
    pub refused: u64,
    /// Each agent with when it was heard last.
    pub agents: Vec<(String, Timestamp)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Behind,
    Disk,
    Refused,
    Agents,
}

/// Something that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub since: Timestamp,
    pub title: String,
    pub summary: String,
}

/// What goes on, and what must be remembered between two looks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct About {
    troubles: BTreeMap<What, Trouble>,
    /// Since when the digest has not come to where the documents were then.
    #[serde(skip)]
    waiting: Option<(Timestamp, u64)>,
    /// Documents received and refused by then.
    #[serde(skip)]
    counts: VecDeque<(Timestamp, u64, u64)>,
}

/// What goes on, as it was committed last.
pub fn troubles(alerts: &Alerts) -> Result<BTreeMap<What, Trouble>, AlertsError> {
    let mark = alerts.mark(MARK)?;
    let about: Option<About> = mark.and_then(|value| serde_json::from_value(value).ok());
    Ok(about.unwrap_or_default().troubles)
}

impl About {
    fn mark(&self) -> (String, Option<Value>) {
        (MARK.to_owned(), serde_json::to_value(self).ok())
    }

    /// What is to be told of this look.
    pub fn step(&mut self, facts: &Facts, now: Timestamp) -> Vec<Notice> {
        let found = [
            (What::Behind, self.behind(facts, now)),
            (What::Disk, self.disk(facts)),
            (What::Refused, self.refused(facts, now)),
            (What::Agents, agents(facts, now)),
        ];
        let mut notices = Vec::new();
        for (what, found) in found {
            match (found, self.troubles.contains_key(&what)) {
                (Some((title, summary)), false) => {
                    let trouble = Trouble { since: now, title, summary };
                    notices.push(what.notice(&trouble, None));
                    self.troubles.insert(what, trouble);
                }
                // Its figures move; that is no news.
                (Some((_, summary)), true) => {
                    if let Some(trouble) = self.troubles.get_mut(&what) {
                        trouble.summary = summary;
                    }
                }
                (None, true) => {
                    let trouble = self.troubles.remove(&what);
                    notices.extend(trouble.map(|trouble| what.notice(&trouble, Some(now))));
                }
                (None, false) => {}
            }
        }
        notices
    }

    fn behind(&mut self, facts: &Facts, now: Timestamp) -> Option<(String, String)> {
        if self.waiting.is_some_and(|(_, newest)| facts.digested >= newest) {
            self.waiting = None;
        }
        if facts.digested >= facts.newest {
            return None;
        }
        let &mut (since, _) = self.waiting.get_or_insert((now, facts.newest));
        let behind = since.until(now);
        (behind >= BEHIND).then(|| {
            let waiting = facts.newest - facts.digested;
            let minutes = behind.as_seconds() as u64 / 60;
            let summary = format!(
                "What was received {minutes} min ago is in no answer yet: {waiting} documents wait. Alarms keep their states until it is. \
                 Give the server more processor, or send it less."
            );
            ("Fluoro is behind".to_owned(), summary)
        })
    }

    fn disk(&self, facts: &Facts) -> Option<(String, String)> {
        let free = facts.free_bytes?;
        let wanted = (facts.kept_bytes / 10).clamp(LEAST_FREE_BYTES, MOST_FREE_BYTES);
        let is_on = self.troubles.contains_key(&What::Disk);
        let wanted = if is_on { (wanted as f64 * ROOM_AGAIN) as u64 } else { wanted };
        (free < wanted).then(|| {
            let (free, kept) = (free as f64 / 1e9, facts.kept_bytes as f64 / 1e9);
            let summary = format!(
                "{free:.1} GB are left where traces are kept, which take {kept:.1} GB. When it is full, nothing more is taken. \
                 Keep traces for a shorter time (--retention), or give them more room."
            );
            ("The disk is nearly full".to_owned(), summary)
        })
    }

    fn refused(&mut self, facts: &Facts, now: Timestamp) -> Option<(String, String)> {
        self.counts.push_back((now, facts.received, facts.refused));
        while self.counts.get(1).is_some_and(|(at, ..)| at.plus(REFUSED_WINDOW) <= now) {
            self.counts.pop_front();
        }
        let &(since, received, refused) = self.counts.front()?;
        let received = facts.received.saturating_sub(received);
        let refused = facts.refused.saturating_sub(refused);
        let is_on = self.troubles.contains_key(&What::Refused);
        let share = if is_on { REFUSED_OVER } else { REFUSED_SHARE };
        let is_known = is_on || since.until(now) >= REFUSED_LEAST_WINDOW && received >= REFUSED_LEAST;
        let is_much = refused > 0 && refused as f64 >= share * received as f64;
        (is_known && is_much).then(|| {
            let summary = format!(
                "{refused} of the {received} documents that came in the last minutes were refused. The settings page says why."
            );
            ("Nearly all documents are refused".to_owned(), summary)
        })
    }
}

/// Half of those that were heard within the hour have gone silent.
fn agents(facts: &Facts, now: Timestamp) -> Option<(String, String)> {
    let known = facts.agents.iter().filter(|(_, last)| last.until(now) < FORGOTTEN);
    let known: Vec<&(String, Timestamp)> = known.collect();
    let silent = known.iter().filter(|(_, last)| last.until(now) >= SILENT);
    let silent: Vec<&str> = silent.map(|(name, _)| name.as_str()).collect();
    if silent.is_empty() || silent.len() * 2 < known.len() {
        return None;
    }
    let named =
        silent.iter().take(MOST_NAMES).map(|name| if name.is_empty() { "one without a name" } else { name });
    let named = named.collect::<Vec<_>>().join(", ");
    let more = silent.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let summary = format!(
        "{} of {} agents have said nothing for five minutes: {named}{more}. Their hosts' traces are missing.",
        silent.len(),
        known.len()
    );
    Some(("Agents have gone silent".to_owned(), summary))
}

impl What {
    pub fn name(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Disk => "disk",
            Self::Refused => "refused",
            Self::Agents => "agents",
        }
    }

    pub fn key(self) -> String {
        format!("fluoro/{}", self.name())
    }

    fn notice(self, trouble: &Trouble, until: Option<Timestamp>) -> Notice {
        let status = if until.is_some() { Status::Resolved } else { Status::Firing };
        let mut notice = Notice::new(Kind::Fluoro, status, self.key(), trouble.since);
        notice.until = until;
        notice.severity = if until.is_some() { Severity::Info } else { Severity::Error };
        notice.links.page = Some("/settings".to_owned());
        (notice.title, notice.summary) = match until {
            None => (trouble.title.clone(), trouble.summary.clone()),
            Some(_) => (format!("Over: {}", trouble.title), format!("It is over: {}", trouble.title)),
        };
        notice
    }
}
