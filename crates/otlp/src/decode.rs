//! A request cut into spans, each as a document of its own.

use bytes::Bytes;
use model::SegmentDocument;
use prost::Message;

use crate::canonical::Envelope;
use crate::fields::{Malformed, fields};
use crate::json;
use crate::limits::{
    CHUNK_BYTES, EARLIEST_NANOS, LATEST_NANOS, MAX_RESOURCE_BYTES, MAX_SPAN_BYTES, MAX_UNFOLDED_BYTES,
    MAX_UNFOLDING, MAX_VALUE_DEPTH, MIN_UNFOLDED_BYTES,
};
use crate::map::{self, Sender};
use crate::message::{AnyValue, KeyValue, Resource, Scope, Span, Value};
use crate::reject::{BadTime, Reject, Rejects};

/// The request is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    #[error("the body is not an ExportTraceServiceRequest in protobuf")]
    NotProtobuf,
    #[error("the body is not an ExportTraceServiceRequest in JSON: {0}")]
    NotJson(String),
}

/// What became of a request.
#[derive(Debug, Default)]
pub struct Taken {
    pub documents: Vec<SegmentDocument>,
    pub rejects: Rejects,
}

impl From<Malformed> for BadRequest {
    fn from(_: Malformed) -> Self {
        Self::NotProtobuf
    }
}

/// `ExportTraceServiceRequest` in protobuf.
pub fn decode_protobuf(body: &[u8]) -> Result<Taken, BadRequest> {
    whole(|sink| cut_protobuf(body, sink))
}

/// The same in JSON.
pub fn decode_json(body: &[u8]) -> Result<Taken, BadRequest> {
    whole(|sink| cut_json(body, sink))
}

fn whole(
    cut: impl FnOnce(&mut dyn FnMut(Vec<SegmentDocument>) -> bool) -> Result<Rejects, BadRequest>,
) -> Result<Taken, BadRequest> {
    let mut documents = Vec::new();
    let rejects = cut(&mut |chunk| {
        // Most requests are one chunk.
        if documents.is_empty() {
            documents = chunk;
        } else {
            documents.extend(chunk);
        }
        true
    })?;
    Ok(Taken { documents, rejects })
}

/// `ExportTraceServiceRequest` in protobuf, cut into documents that `sink` gets in chunks of some [`CHUNK_BYTES`], until it says that it
/// wants no more. Of a request that is none it gets nothing.
pub fn cut_protobuf(
    body: &[u8],
    sink: &mut dyn FnMut(Vec<SegmentDocument>) -> bool,
) -> Result<Rejects, BadRequest> {
    if body.len() > CHUNK_BYTES / MAX_UNFOLDING {
        outline(body)?;
    }
    let mut cutter = Cutter::new(body.len(), sink);
    for field in fields(body) {
        let (1, resource_spans) = field? else { continue };
        let mut resource_bytes = Vec::new();
        let mut schema = "";
        // The resource may come after its spans.
        for field in fields(resource_spans) {
            match field? {
                (1, bytes) => resource_bytes.push(bytes),
                (3, bytes) => schema = str::from_utf8(bytes).unwrap_or_default(),
                _ => {}
            }
        }
        let resource = message::<Resource>(&resource_bytes);
        let sender = resource.as_ref().map(Sender::new).map_err(Clone::clone);
        for field in fields(resource_spans) {
            let (2, scope_spans) = field? else { continue };
            cutter.scope_spans(resource.as_ref(), schema, sender.as_ref(), scope_spans)?;
        }
    }
    Ok(cutter.end())
}

/// Walks over everything but the spans themselves, so that a request that breaks off is found out before a chunk of it is kept.
pub(crate) fn outline(body: &[u8]) -> Result<(), Malformed> {
    for field in fields(body) {
        let (1, resource_spans) = field? else { continue };
        for field in fields(resource_spans) {
            let (2, scope_spans) = field? else { continue };
            fields(scope_spans).try_for_each(|field| field.map(drop))?;
        }
    }
    Ok(())
}

