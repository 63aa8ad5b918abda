//! Documents of X-Ray's as requests of OTLP, without the traces that they belong to: what an agent has of them.

use std::collections::{HashMap, HashSet};

use model::id::EntityId;
use model::segment::DocumentKind;
use model::{Entity, SegmentDocument, TraceId};
use serde_json::{Map, Value};

use super::{Piece, attributes, document, export};
use crate::json::to_values;
use crate::render::parts::Parts;

/// What OpenTelemetry calls a service whose name nobody knows.
const UNKNOWN_SERVICE: &str = "unknown_service";

/// A `ResourceSpans` of OTLP/JSON for each document, with a span for each entity that it holds. None of them is a span of OpenTelemetry's.
///
/// A subsegment that was sent by itself does not say whose it is; its resource is that of its segment where both are among `documents`.
/// Work that had not ended when its segment did is given the segment's end: OTLP has no word for what goes on.
pub fn resource_spans(documents: &[SegmentDocument]) -> Vec<Value> {
    let parts = Parts::of_documents(documents.iter().enumerate());
    let sent = |number: usize, id: EntityId| parts.sent_in(number, id).map(to_values).unwrap_or_default();
    let holders = Holders::of(documents);
    let made = documents.iter().enumerate().map(|(number, found)| {
        let resource = match holders.segment_of(documents, number) {
            Some(segment) => {
                let entity = &documents[segment].entity;
                attributes::of_resource(entity, &sent(segment, entity.id))
            }
            None => Map::from_iter([("service.name".to_owned(), UNKNOWN_SERVICE.into())]),
        };
        let mut spans = Vec::new();
        let mut add = |entity: &Entity, parent: Option<EntityId>, is_segment: bool| {
            let piece = Piece { trace: found.trace_id, entity, parent, is_segment };
            let mut made = document(&piece, &Map::new(), &sent(number, entity.id));
            if entity.end.is_none() {
                let end = found.entity.end.unwrap_or(entity.start).max(entity.start);
                made["endTimeUnixNano"] = super::nanos(end).into();
            }
            spans.push(export::made(made));
        };
        add(&found.entity, found.entity.parent_id, found.kind == DocumentKind::Segment);
        // A document may hold an id twice; the first counts, as in the trace.
        let mut seen = HashSet::from([found.entity.id]);
        let mut holders = vec![&found.entity];
        while let Some(holder) = holders.pop() {
            for entity in holder.subsegments.iter().filter(|entity| seen.insert(entity.id)) {
                add(entity, Some(holder.id), false);
                holders.push(entity);
            }
        }
        export::of_one_resource(resource.into(), spans)
    });
    made.collect()
}

/// In which document each entity came.
struct Holders(HashMap<(TraceId, EntityId), usize>);

impl Holders {
    /// Empty where nobody asks.
    fn of(documents: &[SegmentDocument]) -> Self {
        let mut holders = Self(HashMap::new());
        if documents.iter().any(|found| found.kind == DocumentKind::Subsegment) {
            for (number, found) in documents.iter().enumerate() {
                holders.add(found.trace_id, number, &found.entity);
            }
        }
        holders
    }

    fn add(&mut self, trace: TraceId, number: usize, entity: &Entity) {
        self.0.entry((trace, entity.id)).or_insert(number);
        for subsegment in &entity.subsegments {
            self.add(trace, number, subsegment);
        }
    }

