//! PutCompositeAlarm.

use alert::alarm::{Alarm, CompositeAlarm, Suppressor};

use super::alarm::head;
use super::tag::given_tags;
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

pub(super) async fn put_composite_alarm(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (alarm, tags) = read(input, |members| Ok((composite(members)?, given_tags(members)?)))?;
    let tags = tags.unwrap_or_default();
    super::change(app, move |alarms, now| alarms.put(&Alarm::Composite(alarm), tags, now)).await?;
    Ok(Tree::Null)
}

pub(crate) fn composite(members: &mut Members<'_>) -> Result<CompositeAlarm, Fault> {
    let head = head(members)?;
    let rule = members.required_text("AlarmRule", 1, 10_240)?;
    let alarm = members.short_text("ActionsSuppressor", 1, 1_600)?;
    let wait = members.whole("ActionsSuppressorWaitPeriod", 0)?;
    let extension = members.whole("ActionsSuppressorExtensionPeriod", 0)?;
    let suppressor = match (alarm, wait, extension) {
        (Some(alarm), Some(wait_seconds), Some(extension_seconds)) => {
            Some(Suppressor { alarm, wait_seconds, extension_seconds })
        }
        (None, None, None) => None,
        _ => {
            return Err(Fault::validation(
                "ActionsSuppressor, ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must be \
                 given together",
            ));
        }
    };
    Ok(CompositeAlarm { head, rule, suppressor })
}
