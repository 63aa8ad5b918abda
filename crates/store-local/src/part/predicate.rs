//! What the columns of `traces` can say about a predicate without the digest, for all rows of a batch at once.
//!
//! Like [`Predicate::may_match`], which is asked afterwards, this must hold wherever the condition does. What a file of
//! an older version has no column for may hold.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Int32Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Int32Array, Int64Array, ListArray,
    PrimitiveArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{DataType, FieldRef, Fields, Schema};
use model::property::{Comparator, Flag, Number, TextMatch};
use model::{Micros, Timestamp};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use row::codec::may_have_exception;
use row::columns::traces;
use store::Predicate;

use super::terms::range;

/// The names of the columns that a predicate needs.
pub(crate) fn columns(predicate: &Predicate) -> Vec<&'static str> {
    let mut names = Vec::new();
    gather(predicate, &mut names);
    names.sort_unstable();
    names.dedup();
    names
}

/// Of each row of a batch whether the predicate may hold. `annotated` tells it of a condition on annotations, where these
/// are in no column.
pub(crate) fn rows(
    predicate: &Predicate,
    batch: &RecordBatch,
    annotated: &dyn Fn(&Predicate) -> Option<Vec<bool>>,
) -> Vec<bool> {
    let all = || vec![true; batch.num_rows()];
    match predicate {
        Predicate::And(members) => members.iter().fold(all(), |found, member| match found.contains(&true) {
            true => both(&found, &rows(member, batch, annotated), |one, other| one && other),
            false => found,
        }),
        Predicate::Or(members) => {
            let none = vec![false; batch.num_rows()];
            members.iter().fold(none, |found, member| {
                both(&found, &rows(member, batch, annotated), |one, other| one || other)
            })
        }
        Predicate::Flag(flag, wanted) => flags(*flag, *wanted, batch),
        Predicate::Number(_, Comparator::NotEqual, _) | Predicate::Text(_, TextMatch::NotEqual, _) => all(),
        Predicate::Number(number, how, wanted) => {
            numbers(*number, batch, |value| how.may_hold(value, *wanted))
        }
        Predicate::Text(text, how, wanted) => match traces::of_text(*text) {
            Some(column) => texts(batch, column, |text| how.holds(text, wanted)),
            None => all(),
        },
        Predicate::Node { name: Some(name), .. } => texts(batch, traces::SERVICES, |text| text == name),
        Predicate::Failing(failure, name) => named(batch, traces::of_failure(*failure), name.as_deref()),
        Predicate::Cause(cause, name) => named(batch, traces::of_cause(*cause), name.as_deref()),
        Predicate::HasException => exceptions(batch),
        Predicate::HasAnnotation(key) => {
            annotated(predicate).unwrap_or_else(|| annotations(batch, key, None))
        }
        Predicate::Annotation { key, value } => {
            annotated(predicate).unwrap_or_else(|| annotations(batch, key, Some(value)))
        }
        Predicate::Any | Predicate::Node { name: None, .. } => all(),
    }
}

fn both(one: &[bool], other: &[bool], of: impl Fn(bool, bool) -> bool) -> Vec<bool> {
    one.iter().zip(other).map(|(&one, &other)| of(one, other)).collect()
}

fn gather(predicate: &Predicate, names: &mut Vec<&'static str>) {
    match predicate {
        Predicate::And(inner) | Predicate::Or(inner) => {
            inner.iter().for_each(|predicate| gather(predicate, names));
        }
        Predicate::Flag(flag, _) => names.extend(traces::of_flag(*flag)),
        Predicate::Number(number, ..) => names.extend(traces::of_number(*number)),
        Predicate::Text(text, ..) => names.extend(traces::of_text(*text)),
        Predicate::Node { name: Some(_), .. } => names.push(traces::SERVICES),
        Predicate::Failing(failure, _) => names.push(traces::of_failure(*failure)),
        Predicate::Cause(cause, _) => names.push(traces::of_cause(*cause)),
        Predicate::HasException => names.push(traces::DIGEST),
        Predicate::HasAnnotation(_) | Predicate::Annotation { .. } => names.push(traces::ANNOTATIONS),
        Predicate::Any | Predicate::Node { name: None, .. } => {}
    }
}

