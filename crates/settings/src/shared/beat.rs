//! The thread that hears of what others changed, and takes its turn of duty.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{info, warn};

use crate::database::Database;
use crate::metrics;
use crate::settings::Inner;
use crate::sql::{SqlError, SqlResult, values};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// Shorter than for others, so that a server that hangs does not keep this process from noticing that its turn is over.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How often whoever is on duty says so, how long it is believed, and for how long it believes itself without an answer.
const RENEWAL: Duration = Duration::from_secs(1);
const BELIEVED: f64 = 6.0;
const BELIEVES: Duration = Duration::from_secs(4);

pub(super) struct Beat {
    settings: Weak<Inner>,
    database: Database,
    /// Of this process.
    name: Arc<str>,
    told: Told,
    /// What was noticed, as it was counted last.
    alerts: i64,
    renewed: Instant,
    is_failing: bool,
}

/// What others in this process wait for.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) changes: watch::Sender<u64>,
    pub(super) states: watch::Sender<i64>,
    pub(super) keys: watch::Sender<i64>,
    pub(super) duty: watch::Sender<Option<u64>>,
    /// No further turn is taken.
    pub(super) is_leaving: Arc<AtomicBool>,
}

impl Beat {
    pub(super) fn new(settings: Weak<Inner>, database: Database, name: Arc<str>, told: Told) -> Self {
        let renewed = Instant::now();
        Self { settings, database, name, told, alerts: 0, renewed, is_failing: false }
    }

    /// For as long as anybody has the settings.
    pub(super) fn run(mut self) {
        metrics::ON_DUTY.set(0);
        while let Some(settings) = self.settings.upgrade() {
            let looked = self.look(&settings);
            drop(settings);
            match looked {
                Ok(()) if self.is_failing => {
                    info!("PostgreSQL answers again: settings can be changed, and alarms are evaluated");
                    self.is_failing = false;
                }
                Ok(()) => {}
                Err(why) if !self.is_failing => {
                    warn!(
                        why,
                        "PostgreSQL does not answer: settings are as they were last known and cannot be changed, and alarms are not \
                         evaluated until it does"
                    );
                    self.is_failing = true;
                }
                Err(_) => {}
            }
            metrics::AWAY.set(self.is_failing.into());
            if self.told.duty.borrow().is_some() && self.renewed.elapsed() > BELIEVES {
                self.step_down();
            }
            thread::sleep(LOOK);
        }
    }

    fn look(&mut self, settings: &Inner) -> Result<(), String> {
        let told = |error: SqlError| error.to_string();
        let connection = self.database.connection();
        let sql = "SELECT settings, alerts, states, keys FROM fluoro_settings";
        let counts =
            connection.one(sql, &[], |row| Ok([row.get::<i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?]));
        let [revision, alerts, states, keys] = counts.map_err(told)?;
        self.told.keys.send_if_modified(|known| std::mem::replace(known, keys) != keys);
        settings.hear(revision, &self.database).map_err(|error| error.to_string())?;
        self.told.states.send_if_modified(|known| std::mem::replace(known, states) != states);
        if std::mem::replace(&mut self.alerts, alerts) != alerts {
            self.told.changes.send_modify(|changes| *changes += 1);
        }
        self.serve().map_err(told)
    }

    /// Goes on with the duty, or takes it where nobody has it.
    fn serve(&mut self) -> SqlResult<()> {
        if self.told.is_leaving.load(Ordering::Acquire) {
            return Ok(());
        }
        let began = Instant::now();
        let connection = self.database.connection();
        let held = *self.told.duty.borrow();
        if let Some(turn) = held {
            if self.renewed.elapsed() < RENEWAL {
                return Ok(());
            }
            let sql = "UPDATE fluoro_duty SET until = now() + make_interval(secs => ?1) WHERE owner = ?2 AND epoch = ?3";
            match connection.execute(sql, values![BELIEVED, *self.name, turn as i64])? {
                0 => self.step_down(),
                _ => self.renewed = began,
            }
            return Ok(());
        }
        let sql = "SELECT until < now() FROM fluoro_duty";
        if !connection.one(sql, &[], |row| row.get::<bool>(0))? {
            return Ok(());
        }
        // Whoever writes on duty has the lock, so nothing of the one before comes after this.
        let transaction = connection.begin()?;
        let sql =
            "UPDATE fluoro_duty SET owner = ?2, epoch = epoch + 1, until = now() + make_interval(secs => ?1)
            WHERE until < now() RETURNING epoch";
        let turn: Option<i64> = transaction.first(sql, values![BELIEVED, *self.name], |row| row.get(0))?;
        transaction.commit()?;
        if let Some(turn) = turn {
            self.renewed = began;
            self.told.duty.send_replace(Some(turn.unsigned_abs()));
            metrics::ON_DUTY.set(1);
            info!(turn, "this process evaluates alarms and insights, and tells people, from now on");
        }
        Ok(())
    }

    fn step_down(&self) {
        self.told.duty.send_replace(None);
        metrics::ON_DUTY.set(0);
        info!("this process is not on duty any more");
    }
}
