//! Which rows of a row group have the annotations that a search asks for.

use store::{Predicate, Search};

use crate::part::annotations::{INDEX, Reader};
use crate::part::rowset::RowSet;
use crate::part::{Part, PartError};

/// Of each condition on annotations the rows for which it may hold; none where the file has them in a column.
#[derive(Default)]
pub(super) struct Annotated<'a> {
    known: Vec<(&'a Predicate, RowSet)>,
}

impl Part {
    /// Whether annotations lie behind its rows.
    pub(crate) fn has_annotations(&self) -> Result<bool, PartError> {
        self.has_index(&INDEX)
    }
}

impl<'a> Annotated<'a> {
    pub(super) fn of(part: &Part, search: &'a Search, row_group: usize) -> Result<Self, PartError> {
        let mut conditions = Vec::new();
        gather(&search.predicate, &mut conditions);
        let mut annotated = Self::default();
        if conditions.is_empty() {
            return Ok(annotated);
        }
        let Some(mut reader) = Reader::of(part)? else { return Ok(annotated) };
        for condition in conditions {
            let (key, value) = match condition {
                Predicate::HasAnnotation(key) => (key, None),
                Predicate::Annotation { key, value } => (key, Some(value.as_str())),
                _ => continue,
            };
            annotated.known.push((condition, reader.matching(row_group, key, value)?));
        }
        Ok(annotated)
    }

    /// Of some rows, by their numbers in the row group, whether a condition on annotations may hold.
    pub(super) fn rows(&self, condition: &Predicate, rows: &[usize]) -> Option<Vec<bool>> {
        let matching = self.find(condition)?;
        Some(rows.iter().map(|&row| matching.contains(row)).collect())
    }

    /// The rows for which a condition on annotations may hold.
    pub(super) fn find(&self, condition: &Predicate) -> Option<&RowSet> {
        self.known.iter().find(|(known, _)| *known == condition).map(|(_, matching)| matching)
    }
}

fn gather<'a>(predicate: &'a Predicate, conditions: &mut Vec<&'a Predicate>) {
    match predicate {
        Predicate::And(inner) | Predicate::Or(inner) => {
            inner.iter().for_each(|predicate| gather(predicate, conditions));
        }
        Predicate::HasAnnotation(_) | Predicate::Annotation { .. } if !conditions.contains(&predicate) => {
            conditions.push(predicate);
        }
        _ => {}
    }
}
