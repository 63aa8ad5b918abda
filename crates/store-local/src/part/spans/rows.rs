//! Rows of `spans` on their way into a batch, and out of one again.

use std::sync::Arc;
use std::{io, str};

use arrow_array::builder::{
    BooleanBuilder, FixedSizeBinaryBuilder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use model::{EntityId, SegmentDocument};
use row::StoredBytes;
use row::columns::spans;
use row::cut::{Members, cut};
use row::entity::{self, Row, join_keys, split_keys};
use row::template::{self, Fields};

use crate::part::write::{self, BATCH_ROWS, append_time};
use crate::part::{column, schema, trace_id};

/// Rows on their way into a batch, column by column.
pub(super) struct Rows {
    pub(super) count: usize,
    documents: Vec<Pending>,
    trace_id: FixedSizeBinaryBuilder,
    sequence: UInt64Builder,
    received: TimestampMicrosecondBuilder,
    ids: ListBuilder<FixedSizeBinaryBuilder>,
    name: StringBuilder,
    kind: StringBuilder,
    origin: StringBuilder,
    namespace: StringBuilder,
    start: TimestampMicrosecondBuilder,
    duration: Int64Builder,
    error: BooleanBuilder,
    throttle: BooleanBuilder,
    fault: BooleanBuilder,
    http_method: StringBuilder,
    http_url: StringBuilder,
    http_status: Int64Builder,
    user: StringBuilder,
    annotation_keys: StringBuilder,
    annotation_values: ListBuilder<StringBuilder>,
    rest: ListBuilder<StringBuilder>,
}

/// A document whose rows are there.
struct Pending {
    first_row: usize,
    rows: usize,
    template: Option<String>,
    raw: Bytes,
}

impl Default for Rows {
    fn default() -> Self {
        let ids = ListBuilder::new(FixedSizeBinaryBuilder::new(8));
        Self {
            count: 0,
            documents: Vec::new(),
            trace_id: FixedSizeBinaryBuilder::new(16),
            sequence: UInt64Builder::new(),
            received: write::times(),
            ids: ids.with_field(Field::new_list_field(DataType::FixedSizeBinary(8), false)),
            name: write::texts_of(BATCH_ROWS, 16),
            kind: StringBuilder::new(),
            origin: StringBuilder::new(),
            namespace: StringBuilder::new(),
            start: write::times(),
            duration: Int64Builder::new(),
            error: BooleanBuilder::new(),
            throttle: BooleanBuilder::new(),
            fault: BooleanBuilder::new(),
            http_method: StringBuilder::new(),
            http_url: write::texts_of(BATCH_ROWS, 32),
            http_status: Int64Builder::new(),
            user: StringBuilder::new(),
            annotation_keys: write::texts_of(BATCH_ROWS, 64),
            annotation_values: ListBuilder::with_capacity(write::texts_of(8 * BATCH_ROWS, 12), BATCH_ROWS),
            rest: ListBuilder::with_capacity(write::texts_of(2 * BATCH_ROWS, 16), BATCH_ROWS),
        }
    }
}

impl Rows {
    pub(super) fn add(&mut self, held: &StoredBytes, members: &mut Members) {
        match held.decode() {
            Some(stored) => self.add_document(held, &stored.document, members),
            // Kept all the same: a later version may understand it again.
            None => self.add_undecoded(held),
        }
    }

    fn add_document(&mut self, held: &StoredBytes, document: &SegmentDocument, members: &mut Members) {
        let rows = entity::rows(document);
        let fields: Vec<Fields<'_>> = rows.iter().map(|row| row.fields(held.trace_id)).collect();
        let first_row = self.count;
        for (row, fields) in rows.iter().zip(&fields) {
            self.add_row(held, row, fields);
        }
        let rest = self.rest.values();
        let template = str::from_utf8(&held.raw)
            .ok()
            .and_then(|text| cut(text, &fields, members, &mut |text| rest.append_value(text)));
        self.rest.append(true);
        (1..rows.len()).for_each(|_| self.rest.append(true));
        self.documents.push(Pending { first_row, rows: rows.len(), template, raw: held.raw.clone() });
    }

    /// Everything but `rest`, `template` and `document`.
    fn add_row(&mut self, held: &StoredBytes, row: &Row<'_>, fields: &Fields<'_>) {
        self.add_place(held, row.entity.id, row.parent_id);
        self.name.append_value(fields.name);
        self.kind.append_value(row.kind);
        self.origin.append_option(fields.origin);
        self.namespace.append_option(fields.namespace);
        self.start.append_value(fields.start);
        self.duration.append_option(fields.end.map(|end| end.wrapping_sub(fields.start)));
        self.error.append_value(row.entity.flags.error);
        self.throttle.append_value(row.entity.flags.throttle);
        self.fault.append_value(row.entity.flags.fault);
        self.http_method.append_option(fields.method);
        self.http_url.append_option(fields.url);
        self.http_status.append_option(fields.status);
        self.user.append_option(fields.user);
        self.annotation_keys.append_value(join_keys(fields));
        for (_, value) in &fields.annotations {
            self.annotation_values.values().append_value(value);
        }
        self.annotation_values.append(true);
    }

    fn add_undecoded(&mut self, held: &StoredBytes) {
        let (first_row, raw) = (self.count, held.raw.clone());
        self.documents.push(Pending { first_row, rows: 1, template: None, raw });
        self.add_place(held, EntityId(0), None);
        self.name.append_value("");
        self.kind.append_value("");
        self.origin.append_null();
        self.namespace.append_null();
        append_time(&mut self.start, Some(held.received));
        self.duration.append_null();
        self.error.append_value(false);
        self.throttle.append_value(false);
        self.fault.append_value(false);
        self.http_method.append_null();
        self.http_url.append_null();
        self.http_status.append_null();
        self.user.append_null();
        self.annotation_keys.append_value("");
        self.annotation_values.append(true);
        self.rest.append(true);
    }

    fn add_place(&mut self, held: &StoredBytes, id: EntityId, parent_id: Option<EntityId>) {
        self.count += 1;
        self.trace_id.append_value(held.trace_id.0).expect("a trace id has 16 bytes");
        self.sequence.append_value(held.sequence.0);
        append_time(&mut self.received, Some(held.received));
        for id in [Some(id), parent_id].into_iter().flatten() {
            self.ids.values().append_value(id.0.to_be_bytes()).expect("an entity id has 8 bytes");
        }
        self.ids.append(true);
    }

    /// A batch of the schema. Each document is made again from its columns; one that does not come out as it was
    /// received is kept whole.
    pub(super) fn finish(mut self) -> io::Result<RecordBatch> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.trace_id.finish()),
            Arc::new(self.sequence.finish()),
            Arc::new(self.received.finish()),
            Arc::new(self.ids.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.origin.finish()),
            Arc::new(self.namespace.finish()),
            Arc::new(self.start.finish()),
            Arc::new(self.duration.finish()),
            Arc::new(self.error.finish()),
            Arc::new(self.throttle.finish()),
            Arc::new(self.fault.finish()),
            Arc::new(self.http_method.finish()),
            Arc::new(self.http_url.finish()),
            Arc::new(self.http_status.finish()),
            Arc::new(self.user.finish()),
            Arc::new(self.annotation_keys.finish()),
            Arc::new(self.annotation_values.finish()),
            Arc::new(self.rest.finish()),
        ];
        let schema = schema::spans();
        let places: Vec<usize> = (0..arrays.len()).collect();
        let without = Arc::new(schema.project(&places).map_err(io::Error::other)?);
        let batch = RecordBatch::try_new(without, arrays.clone()).map_err(io::Error::other)?;
        let columns = Columns::of(&batch);
        let bytes =
            self.documents.iter().filter_map(|document| document.template.as_ref()).map(String::len).sum();
        let mut templates = StringBuilder::with_capacity(self.count, bytes);
        let mut documents = StringBuilder::new();
        let mut again = String::new();
        for Pending { first_row, rows, template, raw } in &self.documents {
            again.clear();
            let template = template.as_deref().filter(|template| {
                columns.fill(template, *first_row, *rows, &mut again).is_some() && again.as_bytes() == raw
            });
            templates.append_option(template);
            documents.append_option(match template {
                Some(_) => None,
                None => Some(str::from_utf8(raw).unwrap_or_default()),
            });
            templates.append_nulls(rows - 1);
            documents.append_nulls(rows - 1);
        }
        arrays.push(Arc::new(templates.finish()));
        arrays.push(Arc::new(documents.finish()));
        RecordBatch::try_new(schema, arrays).map_err(io::Error::other)
    }
}

