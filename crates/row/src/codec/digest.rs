//! Digests in a block.

use model::digest::{AnnotationSet, EdgeDigest, ExceptionDigest, NodeDigest, Request, RootDigest};
use model::segment::{Annotation, AnnotationValue, Flags, Http, Sequence};
use model::{EntityId, Micros, Minute, Timestamp, TraceDigest, TraceId};

use super::bytes::{Input, Output};
use super::cause::{read_cause, read_origin, write_cause, write_origin};
use super::minute::{
    edge_kind, node_kind, read_alias, read_key, to_edge_kind, to_node_kind, write_alias, write_key,
};
use super::{
    Beside, BesideAnnotations, CodecError, WITHOUT_CALLS, WITHOUT_RULES, WITHOUT_SETS, WITHOUT_WORK, call,
    work,
};

/// With everything in the block.
pub(super) fn write_whole<'a>(output: &mut Output<'a>, digest: &'a TraceDigest) {
    output.raw(&digest.id.0);
    output.signed(digest.start.0);
    output.list(&digest.annotations, |output, annotation| {
        output.text(&annotation.key);
        match &annotation.value {
            AnnotationValue::String(text) => {
                output.byte(STRING);
                output.text(text);
            }
            AnnotationValue::Number(number) => {
                output.byte(NUMBER);
                output.raw(&number.to_le_bytes());
            }
            AnnotationValue::Boolean(value) => output.byte(if *value { TRUE } else { FALSE }),
        }
    });
    write_rest(output, digest, &digest.annotation_sets);
}

pub(super) fn read_whole(input: &mut Input<'_>) -> Result<TraceDigest, CodecError> {
    let id = TraceId(input.array()?);
    let start = Timestamp(input.signed()?);
    let annotations = input.list(|input| {
        let key = input.text()?.to_owned();
        let value = match input.byte()? {
            STRING => AnnotationValue::String(input.text()?.to_owned()),
            NUMBER => AnnotationValue::Number(f64::from_le_bytes(input.array()?)),
            TRUE => AnnotationValue::Boolean(true),
            FALSE => AnnotationValue::Boolean(false),
            _ => return Err(CodecError::Wrong("the type of an annotation")),
        };
        Ok(Annotation { key, value })
    })?;
    read_rest(input, id, start, annotations)
}

const STRING: u8 = 0;
const NUMBER: u8 = 1;
const TRUE: u8 = 2;
const FALSE: u8 = 3;

/// Without what stands beside it.
pub(super) fn write_beside<'a>(output: &mut Output<'a>, digest: &'a TraceDigest) {
    output.byte(ELSEWHERE);
    write_rest(output, digest, &[]);
}

/// What stands before a digest in a row: what it says of annotations. Earlier versions told of each its type where not all
/// are strings; now they stand elsewhere, with their types and sets.
const TYPES: u8 = 1;
const ELSEWHERE: u8 = 2;

pub(super) fn read_beside(input: &mut Input<'_>, beside: Beside<'_>) -> Result<TraceDigest, CodecError> {
    let wrong = || CodecError::Wrong("an annotation");
    let (annotations, sets) = match (input.byte()?, beside.annotations) {
        (ELSEWHERE, BesideAnnotations::Whole(annotations, sets)) => (annotations, sets),
        (types @ ..=TYPES, BesideAnnotations::Texts(texts)) => {
            let mut annotations = Vec::with_capacity(texts.len());
            for (key, value) in texts {
                let value = match if types == TYPES { input.byte()? } else { STRING } {
                    STRING => AnnotationValue::String(value.to_owned()),
                    NUMBER => AnnotationValue::Number(value.parse().map_err(|_| wrong())?),
                    TRUE => AnnotationValue::Boolean(value.parse().map_err(|_| wrong())?),
                    _ => return Err(wrong()),
                };
                annotations.push(Annotation { key: key.to_owned(), value });
            }
            (annotations, Vec::new())
        }
        _ => return Err(wrong()),
    };
    let mut digest = read_rest(input, beside.id, beside.start, annotations)?;
    if !sets.is_empty() {
        digest.annotation_sets = sets;
    }
    Ok(digest)
}

