//! Rollups in a block.

use std::collections::BTreeMap;

use model::minute::{Alias, Counts, EdgeKind, MinuteKey, MinuteRow, Stats, Subject};
use model::{Minute, NodeKey, NodeKind, Sketch, Timestamp};

use super::CodecError;
use super::bytes::{Input, Output};

pub(super) fn write_row<'a>(output: &mut Output<'a>, row: &'a MinuteRow) {
    let MinuteKey { minute, group, subject } = &row.key;
    output.signed(minute.0);
    output.text(group);
    match subject {
        Subject::Node(node) => {
            output.byte(0);
            write_key(output, node);
        }
        Subject::Edge { source, target, kind } => {
            output.byte(1 + edge_kind(*kind));
            write_key(output, source);
            write_key(output, target);
        }
    }
    write_stats(output, *minute, &row.stats);
}

pub(super) fn read_row(input: &mut Input<'_>) -> Result<MinuteRow, CodecError> {
    let minute = Minute(input.signed()?);
    let group = input.text()?.to_owned();
    let subject = match input.byte()? {
        0 => Subject::Node(read_key(input)?),
        kind => {
            let kind = to_edge_kind(kind - 1)?;
            Subject::Edge { source: read_key(input)?, target: read_key(input)?, kind }
        }
    };
    let stats = read_stats(input, minute)?;
    Ok(MinuteRow { key: MinuteKey { minute, group, subject }, stats })
}

pub(super) fn write_stats<'a>(output: &mut Output<'a>, minute: Minute, stats: &'a Stats) {
    let Counts { ok, error, throttle, fault } = stats.counts;
    for count in [ok, error, throttle, fault] {
        output.signed(count);
    }
    output.signed(stats.response_time_total);
    // Nearly always every contribution is one finished request.
    output.from([ok, error, throttle, fault].into_iter().fold(0, i64::wrapping_add), stats.presence);
    output.signed(stats.roots);
    output.number(stats.kinds.len() as u64);
    for (kind, count) in &stats.kinds {
        output.byte(node_kind(*kind));
        output.signed(*count);
    }
    output.number(stats.aliases.len() as u64);
    for (alias, count) in &stats.aliases {
        write_alias(output, alias);
        output.signed(*count);
    }
    let base = minute.start().0;
    for time in [stats.first_start, stats.last_start] {
        output.byte(u8::from(time.is_some()));
        if let Some(time) = time {
            output.from(base, time.0);
        }
    }
    write_sketch(output, &stats.response_times);
    write_sketch(output, &stats.durations);
}

pub(super) fn read_stats(input: &mut Input<'_>, minute: Minute) -> Result<Stats, CodecError> {
    let counts = Counts {
        ok: input.signed()?,
        error: input.signed()?,
        throttle: input.signed()?,
        fault: input.signed()?,
    };
    let response_time_total = input.signed()?;
    let all = [counts.ok, counts.error, counts.throttle, counts.fault];
    let presence = input.from(all.into_iter().fold(0, i64::wrapping_add))?;
    let roots = input.signed()?;
    let kinds = input.list(|input| Ok((to_node_kind(input.byte()?)?, input.signed()?)))?;
    let aliases = input.list(|input| Ok((read_alias(input)?, input.signed()?)))?;
    let base = minute.start().0;
    let mut time = || match input.byte()? {
        0 => Ok(None),
        _ => input.from(base).map(|time| Some(Timestamp(time))),
    };
    let (first_start, last_start) = (time()?, time()?);
    Ok(Stats {
        counts,
        response_time_total,
        presence,
        roots,
        kinds: kinds.into_iter().collect::<BTreeMap<_, _>>(),
        aliases: aliases.into_iter().collect::<BTreeMap<_, _>>(),
        first_start,
        last_start,
        response_times: read_sketch(input)?,
        durations: read_sketch(input)?,
    })
}

/// What the keys of an exact sketch keep, and the byte of an exact one without buckets.
const EXACT: u8 = 64;
const EMPTY: u8 = 0;

