//! Rollups as rows of `minutes`, and sums of them out of it again.

use std::collections::BTreeMap;

use model::minute::{Alias, Counts, EdgeKind, MinuteKey, MinuteRow, Stats, Subject};
use model::{Minute, NodeKey, NodeKind, Sketch, Timestamp};
use store::{MinuteQuery, Subjects};

use crate::binary::{Input, Malformed, Output};
use crate::literal::quoted;

pub(crate) const COLUMNS: &str = "minute, `group`, what, node, node_kind, node_account, target, target_kind, target_account, \
    ok, error, throttle, fault, response_time_total, presence, roots, time_bits, times, duration_bits, durations, kinds, aliases, \
    first_start, last_start";
const SUBJECT: &str = "what, node, node_kind, node_account, target, target_kind, target_account";
const SUMS: &str = "sum(ok), sum(error), sum(throttle), sum(fault), sum(response_time_total), sum(presence), sum(roots), \
    min(time_bits), sumMap(times), min(duration_bits), sumMap(durations), sumMap(kinds), sumMap(aliases), min(first_start), max(last_start)";

/// Values of `what`.
const NODE: u8 = 0;
const CALL: u8 = 1;
const LINK: u8 = 2;

/// In place of a text where there is none but could be, and before one that is empty or begins with it.
const ABSENT: &str = "";
const ESCAPE: char = '\u{1}';
/// Between name and kind of an alias.
const ALIAS_END: char = '\0';

pub(crate) fn write(row: &MinuteRow, output: &mut Output) {
    let MinuteKey { minute, group, subject } = &row.key;
    let stats = &row.stats;
    output.u32(seconds(*minute));
    output.text(group);
    let (what, source, target) = match subject {
        Subject::Node(node) => (NODE, node, None),
        Subject::Edge { source, target, kind: EdgeKind::Call } => (CALL, source, Some(target)),
        Subject::Edge { source, target, kind: EdgeKind::Link } => (LINK, source, Some(target)),
    };
    output.u8(what);
    write_key(source, output);
    match target {
        Some(target) => write_key(target, output),
        None => (0..3).for_each(|_| output.text(ABSENT)),
    }
    let Counts { ok, error, throttle, fault } = stats.counts;
    for sum in [ok, error, throttle, fault, stats.response_time_total, stats.presence, stats.roots] {
        output.i64(sum);
    }
    for sketch in [&stats.response_times, &stats.durations] {
        let sketch = sketch.to_ten_bits();
        let (bits, buckets) = sketch.parts();
        output.u8(bits);
        output.length(buckets.len());
        for (key, count) in buckets {
            output.u64(*key);
            output.i64(*count);
        }
    }
    output.length(stats.kinds.len());
    for (kind, count) in &stats.kinds {
        output.u8(kind_number(*kind));
        output.i64(*count);
    }
    output.length(stats.aliases.len());
    for (alias, count) in &stats.aliases {
        output.text(&format!("{}{ALIAS_END}{}", alias.name, escaped(alias.kind.as_deref())));
        output.i64(*count);
    }
    for start in [stats.first_start, stats.last_start] {
        output.optional(start, |output, start| output.i64(start.0));
    }
}

fn write_key(key: &NodeKey, output: &mut Output) {
    output.text(&key.name);
    output.text(&escaped(key.kind.as_deref()));
    output.text(&escaped(key.account.as_deref()));
}

fn escaped(text: Option<&str>) -> String {
    match text {
        None => ABSENT.to_owned(),
        Some(text) if text.is_empty() || text.starts_with(ESCAPE) => format!("{ESCAPE}{text}"),
        Some(text) => text.to_owned(),
    }
}

fn unescaped(text: &str) -> Option<String> {
    if text == ABSENT {
        return None;
    }
    Some(text.strip_prefix(ESCAPE).unwrap_or(text).to_owned())
}

/// The column reaches from 1970 to 2106, and minutes are those of receipt.
fn seconds(minute: Minute) -> u32 {
    u32::try_from(minute.0.clamp(0, i64::from(u32::MAX / 60)) * 60).unwrap_or_default()
}

