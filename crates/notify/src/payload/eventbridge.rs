//! An event of EventBridge as the body of a POST.
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/overview-event-structure.html>

use serde_json::{Value, json};

use super::{Message, instant, webhook};

/// The account and region that ARNs show.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub account: &'a str,
    pub region: &'a str,
}

pub fn body(message: &Message<'_>, place: Place<'_>) -> Value {
    let event = &message.notice.documents.event;
    let own = event.is_null();
    let member = |name: &str, otherwise: Value| event.get(name).cloned().unwrap_or(otherwise);
    let detail = if own { webhook::body(message) } else { member("detail", json!({})) };
    json!({
        "version": "0",
        "id": message.notice_id,
        "detail-type": member("detail-type", json!("Fluoro Notice")),
        "source": member("source", json!("fluoro")),
        "account": place.account,
        "time": instant(message.now),
        "region": place.region,
        "resources": member("resources", json!([])),
        "detail": detail,
    })
}
