//! The annotations of one digest as one text of bytes, as they go through a batch on their way into a part.

use model::TraceDigest;
use model::digest::AnnotationSet;
use model::segment::{Annotation, AnnotationValue};

use super::owner;

/// Before a value as text: its type.
const STRING: u8 = b's';
const NUMBER: u8 = b'n';
const BOOLEAN: u8 = b'b';

/// Sets, each whose it is and how many annotations; these, each its key and its value with the type before it.
pub(crate) fn encode(digest: &TraceDigest) -> Vec<u8> {
    let mut out = Vec::with_capacity(digest.annotations.len() * 32);
    let annotations = &digest.annotations;
    let known: usize = digest.annotation_sets.iter().map(|set| set.count as usize).sum();
    if known == annotations.len() {
        let mut rest = annotations.as_slice();
        for set in &digest.annotation_sets {
            let (own, others) = rest.split_at(set.count as usize);
            rest = others;
            write_set(&mut out, set.node.map_or(owner::NONE, |node| node + owner::NODE), own);
        }
    } else {
        write_set(&mut out, owner::UNKNOWN, annotations);
    }
    if digest.annotations_cut {
        write_set(&mut out, owner::CUT, &[]);
    }
    out
}

fn write_set(out: &mut Vec<u8>, owner: u32, annotations: &[Annotation]) {
    write_number(out, owner as usize);
    write_number(out, annotations.len());
    for annotation in annotations {
        write_bytes(out, annotation.key.as_bytes());
        let (kind, text) = match &annotation.value {
            AnnotationValue::String(text) => {
                write_number(out, text.len() + 1);
                out.push(STRING);
                out.extend_from_slice(text.as_bytes());
                continue;
            }
            other @ AnnotationValue::Number(_) => (NUMBER, other.to_string()),
            other @ AnnotationValue::Boolean(_) => (BOOLEAN, other.to_string()),
        };
        write_number(out, text.len() + 1);
        out.push(kind);
        out.extend_from_slice(text.as_bytes());
    }
}

/// What a digest has of it; `None` where they are not such bytes.
pub(crate) fn decode(row: &[u8]) -> Option<(Vec<Annotation>, Vec<AnnotationSet>)> {
    let (mut annotations, mut sets) = (Vec::new(), Vec::new());
    each_set(row, |owner, pairs| {
        for &(key, value) in pairs {
            let key = std::str::from_utf8(key).ok()?.to_owned();
            annotations.push(Annotation { key, value: read_value(value)? });
        }
        let count = u32::try_from(pairs.len()).ok()?;
        match owner {
            owner::UNKNOWN | owner::CUT => {}
            owner => sets.push(AnnotationSet { node: owner.checked_sub(owner::NODE), count }),
        }
        Some(())
    })?;
    Some((annotations, sets))
}

/// Shows each set: whose it is, and its keys and values.
pub(super) fn each_set<'a>(
    row: &'a [u8],
    mut see: impl FnMut(u32, &[(&'a [u8], &'a [u8])]) -> Option<()>,
) -> Option<()> {
    let mut rest = row;
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let owner = u32::try_from(read_number(&mut rest)?).ok()?;
        let count = read_number(&mut rest)?;
        pairs.clear();
        for _ in 0..count {
            let key = read_bytes(&mut rest)?;
            pairs.push((key, read_bytes(&mut rest)?));
        }
        see(owner, &pairs)?;
    }
    Some(())
}

fn read_value(value: &[u8]) -> Option<AnnotationValue> {
    let (kind, text) = value.split_first()?;
    let text = std::str::from_utf8(text).ok()?;
    match *kind {
        STRING => Some(AnnotationValue::String(text.to_owned())),
        NUMBER => text.parse().ok().map(AnnotationValue::Number),
        BOOLEAN => text.parse().ok().map(AnnotationValue::Boolean),
        _ => None,
    }
}

/// The values, as they stand here, that are this one however it is written.
pub(super) fn spellings(wanted: &str) -> Vec<Vec<u8>> {
    let typed = |kind: u8, text: &str| [&[kind], text.as_bytes()].concat();
    let mut all = vec![typed(STRING, wanted)];
    if let Ok(number) = wanted.parse::<f64>() {
        all.push(typed(NUMBER, &number.to_string()));
        if number == 0.0 {
            all.push(typed(NUMBER, &(-number).to_string()));
        }
    }
    if let Ok(boolean) = wanted.parse::<bool>() {
        all.push(typed(BOOLEAN, &boolean.to_string()));
    }
    all
}

pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_number(out, bytes.len());
    out.extend_from_slice(bytes);
}

pub(super) fn read_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = read_number(rest)?;
    let (bytes, others) = rest.split_at_checked(length)?;
    *rest = others;
    Some(bytes)
}

pub(super) fn write_number(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(super) fn read_number(rest: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, others) = rest.split_first()?;
        *rest = others;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
