//! A part of its own for tests; and what is in memory while parts are written and merged, as counted.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, BinaryArray};
use model::TraceDigest;
use model::digest::AnnotationSet;
use model::segment::{Annotation, AnnotationValue};
use proptest::prelude::*;
use row::columns::traces;
use store::Predicate;
use store::conformance::sample::{digest, trace_id};

use super::annotated::Annotated;
use super::narrow::LARGEST_COLUMN;
use super::{INDEX_BYTES, Rows, TracesWriter};
use crate::directory::PartPath;
use crate::flush::entry;
use crate::manifest::{PartEntry, Table};
use crate::part::annotations::{self, Gathered, Reader};
use crate::part::merge::merge_traces;
use crate::part::schema::traces_properties;
use crate::part::write::{GROUP_BYTES, PartWriter};
use crate::part::{Part, terms};
use crate::upkeep::choice::reading_bytes;

/// A part with these digests, whose rows are in their order if they are in that of their starts.
pub(crate) fn part_of(digests: &[TraceDigest]) -> (tempfile::TempDir, Part) {
    let directory = tempfile::tempdir().unwrap();
    let part = part_in(directory.path(), 1, digests);
    (directory, part)
}

fn part_in(directory: &Path, number: usize, digests: &[TraceDigest]) -> Part {
    let file = format!("traces-{number}.parquet");
    let path = PartPath::plain(directory.join(&file));
    let digests: HashMap<_, _> = digests.iter().map(|digest| (digest.id, Arc::new(digest.clone()))).collect();
    let (written, reading_bytes) = super::write(&path, &digests, &HashSet::new()).unwrap();
    let entry = entry(Table::Traces, file, number as u64, &written);
    Part::new(PartEntry { reading_bytes: Some(reading_bytes), ..entry }, path)
}

/// A trace of so many names, and with an annotation of so many bytes, that no other has.
fn wide(trace: u32, names: usize, annotation_bytes: usize) -> TraceDigest {
    let mut made = digest(trace, 1, i64::from(trace));
    let node = made.nodes[0].clone();
    made.nodes.extend((0..names).map(|number| {
        let mut node = node.clone();
        node.key.name = format!("svc-{trace}-{number}");
        node
    }));
    if annotation_bytes > 0 {
        made.annotations.push(Annotation { key: "order".to_owned(), value: text(trace, annotation_bytes) });
        made.annotation_sets.push(AnnotationSet { node: None, count: 1 });
    }
    made
}

fn text(trace: u32, bytes: usize) -> AnnotationValue {
    AnnotationValue::String(format!("{trace:0bytes$}"))
}

/// The index of a part is in memory for one row group and not for all, and a row group with a large one ends early.
#[test]
fn a_row_group_ends_when_its_index_takes_much() {
    const TRACES: u32 = 40_000;
    const BATCH: u32 = 1_000;
    const TEXT_BYTES: usize = 2_000;
    let directory = tempfile::tempdir().unwrap();
    let path = PartPath::plain(directory.path().join("traces-1.parquet"));
    let properties = traces_properties(u64::from(TRACES)).unwrap();
    let mut writer = TracesWriter::create(&path, properties).unwrap();
    let mut most = 0;
    for first in (0..TRACES).step_by(BATCH as usize) {
        let mut rows = Rows::default();
        (first..first + BATCH).for_each(|trace| rows.add(&wide(trace, 0, TEXT_BYTES), false));
        writer.write_batch(&rows.finish().unwrap()).unwrap();
        most = most.max(writer.held_bytes());
    }
    let all = TRACES as usize * TEXT_BYTES;
    assert!(most < INDEX_BYTES && INDEX_BYTES < all / 2, "{most} of {all}");
    let (written, reading_bytes) = writer.finish().unwrap();
    assert!(reading_bytes < INDEX_BYTES as u64 && written.held_bytes < (INDEX_BYTES + all / 10) as u64);
    let part = Part::new(entry(Table::Traces, "traces-1.parquet".to_owned(), 1, &written), path);
    let groups = part.group_rows().unwrap();
    assert!(groups.len() > 2 && groups.iter().sum::<usize>() == TRACES as usize, "{groups:?}");
    // Each has the index of its own rows.
    let mut reader = Reader::of(&part).unwrap().unwrap();
    let mut first = 0;
    for (group, rows) in groups.into_iter().enumerate() {
        let (trace, last) = (first as u32 + 7, rows - 1);
        let found = reader.matching(group, "order", Some(&text(trace, TEXT_BYTES).to_string())).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), [7]);
        reader.rows(group, &[last], |row, _| assert_eq!(row, last)).unwrap();
        let strange = Predicate::Node { name: Some("svc".to_owned()), kind: None, account: None };
        assert_eq!(part.chunks(&strange, group).unwrap(), 0);
        let known = Predicate::Node { name: Some("shop".to_owned()), kind: None, account: None };
        let chunks = rows.div_ceil(terms::CHUNK_ROWS);
        assert_eq!(part.chunks(&known, group).unwrap().count_ones() as usize, chunks);
        assert_eq!(part.digests_at(&[first]).unwrap()[&first].id, trace_id(first as u32));
        first += rows;
    }
}

