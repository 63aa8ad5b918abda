//! Tags of alarms and mute rules.

use settings::Tags;

use crate::app::App;
use crate::error::XRayError;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

const MAX_TAGS: usize = 50;
const MAX_ARN: usize = 1_024;

/// `Tags` as operations that make something take them; of a key that is given twice the last counts.
pub(super) fn given_tags(members: &mut Members<'_>) -> Result<Option<Tags>, Fault> {
    let tags = members.structures("Tags", MAX_TAGS, |tag| {
        Ok((tag.required_text("Key", 1, 128)?, tag.short_text("Value", 0, 256)?.unwrap_or_default()))
    })?;
    let Some(tags) = tags else { return Ok(None) };
    if tags.iter().any(|(key, _)| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(Fault::denied("The provided tag keys must not start with any case of \"aws:\""));
    }
    Ok(Some(tags.into_iter().collect()))
}

/// The ARN of an alarm or a mute rule that there is.
fn resource(app: &App, members: &mut Members<'_>) -> Result<String, Fault> {
    let arn = members.required_text("ResourceARN", 1, MAX_ARN)?;
    let settings = &app.deps.settings;
    let (account, state) = (settings.account(), settings.snapshot());
    let is_known = state.alarms.keys().any(|name| account.alarm_arn(name) == arn)
        || state.mutes.keys().any(|name| account.mute_arn(name) == arn);
    if is_known { Ok(arn) } else { Err(Fault::no_resource(format!("There is no alarm with the ARN {arn}"))) }
}

pub(super) async fn tag_resource(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (tags, arn) = read(input, |members| {
        members.require("Tags");
        Ok((given_tags(members)?.unwrap_or_default(), resource(app, members)?))
    })?;
    app.change(move |settings, _| settings.tag(&arn, tags)).await.map_err(of_settings)?;
    Ok(Tree::Object(Vec::new()))
}

pub(super) async fn untag_resource(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (keys, arn) = read(input, |members| {
        members.require("TagKeys");
        Ok((members.texts("TagKeys", MAX_TAGS)?, resource(app, members)?))
    })?;
    app.change(move |settings, _| settings.untag(&arn, &keys)).await.map_err(of_settings)?;
    Ok(Tree::Object(Vec::new()))
}

pub(super) fn list_tags_for_resource(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let arn = read(input, |members| resource(app, members))?;
    let settings = &app.deps.settings;
    let tags = settings.snapshot().tags_of(settings.account(), &arn)?;
    let tags = tags.iter().map(|(key, value)| Tree::object([("Key", key.into()), ("Value", value.into())]));
    Ok(Tree::object([("Tags", Tree::List(tags.collect()))]))
}

fn of_settings(error: XRayError) -> Fault {
    match error {
        XRayError::Settings(error) => Fault::from(error),
        other => Fault::from(other),
    }
}
