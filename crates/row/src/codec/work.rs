//! What requests asked for and what their nodes worked themselves, behind the rest of a digest: version 2 had none of it.

use model::digest::Request;
use model::{Coarse, TraceDigest};

use super::CodecError;
use super::bytes::{Input, Output};

pub(super) fn write<'a>(output: &mut Output<'a>, digest: &'a TraceDigest) {
    output.texts(&digest.operations);
    for node in &digest.nodes {
        match node.delay_millis {
            Some(delay) => {
                output.byte(1);
                output.signed(delay.into());
            }
            None => output.byte(0),
        }
    }
    for request in digest.nodes.iter().flat_map(|node| &node.requests) {
        write_request(output, request);
    }
    for request in digest.edges.iter().flat_map(|edge| &edge.requests) {
        write_request(output, request);
    }
}

pub(super) fn read(input: &mut Input<'_>, digest: &mut TraceDigest) -> Result<(), CodecError> {
    digest.operations = input.texts()?;
    let operations = digest.operations.len();
    for node in &mut digest.nodes {
        node.delay_millis = match input.byte()? {
            0 => None,
            _ => Some(i32::try_from(input.signed()?).map_err(|_| CodecError::Wrong("a delay"))?),
        };
    }
    for request in digest.nodes.iter_mut().flat_map(|node| &mut node.requests) {
        read_request(input, request, operations)?;
    }
    for request in digest.edges.iter_mut().flat_map(|edge| &mut edge.requests) {
        read_request(input, request, operations)?;
    }
    Ok(())
}

/// Which operations rules of people wrote; most digests have none, and no more than a byte for that.
pub(super) fn write_ruled<'a>(output: &mut Output<'a>, digest: &'a TraceDigest) {
    output.list(&digest.ruled, |output, place| output.number((*place).into()));
    if let Some(root) = digest.root.as_ref().filter(|_| !digest.ruled.is_empty()) {
        output.number(root.endpoint.map_or(0, |place| u64::from(place) + 1));
    }
}

pub(super) fn read_ruled(input: &mut Input<'_>, digest: &mut TraceDigest) -> Result<(), CodecError> {
    let operations = digest.operations.len();
    let known = |place: u32| match (place as usize) < operations {
        true => Ok(place),
        false => Err(CodecError::Wrong("the place of an operation")),
    };
    digest.ruled = input.list(|input| known(input.small()?))?;
    if let Some(root) = digest.root.as_mut().filter(|_| !digest.ruled.is_empty()) {
        root.endpoint = input.small()?.checked_sub(1).map(known).transpose()?;
    }
    Ok(())
}

fn write_request(output: &mut Output<'_>, request: &Request) {
    output.byte(request.own.map_or(0, |own| own.min(Coarse::MAX).0 + 1));
    output.number(request.operation.map_or(0, |operation| u64::from(operation) + 1));
}

fn read_request(input: &mut Input<'_>, request: &mut Request, operations: usize) -> Result<(), CodecError> {
    request.own = input.byte()?.checked_sub(1).map(Coarse);
    request.operation = input.small()?.checked_sub(1);
    if request.operation.is_some_and(|operation| operation as usize >= operations) {
        return Err(CodecError::Wrong("the place of an operation"));
    }
    Ok(())
}