fn flags(field: Flag, wanted: bool, batch: &RecordBatch) -> Vec<bool> {
    let flag = |name| {
        let flags: Option<&BooleanArray> = get(batch, name);
        // A flag that is not there means that the root is missing.
        move |row: usize| flags.and_then(|flags| flags.is_valid(row).then(|| flags.value(row)))
    };
    let each = |may_be: &dyn Fn(usize) -> bool| (0..batch.num_rows()).map(may_be).collect::<Vec<bool>>();
    match field {
        Flag::Ok => {
            let (error, fault, throttle) = (flag(traces::ERROR), flag(traces::FAULT), flag(traces::THROTTLE));
            each(&|row| match (error(row), fault(row), throttle(row)) {
                (Some(error), Some(fault), _) if wanted => !(error || fault),
                (Some(error), Some(fault), Some(throttle)) => error || fault || throttle,
                _ => true,
            })
        }
        Flag::Error => {
            let error = flag(traces::ERROR);
            each(&|row| error(row).unwrap_or(false) == wanted)
        }
        Flag::Fault => {
            let fault = flag(traces::FAULT);
            each(&|row| fault(row).unwrap_or(false) == wanted)
        }
        // The column is the root's or the trace's, whichever is set, and without a root it is unknown.
        Flag::Throttle => {
            let throttle = flag(traces::THROTTLE);
            each(&|row| !wanted || throttle(row).unwrap_or(true))
        }
        Flag::Partial => {
            let partial = flag(traces::PARTIAL);
            each(&|row| partial(row) == Some(wanted))
        }
        // No column has it.
        Flag::Inferred => vec![true; batch.num_rows()],
    }
}

fn numbers(number: Number, batch: &RecordBatch, holds: impl Fn(f64) -> bool) -> Vec<bool> {
    match (number, traces::of_number(number)) {
        (Number::Duration, _) => durations(batch, holds),
        (Number::HttpStatus, [column]) => {
            primitives(batch, column, |values: &Int64Array, row| holds(values.value(row) as f64))
        }
        (Number::ResponseTime | Number::SelfTime, [column]) => {
            primitives(batch, column, |values: &UInt64Array, row| {
                holds(Micros(values.value(row)).as_seconds())
            })
        }
        _ => vec![true; batch.num_rows()],
    }
}

fn primitives<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &str,
    holds: impl Fn(&PrimitiveArray<T>, usize) -> bool,
) -> Vec<bool> {
    let Some(values) = get::<PrimitiveArray<T>>(batch, name) else { return vec![true; batch.num_rows()] };
    (0..values.len()).map(|row| values.is_valid(row) && holds(values, row)).collect()
}

fn durations(batch: &RecordBatch, holds: impl Fn(f64) -> bool) -> Vec<bool> {
    let [starts, ends] =
        [traces::START, traces::END].map(|name| get::<TimestampMicrosecondArray>(batch, name));
    let (Some(starts), Some(ends)) = (starts, ends) else { return vec![true; batch.num_rows()] };
    (0..starts.len())
        .map(|row| {
            ends.is_valid(row)
                && holds(Timestamp(starts.value(row)).until(Timestamp(ends.value(row))).as_seconds())
        })
        .collect()
}

/// No column has it, and the digest says it at its beginning.
fn exceptions(batch: &RecordBatch) -> Vec<bool> {
    let Some(digests) = get::<BinaryArray>(batch, traces::DIGEST) else {
        return vec![true; batch.num_rows()];
    };
    (0..digests.len()).map(|row| may_have_exception(digests.value(row))).collect()
}

/// A list that has the name, or that is not empty.
fn named(batch: &RecordBatch, column: &str, name: Option<&str>) -> Vec<bool> {
    texts(batch, column, |text| name.is_none_or(|name| text == name))
}

