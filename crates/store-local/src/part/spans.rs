//! The table `spans`: one row an entity, sorted by trace id, with the document on the row of its outermost
//! entity.

use std::path::Path;
use std::sync::Arc;
use std::{io, str};

use arrow_array::builder::{
    BooleanBuilder, FixedSizeBinaryBuilder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use bytes::Bytes;
use model::segment::{DocumentKind, Namespace, Sequence};
use model::{Entity, EntityId, Timestamp, TraceId};
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use store::columns::spans;
use store::search::annotation_text;

use super::write::{self, BATCH_ROWS, PartWriter, Written, append_time};
use super::{Part, PartError, column, schema, trace_id};
use crate::buffer::Held;

const DOCUMENT_COLUMNS: [&str; 4] = [spans::TRACE_ID, spans::SEQUENCE, spans::RECEIVED, spans::DOCUMENT];

/// Writes documents, in any order, as a part. They are decoded one after the other.
pub(crate) fn write(path: &Path, documents: &[Held]) -> io::Result<Written> {
    let mut order: Vec<&Held> = documents.iter().collect();
    order.sort_unstable_by_key(|held| (held.trace_id, held.sequence));
    let traces = 1 + order.windows(2).filter(|pair| pair[0].trace_id != pair[1].trace_id).count() as u64;
    let properties = schema::spans_properties(traces).map_err(write::io_error)?;
    let mut writer = PartWriter::create(path, schema::spans(), properties)?;
    let mut rows = Rows::default();
    for held in order {
        rows.add_document(held);
        if rows.count >= BATCH_ROWS {
            writer.write(std::mem::take(&mut rows).finish())?;
        }
    }
    writer.write(rows.finish())?;
    writer.finish()
}

impl Part {
    /// The documents of one trace in order of receipt.
    pub(crate) fn documents(&self, id: TraceId) -> Result<Vec<Held>, PartError> {
        let mut found = Vec::new();
        for mut slice in self.slices_of(id)? {
            let mask = self.mask(&[spans::TRACE_ID])?;
            let is_wanted = move |batch: RecordBatch| {
                let ids: &FixedSizeBinaryArray = column(&batch, spans::TRACE_ID);
                Ok((0..ids.len()).map(|row| Some(ids.value(row) == id.0)).collect::<BooleanArray>())
            };
            slice.filter = Some(RowFilter::new(vec![Box::new(ArrowPredicateFn::new(mask, is_wanted))]));
            self.read(slice, &DOCUMENT_COLUMNS, |batch| take_documents(batch, Sequence(0), &mut found))?;
        }
        found.sort_unstable_by_key(|held| held.sequence);
        Ok(found)
    }

    /// Shows all documents in the order of the file.
    pub(crate) fn each_document(&self, mut each: impl FnMut(Held)) -> Result<(), PartError> {
        let mut found = Vec::new();
        for slice in self.whole()? {
            self.read(slice, &DOCUMENT_COLUMNS, |batch| {
                take_documents(batch, Sequence(0), &mut found);
                found.drain(..).for_each(&mut each);
            })?;
        }
        Ok(())
    }

    /// All documents received after a sequence, in order of receipt.
    pub(crate) fn documents_after(&self, after: Sequence) -> Result<Vec<Held>, PartError> {
        let mut found = Vec::new();
        for slice in self.whole()? {
            self.read(slice, &DOCUMENT_COLUMNS, |batch| take_documents(batch, after, &mut found))?;
        }
        found.sort_unstable_by_key(|held| held.sequence);
        Ok(found)
    }
}

fn take_documents(batch: &RecordBatch, after: Sequence, found: &mut Vec<Held>) {
    let ids: &FixedSizeBinaryArray = column(batch, spans::TRACE_ID);
    let sequences: &UInt64Array = column(batch, spans::SEQUENCE);
    let received: &TimestampMicrosecondArray = column(batch, spans::RECEIVED);
    let documents: &StringArray = column(batch, spans::DOCUMENT);
    for row in 0..batch.num_rows() {
        let sequence = Sequence(sequences.value(row));
        if documents.is_valid(row) && sequence > after {
            found.push(Held {
                sequence,
                received: Timestamp(received.value(row)),
                trace_id: trace_id(ids, row),
                raw: Bytes::copy_from_slice(documents.value(row).as_bytes()),
            });
        }
    }
}

/// Rows on their way into a batch, column by column.
struct Rows {
    count: usize,
    trace_id: FixedSizeBinaryBuilder,
    sequence: UInt64Builder,
    received: TimestampMicrosecondBuilder,
    id: FixedSizeBinaryBuilder,
    parent_id: FixedSizeBinaryBuilder,
    name: StringBuilder,
    kind: StringBuilder,
    origin: StringBuilder,
    namespace: StringBuilder,
    start: TimestampMicrosecondBuilder,
    end: TimestampMicrosecondBuilder,
    error: BooleanBuilder,
    throttle: BooleanBuilder,
    fault: BooleanBuilder,
    http_method: StringBuilder,
    http_url: StringBuilder,
    http_status: Int64Builder,
    user: StringBuilder,
    annotations: ListBuilder<StringBuilder>,
    document: StringBuilder,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            count: 0,
            trace_id: FixedSizeBinaryBuilder::new(16),
            sequence: UInt64Builder::new(),
            received: write::times(),
            id: FixedSizeBinaryBuilder::new(8),
            parent_id: FixedSizeBinaryBuilder::new(8),
            name: StringBuilder::new(),
            kind: StringBuilder::new(),
            origin: StringBuilder::new(),
            namespace: StringBuilder::new(),
            start: write::times(),
            end: write::times(),
            error: BooleanBuilder::new(),
            throttle: BooleanBuilder::new(),
            fault: BooleanBuilder::new(),
            http_method: StringBuilder::new(),
            http_url: StringBuilder::new(),
            http_status: Int64Builder::new(),
            user: StringBuilder::new(),
            annotations: write::texts(),
            document: StringBuilder::new(),
        }
    }
}

