//! Who is signed in.

use model::Timestamp;
use serde::Serialize;
use ts_rs::TS;

use super::stats::millis_at;

/// `GET /api/session`: whether this server asks people to sign in, and who has.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Session {
    pub required: bool,
    /// Of the token that was shown; absent for who is not signed in.
    pub name: Option<String>,
    /// The id of that token.
    pub key_id: Option<String>,
    pub may_change: bool,
    pub may_manage_keys: bool,
    /// What is shown is a capsule's, and nothing of it is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub capsule: Option<CapsuleHead>,
}

/// What a capsule is about, and what it has of it. Times are epoch milliseconds.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct CapsuleHead {
    pub made: f64,
    pub made_by: String,
    /// The page of the issue.
    pub page: String,
    pub sentence: String,
    pub from: f64,
    /// The moment that is shown as now.
    pub to: f64,
    /// Traces of the window that it knows, and those that have their documents in it.
    #[ts(type = "number")]
    pub traces: u64,
    #[ts(type = "number")]
    pub with_documents: u64,
    /// Whether it knows all traces of the window.
    pub complete: bool,
    /// Names of what was taken out.
    pub redacted: Vec<String>,
}

impl From<&capsule::Head> for CapsuleHead {
    fn from(head: &capsule::Head) -> Self {
        let millis = |micros| millis_at(Timestamp(micros));
        Self {
            made: millis(head.made),
            made_by: head.made_by.clone(),
            page: head.issue.page(),
            sentence: head.issue.sentence.clone(),
            from: millis(head.from),
            to: millis(head.to),
            traces: head.traces,
            with_documents: head.with_documents,
            complete: head.complete,
            redacted: head.redacted.clone(),
        }
    }
}
