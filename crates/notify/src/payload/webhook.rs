//! The generic webhook: `fluoro/v1`, or the shape of Alertmanager's webhooks.

use serde_json::{Value, json};

use super::{Message, alertmanager, instant};
use crate::text::{self, NAME, SENTENCE};

/// All that a message says. Templates see the same members.
pub fn body(message: &Message<'_>) -> Value {
    let notice = message.notice;
    let root = notice.root.as_ref().map(|root| {
        let node_type = root.node_type.as_deref().map(|text| text::line(text, NAME));
        json!({"name": text::line(&root.name, NAME), "type": node_type})
    });
    let url = |path: &String| message.url(path);
    let documents = &notice.documents;
    let raw = if documents.message.is_null() { &documents.event } else { &documents.message };
    let more: Vec<Value> = message
        .more
        .iter()
        .map(|one| {
            let (kind, status, severity) = (one.kind.name(), one.status.name(), one.severity.name());
            let (title, summary) = (text::line(&one.title, NAME), text::line(&one.summary, SENTENCE));
            json!({
                "kind": kind, "status": status, "severity": severity, "dedup_key": one.dedup_key, "title": title,
                "summary": summary,
            })
        })
        .collect();
    json!({
        "version": "fluoro/v1",
        "kind": if more.is_empty() { notice.kind.name() } else { "digest" },
        "status": notice.status.name(),
        "dedup_key": notice.dedup_key,
        "title": message.title(),
        "summary": message.summary(),
        "severity": notice.severity.name(),
        "started_at": instant(notice.since),
        "ended_at": notice.until.map(instant),
        "group": notice.group.as_deref().map(|text| text::line(text, NAME)),
        "root": root,
        "affected": notice.affected.iter().map(|name| text::line(name, NAME)).collect::<Vec<String>>(),
        "impact": {
            "requests": notice.impact.requests, "failing": notice.impact.failing, "users": notice.impact.users,
        },
        "exception": notice.exception.as_deref().map(|text| text::line(text, SENTENCE)),
        "app_version": notice.version.as_deref().map(|text| text::line(text, NAME)),
        "links": {
            "page": notice.links.page.as_ref().map(url),
            "map": notice.links.map.as_ref().map(url),
            "traces": notice.links.traces.iter().map(url).collect::<Vec<String>>(),
        },
        "notices": more,
        "raw": raw,
    })
}

/// As Alertmanager would send it to a webhook.
/// <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>
pub fn alertmanager_body(message: &Message<'_>, receiver: &str) -> Value {
    let mut alert = alertmanager::alert(message);
    let labels = alert["labels"].clone();
    let annotations = alert["annotations"].clone();
    alert["status"] = json!(message.notice.status.name());
    alert["fingerprint"] = json!(fingerprint(&message.notice.dedup_key));
    if message.is_firing() {
        // As Alertmanager says that it has not ended.
        alert["endsAt"] = json!("0001-01-01T00:00:00Z");
    }
    json!({
        "version": "4",
        "groupKey": message.notice.dedup_key,
        "truncatedAlerts": 0,
        "status": message.notice.status.name(),
        "receiver": receiver,
        "groupLabels": {"fluoro_key": message.notice.dedup_key},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": message.console,
        "alerts": [alert],
    })
}

/// 16 hexadecimal digits that stand for a key: FNV-1a, as in Prometheus.
fn fingerprint(key: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", key.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}
