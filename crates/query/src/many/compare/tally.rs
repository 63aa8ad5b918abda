//! Counts of values, field by field, within the bounds of `CP-1`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use model::TraceDigest;
use model::property::{self, Property};

use super::{
    Difference, FEW, FieldKind, MAX_BYTES, MAX_FIELDS, MAX_VALUES, Pair, SHOWN, Sides, UNIQUE, Value,
};
use crate::filter::{Quoted, condition};
use crate::many::facet::Facet;
use crate::many::url::UrlSlice;

/// What a value costs besides its text.
const ENTRY_BYTES: usize = 96;
/// A value begins with a letter for its type, since those that look alike are not the same.
const TEXT: char = 's';
const LITERAL: char = 'l';

/// A field as the digest names it.
#[derive(Debug, Clone, Copy)]
enum FieldRef<'a> {
    Annotation(&'a str),
    Version(&'a str),
    Fixed(&'static Property),
}

#[derive(Debug, Default)]
pub(in crate::many) struct Tallies {
    annotations: HashMap<String, Tally>,
    versions: HashMap<String, Tally>,
    fixed: BTreeMap<&'static Property, Tally>,
    /// Of all values that are kept.
    bytes: usize,
    /// The trace being counted, from 1.
    trace: u64,
    fields_left_out: bool,
    /// For the value at hand, which is new or known.
    scratch: String,
}

#[derive(Debug, Default)]
struct Tally {
    values: HashMap<Box<str>, Entry>,
    present: Once,
    /// Traces with a value that is not kept.
    unkept: Once,
}

#[derive(Debug, Default)]
struct Entry {
    traces: Once,
    /// Of what the text alone does not tell.
    filter: Option<Box<str>>,
    urls: Option<Box<UrlSlice>>,
}

/// Counts each trace once, however often it is told of it.
#[derive(Debug, Default)]
struct Once {
    traces: Pair,
    last: u64,
}

impl Once {
    fn add(&mut self, trace: u64, sides: Sides) {
        if self.last != trace {
            self.last = trace;
            self.traces.add(sides);
        }
    }
}

impl Tallies {
    pub(in crate::many) fn add(&mut self, digest: &TraceDigest, sides: Sides) {
        self.trace += 1;
        for annotation in &digest.annotations {
            let value = property::Value::of(&annotation.value);
            self.count(digest, sides, FieldRef::Annotation(&annotation.key), value);
        }
        for (node, version) in &digest.versions {
            if let Some(node) = digest.nodes.get(*node as usize) {
                let value = property::Value::Text(version);
                self.count(digest, sides, FieldRef::Version(&node.key.name), value);
            }
        }
        for (_, field) in Property::FIXED {
            field.each(digest, |value| self.count(digest, sides, FieldRef::Fixed(field), value));
        }
    }

    pub(in crate::many) fn fields_left_out(&self) -> bool {
        self.fields_left_out
    }

    fn count(&mut self, digest: &TraceDigest, sides: Sides, field: FieldRef<'_>, value: property::Value<'_>) {
        let fields = self.annotations.len() + self.versions.len();
        let tally = match field {
            FieldRef::Fixed(field) => Some(self.fixed.entry(field).or_default()),
            FieldRef::Annotation(key) => named(&mut self.annotations, key, fields),
            FieldRef::Version(service) => named(&mut self.versions, service, fields),
        };
        let Some(tally) = tally else {
            self.fields_left_out = true;
            return;
        };
        tally.present.add(self.trace, sides);
        let is_url = matches!(field, FieldRef::Fixed(Property::Endpoint));
        self.scratch.clear();
        self.scratch.push(if matches!(value, property::Value::Text(_)) { TEXT } else { LITERAL });
        // Nothing is refused by a string.
        let _ = write!(self.scratch, "{value}");
        let key = self.scratch.as_str();
        let entry = match tally.values.get_mut(key) {
            Some(entry) => entry,
            None => {
                let filter = match (field, value) {
                    (FieldRef::Fixed(field), property::Value::Cause(_) | property::Value::Between(..)) => {
                        condition::has(field, value)
                    }
                    _ => None,
                };
                let bytes = key.len() + filter.as_ref().map_or(0, String::len) + ENTRY_BYTES;
                if tally.values.len() >= MAX_VALUES || self.bytes + bytes > MAX_BYTES {
                    tally.unkept.add(self.trace, sides);
                    return;
                }
                self.bytes += bytes;
                let urls = is_url.then(Box::default);
                let entry = Entry { filter: filter.map(String::into_boxed_str), urls, ..Entry::default() };
                tally.values.entry(key.into()).or_insert(entry)
            }
        };
        entry.traces.add(self.trace, sides);
        if let Some(urls) = &mut entry.urls {
            urls.add(digest);
        }
    }

    /// What differs most first; where nothing does, in the order of the fields.
    pub(super) fn finish(self, of: Pair) -> Vec<Difference> {
        let annotations = self.annotations.into_iter().map(|(key, tally)| (Property::Annotation(key), tally));
        let versions = self.versions.into_iter().map(|(service, tally)| (Property::Version(service), tally));
        let fixed = self.fixed.into_iter().map(|(field, tally)| (field.clone(), tally));
        let fields = annotations.chain(versions).chain(fixed);
        let mut differences: Vec<Difference> = fields.map(|(field, tally)| tally.finish(field, of)).collect();
        differences.sort_by(|one, other| {
            other.delta.total_cmp(&one.delta).then_with(|| one.field.cmp(&other.field))
        });
        differences
    }
}

impl Tallies {
    /// The fields of one set, A, each with its most frequent values, at most `most` of them.
    pub(in crate::many) fn facets(self, of: u64, most: usize) -> Vec<Facet> {
        let annotations = self.annotations.into_iter().map(|(key, tally)| (Property::Annotation(key), tally));
        let versions = self.versions.into_iter().map(|(service, tally)| (Property::Version(service), tally));
        let fixed = self.fixed.into_iter().map(|(field, tally)| (field.clone(), tally));
        let fields = fixed.chain(versions).chain(annotations);
        let mut facets: Vec<Facet> = fields.map(|(field, tally)| tally.facet(field, of, most)).collect();
        facets.sort_by(|one, other| one.field.cmp(&other.field));
        facets
    }
}

fn named<'a>(tallies: &'a mut HashMap<String, Tally>, name: &str, fields: usize) -> Option<&'a mut Tally> {
    if !tallies.contains_key(name) {
        if fields >= MAX_FIELDS {
            return None;
        }
        tallies.insert(name.to_owned(), Tally::default());
    }
    tallies.get_mut(name)
}