/// The same in JSON. Of one whose JSON is sound and whose members are not what they should be, `sink` may have got chunks.
pub fn cut_json(
    body: &[u8],
    sink: &mut dyn FnMut(Vec<SegmentDocument>) -> bool,
) -> Result<Rejects, BadRequest> {
    let not_json = |error: serde_json::Error| BadRequest::NotJson(error.to_string());
    let text = str::from_utf8(body)
        .map_err(|error| BadRequest::NotJson(format!("byte {} is not UTF-8", error.valid_up_to())))?;
    let request = json::request(text).map_err(not_json)?;
    let mut cutter = Cutter::new(body.len(), sink);
    if request.resource_spans.is_empty() && request.has_no_spans_member {
        cutter.rejects.warn("nothing was taken: the request has no member resourceSpans");
    }
    for resource_spans in request.resource_spans {
        let resource_spans = json::resource_spans(resource_spans.get()).map_err(not_json)?;
        if resource_spans.has_old_names {
            cutter
                .rejects
                .warn("instrumentationLibrarySpans is a name of old versions; it was taken for scopeSpans");
        }
        let resource = sized(resource_spans.resource.map_or(0, |raw| raw.get().len()), MAX_RESOURCE_BYTES)
            .and_then(|()| json::resource(resource_spans.resource).map_err(malformed))
            .and_then(|resource| shallow(&resource.attributes).map(|()| resource));
        let sender = resource.as_ref().map(Sender::new).map_err(Clone::clone);
        for scope_spans in resource_spans.scope_spans {
            let scope_spans = json::scope_spans(scope_spans).map_err(not_json)?;
            let scope = sized(scope_spans.scope.map_or(0, |raw| raw.get().len()), MAX_RESOURCE_BYTES)
                .and_then(|()| json::scope(scope_spans.scope).map_err(malformed))
                .and_then(|scope| shallow(&scope.attributes).map(|()| scope));
            let envelope = match (&resource, &scope) {
                (Ok(resource), Ok(scope)) => {
                    Ok(Envelope::new(resource, &resource_spans.schema_url, scope, &scope_spans.schema_url))
                }
                (Err(reject), _) | (_, Err(reject)) => Err(reject.clone()),
            };
            for raw in &scope_spans.spans {
                let span = sized(raw.get().len(), MAX_SPAN_BYTES)
                    .and_then(|()| json::span(raw.get()).map_err(malformed));
                cutter.span(envelope.as_ref(), sender.as_ref(), span);
            }
        }
    }
    Ok(cutter.end())
}

pub(crate) fn malformed(error: impl std::fmt::Display) -> Reject {
    Reject::Malformed(error.to_string().chars().take(200).collect())
}

/// A message of at most [`MAX_RESOURCE_BYTES`]; one that came in pieces is the pieces merged.
fn message<M: Message + Default + HasAttributes>(pieces: &[&[u8]]) -> Result<M, Reject> {
    sized(pieces.iter().map(|piece| piece.len()).sum(), MAX_RESOURCE_BYTES)?;
    let mut message = M::default();
    for piece in pieces {
        message.merge(*piece).map_err(malformed)?;
    }
    shallow(message.attributes())?;
    Ok(message)
}

trait HasAttributes {
    fn attributes(&self) -> &[KeyValue];
}

impl HasAttributes for Resource {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }
}

impl HasAttributes for Scope {
    fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }
}

fn sized(bytes: usize, limit: usize) -> Result<(), Reject> {
    if bytes > limit { Err(Reject::TooLarge { bytes, limit }) } else { Ok(()) }
}

fn shallow(attributes: &[KeyValue]) -> Result<(), Reject> {
    let is_shallow = |one: &KeyValue| one.value.as_ref().is_none_or(|value| is_shallow(value, 1));
    if attributes.iter().all(is_shallow) { Ok(()) } else { Err(Reject::TooDeep) }
}

fn is_shallow(value: &AnyValue, depth: usize) -> bool {
    match &value.value {
        _ if depth > MAX_VALUE_DEPTH => false,
        Some(Value::Array(array)) => array.values.iter().all(|value| is_shallow(value, depth + 1)),
        Some(Value::Map(map)) => {
            map.values.iter().filter_map(|one| one.value.as_ref()).all(|value| is_shallow(value, depth + 1))
        }
        _ => true,
    }
}

/// Checks what every span must have to be kept.
pub(crate) fn check(span: &Span) -> Result<(), Reject> {
    let is_id = |id: &[u8], length| id.len() == length && id.iter().any(|&byte| byte != 0);
    if !is_id(&span.trace_id, 16) {
        return Err(Reject::TraceId);
    }
    if !is_id(&span.span_id, 8) || !matches!(span.parent_span_id.len(), 0 | 8) {
        return Err(Reject::SpanId);
    }
    times(span).map_err(Reject::Time)?;
    shallow(&span.attributes)?;
    span.events.iter().try_for_each(|event| shallow(&event.attributes))?;
    span.links.iter().try_for_each(|link| shallow(&link.attributes))
}