/// In format 3 the indexes of all row groups stood in one piece, behind the places where each begins.
#[test]
fn an_index_in_one_piece_is_read() {
    const TRACES: u32 = 700;
    let directory = tempfile::tempdir().unwrap();
    let path = PartPath::plain(directory.path().join("traces-1.parquet"));
    let mut rows = Rows::default();
    (0..TRACES).for_each(|trace| rows.add(&wide(trace, 1, 10), false));
    let mut batch = rows.finish().unwrap();
    let mut annotations = Gathered::default();
    let encoded = batch.remove_column(batch.num_columns() - 1);
    let encoded: &BinaryArray = encoded.as_any().downcast_ref().unwrap();
    encoded.iter().flatten().for_each(|row| annotations.add(row).unwrap());
    let mut terms = terms::Terms::default();
    terms.add(&batch);
    let mut writer = PartWriter::create(&path, batch.schema(), traces_properties(700).unwrap()).unwrap();
    writer.write_batch(&batch).unwrap();
    writer.end_group().unwrap();
    let whole = |places: &[u64], index: Vec<u8>| {
        places.iter().flat_map(|place| place.to_le_bytes()).chain(index).collect::<Vec<u8>>()
    };
    writer.attach(terms::INDEX.whole, &whole(&[8], terms.finish())).unwrap();
    let annotations = annotations.finish().unwrap();
    let end = 16 + annotations.len() as u64;
    writer.attach(annotations::INDEX.whole, &whole(&[16, end], annotations)).unwrap();
    let written = writer.finish().unwrap();
    let part = Part::new(entry(Table::Traces, "traces-1.parquet".to_owned(), 1, &written), path);
    let chunks = |name: &str| {
        let predicate = Predicate::Node { name: Some(name.to_owned()), kind: None, account: None };
        part.chunks(&predicate, 0).unwrap()
    };
    assert_eq!([chunks("svc-699-0"), chunks("nowhere")], [1, 0]);
    let mut reader = Reader::of(&part).unwrap().unwrap();
    let found = reader.matching(0, "order", Some(&text(617, 10).to_string())).unwrap();
    assert_eq!(found.iter().collect::<Vec<_>>(), [617]);
    assert_eq!(*part.digests_at(&[618]).unwrap()[&618], wide(618, 1, 10));
}

/// A row group with very many names is looked through for each question, and the answer is as that of others.
#[test]
fn a_name_among_very_many_is_found() {
    const TRACES: usize = 600;
    let digests: Vec<TraceDigest> = (0..TRACES as u32).map(|trace| wide(trace, 400, 0)).collect();
    let (_directory, part) = part_of(&digests);
    assert!(part.column_bytes(0, traces::SERVICES).unwrap() > LARGEST_COLUMN);
    let rows = |name: &str| {
        let predicate = Predicate::Node { name: Some(name.to_owned()), kind: None, account: None };
        let narrowed = part.narrow(&predicate, 0, TRACES, &Annotated::default()).unwrap().unwrap();
        narrowed.rows.iter().collect::<Vec<_>>()
    };
    assert_eq!(rows("svc-417-3"), [417]);
    assert_eq!(rows("shop"), (0..TRACES).collect::<Vec<_>>());
    assert!(rows("nowhere").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What a merge was estimated to take before it began is what it takes at the most, whatever its parts are like.
    #[test]
    fn a_merge_holds_no_more_than_was_estimated(
        parts in prop::collection::vec((1..400_u32, 0..60_usize, 0..6_000_usize, 1..50_u32), 2..6),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut digests = Vec::new();
        let parts: Vec<Arc<Part>> = parts.into_iter().enumerate().map(|(number, (rows, names, bytes, every))| {
            // Those that lie beside each other in time come from different parts, and one in some is larger.
            let own: Vec<TraceDigest> = (0..rows).map(|row| {
                let size = if row % every == 0 { 1 } else { 10 };
                wide(row * 8 + number as u32, names / size, bytes / size)
            }).collect();
            digests.extend(own.iter().cloned());
            Arc::new(part_in(directory.path(), number, &own))
        }).collect();
        let estimated: u64 = parts.iter().map(|part| reading_bytes(&part.entry)).sum();
        let path = PartPath::plain(directory.path().join("traces-9.parquet"));
        let merged = merge_traces(&path, &parts, |_, _| true, &mut || Ok(())).unwrap();
        let bound = estimated + (GROUP_BYTES + INDEX_BYTES) as u64;
        prop_assert!(merged.written.held_bytes <= bound, "{} of {}", merged.written.held_bytes, bound);
        let part = Part::new(entry(Table::Traces, "traces-9.parquet".to_owned(), 9, &merged.written), path);
        digests.sort_by_key(|digest| digest.start);
        let numbers: Vec<usize> = (0..digests.len()).collect();
        let found = part.digests_at(&numbers).unwrap();
        for (number, digest) in digests.iter().enumerate() {
            prop_assert_eq!(&*found[&number], digest);
        }
    }
}