impl Rows {
    fn add_document(&mut self, held: &Held) {
        let text = str::from_utf8(&held.raw).unwrap_or_default();
        let Some(stored) = held.decode() else {
            // Kept all the same: a later version may understand it again.
            self.add_undecoded(held, text);
            return;
        };
        let kind = match stored.document.kind {
            DocumentKind::Segment => "segment",
            DocumentKind::Subsegment => "subsegment",
        };
        let entity = &stored.document.entity;
        self.add_entity(held, entity, entity.parent_id, kind);
        self.document.append_value(text);
        self.add_nested(held, entity);
    }

    fn add_nested(&mut self, held: &Held, holder: &Entity) {
        for entity in &holder.subsegments {
            self.add_entity(held, entity, Some(holder.id), "subsegment");
            self.document.append_null();
            self.add_nested(held, entity);
        }
    }

    /// Everything but the document.
    fn add_entity(&mut self, held: &Held, entity: &Entity, parent_id: Option<EntityId>, kind: &str) {
        self.add_place(held, entity.id, parent_id);
        self.name.append_value(&entity.name);
        self.kind.append_value(kind);
        self.origin.append_option(entity.origin.as_deref());
        self.namespace.append_option(entity.namespace.as_ref().map(|namespace| match namespace {
            Namespace::Aws => "aws",
            Namespace::Remote => "remote",
            Namespace::Other(other) => other,
        }));
        append_time(&mut self.start, Some(entity.start));
        append_time(&mut self.end, entity.end);
        self.error.append_value(entity.flags.error);
        self.throttle.append_value(entity.flags.throttle);
        self.fault.append_value(entity.flags.fault);
        let http = entity.http.as_deref();
        self.http_method.append_option(http.and_then(|http| http.method.as_deref()));
        self.http_url.append_option(http.and_then(|http| http.url.as_deref()));
        self.http_status.append_option(http.and_then(|http| http.status));
        self.user.append_option(entity.user.as_deref());
        for annotation in &entity.annotations {
            let text = format!("{}={}", annotation.key, annotation_text(&annotation.value));
            self.annotations.values().append_value(text);
        }
        self.annotations.append(true);
    }

    fn add_undecoded(&mut self, held: &Held, text: &str) {
        self.add_place(held, EntityId(0), None);
        self.name.append_value("");
        self.kind.append_value("");
        self.origin.append_null();
        self.namespace.append_null();
        append_time(&mut self.start, Some(held.received));
        self.end.append_null();
        self.error.append_value(false);
        self.throttle.append_value(false);
        self.fault.append_value(false);
        self.http_method.append_null();
        self.http_url.append_null();
        self.http_status.append_null();
        self.user.append_null();
        self.annotations.append(true);
        self.document.append_value(text);
    }

    fn add_place(&mut self, held: &Held, id: EntityId, parent_id: Option<EntityId>) {
        self.count += 1;
        self.trace_id.append_value(held.trace_id.0).expect("a trace id has 16 bytes");
        self.sequence.append_value(held.sequence.0);
        append_time(&mut self.received, Some(held.received));
        self.id.append_value(id.0.to_be_bytes()).expect("an entity id has 8 bytes");
        match parent_id {
            Some(parent) => {
                self.parent_id.append_value(parent.0.to_be_bytes()).expect("an entity id has 8 bytes");
            }
            None => self.parent_id.append_null(),
        }
    }

    /// In the order of the schema.
    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.trace_id.finish()),
            Arc::new(self.sequence.finish()),
            Arc::new(self.received.finish()),
            Arc::new(self.id.finish()),
            Arc::new(self.parent_id.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.origin.finish()),
            Arc::new(self.namespace.finish()),
            Arc::new(self.start.finish()),
            Arc::new(self.end.finish()),
            Arc::new(self.error.finish()),
            Arc::new(self.throttle.finish()),
            Arc::new(self.fault.finish()),
            Arc::new(self.http_method.finish()),
            Arc::new(self.http_url.finish()),
            Arc::new(self.http_status.finish()),
            Arc::new(self.user.finish()),
            Arc::new(self.annotations.finish()),
            Arc::new(self.document.finish()),
        ]
    }
}