/// Rows of the minutes of a query, summed; with `None` of all of them together.
pub(crate) fn question(query: &MinuteQuery, by_minute: bool) -> String {
    let first = seconds(query.range.start.minute());
    let last = seconds(Timestamp(query.range.end.0.saturating_sub(1)).minute());
    let mut conditions = vec![
        format!("minute >= toDateTime({first}, 'UTC') AND minute <= toDateTime({last}, 'UTC')"),
        format!("`group` = {}", quoted(&query.group)),
    ];
    let is = |side: &str, key: &NodeKey| {
        let (name, kind, account) = (
            quoted(&key.name),
            quoted(&escaped(key.kind.as_deref())),
            quoted(&escaped(key.account.as_deref())),
        );
        format!("{side} = {name} AND {side}_kind = {kind} AND {side}_account = {account}")
    };
    match &query.subjects {
        Subjects::All => {}
        Subjects::Nodes => conditions.push(format!("what = {NODE}")),
        Subjects::Edges => conditions.push(format!("what != {NODE}")),
        Subjects::Node(node) => conditions.push(format!("what = {NODE} AND {}", is("node", node))),
        Subjects::Named(name) => conditions.push(format!("what = {NODE} AND node = {}", quoted(name))),
        Subjects::Edge { source, target, kind } => {
            let what = if *kind == EdgeKind::Call { CALL } else { LINK };
            conditions.push(format!("what = {what} AND {} AND {}", is("node", source), is("target", target)));
        }
        Subjects::FromClients => {
            conditions.push(format!("what = {CALL} AND node_kind = {}", quoted(model::node::CLIENT)));
        }
    }
    let key = if by_minute { format!("minute, {SUBJECT}") } else { SUBJECT.to_owned() };
    let minute = if by_minute { "minute".to_owned() } else { format!("toDateTime({first}, 'UTC')") };
    format!(
        "SELECT {minute}, {SUBJECT}, {SUMS} FROM minutes WHERE {} GROUP BY {key} FORMAT RowBinary",
        conditions.join(" AND ")
    )
}

/// The rows of an answer, in the order of their keys. `minute` is that of all of them, where they were added up.
pub(crate) fn read(
    answer: &[u8],
    query: &MinuteQuery,
    minute: Option<Minute>,
) -> Result<Vec<MinuteRow>, Malformed> {
    let rows = Input::new(answer).rows(|input| row(input, &query.group))?;
    let mut sums: BTreeMap<MinuteKey, Stats> = BTreeMap::new();
    for MinuteRow { mut key, stats } in rows {
        if minute.is_none() && !query.range.touches(key.minute) {
            continue;
        }
        key.minute = minute.unwrap_or(key.minute);
        if !stats.is_nothing() {
            sums.insert(key, stats);
        }
    }
    Ok(sums.into_iter().map(|(key, stats)| MinuteRow { key, stats }).collect())
}

fn row(input: &mut Input<'_>, group: &str) -> Result<MinuteRow, Malformed> {
    let minute = Minute(i64::from(input.u32()? / 60));
    let what = input.u8()?;
    let (source, target) = (read_key(input)?, read_key(input)?);
    let subject = match what {
        NODE => Subject::Node(source),
        CALL => Subject::Edge { source, target, kind: EdgeKind::Call },
        LINK => Subject::Edge { source, target, kind: EdgeKind::Link },
        _ => return Err(Malformed),
    };
    let counts =
        Counts { ok: input.i64()?, error: input.i64()?, throttle: input.i64()?, fault: input.i64()? };
    let (response_time_total, presence, roots) = (input.i64()?, input.i64()?, input.i64()?);
    let (response_times, durations) = (read_sketch(input)?, read_sketch(input)?);
    let kinds = input.list(|input| Ok((kind_of(input.u8()?)?, input.i64()?)))?;
    let aliases = input.list(|input| {
        let (name, kind) = input.text()?.rsplit_once(ALIAS_END).ok_or(Malformed)?;
        Ok((Alias { name: name.to_owned(), kind: unescaped(kind) }, input.i64()?))
    })?;
    let first_start = input.optional(Input::i64)?.map(Timestamp);
    let last_start = input.optional(Input::i64)?.map(Timestamp);
    let stats = Stats {
        counts,
        response_time_total,
        response_times,
        durations,
        presence,
        roots,
        // What was withdrawn stays in maps as a zero.
        kinds: kinds.into_iter().filter(|(_, count)| *count != 0).collect(),
        aliases: aliases.into_iter().filter(|(_, count)| *count != 0).collect(),
        first_start,
        last_start,
    };
    Ok(MinuteRow { key: MinuteKey { minute, group: group.to_owned(), subject }, stats })
}

fn read_key(input: &mut Input<'_>) -> Result<NodeKey, Malformed> {
    let name = input.text()?.to_owned();
    Ok(NodeKey { name, kind: unescaped(input.text()?), account: unescaped(input.text()?) })
}

fn read_sketch(input: &mut Input<'_>) -> Result<Sketch, Malformed> {
    let bits = input.u8()?;
    let keys = input.list(|input| Ok((input.u64()?, input.i64()?)))?;
    Sketch::from_sums(bits, keys).ok_or(Malformed)
}

fn kind_number(kind: NodeKind) -> u8 {
    match kind {
        NodeKind::Service => 0,
        NodeKind::Aws => 1,
        NodeKind::Remote => 2,
        NodeKind::Client => 3,
    }
}

fn kind_of(number: u8) -> Result<NodeKind, Malformed> {
    Ok(match number {
        0 => NodeKind::Service,
        1 => NodeKind::Aws,
        2 => NodeKind::Remote,
        3 => NodeKind::Client,
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_is_empty() {
        for text in [None, Some(""), Some("a"), Some("\u{1}"), Some("\u{1}a")] {
            assert_eq!(unescaped(&escaped(text)).as_deref(), text);
        }
    }
}
