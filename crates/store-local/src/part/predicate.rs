//! What the columns of `traces` can say about a predicate without the digest.
//!
//! Like [`Predicate::may_match`], which is asked afterwards, this must hold wherever the condition does.

use arrow_array::{Array, BooleanArray, Int64Array, ListArray, RecordBatch, StringArray, UInt64Array};
use model::Micros;
use store::Predicate;
use store::columns::traces;
use store::search::{FlagField, NumberField, TextField};

use super::column;

/// The columns of a batch that a predicate needs.
pub(crate) struct Columns<'a> {
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    /// The names of the columns that must be read.
    pub(crate) fn needed(predicate: &Predicate) -> Vec<&'static str> {
        let mut names = Vec::new();
        gather(predicate, &mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(crate) fn of(batch: &'a RecordBatch) -> Self {
        Self { batch }
    }

    pub(crate) fn may_match(&self, predicate: &Predicate, row: usize) -> bool {
        match predicate {
            Predicate::Any => true,
            Predicate::And(all) => all.iter().all(|predicate| self.may_match(predicate, row)),
            Predicate::Or(any) => any.iter().any(|predicate| self.may_match(predicate, row)),
            Predicate::Flag(field, wanted) => self.may_be(*field, *wanted, row),
            Predicate::Number(field, comparison, wanted) => match self.number(*field, row) {
                Number::Is(value) => comparison.may_hold(value, *wanted),
                Number::Missing => false,
                Number::Unknown => true,
            },
            Predicate::Text(TextField::HttpUrl, how, wanted) => {
                self.text(traces::HTTP_URL, row).is_some_and(|text| how.holds(text, wanted))
            }
            Predicate::Text(TextField::HttpMethod, how, wanted) => {
                self.text(traces::HTTP_METHOD, row).is_some_and(|text| how.holds(text, wanted))
            }
            Predicate::Text(TextField::User, how, wanted) => {
                self.any_text(traces::USERS, row, |text| how.holds(text, wanted))
            }
            // No column has them.
            Predicate::Text(TextField::UserAgent | TextField::ClientIp, ..) => true,
            Predicate::Node { name: Some(name), .. } => {
                self.any_text(traces::SERVICES, row, |text| text == name)
            }
            Predicate::Node { name: None, .. } => true,
            Predicate::HasAnnotation(key) => {
                self.any_text(traces::ANNOTATIONS, row, |text| annotation_of(text, key).is_some())
            }
            Predicate::Annotation { key, value } => self.any_text(traces::ANNOTATIONS, row, |text| {
                annotation_of(text, key).is_some_and(|found| is_same(found, value))
            }),
        }
    }

    fn may_be(&self, field: FlagField, wanted: bool, row: usize) -> bool {
        // A flag that is not there means that the root is missing.
        let flag = |name| {
            let flags: &BooleanArray = column(self.batch, name);
            flags.is_valid(row).then(|| flags.value(row))
        };
        match field {
            FlagField::Ok => match (flag(traces::ERROR), flag(traces::FAULT), flag(traces::THROTTLE)) {
                (Some(error), Some(fault), _) if wanted => !(error || fault),
                (Some(error), Some(fault), Some(throttle)) => error || fault || throttle,
                _ => true,
            },
            FlagField::Error => flag(traces::ERROR).unwrap_or(false) == wanted,
            FlagField::Fault => flag(traces::FAULT).unwrap_or(false) == wanted,
            // The column is the root's or the trace's, whichever is set, and without a root it is unknown.
            FlagField::Throttle => !wanted || flag(traces::THROTTLE).unwrap_or(true),
            FlagField::Partial => flag(traces::PARTIAL) == Some(wanted),
        }
    }

    fn number(&self, field: NumberField, row: usize) -> Number {
        match field {
            NumberField::ResponseTime => {
                let times: &UInt64Array = column(self.batch, traces::RESPONSE_TIME);
                match times.is_valid(row) {
                    true => Number::Is(Micros(times.value(row)).as_seconds()),
                    false => Number::Missing,
                }
            }
            NumberField::HttpStatus => {
                let statuses: &Int64Array = column(self.batch, traces::HTTP_STATUS);
                match statuses.is_valid(row) {
                    true => Number::Is(statuses.value(row) as f64),
                    false => Number::Missing,
                }
            }
            NumberField::Duration => Number::Unknown,
        }
    }

    fn text(&self, name: &str, row: usize) -> Option<&'a str> {
        let texts: &StringArray = column(self.batch, name);
        texts.is_valid(row).then(|| texts.value(row))
    }

    fn any_text(&self, name: &str, row: usize, is_wanted: impl Fn(&str) -> bool) -> bool {
        let lists: &ListArray = column(self.batch, name);
        let texts = lists.value(row);
        let Some(texts) = texts.as_any().downcast_ref::<StringArray>() else { return true };
        texts.iter().flatten().any(is_wanted)
    }
}

enum Number {
    Is(f64),
    Missing,
    Unknown,
}

fn gather(predicate: &Predicate, names: &mut Vec<&'static str>) {
    match predicate {
        Predicate::And(inner) | Predicate::Or(inner) => {
            inner.iter().for_each(|predicate| gather(predicate, names));
        }
        Predicate::Flag(FlagField::Ok, _) => names.extend([traces::ERROR, traces::FAULT, traces::THROTTLE]),
        Predicate::Flag(FlagField::Error, _) => names.push(traces::ERROR),
        Predicate::Flag(FlagField::Throttle, _) => names.push(traces::THROTTLE),
        Predicate::Flag(FlagField::Fault, _) => names.push(traces::FAULT),
        Predicate::Flag(FlagField::Partial, _) => names.push(traces::PARTIAL),
        Predicate::Number(NumberField::ResponseTime, ..) => names.push(traces::RESPONSE_TIME),
        Predicate::Number(NumberField::HttpStatus, ..) => names.push(traces::HTTP_STATUS),
        Predicate::Text(TextField::HttpUrl, ..) => names.push(traces::HTTP_URL),
        Predicate::Text(TextField::HttpMethod, ..) => names.push(traces::HTTP_METHOD),
        Predicate::Text(TextField::User, ..) => names.push(traces::USERS),
        Predicate::Node { name: Some(_), .. } => names.push(traces::SERVICES),
        Predicate::HasAnnotation(_) | Predicate::Annotation { .. } => names.push(traces::ANNOTATIONS),
        Predicate::Any
        | Predicate::Number(NumberField::Duration, ..)
        | Predicate::Text(TextField::UserAgent | TextField::ClientIp, ..)
        | Predicate::Node { name: None, .. } => {}
    }
}

/// The value of `key=value`. A key that holds `=` may be taken for another; that lets through too much.
fn annotation_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.strip_prefix(key)?.strip_prefix('=')
}

/// Numbers are the same however they are written.
fn is_same(found: &str, wanted: &str) -> bool {
    found == wanted
        || matches!((found.parse::<f64>(), wanted.parse::<f64>()), (Ok(found), Ok(wanted)) if found == wanted)
}
