//! The handle: snapshots for readers, one writer at a time.

use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::account::Account;
use crate::database::Database;
use crate::error::{OpenError, SettingsError};
use crate::state::State;

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
    state: RwLock<Arc<State>>,
}

impl Settings {
    /// Opens `settings.db` in the directory, or makes it.
    pub fn open(directory: &Path, account: Account) -> Result<Self, OpenError> {
        Self::over(Database::open(&directory.join("settings.db"))?, account)
    }

    /// Settings that are gone with the process.
    pub fn in_memory(account: Account) -> Result<Self, OpenError> {
        Self::over(Database::in_memory()?, account)
    }

    fn over(database: Database, account: Account) -> Result<Self, OpenError> {
        let state = RwLock::new(Arc::new(database.load(&account)?));
        Ok(Self { inner: Arc::new(Inner { account, database: Mutex::new(database), state }) })
    }

    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    /// What is set up now.
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.inner.state.read())
    }

    /// Makes a change: `change` alters a copy of the state or refuses, and what it altered is written.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, SettingsError>,
    ) -> Result<T, SettingsError> {
        let mut database = self.inner.database.lock();
        let old = self.state();
        let mut new = State::clone(&old);
        let result = change(&mut new)?;
        database.save(&old, &new, &self.inner.account)?;
        *self.inner.state.write() = Arc::new(new);
        Ok(result)
    }
}
