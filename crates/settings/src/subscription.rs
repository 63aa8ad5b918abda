//! Who is subscribed to a topic, which is a notifier that others subscribe to.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>

use model::Timestamp;
use rand::Rng;

use crate::error::SettingsError;
use crate::settings::Settings;

/// Of all topics together: each is a delivery of its own for every message.
pub const MAX_SUBSCRIPTIONS: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// A UUID, the end of its ARN.
    pub id: String,
    /// The name of the topic.
    pub topic: String,
    pub protocol: Protocol,
    /// A URL or an address of e-mail.
    pub endpoint: String,
    /// The message alone is sent, without SNS's envelope.
    pub is_raw: bool,
    pub created: Timestamp,
    /// When the other side said that it wants it; nothing is sent before.
    pub confirmed: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    Http,
    Https,
    Email,
}

impl Protocol {
    pub const ALL: [Self; 3] = [Self::Http, Self::Https, Self::Email];

    /// SNS's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Email => "email",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }
}

impl Settings {
    /// Subscribes an endpoint to a topic; the same endpoint once, so that asking again changes nothing. Says whether it is
    /// new.
    pub fn subscribe(
        &self,
        topic: &str,
        protocol: Protocol,
        endpoint: &str,
        is_raw: bool,
        now: Timestamp,
    ) -> Result<(Subscription, bool), SettingsError> {
        self.change(|snapshot| {
            if !snapshot.notifiers.contains_key(topic) {
                return Err(SettingsError::NotFound { resource: format!("topic {topic}") });
            }
            let held = snapshot
                .subscriptions
                .values()
                .find(|held| held.topic == topic && held.protocol == protocol && held.endpoint == endpoint);
            if let Some(held) = held {
                return Ok((held.clone(), false));
            }
            if snapshot.subscriptions.len() >= MAX_SUBSCRIPTIONS {
                let text = format!("there are {MAX_SUBSCRIPTIONS} subscriptions already, which is the limit");
                return Err(SettingsError::refused(text));
            }
            let subscription = Subscription {
                id: unique_id(),
                topic: topic.to_owned(),
                protocol,
                endpoint: endpoint.to_owned(),
                is_raw,
                created: now,
                confirmed: None,
            };
            snapshot.subscriptions.insert(subscription.id.clone(), subscription.clone());
            Ok((subscription, true))
        })
    }

    /// What the other side wants; the first time counts.
    pub fn confirm_subscription(&self, id: &str, now: Timestamp) -> Result<Subscription, SettingsError> {
        self.change(|snapshot| {
            let subscription = snapshot.subscriptions.get_mut(id).ok_or_else(|| not_found(id))?;
            subscription.confirmed.get_or_insert(now);
            Ok(subscription.clone())
        })
    }

    pub fn set_raw_delivery(&self, id: &str, is_raw: bool) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            snapshot.subscriptions.get_mut(id).ok_or_else(|| not_found(id))?.is_raw = is_raw;
            Ok(())
        })
    }

    pub fn unsubscribe(&self, id: &str) -> Result<(), SettingsError> {
        self.change(|snapshot| snapshot.subscriptions.remove(id).map(drop).ok_or_else(|| not_found(id)))
    }
}

fn not_found(id: &str) -> SettingsError {
    SettingsError::NotFound { resource: format!("subscription {id}") }
}

/// A UUID of version 4.
fn unique_id() -> String {
    let random: u128 = rand::rng().random();
    let number = (random & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
    let text = format!("{number:032x}");
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}
