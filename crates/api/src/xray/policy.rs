//! Resource policies: kept with their revisions and given back; nothing is decided by them.

use ::settings::ResourcePolicy;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::input::{Input, Members, Read};
use super::time::Seconds;
use crate::app::Shared;
use crate::error::XRayError;

/// The name of a policy by the model's pattern `[\w+=,.@-]+`.
fn name(members: &mut Members<'_>) -> Result<String, XRayError> {
    let name = members.required_text("PolicyName", 1, 128)?;
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
    if !name.chars().all(is_word) {
        members.violated("PolicyName", r"Member must satisfy regular expression pattern: [\w+=,.@-]+");
    }
    Ok(name)
}

fn shape(policy: &ResourcePolicy) -> Value {
    json!({
        "PolicyName": policy.name,
        "PolicyDocument": policy.document,
        "PolicyRevisionId": policy.revision.to_string(),
        "LastUpdatedTime": Seconds::at(policy.updated),
    })
}

#[derive(Debug)]
pub(crate) struct PutResourcePolicy {
    name: String,
    document: String,
    revision: Option<String>,
    bypass_lockout_check: bool,
}

impl Read for PutResourcePolicy {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            name: name(members)?,
            document: members.required_text("PolicyDocument", 0, usize::MAX)?,
            revision: members.text("PolicyRevisionId")?,
            bypass_lockout_check: members.boolean("BypassPolicyLockoutCheck")?.unwrap_or(false),
        })
    }
}

pub(crate) async fn put_resource_policy(
    State(app): State<Shared>,
    Input(input): Input<PutResourcePolicy>,
) -> Result<Json<Value>, XRayError> {
    let PutResourcePolicy { name, document, revision, bypass_lockout_check } = input;
    let put = app.change(move |settings, now| {
        settings.put_policy(&name, document, revision.as_deref(), bypass_lockout_check, now)
    });
    Ok(Json(json!({ "ResourcePolicy": shape(&put.await?) })))
}

#[derive(Debug)]
pub(crate) struct DeleteResourcePolicy {
    name: String,
    revision: Option<String>,
}

impl Read for DeleteResourcePolicy {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self { name: name(members)?, revision: members.text("PolicyRevisionId")? })
    }
}

pub(crate) async fn delete_resource_policy(
    State(app): State<Shared>,
    Input(input): Input<DeleteResourcePolicy>,
) -> Result<Json<Value>, XRayError> {
    app.change(move |settings, _| settings.delete_policy(&input.name, input.revision.as_deref())).await?;
    Ok(Json(json!({})))
}

#[derive(Debug)]
pub(crate) struct ListResourcePolicies {
    next_token: Option<String>,
}

impl Read for ListResourcePolicies {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self { next_token: members.short_text("NextToken", 1, 100)? })
    }
}

pub(crate) async fn list_resource_policies(
    State(app): State<Shared>,
    Input(input): Input<ListResourcePolicies>,
) -> Result<Json<Value>, XRayError> {
    if input.next_token.is_some() {
        return Err(XRayError::invalid("Next Token not supported"));
    }
    let policies: Vec<Value> = app.deps.settings.snapshot().policies.values().map(shape).collect();
    Ok(Json(json!({ "ResourcePolicies": policies, "NextToken": null })))
}
