//! Who owns an exception, who only refers to one, and to which request it is charged.

use ahash::AHashMap as HashMap;
use model::digest::ExceptionDigest;
use model::segment::{Exception, Namespace};
use model::trace::{Span, SpanIndex};
use model::{EntityId, Trace};

use super::bounds;

/// References from cause to cause are followed this far; SDKs make one step.
const MAX_STEPS: usize = 8;

pub(super) struct Exceptions<'t> {
    trace: &'t Trace<'t>,
    /// By the exception's id: the span that owns it, and its place there.
    owners: HashMap<EntityId, (SpanIndex, usize)>,
    spans: HashMap<EntityId, SpanIndex>,
}

impl<'t> Exceptions<'t> {
    pub(super) fn of(trace: &'t Trace<'_>) -> Self {
        let mut owners = HashMap::new();
        let mut spans = HashMap::with_capacity(trace.spans.len());
        for (index, span) in trace.spans.iter().enumerate() {
            spans.insert(span.entity.id, index);
            for (place, exception) in owned(span).iter().enumerate() {
                if let Some(id) = exception.id {
                    owners.entry(id).or_insert((index, place));
                }
            }
        }
        Self { trace, owners, spans }
    }

    /// The exception that the span's cause refers to, with its owner. The reference is the id of an
    /// exception (Java, Python) or of the entity that owns it (Node).
    pub(super) fn referred(&self, span: SpanIndex) -> Option<(SpanIndex, &'t Exception)> {
        let mut at = span;
        for _ in 0..MAX_STEPS {
            let reference = self.trace.spans[at].entity.cause.as_ref()?.reference?;
            if let Some(&(owner, place)) = self.owners.get(&reference) {
                return Some((owner, &owned(&self.trace.spans[owner])[place]));
            }
            at = *self.spans.get(&reference)?;
            if let Some(first) = owned(&self.trace.spans[at]).first() {
                return Some((at, first));
            }
        }
        None
    }

    /// The span's own exceptions, the outermost first.
    pub(super) fn of_span(&self, span: SpanIndex) -> Vec<ExceptionDigest> {
        let own = owned(&self.trace.spans[span]).iter();
        own.take(bounds::EXCEPTIONS).map(bounds::exception).collect()
    }

    /// For each segment and each call, what it says went wrong: its own exceptions, those of the local work
    /// that it holds, and those referred to there. What a call that it holds says is that call's.
    pub(super) fn by_request(&self) -> Vec<Vec<ExceptionDigest>> {
        let spans = &self.trace.spans;
        let mut charged: Vec<Vec<ExceptionDigest>> = vec![Vec::new(); spans.len()];
        let mut request_of: Vec<SpanIndex> = Vec::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            // A holder stands before what it holds.
            let request = match span.holder {
                Some(holder) if !is_call(span) => request_of[holder],
                _ => index,
            };
            request_of.push(request);
            let referred = self.referred(index).map(|(_, exception)| exception);
            for exception in owned(span).iter().chain(referred) {
                if charged[request].len() == bounds::EXCEPTIONS {
                    break;
                }
                let exception = bounds::exception(exception);
                if !charged[request].contains(&exception) {
                    charged[request].push(exception);
                }
            }
        }
        charged
    }
}

/// A call to another node, as its caller saw it.
pub(crate) fn is_call(span: &Span<'_>) -> bool {
    matches!(span.entity.namespace, Some(Namespace::Aws | Namespace::Remote)) && !span.is_segment()
}

pub(super) fn owned<'s>(span: &'s Span<'_>) -> &'s [Exception] {
    span.entity.cause.as_ref().map_or(&[], |cause| &cause.exceptions)
}

/// SDKs give an exception another id wherever they meet it.
pub(super) fn is_same(one: &Exception, other: &Exception) -> bool {
    one.name == other.name && one.message == other.message
}
