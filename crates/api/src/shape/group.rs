//! Groups as they are set up.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;

/// `GET /api/groups`: the Default group first, then by name.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct GroupList {
    pub groups: Vec<GroupEntry>,
    /// X-Ray's limit, the Default group included.
    #[ts(type = "number")]
    pub limit: usize,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct GroupEntry {
    pub name: String,
    pub arn: String,
    /// Absent on the Default group, which takes every trace.
    pub filter: Option<String>,
    /// Takes no traces: its filter names a group that is gone, or cannot be read.
    pub is_excluded: bool,
    pub insights_enabled: bool,
    pub notifications_enabled: bool,
    /// What was received before was counted by another filter.
    pub filter_changed: Option<f64>,
    pub tags: BTreeMap<String, String>,
}
