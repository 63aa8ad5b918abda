//! What every part stands on: the store, the settings and alerts beside it, and the clock.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use model::Clock;
use settings::{Account, Alerts, Settings};
use store::TraceStore;
use store::memory::MemoryStore;
use store_clickhouse::ClickHouseStore;
use store_local::chore::Listener;
use store_local::{LocalStore, Seals};

use crate::config::{Config, StoreChoice};

/// What ARNs show; Fluoro has neither accounts nor regions.
pub(crate) const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

#[derive(Debug, Clone)]
pub struct Ground {
    pub store: Arc<dyn TraceStore>,
    pub(crate) settings: Settings,
    pub(crate) alerts: Alerts,
    pub(crate) clock: Arc<dyn Clock>,
    /// Keeps other servers out of a directory that has settings alone.
    _lock: Option<Arc<File>>,
}

#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    #[error("cannot open the store{}", unless_told(.directory, .source))]
    Store { directory: String, source: store::StoreError },
    #[error("cannot open the settings{}", unless_told(.directory, .source))]
    Settings { directory: String, source: settings::OpenError },
    #[error("cannot use {directory}, where settings are kept")]
    Directory { directory: String, source: std::io::Error },
    #[error(
        "the data directory {directory} is in use by another process; stop that process, or choose another directory"
    )]
    InUse { directory: String },
}

impl Ground {
    /// `chores` is told what the embedded store does by itself.
    pub(crate) async fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        chores: Option<Listener>,
    ) -> Result<Self, GroundError> {
        let store = open_store(config, &*clock, chores).await?;
        Self::over(store, config, clock).await
    }

    /// Over a store that is already open.
    pub(crate) async fn over(
        store: Arc<dyn TraceStore>,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, GroundError> {
        let (settings, alerts, lock) = open_settings(&config.store).await?;
        Ok(Self { store, settings, alerts, clock, _lock: lock.map(Arc::new) })
    }
}

impl Ground {
    /// Of parts that are gone with the process.
    pub(crate) fn of(
        store: Arc<dyn TraceStore>,
        settings: Settings,
        alerts: Alerts,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, settings, alerts, clock, _lock: None }
    }
}

pub(crate) fn account() -> Account {
    Account { id: ACCOUNT.to_owned(), region: REGION.to_owned() }
}

async fn open_store(
    config: &Config,
    clock: &dyn Clock,
    chores: Option<Listener>,
) -> Result<Arc<dyn TraceStore>, GroundError> {
    match &config.store {
        StoreChoice::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreChoice::ClickHouse(store, _) => {
            let failed = |source| GroundError::Store { directory: store.place(), source };
            let opened = ClickHouseStore::open((**store).clone(), clock.now()).await;
            Ok(Arc::new(opened.map_err(failed)?))
        }
        StoreChoice::Local(directory) => {
            let mut local = store_local::Config::new(directory);
            local.retention = config.retention;
            local.chores = chores;
            let key_file = config.encryption_key.clone();
            // Off the async workers, since it may have a log to replay.
            let opened = tokio::task::spawn_blocking(move || {
                local.keys = key_file.map(|file| Seals::read(&file)).transpose()?.map(Arc::new);
                LocalStore::open(local)
            })
            .await;
            let failed = |source| GroundError::Store { directory: directory.display().to_string(), source };
            Ok(Arc::new(opened.expect("opening a store does not panic").map_err(failed)?))
        }
    }
}

/// Beside the traces; the store has made the directory and keeps other processes out of it.
async fn open_settings(choice: &StoreChoice) -> Result<(Settings, Alerts, Option<File>), GroundError> {
    let account = account();
    let choice = choice.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let (directory, lock) = match &choice {
            StoreChoice::Memory => {
                let failed = |source| GroundError::Settings { directory: String::new(), source };
                let settings = Settings::in_memory(account).map_err(failed)?;
                return Ok((settings, Alerts::in_memory().map_err(failed)?, None));
            }
            // Locked by the store.
            StoreChoice::Local(directory) => (directory, None),
            StoreChoice::ClickHouse(_, directory) => (directory, Some(lock(directory)?)),
        };
        let failed = |source| GroundError::Settings { directory: directory.display().to_string(), source };
        let settings = Settings::open(directory, account).map_err(failed)?;
        Ok((settings, Alerts::open(directory).map_err(failed)?, lock))
    });
    opened.await.expect("opening settings does not panic")
}

/// Makes the directory where it is missing, and locks it in the way of the embedded store, which may be in it too.
fn lock(directory: &Path) -> Result<File, GroundError> {
    let name = || directory.display().to_string();
    let failed = |source| GroundError::Directory { directory: name(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let path = directory.join("LOCK");
    let lock = OpenOptions::new().create(true).write(true).truncate(false).open(path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(GroundError::InUse { directory: name() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Where it happened, unless the cause says so itself.
fn unless_told(directory: &str, cause: &impl std::error::Error) -> String {
    if directory.is_empty() || cause.to_string().contains(directory) {
        return String::new();
    }
    format!(" in {directory}")
}
