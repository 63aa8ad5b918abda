//! What a message says to each kind of notifier: pure functions of the notice, without clock, network or secrets of others.

pub mod alertmanager;
pub mod email;
pub mod eventbridge;
pub mod pagerduty;
pub mod slack;
pub mod sns;
pub mod teams;
pub mod webhook;

#[cfg(test)]
mod tests;

use alert::Notice;
use alert::notice::Status;
use model::Timestamp;

use crate::text::{self, NAME, SENTENCE};

/// Of those who are affected.
const NAMED: usize = 8;

/// A notice on its way, with what every message may say.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The same over all tries of a delivery.
    pub id: &'a str,
    /// The same for all targets.
    pub notice_id: &'a str,
    pub notice: &'a Notice,
    pub now: Timestamp,
    /// Where people reach the console, without a slash at the end.
    pub console: &'a str,
    /// What this one message tells of beyond the notice itself, where there were too many for a message each.
    pub more: &'a [Notice],
}

/// A POST.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpMessage {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for HttpMessage {
    /// Without the URL and the headers, in which secrets are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpMessage").field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl HttpMessage {
    pub(crate) fn json(url: String, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { url, headers, body: body.to_string().into_bytes() }
    }
}

impl<'a> Message<'a> {
    /// For templates that are tried.
    pub(crate) fn sample(notice: &'a Notice) -> Self {
        let (id, notice_id) =
            ("0190163d-8694-7ae0-9ec9-38eb5ad0e1c3", "0190163d-8694-7ae0-9ec9-38eb5ad0e1c4");
        Self { id, notice_id, notice, now: notice.since, console: "http://127.0.0.1:2000", more: &[] }
    }

    pub(crate) fn title(&self) -> String {
        text::line(&self.notice.title, NAME)
    }

    pub(crate) fn summary(&self) -> String {
        text::line(&self.notice.summary, SENTENCE)
    }

    pub(crate) fn is_firing(&self) -> bool {
        self.notice.status == Status::Firing
    }

    /// `Firing`, `Resolved`, or that it is a test.
    pub(crate) fn state(&self) -> &'static str {
        use alert::notice::Kind;
        match (self.notice.kind, self.notice.status) {
            (Kind::Test, _) => "Test",
            (Kind::Message | Kind::Subscription, _) => "Message",
            (_, Status::Firing) => "Firing",
            (_, Status::Resolved) => "Resolved",
        }
    }

    /// What is worth a line of its own, in the order in which it is asked at night: name and value.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        let notice = self.notice;
        let mut facts = Vec::new();
        if let Some(root) = &notice.root {
            let node_type = root.node_type.as_deref().map(|node_type| format!(" ({node_type})"));
            facts.push((
                "Origin",
                text::line(&format!("{}{}", root.name, node_type.unwrap_or_default()), NAME),
            ));
        }
        facts.extend(self.affected().map(|affected| ("Affected", affected)));
        facts.push(("Since", instant(notice.since)));
        facts.extend(notice.until.map(|until| ("Until", instant(until))));
        if let (Some(failing), requests) = (notice.impact.failing, notice.impact.requests) {
            let of = requests.map(|requests| format!(" of {requests}")).unwrap_or_default();
            facts.push(("Failing requests", format!("{failing}{of}")));
        }
        facts.extend(notice.impact.users.map(|users| ("Users", users.to_string())));
        facts.extend(
            notice.exception.as_deref().map(|exception| ("Exception", text::line(exception, SENTENCE))),
        );
        facts.extend(
            notice.version.as_deref().map(|version| ("Came with version", text::line(version, NAME))),
        );
        facts.extend(notice.group.as_deref().map(|group| ("Group", text::line(group, NAME))));
        facts
    }

    /// Who is affected, the first by name.
    fn affected(&self) -> Option<String> {
        let all = &self.notice.affected;
        let named: Vec<String> = all.iter().take(NAMED).map(|name| text::line(name, NAME)).collect();
        let more = all.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!named.is_empty()).then(|| format!("{}{more}", named.join(", ")))
    }

    /// Where to go on: name and URL.
    pub(crate) fn links(&self) -> Vec<(&'static str, String)> {
        let links = &self.notice.links;
        let mut all = Vec::new();
        all.extend(links.page.as_deref().map(|path| ("Open", self.url(path))));
        all.extend(links.map.as_deref().map(|path| ("Map", self.url(path))));
        all.extend(links.traces.iter().map(|path| ("Example trace", self.url(path))));
        all
    }

    pub(crate) fn page(&self) -> String {
        self.notice.links.page.as_deref().map_or_else(|| self.console.to_owned(), |path| self.url(path))
    }

    fn url(&self, path: &str) -> String {
        let path: String = path.chars().filter(|letter| !letter.is_control() && *letter != ' ').collect();
        format!("{}{path}", self.console)
    }

    /// Of several notices in one message: what each is.
    pub(crate) fn more_lines(&self) -> Vec<String> {
        let line = |notice: &Notice| {
            let state = Message { notice, ..*self }.state();
            format!("{state}: {}", text::line(&notice.title, NAME))
        };
        self.more.iter().map(line).collect()
    }
}

/// `2027-01-15T08:00:00Z`, in whole seconds.
pub(crate) fn instant(instant: Timestamp) -> String {
    let seconds = jiff::Timestamp::from_second(instant.floor_seconds()).unwrap_or_default();
    seconds.to_string()
}

/// `2027-01-15T08:00:00.000Z`, as SNS writes it.
pub(crate) fn instant_millis(instant: Timestamp) -> String {
    let millis = jiff::Timestamp::from_millisecond(instant.0.div_euclid(1_000)).unwrap_or_default();
    format!("{millis:.3}")
}
