//! Documents as rows of `documents`, one an entity, and out of them again.

use std::sync::Arc;

use bytes::Bytes;
use model::segment::Sequence;
use model::{EntityId, Place, StoredDocument, Timestamp, TraceId};
use row::cut::{Members, cut};
use row::entity;
use row::template::{self, Fields};
use store::{Beginning, First, NewDocument, Share, Span};

use crate::binary::{Input, Malformed, Output};
use crate::client::ClickHouse;
use crate::failure::Failure;
use crate::literal::number;
use crate::search::of_traces;

/// In the order in which rows are written and read.
pub(crate) const COLUMNS: &str = "share, trace_id, received, ahead, lane, seq, entity, id, parent, name, kind, origin, namespace, start, duration, \
    flags, http_method, http_url, http_status, user, annotation_keys, annotation_values, template, rest, document";
/// The stamp of a row's place, as the index of the table has it.
pub(crate) const STAMP: &str = "toUnixTimestamp64Micro(received) + ahead";

/// Documents of a trace that are read at once where not all of it may be wanted.
const READ_TOGETHER: usize = 512;

/// Writes rows, and remembers what documents have in common.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    members: Members,
}

impl Encoder {
    pub(crate) fn write(&mut self, share: Share, place: Place, new: &NewDocument, output: &mut Output) {
        let document = &new.document;
        let rows = entity::rows(document);
        let fields: Vec<Fields<'_>> =
            rows.iter().map(|row| as_columns_have(row.fields(document.trace_id))).collect();
        let mut rest: Vec<&str> = Vec::new();
        let text = std::str::from_utf8(&document.raw).unwrap_or_default();
        // Made again from its columns; one that does not come out as it was received is kept whole.
        let template =
            cut(text, &fields, &mut self.members, &mut |text| rest.push(text)).filter(|template| {
                let mut again = String::with_capacity(text.len());
                let filled = template::fill(
                    template,
                    rest.iter().copied(),
                    |row| fields.get(row).cloned(),
                    &mut again,
                );
                filled.is_some() && again == text
            });
        if template.is_none() {
            rest.clear();
        }
        for (number, (row, fields)) in rows.iter().zip(&fields).enumerate() {
            output.u16(share.0);
            output.raw(&document.trace_id.0);
            output.i64(new.received.0);
            output.u64(place.stamp.abs_diff(new.received.0));
            output.u32(place.lane);
            output.u64(place.sequence.0);
            output.u32(number as u32);
            output.raw(&fields.id.0.to_be_bytes());
            output.raw(&fields.parent_id.map_or(0, |id| id.0).to_be_bytes());
            output.text(fields.name);
            output.text(row.kind);
            output.text(fields.origin.unwrap_or_default());
            output.text(fields.namespace.unwrap_or_default());
            output.i64(fields.start);
            output.optional(fields.end.map(|end| end.wrapping_sub(fields.start)), Output::i64);
            let flags = row.entity.flags;
            output.u8(u8::from(flags.error) | u8::from(flags.throttle) << 1 | u8::from(flags.fault) << 2);
            output.text(fields.method.unwrap_or_default());
            output.text(fields.url.unwrap_or_default());
            output.i64(fields.status.unwrap_or_default());
            output.text(fields.user.unwrap_or_default());
            output.texts(fields.annotations.iter().map(|(key, _)| key));
            output.texts(fields.annotations.iter().map(|(_, value)| value));
            let is_first = number == 0;
            output.text(template.as_deref().filter(|_| is_first).unwrap_or_default());
            output.texts(if is_first { rest.iter() } else { [].iter() });
            output.text(if is_first && template.is_none() { text } else { "" });
        }
    }
}

