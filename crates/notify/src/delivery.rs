//! One message to one target: worded for it, signed where it has a secret, and sent.

use std::time::Duration;

use alert::notice::Kind as NoticeKind;
use settings::Protocol;

use crate::notifier::{Body, Kind, Notifier, NotifierError, Secret, Webhook};
use crate::notifiers::{Notifiers, Subscriber, Target};
use crate::payload::{
    HttpMessage, Message, alertmanager, email, eventbridge, pagerduty, slack, sns, teams, webhook,
};
use crate::send::{Answer, Fate, Sender};
use crate::{sign, template};

/// What is needed to send anything.
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    pub(crate) notifiers: Notifiers,
    pub(crate) sender: Sender,
}

impl Courier {
    /// Never fails: what cannot even be tried is an answer too.
    pub(crate) async fn deliver(&self, target: &Target, message: &Message<'_>) -> Answer {
        let sent = match target {
            Target::Notifier(notifier) => self.to_notifier(notifier, message).await,
            Target::Subscriber(subscriber) => self.to_subscriber(subscriber, message).await,
        };
        sent.unwrap_or_else(|NotifierError(text)| not_tried(text))
    }

    async fn to_notifier(&self, notifier: &Notifier, message: &Message<'_>) -> Result<Answer, NotifierError> {
        let post = match &notifier.kind {
            Kind::Webhook(webhook) => webhook_message(notifier, webhook, message)?,
            Kind::Alertmanager(_) => return self.push(notifier, std::slice::from_ref(message)).await,
            Kind::Slack(chat) => HttpMessage::json(chat.url.reveal()?, &slack::body(message)),
            Kind::Teams(chat) => HttpMessage::json(chat.url.reveal()?, &teams::body(message)),
            Kind::PagerDuty(pagerduty) => {
                let body = pagerduty::body(message, &pagerduty.routing_key.reveal()?);
                HttpMessage::json(pagerduty.url.clone(), &body)
            }
            Kind::EventBridge(bridge) => {
                let account = self.notifiers.account();
                let place = eventbridge::Place { account: &account.id, region: &account.region };
                let post = HttpMessage::json(bridge.url.reveal()?, &eventbridge::body(message, place));
                signed(post, &[bridge.secret.as_ref()], message)?
            }
            Kind::Sns(sns) => {
                let url = sns.url.reveal()?;
                let arn = self.notifiers.topic_arn(&notifier.name);
                let endpoint = sns::Endpoint {
                    url: &url,
                    topic_arn: &arn,
                    subscription_arn: &format!("{arn}:{}", notifier.name),
                    is_raw: sns.raw,
                    unsubscribe_url: None,
                };
                signed(sns::notification(message, &endpoint), &[sns.secret.as_ref()], message)?
            }
            Kind::Email(server) => {
                let mail = email::mail(&email::content(message), &server.from, &server.to)?;
                return Ok(self.sender.mail(server, mail).await);
            }
            Kind::Topic(_) => return Err(NotifierError("a topic has subscribers and no address".to_owned())),
        };
        Ok(self.sender.post(&post).await)
    }

