//! A request gathered from what stands where X-Ray has a segment's JSON: for agents that send to a backend of OpenTelemetry's.

use prost::Message;
use serde_json::Value;

use crate::decode::{BadRequest, outline};
use crate::document::KeptResource;
use crate::fields::fields;
use crate::json;
use crate::relay::put;
use crate::text::{self, BadText, Text};

/// An `ExportTraceServiceRequest` in protobuf that grows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Gathered {
    message: Vec<u8>,
    spans: usize,
}

impl Gathered {
    /// Adds the spans of a text byte for byte, and says what it held; `None` where it is no such text.
    pub fn text(&mut self, text: &[u8]) -> Option<Result<Text<()>, BadText>> {
        Some(text::message(text)?.and_then(|text| {
            Ok(match text {
                Text::Spans(message) => {
                    outline(&message).map_err(BadRequest::from)?;
                    self.spans += count(&message);
                    // Two requests one after the other are one with the resources of both.
                    self.message.extend_from_slice(&message);
                    Text::Spans(())
                }
                Text::Unsampled => Text::Unsampled,
                Text::Metrics => Text::Metrics,
            })
        }))
    }

    /// Adds a `ResourceSpans` of OTLP/JSON that was made here.
    pub fn made(&mut self, resource_spans: Value) -> Result<(), serde_json::Error> {
        let KeptResource { resource, scopes } = json::made(resource_spans)?;
        let mut whole = Vec::new();
        put(&mut whole, 1, &resource.encode_to_vec());
        for scope_spans in scopes {
            let mut scope = Vec::new();
            put(&mut scope, 1, &scope_spans.scope.encode_to_vec());
            for span in &scope_spans.spans {
                put(&mut scope, 2, &span.encode_to_vec());
            }
            self.spans += scope_spans.spans.len();
            put(&mut whole, 2, &scope);
        }
        put(&mut self.message, 1, &whole);
        Ok(())
    }

    pub fn spans(&self) -> usize {
        self.spans
    }

    pub fn into_message(self) -> Vec<u8> {
        self.message
    }
}

/// How many spans a request has whose outline is sound.
fn count(message: &[u8]) -> usize {
    let inner = |message, number| {
        fields(message)
            .filter_map(move |field| field.ok().filter(|field| field.0 == number))
            .map(|field| field.1)
    };
    inner(message, 1).flat_map(|resource| inner(resource, 2)).map(|scope| inner(scope, 2).count()).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{decode_protobuf, relay};

    fn resource_spans(name: &str) -> Value {
        let span = json!({
            "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "parentSpanId": null, "name": name,
            "kind": 3, "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": "1700000000000000002",
            "attributes": [
                { "key": "n", "value": { "intValue": "9007199254740993" } },
                { "key": "d", "value": { "doubleValue": 0.5 } },
                { "key": "list", "value": { "arrayValue": { "values": [{ "stringValue": "a" }, { "boolValue": true }] } } },
            ],
            "events": [{ "timeUnixNano": "1700000000000000002", "name": "exception", "attributes": [] }],
            "status": { "message": "no", "code": 2 },
        });
        let service =
            json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] });
        json!({ "resource": service, "scopeSpans": [{ "scope": { "name": "made" }, "spans": [span] }] })
    }

    #[test]
    fn what_was_made_and_what_was_relayed_are_one_request() {
        let whole = json!({ "resourceSpans": [resource_spans("relayed")] }).to_string();
        let mut texts = Vec::new();
        relay::json(whole.as_bytes(), &mut |text| texts.push(text.to_owned())).expect("a request");

        let mut gathered = Gathered::default();
        gathered.made(resource_spans("made")).expect("a message");
        assert!(matches!(gathered.text(texts[0].as_bytes()), Some(Ok(Text::Spans(())))));
        assert!(gathered.text(b"{\"id\":\"a\"}").is_none());
        assert!(matches!(gathered.text(b"T1UCg=="), Some(Ok(Text::Unsampled))));
        assert!(matches!(gathered.text(b"M1CgA="), Some(Ok(Text::Metrics))));
        // What is cut would take its neighbours along.
        assert!(matches!(gathered.text(b"T1SCgUS"), Some(Err(BadText::BadRequest(_)))));
        assert!(matches!(gathered.text(b"T1S!"), Some(Err(BadText::NotBase64))));

        assert_eq!(gathered.spans(), 2);
        let taken = decode_protobuf(&gathered.into_message()).expect("a request");
        assert!(taken.rejects.is_silent());
        let kept: Vec<String> =
            taken.documents.iter().map(|it| String::from_utf8(it.raw.to_vec()).expect("UTF-8")).collect();
        assert_eq!(kept[0].replace("\"made\",\"kind\"", "\"relayed\",\"kind\""), kept[1]);
        assert!(
            kept[0].contains("{\"key\":\"n\",\"value\":{\"intValue\":\"9007199254740993\"}}"),
            "{}",
            kept[0]
        );
        assert!(kept[0].contains("\"status\":{\"message\":\"no\",\"code\":2}"), "{}", kept[0]);
    }
}