/// What has no value and what has an empty one look the same in a column.
fn as_columns_have(fields: Fields<'_>) -> Fields<'_> {
    let text = |text: Option<_>| text.filter(|text: &&str| !text.is_empty());
    Fields {
        parent_id: fields.parent_id.filter(|id| id.0 != 0),
        origin: text(fields.origin),
        namespace: text(fields.namespace),
        method: text(fields.method),
        url: text(fields.url),
        status: fields.status.filter(|status| *status != 0),
        user: text(fields.user),
        ..fields
    }
}

/// A document in the store.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) share: Share,
    pub(crate) place: Place,
    pub(crate) trace_id: TraceId,
    /// `None`, after a warning, where it cannot be made again, or was accepted by a version of the decoder that took more.
    pub(crate) document: Option<Arc<StoredDocument>>,
}

/// A row as it is read.
struct Row<'a> {
    share: Share,
    place: Place,
    received: Timestamp,
    entity: u32,
    fields: Fields<'a>,
    template: &'a str,
    rest: Vec<&'a str>,
    document: &'a str,
}

/// The documents in an answer whose rows are ordered by document and entity.
pub(crate) fn read(answer: &[u8]) -> Result<Vec<Kept>, Malformed> {
    let rows = Input::new(answer).rows(row)?;
    let is_same = |one: &Row<'_>, next: &Row<'_>| {
        next.entity > 0 && one.place == next.place && one.fields.trace_id == next.fields.trace_id
    };
    let kept = rows.chunk_by(is_same).map(|rows| {
        let Row { share, place, fields, .. } = &rows[0];
        Kept { share: *share, place: *place, trace_id: fields.trace_id, document: document(rows) }
    });
    Ok(kept.collect())
}

/// The first documents of a span of a trace, of which no more than these and [`READ_TOGETHER`] further ones are read.
pub(crate) async fn beginning(
    server: &ClickHouse,
    shares: u16,
    id: TraceId,
    span: Span,
) -> Result<Beginning, Failure> {
    let of_trace = of_traces(shares, &[id]);
    let order = format!("{STAMP}, lane, seq");
    let sql = format!(
        "SELECT {order} FROM documents WHERE {of_trace} AND entity = 0 ORDER BY {order} FORMAT RowBinary"
    );
    let answer = server.ask(sql).await?;
    let place = |input: &mut Input<'_>| {
        Ok(Place { stamp: input.i64()?, lane: input.u32()?, sequence: Sequence(input.u64()?) })
    };
    let places = Input::new(&answer).rows(place)?;
    let places = &places[places.partition_point(|place| span.after.is_some_and(|after| *place <= after))..];
    let mut first = First::new(span);
    let mut unread = places.len();
    for places in places.chunks(READ_TOGETHER) {
        let ([begin, .., end] | [begin @ end]) = places else { break };
        let tuple =
            |place: &Place| format!("({}, {}, {})", number(place.stamp), place.lane, place.sequence.0);
        let sql = format!(
            "SELECT {COLUMNS} FROM documents WHERE {of_trace} AND ({order}) >= {} AND ({order}) <= {} ORDER BY {order}, entity \
             FORMAT RowBinary",
            tuple(begin),
            tuple(end)
        );
        for stored in read(&server.ask(sql).await?)?.into_iter().filter_map(|kept| kept.document) {
            first.push(stored.place, stored.document.raw.len(), stored);
        }
        unread -= places.len();
        if first.is_full() {
            break;
        }
    }
    let (documents, left_out) = first.finish();
    Ok(Beginning { documents, left_out: left_out + unread as u64 })
}

