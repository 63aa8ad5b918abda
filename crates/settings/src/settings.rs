//! The handle: snapshots for readers, one writer at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth::Seal;
use parking_lot::{Mutex, RwLock};

use crate::account::Account;
use crate::database::{Changing, Database};
use crate::error::{OpenError, SettingsError};
use crate::shared::{Reservoirs, Retrievals, Together};
use crate::snapshot::Snapshot;
use crate::sql::{Connection, SqlResult};

/// A cheap clone. Reading never waits; a change returns when it is kept, which takes one fsync or some answers of PostgreSQL, so
/// async callers make it on a thread for blocking work.
#[derive(Debug, Clone)]
pub struct Settings {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    account: Account,
    /// Held for the whole of a change, so that each is checked against what the one before left.
    database: Mutex<Database>,
    /// Locked for the time of a pointer's copy.
    seen: RwLock<Seen>,
    /// Read, or made, when the first secret is sealed or opened.
    seal: Mutex<Option<Seal>>,
    /// None where nothing is kept, and where it came with the rest.
    seal_file: Option<PathBuf>,
    /// Where other processes have them too.
    reservoirs: Option<Arc<Reservoirs>>,
    retrievals: Arc<Retrievals>,
}

/// The newest state that this process knows, with its number where it has one.
#[derive(Debug, Clone)]
struct Seen {
    revision: i64,
    snapshot: Arc<Snapshot>,
}

impl Settings {
    /// Opens `settings.db` in the directory, or makes it.
    pub fn open(directory: &Path, account: Account) -> Result<Self, OpenError> {
        let seal_file = directory.join("settings.db.seal");
        Self::over(
            Database::open(Some(&directory.join("settings.db")))?,
            account,
            Some(seal_file),
            None,
            None,
        )
    }

    /// Settings that are gone with the process.
    pub fn in_memory(account: Account) -> Result<Self, OpenError> {
        Self::over(Database::open(None)?, account, None, None, None)
    }

    pub(crate) fn over(
        database: Database,
        account: Account,
        seal_file: Option<PathBuf>,
        seal: Option<Seal>,
        together: Option<Together>,
    ) -> Result<Self, OpenError> {
        let changing = database.begin()?;
        let revision = changing.revision()?.unwrap_or_default();
        let snapshot = Arc::new(changing.load(&account)?);
        drop(changing);
        let seen = RwLock::new(Seen { revision, snapshot });
        let (database, seal) = (Mutex::new(database), Mutex::new(seal));
        let (reservoirs, retrievals) = match together {
            Some(together) => (Some(together.reservoirs), together.retrievals),
            None => (None, Arc::new(Retrievals::in_memory()?)),
        };
        let inner = Inner { account, database, seen, seal, seal_file, reservoirs, retrievals };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the tables have, read at one moment.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Connection) -> SqlResult<T>) -> SqlResult<T> {
        let database = self.inner.database.lock();
        let transaction = database.connection().begin()?;
        read(&transaction)
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

    /// What is kept of the reservoirs of sampling rules, where other processes hand them out too.
    pub fn reservoirs(&self) -> Option<Arc<Reservoirs>> {
        self.inner.reservoirs.clone()
    }

    /// Trace retrievals that were started here, or at any process that has the same settings.
    pub fn retrievals(&self) -> Arc<Retrievals> {
        Arc::clone(&self.inner.retrievals)
    }

    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    /// What is set up now, as far as this process knows: of what others change it hears within a second.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.seen.read().snapshot)
    }

    /// Makes a change: `change` alters a copy of the newest snapshot or refuses, and what it altered is written.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Snapshot) -> Result<T, SettingsError>,
    ) -> Result<T, SettingsError> {
        let inner = &self.inner;
        let database = inner.database.lock();
        let changing = database.begin()?;
        let old = inner.newest(&changing)?;
        let mut new = Snapshot::clone(&old.snapshot);
        let result = change(&mut new)?;
        let revision = changing.save(&old.snapshot, &new, &inner.account)?;
        inner.see(Seen { revision: revision.unwrap_or_default(), snapshot: Arc::new(new) });
        Ok(result)
    }

    /// For who must not keep it alive.
    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl Inner {
    /// As it is when nobody else can change it.
    fn newest(&self, changing: &Changing<'_>) -> Result<Seen, OpenError> {
        let known = self.seen.read().clone();
        match changing.revision()? {
            Some(revision) if revision != known.revision => {
                Ok(Seen { revision, snapshot: Arc::new(changing.load(&self.account)?) })
            }
            _ => Ok(known),
        }
    }

    fn see(&self, seen: Seen) {
        let mut known = self.seen.write();
        // Where states have numbers, they never go back.
        if seen.revision >= known.revision {
            *known = seen;
        }
    }

    /// Hears of a change that others made.
    pub(crate) fn hear(&self, revision: i64, database: &Database) -> Result<(), OpenError> {
        if self.seen.read().revision < revision {
            let newest = self.newest(&database.begin()?)?;
            self.see(newest);
        }
        Ok(())
    }
}
