//! Where failures and slowness of a digest began, in a block.

use model::digest::{FaultOrigin, NodeDigest, RootCause, RootCauseEntity, RootCauseService};
use model::{EntityId, NodeKey, Timestamp};

use super::CodecError;
use super::bytes::{Input, Output};
use super::digest::{bits, read_exception, to_bits, write_exception};
use super::minute::{node_kind, read_key, to_node_kind, write_key};

pub(super) fn write_cause<'a>(output: &mut Output<'a>, cause: &'a RootCause, nodes: &'a [NodeDigest]) {
    output.byte(u8::from(cause.client_impacting));
    output.list(&cause.services, |output, service| {
        write_known(output, &service.key, nodes);
        output.byte(u8::from(service.inferred));
        output.list(&service.entities, write_entity);
    });
}

pub(super) fn read_cause(input: &mut Input<'_>, nodes: &[NodeDigest]) -> Result<RootCause, CodecError> {
    let client_impacting = input.byte()? == 1;
    let services = input.list(|input| {
        let key = read_known(input, nodes)?;
        let inferred = input.byte()? == 1;
        Ok(RootCauseService { key, inferred, entities: input.list(read_entity)? })
    })?;
    Ok(RootCause { services, client_impacting })
}

fn write_entity<'a>(output: &mut Output<'a>, entity: &'a RootCauseEntity) {
    output.text(&entity.name);
    let thousandths = entity.coverage.and_then(to_thousandths);
    let has_bits = entity.coverage.is_some() && thousandths.is_none();
    let has_exceptions = !entity.exceptions.is_empty();
    output.byte(bits([entity.remote, thousandths.is_some(), has_bits, has_exceptions, false]));
    match (thousandths, entity.coverage) {
        (Some(thousandths), _) => output.signed(WHOLE.wrapping_sub(thousandths)),
        (None, Some(coverage)) => output.raw(&coverage.to_le_bytes()),
        (None, None) => {}
    }
    if has_exceptions {
        output.list(&entity.exceptions, write_exception);
    }
}

fn read_entity(input: &mut Input<'_>) -> Result<RootCauseEntity, CodecError> {
    let name = input.text()?.to_owned();
    let [remote, has_thousandths, has_bits, has_exceptions, ..] = to_bits(input.byte()?);
    let coverage = match (has_thousandths, has_bits) {
        (true, _) => Some(WHOLE.wrapping_sub(input.signed()?) as f64 / WHOLE as f64),
        (_, true) => Some(f64::from_le_bytes(input.array()?)),
        _ => None,
    };
    let exceptions = if has_exceptions { input.list(read_exception)? } else { Vec::new() };
    Ok(RootCauseEntity { name, remote, coverage, exceptions })
}

/// A coverage has three decimals, and most are one.
const WHOLE: i64 = 1_000;

/// `None` where it has more decimals.
fn to_thousandths(coverage: f64) -> Option<i64> {
    let thousandths = (coverage * WHOLE as f64).round();
    let is_same = (thousandths as i64 as f64 / WHOLE as f64).to_bits() == coverage.to_bits();
    is_same.then_some(thousandths as i64)
}

pub(super) fn write_origin<'a>(
    output: &mut Output<'a>,
    origin: &'a FaultOrigin,
    nodes: &'a [NodeDigest],
    start: i64,
) {
    write_known(output, &origin.node, nodes);
    output.byte(node_kind(origin.node_kind) << 1 | u8::from(origin.exception.is_some()));
    write_known(output, &origin.witness, nodes);
    output.raw(&origin.entity.0.to_be_bytes());
    if let Some(exception) = &origin.exception {
        write_exception(output, exception);
    }
    output.from(start, origin.at.0);
}

pub(super) fn read_origin(
    input: &mut Input<'_>,
    nodes: &[NodeDigest],
    start: i64,
) -> Result<FaultOrigin, CodecError> {
    let node = read_known(input, nodes)?;
    let kind = input.byte()?;
    let witness = read_known(input, nodes)?;
    let entity = EntityId(u64::from_be_bytes(input.array()?));
    let exception = if kind & 1 == 1 { Some(read_exception(input)?) } else { None };
    let at = Timestamp(input.from(start)?);
    Ok(FaultOrigin { node, node_kind: to_node_kind(kind >> 1)?, witness, entity, exception, at })
}

/// A key that most often is that of a node of the trace: its place from 1, or 0 and the key.
fn write_known<'a>(output: &mut Output<'a>, key: &'a NodeKey, nodes: &[NodeDigest]) {
    match nodes.iter().position(|node| node.key == *key) {
        Some(place) => output.number(place as u64 + 1),
        None => {
            output.number(0);
            write_key(output, key);
        }
    }
}

fn read_known(input: &mut Input<'_>, nodes: &[NodeDigest]) -> Result<NodeKey, CodecError> {
    match input.number()? {
        0 => read_key(input),
        place => {
            let node = usize::try_from(place - 1).ok().and_then(|place| nodes.get(place));
            node.map(|node| node.key.clone()).ok_or(CodecError::Wrong("the place of a node"))
        }
    }
}
