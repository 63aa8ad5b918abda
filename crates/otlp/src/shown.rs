//! A kept span in its own words for people to look at, with each list cut to what a page can hold.

use model::EntityId;
use serde_json::Value;

use crate::document::{self, Kept};
use crate::limits::{MAX_MARK_CHARS, MAX_MARKS, MAX_SHOWN_ATTRIBUTES, MAX_SHOWN_EVENTS};
use crate::map::entity_id;
use crate::message::{Event, KeyValue, Span};
use crate::xray::metadata;

/// A span; what the sender left empty is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub name: String,
    pub kind: &'static str,
    pub status: &'static str,
    pub status_message: String,
    pub trace_state: String,
    pub scope: String,
    pub scope_version: String,
    pub scope_attributes: Attributes,
    pub resource: Attributes,
    pub attributes: Attributes,
    pub events: Vec<ShownEvent>,
    /// Events beyond those that are given.
    pub more_events: usize,
    /// Events that the SDK dropped.
    pub dropped_events: u32,
}

/// Attributes in the order in which they came.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributes {
    pub shown: Vec<(String, Value)>,
    /// Those beyond what is given.
    pub more: usize,
    /// Those that the SDK dropped.
    pub dropped: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ShownEvent {
    pub name: String,
    /// Milliseconds after the start of the span; nothing says that an event is within it.
    pub offset: f64,
    pub attributes: Attributes,
}

/// The events of a span for a picture: when and what.
#[derive(Debug, Clone, PartialEq)]
pub struct Marks {
    /// Whose events they are.
    pub span: EntityId,
    /// Milliseconds after the start of the span, and the name; the first ones in the order in which they came.
    pub events: Vec<(f64, String)>,
    /// Of all events.
    pub count: usize,
}

/// Reads a kept document; `None` where it is no span that can be read.
pub fn shown(raw: &[u8]) -> Option<Shown> {
    let Kept { resource, scope, span } = document::read(raw).ok()?;
    let status = span.status.clone().unwrap_or_default();
    Some(Shown {
        kind: metadata::kind(span.kind),
        status: metadata::code(status.code),
        status_message: status.message,
        scope_attributes: cut(&scope.attributes, scope.dropped_attributes_count),
        resource: cut(&resource.attributes, resource.dropped_attributes_count),
        attributes: cut(&span.attributes, span.dropped_attributes_count),
        events: span.events.iter().take(MAX_SHOWN_EVENTS).map(|event| event_of(&span, event)).collect(),
        more_events: span.events.len().saturating_sub(MAX_SHOWN_EVENTS),
        dropped_events: span.dropped_events_count,
        scope: scope.name,
        scope_version: scope.version,
        trace_state: span.trace_state,
        name: span.name,
    })
}

/// The same for events alone; `None` where there are none. Most spans have none and are not read for it.
pub fn marks(raw: &[u8]) -> Option<Marks> {
    let text = str::from_utf8(raw).ok()?;
    // As `canonical` writes it. In a text of the sender the quotes would be escaped.
    if !text.contains("\"events\":[") {
        return None;
    }
    let Kept { span, .. } = document::read(raw).ok()?;
    let mark = |event: &Event| (offset(&span, event), event.name.chars().take(MAX_MARK_CHARS).collect());
    Some(Marks {
        span: entity_id(&span.span_id)?,
        events: span.events.iter().take(MAX_MARKS).map(mark).collect(),
        count: span.events.len(),
    })
    .filter(|marks| marks.count > 0)
}

fn event_of(span: &Span, event: &Event) -> ShownEvent {
    ShownEvent {
        name: event.name.clone(),
        offset: offset(span, event),
        attributes: cut(&event.attributes, event.dropped_attributes_count),
    }
}

fn cut(attributes: &[KeyValue], dropped: u32) -> Attributes {
    let first = attributes.iter().take(MAX_SHOWN_ATTRIBUTES);
    Attributes {
        shown: first.map(|one| (one.key.clone(), metadata::json(one.value.as_ref()))).collect(),
        more: attributes.len().saturating_sub(MAX_SHOWN_ATTRIBUTES),
        dropped,
    }
}

