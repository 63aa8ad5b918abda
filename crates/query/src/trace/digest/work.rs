//! What each request asked for, and how much of its time was its own.

use ahash::AHashMap as HashMap;
use model::template::rule::UrlRules;
use model::trace::{Span, SpanIndex, SpanKind};
use model::{Coarse, Micros, Timestamp, Trace, template};

use super::bounds;
use super::exceptions::is_call;

/// The operations of one trace, each once.
pub(super) struct Operations<'r> {
    rules: &'r UrlRules,
    pub(super) names: Vec<String>,
    /// Places of those that rules wrote.
    pub(super) ruled: Vec<u32>,
    places: HashMap<String, u32>,
}

impl<'r> Operations<'r> {
    pub(super) fn by(rules: &'r UrlRules) -> Self {
        Self { rules, names: Vec::new(), ruled: Vec::new(), places: HashMap::new() }
    }

    /// The place of what the span asked of the service, or the service was asked by it; `None` where it does not say, or
    /// the trace has too many.
    pub(super) fn of(&mut self, span: &Span<'_>, service: &str) -> Option<u32> {
        let entity = &span.entity;
        if let Some(operation) = entity.aws.as_ref().and_then(|aws| aws.operation.as_deref()) {
            return self.place(bounds::text(operation));
        }
        self.ruled(span, service).or_else(|| {
            let http = entity.http.as_ref()?;
            self.place(template::operation(http.method.as_deref(), http.url.as_deref()?))
        })
    }

    /// The place of the operation that a rule writes for the URL of the span.
    pub(super) fn ruled(&mut self, span: &Span<'_>, service: &str) -> Option<u32> {
        let http = span.entity.http.as_ref()?;
        let name = self.rules.operation(service, http.method.as_deref(), http.url.as_deref()?)?;
        let place = self.place(name)?;
        if !self.ruled.contains(&place) {
            self.ruled.push(place);
        }
        Some(place)
    }

    fn place(&mut self, name: String) -> Option<u32> {
        if let Some(&place) = self.places.get(&name) {
            return Some(place);
        }
        if self.names.len() == bounds::OPERATIONS {
            return None;
        }
        let place = u32::try_from(self.names.len()).ok()?;
        self.names.push(name.clone());
        self.places.insert(name, place);
        Some(place)
    }
}

/// For each segment, the time in which it waited for none of its calls, however many ran side by side. `None` on all
/// other spans, and where the segment or one of its calls is in progress.
pub(super) fn own_times(trace: &Trace<'_>) -> Vec<Option<Coarse>> {
    let mut waits: Vec<Vec<(Timestamp, Timestamp)>> = vec![Vec::new(); trace.spans.len()];
    let mut is_known = vec![true; trace.spans.len()];
    for span in &trace.spans {
        let place = span.segment;
        if span.kind == SpanKind::Subsegment && (is_call(span) || !span.callees.is_empty()) {
            match span.entity.end {
                Some(end) => waits[place].push((span.entity.start, end)),
                None => is_known[place] = false,
            }
        } else if span.kind == SpanKind::Segment {
            // Nobody recorded these calls, so the segments that served them speak for them.
            for callee in span.callees.iter().map(|&callee| &trace.spans[callee]) {
                waits[place].extend(callee.entity.end.map(|end| (callee.entity.start, end)));
            }
        }
    }
    let own = |segment: SpanIndex| {
        let span = &trace.spans[segment];
        if span.kind != SpanKind::Segment || !is_known[segment] {
            return None;
        }
        let length = span.entity.length()?;
        let waited = covered(&mut waits[segment], span.entity.start, span.entity.end?);
        Some(Coarse::of(Micros(length.0.saturating_sub(waited.0))))
    };
    (0..trace.spans.len()).map(own).collect()
}

/// How much of the time from `start` to `end` the intervals cover together.
fn covered(intervals: &mut [(Timestamp, Timestamp)], start: Timestamp, end: Timestamp) -> Micros {
    intervals.sort_unstable();
    let mut covered = 0;
    let mut reached = start;
    for &(from, to) in intervals.iter() {
        let (from, to) = (from.max(reached), to.min(end));
        covered += from.until(to).0;
        reached = reached.max(to);
    }
    Micros(covered)
}

/// Of a call, the time that its callee's segment does not account for. `None` where several serve it, or none, or where
/// one of the two is not over, or ends before the other could.
pub(super) fn way(trace: &Trace<'_>, caller: &Span<'_>) -> Option<Coarse> {
    if caller.kind != SpanKind::Subsegment {
        return None;
    }
    let [callee] = caller.callees.as_slice() else { return None };
    let callee = &trace.spans[*callee];
    if callee.kind != SpanKind::Segment {
        return None;
    }
    let (call, served) = (caller.entity.length()?, callee.entity.length()?);
    Some(Coarse::of(Micros(call.0.checked_sub(served.0)?)))
}

/// For each segment that came finished, the milliseconds from its end by its own clock to its receipt.
pub(super) fn delay_millis(span: &Span<'_>) -> Option<i32> {
    if span.kind != SpanKind::Segment {
        return None;
    }
    let micros = span.received.0.saturating_sub(span.entity.end?.0);
    Some(i32::try_from(micros.div_euclid(1_000)).unwrap_or(if micros < 0 { i32::MIN } else { i32::MAX }))
}
