//! DeleteAlarms, SetAlarmState, EnableAlarmActions and DisableAlarmActions.

use alert::State;
use alert::alarm::Alarm;
use alert::step::Decision;
use serde_json::Value;

use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

const MAX_NAMES: usize = 100;

fn names(members: &mut Members<'_>) -> Result<Vec<String>, Fault> {
    members.require("AlarmNames");
    members.texts("AlarmNames", MAX_NAMES)
}

/// Names that are not there are passed over.
pub(super) async fn delete_alarms(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let names = read(input, names)?;
    let state = app.deps.settings.snapshot();
    let is_composite = |name: &&String| {
        state.alarms.get(*name).is_some_and(|record| matches!(record.alarm, Alarm::Composite(_)))
    };
    if names.iter().filter(is_composite).count() > 1 {
        return Err(Fault::validation("DeleteAlarms can delete one composite alarm at a time"));
    }
    super::change(app, move |alarms, now| alarms.delete(&names, now)).await?;
    Ok(Tree::Null)
}

pub(super) async fn set_alarm_state(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (name, decision) = read(input, |members| {
        let name = members.required_text("AlarmName", 1, 255)?;
        members.require("StateValue");
        let state = members.word("StateValue", &State::ALL, State::name)?.unwrap_or(State::Ok);
        let reason = members.required_text("StateReason", 0, 1_023)?;
        let reason_data = members.short_text("StateReasonData", 0, 4_000)?;
        Ok((name, Decision { state, reason, reason_data }))
    })?;
    let is_json = |text: &String| serde_json::from_str::<Value>(text).is_ok();
    // Both errors come without a word, as CloudWatch's do.
    if decision.reason_data.as_ref().is_some_and(|data| !is_json(data)) {
        return Err(Fault::invalid_format(""));
    }
    if app.deps.settings.snapshot().alarm(&name).is_none() {
        return Err(Fault::not_found(""));
    }
    super::change(app, move |alarms, now| alarms.set_state(&name, &decision, now)).await?;
    Ok(Tree::Null)
}

/// Names that are not there are passed over.
pub(super) async fn switch_actions(app: &App, input: &Tree, enabled: bool) -> Result<Tree, Fault> {
    let names = read(input, names)?;
    super::change(app, move |alarms, now| alarms.enable_actions(&names, enabled, now)).await?;
    Ok(Tree::Null)
}
