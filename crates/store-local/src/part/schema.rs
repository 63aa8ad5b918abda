//! How the tables look as Parquet: types, order, compression, indexes.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use row::columns::{minutes, spans, traces};

/// Of `traces`: the row takes the place of a row in an older part. Only this engine needs it.
pub(crate) const REPLACING: &str = "replacing";

/// Row groups are read as a whole where no page index helps.
const GROUP_ROWS: usize = 131_072;
/// Of `traces`: a search goes through its row groups from the newest on.
pub(crate) const TRACES_GROUP_ROWS: usize = 32_768;
/// Pages of small columns.
const PAGE_ROWS: usize = 8_192;
/// Pages of the columns that hold documents and sums: little more is read than was asked for.
const PAGE_BYTES: usize = 64 * 1024;
/// Of digests, a hundred of which are asked for at once, each in another page.
const DIGEST_PAGE_BYTES: usize = 16 * 1024;
/// How many values are written before the size of a page is looked at.
const WRITE_ROWS: usize = 64;
/// One in ten thousand lookups reads a file in vain.
const FALSE_POSITIVES: f64 = 0.0001;

pub(crate) fn spans() -> SchemaRef {
    Arc::new(Schema::new(vec![
        needed(spans::TRACE_ID, DataType::FixedSizeBinary(16)),
        needed(spans::SEQUENCE, DataType::UInt64),
        needed(spans::RECEIVED, time()),
        needed(spans::IDS, ids()),
        needed(spans::NAME, DataType::Utf8),
        needed(spans::KIND, DataType::Utf8),
        optional(spans::ORIGIN, DataType::Utf8),
        optional(spans::NAMESPACE, DataType::Utf8),
        needed(spans::START, time()),
        optional(spans::DURATION, DataType::Int64),
        needed(spans::ERROR, DataType::Boolean),
        needed(spans::THROTTLE, DataType::Boolean),
        needed(spans::FAULT, DataType::Boolean),
        optional(spans::HTTP_METHOD, DataType::Utf8),
        optional(spans::HTTP_URL, DataType::Utf8),
        optional(spans::HTTP_STATUS, DataType::Int64),
        optional(spans::USER, DataType::Utf8),
        needed(spans::ANNOTATION_KEYS, DataType::Utf8),
        needed(spans::ANNOTATION_VALUES, texts()),
        needed(spans::REST, texts()),
        optional(spans::TEMPLATE, DataType::Utf8),
        optional(spans::DOCUMENT, DataType::Utf8),
    ]))
}

pub(crate) fn traces() -> SchemaRef {
    Arc::new(Schema::new(vec![
        needed(traces::TRACE_ID, DataType::FixedSizeBinary(16)),
        needed(traces::REVISION, DataType::UInt32),
        needed(traces::START, time()),
        optional(traces::END, time()),
        needed(traces::LAST_RECEIVED, time()),
        optional(traces::RESPONSE_TIME, DataType::UInt64),
        optional(traces::SELF_TIME, DataType::UInt64),
        optional(traces::ERROR, DataType::Boolean),
        optional(traces::THROTTLE, DataType::Boolean),
        optional(traces::FAULT, DataType::Boolean),
        needed(traces::PARTIAL, DataType::Boolean),
        optional(traces::HTTP_METHOD, DataType::Utf8),
        optional(traces::HTTP_URL, DataType::Utf8),
        optional(traces::HTTP_STATUS, DataType::Int64),
        needed(traces::SERVICES, texts()),
        needed(traces::ERROR_SERVICES, texts()),
        needed(traces::THROTTLE_SERVICES, texts()),
        needed(traces::FAULT_SERVICES, texts()),
        needed(traces::FAULT_CAUSES, texts()),
        needed(traces::ERROR_CAUSES, texts()),
        needed(traces::RESPONSE_TIME_CAUSES, texts()),
        needed(traces::USERS, texts()),
        needed(traces::DIGEST, DataType::Binary),
        needed(REPLACING, DataType::Boolean),
    ]))
}

/// The same on its way into a part, where annotations lie behind the rows.
pub(crate) fn annotated_traces() -> SchemaRef {
    let schema = traces();
    let annotations = Arc::new(needed(traces::ANNOTATIONS, DataType::Binary));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([annotations]).collect::<Vec<_>>()))
}

/// The same for other tools.
pub(crate) fn exported_traces() -> SchemaRef {
    let schema = traces();
    let pairs = DataType::List(Arc::new(Field::new_list_field(DataType::Struct(pair_fields()), true)));
    let annotations = Arc::new(needed(traces::ANNOTATIONS, pairs));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([annotations]).collect::<Vec<_>>()))
}

/// The members of a pair of `annotations`.
pub(crate) fn pair_fields() -> Fields {
    vec![needed(traces::KEY, DataType::Utf8), needed(traces::VALUE, DataType::Utf8)].into()
}

