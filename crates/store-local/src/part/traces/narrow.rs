//! Which rows of a row group may match, from what is kept of its columns: ids, times, names and flags, each as a whole.
//!
//! A question about services, flags and annotations is answered with sets of rows alone. What it asks of other columns is
//! looked up afterwards, of the rows that are left.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, FixedSizeBinaryArray, ListArray, StringArray, TimestampMicrosecondArray};
use model::TraceId;
use model::property::{Comparator, TextMatch};
use row::columns::traces;
use store::Predicate;

use super::annotated::Annotated;
use crate::kept::Piece;
use crate::part::predicate;
use crate::part::rowset::RowSet;
use crate::part::terms::range;
use crate::part::{Part, PartError, Slice, column, trace_id};

/// What a name takes besides its own bytes and its rows.
const NAME_BYTES: usize = 64;
/// A column of a row group with more than this is looked through for each question: its names, of which few are ever asked
/// for, would not be kept, and take several times as much while they are gathered.
pub(super) const LARGEST_COLUMN: u64 = 2 * 1024 * 1024;

/// Rows outside of which a predicate does not hold.
pub(super) struct Narrowed {
    pub(super) rows: RowSet,
    /// Whether nothing else has to be asked of these.
    pub(super) is_exact: bool,
}

/// The rows of each name in a column of lists.
struct Names {
    rows: usize,
    of: HashMap<Box<str>, Rows>,
}

/// Few rows take less as numbers.
enum Rows {
    Few(Vec<u32>),
    Many(RowSet),
}

impl Rows {
    fn put(&mut self, row: usize, rows: usize) {
        match self {
            Self::Few(few) if few.last() == Some(&(row as u32)) => {}
            Self::Few(few) if few.len() * u32::BITS as usize >= rows => {
                let mut many = RowSet::none(rows);
                few.iter().for_each(|&row| many.put(row as usize));
                many.put(row);
                *self = Self::Many(many);
            }
            Self::Few(few) => few.push(row as u32),
            Self::Many(many) => many.put(row),
        }
    }

    fn add_to(&self, set: RowSet) -> RowSet {
        match self {
            Self::Few(few) => {
                let mut set = set;
                few.iter().for_each(|&row| set.put(row as usize));
                set
            }
            Self::Many(many) => set.or(many),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Few(few) => few.capacity() * size_of::<u32>(),
            Self::Many(many) => many.bytes(),
        }
    }
}

impl Names {
    fn bytes(&self) -> usize {
        self.of.iter().map(|(name, rows)| name.len() + rows.bytes() + NAME_BYTES).sum()
    }

    /// Those with the name, or with any.
    fn with(&self, name: Option<&str>) -> RowSet {
        let none = RowSet::none(self.rows);
        match name {
            Some(name) => self.of.get(name).map_or(none.clone(), |rows| rows.add_to(none)),
            None => self.of.values().fold(none, |all, rows| rows.add_to(all)),
        }
    }
}

impl Part {
    /// `None` where only the columns themselves tell.
    pub(super) fn narrow(
        &self,
        predicate: &Predicate,
        row_group: usize,
        rows: usize,
        annotated: &Annotated<'_>,
    ) -> Result<Option<Narrowed>, PartError> {
        let exact = |rows: Option<RowSet>| rows.map(|rows| Narrowed { rows, is_exact: true });
        Ok(match predicate {
            Predicate::And(members) => {
                let mut all = Narrowed { rows: RowSet::all(rows), is_exact: true };
                let mut is_known = false;
                for member in members {
                    match self.narrow(member, row_group, rows, annotated)? {
                        Some(one) => {
                            is_known = true;
                            all.rows = all.rows.and(&one.rows);
                            all.is_exact &= one.is_exact;
                        }
                        None => all.is_exact = false,
                    }
                    // Nothing is left of which something could be asked.
                    if all.rows.is_empty() {
                        return Ok(Some(Narrowed { is_exact: true, ..all }));
                    }
                }
                (is_known || all.is_exact).then_some(all)
            }
            Predicate::Or(members) => {
                let mut any = Narrowed { rows: RowSet::none(rows), is_exact: true };
                for member in members {
                    let Some(one) = self.narrow(member, row_group, rows, annotated)? else { return Ok(None) };
                    any.rows = any.rows.or(&one.rows);
                    any.is_exact &= one.is_exact;
                }
                Some(any)
            }
            Predicate::Any
            | Predicate::Node { name: None, .. }
            | Predicate::Number(_, Comparator::NotEqual, _)
            | Predicate::Text(_, TextMatch::NotEqual, _) => exact(Some(RowSet::all(rows))),
            Predicate::Flag(flag, wanted) => {
                exact(self.holding(predicate, Piece::Flag(row_group, *flag, *wanted), row_group, rows)?)
            }
            Predicate::HasException => {
                exact(self.holding(predicate, Piece::Exceptions(row_group), row_group, rows)?)
            }
            Predicate::Node { name: Some(name), .. } => {
                exact(self.named(traces::SERVICES, Some(name), row_group, rows)?)
            }
            Predicate::Failing(failure, name) => {
                exact(self.named(traces::of_failure(*failure), name.as_deref(), row_group, rows)?)
            }
            Predicate::Cause(cause, name) => {
                exact(self.named(traces::of_cause(*cause), name.as_deref(), row_group, rows)?)
            }
            Predicate::HasAnnotation(_) | Predicate::Annotation { .. } => {
                exact(annotated.find(predicate).cloned())
            }
            Predicate::Number(..) | Predicate::Text(..) => None,
        })
    }

