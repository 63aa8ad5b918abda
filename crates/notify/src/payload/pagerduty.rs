//! PagerDuty's Events API v2.
//! <https://developer.pagerduty.com/docs/send-alert-event>

use ring::digest;
use serde_json::{Map, Value, json};

use super::{Message, instant};
use crate::text;

const MAX_SUMMARY: usize = 1_023;
const MAX_KEY: usize = 255;

pub fn body(message: &Message<'_>, routing_key: &str) -> Value {
    let notice = message.notice;
    let key = dedup_key(&notice.dedup_key);
    if !message.is_firing() {
        return json!({"routing_key": routing_key, "event_action": "resolve", "dedup_key": key});
    }
    let details: Map<String, Value> =
        message.facts().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let links: Vec<Value> =
        message.links().into_iter().map(|(name, url)| json!({"href": url, "text": name})).collect();
    let source = notice.root.as_ref().map_or("fluoro", |root| root.name.as_str());
    let summary = format!("{}: {}", notice.title, notice.summary);
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": key,
        "client": "Fluoro",
        "client_url": message.page(),
        "payload": {
            "summary": text::line(&summary, MAX_SUMMARY),
            "source": text::line(source, text::NAME),
            "severity": notice.severity.name(),
            "timestamp": instant(notice.since),
            "component": notice.root.as_ref().map(|root| text::line(&root.name, text::NAME)),
            "group": notice.group.as_deref().map(|group| text::line(group, text::NAME)),
            "class": notice.kind.name(),
            "custom_details": details,
        },
        "links": links,
    })
}

/// A key that is too long is told by its hash.
fn dedup_key(key: &str) -> String {
    if key.len() <= MAX_KEY {
        return key.to_owned();
    }
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
