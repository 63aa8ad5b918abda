//! The handle: snapshots for readers, one writer at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::Seal;
use parking_lot::{Mutex, RwLock};

use crate::account::Account;
use crate::database::Database;
use crate::error::{OpenError, SettingsError};
use crate::snapshot::Snapshot;

/// A cheap clone. Reading never waits; a change returns when it is on disk, which takes one fsync, so async callers
/// make it on a thread for blocking work.
#[derive(Debug, Clone)]
pub struct Settings {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    account: Account,
    /// Held for the whole of a change, so that each is checked against what the one before left.
    database: Mutex<Database>,
    /// Locked for the time of a pointer's copy.
    snapshot: RwLock<Arc<Snapshot>>,
    /// Read, or made, when the first secret is sealed or opened.
    seal: Mutex<Option<Seal>>,
    /// None where nothing is kept.
    seal_file: Option<PathBuf>,
}

impl Settings {
    /// Opens `settings.db` in the directory, or makes it.
    pub fn open(directory: &Path, account: Account) -> Result<Self, OpenError> {
        let seal_file = directory.join("settings.db.seal");
        Self::over(Database::open(&directory.join("settings.db"))?, account, Some(seal_file))
    }

    /// Settings that are gone with the process.
    pub fn in_memory(account: Account) -> Result<Self, OpenError> {
        Self::over(Database::in_memory()?, account, None)
    }

    fn over(database: Database, account: Account, seal_file: Option<PathBuf>) -> Result<Self, OpenError> {
        let snapshot = RwLock::new(Arc::new(database.load(&account)?));
        let (database, seal) = (Mutex::new(database), Mutex::new(None));
        Ok(Self { inner: Arc::new(Inner { account, database, snapshot, seal, seal_file }) })
    }

    /// Settings of a database that is in memory.
    pub(crate) fn of_database(database: Database, account: Account) -> Result<Self, OpenError> {
        Self::over(database, account, None)
    }

    pub(crate) fn with_connection<T>(&self, ask: impl FnOnce(&rusqlite::Connection) -> T) -> T {
        ask(self.inner.database.lock().connection())
    }

    /// What seals the secrets of notifiers.
    pub(crate) fn seal(&self) -> Result<Seal, SettingsError> {
        let mut seal = self.inner.seal.lock();
        if let Some(seal) = &*seal {
            return Ok(seal.clone());
        }
        let opened = match &self.inner.seal_file {
            Some(path) => Seal::of_file(path)?,
            None => Seal::random()?,
        };
        Ok(seal.insert(opened).clone())
    }

    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    /// What is set up now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.snapshot.read())
    }

    /// Makes a change: `change` alters a copy of the snapshot or refuses, and what it altered is written.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Snapshot) -> Result<T, SettingsError>,
    ) -> Result<T, SettingsError> {
        let mut database = self.inner.database.lock();
        let old = self.snapshot();
        let mut new = Snapshot::clone(&old);
        let result = change(&mut new)?;
        database.save(&old, &new, &self.inner.account)?;
        *self.inner.snapshot.write() = Arc::new(new);
        Ok(result)
    }
}