    /// Alerts in one POST; each is said again until it ends.
    pub(crate) async fn push(
        &self,
        notifier: &Notifier,
        messages: &[Message<'_>],
    ) -> Result<Answer, NotifierError> {
        let Kind::Alertmanager(kind) = &notifier.kind else {
            return Err(NotifierError("it is no Alertmanager".to_owned()));
        };
        let url = kind.url.reveal()?;
        let url = format!("{}/api/v2/alerts", url.trim_end_matches('/').trim_end_matches("/api/v2/alerts"));
        let alerts: Vec<serde_json::Value> = messages.iter().map(alertmanager::alert).collect();
        let mut post = HttpMessage::json(url, &serde_json::Value::Array(alerts));
        if let Some(token) = &kind.token {
            post.headers.push(("authorization".to_owned(), format!("Bearer {}", token.reveal()?)));
        } else if let (Some(username), Some(password)) = (&kind.username, &kind.password) {
            use base64::Engine;
            let pair = format!("{username}:{}", password.reveal()?);
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            post.headers.push(("authorization".to_owned(), format!("Basic {encoded}")));
        }
        Ok(self.sender.post(&post).await)
    }

    async fn to_subscriber(
        &self,
        subscriber: &Subscriber,
        message: &Message<'_>,
    ) -> Result<Answer, NotifierError> {
        let subscription = &subscriber.subscription;
        let topic_arn = self.notifiers.topic_arn(&subscription.topic);
        let subscription_arn = format!("{topic_arn}:{}", subscription.id);
        let link = |action: &str, token: &str| {
            format!("{}/sns/{action}?SubscriptionArn={subscription_arn}&Token={token}", message.console)
        };
        let is_confirmation = message.notice.kind == NoticeKind::Subscription;
        let token = self.notifiers.confirmation_token(&subscription.id)?;
        let unsubscribe = self.notifiers.unsubscribe_token(&subscription.id)?;
        if subscription.protocol == Protocol::Email {
            let Some(server) = &subscriber.mail else {
                return Err(NotifierError(
                    "there is no notifier of the kind email to send mail through".to_owned(),
                ));
            };
            let mut content = email::content(message);
            if is_confirmation {
                content = confirmation_mail(content, &topic_arn, &link("confirm", &token));
            }
            let to = std::slice::from_ref(&subscription.endpoint);
            return Ok(self.sender.mail(server, email::mail(&content, &server.from, to)?).await);
        }
        let endpoint = sns::Endpoint {
            url: &subscription.endpoint,
            topic_arn: &topic_arn,
            subscription_arn: &subscription_arn,
            is_raw: subscription.is_raw,
            unsubscribe_url: Some(link("unsubscribe", &unsubscribe)),
        };
        let post = match is_confirmation {
            true => sns::confirmation(message, &endpoint, &token, &link("confirm", &token)),
            false => sns::notification(message, &endpoint),
        };
        let post = signed(post, &[subscriber.topic.secret.as_ref()], message)?;
        Ok(self.sender.post(&post).await)
    }
}

/// It can be mended without a new message: a secret's file that is missing, a mail server that is not set up yet.
fn not_tried(text: String) -> Answer {
    let fate = Fate::Failed { retry_after: None };
    Answer { fate, status: None, text, took: Duration::ZERO, is_private: false }
}

fn confirmation_mail(content: email::Content, topic_arn: &str, url: &str) -> email::Content {
    let text = format!(
        "You have chosen to subscribe to the topic:\n{topic_arn}\n\nTo confirm this subscription, open:\n{url}\n\nIf it was not you, do nothing."
    );
    let html = format!("<pre>{}</pre>", crate::text::html(&text));
    email::Content { subject: "Fluoro - Subscription Confirmation".to_owned(), text, html, ..content }
}

fn webhook_message(
    notifier: &Notifier,
    kind: &Webhook,
    message: &Message<'_>,
) -> Result<HttpMessage, NotifierError> {
    let built_in = match kind.format {
        Body::Fluoro => webhook::body(message),
        Body::Alertmanager => webhook::alertmanager_body(message, &notifier.name),
    };
    let (mut body, mut content_type) = (built_in.to_string(), "application/json");
    if let Some(source) = &kind.template {
        match template::render(source, &kind.content_type, &webhook::body(message)) {
            Ok(made) => (body, content_type) = (made, &kind.content_type),
            // It worked with the samples; better another body than none.
            Err(error) => {
                tracing::warn!(notifier = %notifier.name, %error, "template failed, sent the body of Fluoro's own")
            }
        }
    }
    let mut headers = vec![("content-type".to_owned(), content_type.to_owned())];
    for (name, value) in &kind.headers {
        headers.push((name.clone(), value.reveal()?));
    }
    let post = HttpMessage { url: kind.url.reveal()?, headers, body: body.into_bytes() };
    signed(post, &[kind.secret.as_ref(), kind.previous_secret.as_ref()], message)
}

/// With the headers of Standard Webhooks; the signature where there is a secret.
fn signed(
    mut post: HttpMessage,
    secrets: &[Option<&Secret>],
    message: &Message<'_>,
) -> Result<HttpMessage, NotifierError> {
    let seconds = message.now.floor_seconds();
    post.headers.push(("webhook-id".to_owned(), message.id.to_owned()));
    post.headers.push(("webhook-timestamp".to_owned(), seconds.to_string()));
    let secrets: Vec<String> =
        secrets.iter().flatten().map(|secret| secret.reveal()).collect::<Result<_, _>>()?;
    if !secrets.is_empty() {
        let signature = sign::signature(&secrets, message.id, seconds, &post.body);
        post.headers.push(("webhook-signature".to_owned(), signature));
    }
    Ok(post)
}
