//! What every part stands on: the store, the settings and alerts that go with it, and the clock.

use std::sync::Arc;

use model::Clock;
use settings::{Account, Alerts, Settings, Shared, SharedKeys};
use store::TraceStore;
use store::memory::MemoryStore;
use store_clickhouse::ClickHouseStore;
use store_local::chore::Listener;
use store_local::{LocalStore, Seals};

use crate::config::{Config, StoreChoice};
use crate::mirror::{Noting, Waiting};

/// What ARNs show; Fluoro has neither accounts nor regions.
pub(crate) const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

#[derive(Debug, Clone)]
pub struct Ground {
    pub store: Arc<dyn TraceStore>,
    pub(crate) settings: Settings,
    pub(crate) alerts: Alerts,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where other processes have them too.
    pub(crate) keys: Option<Arc<SharedKeys>>,
    /// What the mirror may lack, where there is one.
    pub(crate) waiting: Option<Arc<Waiting>>,
}

#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    #[error("cannot open the store{}", unless_told(.directory, .source))]
    Store { directory: String, source: store::StoreError },
    #[error("cannot open the settings{}", unless_told(.directory, .source))]
    Settings { directory: String, source: settings::OpenError },
}

impl Ground {
    /// `chores` is told what the embedded store does by itself.
    pub(crate) async fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        chores: Option<Listener>,
    ) -> Result<Self, GroundError> {
        let store = open_store(config, &*clock, chores).await?;
        let mut ground = Self::over(store, config, Arc::clone(&clock)).await?;
        if config.mirror.is_some() {
            let waiting = Arc::new(Waiting::new(Arc::clone(&clock)));
            let (inner, noted) = (ground.store, Arc::clone(&waiting));
            ground.store = Arc::new(Noting { inner, waiting: noted, clock });
            ground.waiting = Some(waiting);
        }
        Ok(ground)
    }

    /// Over a store that is already open.
    pub(crate) async fn over(
        store: Arc<dyn TraceStore>,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, GroundError> {
        let (settings, alerts, keys) = open_settings(&config.store).await?;
        Ok(Self { store, settings, alerts, clock, keys, waiting: None })
    }
}

async fn open_store(
    config: &Config,
    clock: &dyn Clock,
    chores: Option<Listener>,
) -> Result<Arc<dyn TraceStore>, GroundError> {
    match &config.store {
        StoreChoice::Memory => Ok(Arc::new(MemoryStore::new())),
        StoreChoice::ClickHouse(store) => {
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

/// Beside the traces, in a directory that the store has made and keeps other processes out of, or in PostgreSQL.
async fn open_settings(
    choice: &StoreChoice,
) -> Result<(Settings, Alerts, Option<Arc<SharedKeys>>), GroundError> {
    let account = account();
    let choice = choice.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let place = match &choice {
            StoreChoice::Local(directory) => directory.display().to_string(),
            StoreChoice::Memory | StoreChoice::ClickHouse(_) => String::new(),
        };
        let failed = |source| GroundError::Settings { directory: place.clone(), source };
        match &choice {
            StoreChoice::Memory => Ok((
                Settings::in_memory(account).map_err(failed)?,
                Alerts::in_memory().map_err(failed)?,
                None,
            )),
            StoreChoice::Local(directory) => Ok((
                Settings::open(directory, account).map_err(failed)?,
                Alerts::open(directory).map_err(failed)?,
                None,
            )),
            StoreChoice::ClickHouse(store) => {
                let Shared { settings, alerts, keys } =
                    Shared::open(&store.register, account).map_err(failed)?;
                Ok((settings, alerts, Some(keys)))
            }
        }
    });
    opened.await.expect("opening settings does not panic")
}

pub(crate) fn account() -> Account {
    Account { id: ACCOUNT.to_owned(), region: REGION.to_owned() }
}

/// Where it happened, unless the cause says so itself.
fn unless_told(directory: &str, cause: &impl std::error::Error) -> String {
    if directory.is_empty() || cause.to_string().contains(directory) {
        return String::new();
    }
    format!(" in {directory}")
}