impl Tally {
    fn facet(self, field: Property, of: u64, most: usize) -> Facet {
        let distinct = self.values.len();
        let absent = of - self.present.traces.a;
        let is_cut = self.unkept.traces.a > 0;
        let mentions: u64 = self.values.values().map(|entry| entry.traces.traces.a).sum();
        let mut values: Vec<(Box<str>, Entry)> = self.values.into_iter().collect();
        values.sort_by(|(text, entry), (other_text, other)| {
            let by_count = other.traces.traces.a.cmp(&entry.traces.traces.a);
            by_count.then_with(|| text.cmp(other_text))
        });
        values.truncate(most);
        Facet {
            is_id: distinct > FEW && distinct as f64 > UNIQUE * mentions as f64,
            values: values.into_iter().map(|(text, entry)| value(&field, Some(&text), entry)).collect(),
            lacking: (absent > 0).then(|| Value {
                text: None,
                filter: Some(condition::lacks(&field)),
                traces: Pair { a: absent, b: 0 },
            }),
            distinct: distinct as u64,
            is_cut,
            field,
        }
    }

    fn finish(self, field: Property, of: Pair) -> Difference {
        let distinct = self.values.len();
        let mentions: u64 = self.values.values().map(|entry| entry.traces.traces.sum()).sum();
        let is_id = distinct > FEW && distinct as f64 > UNIQUE * mentions as f64;
        let present = self.present.traces;
        let absent = Pair { a: of.a - present.a, b: of.b - present.b };
        let mut values: Vec<(Option<Box<str>>, Entry)> =
            self.values.into_iter().map(|(text, entry)| (Some(text), entry)).collect();
        if absent.sum() > 0 {
            let traces = Once { traces: absent, last: 0 };
            values.push((None, Entry { traces, ..Entry::default() }));
        }
        values.sort_by(|(text, entry), (other_text, other)| {
            let (traces, others) = (entry.traces.traces, other.traces.traces);
            // Halves that complete each other differ by the same, but for rounding: what there is more of in A is first.
            let rounded = |pair: Pair| (pair.delta(of) * 1e9).round();
            let (delta, other) = (rounded(traces), rounded(others));
            let by_delta = other.abs().total_cmp(&delta.abs()).then_with(|| other.total_cmp(&delta));
            by_delta.then_with(|| others.sum().cmp(&traces.sum())).then_with(|| text.cmp(other_text))
        });
        let delta = values.first().map_or(0.0, |(_, entry)| entry.traces.traces.delta(of).abs());
        let hidden = values.split_off(values.len().min(SHOWN));
        let mut other_traces = self.unkept.traces;
        for (_, entry) in &hidden {
            other_traces.a += entry.traces.traces.a;
            other_traces.b += entry.traces.traces.b;
        }
        Difference {
            kind: if is_id { FieldKind::Id } else { kind(&field) },
            delta,
            others: hidden.len() as u64,
            other_traces,
            distinct: distinct as u64,
            is_cut: self.unkept.traces.sum() > 0,
            values: values.into_iter().map(|(text, entry)| value(&field, text.as_deref(), entry)).collect(),
            field,
        }
    }
}

/// Why a reader might look at it.
fn kind(field: &Property) -> FieldKind {
    match field {
        Property::Number(_) | Property::Exception | Property::Cause(_) => FieldKind::Failure,
        _ => FieldKind::Context,
    }
}

fn value(field: &Property, key: Option<&str>, entry: Entry) -> Value {
    let text = key.map(|key| key.get(1..).unwrap_or_default());
    let filter = match (key, text, entry.urls, entry.filter) {
        (_, _, Some(urls), _) => urls.filter(text.unwrap_or_default()),
        (_, _, None, Some(filter)) => Some(filter.into()),
        (Some(key), Some(text), ..) if key.starts_with(TEXT) => {
            condition::has_literal(field, &Quoted(text).to_string())
        }
        (_, Some(literal), ..) => condition::has_literal(field, literal),
        (_, None, ..) => Some(condition::lacks(field)),
    };
    Value { text: text.map(str::to_owned), filter, traces: entry.traces.traces }
}