fn times(span: &Span) -> Result<(), BadTime> {
    /// Seconds since 1970 of the bounds; the same number in smaller units lies far from those of the others.
    const SECONDS: std::ops::Range<u64> = EARLIEST_NANOS / 1_000_000_000..LATEST_NANOS / 1_000_000_000;
    let start = span.start_time_unix_nano;
    if start == 0 {
        return Err(BadTime::Missing);
    }
    if start < EARLIEST_NANOS {
        let units = [(1_000_000, "microseconds"), (1_000, "milliseconds"), (1, "seconds")];
        let unit = units.into_iter().find(|(a_second, _)| SECONDS.contains(&(start / a_second)));
        return Err(unit.map_or(BadTime::Early, |(_, name)| BadTime::Unit(name)));
    }
    if start >= LATEST_NANOS {
        return Err(BadTime::Late("startTimeUnixNano"));
    }
    if span.end_time_unix_nano >= LATEST_NANOS {
        return Err(BadTime::Late("endTimeUnixNano"));
    }
    Ok(())
}

struct Cutter<'s> {
    /// Of the chunk that is being filled, with its memory.
    documents: Vec<SegmentDocument>,
    memory: usize,
    sink: &'s mut dyn FnMut(Vec<SegmentDocument>) -> bool,
    is_stopped: bool,
    rejects: Rejects,
    /// How many bytes of documents may still be made.
    left: usize,
}

impl<'s> Cutter<'s> {
    fn new(body: usize, sink: &'s mut dyn FnMut(Vec<SegmentDocument>) -> bool) -> Self {
        Self {
            documents: Vec::new(),
            memory: 0,
            sink,
            is_stopped: false,
            rejects: Rejects::default(),
            left: body.saturating_mul(MAX_UNFOLDING).clamp(MIN_UNFOLDED_BYTES, MAX_UNFOLDED_BYTES),
        }
    }

    fn hand_on(&mut self) {
        self.memory = 0;
        self.is_stopped |= !(self.sink)(std::mem::take(&mut self.documents));
    }

    fn end(mut self) -> Rejects {
        if !self.documents.is_empty() && !self.is_stopped {
            self.hand_on();
        }
        self.rejects
    }

    fn scope_spans(
        &mut self,
        resource: Result<&Resource, &Reject>,
        resource_schema: &str,
        sender: Result<&Sender, &Reject>,
        message_bytes: &[u8],
    ) -> Result<(), Malformed> {
        let mut scope_bytes = Vec::new();
        let mut schema = "";
        for field in fields(message_bytes) {
            match field? {
                (1, bytes) => scope_bytes.push(bytes),
                (3, bytes) => schema = str::from_utf8(bytes).unwrap_or_default(),
                _ => {}
            }
        }
        let envelope = match (resource, message::<Scope>(&scope_bytes)) {
            (Ok(resource), Ok(scope)) => Ok(Envelope::new(resource, resource_schema, &scope, schema)),
            (Err(reject), _) => Err(reject.clone()),
            (_, Err(reject)) => Err(reject),
        };
        for field in fields(message_bytes) {
            let (2, span) = field? else { continue };
            let span = sized(span.len(), MAX_SPAN_BYTES).and_then(|()| Span::decode(span).map_err(malformed));
            self.span(envelope.as_ref(), sender, span);
        }
        Ok(())
    }

    fn span(
        &mut self,
        envelope: Result<&Envelope, &Reject>,
        sender: Result<&Sender, &Reject>,
        span: Result<Span, Reject>,
    ) {
        if self.is_stopped {
            return;
        }
        let cut = (|| {
            let span = span?;
            let envelope = envelope.map_err(Clone::clone)?;
            let sender = sender.map_err(Clone::clone)?;
            check(&span)?;
            if self.left == 0 {
                return Err(Reject::Unfolds);
            }
            let text = envelope.around(&span);
            sized(text.len(), MAX_SPAN_BYTES)?;
            self.left = self.left.saturating_sub(text.len());
            if (1..span.start_time_unix_nano).contains(&span.end_time_unix_nano) {
                self.rejects.warn("a span ends before it begins; it is kept, and its length counts as zero");
            }
            Ok(map::document(&span, sender, Bytes::from(text)))
        })();
        match cut {
            Ok(document) => {
                self.memory += document.memory_bytes();
                self.documents.push(document);
                if self.memory >= CHUNK_BYTES {
                    self.hand_on();
                }
            }
            Err(reject) => self.rejects.add(reject),
        }
    }
}
