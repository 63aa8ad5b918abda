//! Keys of a server that asks who is there.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `GET /api/keys`: all keys, oldest first, and policies to begin with.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct KeyList {
    pub keys: Vec<KeyEntry>,
    pub presets: Vec<PolicyPreset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) enum KeyKind {
    /// Signs requests, as AWS clients do.
    AccessKey,
    /// Signs a person in, or a program that can send no more than a header.
    ConsoleToken,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct KeyEntry {
    pub id: String,
    pub name: String,
    pub kind: KeyKind,
    pub created: f64,
    pub expires: Option<f64>,
    /// When somebody came with it last, to the minute.
    pub used: Option<f64>,
    /// JSON.
    pub policy: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct PolicyPreset {
    pub name: String,
    pub policy: String,
}

/// `POST /api/keys`
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct KeyRequest {
    pub name: String,
    pub kind: KeyKind,
    pub policy: String,
    /// When it ends; where it is left out, it is good until it is revoked.
    #[serde(default)]
    #[ts(optional)]
    pub expires: Option<f64>,
}

/// What is shown once.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct MadeKey {
    pub key: KeyEntry,
    /// The secret access key, or the token.
    pub secret: String,
}

/// `POST /api/keys/check` with `{"policy": "..."}`: whether it is a policy that this server understands whole.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct PolicyCheck {
    pub error: Option<String>,
}
