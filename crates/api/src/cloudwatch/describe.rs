//! DescribeAlarms and DescribeAlarmsForMetric: alarms with how they stand.

use std::sync::Arc;

use alert::State;
use alert::alarm::{Alarm, MetricStat, Standing, Watched};
use settings::AlarmRecord;

use super::page;
use super::shape::alarm_shape;
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

const MAX_NAMES: usize = 100;
const MAX_RECORDS: u32 = 100;
const DEFAULT_RECORDS: u32 = 50;
/// Of enumerations: more than they have.
const MAX_TYPES: usize = 10;

/// Which alarms; what is `None` does not restrict.
#[derive(Debug)]
struct Asked {
    names: Vec<String>,
    prefix: Option<String>,
    types: Vec<String>,
    children_of: Option<String>,
    parents_of: Option<String>,
    state: Option<State>,
    action_prefix: Option<String>,
    limit: usize,
    after: Option<String>,
}

impl Asked {
    fn read(members: &mut Members<'_>) -> Result<Self, Fault> {
        let names = members.texts("AlarmNames", MAX_NAMES)?;
        let prefix = members.short_text("AlarmNamePrefix", 1, 255)?;
        if !names.is_empty() && prefix.is_some() {
            let text = "AlarmNames and AlarmNamePrefix cannot be given together";
            return Err(Fault::invalid_combination(text));
        }
        let types = members.texts("AlarmTypes", MAX_TYPES)?;
        let known = ["CompositeAlarm", "MetricAlarm", "LogAlarm"];
        if types.iter().any(|word| !known.contains(&word.as_str())) {
            members
                .violated("AlarmTypes", "Member must satisfy enum value set: [CompositeAlarm, MetricAlarm]");
        }
        let limit = members.whole_between("MaxRecords", 1, MAX_RECORDS)?.unwrap_or(DEFAULT_RECORDS);
        Ok(Self {
            names,
            prefix,
            types,
            children_of: members.short_text("ChildrenOfAlarmName", 1, 255)?,
            parents_of: members.short_text("ParentsOfAlarmName", 1, 255)?,
            state: members.word("StateValue", &State::ALL, State::name)?,
            action_prefix: members.short_text("ActionPrefix", 1, 1_024)?,
            limit: limit as usize,
            after: page::after(members.text("NextToken")?.as_deref())?,
        })
    }

    fn wants(&self, record: &AlarmRecord, standing: &Standing) -> bool {
        let head = record.alarm.head();
        let name = &head.name;
        let actions =
            head.ok_actions.iter().chain(&head.alarm_actions).chain(&head.insufficient_data_actions);
        let has_action = |prefix: &String| actions.clone().any(|action| action.starts_with(prefix));
        self.is_type(record.alarm.type_name())
            && (self.names.is_empty() || self.names.contains(name))
            && self.prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
            && self.state.is_none_or(|state| standing.state == state)
            && self.action_prefix.as_ref().is_none_or(has_action)
            && self.after.as_ref().is_none_or(|after| name > after)
    }

    /// Without a word on types those are meant that there were before composite alarms.
    fn is_type(&self, word: &str) -> bool {
        if self.types.is_empty() {
            return self.children_of.is_some() || self.parents_of.is_some() || word == "MetricAlarm";
        }
        self.types.iter().any(|wanted| wanted == word)
    }
}

pub(super) fn describe_alarms(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let asked = read(input, Asked::read)?;
    let alarms = &app.deps.alarms;
    let state = app.deps.settings.snapshot();
    let related: Option<Vec<String>> = match (&asked.children_of, &asked.parents_of) {
        (Some(parent), _) => {
            Some(state.alarm(parent).map_or_else(Vec::new, |known| alarms.children(&known.alarm)))
        }
        (None, Some(child)) => Some(alarms.parents(child)),
        (None, None) => None,
    };
    let is_related =
        |name: &str| related.as_ref().is_none_or(|names| names.iter().any(|known| known == name));
    let found: Vec<(Arc<AlarmRecord>, Standing)> = state
        .alarms
        .values()
        .filter(|record| is_related(record.alarm.name()))
        .map(|record| (Arc::clone(record), alarms.standing(record.alarm.name(), record.created)))
        .filter(|(record, standing)| asked.wants(record, standing))
        .take(asked.limit + 1)
        .collect();
    let (found, next) = page::cut(found, asked.limit, |(record, _)| record.alarm.name().to_owned());
    let (mut metric, mut composite) = (Vec::new(), Vec::new());
    for (record, standing) in &found {
        let shape = alarm_shape(alarms.place(), record, standing);
        match record.alarm {
            Alarm::Metric(_) => metric.push(shape),
            Alarm::Composite(_) => composite.push(shape),
        }
    }
    Ok(Tree::object([
        ("CompositeAlarms", Tree::List(composite)),
        ("MetricAlarms", Tree::List(metric)),
        ("NextToken", next.into()),
    ]))
}

/// Alarms on exactly this metric.
pub(super) fn describe_alarms_for_metric(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (metric, statistic, period, unit) = read(input, |members| {
        let metric = super::alarm::metric(members)?;
        let statistic = members.text("Statistic")?.or(members.text("ExtendedStatistic")?);
        Ok((metric, statistic, members.whole("Period", 1)?, members.text("Unit")?))
    })?;
    let is_wanted = |stat: &MetricStat| {
        stat.metric.is(&metric)
            && statistic.as_ref().is_none_or(|statistic| *statistic == stat.statistic)
            && period.is_none_or(|period| period == stat.period_seconds)
            && unit.as_ref().is_none_or(|unit| stat.unit.as_ref() == Some(unit))
    };
    let state = app.deps.settings.snapshot();
    let found = state.alarms.values().filter(|record| match &record.alarm {
        Alarm::Metric(alarm) => matches!(&alarm.watched, Watched::Metric(stat) if is_wanted(stat)),
        Alarm::Composite(_) => false,
    });
    let alarms = &app.deps.alarms;
    let shapes = found.map(|record| {
        let standing = alarms.standing(record.alarm.name(), record.created);
        alarm_shape(alarms.place(), record, &standing)
    });
    Ok(Tree::object([("MetricAlarms", Tree::List(shapes.collect()))]))
}
