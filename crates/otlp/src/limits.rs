//! What bounds OTLP input, each with what it protects.

/// A span with its resource and scope, as kept, and as it came. `wire` takes no larger document.
pub const MAX_SPAN_BYTES: usize = 1 << 20;

/// A resource or a scope. It is repeated in each of its spans, so it must not be a span's whole size; the largest honest one
/// is Java's, with 1.5 KB.
pub const MAX_RESOURCE_BYTES: usize = 64 << 10;

/// How deep attribute values nest. Each level is up to four of JSON, and kept documents are read with serde_json's bound of
/// 127 levels; events add some ten.
pub const MAX_VALUE_DEPTH: usize = 24;

/// How much larger than the request all its documents together may be, because each span takes its resource along.
pub const MAX_UNFOLDING: usize = 16;
/// A small request may always unfold to this, and a large one never to more than the other.
pub const MIN_UNFOLDED_BYTES: usize = 8 << 20;
pub const MAX_UNFOLDED_BYTES: usize = 256 << 20;

/// Spans that begin before 2000 or after 2100 have a broken clock or none; nobody would find them again. Nanoseconds.
pub const EARLIEST_NANOS: u64 = 946_684_800_000_000_000;
pub const LATEST_NANOS: u64 = 4_102_444_800_000_000_000;

/// The longest string that is searchable; longer ones, such as a prompt, stay in the span.
pub const MAX_ANNOTATION_CHARS: usize = 1_000;
/// Searchable attributes of one span. A span may have more, and keeps them.
pub const MAX_ANNOTATIONS: usize = 1_000;
/// Annotations that X-Ray shows of one span; its metadata has all.
pub const MAX_XRAY_ANNOTATIONS: usize = 50;
/// Frames of one exception, and exceptions of one span, that are taken out of stack traces.
pub const MAX_FRAMES: usize = 512;
pub const MAX_EXCEPTIONS: usize = 64;

/// Memory of documents that a request is cut into before they are handed on, so that many large requests at a time need little.
pub const CHUNK_BYTES: usize = 8 << 20;
/// Elements of one array of JSON that holds resources, scopes or spans. Each takes 16 bytes while the array is read, whatever is in it;
/// a span has some 200 of JSON, so 64 MiB hold a third of this.
pub(crate) const MAX_ELEMENTS: usize = 1 << 20;

/// Of a span that is looked at: attributes of each kind, and events.
pub const MAX_SHOWN_ATTRIBUTES: usize = 200;
pub const MAX_SHOWN_EVENTS: usize = 100;
/// Events that are drawn on a span, and how much of a name is said of each.
pub const MAX_MARKS: usize = 20;
pub const MAX_MARK_CHARS: usize = 100;
