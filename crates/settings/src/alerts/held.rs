//! Deliveries that are held: a target was told of what they are a part of, such as the insight that an alarm belongs to.
//!
//! What ends while it is held is told to nobody. What goes on for a while after that whose part it was is over is told then:
//! it was something of its own after all.

use alert::Notice;
use alert::notice::Status;
use model::{Micros, Timestamp};
use rusqlite::{Transaction, params};

use super::Alerts;
use super::outbox::Queued;
use crate::error::AlertsError;

/// After the end of what it is a part of: alarms need some periods to see that it is over.
pub const RELEASED_AFTER: Micros = Micros::from_secs(15 * 60);
/// However long the other goes on. After a day it is what is usual.
pub(super) const LONGEST: Micros = Micros::from_secs(25 * 60 * 60);

impl Alerts {
    /// Lets go what was held for long enough, and says when the next one is.
    pub fn release(&self, now: Timestamp) -> Result<Option<Timestamp>, AlertsError> {
        let next = |connection: &rusqlite::Connection| {
            let sql = "SELECT min(due_micros) FROM deliveries WHERE state = 'held'";
            connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))
        };
        let due = self.read(next)?.map(Timestamp);
        if due.is_none_or(|due| due > now) {
            return Ok(due);
        }
        self.write(|transaction| {
            transaction.execute(
                "UPDATE deliveries SET state = 'pending', created_micros = ?1, due_micros = ?1
                    WHERE state = 'held' AND due_micros <= ?1",
                [now.0],
            )?;
            next(transaction).map(|due| due.map(Timestamp))
        })
    }
}

/// Newer word of something that is held stands for it. Whether that settles it: nobody who was not told that it began is told
/// that it is over.
pub(super) fn settles(
    transaction: &Transaction<'_>,
    queued: &Queued,
    target: &str,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let changed = transaction.execute(
        "UPDATE deliveries SET state = 'merged', done_micros = ?3, answer = 'told by what it is a part of'
            WHERE target = ?1 AND dedup_key = ?2 AND state = 'held'",
        params![target, queued.notice.dedup_key, now.0],
    )?;
    Ok(changed > 0 && queued.notice.status == Status::Resolved)
}

/// What is a part of this is told if it goes on now that this is over.
pub(super) fn begin_to_release(
    transaction: &Transaction<'_>,
    over: &Notice,
    now: Timestamp,
) -> rusqlite::Result<()> {
    if over.status == Status::Resolved {
        transaction.execute(
            "UPDATE deliveries SET due_micros = min(due_micros, ?2) WHERE state = 'held' AND
                (SELECT json_extract(n.notice, '$.part_of') FROM notices n WHERE n.seq = deliveries.notice) = ?1",
            params![over.dedup_key, now.plus(RELEASED_AFTER).0],
        )?;
    }
    Ok(())
}
