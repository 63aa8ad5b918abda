//! What a batch is to an upstream of OpenTelemetry's: one request of OTLP, and the documents that are nothing there.
//!
//! `wire` and `otlp` say what a document means. Nothing is kept between batches, so a batch that is sent again, or in halves, is translated
//! again, and the backlog and the spool hold the same for all upstreams.

use bytes::Bytes;
use otlp::gather::Gathered;
use otlp::text::Text;

use crate::document::{self, Ids};

/// A batch as a request.
#[derive(Debug)]
pub(crate) struct Translated {
    pub(crate) message: Bytes,
    /// In the message.
    pub(crate) spans: usize,
    pub(crate) left: Vec<Left>,
}

/// A document that is not in the request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) reason: Reason,
    pub(crate) ids: Ids,
    pub(crate) why: String,
}

/// Each has a count of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is neither a segment nor spans.
    Undecodable,
    /// Its work goes on: a span is sent once, when it has ended, and this document comes again then.
    InProgress,
    /// Spans of a request that was not sampled, which X-Ray gets for its metrics.
    Unsampled,
    Metrics,
}

pub(crate) fn translate(documents: &[String]) -> Translated {
    let mut gathered = Gathered::default();
    let mut left = Vec::new();
    let mut segments = Vec::new();
    for text in documents {
        match read(text, &mut gathered) {
            Ok(Some(segment)) => segments.push(segment),
            Ok(None) => {}
            Err((reason, why)) => left.push(Left { reason, ids: document::ids(text), why }),
        }
    }
    for (made, segment) in wire::otel::resource_spans(&segments).into_iter().zip(&segments) {
        if let Err(error) = gathered.made(made) {
            let ids =
                Ids { id: Some(segment.entity.id.to_string()), trace_id: Some(segment.trace_id.to_string()) };
            left.push(Left { reason: Reason::Undecodable, ids, why: error.to_string() });
        }
    }
    let spans = gathered.spans();
    Translated { message: gathered.into_message().into(), spans, left }
}

/// Gives a segment or subsegment; what is spans already is gathered at once.
fn read(text: &str, gathered: &mut Gathered) -> Result<Option<model::SegmentDocument>, (Reason, String)> {
    let undecodable = |why: String| (Reason::Undecodable, why);
    match gathered.text(text.as_bytes()) {
        Some(Ok(Text::Spans(()))) => return Ok(None),
        Some(Ok(Text::Unsampled)) => {
            return Err((Reason::Unsampled, "its request is not sampled".to_owned()));
        }
        Some(Ok(Text::Metrics)) => return Err((Reason::Metrics, "metrics, which are no spans".to_owned())),
        Some(Err(error)) => return Err(undecodable(error.to_string())),
        None => {}
    }
    let decoded =
        wire::decode(text.to_owned().into()).map_err(|reject| undecodable(reject.detail.clone()))?;
    if decoded.sender.is_some() {
        let spans = serde_json::from_str(text).and_then(|spans| gathered.made(spans));
        return spans.map(|()| None).map_err(|error| undecodable(error.to_string()));
    }
    match decoded.entity.end {
        Some(_) => Ok(Some(decoded)),
        None => Err((Reason::InProgress, "it is in progress".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_spans_or_is_told_why_not() {
        let segment = |id: &str, rest: &str| {
            format!(
                r#"{{"trace_id":"1-581cf771-a006649127e371903a2de979","id":"{id}","name":"shop","start_time":1700000000{rest}}}"#
            )
        };
        let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"relayed","startTimeUnixNano":"1700000000000000001"}]}]}]}"#;
        let mut documents = Vec::new();
        otlp::relay::json(span.as_bytes(), &mut |text| documents.push(text.to_owned())).unwrap();
        let part = r#"{"id":"00000000000000a2","name":"work","start_time":1700000000,"end_time":1700000001}"#;
        documents
            .push(segment("00000000000000a1", &format!(r#","end_time":1700000001,"subsegments":[{part}]"#)));
        // As it is kept by a server.
        documents.push(span[18..span.len() - 2].replace("b174", "b175"));
        documents.push(segment("00000000000000a3", r#","in_progress":true"#));
        documents.extend(["T1UCgA=", "M1CgA=", "T1S?", "no document"].map(str::to_owned));

        let translated = translate(&documents);
        assert_eq!(translated.spans, 4);
        let taken = otlp::decode_protobuf(&translated.message).unwrap();
        assert!(taken.rejects.is_silent());
        let mut names: Vec<&str> = taken.documents.iter().map(|it| it.entity.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["relayed", "relayed", "shop", "work"]);
        let left: Vec<_> = translated.left.iter().map(|left| (left.reason, left.ids.id.as_deref())).collect();
        assert_eq!(
            left,
            [
                (Reason::InProgress, Some("00000000000000a3")),
                (Reason::Unsampled, None),
                (Reason::Metrics, None),
                (Reason::Undecodable, None),
                (Reason::Undecodable, None),
            ]
        );
    }

    #[test]
    fn a_batch_of_nothing_is_no_request() {
        let translated = translate(&["{}".to_owned()]);
        assert_eq!((translated.spans, translated.left.len()), (0, 1));
    }
}
