//! Spans that are refused, and what the sender is told about them.

use std::fmt;

/// Why a span is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    #[error("the trace id is not 16 bytes, or zero")]
    TraceId,
    #[error("the span id is not 8 bytes, or zero")]
    SpanId,
    #[error("{0}")]
    Time(BadTime),
    #[error("the span, or its resource or scope, is too large: {bytes} bytes, at most {limit} are taken")]
    TooLarge { bytes: usize, limit: usize },
    #[error("attribute values nest deeper than {} levels", crate::limits::MAX_VALUE_DEPTH)]
    TooDeep,
    #[error("the span cannot be decoded: {0}")]
    Malformed(String),
    #[error(
        "the spans of this request repeat too large a resource; send smaller batches or a smaller resource"
    )]
    Unfolds,
}

/// A time that is none. Nobody would find such a span again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    #[error("startTimeUnixNano is missing")]
    Missing,
    #[error("startTimeUnixNano looks like {0} since 1970, and must be nanoseconds")]
    Unit(&'static str),
    #[error("startTimeUnixNano is before the year 2000; is the clock of the sender set?")]
    Early,
    #[error("{0} is after the year 2100")]
    Late(&'static str),
}

/// What was refused of one request.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rejects {
    /// By [`Reject::reason`], with the first of each.
    by_reason: Vec<(Reject, u64)>,
    /// What was taken although it is not as the specification has it.
    warnings: Vec<&'static str>,
}

impl Reject {
    /// A word for counters.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TraceId => "bad_trace_id",
            Self::SpanId => "bad_span_id",
            Self::Time(_) => "bad_time",
            Self::TooLarge { .. } => "oversized_span",
            Self::TooDeep => "too_deep",
            Self::Malformed(_) => "undecodable_span",
            Self::Unfolds => "resource_repeated",
        }
    }
}

impl Rejects {
    pub(crate) fn add(&mut self, reject: Reject) {
        match self.by_reason.iter_mut().find(|(first, _)| first.reason() == reject.reason()) {
            Some((_, count)) => *count += 1,
            None => self.by_reason.push((reject, 1)),
        }
    }

    /// Once, however often it is so.
    pub(crate) fn warn(&mut self, warning: &'static str) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// How many spans.
    pub fn count(&self) -> u64 {
        self.by_reason.iter().map(|(_, count)| count).sum()
    }

    /// The first of each reason, with how many there were.
    pub fn reasons(&self) -> impl Iterator<Item = &(Reject, u64)> {
        self.by_reason.iter()
    }

    /// Whether there is anything that the sender should hear of.
    pub fn is_silent(&self) -> bool {
        self.by_reason.is_empty() && self.warnings.is_empty()
    }
}

/// For `partial_success.error_message`.
impl fmt::Display for Rejects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (first, count) in &self.by_reason {
            let spans = if *count == 1 { "span" } else { "spans" };
            write!(f, "{separator}{count} {spans} refused: {first}")?;
            separator = "; ";
        }
        for warning in &self.warnings {
            write!(f, "{separator}{warning}")?;
            separator = "; ";
        }
        Ok(())
    }
}
