//! What every part stands on: the store, the settings beside it, and the clock.

use std::sync::Arc;

use model::Clock;
use settings::{Account, Settings};
use store::TraceStore;
use store::memory::MemoryStore;
use store_local::{LocalStore, Seals};

use crate::config::{Config, StoreChoice};

/// What ARNs show; Fluoro has neither accounts nor regions.
pub(crate) const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

#[derive(Debug, Clone)]
pub struct Ground {
    pub store: Arc<dyn TraceStore>,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
}

#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    #[error("cannot open the store{}", unless_told(.directory, .source))]
    Store { directory: String, source: store::StoreError },
    #[error("cannot open the settings{}", unless_told(.directory, .source))]
    Settings { directory: String, source: settings::OpenError },
}

impl Ground {
    pub(crate) async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, GroundError> {
        let store = open_store(config).await?;
        Self::over(store, config, clock).await
    }

    /// Over a store that is already open.
    pub(crate) async fn over(
        store: Arc<dyn TraceStore>,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, GroundError> {
        let settings = open_settings(&config.store).await?;
        Ok(Self { store, settings, clock })
    }
}

async fn open_store(config: &Config) -> Result<Arc<dyn TraceStore>, GroundError> {
    match &config.store {
        StoreChoice::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreChoice::Local(directory) => {
            let mut local = store_local::Config::new(directory);
            local.retention = config.retention;
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
async fn open_settings(choice: &StoreChoice) -> Result<Settings, GroundError> {
    let account = Account { id: ACCOUNT.to_owned(), region: REGION.to_owned() };
    let choice = choice.clone();
    let opened = tokio::task::spawn_blocking(move || match choice {
        StoreChoice::Memory => Settings::in_memory(account).map_err(|source| (String::new(), source)),
        StoreChoice::Local(directory) => {
            Settings::open(&directory, account).map_err(|source| (directory.display().to_string(), source))
        }
    });
    let opened = opened.await.expect("opening settings does not panic");
    opened.map_err(|(directory, source)| GroundError::Settings { directory, source })
}

/// Where it happened, unless the cause says so itself.
fn unless_told(directory: &str, cause: &impl std::error::Error) -> String {
    if directory.is_empty() || cause.to_string().contains(directory) {
        return String::new();
    }
    format!(" in {directory}")
}