    /// The document with the segment that holds this one, itself maybe.
    fn segment_of(&self, documents: &[SegmentDocument], mut number: usize) -> Option<usize> {
        // Parents may go in a circle.
        for _ in 0..documents.len() {
            let SegmentDocument { trace_id, kind, entity, .. } = &documents[number];
            match kind {
                DocumentKind::Segment => return Some(number),
                DocumentKind::Subsegment => number = *self.0.get(&(*trace_id, entity.parent_id?))?,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::render::tests::edited;

    fn decoded(documents: &[Value]) -> Vec<SegmentDocument> {
        documents.iter().map(|it| crate::decode(it.to_string().into()).unwrap()).collect()
    }

    fn part(id: &str, more: &Value) -> Value {
        let mut part =
            json!({ "id": id, "name": "part", "start_time": 1_700_000_000.5, "end_time": 1_700_000_001.25 });
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    }

    const TRACE: &str = "1-581cf771-a006649127e371903a2de979";

    #[test]
    fn a_document_is_its_spans_below_one_resource() {
        let open = json!({ "id": "00000000000000a3", "name": "open", "start_time": 1_700_000_001, "in_progress": true });
        let call = part(
            "00000000000000a2",
            &json!({ "name": "DynamoDB", "namespace": "aws", "subsegments": [open] }),
        );
        let segment = part(
            "00000000000000a1",
            &json!({
                "trace_id": TRACE, "name": "shop", "parent_id": "00000000000000b1", "subsegments": [call],
                "service": { "version": "7" }, "http": { "response": { "status": 500 } }, "fault": true,
            }),
        );
        let [made] = <[Value; 1]>::try_from(resource_spans(&decoded(&[segment]))).unwrap();
        let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let at = |nanos: &str| Value::from(nanos);
        assert_eq!(
            made["resource"]["attributes"],
            json!([text("service.name", "shop"), text("service.version", "7")])
        );
        let scope = &made["scopeSpans"][0];
        assert_eq!(scope["scope"]["name"], "fluoro.xray");
        assert_eq!(
            scope["spans"],
            json!([
                {
                    "traceId": "581cf771a006649127e371903a2de979", "spanId": "00000000000000a1",
                    "parentSpanId": "00000000000000b1", "name": "shop", "kind": 2,
                    "startTimeUnixNano": at("1700000000500000000"), "endTimeUnixNano": at("1700000001250000000"),
                    "attributes": [{ "key": "http.response.status_code", "value": { "intValue": "500" } }],
                    "events": [], "links": [], "status": { "code": 2 },
                },
                {
                    "traceId": "581cf771a006649127e371903a2de979", "spanId": "00000000000000a2",
                    "parentSpanId": "00000000000000a1", "name": "DynamoDB", "kind": 3,
                    "startTimeUnixNano": at("1700000000500000000"), "endTimeUnixNano": at("1700000001250000000"),
                    "attributes": [text("rpc.system", "aws-api"), text("rpc.service", "DynamoDB")],
                    "events": [], "links": [],
                },
                {
                    "traceId": "581cf771a006649127e371903a2de979", "spanId": "00000000000000a3",
                    "parentSpanId": "00000000000000a2", "name": "open", "kind": 1,
                    "startTimeUnixNano": at("1700000001000000000"), "endTimeUnixNano": at("1700000001250000000"),
                    "attributes": [{ "key": "aws.xray.inprogress", "value": { "boolValue": true } }],
                    "events": [], "links": [],
                },
            ])
        );
    }

    #[test]
    fn a_subsegment_by_itself_has_the_resource_of_its_segment_where_that_is_there() {
        let alone = |id: &str, parent: &str| {
            part(id, &json!({ "type": "subsegment", "trace_id": TRACE, "parent_id": parent }))
        };
        let inner = part("00000000000000a2", &json!({}));
        let segment =
            part("00000000000000a1", &json!({ "trace_id": TRACE, "name": "shop", "subsegments": [inner] }));
        let documents = [
            alone("00000000000000a4", "00000000000000a3"),
            alone("00000000000000a3", "00000000000000a2"),
            segment,
            alone("00000000000000c1", "00000000000000c0"),
            // Each says that the other holds it.
            alone("00000000000000d1", "00000000000000d2"),
            alone("00000000000000d2", "00000000000000d1"),
        ];
        let made = resource_spans(&decoded(&documents));
        let services: Vec<&str> = made
            .iter()
            .map(|it| it["resource"]["attributes"][0]["value"]["stringValue"].as_str().unwrap())
            .collect();
        let unknown = UNKNOWN_SERVICE;
        assert_eq!(services, ["shop", "shop", "shop", unknown, unknown, unknown]);
    }

    /// By OTLP and back, an entity means the same. Annotations are more, since every attribute is one there.
    #[test]
    fn what_goes_out_comes_in_again() {
        let call = part(
            "00000000000000a2",
            &json!({ "name": "shop@db.example", "namespace": "remote", "throttle": true, "error": true, "sql": {
                "database_type": "PostgreSQL", "url": "jdbc:postgresql://db.example:5432/shop",
            } }),
        );
        let table = part(
            "00000000000000a3",
            &json!({ "name": "DynamoDB", "namespace": "aws", "error": true, "aws": {
                "operation": "GetItem", "table_name": "orders", "region": "eu-west-1",
            } }),
        );
        let send = part(
            "00000000000000a5",
            &json!({ "name": "SQS", "namespace": "aws", "aws": {
                "operation": "SendMessage", "queue_url": "https://sqs.eu-west-1.amazonaws.com/1/orders",
            } }),
        );
        let work = part(
            "00000000000000a4",
            &json!({ "fault": true, "cause": { "exceptions": [{ "id": "00000000000000e1", "type": "Oops", "message": "no" }] } }),
        );
        let segment = part(
            "00000000000000a1",
            &json!({
                "trace_id": TRACE, "name": "shop", "origin": "AWS::Beyond::All", "resource_arn": "arn:aws:x", "user": "ada",
                "service": { "version": "7" }, "error": true, "annotations": { "tenant": "acme", "n": 5, "vip": true },
                "http": { "request": { "method": "GET", "url": "http://shop/", "client_ip": "10.0.0.9" }, "response": { "status": 404 } },
                "subsegments": [call, table, work, send],
            }),
        );
        let sent = decoded(&[segment]);
        let mut gathered = otlp::gather::Gathered::default();
        let made = resource_spans(&sent).remove(0);
        let kinds: Vec<&Value> =
            made["scopeSpans"][0]["spans"].as_array().unwrap().iter().map(|span| &span["kind"]).collect();
        assert_eq!(kinds, [2, 3, 3, 1, 4]);
        gathered.made(made).unwrap();
        let taken = otlp::decode_protobuf(&gathered.into_message()).unwrap();
        assert!(taken.rejects.is_silent());
        let mut sent = sent.into_iter().next().unwrap().entity;
        let mut expected = std::mem::take(&mut sent.subsegments);
        for part in &mut expected {
            part.parent_id = Some(sent.id);
        }
        expected.push(sent);
        expected.sort_by_key(|it| it.id);
        let mut found: Vec<Entity> = taken.documents.into_iter().map(|it| it.entity).collect();
        found.sort_by_key(|it| it.id);
        for (found, expected) in found.iter_mut().zip(&mut expected) {
            found.annotations.retain(|one| expected.annotations.contains(one));
            // A database's url is the span's name, and an exception's id is made anew.
            if let (Some(found), Some(expected)) = (&found.sql, &mut expected.sql) {
                expected.url = found.url.clone();
                expected.database_type = Some("postgresql".to_owned());
            }
            for cause in [&mut found.cause, &mut expected.cause].into_iter().flatten() {
                cause.exceptions.iter_mut().for_each(|it| it.id = None);
            }
        }
        assert_eq!(found, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        /// Or the message cannot be made, which is told of the one document.
        #[test]
        fn whatever_decodes_goes_out_with_each_of_its_entities(text in edited()) {
            let Ok(document) = crate::decode(text.clone().into()) else { return Ok(()) };
            let mut ids = HashSet::new();
            let mut entities = vec![&document.entity];
            while let Some(entity) = entities.pop() {
                ids.insert(entity.id);
                entities.extend(&entity.subsegments);
            }
            let count = ids.len();
            let mut gathered = otlp::gather::Gathered::default();
            let [made] = <[Value; 1]>::try_from(resource_spans(&[document])).unwrap();
            if gathered.made(made).is_err() {
                return Ok(());
            }
            prop_assert_eq!(gathered.spans(), count, "{}", text);
            let taken = otlp::decode_protobuf(&gathered.into_message()).unwrap();
            prop_assert_eq!(taken.documents.len() + taken.rejects.count() as usize, count, "{}", text);
            // Nobody lives before 2000, and nothing else is wrong with what was made here.
            for (reject, _) in taken.rejects.reasons() {
                prop_assert!(matches!(reject.reason(), "bad_time" | "bad_span_id" | "bad_trace_id"), "{}: {}", reject, text);
            }
        }
    }
}