fn row<'a>(input: &mut Input<'a>) -> Result<Row<'a>, Malformed> {
    let share = Share(u16::from_le_bytes(input.array()?));
    let trace_id = TraceId(input.array()?);
    let received = input.i64()?;
    let stamp = received.saturating_add_unsigned(input.u64()?);
    let lane = input.u32()?;
    let place = Place { stamp, lane, sequence: Sequence(input.u64()?) };
    let entity = input.u32()?;
    let id = EntityId(u64::from_be_bytes(input.array()?));
    let parent = EntityId(u64::from_be_bytes(input.array()?));
    let text = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    let name = input.text()?;
    input.bytes()?;
    let (origin, namespace) = (text(input.text()?), text(input.text()?));
    let start = input.i64()?;
    let end = input.optional(Input::i64)?.map(|duration| start.wrapping_add(duration));
    input.u8()?;
    let (method, url) = (text(input.text()?), text(input.text()?));
    let status = Some(input.i64()?).filter(|status| *status != 0);
    let user = text(input.text()?);
    let keys = input.list(Input::text)?;
    let values = input.list(Input::text)?;
    let fields = Fields {
        trace_id,
        id,
        parent_id: Some(parent).filter(|id| id.0 != 0),
        name,
        start,
        end,
        origin,
        namespace,
        method,
        url,
        status,
        user,
        annotations: keys.into_iter().zip(values).collect(),
    };
    let (template, rest, document) = (input.text()?, input.list(Input::text)?, input.text()?);
    Ok(Row { share, place, received: Timestamp(received), entity, fields, template, rest, document })
}

fn document(rows: &[Row<'_>]) -> Option<Arc<StoredDocument>> {
    let Row { place, received, template, rest, document, fields, .. } = rows.first()?;
    let mut text = (*document).to_owned();
    if !template.is_empty() {
        let row = |number: usize| rows.get(number).map(|row| row.fields.clone());
        if template::fill(template, rest.iter().copied(), row, &mut text).is_none() {
            tracing::warn!(trace = %fields.trace_id, "the rows of a kept document do not fit together");
            return None;
        }
    }
    match wire::decode(Bytes::from(text)) {
        Ok(document) => Some(Arc::new(StoredDocument { place: *place, received: *received, document })),
        Err(reject) => {
            tracing::warn!(trace = %fields.trace_id, %reject, "a kept document is no longer understood");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(texts: &[&str]) -> (usize, Vec<String>) {
        let (mut encoder, mut output) = (Encoder::default(), Output::default());
        let mut sequence = 0;
        for text in texts {
            sequence += 1;
            let document = wire::decode(Bytes::copy_from_slice(text.as_bytes())).expect("it is a document");
            let place = Place { stamp: 9, lane: 3, sequence: Sequence(sequence) };
            let new = NewDocument { received: Timestamp(7), document };
            encoder.write(Share(2), place, &new, &mut output);
        }
        let read = read(&output.0).expect("it is read");
        for (kept, sequence) in read.iter().zip(1..) {
            assert_eq!(kept.share, Share(2));
            assert_eq!(kept.place, Place { stamp: 9, lane: 3, sequence: Sequence(sequence) });
        }
        let texts = read.iter().filter_map(|kept| kept.document.as_ref()).map(|stored| {
            assert_eq!(stored.received, Timestamp(7));
            String::from_utf8_lossy(&stored.document.raw).into_owned()
        });
        (output.0.len(), texts.collect())
    }

    #[test]
    fn documents_come_out_of_rows_as_they_were() {
        let head =
            r#""trace_id":"1-6a650a80-000000000000000000000001","id":"00000000000000a1","name":"shop""#;
        let texts = [
            format!(r#"{{{head},"start_time":1.5,"in_progress":true}}"#),
            format!(
                r#"{{{head},"start_time":1.5,"end_time":2,"origin":"","user":"","http":{{"request":{{"method":"","url":"a"}},"response":{{"status":0}}}}}}"#
            ),
            format!(
                r#"{{{head},"start_time":1.5,"end_time":2.25,"annotations":{{"a":"b","n":1.50,"yes":true}},"subsegments":[{{"id":"00000000000000a2","name":"db","start_time":1.6,"end_time":1.7,"namespace":"remote","subsegments":[{{"id":"00000000000000a3","name":"ünder","start_time":1.6,"end_time":1.7}}]}}]}}"#
            ),
            format!(r#"{{ {head} , "start_time":1e0,"end_time":2.25,"metadata":{{"x":[1,2,"\u0001"]}}}}"#),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (_, read) = again(&texts);
        assert_eq!(read, texts);
    }

    #[test]
    fn rows_that_are_cut_short_are_none() {
        assert!(read(&[1, 2, 3]).is_err());
    }
}
