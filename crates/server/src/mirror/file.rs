//! How far a mirror is, in a file of the data directory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::file_of;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mark {
    /// The mirror's name, which PostgreSQL has.
    pub(super) store: String,
    /// What was received before this is there.
    pub(super) through: Timestamp,
    /// Nothing was on its way when this was written and the process ended.
    pub(super) is_settled: bool,
}

impl Mark {
    /// None where there is none that can be read: then all is compared, which takes longer and harms nothing.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        let text = fs::read(file_of(directory)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Whole or not at all. It is no harm if an older one is found after a loss of power.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let (path, new) = (file_of(directory), directory.join("mirror.json.new"));
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_data()?;
        fs::rename(new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_rubbish_is_none() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Mark::read(directory.path()), None);
        let mark = Mark { store: "abc".to_owned(), through: Timestamp(7), is_settled: true };
        mark.write(directory.path()).unwrap();
        assert_eq!(Mark::read(directory.path()), Some(mark));
        fs::write(file_of(directory.path()), "{").unwrap();
        assert_eq!(Mark::read(directory.path()), None);
    }
}