pub(crate) fn minutes() -> SchemaRef {
    Arc::new(Schema::new(vec![
        needed(minutes::MINUTE, DataType::Int64),
        needed(minutes::GROUP, DataType::Utf8),
        needed(minutes::NODE, DataType::Utf8),
        optional(minutes::NODE_KIND, DataType::Utf8),
        optional(minutes::NODE_ACCOUNT, DataType::Utf8),
        optional(minutes::TARGET, DataType::Utf8),
        optional(minutes::TARGET_KIND, DataType::Utf8),
        optional(minutes::TARGET_ACCOUNT, DataType::Utf8),
        needed(minutes::LINK, DataType::Boolean),
        needed(minutes::OK, DataType::Int64),
        needed(minutes::ERROR, DataType::Int64),
        needed(minutes::THROTTLE, DataType::Int64),
        needed(minutes::FAULT, DataType::Int64),
        needed(minutes::RESPONSE_TIME_TOTAL, DataType::Int64),
        needed(minutes::STATS, DataType::Binary),
    ]))
}

/// `traces` distinct trace ids, in order of trace id.
pub(crate) fn spans_properties(traces: u64) -> Result<WriterProperties, ParquetError> {
    let builder = with_trace_ids(common()?, traces);
    let builder = plain(builder, spans::TRACE_ID);
    let builder = builder.set_column_dictionary_enabled(element(spans::IDS), false);
    let builder = [spans::SEQUENCE, spans::RECEIVED, spans::START].into_iter().fold(builder, rising);
    let builder = rising(builder, spans::DURATION);
    Ok(large(builder, spans::DOCUMENT).set_sorting_columns(Some(vec![ascending(0)])).build())
}

/// `traces` rows in order of start.
pub(crate) fn traces_properties(traces: u64) -> Result<WriterProperties, ParquetError> {
    let builder = plain(with_trace_ids(common()?, traces), traces::TRACE_ID);
    let times = [traces::START, traces::END, traces::LAST_RECEIVED, traces::RESPONSE_TIME];
    let builder = times.into_iter().fold(builder, rising);
    let builder = builder.set_max_row_group_row_count(Some(TRACES_GROUP_ROWS));
    let builder = large(builder, traces::DIGEST)
        .set_column_data_page_size_limit(ColumnPath::from(traces::DIGEST), DIGEST_PAGE_BYTES);
    Ok(builder.set_sorting_columns(Some(vec![ascending(2)])).build())
}

pub(crate) fn minutes_properties() -> Result<WriterProperties, ParquetError> {
    Ok(large(common()?, minutes::STATS).set_sorting_columns(Some(vec![ascending(0)])).build())
}

fn common() -> Result<WriterPropertiesBuilder, ParquetError> {
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(WRITE_ROWS)
        // A page index of twenty columns would be kept in memory for each part.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("fluoro".to_owned()))
}

fn with_trace_ids(builder: WriterPropertiesBuilder, traces: u64) -> WriterPropertiesBuilder {
    let trace_id = ColumnPath::from(spans::TRACE_ID);
    builder
        .set_column_statistics_enabled(trace_id.clone(), EnabledStatistics::Page)
        .set_column_bloom_filter_enabled(trace_id.clone(), true)
        .set_column_bloom_filter_fpp(trace_id.clone(), FALSE_POSITIVES)
        // Of a row group. The filter is folded to what is in it.
        .set_column_bloom_filter_max_ndv(trace_id, traces.clamp(1, GROUP_ROWS as u64))
}

/// No dictionary: nearly every value is another.
fn plain(builder: WriterPropertiesBuilder, column: &str) -> WriterPropertiesBuilder {
    builder.set_column_dictionary_enabled(ColumnPath::from(column), false)
}

/// Neighbours differ by little.
fn rising(builder: WriterPropertiesBuilder, column: &str) -> WriterPropertiesBuilder {
    plain(builder, column).set_column_encoding(ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED)
}

fn large(builder: WriterPropertiesBuilder, column: &str) -> WriterPropertiesBuilder {
    plain(builder, column)
        .set_column_data_page_size_limit(ColumnPath::from(column), PAGE_BYTES)
        .set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::None)
}

fn ascending(column_idx: i32) -> SortingColumn {
    SortingColumn { column_idx, descending: false, nulls_first: false }
}

fn needed(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn optional(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, true)
}

fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The values of a list.
fn element(list: &str) -> ColumnPath {
    ColumnPath::new(vec![list.to_owned(), "list".to_owned(), "item".to_owned()])
}

/// The entity's, and its parent's behind it: an id that stands beside its like in another row costs little.
fn ids() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::FixedSizeBinary(8), false)))
}

/// What the columns of format 1 were that are others now, with their types.
pub(crate) const DIGEST_JSON: (&str, DataType) = (traces::DIGEST, DataType::Utf8);
pub(crate) const ROW_JSON: (&str, DataType) = ("row", DataType::Utf8);

fn texts() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}
