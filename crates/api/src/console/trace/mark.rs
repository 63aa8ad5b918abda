//! The events of spans that came by OTLP, to be marked in the picture.

use std::collections::HashMap;
use std::sync::Arc;

use model::trace::SpanIndex;
use model::{StoredDocument, Trace};
use otlp::shown::{Marks, marks as marks_of};

/// Marks of one answer, some hundred kilobytes. Spans beyond still tell how many events they have.
const MAX_MARKS: usize = 5_000;

pub(super) fn marks(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> HashMap<SpanIndex, Marks> {
    let mut found = HashMap::new();
    let mut left = MAX_MARKS;
    for (index, span) in trace.spans.iter().enumerate() {
        let Some(stored) = span.document.and_then(|number| documents.get(number)) else { continue };
        if stored.document.sender.is_none() {
            continue;
        }
        // A call without a parent stands in a segment that is made of the same document.
        let marks = marks_of(&stored.document.raw).filter(|marks| marks.span == span.entity.id);
        if let Some(mut marks) = marks {
            marks.events.truncate(left);
            left -= marks.events.len();
            found.insert(index, marks);
        }
    }
    found
}