/// Buckets by what their places differ, each with a bit that says whether a count follows, since it is not one.
fn write_sketch(output: &mut Output<'_>, sketch: &Sketch) {
    let (bits, buckets) = sketch.parts();
    if buckets.is_empty() && bits == EXACT {
        return output.byte(EMPTY);
    }
    output.byte(bits);
    output.number(buckets.len() as u64);
    let mut before = 0;
    for &(key, count) in buckets {
        let place = to_place(key, bits);
        output.flagged(count != 1, place - before);
        before = place;
        if count != 1 {
            output.signed(count);
        }
    }
}

fn read_sketch(input: &mut Input<'_>) -> Result<Sketch, CodecError> {
    let bits = match input.byte()? {
        EMPTY => return Ok(Sketch::default()),
        bits @ 1..=EXACT => bits,
        _ => return Err(CodecError::Wrong("a sketch")),
    };
    let mut place = 0_u64;
    let buckets = input.list(|input| {
        let (has_count, step) = input.flagged()?;
        place = place.wrapping_add(step);
        let count = if has_count { input.signed()? } else { 1 };
        Ok((to_key(place, bits), count))
    })?;
    Sketch::from_parts(bits, buckets).ok_or(CodecError::Wrong("a sketch"))
}

/// The place of a key among all keys with so many leading bits: without it large keys, which end in zeros, would
/// be far apart.
fn to_place(key: u64, bits: u8) -> u64 {
    let dropped = (u64::BITS - key.leading_zeros()).saturating_sub(u32::from(bits));
    (u64::from(dropped) << (bits - 1)) + (key >> dropped)
}

fn to_key(place: u64, bits: u8) -> u64 {
    let steps = place >> (bits - 1);
    if steps < 2 {
        return place;
    }
    let dropped = steps - 1;
    let mantissa = place - (dropped << (bits - 1));
    mantissa.checked_shl(u32::try_from(dropped).unwrap_or(u32::MAX)).unwrap_or(0)
}

pub(super) fn write_key<'a>(output: &mut Output<'a>, key: &'a NodeKey) {
    output.text(&key.name);
    output.optional_text(key.kind.as_deref());
    output.optional_text(key.account.as_deref());
}

pub(super) fn read_key(input: &mut Input<'_>) -> Result<NodeKey, CodecError> {
    Ok(NodeKey {
        name: input.text()?.to_owned(),
        kind: input.optional_text()?.map(str::to_owned),
        account: input.optional_text()?.map(str::to_owned),
    })
}

pub(super) fn write_alias<'a>(output: &mut Output<'a>, alias: &'a Alias) {
    output.text(&alias.name);
    output.optional_text(alias.kind.as_deref());
}

pub(super) fn read_alias(input: &mut Input<'_>) -> Result<Alias, CodecError> {
    Ok(Alias { name: input.text()?.to_owned(), kind: input.optional_text()?.map(str::to_owned) })
}

pub(super) fn node_kind(kind: NodeKind) -> u8 {
    match kind {
        NodeKind::Service => 0,
        NodeKind::Aws => 1,
        NodeKind::Remote => 2,
        NodeKind::Client => 3,
    }
}

pub(super) fn to_node_kind(byte: u8) -> Result<NodeKind, CodecError> {
    match byte {
        0 => Ok(NodeKind::Service),
        1 => Ok(NodeKind::Aws),
        2 => Ok(NodeKind::Remote),
        3 => Ok(NodeKind::Client),
        _ => Err(CodecError::Wrong("the kind of a node")),
    }
}

pub(super) fn edge_kind(kind: EdgeKind) -> u8 {
    match kind {
        EdgeKind::Call => 0,
        EdgeKind::Link => 1,
    }
}

pub(super) fn to_edge_kind(byte: u8) -> Result<EdgeKind, CodecError> {
    match byte {
        0 => Ok(EdgeKind::Call),
        1 => Ok(EdgeKind::Link),
        _ => Err(CodecError::Wrong("the kind of an edge")),
    }
}
