//! Alerts as Alertmanager takes them: `POST /api/v2/alerts`.
//!
//! Labels are an alert's identity, so nothing that changes stands in them. An alert without a later word of it ends by
//! itself, so it is said again and again with an end that lies ahead ([`LASTS`]).
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>

use alert::notice::Kind;
use model::Micros;
use serde_json::{Map, Value, json};

use super::{Message, instant};
use crate::text::{self, NAME, SENTENCE};

/// How long an alert holds without being said again.
pub const LASTS: Micros = Micros::from_secs(5 * 60);

pub fn alert(message: &Message<'_>) -> Value {
    let notice = message.notice;
    let mut labels = Map::new();
    let mut label = |name: &str, value: &str| labels.insert(name.to_owned(), json!(text::line(value, NAME)));
    let named = notice.dedup_key.strip_prefix("alarm/").filter(|_| notice.kind == Kind::Alarm);
    label("alertname", named.unwrap_or(kind_name(notice.kind)));
    label("fluoro_key", &notice.dedup_key);
    if let Some(group) = &notice.group {
        label("group", group);
    }
    let mut annotations = Map::new();
    let mut annotate = |name: &str, value: String| annotations.insert(name.to_owned(), json!(value));
    annotate("title", message.title());
    annotate("summary", message.summary());
    annotate("severity", notice.severity.name().to_owned());
    if let Some(root) = &notice.root {
        annotate("service", text::line(&root.name, NAME));
        annotate("service_type", text::line(root.node_type.as_deref().unwrap_or_default(), NAME));
    }
    annotate("exception", text::line(notice.exception.as_deref().unwrap_or_default(), SENTENCE));
    annotate("version", text::line(notice.version.as_deref().unwrap_or_default(), NAME));
    for (name, url) in message.links() {
        annotate(&name.to_lowercase().replace(' ', "_"), url);
    }
    let ends = match message.is_firing() {
        true => message.now.plus(LASTS),
        false => notice.until.unwrap_or(message.now).max(notice.since),
    };
    json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": instant(notice.since),
        "endsAt": instant(ends),
        "generatorURL": message.page(),
    })
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Insight => "FluoroInsight",
        Kind::Alarm => "FluoroAlarm",
        Kind::Fluoro => "FluoroItself",
        Kind::Message | Kind::Subscription => "FluoroMessage",
        Kind::Test => "FluoroTest",
    }
}
