//! Mail: text and HTML side by side, in one thread for all messages about one thing.

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use ring::digest;

use super::{Message, sns};
use crate::notifier::NotifierError;
use crate::text::{self, html};

const MAX_SUBJECT: usize = 150;

/// That no person wrote it, so that no machine answers it (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What a mail says, whoever it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub message_id: String,
    /// The same for all mails of one thing: programs show them together.
    pub thread: String,
}

pub fn content(message: &Message<'_>) -> Content {
    use alert::notice::Kind;
    let notice = message.notice;
    let is_as_published = matches!(notice.kind, Kind::Message | Kind::Subscription);
    let subject = match is_as_published {
        true if notice.title.is_empty() => "Message from Fluoro".to_owned(),
        true => message.title(),
        false => format!("[{}] {}", message.state(), message.title()),
    };
    let text = if is_as_published { sns::content(message) } else { sns::sentences(message) };
    let html = if is_as_published { format!("<pre>{}</pre>", html(&text)) } else { rich(message) };
    Content {
        subject: text::line(&subject, MAX_SUBJECT),
        text,
        html,
        message_id: format!("<{}@fluoro>", message.id),
        thread: format!("<{}@fluoro>", thread(&notice.dedup_key, notice.since.0)),
    }
}

fn rich(message: &Message<'_>) -> String {
    let color = if message.is_firing() { "#b3261e" } else { "#1e6b34" };
    let mut page = format!(
        "<h2><span style=\"color:{color}\">{}</span> {}</h2><p>{}</p>",
        message.state(),
        html(&message.title()),
        html(&message.summary())
    );
    let lines: String = message.more_lines().iter().map(|line| format!("<li>{}</li>", html(line))).collect();
    if lines.is_empty() {
        let row = |(name, value): (&'static str, String)| {
            format!("<tr><th align=\"left\">{name}</th><td>{}</td></tr>", html(&value))
        };
        page.push_str(&format!(
            "<table>{}</table>",
            message.facts().into_iter().map(row).collect::<String>()
        ));
    } else {
        page.push_str(&format!("<ul>{lines}</ul>"));
    }
    let link = |(name, url): (&'static str, String)| format!("<a href=\"{}\">{name}</a>", html(&url));
    let links: Vec<String> = message.links().into_iter().map(link).collect();
    if !links.is_empty() {
        page.push_str(&format!("<p>{}</p>", links.join(" · ")));
    }
    page
}

/// The mail to one or more addresses.
pub fn mail(content: &Content, from: &str, to: &[String]) -> Result<lettre::Message, NotifierError> {
    let address = |text: &str| {
        text.parse::<Mailbox>().map_err(|_| NotifierError(format!("{text:?} is no address of e-mail")))
    };
    let mut builder = lettre::Message::builder()
        .from(address(from)?)
        .subject(content.subject.clone())
        .message_id(Some(content.message_id.clone()))
        .references(content.thread.clone())
        .in_reply_to(content.thread.clone())
        .header(AutoSubmitted);
    for one in to {
        builder = builder.to(address(one)?);
    }
    let parts = MultiPart::alternative_plain_html(content.text.clone(), content.html.clone());
    builder.multipart(parts).map_err(|error| NotifierError(format!("the mail cannot be written: {error}")))
}

fn thread(key: &str, since: i64) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{since}/{key}").as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