    /// The trace ids of all rows of a row group.
    pub(super) fn ids(&self, row_group: usize) -> Result<Arc<Vec<TraceId>>, PartError> {
        self.kept(Piece::Ids(row_group), || {
            let mut all = Vec::new();
            self.read(whole(row_group), &[traces::TRACE_ID], |batch| {
                let ids: &FixedSizeBinaryArray = column(batch, traces::TRACE_ID);
                all.extend((0..ids.len()).map(|row| trace_id(ids, row)));
            })?;
            all.shrink_to_fit();
            let bytes = all.len() * size_of::<TraceId>();
            Ok((all, bytes))
        })
    }

    /// Their times in a column; the lowest number where there is none.
    pub(super) fn times(&self, row_group: usize, name: &'static str) -> Result<Arc<Vec<i64>>, PartError> {
        self.kept(Piece::Times(row_group, name), || {
            let mut all = Vec::new();
            self.read(whole(row_group), &[name], |batch| {
                let times: &TimestampMicrosecondArray = column(batch, name);
                all.extend(times.iter().map(|time| time.unwrap_or(i64::MIN)));
            })?;
            all.shrink_to_fit();
            let bytes = all.len() * size_of::<i64>();
            Ok((all, bytes))
        })
    }

    /// Rows for which a condition may hold by its columns.
    fn holding(
        &self,
        condition: &Predicate,
        piece: Piece,
        row_group: usize,
        rows: usize,
    ) -> Result<Option<RowSet>, PartError> {
        let columns = self.known_columns(&predicate::columns(condition))?;
        if columns.is_empty() {
            return Ok(None);
        }
        let set = self.kept(piece, || {
            let (mut set, mut next) = (RowSet::none(rows), 0);
            self.read(whole(row_group), &columns, |batch| {
                let holds = predicate::rows(condition, batch, &|_| None);
                (next..).zip(&holds).filter(|(_, holds)| **holds).for_each(|(row, _)| set.put(row));
                next += holds.len();
            })?;
            let bytes = set.bytes();
            Ok((set, bytes))
        })?;
        Ok(Some(RowSet::clone(&set)))
    }

    /// Rows that have a name in a column of lists, or any name.
    fn named(
        &self,
        list: &'static str,
        name: Option<&str>,
        row_group: usize,
        rows: usize,
    ) -> Result<Option<RowSet>, PartError> {
        if self.known_columns(&[list])?.is_empty() {
            return Ok(None);
        }
        if self.column_bytes(row_group, list)? > LARGEST_COLUMN {
            return self.looked_through(list, name, row_group, rows).map(Some);
        }
        let names = self.kept(Piece::Names(row_group, list), || {
            let mut names = Names { rows, of: HashMap::new() };
            let mut first = 0;
            self.read(whole(row_group), &[list], |batch| {
                names.add(column(batch, list), first);
                first += batch.num_rows();
            })?;
            let bytes = names.bytes();
            Ok((names, bytes))
        })?;
        Ok(Some(names.with(name)))
    }

    /// The same, from the column alone.
    fn looked_through(
        &self,
        list: &'static str,
        name: Option<&str>,
        row_group: usize,
        rows: usize,
    ) -> Result<RowSet, PartError> {
        let (mut set, mut first) = (RowSet::none(rows), 0);
        self.read(whole(row_group), &[list], |batch| {
            let lists: &ListArray = column(batch, list);
            if let Some(texts) = lists.values().as_any().downcast_ref::<StringArray>() {
                let has = |row: &usize| {
                    range(lists, *row).any(|place| name.is_none_or(|name| texts.value(place) == name))
                };
                (0..lists.len()).filter(has).for_each(|row| set.put(first + row));
            }
            first += batch.num_rows();
        })?;
        Ok(set)
    }

    /// Those of some columns that the file has.
    fn known_columns(&self, names: &[&'static str]) -> Result<Vec<&'static str>, PartError> {
        let schema = self.schema()?;
        Ok(names.iter().copied().filter(|name| schema.column_with_name(name).is_some()).collect())
    }
}

impl Names {
    fn add(&mut self, lists: &ListArray, first: usize) {
        let Some(texts) = lists.values().as_any().downcast_ref::<StringArray>() else { return };
        for row in 0..lists.len() {
            for name in range(lists, row).map(|place| texts.value(place)) {
                let rows = match self.of.get_mut(name) {
                    Some(rows) => rows,
                    None => self.of.entry(name.into()).or_insert(Rows::Few(Vec::new())),
                };
                rows.put(first + row, self.rows);
            }
        }
    }
}

fn whole(row_group: usize) -> Slice {
    Slice { row_group, selection: None, filter: None }
}
