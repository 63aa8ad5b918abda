//! Settings and what was noticed in a PostgreSQL that several processes share.
//!
//! | table | a row is |
//! |---|---|
//! | `fluoro_settings` | the one that counts changes: of settings, of what was noticed, of the states of alarms, and of keys |
//! | `fluoro_duty` | who evaluates and tells, and until when |
//! | `fluoro_keys` | the one with the keys of people and programs |
//! | `fluoro_reservoir` | a sampling rule: who reported on it, and what they were given |
//! | `fluoro_retrieval` | a trace retrieval that was started |
//! | all others | as in `settings.db` and `alerts.db` |
//!
//! A process looks four times a second at the counts, and reads again what has changed. Readers go on with what is known while
//! PostgreSQL is away. Whoever is on duty says so every second; when it has said nothing for six, another one takes its place under a
//! new number, and what the one before still writes is refused.

mod beat;
mod keys;
mod reservoirs;
mod retrievals;
mod tables;
#[cfg(feature = "cluster")]
pub mod testing;
#[cfg(all(test, feature = "cluster"))]
pub(crate) mod tests;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use auth::Seal;

use self::beat::{Beat, Told};
pub use self::keys::SharedKeys;
pub use self::reservoirs::Reservoirs;
pub use self::retrievals::{MAX_RETRIEVALS, Retrieval, Retrievals};
use crate::account::Account;
use crate::alerts::Alerts;
use crate::database::Database;
use crate::error::OpenError;
use crate::settings::Settings;
use crate::sql::Connection;
use crate::sql::postgres::Postgres;

/// Held by whoever changes something.
const LOCK: i64 = 0x666c_756f_7365_7474;
/// For an answer, and for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// What several processes have together.
#[derive(Debug, Clone)]
pub struct Shared {
    pub settings: Settings,
    pub alerts: Alerts,
    pub keys: Arc<SharedKeys>,
}

/// What processes hand out together, beside settings.
pub(crate) struct Together {
    pub(crate) reservoirs: Arc<Reservoirs>,
    pub(crate) retrievals: Arc<Retrievals>,
}

impl Shared {
    /// Opens the tables of a database, or makes them. Waits for PostgreSQL, so async callers come on a thread for blocking work.
    pub fn open(url: &str, account: Account) -> Result<Self, OpenError> {
        let seal = tables::found(url)?;
        let seal = Seal::of_digits(&seal).ok_or(OpenError::Damaged { what: "a seal" })?;
        let connect = |patience| Postgres::new(url, LOCK, patience).map(Connection::new);
        let reservoirs = Arc::new(Reservoirs::new(url)?);
        let together = Together { reservoirs, retrievals: Arc::new(Retrievals::shared(url)?) };
        let database = Database::shared(connect(PATIENCE)?);
        let settings = Settings::over(database, account, None, Some(seal), Some(together))?;
        let name: Arc<str> = format!("{:032x}", rand::random::<u128>()).into();
        let told = Told::default();
        let keys = Arc::new(SharedKeys::new(url, told.keys.subscribe())?);
        let alerts = Alerts::shared(
            connect(PATIENCE)?,
            Arc::clone(&name),
            told.changes.clone(),
            told.duty.clone(),
            Arc::clone(&told.is_leaving),
            told.states.clone(),
        );
        let settled = Arc::downgrade(settings.inner());
        let beat = Beat::new(settled, Database::shared(connect(beat::PATIENCE)?), name, told);
        let thread = thread::Builder::new().name("settings".to_owned());
        let failed = |error| OpenError::Failed(Box::new(error));
        thread.spawn(move || beat.run()).map_err(failed)?;
        Ok(Self { settings, alerts, keys })
    }

    /// For a command, which hears of nothing and takes no turn. Waits for PostgreSQL.
    pub fn settings_alone(url: &str, account: Account) -> Result<Settings, OpenError> {
        let seal = tables::found(url)?;
        let seal = Seal::of_digits(&seal).ok_or(OpenError::Damaged { what: "a seal" })?;
        let database = Database::shared(Connection::new(Postgres::new(url, LOCK, PATIENCE)?));
        Settings::over(database, account, None, Some(seal), None)
    }
}
