//! How the requests of a trace hang together, behind the rest of its digest: version 5 had none of it.

use model::Coarse;
use model::digest::{Call, NodeDigest, Waited};

use super::CodecError;
use super::bytes::{Input, Output};

const AS_SERVED: u64 = 0;
const LONGER: u64 = 1;
const ONLY: u64 = 2;

pub(super) fn write<'a>(output: &mut Output<'a>, calls: &'a [Call]) {
    let mut place = 0;
    output.list(calls, |output, call| {
        let (kind, time) = match call.waited {
            Waited::AsServed => (AS_SERVED, None),
            Waited::Longer(way) => (LONGER, Some(way)),
            Waited::Only(time) => (ONLY, Some(time)),
        };
        output.number(u64::from(call.node) << 2 | kind);
        output.number(call.caller.map_or(0, |caller| place - u64::from(caller)));
        if call.caller.is_some() {
            output.byte(call.begin);
        }
        if let Some(time) = time {
            output.byte(time.min(Coarse::MAX).0);
        }
        place += 1;
    });
}

/// Whoever goes through calls relies on what is checked here: that each has its request, and that callers come first.
pub(super) fn read(input: &mut Input<'_>, nodes: &[NodeDigest]) -> Result<Vec<Call>, CodecError> {
    let mut left: Vec<usize> = nodes.iter().map(|node| node.requests.len()).collect();
    let mut place = 0_u64;
    input.list(|input| {
        let first = input.number()?;
        let node = u32::try_from(first >> 2).map_err(|_| CodecError::Wrong("the node of a call"))?;
        let left = left.get_mut(node as usize).filter(|left| **left > 0);
        *left.ok_or(CodecError::Wrong("the node of a call"))? -= 1;
        let caller = match input.number()? {
            0 => None,
            back => {
                let caller = place.checked_sub(back).and_then(|caller| u32::try_from(caller).ok());
                Some(caller.ok_or(CodecError::Wrong("the caller of a call"))?)
            }
        };
        let begin = if caller.is_some() { input.byte()? } else { 0 };
        let mut time = || input.byte().map(|byte| Coarse(byte).min(Coarse::MAX));
        let waited = match first & 3 {
            AS_SERVED => Waited::AsServed,
            LONGER => Waited::Longer(time()?),
            ONLY => Waited::Only(time()?),
            _ => return Err(CodecError::Wrong("how long a call was waited for")),
        };
        place += 1;
        Ok(Call { node, caller, begin, waited })
    })
}
