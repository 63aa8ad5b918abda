//! Whether what a manifest says can be: its checksum tells damage, and not what somebody wrote who knows how to make one.
//!
//! Parts are deleted and set aside by the names that it has, so a name must not lead out of their folder.

use std::collections::HashSet;

use model::Timestamp;

use super::{Manifest, PartEntry};

/// Sums of so many parts, and numbers that only grow from here, stay below what fits.
const MAX_PARTS: usize = 1 << 20;
const MAX_COUNT: u64 = 1 << 40;
const MAX_NUMBER: u64 = 1 << 62;
/// Microseconds before and after 1970: some 70,000 years.
const MAX_MICROS: u64 = 1 << 61;
const MAX_MINUTES: u64 = MAX_MICROS / 60_000_000;

/// What cannot be, in words.
pub(super) fn check(manifest: &Manifest) -> Result<(), String> {
    let numbers = [manifest.log_from, manifest.next_generation, manifest.newest.0, manifest.digested.0];
    if numbers.iter().any(|number| *number > MAX_NUMBER)
        || manifest.documents > MAX_COUNT
        || manifest.replacing_nothing.unsigned_abs() > MAX_COUNT
        || manifest.newest_received.is_some_and(|at| !is_time(at))
    {
        return Err("it counts more than there can be".to_owned());
    }
    if manifest.parts.len() > MAX_PARTS {
        return Err(format!("it has {} parts", manifest.parts.len()));
    }
    let mut names = HashSet::with_capacity(manifest.parts.len());
    for part in &manifest.parts {
        if !is_file_name(&part.file) {
            return Err(format!("{:?} is no name of a part", part.file));
        }
        if !names.insert(part.file.as_str()) {
            return Err(format!("{} is in it twice", part.file));
        }
        if !counts_can_be(part) {
            return Err(format!("{} cannot hold what it is said to", part.file));
        }
    }
    Ok(())
}

fn is_file_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.bytes().all(is_plain)
}

fn counts_can_be(part: &PartEntry) -> bool {
    let counts = [part.rows, part.bytes, part.documents, part.replacing];
    let ranges = [part.start, part.received, part.end].into_iter().flatten();
    let minutes = part.minutes.into_iter().flat_map(|(first, last)| [first, last]);
    part.generation <= MAX_NUMBER
        && counts.iter().all(|count| *count <= MAX_COUNT)
        && part.sequences.is_none_or(|(first, last)| first.0 <= MAX_NUMBER && last.0 <= MAX_NUMBER)
        && ranges.flat_map(|(first, last)| [first, last]).all(is_time)
        && minutes.into_iter().all(|minute| minute.0.unsigned_abs() <= MAX_MINUTES)
}

fn is_time(at: Timestamp) -> bool {
    at.0.unsigned_abs() <= MAX_MICROS
}
