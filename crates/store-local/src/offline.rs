//! A data directory as other tools see it: read and never written, whether a server runs on it or not.
//!
//! Parts never change and the manifest is replaced as a whole, so reading beside a running server is safe.
//! A part that a merge took away meanwhile is told from damage by reading the manifest again. With no server
//! running the directory is locked, shared with other readers, so that none starts in between.

mod check;
mod read;
mod traces;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use model::segment::Sequence;
use model::{StoredDocument, TraceDigest, TraceId};
use row::StoredBytes;
use store::StoreError;

pub use self::check::{Depth, Report, Summary, check};
pub use self::read::{Received, documents_of_parquet};
use crate::catalog::{Catalog, PartError};
use crate::directory::Directory;
use crate::keys::{self, Seals};
use crate::log::file as log_file;
use crate::log::frame::Kind;
use crate::manifest::Manifest;
pub use crate::manifest::Table;
use crate::part::Part;

/// Reduces the documents of a trace again. The store does not know how; `query` does.
pub type Reduce<'a> = &'a dyn Fn(TraceId, &[Arc<StoredDocument>]) -> TraceDigest;

/// A data directory that is only read.
pub struct Offline {
    directory: Directory,
    manifest: Manifest,
    catalog: Catalog,
    /// A server has it open. What is written meanwhile is seen in part or not at all.
    pub is_in_use: bool,
}

/// What the log has beyond the parts.
#[derive(Default)]
struct Unflushed {
    documents: Vec<StoredBytes>,
    /// Of each trace, indices into `documents`.
    by_trace: HashMap<TraceId, Vec<usize>>,
}

impl Offline {
    /// `Unusable` where there is no store, or one of a newer version.
    pub fn open(dir: &Path, keys: Option<Arc<Seals>>) -> Result<Self, StoreError> {
        let (directory, is_in_use) = Directory::look(dir, keys)?;
        let manifest = Manifest::look(&directory)?;
        manifest.check_keys(directory.keys())?;
        let catalog = Catalog::new(&directory, &manifest);
        Ok(Self { directory, manifest, catalog, is_in_use })
    }

    /// Documents that are in the log and in no part yet.
    pub fn documents_in_log(&self) -> Result<u64, StoreError> {
        Ok(self.unflushed()?.documents.len() as u64)
    }

    fn unflushed(&self) -> Result<Unflushed, StoreError> {
        let mut unflushed = Unflushed::default();
        let mut newest = self.manifest.newest;
        for number in self.log_files()? {
            let path = self.directory.log_file(number);
            let content = match log_file::read(&path, number, true, self.directory.keys()) {
                Ok(content) => content,
                // The server has written its content as parts meanwhile.
                Err(error) if self.is_in_use && error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(keys::log_error(error)),
            };
            for frame in content.frames.iter().filter(|frame| frame.kind == Kind::Document) {
                let Some((trace_id, received, raw)) = frame.document() else { continue };
                if frame.sequence > newest {
                    newest = frame.sequence;
                    let place = unflushed.documents.len();
                    unflushed.by_trace.entry(trace_id).or_default().push(place);
                    let held = StoredBytes::new(frame.sequence, received, trace_id, raw);
                    unflushed.documents.push(held);
                }
            }
        }
        Ok(unflushed)
    }

    /// The log files that count.
    fn log_files(&self) -> Result<Vec<u64>, StoreError> {
        let numbers = self.directory.log_files().map_err(failed("list the log"))?;
        Ok(numbers.into_iter().filter(|&number| number >= self.manifest.log_from).collect())
    }

    fn parts(&self, table: Table) -> impl Iterator<Item = &Arc<Part>> {
        self.catalog.of(table)
    }

    /// Whether a part is gone because a server merged or dropped it meanwhile.
    fn has_left(&self, file: &str) -> bool {
        let is_named = |manifest: Manifest| manifest.parts.iter().any(|part| part.file == file);
        self.is_in_use && Manifest::look(&self.directory).is_ok_and(|manifest| !is_named(manifest))
    }
}

impl Unflushed {
    fn of_trace(&self, id: TraceId, through: Sequence) -> impl Iterator<Item = &StoredBytes> {
        let places = self.by_trace.get(&id).into_iter().flatten();
        places.map(|&place| &self.documents[place]).filter(move |held| held.sequence <= through)
    }
}

impl fmt::Debug for Offline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offline").field("dir", &self.directory.root()).finish_non_exhaustive()
    }
}

fn failed(action: &str) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::failed(action, source)
}

fn store_error(error: PartError) -> StoreError {
    match error {
        PartError::Damaged { file, detail } => {
            StoreError::Damaged { what: format!("{file} is damaged: {detail}") }
        }
        PartError::Unreadable { file, source } => StoreError::failed(format!("read {file}"), source),
    }
}
