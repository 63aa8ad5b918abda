//! Drops days that are older than what is to be kept, by partitions: at once, and without rewriting anything.

use std::sync::Arc;
use std::time::Duration;

use model::error::chain;
use store::{Lease, Share};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::binary::Input;
use crate::client::ClickHouse;
use crate::failure::Failure;
use crate::literal::quoted;
use crate::register::Register;

/// Between two looks; days are whole, so no sooner is needed.
const LOOK: Duration = Duration::from_secs(600);

/// One process does it: who has the first share.
pub(crate) struct Upkeep {
    pub(crate) server: ClickHouse,
    pub(crate) register: Arc<Register>,
    pub(crate) leases: watch::Receiver<Vec<Lease>>,
    pub(crate) retention: Duration,
}

impl Upkeep {
    /// Runs until it is aborted.
    pub(crate) async fn run(self) {
        let mut is_failing = false;
        loop {
            let is_ours = self.leases.borrow().iter().any(|lease| lease.share == Share::ONLY);
            if is_ours {
                match drop_old(&self.server, &self.register, self.retention).await {
                    Ok(()) => is_failing = false,
                    Err(failure) if !is_failing => {
                        warn!(error = chain(&failure), "old days are not dropped; it is tried again");
                        is_failing = true;
                    }
                    Err(_) => {}
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Drops each day of which the newest is older than that.
pub(crate) async fn drop_old(server: &ClickHouse, register: &Register, age: Duration) -> Result<(), Failure> {
    let sql = format!(
        "SELECT DISTINCT table, partition FROM system.parts WHERE active AND database = {} AND table IN ('documents', 'traces', 'minutes') \
         AND toDateTime(toDate(partition) + 1, 'UTC') < now() - {} ORDER BY table, partition FORMAT RowBinary",
        quoted(&server.database),
        age.as_secs()
    );
    let answer = server.ask(sql).await?;
    let days = Input::new(&answer).rows(|input| Ok((input.text()?.to_owned(), input.text()?.to_owned())))?;
    for (table, day) in days {
        let count = match table.as_str() {
            "documents" => format!(
                "SELECT count() FROM documents WHERE toDate(received) = toDate({}) AND entity = 0",
                quoted(&day)
            ),
            "traces" => format!("SELECT uniq(trace_id) FROM traces WHERE day = toDate({})", quoted(&day)),
            _ => "SELECT toUInt64(0)".to_owned(),
        };
        let dropped = Input::new(&server.ask(count + " FORMAT RowBinary").await?).u64()?;
        let sql = format!("ALTER TABLE `{}`.{table} DROP PARTITION {}", server.database, literal(&day));
        server.order(sql).await?;
        let (documents, traces) = match table.as_str() {
            "documents" => (dropped, 0),
            "traces" => (0, dropped),
            _ => (0, 0),
        };
        register.dropped(documents, traces).await?;
        info!(table, day, rows = dropped, "dropped a day that is older than what is kept");
    }
    Ok(())
}

/// A partition's name, which is a date; a statement of this kind takes no expression.
fn literal(day: &str) -> String {
    let day: String = day.chars().filter(|letter| letter.is_ascii_digit() || *letter == '-').collect();
    format!("'{day}'")
}
