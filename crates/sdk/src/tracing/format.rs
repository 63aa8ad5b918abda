//! Log lines that tell their trace.

use std::fmt;

use tracing_core::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::entity::{LogId, log_id};

/// Adds to each line of a formatter by which trace and entity it was written, so that the lines of a trace can be found.
///
/// What is within a recorded trace ends with ` AWS-XRAY-TRACE-ID: 1-…@<entity>`; a line that is a JSON object gets the member
/// `xray_trace_id` instead. Other lines stay as they are.
///
/// ```
/// use fluoro_sdk::tracing::TraceIdFormat;
///
/// let subscriber = tracing_subscriber::fmt()
///     .event_format(TraceIdFormat::new(tracing_subscriber::fmt::format()))
///     .finish();
/// # let _ = subscriber;
/// ```
///
/// A formatter does not see through it whether the lines go to a terminal; one that is to write colours is told so, by
/// `with_ansi(true)`. Programs that log without `tracing` write [`log_id`] themselves.
#[derive(Debug, Clone, Default)]
pub struct TraceIdFormat<F> {
    inner: F,
}

impl<F> TraceIdFormat<F> {
    /// Around a formatter, such as `tracing_subscriber::fmt::format()` or `format().json()`.
    pub fn new(inner: F) -> Self {
        Self { inner }
    }
}

impl<S, N, F> FormatEvent<S, N> for TraceIdFormat<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let id = log_id();
        if id.is_empty() {
            return self.inner.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        write(&mut writer, &line, id)
    }
}

fn write(writer: &mut impl fmt::Write, line: &str, id: LogId) -> fmt::Result {
    let text = line.trim_end_matches(['\n', '\r']);
    let end = &line[text.len()..];
    match text.strip_suffix('}').filter(|_| text.starts_with('{')) {
        Some(open) => {
            let comma = if open.trim_end().ends_with('{') { "" } else { "," };
            write!(writer, "{open}{comma}\"xray_trace_id\":\"{id}\"}}{end}")
        }
        None => write!(writer, "{text} AWS-XRAY-TRACE-ID: {id}{end}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_with_it_and_objects_have_it() {
        let recorder = crate::Recorder::builder().memory().environment(|_| None).build().unwrap();
        let segment = recorder.segment("shop").sampled(true).enter();
        let id = format!("{}@{}", segment.trace_id().unwrap(), segment.id().unwrap());
        let told = |line: &str| {
            let mut told = String::new();
            write(&mut told, line, log_id()).unwrap();
            told.replace(&id, "ID")
        };
        assert_eq!(told("INFO shop: sold\n"), "INFO shop: sold AWS-XRAY-TRACE-ID: ID\n");
        assert_eq!(told("{\"a\":{}}\n"), "{\"a\":{},\"xray_trace_id\":\"ID\"}\n");
        assert_eq!(told("{}"), "{\"xray_trace_id\":\"ID\"}");
        assert_eq!(told("{ }\r\n"), "{ \"xray_trace_id\":\"ID\"}\r\n");
        assert_eq!(told("sold {x"), "sold {x AWS-XRAY-TRACE-ID: ID");
        assert_eq!(told("first\nsecond\n"), "first\nsecond AWS-XRAY-TRACE-ID: ID\n");
        assert_eq!(told(""), " AWS-XRAY-TRACE-ID: ID");
    }
}
