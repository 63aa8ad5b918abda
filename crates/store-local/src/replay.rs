//! From the files of a directory to the state of a store: what opening does.

use std::collections::HashSet;
use std::io;

use row::StoredBytes;
use row::codec::{Reduced, decode_commit};
use store::{Commit, StoreError};

use crate::config::Config;
use crate::core::Core;
use crate::core::state::State;
use crate::directory::{Directory, log_file_name};
use crate::file;
use crate::keys;
use crate::log::file::{self as log_file, Damage};
use crate::log::frame::{Frame, Kind};
use crate::manifest::Manifest;

/// What opening found.
pub(crate) struct Replayed {
    pub(crate) core: Core,
    /// The number of the log file to begin with.
    pub(crate) next_log_file: u64,
}

/// Opens a directory and reads the log that is not in parts.
pub(crate) fn open(config: Config) -> Result<Replayed, StoreError> {
    let directory = Directory::open(&config.dir, config.keys.clone())?;
    let manifest = Manifest::load(&directory)?;
    manifest.check_keys(config.keys.as_deref())?;
    let core = with_parts(directory, config, manifest).map_err(io_error("open the data directory"))?;
    check_parts(&core)?;
    let (next_log_file, damaged_log_files) = replay_log(&core)?;
    recover_undigested(&core)?;
    core.replayed(damaged_log_files);
    Ok(Replayed { core, next_log_file })
}

fn with_parts(directory: Directory, config: Config, manifest: Manifest) -> io::Result<Core> {
    directory.sweep(|name| manifest.parts.iter().any(|part| part.file == name))?;
    let damaged = directory.set_aside_before()?;
    Ok(Core::named(directory, config, manifest, damaged))
}

/// Sets parts aside that are missing or cut, and reads which rows no longer count.
fn check_parts(core: &Core) -> Result<(), StoreError> {
    core.read(|_| (), |(), catalog| catalog.check_sizes())?;
    let catalog = core.read(|_| (), |(), catalog| catalog.with_hidden_rows())?;
    core.counted(catalog);
    Ok(())
}

fn replay_log(core: &Core) -> Result<(u64, HashSet<u64>), StoreError> {
    let log_from = core.look_on_disk(|manifest| manifest.log_from);
    let numbers = core.directory.log_files().map_err(io_error("list the log"))?;
    let last = numbers.last().copied();
    let mut damaged = HashSet::new();
    let mut commit = Vec::new();
    for number in numbers {
        let path = core.directory.log_file(number);
        if number < log_from {
            drop_old(core, number)?;
            continue;
        }
        let content = log_file::read(&path, number, Some(number) == last, core.directory.keys())
            .map_err(keys::log_error)?;
        for (place, frame) in content.frames.iter().enumerate() {
            // Digests and minutes are differences: after one is lost, none that follows can be added. The
            // digest worker makes them again from the documents.
            let commits_count = damaged.is_empty() && place < content.before_damage;
            apply(core, frame, commits_count, &mut commit)?;
        }
        match content.damage {
            Damage::None => {}
            Damage::TornTail { good_bytes } => {
                tracing::warn!(
                    file = log_file_name(number),
                    good_bytes,
                    "cut what was being written when the process died"
                );
                log_file::cut(&path, good_bytes).map_err(io_error("cut the log"))?;
            }
            Damage::Inside { lost_bytes } => {
                tracing::error!(
                    file = log_file_name(number),
                    lost_bytes,
                    "a log file is damaged, what can be read of it goes on"
                );
                damaged.insert(number);
            }
        }
        if Some(number) == last {
            // What the last process wrote and did not sync is taken for durable from now on.
            log_file::sync(&path).map_err(io_error("sync the log"))?;
        }
        if content.frames.is_empty() && !damaged.contains(&number) {
            file::remove(&path).map_err(io_error("delete an empty log file"))?;
        } else {
            core.log_grew(file::length(&path).map_err(io_error("look at the log"))?);
        }
    }
    Ok((last.map_or(log_from, |last| log_from.max(last + 1)), damaged))
}

/// Deletes a log file that the manifest covers: a crash came between the flush and this. What is damaged of it is kept for
/// people (`LS-5`).
fn drop_old(core: &Core, number: u64) -> Result<(), StoreError> {
    let path = core.directory.log_file(number);
    let content = log_file::read(&path, number, false, core.directory.keys());
    let dropped = match content.is_ok_and(|content| matches!(content.damage, Damage::Inside { .. })) {
        true => core.directory.set_aside(&path).inspect(|()| core.log_set_aside(number)),
        false => file::remove(&path),
    };
    dropped.map_err(io_error("delete an old log file"))
}

/// Takes one frame. `commit` gathers the pieces of a commit.
fn apply(core: &Core, frame: &Frame, commits_count: bool, commit: &mut Vec<u8>) -> Result<(), StoreError> {
    match frame.kind {
        Kind::Document => {
            let Some((trace_id, received, raw)) = frame.document() else { return Ok(()) };
            core.replayed_document(StoredBytes::new(frame.sequence, received, trace_id, raw));
        }
        Kind::CommitPiece if commits_count => commit.extend_from_slice(&frame.payload),
        Kind::CommitEnd if commits_count => {
            commit.extend_from_slice(&frame.payload);
            let encoded = std::mem::take(commit);
            match decode_commit(&encoded) {
                Ok(Reduced { digests, minutes, awaited, answered }) => {
                    let through = frame.sequence.into();
                    let commit = Commit { through, digests, minutes, awaited, answered, ..Commit::default() };
                    let prepared = core.prepare(commit, Vec::new())?;
                    core.replayed_commit(prepared);
                }
                Err(error) => tracing::error!(%error, "a commit is no longer understood"),
            }
        }
        Kind::CommitPiece | Kind::CommitEnd => commit.clear(),
    }
    Ok(())
}

/// Where commits were lost, the documents after the last good one may already be in parts alone.
fn recover_undigested(core: &Core) -> Result<(), StoreError> {
    let in_parts = core.look_on_disk(|manifest| manifest.newest);
    let digested = core.look(State::digested);
    if digested >= in_parts {
        return Ok(());
    }
    let recovered = core.read(|_| (), |(), catalog| catalog.documents_after(digested))?;
    core.recovered(recovered);
    Ok(())
}

fn io_error(action: &str) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::failed(action, source)
}
