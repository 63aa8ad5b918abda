//! The task that looks how each replica is: how many can keep what is written, whether home is still fit to be, and whether one that
//! came back has its tables.

use std::time::Duration;

use model::error::chain;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::binary::Input;
use crate::client::{ClickHouse, TABLES};
use crate::failure::Failure;
use crate::literal::quoted;
use crate::metrics;
use crate::node::{Asks, Node};
use crate::schema;

/// Between two rounds.
const PACE: Duration = Duration::from_millis(500);
/// Behind the others by so much, a replica is not waited for by who writes, nor asked by who reads.
const LATE_SECONDS: u64 = 3;
/// So many looks in a row must go wrong: a busy server may be slow to answer one.
const PATIENT_LOOKS: u32 = 3;

pub(crate) struct Rounds {
    pub(crate) server: ClickHouse,
    /// Of the store, whose tables they are.
    pub(crate) name: String,
}

/// How a replica is.
#[derive(Debug)]
enum Health {
    Good,
    /// It lost its disk, or was away when they were made.
    WithoutTables,
    /// It does not reach Keeper.
    ReadOnly,
    Late(u64),
    Away(Failure),
}

/// What is known of a replica.
#[derive(Debug, Default)]
struct Known {
    bad_looks: u32,
    is_out: bool,
    could_not_make_tables: bool,
}

impl Rounds {
    /// Runs until it is aborted.
    pub(crate) async fn run(self) {
        let mut known: Vec<Known> = self.server.nodes().iter().map(|_| Known::default()).collect();
        loop {
            let found = self.look().await;
            for ((node, health), known) in self.server.nodes().iter().zip(&found).zip(&mut known) {
                known.take_in(node, health);
                if matches!(health, Health::WithoutTables) {
                    self.make_tables(node, known).await;
                }
            }
            let out = known.iter().filter(|known| known.is_out).count();
            metrics::REPLICAS_OUT.set(out as i64);
            self.server.set_live(known.len() - out);
            let home = self.server.home();
            // Where all are alike, as without Keeper, one that can still be read is as good as any.
            let is_any_better = found.iter().any(|health| matches!(health, Health::Good));
            if known[home].is_out && is_any_better {
                self.server.leave(home).await;
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// At all of them at once, since one that hangs is waited for.
    async fn look(&self) -> Vec<Health> {
        let mut looks = JoinSet::new();
        for (number, node) in self.server.nodes().iter().cloned().enumerate() {
            let database = self.server.database.clone();
            looks.spawn(async move { (number, look(&node, &database).await) });
        }
        let mut found = looks.join_all().await;
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, health)| health).collect()
    }

    async fn make_tables(&self, node: &Node, known: &mut Known) {
        match schema::make(&self.server, node, &self.name).await {
            Ok(()) => info!(node = node.name, "made the tables at a replica that had none"),
            Err(error) if !known.could_not_make_tables => {
                warn!(
                    node = node.name,
                    error = chain(&error),
                    "a replica has no tables, and they cannot be made"
                );
                known.could_not_make_tables = true;
            }
            Err(_) => {}
        }
    }
}

impl Known {
    fn take_in(&mut self, node: &Node, health: &Health) {
        let node = &node.name;
        if matches!(health, Health::Good) {
            if self.is_out {
                info!(node, "a replica of ClickHouse is back, and has what the others have");
            }
            *self = Self::default();
            return;
        }
        self.bad_looks += 1;
        if self.is_out || self.bad_looks < PATIENT_LOOKS {
            return;
        }
        self.is_out = true;
        match health {
            Health::Away(failure) => {
                warn!(
                    node,
                    error = chain(failure),
                    "a replica of ClickHouse does not answer; the others go on without it"
                );
            }
            Health::ReadOnly => warn!(node, "a replica of ClickHouse is read-only: it does not reach Keeper"),
            Health::Late(seconds) => {
                warn!(node, seconds, "a replica of ClickHouse is late; the others go on without it")
            }
            Health::WithoutTables | Health::Good => {}
        }
    }
}

async fn look(node: &Node, database: &str) -> Health {
    let tables = TABLES.map(quoted).join(", ");
    // Of columns that the server has at hand: others are asked of Keeper.
    let sql = format!(
        "SELECT count(), countIf(is_readonly), max(absolute_delay) FROM system.replicas \
         WHERE database = {} AND table IN ({tables}) FORMAT RowBinary",
        quoted(database)
    );
    let read = async {
        let answer = node.read(Asks::HowItIs, sql.into()).await?;
        let mut input = Input::new(&answer);
        Ok((input.u64()?, input.u64()?, input.u64()?))
    };
    match read.await {
        Ok((count, ..)) if count < TABLES.len() as u64 => Health::WithoutTables,
        Ok((_, read_only, _)) if read_only > 0 => Health::ReadOnly,
        Ok((.., delay)) if delay > LATE_SECONDS => Health::Late(delay),
        Ok(_) => Health::Good,
        Err(failure) => Health::Away(failure),
    }
}
