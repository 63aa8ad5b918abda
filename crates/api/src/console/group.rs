//! `GET /api/groups`: every group as it is set up. Changes are made by X-Ray's operations.

use axum::Json;
use axum::extract::State;

use crate::app::Shared;
use crate::shape::stats::millis_at;
use crate::shape::{GroupEntry, GroupList};

pub(crate) async fn groups(State(app): State<Shared>) -> Json<GroupList> {
    let settings = &app.deps.settings;
    let (account, state) = (settings.account(), settings.snapshot());
    let known = app.groups();
    let groups = state.groups_in_order().map(|record| {
        let arn = record.arn(account);
        let group = record.group.clone();
        GroupEntry {
            tags: state.tags.get(&arn).cloned().unwrap_or_default(),
            arn,
            is_excluded: known.excluded().any(|name| name == group.name),
            name: group.name,
            filter: group.filter_expression,
            insights_enabled: group.insights_enabled,
            notifications_enabled: group.notifications_enabled,
            filter_changed: record.filter_changed.map(millis_at),
        }
    });
    Json(GroupList { groups: groups.collect(), limit: settings::MAX_GROUPS })
}
