//! Links that wait, in the block of a commit.

use model::link::{AwaitedLink, LinkId, ReceivedLink};
use model::{EntityId, Minute, Timestamp, TraceId};

use super::CodecError;
use super::bytes::{Input, Output};
use super::minute::{read_key, write_key};

pub(super) fn write<'a>(output: &mut Output<'a>, waiting: &'a AwaitedLink) {
    let AwaitedLink { id, link, groups } = waiting;
    let ReceivedLink { from, to, at, minute, trace_start } = link;
    write_id(output, *id);
    output.raw(&from.0.0);
    output.raw(&from.1.0.to_le_bytes());
    write_key(output, to);
    output.signed(at.0);
    output.from(at.minute().0, minute.0);
    output.from(at.0, trace_start.0);
    output.list(groups, |output, (group, joined)| {
        output.text(group);
        output.from(minute.0, joined.0);
    });
}

pub(super) fn read(input: &mut Input<'_>) -> Result<AwaitedLink, CodecError> {
    let id = read_id(input)?;
    let from = (TraceId(input.array()?), EntityId(u64::from_le_bytes(input.array()?)));
    let to = read_key(input)?;
    let at = Timestamp(input.signed()?);
    let minute = Minute(input.from(at.minute().0)?);
    let trace_start = Timestamp(input.from(at.0)?);
    let groups = input.list(|input| Ok((input.text()?.to_owned(), Minute(input.from(minute.0)?))))?;
    Ok(AwaitedLink { id, link: ReceivedLink { from, to, at, minute, trace_start }, groups })
}

pub(super) fn write_id(output: &mut Output<'_>, id: LinkId) {
    output.number(u64::from(id.share));
    output.number(id.read);
    output.number(u64::from(id.number));
}

pub(super) fn read_id(input: &mut Input<'_>) -> Result<LinkId, CodecError> {
    let share = u16::try_from(input.number()?).map_err(|_| CodecError::Wrong("a share"))?;
    Ok(LinkId { share, read: input.number()?, number: input.small()? })
}