/// Of a digest as a row keeps it whether a node may have raised an exception, from its first bytes alone.
pub(super) fn may_have_exception(input: &mut Input<'_>) -> Result<bool, CodecError> {
    if input.byte()? != ELSEWHERE {
        return Ok(true);
    }
    let [_, _, _, _, _, is_told, has_exception, ..] = to_bits(input.byte()?);
    Ok(has_exception || !is_told)
}

fn write_rest<'a>(output: &mut Output<'a>, digest: &'a TraceDigest, sets: &'a [AnnotationSet]) {
    let start = digest.start.0;
    output.byte(bits([
        digest.has_throttle,
        digest.is_partial,
        digest.annotations_cut,
        digest.end.is_some(),
        digest.root.is_some(),
        // The next is told.
        true,
        digest.has_exception(),
    ]));
    output.number(digest.revision.into());
    output.number(digest.through.0);
    output.from(start, digest.last_received.0);
    output.from(digest.last_received.0, digest.first_received.0);
    if let Some(end) = digest.end {
        output.from(start, end.0);
    }
    output.number(digest.segments.into());
    // A segment is an entity.
    output.from(digest.segments.into(), digest.spans.into());
    let received = digest.last_received.minute();
    output.list(&digest.nodes, |output, node| write_node(output, node, received));
    let mut seen = vec![0; digest.nodes.len()];
    output.list(&digest.edges, |output, edge| write_edge(output, edge, &digest.nodes, &mut seen, received));
    if let Some(root) = &digest.root {
        write_root(output, root, start);
    }
    output.texts(&digest.users);
    output.texts(&digest.resource_arns);
    output.texts(&digest.instance_ids);
    output.texts(&digest.availability_zones);
    output.list(&digest.versions, |output, (node, version)| {
        output.number((*node).into());
        output.text(version);
    });
    for causes in [&digest.fault_causes, &digest.error_causes, &digest.response_time_causes] {
        output.list(causes, |output, cause| write_cause(output, cause, &digest.nodes));
    }
    output.byte(u8::from(digest.origin.is_some()));
    if let Some(origin) = &digest.origin {
        write_origin(output, origin, &digest.nodes, start);
    }
    output.list(&digest.groups, |output, (group, minute)| {
        output.text(group);
        output.from(received.0, minute.0);
    });
    work::write(output, digest);
    output.list(sets, |output, set| {
        output.number(set.node.map_or(0, |node| u64::from(node) + 1));
        output.number(set.count.into());
    });
    work::write_ruled(output, digest);
    call::write(output, &digest.calls);
}

fn read_set(input: &mut Input<'_>) -> Result<AnnotationSet, CodecError> {
    Ok(AnnotationSet { node: input.small()?.checked_sub(1), count: input.small()? })
}

fn read_rest(
    input: &mut Input<'_>,
    id: TraceId,
    start: Timestamp,
    annotations: Vec<Annotation>,
) -> Result<TraceDigest, CodecError> {
    let [has_throttle, is_partial, annotations_cut, has_end, has_root, ..] = to_bits(input.byte()?);
    let revision = input.small()?;
    let through = Sequence(input.number()?);
    let last_received = Timestamp(input.from(start.0)?);
    let first_received = Timestamp(input.from(last_received.0)?);
    let end = if has_end { Some(Timestamp(input.from(start.0)?)) } else { None };
    let segments = input.small()?;
    let spans = u32::try_from(input.from(segments.into())?).map_err(|_| CodecError::Wrong("a number"))?;
    let received = last_received.minute();
    let nodes = input.list(|input| read_node(input, received))?;
    let mut seen = vec![0; nodes.len()];
    let edges = input.list(|input| read_edge(input, &nodes, &mut seen, received))?;
    let root = if has_root { Some(read_root(input, nodes.len(), start.0)?) } else { None };
    let mut digest = TraceDigest {
        id,
        revision,
        through,
        first_received,
        last_received,
        start,
        end,
        root,
        has_throttle,
        is_partial,
        segments,
        spans,
        annotations,
        annotation_sets: Vec::new(),
        annotations_cut,
        users: input.texts()?,
        resource_arns: input.texts()?,
        instance_ids: input.texts()?,
        availability_zones: input.texts()?,
        versions: input.list(|input| Ok((index(input, nodes.len())?, input.text()?.to_owned())))?,
        fault_causes: input.list(|input| read_cause(input, &nodes))?,
        error_causes: input.list(|input| read_cause(input, &nodes))?,
        response_time_causes: input.list(|input| read_cause(input, &nodes))?,
        origin: match input.byte()? {
            0 => None,
            _ => Some(read_origin(input, &nodes, start.0)?),
        },
        groups: input.list(|input| Ok((input.text()?.to_owned(), Minute(input.from(received.0)?))))?,
        nodes,
        edges,
        operations: Vec::new(),
        ruled: Vec::new(),
        calls: Vec::new(),
    };
    if input.version > WITHOUT_WORK {
        work::read(input, &mut digest)?;
    }
    if input.version > WITHOUT_SETS {
        digest.annotation_sets = input.list(read_set)?;
    }
    if input.version > WITHOUT_RULES {
        work::read_ruled(input, &mut digest)?;
    }
    if input.version > WITHOUT_CALLS {
        digest.calls = call::read(input, &digest.nodes)?;
    }
    Ok(digest)
}