fn offset(span: &Span, event: &Event) -> f64 {
    let nanos = i128::from(event.time_unix_nano) - i128::from(span.start_time_unix_nano);
    nanos as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(span: &Value) -> Vec<u8> {
        let mut whole = json!({
            "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "GET /cart", "kind": 2,
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000100000000",
        });
        for (key, value) in span.as_object().unwrap() {
            whole[key] = value.clone();
        }
        json!({
            "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] },
            "scopeSpans": [{ "scope": { "name": "io.web", "version": "2.1" }, "spans": [whole] }],
        })
        .to_string()
        .into_bytes()
    }

    fn event(at: u64, name: &str) -> Value {
        json!({ "timeUnixNano": at.to_string(), "name": name })
    }

    #[test]
    fn a_span_is_shown_in_its_own_words() {
        let span = json!({
            "attributes": [
                { "key": "http.route", "value": { "stringValue": "/cart" } },
                { "key": "sizes", "value": { "arrayValue": { "values": [{ "intValue": "1" }, { "doubleValue": 0.5 }] } } },
            ],
            "droppedAttributesCount": 3,
            "events": [event(1_700_000_000_012_500_000, "cache miss"), event(1_699_999_999_999_000_000, "before")],
            "status": { "code": 2, "message": "no stock" },
        });
        let shown = shown(&kept(&span)).unwrap();
        assert_eq!(
            (shown.kind, shown.scope.as_str(), shown.scope_version.as_str()),
            ("SERVER", "io.web", "2.1")
        );
        assert_eq!((shown.status, shown.status_message.as_str()), ("ERROR", "no stock"));
        assert_eq!(shown.resource.shown, [("service.name".to_owned(), json!("shop"))]);
        assert_eq!(shown.attributes.shown[1], ("sizes".to_owned(), json!([1, 0.5])));
        assert_eq!((shown.attributes.more, shown.attributes.dropped), (0, 3));
        let events: Vec<_> = shown.events.iter().map(|event| (event.offset, event.name.as_str())).collect();
        assert_eq!(events, [(12.5, "cache miss"), (-1.0, "before")]);
    }

    #[test]
    fn lists_are_cut_and_the_rest_is_counted() {
        let attribute =
            |number: usize| json!({ "key": format!("k{number}"), "value": { "boolValue": true } });
        let span = json!({
            "attributes": (0..MAX_SHOWN_ATTRIBUTES + 7).map(attribute).collect::<Vec<_>>(),
            "events": (0..MAX_SHOWN_EVENTS + 5).map(|_| event(u64::MAX, &"n".repeat(1_000))).collect::<Vec<_>>(),
        });
        let raw = kept(&span);
        let shown = shown(&raw).unwrap();
        assert_eq!((shown.attributes.shown.len(), shown.attributes.more), (MAX_SHOWN_ATTRIBUTES, 7));
        assert_eq!((shown.events.len(), shown.more_events), (MAX_SHOWN_EVENTS, 5));
        let marks = marks(&raw).unwrap();
        assert_eq!((marks.events.len(), marks.count), (MAX_MARKS, MAX_SHOWN_EVENTS + 5));
        assert_eq!(marks.events[0].1.chars().count(), MAX_MARK_CHARS);
        assert!(marks.events[0].0.is_finite());
    }

    #[test]
    fn what_has_no_events_has_no_marks() {
        assert_eq!(marks(&kept(&json!({}))), None);
        assert_eq!(marks(&kept(&json!({ "events": [] }))), None);
        let text = json!({ "attributes": [{ "key": "k", "value": { "stringValue": "\"events\":[{}]" } }] });
        assert_eq!(marks(&kept(&text)), None);
        assert_eq!(marks(b"{\"resource\":{},\"events\":[]}"), None);
        assert_eq!(shown(b"{\"id\":\"1\"}"), None);
    }
}
