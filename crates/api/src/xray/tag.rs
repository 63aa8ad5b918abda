//! Tags of sampling rules and groups.

use std::collections::BTreeMap;

use ::settings::Tags;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::input::{Input, Members, Read};
use crate::app::Shared;
use crate::error::XRayError;

/// The most that the model lets through; a resource has fewer.
const MAX_LISTED: usize = 200;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
const MAX_ARN: usize = 1011;

/// The member `Tags`, checked against the model alone.
#[derive(Debug)]
pub(crate) struct GivenTags(Vec<(String, String)>);

impl GivenTags {
    pub(crate) fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let tags = members.objects("Tags", MAX_LISTED, |tag| {
            Ok((tag.required_text("Key", 1, MAX_KEY)?, tag.required_text("Value", 0, MAX_VALUE)?))
        })?;
        Ok(Self(tags.unwrap_or_default()))
    }

    /// By key. X-Ray fails inside where a key comes twice; here it is an error of the request.
    pub(crate) fn by_key(self) -> Result<Tags, XRayError> {
        let mut tags = BTreeMap::new();
        for (key, value) in self.0 {
            if tags.contains_key(&key) {
                return Err(XRayError::invalid(format!("Tag key {key} is given twice")));
            }
            tags.insert(key, value);
        }
        Ok(tags)
    }
}

#[derive(Debug)]
pub(crate) struct TagResource {
    arn: String,
    tags: GivenTags,
}

impl Read for TagResource {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.require("Tags");
        Ok(Self { arn: members.required_text("ResourceARN", 1, MAX_ARN)?, tags: GivenTags::read(members)? })
    }
}

pub(crate) async fn tag_resource(
    State(app): State<Shared>,
    Input(input): Input<TagResource>,
) -> Result<Json<Value>, XRayError> {
    let tags = input.tags.by_key()?;
    app.change(move |settings, _| settings.tag(&input.arn, tags)).await?;
    Ok(Json(json!({})))
}

#[derive(Debug)]
pub(crate) struct UntagResource {
    arn: String,
    keys: Vec<String>,
}

impl Read for UntagResource {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self {
            arn: members.required_text("ResourceARN", 1, MAX_ARN)?,
            keys: members.required_short_texts("TagKeys", MAX_LISTED, MAX_KEY)?,
        })
    }
}

pub(crate) async fn untag_resource(
    State(app): State<Shared>,
    Input(input): Input<UntagResource>,
) -> Result<Json<Value>, XRayError> {
    app.change(move |settings, _| settings.untag(&input.arn, &input.keys)).await?;
    Ok(Json(json!({})))
}

#[derive(Debug)]
pub(crate) struct ListTagsForResource {
    arn: String,
}

impl Read for ListTagsForResource {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.text("NextToken")?;
        Ok(Self { arn: members.required_text("ResourceARN", 1, MAX_ARN)? })
    }
}

pub(crate) async fn list_tags_for_resource(
    State(app): State<Shared>,
    Input(input): Input<ListTagsForResource>,
) -> Result<Json<Value>, XRayError> {
    let settings = &app.deps.settings;
    let tags = settings.snapshot().tags_of(settings.account(), &input.arn)?;
    let tags: Vec<Value> =
        tags.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(Json(json!({ "Tags": tags, "NextToken": null })))
}
