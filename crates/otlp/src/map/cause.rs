//! Why a span failed: its events of exceptions, with the exceptions that they were raised from.

use model::EntityId;
use model::segment::Exception;

use super::stack::{self, Frame};
use super::{Sender, namespace};
use crate::limits::MAX_EXCEPTIONS;
use crate::message::{Attributes, Span};

/// An exception, with its frames for X-Ray's answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Raised {
    pub(crate) exception: Exception,
    pub(crate) stack: Vec<Frame>,
}

pub(crate) fn raised(span: &Span, sender: &Sender) -> Vec<Raised> {
    if span.events.is_empty() && !span.is_error() && !Attributes(&span.attributes).any_below("exception.") {
        return Vec::new();
    }
    let is_call = namespace(span).is_some();
    let mut all = Vec::new();
    for (number, event) in span.events.iter().enumerate() {
        let attributes = Attributes(&event.attributes);
        match event.name.as_str() {
            "exception" => add(span, number, attributes, is_call, sender, &mut all),
            "HTTP request failure" => add_failed_request(span, number, event, &mut all),
            _ => {}
        }
        if all.len() >= MAX_EXCEPTIONS {
            all.truncate(MAX_EXCEPTIONS);
            return all;
        }
    }
    let own = Attributes(&span.attributes);
    if all.is_empty() && own.has(&["exception.type", "exception.message", "exception.stacktrace"]) {
        add(span, span.events.len(), own, is_call, sender, &mut all);
        all.truncate(MAX_EXCEPTIONS);
    }
    if all.is_empty() && span.is_error() {
        let told = span.status.as_ref().map(|status| status.message.as_str()).filter(|it| !it.is_empty());
        if let Some(message) = told.or_else(|| own.text("http.status_text")) {
            let exception = Exception {
                id: Some(id(span, 0, 0)),
                name: own.text("error.type").filter(|it| it.parse::<u16>().is_err()).map(str::to_owned),
                message: Some(message.to_owned()),
                remote: is_call,
                cause: None,
            };
            all.push(Raised { exception, stack: Vec::new() });
        }
    }
    all
}

fn add(
    span: &Span,
    number: usize,
    attributes: Attributes<'_>,
    is_call: bool,
    sender: &Sender,
    all: &mut Vec<Raised>,
) {
    let text = attributes.text("exception.stacktrace").unwrap_or_default();
    let chain = stack::parse(text, &sender.language);
    let links = chain.len();
    let mut chain = chain.into_iter().enumerate();
    let (_, first) = chain.next().unwrap_or_default();
    let text = |text: String| (!text.is_empty()).then_some(text);
    let cause = |at: usize| (at + 1 < links).then(|| id(span, number, at + 1));
    let exception = Exception {
        id: Some(id(span, number, 0)),
        name: attributes.text("exception.type").map(str::to_owned).or_else(|| text(first.name)),
        message: attributes.text("exception.message").map(str::to_owned).or_else(|| text(first.message)),
        remote: is_call,
        cause: cause(0),
    };
    all.push(Raised { exception, stack: first.frames });
    for (at, link) in chain {
        let exception = Exception {
            id: Some(id(span, number, at)),
            name: text(link.name),
            message: text(link.message),
            remote: is_call,
            cause: cause(at),
        };
        all.push(Raised { exception, stack: link.frames });
    }
}

/// What AWS's SDK for Java writes of each try that failed.
fn add_failed_request(span: &Span, number: usize, event: &crate::message::Event, all: &mut Vec<Raised>) {
    let attributes = Attributes(&event.attributes);
    let Some(code) = attributes.words(&["http.response.status_code"]) else { return };
    let seconds = event.time_unix_nano as f64 / 1e9;
    let text = attributes.text("aws.http.error_message").unwrap_or_default();
    let exception = Exception {
        id: Some(id(span, number, 0)),
        name: Some("aws.http.error.event".to_owned()),
        message: Some(format!("{code}@{seconds:.6}@{text}")),
        remote: true,
        cause: None,
    };
    all.push(Raised { exception, stack: Vec::new() });
}

/// The same each time that the span is decoded.
fn id(span: &Span, event: usize, link: usize) -> EntityId {
    let span_id = super::id(span);
    span_id.derived(1 + ((event as u64) << 16) + link as u64)
}