/// What a document is made of, as a batch has it.
pub(super) struct Columns<'a> {
    trace_id: &'a FixedSizeBinaryArray,
    ids: &'a ListArray,
    name: &'a StringArray,
    origin: &'a StringArray,
    namespace: &'a StringArray,
    start: &'a TimestampMicrosecondArray,
    duration: &'a Int64Array,
    http_method: &'a StringArray,
    http_url: &'a StringArray,
    http_status: &'a Int64Array,
    user: &'a StringArray,
    annotation_keys: &'a StringArray,
    annotation_values: &'a ListArray,
    rest: &'a ListArray,
}

impl<'a> Columns<'a> {
    pub(super) const NAMES: [&'static str; 14] = [
        spans::TRACE_ID,
        spans::IDS,
        spans::NAME,
        spans::ORIGIN,
        spans::NAMESPACE,
        spans::START,
        spans::DURATION,
        spans::HTTP_METHOD,
        spans::HTTP_URL,
        spans::HTTP_STATUS,
        spans::USER,
        spans::ANNOTATION_KEYS,
        spans::ANNOTATION_VALUES,
        spans::REST,
    ];

    /// The batch must have them, with the types of the schema.
    pub(super) fn of(batch: &'a RecordBatch) -> Self {
        Self {
            trace_id: column(batch, spans::TRACE_ID),
            ids: column(batch, spans::IDS),
            name: column(batch, spans::NAME),
            origin: column(batch, spans::ORIGIN),
            namespace: column(batch, spans::NAMESPACE),
            start: column(batch, spans::START),
            duration: column(batch, spans::DURATION),
            http_method: column(batch, spans::HTTP_METHOD),
            http_url: column(batch, spans::HTTP_URL),
            http_status: column(batch, spans::HTTP_STATUS),
            user: column(batch, spans::USER),
            annotation_keys: column(batch, spans::ANNOTATION_KEYS),
            annotation_values: column(batch, spans::ANNOTATION_VALUES),
            rest: column(batch, spans::REST),
        }
    }