fn write_root<'a>(output: &mut Output<'a>, root: &'a RootDigest, start: i64) {
    output.raw(&root.id.0.to_be_bytes());
    output.number(root.node.into());
    output.from(start, root.start.0);
    let Flags { error, throttle, fault } = root.flags;
    let Http { method, url, user_agent, client_ip, status } = &root.http;
    output.byte(bits([error, throttle, fault, root.response_time.is_some(), status.is_some()]));
    if let Some(time) = root.response_time {
        output.number(time.0);
    }
    if let Some(status) = status {
        output.signed(*status);
    }
    for text in [method, url, user_agent, client_ip] {
        output.optional_text(text.as_deref());
    }
}

fn read_root(input: &mut Input<'_>, nodes: usize, start: i64) -> Result<RootDigest, CodecError> {
    let id = EntityId(u64::from_be_bytes(input.array()?));
    let node = index(input, nodes)?;
    let start = Timestamp(input.from(start)?);
    let [error, throttle, fault, has_time, has_status, ..] = to_bits(input.byte()?);
    let response_time = if has_time { Some(Micros(input.number()?)) } else { None };
    let status = if has_status { Some(input.signed()?) } else { None };
    let mut text = || Ok::<_, CodecError>(input.optional_text()?.map(str::to_owned));
    let http = Http { method: text()?, url: text()?, user_agent: text()?, client_ip: text()?, status };
    Ok(RootDigest {
        id,
        node,
        start,
        response_time,
        flags: Flags { error, throttle, fault },
        http,
        endpoint: None,
    })
}

fn write_node<'a>(output: &mut Output<'a>, node: &'a NodeDigest, received: Minute) {
    write_key(output, &node.key);
    output.byte(node_kind(node.kind) << 1 | u8::from(node.is_root));
    output.list(&node.requests, |output, request| write_request(output, request, None, received));
}

fn read_node(input: &mut Input<'_>, received: Minute) -> Result<NodeDigest, CodecError> {
    let key = read_key(input)?;
    let kind = input.byte()?;
    Ok(NodeDigest {
        key,
        kind: to_node_kind(kind >> 1)?,
        is_root: kind & 1 == 1,
        delay_millis: None,
        requests: input.list(|input| read_request(input, None, received))?,
    })
}

/// `seen` counts the requests that edges brought to each node so far: what a caller saw is often what the callee says.
fn write_edge<'a>(
    output: &mut Output<'a>,
    edge: &'a EdgeDigest,
    nodes: &'a [NodeDigest],
    seen: &mut [usize],
    received: Minute,
) {
    output.number(edge.source.into());
    output.number(edge.target.into());
    output.byte(edge_kind(edge.kind));
    output.list(&edge.aliases, write_alias);
    output.list(&edge.requests, |output, request| {
        write_request(output, request, next_of(nodes, seen, edge.target), received);
    });
}

