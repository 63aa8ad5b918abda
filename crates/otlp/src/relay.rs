//! A request cut into texts that stand where X-Ray has a segment's JSON, for agents that pass spans on without looking at them.
//!
//! Each is `T1S` and base64 of a request with one resource and as many of its spans as the bound allows, as AWS's CloudWatch agent sends it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;

use crate::decode::{BadRequest, malformed};
use crate::fields::fields;
use crate::json;
use crate::limits::MAX_SPAN_BYTES;
use crate::reject::{Reject, Rejects};

/// Of protobuf in one text. In base64 that is just below 64 KB, which X-Ray takes; a span that is larger has a text of its own.
const PIECE_BYTES: usize = 48 << 10;

/// Cuts a request in protobuf. Of one that is none `sink` gets nothing.
pub fn protobuf(body: &[u8], sink: &mut dyn FnMut(&str)) -> Result<Rejects, BadRequest> {
    crate::decode::outline(body)?;
    let mut rejects = Rejects::default();
    for field in fields(body) {
        let (1, resource_spans) = field? else { continue };
        let mut pieces = Pieces::new(sink);
        for field in fields(resource_spans) {
            match field? {
                (2, _) => {}
                (number, bytes) => put(&mut pieces.resource, number, bytes),
            }
        }
        for field in fields(resource_spans) {
            let (2, scope_spans) = field? else { continue };
            for field in fields(scope_spans) {
                match field? {
                    (2, _) => {}
                    (number, bytes) => put(&mut pieces.scope, number, bytes),
                }
            }
            for field in fields(scope_spans) {
                let (2, span) = field? else { continue };
                pieces.span(span, &mut rejects);
            }
            pieces.end_scope();
        }
        pieces.hand_on();
    }
    Ok(rejects)
}

/// The same of one in JSON.
pub fn json(body: &[u8], sink: &mut dyn FnMut(&str)) -> Result<Rejects, BadRequest> {
    let not_json = |error: serde_json::Error| BadRequest::NotJson(error.to_string());
    let text = str::from_utf8(body)
        .map_err(|error| BadRequest::NotJson(format!("byte {} is not UTF-8", error.valid_up_to())))?;
    let mut rejects = Rejects::default();
    for resource_spans in json::request(text).map_err(not_json)?.resource_spans {
        let resource_spans = json::resource_spans(resource_spans.get()).map_err(not_json)?;
        let mut pieces = Pieces::new(sink);
        let resource = json::resource(resource_spans.resource).map_err(not_json)?;
        put(&mut pieces.resource, 1, &resource.encode_to_vec());
        put(&mut pieces.resource, 3, resource_spans.schema_url.as_bytes());
        for scope_spans in resource_spans.scope_spans {
            let scope_spans = json::scope_spans(scope_spans).map_err(not_json)?;
            put(&mut pieces.scope, 1, &json::scope(scope_spans.scope).map_err(not_json)?.encode_to_vec());
            put(&mut pieces.scope, 3, scope_spans.schema_url.as_bytes());
            for span in scope_spans.spans {
                match json::span(span.get()) {
                    Ok(span) => pieces.span(&span.encode_to_vec(), &mut rejects),
                    Err(error) => rejects.add(malformed(error)),
                }
            }
            pieces.end_scope();
        }
        pieces.hand_on();
    }
    Ok(rejects)
}

/// The spans of one resource.
struct Pieces<'s> {
    sink: &'s mut dyn FnMut(&str),
    /// Fields of `ResourceSpans` but for its scopes, and of the scope at hand but for its spans.
    resource: Vec<u8>,
    scope: Vec<u8>,
    /// Of the piece: scopes that have ended, as fields, and the spans of the one at hand.
    ended: Vec<u8>,
    spans: Vec<u8>,
}

impl<'s> Pieces<'s> {
    fn new(sink: &'s mut dyn FnMut(&str)) -> Self {
        Self { sink, resource: Vec::new(), scope: Vec::new(), ended: Vec::new(), spans: Vec::new() }
    }