    /// Makes the document whose rows these are. `None` where they do not fit.
    pub(super) fn fill(&self, template: &str, first_row: usize, rows: usize, out: &mut String) -> Option<()> {
        let rest = texts(self.rest, first_row);
        let row = |place: usize| if place < rows { self.fields(first_row + place) } else { None };
        template::fill(template, rest, row, out)
    }

    fn fields(&self, row: usize) -> Option<Fields<'a>> {
        let text = |column: &'a StringArray| column.is_valid(row).then(|| column.value(row));
        let number = |column: &'a Int64Array| column.is_valid(row).then(|| column.value(row));
        let offsets = self.ids.value_offsets();
        let (from, to) = (offsets[row] as usize, offsets[row + 1] as usize);
        let ids: &FixedSizeBinaryArray = self.ids.values().as_any().downcast_ref()?;
        let id = |place: usize| Some(EntityId(u64::from_be_bytes(ids.value(place).try_into().ok()?)));
        let start = self.start.value(row);
        let annotations = split_keys(self.annotation_keys.value(row));
        Some(Fields {
            trace_id: trace_id(self.trace_id, row),
            id: (from..to).next().and_then(id)?,
            parent_id: (from..to).nth(1).and_then(id),
            name: self.name.value(row),
            start,
            end: number(self.duration).map(|duration| start.wrapping_add(duration)),
            origin: text(self.origin),
            namespace: text(self.namespace),
            method: text(self.http_method),
            url: text(self.http_url),
            status: number(self.http_status),
            user: text(self.user),
            annotations: annotations.zip(texts(self.annotation_values, row)).collect(),
        })
    }
}

/// The texts of one row's list.
fn texts(lists: &ListArray, row: usize) -> impl Iterator<Item = &str> {
    let offsets = lists.value_offsets();
    let places = offsets[row] as usize..offsets[row + 1] as usize;
    let values: Option<&StringArray> = lists.values().as_any().downcast_ref();
    values.into_iter().flat_map(move |values| places.clone().map(|place| values.value(place)))
}
