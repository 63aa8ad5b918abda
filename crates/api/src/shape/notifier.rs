//! Whom to tell, and what became of what was told.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// `GET /api/notifiers`: all of them by name, and the kinds that there are.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct NotifierList {
    pub notifiers: Vec<NotifierEntry>,
    pub kinds: Vec<String>,
}

/// A notifier as it was set up, `{"name", "kind", "url", ...}`, with a mask for each secret, and how it does.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct NotifierEntry {
    pub name: String,
    pub kind: String,
    /// What else was set up. Of one that a file gave this is nothing.
    #[serde(flatten)]
    #[ts(skip)]
    pub members: Map<String, Value>,
    /// It stands in the file that the server was started with, and is changed there.
    pub is_fixed: bool,
    /// Why it cannot be used.
    pub error: Option<String>,
    pub status: NotifierStatus,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct NotifierStatus {
    pub pending: u32,
    /// Messages of the last week that were given up.
    pub dead: u32,
    pub oldest_pending: Option<f64>,
    pub last_sent: Option<f64>,
    /// What the other side said when a message last did not arrive.
    pub last_failure: Option<String>,
}

/// `POST /api/notifiers/{name}/test`: what the other side said.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct NotifierTest {
    pub delivered: bool,
    /// Of HTTP or SMTP; none where nobody answered.
    pub status: Option<u16>,
    pub millis: f64,
    /// The beginning of the answer, or why there is none. Of an address in a private network it is shown to those alone who may
    /// manage keys.
    pub answer: Option<String>,
}

/// `GET /api/deliveries?notifier=...&before=...`: the newest first.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct DeliveryList {
    pub deliveries: Vec<DeliveryEntry>,
    /// For the next page.
    pub before: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DeliveryParams {
    pub notifier: Option<String>,
    pub before: Option<i64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct DeliveryEntry {
    pub id: String,
    /// The notifier, or a topic and its subscription.
    pub target: String,
    /// `pending`, `held`, `sent`, `merged` or `dead`.
    pub state: String,
    /// `insight`, `alarm`, `fluoro`, `message`, `subscription` or `test`.
    pub kind: String,
    /// `firing` or `resolved`.
    pub status: String,
    pub title: String,
    pub dedup_key: String,
    pub tries: u32,
    pub created: f64,
    /// When it is tried next.
    pub due: Option<f64>,
    pub done: Option<f64>,
    pub answer: Option<String>,
}
