//! Groups: made, changed, deleted and listed.

use ::settings::{Account, GroupRecord, InsightsUpdate, Named};
use axum::Json;
use axum::extract::State;
use model::group;
use query::Groups;
use serde::Serialize;
use serde_json::{Value, json};

use super::input::{Input, Members, Read};
use super::tag::GivenTags;
use crate::app::{App, Shared};
use crate::error::XRayError;
use crate::filter;

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

    /// The group that is meant.
    pub(crate) fn resolve(&self, app: &App) -> Result<GroupRecord, XRayError> {
        let named = self.named()?.unwrap_or(Named::Name(group::DEFAULT.to_owned()));
        let settings = &app.deps.settings;
        let state = settings.snapshot();
        let record = state.group(settings.account(), &named);
        record.cloned().ok_or(XRayError::invalid("Group not found"))
    }

    fn named(&self) -> Result<Option<Named>, XRayError> {
        match (self.name.clone(), self.arn.clone()) {
            (Some(_), Some(_)) => {
                Err(XRayError::invalid("Request cannot contain both group name and group ARN"))
            }
            (Some(name), None) => Ok(Some(Named::Name(name))),
            (None, Some(arn)) => Ok(Some(Named::Arn(arn))),
            (None, None) => Ok(None),
        }
    }

    /// Where a group must be named.
    fn required(&self) -> Result<Named, XRayError> {
        let missing = || XRayError::invalid("Request must contain either group name or group ARN");
        self.named()?.ok_or_else(missing)
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

fn shape(account: &Account, record: &GroupRecord) -> GroupShape {
    let group = record.group.clone();
    GroupShape {
        group_arn: record.arn(account),
        group_name: group.name,
        filter_expression: group.filter_expression,
        insights_configuration: InsightsConfiguration {
            insights_enabled: group.insights_enabled,
            notifications_enabled: group.notifications_enabled,
        },
    }
}

fn answer(app: &App, record: &GroupRecord) -> Json<Value> {
    Json(json!({ "Group": shape(app.deps.settings.account(), record) }))
}

pub(crate) async fn get_group(
    State(app): State<Shared>,
    Input(selector): Input<GroupSelector>,
) -> Result<Json<Value>, XRayError> {
    selector.required()?;
    Ok(answer(&app, &selector.resolve(&app)?))
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
    let settings = &app.deps.settings;
    let state = settings.snapshot();
    let groups: Vec<_> = state.groups_in_order().map(|record| shape(settings.account(), record)).collect();
    Ok(Json(json!({ "Groups": groups, "NextToken": null })))
}

/// The members that CreateGroup and UpdateGroup share.
#[derive(Debug)]
struct Definition {
    filter_expression: Option<String>,
    insights: InsightsUpdate,
}

impl Read for Definition {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let insights = members.nested("InsightsConfiguration", |insights| {
            Ok(InsightsUpdate {
                insights_enabled: insights.boolean("InsightsEnabled")?,
                notifications_enabled: insights.boolean("NotificationsEnabled")?,
            })
        })?;
        Ok(Self {
            filter_expression: members.text("FilterExpression")?,
            insights: insights.unwrap_or_default(),
        })
    }
}

impl Definition {
    /// Whether its expression is one, and names groups that there are.
    fn check(&self, others: &Groups) -> Result<(), XRayError> {
        let text = self.filter_expression.as_deref().unwrap_or_default();
        filter::parse(text, others).map_err(|error| XRayError::invalid(error.to_string()))?;
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct CreateGroup {
    name: String,
    definition: Definition,
    tags: GivenTags,
}

impl Read for CreateGroup {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            name: members.required_text("GroupName", 1, 32)?,
            definition: Definition::read(members)?,
            tags: GivenTags::read(members)?,
        })
    }
}

pub(crate) async fn create_group(
    State(app): State<Shared>,
    Input(input): Input<CreateGroup>,
) -> Result<Json<Value>, XRayError> {
    let CreateGroup { name, definition, tags } = input;
    let tags = tags.by_key()?;
    definition.check(&app.groups().without(&name))?;
    let filter_expression = definition.filter_expression.unwrap_or_default();
    let create = app.change(move |settings, _| {
        settings.create_group(&name, filter_expression, definition.insights, tags)
    });
    let record = create.await?;
    Ok(answer(&app, &record))
}

#[derive(Debug)]
pub(crate) struct UpdateGroup {
    selector: GroupSelector,
    definition: Definition,
}

impl Read for UpdateGroup {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self { selector: GroupSelector::read(members)?, definition: Definition::read(members)? })
    }
}

pub(crate) async fn update_group(
    State(app): State<Shared>,
    Input(input): Input<UpdateGroup>,
) -> Result<Json<Value>, XRayError> {
    let UpdateGroup { selector, definition } = input;
    let named = selector.required()?;
    let name = selector.resolve(&app)?.group.name.clone();
    // An expression that leads back to its own group would have no end.
    definition.check(&app.groups().without(&name))?;
    let update = app.change(move |settings, now| {
        settings.update_group(&named, definition.filter_expression, definition.insights, now)
    });
    let record = update.await?;
    Ok(answer(&app, &record))
}

pub(crate) async fn delete_group(
    State(app): State<Shared>,
    Input(selector): Input<GroupSelector>,
) -> Result<Json<Value>, XRayError> {
    let named = selector.required()?;
    app.change(move |settings, _| settings.delete_group(&named)).await?;
    Ok(Json(json!({})))
}