    fn span(&mut self, span: &[u8], rejects: &mut Rejects) {
        let around = self.resource.len() + self.scope.len();
        if around + span.len() > MAX_SPAN_BYTES * 3 / 4 {
            // Its text would be longer than any that is taken.
            return rejects
                .add(Reject::TooLarge { bytes: around + span.len(), limit: MAX_SPAN_BYTES * 3 / 4 });
        }
        let is_empty = self.ended.is_empty() && self.spans.is_empty();
        if !is_empty && around + self.ended.len() + self.spans.len() + span.len() > PIECE_BYTES {
            self.close_scope();
            self.hand_on();
        }
        put(&mut self.spans, 2, span);
    }

    fn end_scope(&mut self) {
        self.close_scope();
        self.scope.clear();
    }

    fn close_scope(&mut self) {
        if !self.spans.is_empty() {
            self.spans.extend_from_slice(&self.scope);
            put(&mut self.ended, 2, &self.spans);
            self.spans.clear();
        }
    }

    fn hand_on(&mut self) {
        if self.ended.is_empty() {
            return;
        }
        self.ended.extend_from_slice(&self.resource);
        let mut request = Vec::with_capacity(self.ended.len() + 8);
        put(&mut request, 1, &self.ended);
        self.ended.clear();
        let mut text = String::with_capacity(4 + request.len() * 4 / 3 + 4);
        text.push_str("T1S");
        STANDARD.encode_string(&request, &mut text);
        (self.sink)(&text);
    }
}

/// A field with a length.
pub(crate) fn put(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    prost::encoding::encode_varint(number << 3 | 2, out);
    prost::encoding::encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Text, decode};
    use crate::{decode_json, decode_protobuf};

    fn request(spans: usize) -> String {
        let span = |id: usize| {
            format!(
                r#"{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"{:016x}","name":"{}","startTimeUnixNano":"1700000000000000001"}}"#,
                id + 1,
                "n".repeat(300)
            )
        };
        let spans: Vec<String> = (0..spans).map(span).collect();
        let (first, rest) = spans.split_at(spans.len() / 3);
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"scope":{{"name":"a"}},"spans":[{}],"schemaUrl":"u"}},{{"scope":{{"name":"b"}},"spans":[{}]}}],"schemaUrl":"v"}}]}}"#,
            first.join(","),
            rest.join(",")
        )
    }

    fn kept_of(texts: &[String]) -> Vec<bytes::Bytes> {
        let documents = |text: &String| match decode(text.as_bytes()) {
            Some(Ok(Text::Spans(taken))) => taken.documents,
            other => panic!("{other:?}"),
        };
        texts.iter().flat_map(documents).map(|it| it.raw).collect()
    }

    #[test]
    fn pieces_hold_what_the_request_held_and_are_as_small_as_x_ray_takes_them() {
        let text = request(500);
        let expected: Vec<_> =
            decode_json(text.as_bytes()).expect("a request").documents.into_iter().map(|it| it.raw).collect();
        let mut texts = Vec::new();
        let rejects = json(text.as_bytes(), &mut |text| texts.push(text.to_owned())).expect("a request");
        assert!(rejects.is_silent());
        assert!(texts.len() > 2 && texts.iter().all(|text| text.len() <= 65_536), "{}", texts.len());
        assert_eq!(kept_of(&texts), expected);

        // The same in protobuf, which the pieces together are.
        let pieces = texts.iter().map(|text| STANDARD.decode(&text[3..]).expect("base64"));
        let whole: Vec<u8> = pieces.flatten().collect();
        assert_eq!(decode_protobuf(&whole).expect("a request").documents.len(), 500);
        let mut again = Vec::new();
        protobuf(&whole, &mut |text| again.push(text.to_owned())).expect("a request");
        assert_eq!(again, texts);
    }

    #[test]
    fn what_is_no_request_is_refused_whole_and_a_span_beyond_the_bound_alone() {
        let mut texts = 0;
        assert!(protobuf(b"\x0a\x02\x12\x7f", &mut |_| texts += 1).is_err());
        assert!(json(b"{", &mut |_| texts += 1).is_err());
        assert_eq!(texts, 0);
        let text = request(3).replacen("nnn", &"n".repeat(1 << 20), 1);
        let rejects = json(text.as_bytes(), &mut |_| texts += 1).expect("a request");
        assert_eq!((rejects.count(), texts), (1, 1));
    }
}
