//! Groups: the default group for now, which takes every trace.

use axum::Json;
use axum::extract::State;
use model::group::{self, Group};
use serde::Serialize;
use serde_json::{Value, json};

use super::input::{Input, Members, Read};
use crate::app::{Identity, Shared};
use crate::error::XRayError;

/// A group by its name or its ARN; without either, the default group where the operation allows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct GroupSelector {
    name: Option<String>,
    arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GroupShape {
    group_name: String,
    #[serde(rename = "GroupARN")]
    group_arn: String,
    filter_expression: Option<String>,
    insights_configuration: InsightsConfiguration,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct InsightsConfiguration {
    insights_enabled: bool,
    notifications_enabled: bool,
}

impl GroupSelector {
    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_none() && self.arn.is_none()
    }

    /// The group's name in the rollups.
    pub(crate) fn resolve(&self, identity: &Identity) -> Result<&'static str, XRayError> {
        if self.name.is_some() && self.arn.is_some() {
            return Err(XRayError::invalid("Request cannot contain both group name and group ARN"));
        }
        let is_default = match (&self.name, &self.arn) {
            (Some(name), _) => name == group::DEFAULT,
            (None, Some(given)) => *given == arn(identity, group::DEFAULT),
            (None, None) => true,
        };
        if is_default { Ok(group::DEFAULT) } else { Err(XRayError::invalid("Group not found")) }
    }
}

impl Read for GroupSelector {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            name: members.short_text("GroupName", 1, 32)?,
            arn: members.short_text("GroupARN", 1, 400)?,
        })
    }
}

/// The default group's ARN has no unique id at its end, unlike those of other groups.
fn arn(identity: &Identity, name: &str) -> String {
    format!("arn:aws:xray:{}:{}:group/{name}", identity.region, identity.account_id)
}

fn shape(identity: &Identity, group: Group) -> GroupShape {
    GroupShape {
        group_arn: arn(identity, &group.name),
        group_name: group.name,
        filter_expression: group.filter_expression,
        insights_configuration: InsightsConfiguration {
            insights_enabled: group.insights_enabled,
            notifications_enabled: group.notifications_enabled,
        },
    }
}

pub(crate) async fn get_group(
    State(app): State<Shared>,
    Input(selector): Input<GroupSelector>,
) -> Result<Json<Value>, XRayError> {
    if selector.is_empty() {
        return Err(XRayError::invalid("Request must contain either group name or group ARN"));
    }
    selector.resolve(&app.deps.identity)?;
    Ok(Json(json!({ "Group": shape(&app.deps.identity, Group::default_group()) })))
}

#[derive(Debug)]
pub(crate) struct GetGroups {
    next_token: Option<String>,
}

impl Read for GetGroups {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self { next_token: members.short_text("NextToken", 1, 100)? })
    }
}

pub(crate) async fn get_groups(
    State(app): State<Shared>,
    Input(input): Input<GetGroups>,
) -> Result<Json<Value>, XRayError> {
    if input.next_token.is_some() {
        return Err(XRayError::invalid("Next Token not supported"));
    }
    let groups = [shape(&app.deps.identity, Group::default_group())];
    Ok(Json(json!({ "Groups": groups, "NextToken": null })))
}
