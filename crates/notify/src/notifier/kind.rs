//! The kinds of notifiers, what each needs, and which of it is secret.

use std::collections::BTreeMap;

use http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{NotifierError, Secret, typed};

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Webhook(Webhook),
    Alertmanager(Alertmanager),
    Slack(Chat),
    Teams(Chat),
    PagerDuty(PagerDuty),
    Email(Email),
    Sns(Sns),
    EventBridge(EventBridge),
    /// Others subscribe to it.
    Topic(Topic),
}

/// A POST of JSON to whatever wants it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub url: Secret,
    /// Signs what is sent (Standard Webhooks).
    pub secret: Option<Secret>,
    /// Signs too, while receivers change from one secret to the other.
    pub previous_secret: Option<Secret>,
    /// More headers, such as `Authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    #[serde(default)]
    pub format: Body,
    /// A body of the user's own, in the language of Jinja.
    pub template: Option<String>,
    #[serde(default = "json")]
    pub content_type: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    #[default]
    Fluoro,
    /// As Alertmanager sends its webhooks, which many receivers read.
    Alertmanager,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alertmanager {
    /// Where it is; `/api/v2/alerts` is added.
    pub url: Secret,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub token: Option<Secret>,
}

/// Slack or Teams: the URL is all of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    pub url: Secret,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    pub routing_key: Secret,
    /// Of the Events API; that of the European region is another.
    #[serde(default = "pagerduty")]
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    pub host: String,
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Tls,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub from: String,
    pub to: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// The connection begins in the open and must change to TLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In the open, to the machine itself alone.
    None,
}

/// A POST shaped as SNS's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sns {
    pub url: Secret,
    pub secret: Option<Secret>,
    /// The message alone, without SNS's envelope.
    #[serde(default)]
    pub raw: bool,
}

/// A POST of an event as EventBridge has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventBridge {
    pub url: Secret,
    pub secret: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    #[serde(default)]
    pub display_name: String,
    /// Signs what subscribers of HTTP get.
    pub secret: Option<Secret>,
    /// The notifier of the kind `email` through whose server subscribers get mail; the first there is where none is named.
    pub mail_through: Option<String>,
}

fn json() -> String {
    "application/json".to_owned()
}

fn pagerduty() -> String {
    "https://events.pagerduty.com/v2/enqueue".to_owned()
}

/// The members of a kind that are secret. A URL is one: with most receivers, whoever knows it may write there.
pub fn secret_members(kind: &str) -> &'static [&'static str] {
    match kind {
        "webhook" => &["url", "secret", "previous_secret", "headers"],
        "alertmanager" => &["url", "password", "token"],
        "slack" | "teams" => &["url"],
        "pagerduty" => &["routing_key"],
        "email" => &["password"],
        "sns" | "eventbridge" => &["url", "secret"],
        "topic" => &["secret"],
        _ => &[],
    }
}

impl Kind {
    pub const NAMES: [&str; 9] =
        ["webhook", "alertmanager", "slack", "teams", "pagerduty", "email", "sns", "eventbridge", "topic"];

    pub(super) fn parse(kind: &str, body: Map<String, Value>) -> Result<Self, NotifierError> {
        let body = Value::Object(body);
        let kind = match kind {
            "webhook" => Self::Webhook(typed(body)?),
            "alertmanager" => Self::Alertmanager(typed(body)?),
            "slack" => Self::Slack(typed(body)?),
            "teams" => Self::Teams(typed(body)?),
            "pagerduty" => Self::PagerDuty(typed(body)?),
            "email" => Self::Email(typed(body)?),
            "sns" => Self::Sns(typed(body)?),
            "eventbridge" => Self::EventBridge(typed(body)?),
            "topic" => Self::Topic(typed(body)?),
            other => {
                let known = Self::NAMES.join(", ");
                return Err(NotifierError(format!("there is no kind {other:?}; there are {known}")));
            }
        };
        kind.check()?;
        Ok(kind)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Alertmanager(_) => "alertmanager",
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::PagerDuty(_) => "pagerduty",
            Self::Email(_) => "email",
            Self::Sns(_) => "sns",
            Self::EventBridge(_) => "eventbridge",
            Self::Topic(_) => "topic",
        }
    }

    /// What the types do not say. A secret in a file is looked at when it is used.
    fn check(&self) -> Result<(), NotifierError> {
        match self {
            Self::Webhook(webhook) => {
                webhook.headers.keys().try_for_each(|name| check_header(name))?;
                check_secret_url(&webhook.url)
            }
            Self::Alertmanager(alertmanager) => check_secret_url(&alertmanager.url),
            Self::Slack(chat) | Self::Teams(chat) => check_secret_url(&chat.url),
            Self::PagerDuty(pagerduty) => check_secret_url(&Secret::Text(pagerduty.url.clone())),
            Self::Sns(sns) => check_secret_url(&sns.url),
            Self::EventBridge(bridge) => check_secret_url(&bridge.url),
            Self::Email(email) => check_email(email),
            Self::Topic(_) => Ok(()),
        }
    }
}

fn check_secret_url(url: &Secret) -> Result<(), NotifierError> {
    let Secret::Text(text) = url else { return Ok(()) };
    parse_url(text).map(drop)
}

/// A URL that can be called: of http or https, with a host, and without a name and a password, which belong into headers.
pub(crate) fn parse_url(text: &str) -> Result<Uri, NotifierError> {
    let wrong = |why: &str| Err(NotifierError(format!("url: {why}")));
    let Ok(uri) = text.parse::<Uri>() else { return wrong("it is no URL") };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return wrong("it must begin with http:// or https://");
    }
    if uri.host().is_none_or(str::is_empty) {
        return wrong("it names no host");
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return wrong("a name and a password do not belong into a URL; use the header Authorization");
    }
    Ok(uri)
}

fn check_header(name: &str) -> Result<(), NotifierError> {
    let lower = name.to_ascii_lowercase();
    let ours = ["host", "content-length", "content-type", "transfer-encoding", "connection"];
    if http::HeaderName::from_bytes(lower.as_bytes()).is_err() {
        return Err(NotifierError(format!("headers: {name:?} is no name of a header")));
    }
    if ours.contains(&lower.as_str()) || lower.starts_with("webhook-") || lower.starts_with("x-amz-sns-") {
        return Err(NotifierError(format!("headers: {name} is set by Fluoro itself")));
    }
    Ok(())
}

fn check_email(email: &Email) -> Result<(), NotifierError> {
    if email.to.is_empty() || email.to.len() > 50 {
        return Err(NotifierError("to: 1 to 50 addresses".to_owned()));
    }
    for address in email.to.iter().chain([&email.from]) {
        if address.parse::<lettre::message::Mailbox>().is_err() {
            return Err(NotifierError(format!("{address:?} is no address of e-mail")));
        }
    }
    if email.username.is_some() != email.password.is_some() {
        return Err(NotifierError("username and password are needed both, or neither".to_owned()));
    }
    if email.tls == Tls::None && email.password.is_some() {
        let text = "tls: a password is not sent in the open; use starttls or tls";
        return Err(NotifierError(text.to_owned()));
    }
    Ok(())
}

/// Whether something can be called; what is wrong with it otherwise.
pub fn check_url(text: &str) -> Result<(), NotifierError> {
    parse_url(text).map(drop)
}

/// Whether mail can be addressed to it.
pub fn check_address(text: &str) -> Result<(), NotifierError> {
    let parsed = text.parse::<lettre::Address>();
    parsed.map(drop).map_err(|_| NotifierError(format!("{text:?} is no address of e-mail")))
}
