//! DescribeAlarmHistory: what happened to alarms, those that are gone included.

use model::{TimeRange, Timestamp};
use settings::alerts::{HistoryKind, HistoryQuery, HistoryRow};

use super::page;
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

const MAX_RECORDS: u32 = 100;
const MAX_TYPES: usize = 10;
/// Kinds of the model that only alarms with contributors have.
const OF_CONTRIBUTORS: [&str; 2] = ["AlarmContributorStateUpdate", "AlarmContributorAction"];

#[derive(Debug)]
struct Asked {
    query: HistoryQuery,
    /// Nothing can be of that kind.
    is_empty: bool,
}

impl Asked {
    fn read(members: &mut Members<'_>) -> Result<Self, Fault> {
        let word = members.text("HistoryItemType")?;
        let is_empty = word.as_deref().is_some_and(|word| OF_CONTRIBUTORS.contains(&word))
            || members.has("AlarmContributorId");
        let kind = if is_empty {
            None
        } else {
            members.word("HistoryItemType", &HistoryKind::ALL, HistoryKind::name)?
        };
        let spelled = |oldest: bool| if oldest { "TimestampAscending" } else { "TimestampDescending" };
        let start = members.instant("StartDate")?.unwrap_or(Timestamp::MIN);
        let end = members.instant("EndDate")?.unwrap_or(Timestamp::MAX);
        let query = HistoryQuery {
            alarm: members.short_text("AlarmName", 1, 255)?,
            // Of two kinds that there are both is all.
            alarm_type: only(members.texts("AlarmTypes", MAX_TYPES)?),
            kind,
            range: TimeRange::new(start, end),
            oldest_first: members.word("ScanBy", &[true, false], spelled)?.unwrap_or(false),
            after: after(members.text("NextToken")?.as_deref())?,
            limit: members.whole_between("MaxRecords", 1, MAX_RECORDS)?.unwrap_or(MAX_RECORDS) as usize,
        };
        Ok(Self { query, is_empty })
    }
}

fn only(mut words: Vec<String>) -> Option<String> {
    if words.len() == 1 { words.pop() } else { None }
}

/// A token names the row after which the page begins.
fn after(token: Option<&str>) -> Result<Option<(Timestamp, i64)>, Fault> {
    let Some(text) = page::after(token)? else { return Ok(None) };
    let parts = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let bad = || Fault::invalid_token("The NextToken is not one that an earlier answer gave.");
    parts.map(|(at, id)| Some((Timestamp(at), id))).ok_or_else(bad)
}

pub(super) async fn describe_alarm_history(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let asked = read(input, Asked::read)?;
    let limit = asked.query.limit;
    let query = HistoryQuery { limit: limit + 1, ..asked.query };
    let rows = if asked.is_empty {
        Vec::new()
    } else {
        super::change(app, move |alarms, _| Ok(alarms.alerts().history(&query)?)).await?
    };
    let (rows, next) = page::cut(rows, limit, |row| format!("{} {}", row.item.at.0, row.id));
    let items = rows.iter().map(shape).collect();
    Ok(Tree::object([("AlarmHistoryItems", Tree::List(items)), ("NextToken", next.into())]))
}

fn shape(row: &HistoryRow) -> Tree {
    let item = &row.item;
    Tree::object([
        ("AlarmName", (&item.alarm).into()),
        ("AlarmType", (&item.alarm_type).into()),
        ("Timestamp", item.at.into()),
        ("HistoryItemType", item.kind.name().into()),
        ("HistorySummary", (&item.summary).into()),
        ("HistoryData", (&item.data).into()),
    ])
}
