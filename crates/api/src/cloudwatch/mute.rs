//! Mute rules: PutAlarmMuteRule, GetAlarmMuteRule, ListAlarmMuteRules and DeleteAlarmMuteRule.

use alert::mute::{self, MuteRule, Status};
use settings::MuteRecord;

use super::page;
use super::tag::given_tags;
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

const MAX_TARGETS: usize = 100;
const MAX_RECORDS: u32 = 100;
const DEFAULT_RECORDS: u32 = 50;

pub(super) async fn put_alarm_mute_rule(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (rule, tags) = read(input, |members| Ok((rule(members)?, given_tags(members)?)))?;
    mute::check(&rule).map_err(|error| Fault::validation(error.to_string()))?;
    let tags = tags.unwrap_or_default();
    super::change(app, move |alarms, now| alarms.put_mute(rule, tags, now)).await?;
    Ok(Tree::Null)
}

fn rule(members: &mut Members<'_>) -> Result<MuteRule, Fault> {
    let name = members.required_text("Name", 1, 255)?;
    let description = members.short_text("Description", 0, 1_024)?;
    members.require("Rule");
    let schedule = members.structure("Rule", |rule| {
        rule.require("Schedule");
        rule.structure("Schedule", |schedule| {
            Ok((
                schedule.required_text("Expression", 1, 256)?,
                schedule.required_text("Duration", 1, 50)?,
                schedule.short_text("Timezone", 1, 50)?,
            ))
        })
    })?;
    let (expression, duration, timezone) = schedule.flatten().unwrap_or_default();
    let targets = members.structure("MuteTargets", |targets| targets.texts("AlarmNames", MAX_TARGETS))?;
    let (start, expire) = (members.instant("StartDate")?, members.instant("ExpireDate")?);
    if start.zip(expire).is_some_and(|(start, expire)| expire <= start) {
        return Err(Fault::validation("ExpireDate must be after StartDate"));
    }
    let targets = targets.unwrap_or_default();
    Ok(MuteRule { name, description, expression, duration, timezone, targets, start, expire })
}

fn name(members: &mut Members<'_>) -> Result<String, Fault> {
    members.required_text("AlarmMuteRuleName", 1, 255)
}

pub(super) fn get_alarm_mute_rule(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let name = read(input, name)?;
    let state = app.deps.settings.snapshot();
    let missing = || Fault::no_resource(format!("There is no mute rule {name}"));
    let MuteRecord { rule, modified } = state.mutes.get(&name).ok_or_else(missing)?;
    let schedule = Tree::object([
        ("Expression", (&rule.expression).into()),
        ("Duration", (&rule.duration).into()),
        ("Timezone", rule.timezone.as_ref().into()),
    ]);
    Ok(Tree::object([
        ("Name", (&rule.name).into()),
        ("AlarmMuteRuleArn", app.deps.settings.account().mute_arn(&rule.name).into()),
        ("Description", rule.description.as_ref().into()),
        ("Rule", Tree::object([("Schedule", schedule)])),
        ("MuteTargets", Tree::object([("AlarmNames", Tree::list(&rule.targets))])),
        ("StartDate", rule.start.into()),
        ("ExpireDate", rule.expire.into()),
        ("Status", mute::status(rule, app.deps.clock.now()).name().into()),
        ("LastUpdatedTimestamp", (*modified).into()),
        ("MuteType", mute_type(rule).into()),
    ]))
}

/// What is not said to happen once happens again.
fn mute_type(rule: &MuteRule) -> &'static str {
    if rule.expression.trim_start().starts_with("at(") { "ONE_TIME" } else { "RECURRING" }
}

pub(super) fn list_alarm_mute_rules(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (alarm, statuses, limit, after) = read(input, |members| {
        let statuses = members.texts("Statuses", Status::ALL.len())?;
        if statuses.iter().any(|word| !Status::ALL.iter().any(|status| status.name() == word)) {
            let words = "Member must satisfy enum value set: [SCHEDULED, ACTIVE, EXPIRED]";
            members.violated("Statuses", words);
        }
        let alarm = members.short_text("AlarmName", 1, 255)?;
        let limit = members.whole_between("MaxRecords", 1, MAX_RECORDS)?.unwrap_or(DEFAULT_RECORDS);
        Ok((alarm, statuses, limit as usize, page::after(members.text("NextToken")?.as_deref())?))
    })?;
    let now = app.deps.clock.now();
    let state = app.deps.settings.snapshot();
    let found: Vec<&MuteRecord> = state
        .mutes
        .values()
        .filter(|record| after.as_ref().is_none_or(|after| record.rule.name > *after))
        .filter(|record| alarm.as_ref().is_none_or(|alarm| record.rule.targets.contains(alarm)))
        .filter(|record| {
            let status = mute::status(&record.rule, now).name();
            statuses.is_empty() || statuses.iter().any(|word| word == status)
        })
        .take(limit + 1)
        .collect();
    let (found, next) = page::cut(found, limit, |record| record.rule.name.clone());
    let summaries = found.iter().map(|MuteRecord { rule, modified }| {
        Tree::object([
            ("AlarmMuteRuleArn", app.deps.settings.account().mute_arn(&rule.name).into()),
            ("ExpireDate", rule.expire.into()),
            ("Status", mute::status(rule, now).name().into()),
            ("MuteType", mute_type(rule).into()),
            ("LastUpdatedTimestamp", (*modified).into()),
        ])
    });
    Ok(Tree::object([
        ("AlarmMuteRuleSummaries", Tree::List(summaries.collect())),
        ("NextToken", next.into()),
    ]))
}

pub(super) async fn delete_alarm_mute_rule(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let name = read(input, name)?;
    super::change(app, move |alarms, _| alarms.delete_mute(&name)).await?;
    Ok(Tree::Null)
}
