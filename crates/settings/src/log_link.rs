//! Links from a span to its log lines: what people write once for a service, and what becomes of it for a span.
//!
//! A rule is a service and a URL with placeholders. Every value is a stranger's, so all of it is percent-encoded but letters,
//! digits, `-`, `.`, `_` and `~`, and the scheme and the host are written out in the rule: no value decides where a link leads.

use std::sync::Arc;

use model::rule::RuleError;
use model::{EntityId, Timestamp, TraceId, percent, wildcard};

use crate::error::{SettingsError, check_revision};
use crate::settings::Settings;

/// Each span is held against each rule, so there is a bound.
pub const MAX_RULES: usize = 100;
/// Characters of a service's pattern and of a title.
pub const MAX_LENGTH: usize = 256;
pub const MAX_URL_LENGTH: usize = 2_000;
/// Links of one span.
const MOST: usize = 20;
/// Values are cut to so many bytes, so that a link stays one that browsers take.
const MAX_VALUE: usize = 500;

/// A rule as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLinkRule {
    /// A [wildcard] for the name of the service.
    pub service: String,
    /// What the link is called, such as `Loki`.
    pub title: String,
    /// Such as `https://logs.example/?q={trace_id}&from={start}`.
    pub url: String,
}

/// The rules in the order in which their links are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLinks {
    rules: Vec<LogLinkRule>,
}

/// What a link is made for.
#[derive(Debug, Clone)]
pub struct LogSubject<'a> {
    pub trace_id: TraceId,
    pub span_id: EntityId,
    /// The segment's name.
    pub service: &'a str,
    /// With what is around it, since lines are written before and after.
    pub start: Timestamp,
    pub end: Timestamp,
    /// Those that were recorded, without repetition.
    pub groups: &'a [LogGroup],
}

/// A log group of CloudWatch Logs, as plugins record it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    pub name: String,
    /// From its ARN, else that of the segment.
    pub region: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLink {
    pub title: String,
    pub url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    TraceId,
    TraceIdW3c,
    SpanId,
    Service,
    LogGroup,
    /// A time, and how it is written.
    Start(Unit),
    End(Unit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
    Nanos,
    Iso,
}

const PLACEHOLDERS: [(&str, Placeholder); 13] = [
    ("trace_id", Placeholder::TraceId),
    ("trace_id_w3c", Placeholder::TraceIdW3c),
    ("span_id", Placeholder::SpanId),
    ("service", Placeholder::Service),
    ("log_group", Placeholder::LogGroup),
    ("start", Placeholder::Start(Unit::Millis)),
    ("end", Placeholder::End(Unit::Millis)),
    ("start_s", Placeholder::Start(Unit::Seconds)),
    ("end_s", Placeholder::End(Unit::Seconds)),
    ("start_ns", Placeholder::Start(Unit::Nanos)),
    ("end_ns", Placeholder::End(Unit::Nanos)),
    ("start_iso", Placeholder::Start(Unit::Iso)),
    ("end_iso", Placeholder::End(Unit::Iso)),
];

/// The rules, and how often they were replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLinksRecord {
    pub links: Arc<LogLinks>,
    pub revision: u64,
}

impl Settings {
    /// Replaces the rules. With the revision of those that the caller saw nobody takes away what another one added
    /// meanwhile.
    pub fn set_log_links(
        &self,
        links: LogLinks,
        revision: Option<u64>,
    ) -> Result<LogLinksRecord, SettingsError> {
        self.change(|snapshot| {
            let known = snapshot.log_links.revision;
            check_revision("links", known, revision)?;
            snapshot.log_links = LogLinksRecord { links: Arc::new(links), revision: known + 1 };
            Ok(snapshot.log_links.clone())
        })
    }
}

impl LogLinks {
    /// Reads rules, or says what is wrong with the first one that cannot be read.
    pub fn read(rules: Vec<LogLinkRule>) -> Result<Self, RuleError> {
        if rules.len() > MAX_RULES {
            return Err(RuleError::TooMany { most: MAX_RULES });
        }
        for (number, rule) in (1..).zip(&rules) {
            check(rule).map_err(|(member, character, what)| RuleError::Wrong {
                rule: number,
                member,
                character,
                what: what.into(),
            })?;
        }
        Ok(Self { rules })
    }

    pub fn as_slice(&self) -> &[LogLinkRule] {
        &self.rules
    }

    /// The links that these rules make for a span.
    pub fn links(&self, of: &LogSubject<'_>) -> Vec<LogLink> {
        let mut links = Vec::new();
        for rule in self.rules.iter().filter(|rule| wildcard::matches(&rule.service, of.service)) {
            let title = |group: &LogGroup| match of.groups.len() {
                1 => rule.title.clone(),
                _ => format!("{} ({})", rule.title, group.name),
            };
            let is_by_group = pieces(&rule.url).any(|piece| piece == Ok(Piece::Value(Placeholder::LogGroup)));
            match is_by_group {
                true => links.extend(
                    of.groups
                        .iter()
                        .map(|group| LogLink { title: title(group), url: url(&rule.url, of, &group.name) }),
                ),
                false => links.push(LogLink { title: rule.title.clone(), url: url(&rule.url, of, "") }),
            }
        }
        links.truncate(MOST);
        links
    }
}

