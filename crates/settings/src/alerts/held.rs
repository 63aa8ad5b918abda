//! Deliveries that are held: a target was told of what they are a part of, such as the insight that an alarm belongs to.
//!
//! What ends while it is held is told to nobody. What goes on for a while after that whose part it was is over is told then:
//! it was something of its own after all.

use alert::Notice;
use alert::notice::Status;
use model::{Micros, Timestamp};

use super::Alerts;
use super::outbox::Queued;
use crate::error::AlertsError;
use crate::sql::{Connection, SqlResult, values};

/// After the end of what it is a part of: alarms need some periods to see that it is over.
pub const RELEASED_AFTER: Micros = Micros::from_secs(15 * 60);
/// However long the other goes on. After a day it is what is usual.
pub(super) const LONGEST: Micros = Micros::from_secs(25 * 60 * 60);

impl Alerts {
    /// Lets go what was held for long enough, and says when the next one is.
    pub fn release(&self, now: Timestamp) -> Result<Option<Timestamp>, AlertsError> {
        let next = |connection: &Connection| {
            let sql = "SELECT min(due_micros) FROM deliveries WHERE state = 'held'";
            connection.one(sql, &[], |row| row.get::<Option<i64>>(0))
        };
        let due = self.read(next)?.map(Timestamp);
        if due.is_none_or(|due| due > now) {
            return Ok(due);
        }
        self.write(|transaction| {
            transaction.execute(
                "UPDATE deliveries SET state = 'pending', created_micros = ?1, due_micros = ?1
                    WHERE state = 'held' AND due_micros <= ?1",
                values![now.0],
            )?;
            next(transaction).map(|due| due.map(Timestamp))
        })
    }
}

/// Newer word of something that is held stands for it. Whether that settles it: nobody who was not told that it began is told
/// that it is over.
pub(super) fn settles(
    transaction: &Connection,
    queued: &Queued,
    target: &str,
    now: Timestamp,
) -> SqlResult<bool> {
    let changed = transaction.execute(
        "UPDATE deliveries SET state = 'merged', done_micros = ?3, answer = 'told by what it is a part of'
            WHERE target = ?1 AND dedup_key = ?2 AND state = 'held'",
        values![target, queued.notice.dedup_key, now.0],
    )?;
    Ok(changed > 0 && queued.notice.status == Status::Resolved)
}

/// What is a part of this is told if it goes on now that this is over.
pub(super) fn begin_to_release(transaction: &Connection, over: &Notice, now: Timestamp) -> SqlResult<()> {
    if over.status == Status::Resolved {
        // What is held is bounded for each target.
        let sql = "SELECT d.seq, n.notice FROM deliveries d JOIN notices n ON n.seq = d.notice WHERE d.state = 'held'";
        let held: Vec<(i64, Notice)> = transaction.all(sql, &[], |row| Ok((row.get(0)?, row.json(1)?)))?;
        let until = now.plus(RELEASED_AFTER).0;
        for (seq, notice) in held {
            if notice.part_of.as_deref() == Some(over.dedup_key.as_str()) {
                let sql = "UPDATE deliveries SET due_micros = ?2 WHERE seq = ?1 AND due_micros > ?2";
                transaction.execute(sql, values![seq, until])?;
            }
        }
    }
    Ok(())
}