fn read_edge(
    input: &mut Input<'_>,
    nodes: &[NodeDigest],
    seen: &mut [usize],
    received: Minute,
) -> Result<EdgeDigest, CodecError> {
    let (source, target) = (index(input, nodes.len())?, index(input, nodes.len())?);
    Ok(EdgeDigest {
        source,
        target,
        kind: to_edge_kind(input.byte()?)?,
        aliases: input.list(read_alias)?,
        requests: input.list(|input| read_request(input, next_of(nodes, seen, target), received))?,
    })
}

/// The response time of the next request of a node, by its own account.
fn next_of(nodes: &[NodeDigest], seen: &mut [usize], node: u32) -> Option<Micros> {
    let place = seen.get_mut(node as usize)?;
    *place += 1;
    nodes[node as usize].requests.get(*place - 1)?.response_time
}

/// `likely` is what its response time often is.
fn write_request<'a>(
    output: &mut Output<'a>,
    request: &'a Request,
    likely: Option<Micros>,
    received: Minute,
) {
    let Flags { error, throttle, fault } = request.flags;
    let time = match request.response_time {
        None => Time::None,
        Some(time) if Some(time) == likely => Time::Likely,
        Some(_) => Time::Given,
    };
    let duration = match request.duration {
        None => Time::None,
        same if same == request.response_time => Time::Likely,
        Some(_) => Time::Given,
    };
    let has_more = request.minute != received || !request.exceptions.is_empty();
    let low = bits([error, throttle, fault, has_more, false]);
    output.byte(low | (time as u8) << 4 | (duration as u8) << 6);
    if let (Time::Given, Some(time)) = (time, request.response_time) {
        output.number(time.0);
    }
    if let (Time::Given, Some(duration)) = (duration, request.duration) {
        output.number(duration.0);
    }
    if has_more {
        output.from(received.0, request.minute.0);
        output.list(&request.exceptions, write_exception);
    }
}

/// Where a duration is written.
#[derive(Clone, Copy)]
enum Time {
    None = 0,
    Given = 1,
    /// It is the same as another.
    Likely = 2,
}

fn read_request(
    input: &mut Input<'_>,
    likely: Option<Micros>,
    received: Minute,
) -> Result<Request, CodecError> {
    let first = input.byte()?;
    let [error, throttle, fault, has_more, ..] = to_bits(first);
    let response_time = read_time(input, first >> 4 & 3, likely)?;
    let duration = read_time(input, first >> 6, response_time)?;
    let (minute, exceptions) = match has_more {
        true => (Minute(input.from(received.0)?), input.list(read_exception)?),
        false => (received, Vec::new()),
    };
    Ok(Request {
        minute,
        flags: Flags { error, throttle, fault },
        response_time,
        duration,
        own: None,
        operation: None,
        exceptions,
    })
}

fn read_time(
    input: &mut Input<'_>,
    written: u8,
    likely: Option<Micros>,
) -> Result<Option<Micros>, CodecError> {
    match written {
        0 => Ok(None),
        1 => input.number().map(|time| Some(Micros(time))),
        2 => Ok(likely),
        _ => Err(CodecError::Wrong("a duration")),
    }
}

pub(super) fn write_exception<'a>(output: &mut Output<'a>, exception: &'a ExceptionDigest) {
    output.optional_text(exception.name.as_deref());
    output.optional_text(exception.message.as_deref());
}

pub(super) fn read_exception(input: &mut Input<'_>) -> Result<ExceptionDigest, CodecError> {
    let name = input.optional_text()?.map(str::to_owned);
    Ok(ExceptionDigest { name, message: input.optional_text()?.map(str::to_owned) })
}

/// The place of a node.
fn index(input: &mut Input<'_>, nodes: usize) -> Result<u32, CodecError> {
    let place = input.small()?;
    if (place as usize) < nodes { Ok(place) } else { Err(CodecError::Wrong("the place of a node")) }
}

/// The first is the lowest.
pub(super) fn bits<const N: usize>(flags: [bool; N]) -> u8 {
    const { assert!(N <= 8) };
    flags.iter().rev().fold(0, |bits, &flag| bits << 1 | u8::from(flag))
}

pub(super) fn to_bits(byte: u8) -> [bool; 8] {
    std::array::from_fn(|place| byte >> place & 1 == 1)
}