/// Whether the text of a row, or one of its list, passes.
fn texts(batch: &RecordBatch, name: &str, passes: impl Fn(&str) -> bool) -> Vec<bool> {
    let all = || vec![true; batch.num_rows()];
    if let Some(texts) = get::<StringArray>(batch, name) {
        return (0..texts.len()).map(|row| texts.is_valid(row) && passes(texts.value(row))).collect();
    }
    let Some(lists) = get::<ListArray>(batch, name) else { return all() };
    let Some(texts) = lists.values().as_any().downcast_ref::<StringArray>() else { return all() };
    (0..lists.len()).map(|row| range(lists, row).any(|place| passes(texts.value(place)))).collect()
}

/// Metadata under which annotations are read as numbers in a dictionary, of which a search looks at few texts and at many
/// numbers; `None` where some pages have the texts themselves, which would have to be made into a dictionary.
pub(super) fn coded(metadata: &ArrowReaderMetadata) -> Option<Result<ArrowReaderMetadata, ParquetError>> {
    let schema = metadata.schema();
    let (place, field) = schema.column_with_name(traces::ANNOTATIONS)?;
    let DataType::List(pair) = field.data_type() else { return None };
    let DataType::Struct(members) = pair.data_type() else { return None };
    let is_coded = |column: &ColumnChunkMetaData| {
        let stats = column.page_encoding_stats_mask();
        stats.is_some_and(|pages| pages.is_only(Encoding::RLE_DICTIONARY))
    };
    let columns = metadata.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns);
    let mut members_of = columns.filter(|column| {
        column.column_path().parts().first().is_some_and(|name| name == traces::ANNOTATIONS)
    });
    if !members_of.all(is_coded) {
        return None;
    }
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let members: Fields =
        members.iter().map(|member| member.as_ref().clone().with_data_type(text())).collect();
    let pair = pair.as_ref().clone().with_data_type(DataType::Struct(members));
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    fields[place] = Arc::new(field.clone().with_data_type(DataType::List(Arc::new(pair))));
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    Some(ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options))
}

/// Rows that have an annotation, with a value if one is asked for.
fn annotations(batch: &RecordBatch, key: &str, value: Option<&str>) -> Vec<bool> {
    let all = || vec![true; batch.num_rows()];
    let Some(lists) = get::<ListArray>(batch, traces::ANNOTATIONS) else { return all() };
    let Some(pairs) = lists.values().as_any().downcast_ref::<StructArray>() else {
        // Format 1 has `key=value`, where either may hold the sign.
        return all();
    };
    let member = |name| pairs.column_by_name(name).and_then(Texts::of);
    let (Some(keys), Some(values)) = (member(traces::KEY), member(traces::VALUE)) else { return all() };
    let has_key = keys.holding(|found| found == key);
    let wanted = value.map(|value| (value, value.parse::<f64>().ok()));
    // Numbers are the same however they are written.
    let has_value = values.holding(|found| {
        wanted.is_none_or(|(text, number)| {
            found == text || number.is_some_and(|number| found.parse() == Ok(number))
        })
    });
    (0..lists.len()).map(|row| range(lists, row).any(|place| has_key(place) && has_value(place))).collect()
}

/// A column of texts, each by itself or as its number in a dictionary.
enum Texts<'a> {
    Plain(&'a StringArray),
    Coded(&'a Int32Array, &'a StringArray),
}

impl<'a> Texts<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        let array = array.as_any();
        if let Some(coded) = array.downcast_ref::<DictionaryArray<Int32Type>>() {
            return Some(Self::Coded(coded.keys(), coded.values().as_any().downcast_ref()?));
        }
        array.downcast_ref().map(Self::Plain)
    }

    /// Tells of a place whether the condition holds for its text. A dictionary is asked once.
    fn holding(&self, holds: impl Fn(&str) -> bool + 'a) -> Box<dyn Fn(usize) -> bool + 'a> {
        match *self {
            Self::Plain(texts) => Box::new(move |place| holds(texts.value(place))),
            Self::Coded(numbers, texts) => {
                let found: Vec<bool> = (0..texts.len()).map(|number| holds(texts.value(number))).collect();
                Box::new(move |place| found[numbers.value(place) as usize])
            }
        }
    }
}

/// A column of the type that this version has.
fn get<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Option<&'a T> {
    batch.column_by_name(name)?.as_any().downcast_ref()
}