impl LogGroup {
    /// Where CloudWatch's console shows the lines that name the trace; none where no region is known.
    pub fn link(&self, of: &LogSubject<'_>) -> Option<LogLink> {
        let region = self.region.as_deref().filter(|region| is_region(region))?;
        let console = match region.split('-').next() {
            Some("cn") => "console.amazonaws.cn".to_owned(),
            _ if region.starts_with("us-gov-") => "console.amazonaws-us-gov.com".to_owned(),
            _ => format!("{region}.console.aws.amazon.com"),
        };
        // The console encodes what follows `#` once more, with `$` in the place of `%`.
        let twice = |text: &str| encode(&encode(text)).replace('%', "$");
        let (from, to) = (of.start.0.div_euclid(1_000), of.end.0.div_euclid(1_000));
        let question =
            format!("?start={from}&end={to}&filterPattern={}", encode(&format!("\"{}\"", of.trace_id)));
        let url = format!(
            "https://{console}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{}/log-events{}",
            twice(&self.name),
            question
                .replace('%', "%25")
                .replace('?', "%3F")
                .replace('&', "%26")
                .replace('=', "%3D")
                .replace('%', "$"),
        );
        let name: String = self.name.chars().take(MAX_LENGTH).collect();
        Some(LogLink { title: format!("CloudWatch Logs ({name})"), url })
    }
}

fn is_region(text: &str) -> bool {
    let letter = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
    (3..=30).contains(&text.len())
        && text.bytes().all(letter)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Value(Placeholder),
}

/// A URL taken apart; where it cannot be, the place in bytes and why.
fn pieces(url: &str) -> impl Iterator<Item = Result<Piece<'_>, (usize, String)>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = url.get(at..).filter(|rest| !rest.is_empty())?;
        let begin = at;
        let Some(inside) = rest.strip_prefix('{') else {
            let length = rest.find(['{', '}']).unwrap_or(rest.len());
            if length == 0 {
                at = url.len();
                return Some(Err((
                    begin,
                    "a brace that closes nothing; write %7D for a brace itself".to_owned(),
                )));
            }
            at += length;
            return Some(Ok(Piece::Text(&rest[..length])));
        };
        let name = inside.split_once('}').map(|(name, _)| name);
        let known = name.and_then(|name| PLACEHOLDERS.iter().find(|(known, _)| *known == name));
        match (known, name) {
            (Some((name, placeholder)), _) => {
                at += name.len() + 2;
                Some(Ok(Piece::Value(*placeholder)))
            }
            (None, name) => {
                at = url.len();
                let names: Vec<&str> = PLACEHOLDERS.iter().map(|(name, _)| *name).collect();
                let what = match name {
                    Some(_) => format!("no such placeholder; there are {}", names.join(", ")),
                    None => "a brace that nothing closes; write %7B for a brace itself".to_owned(),
                };
                Some(Err((begin, what)))
            }
        }
    })
}

type Wrong = (&'static str, Option<usize>, String);

fn check(rule: &LogLinkRule) -> Result<(), Wrong> {
    let LogLinkRule { service, title, url } = rule;
    for (member, text, most) in
        [("service", service, MAX_LENGTH), ("title", title, MAX_LENGTH), ("url", url, MAX_URL_LENGTH)]
    {
        if text.trim().is_empty() {
            return Err((member, None, "it must not be empty".to_owned()));
        }
        if text.chars().count() > most {
            return Err((member, None, format!("it may have {most} characters at most")));
        }
        if let Some(place) = text.chars().position(char::is_control) {
            return Err((member, Some(place + 1), "no control characters".to_owned()));
        }
    }
    if let Some(place) =
        url.chars().position(|one| one.is_whitespace() || matches!(one, '"' | '<' | '>' | '\\'))
    {
        let what =
            "no blanks, quotes, angle brackets and backslashes; write them percent-encoded, such as %20";
        return Err(("url", Some(place + 1), what.to_owned()));
    }
    for piece in pieces(url) {
        if let Err((at, what)) = piece {
            return Err(("url", Some(url[..at].chars().count() + 1), what));
        }
    }
    let after = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let after = after.ok_or_else(|| ("url", Some(1), "it must begin with https:// or http://".to_owned()))?;
    let host = &after[..after.find(['/', '?', '#']).unwrap_or(after.len())];
    if host.is_empty() || host.contains(['{', '@', '%']) {
        let what = "the host must be written out: no placeholder, no user and no encoding in it";
        return Err(("url", Some(url.len() - after.len() + 1), what.to_owned()));
    }
    Ok(())
}

fn url(template: &str, of: &LogSubject<'_>, group: &str) -> String {
    let mut url = String::new();
    for piece in pieces(template).map_while(Result::ok) {
        let value = match piece {
            Piece::Text(text) => {
                url.push_str(text);
                continue;
            }
            Piece::Value(Placeholder::TraceId) => of.trace_id.to_string(),
            Piece::Value(Placeholder::TraceIdW3c) => {
                of.trace_id.0.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            Piece::Value(Placeholder::SpanId) => of.span_id.to_string(),
            Piece::Value(Placeholder::Service) => of.service.to_owned(),
            Piece::Value(Placeholder::LogGroup) => group.to_owned(),
            Piece::Value(Placeholder::Start(unit)) => time(of.start, unit),
            Piece::Value(Placeholder::End(unit)) => time(of.end, unit),
        };
        url.push_str(&encode(&value));
    }
    url
}

fn time(time: Timestamp, unit: Unit) -> String {
    match unit {
        Unit::Seconds => time.floor_seconds().to_string(),
        Unit::Millis => time.0.div_euclid(1_000).to_string(),
        Unit::Nanos => (i128::from(time.0) * 1_000).to_string(),
        Unit::Iso => iso(time),
    }
}

/// As Elasticsearch and most others read it.
fn iso(time: Timestamp) -> String {
    let moment = jiff::Timestamp::from_microsecond(time.0).unwrap_or_default();
    format!("{moment:.3}")
}

fn encode(value: &str) -> String {
    percent::encoded(value.bytes().take(MAX_VALUE))
}

#[cfg(test)]
mod tests;
