//! Messages as SNS sends them to subscribers of HTTP, but for the signature.
//!
//! SNS signs with a key whose certificate lies on a host of AWS's, which nobody else can do; a made-up signature would be
//! a lie, so there is none. What a topic or notifier with a secret sends is signed after Standard Webhooks instead.
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>

use serde_json::{Value, json};

use super::{HttpMessage, Message, instant_millis};
use crate::text;

/// To whom it goes.
#[derive(Debug, Clone)]
pub struct Endpoint<'a> {
    pub url: &'a str,
    pub topic_arn: &'a str,
    pub subscription_arn: &'a str,
    pub is_raw: bool,
    /// Where the subscription can be ended.
    pub unsubscribe_url: Option<String>,
}

/// SNS's limit for a subject.
const MAX_SUBJECT: usize = 100;

pub fn notification(message: &Message<'_>, endpoint: &Endpoint<'_>) -> HttpMessage {
    let text = content(message);
    let mut headers = headers(message, endpoint, "Notification");
    headers.push(("x-amz-sns-subscription-arn".to_owned(), endpoint.subscription_arn.to_owned()));
    if endpoint.is_raw {
        headers.push(("x-amz-sns-rawdelivery".to_owned(), "true".to_owned()));
        return HttpMessage { url: endpoint.url.to_owned(), headers, body: text.into_bytes() };
    }
    let mut body = json!({
        "Type": "Notification",
        "MessageId": message.notice_id,
        "TopicArn": endpoint.topic_arn,
    });
    if !message.notice.title.is_empty() {
        body["Subject"] = json!(subject(message));
    }
    body["Message"] = json!(text);
    body["Timestamp"] = json!(instant_millis(message.now));
    if let Some(url) = &endpoint.unsubscribe_url {
        body["UnsubscribeURL"] = json!(url);
    }
    HttpMessage { url: endpoint.url.to_owned(), headers, body: body.to_string().into_bytes() }
}

/// The first message to a subscriber: it must fetch the URL, or hand the token to ConfirmSubscription.
pub fn confirmation(
    message: &Message<'_>,
    endpoint: &Endpoint<'_>,
    token: &str,
    subscribe_url: &str,
) -> HttpMessage {
    let text = format!(
        "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
        endpoint.topic_arn
    );
    let body = json!({
        "Type": "SubscriptionConfirmation",
        "MessageId": message.notice_id,
        "Token": token,
        "TopicArn": endpoint.topic_arn,
        "Message": text,
        "SubscribeURL": subscribe_url,
        "Timestamp": instant_millis(message.now),
    });
    let headers = headers(message, endpoint, "SubscriptionConfirmation");
    HttpMessage { url: endpoint.url.to_owned(), headers, body: body.to_string().into_bytes() }
}

fn headers(message: &Message<'_>, endpoint: &Endpoint<'_>, kind: &str) -> Vec<(String, String)> {
    [
        // As SNS has it, although it is JSON.
        ("content-type", "text/plain; charset=UTF-8"),
        ("x-amz-sns-message-type", kind),
        ("x-amz-sns-message-id", message.notice_id),
        ("x-amz-sns-topic-arn", endpoint.topic_arn),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// One line of what SNS lets a subject be.
pub(crate) fn subject(message: &Message<'_>) -> String {
    text::line(&message.notice.title, MAX_SUBJECT - 1)
}

/// What stands in `Message`: AWS's document where there is one, a text as it was published, or else the sentences.
pub(crate) fn content(message: &Message<'_>) -> String {
    let documents = &message.notice.documents;
    match (&documents.message, &documents.event) {
        (Value::String(text), _) => text.clone(),
        (Value::Null, Value::Null) => sentences(message),
        (Value::Null, event) => event.to_string(),
        (document, _) => document.to_string(),
    }
}

/// For people: what a mail says, without markup.
pub(crate) fn sentences(message: &Message<'_>) -> String {
    let mut lines = vec![message.summary(), String::new()];
    lines.extend(message.more_lines());
    if message.more.is_empty() {
        lines.extend(message.facts().into_iter().map(|(name, value)| format!("{name}: {value}")));
    }
    lines.push(String::new());
    lines.extend(message.links().into_iter().map(|(name, url)| format!("{name}: {url}")));
    lines.join("\n").trim_end().to_owned()
}
