//! Who is signed in.

use serde::Serialize;
use ts_rs::TS;

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
}
