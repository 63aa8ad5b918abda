//! The outbox: notices as they were committed, and a delivery for each target that is to have one.
//!
//! A notice is written with the change that it tells of. Later it is *routed*: in one transaction it gets a delivery for
//! each target, so that a crash leaves it either not routed or routed whole. A delivery is pending until it is sent, merged
//! into another message, or dead. One of something that the target was told of as a part of something else is *held* until
//! that is over (`held`). What a message says is made when it is sent; its id is made here and stays the same over
//! all tries, so that a receiver tells a repetition.

use std::collections::BTreeMap;

use alert::Notice;
use alert::notice::{Kind, Status};
use model::{Micros, Timestamp};
use rand::Rng;

use super::history::{self, HistoryItem};
use super::{Alerts, DELIVERIES_KEPT_DAYS, held};
use crate::error::AlertsError;
use crate::sql::{Connection, Row, SqlError, SqlResult, json_text, values};

/// Deliveries that may wait for one target. What comes on top is dead at once, with that as its answer.
pub const MAX_PENDING: usize = 1_000;

const DAY: u64 = 24 * 60 * 60;
const COLUMNS: &str = "d.seq, d.id, d.target, d.dedup_key, d.state, d.tries, d.due_micros, d.created_micros,
    d.done_micros, d.answer, n.id, n.notice FROM deliveries d JOIN notices n ON n.seq = d.notice";

/// So long after an insight began further origins may join it; that is told in the same message.
pub const GATHERED_FOR: Micros = Micros::from_secs(5);

/// Whom a notice is told, by target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    pub told: Vec<String>,
    /// They know of it by what it is a part of.
    pub held: Vec<String>,
}

/// A notice that waits to be routed.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    pub seq: i64,
    /// The same for every target.
    pub id: String,
    pub created: Timestamp,
    pub notice: Notice,
}

/// One message to one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Those to one target with one dedup key are sent in this order.
    pub seq: i64,
    /// The same over all tries.
    pub id: String,
    pub target: String,
    pub dedup_key: String,
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next, where it is pending.
    pub due: Timestamp,
    pub created: Timestamp,
    pub done: Option<Timestamp>,
    /// What the other side said last, or why it was not reached.
    pub answer: Option<String>,
    pub notice_id: String,
    pub notice: Notice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    Pending,
    /// Something else told of it, and goes on.
    Held,
    Sent,
    /// Another message told of it.
    Merged,
    /// Given up.
    Dead,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Sent {
        answer: String,
    },
    Merged {
        answer: String,
    },
    Dead {
        answer: String,
    },
    Retry {
        due: Timestamp,
        answer: String,
    },
    /// It was not its turn, for a limit of the rate: this is no try.
    Wait {
        due: Timestamp,
    },
}

/// How a target does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetSummary {
    pub pending: u64,
    pub dead: u64,
    pub oldest_pending: Option<Timestamp>,
    pub last_sent: Option<Timestamp>,
    /// When a try failed last that was given up, or that waits to be tried again.
    pub last_failure: Option<String>,
}

impl DeliveryState {
    pub const ALL: [Self; 5] = [Self::Pending, Self::Held, Self::Sent, Self::Merged, Self::Dead];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Merged => "merged",
            Self::Dead => "dead",
        }
    }
}

impl Alerts {
    /// Notices that were committed and not routed, oldest first.
    pub fn unrouted(&self, limit: usize) -> Result<Vec<Queued>, AlertsError> {
        self.read(|connection| {
            let sql = "SELECT seq, id, created_micros, notice FROM notices WHERE is_routed = 0 ORDER BY seq LIMIT ?1";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            connection.all(sql, values![limit], |row| {
                let created = Timestamp(row.get(2)?);
                Ok(Queued { seq: row.get(0)?, id: row.get(1)?, created, notice: row.json(3)? })
            })
        })
    }

    /// Makes a delivery for each target, once: a notice that is routed already stays as it is.
    pub fn route(
        &self,
        queued: &Queued,
        targets: &Targets,
        history: &[HistoryItem],
        now: Timestamp,
    ) -> Result<(), AlertsError> {
        self.write(|transaction| {
            let routed = "UPDATE notices SET is_routed = 1 WHERE seq = ?1 AND is_routed = 0";
            if transaction.execute(routed, values![queued.seq])? == 0 {
                return Ok(());
            }
            for target in &targets.told {
                if !held::settles(transaction, queued, target, now)? {
                    deliver(transaction, queued, target, None, now)?;
                }
            }
            for target in &targets.held {
                held::settles(transaction, queued, target, now)?;
                deliver(transaction, queued, target, Some(held::LONGEST), now)?;
            }
            held::begin_to_release(transaction, &queued.notice, now)?;
            history.iter().try_for_each(|item| history::put(transaction, item))
        })
    }

    /// What waits, in order, for each target that something waits for.
    pub fn pending(&self) -> Result<BTreeMap<String, Vec<Delivery>>, AlertsError> {
        let all = self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} WHERE d.state = 'pending' ORDER BY d.target, d.seq");
            connection.all(&sql, &[], read)
        })?;
        let mut targets: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
        for delivery in all {
            targets.entry(delivery.target.clone()).or_default().push(delivery);
        }
        Ok(targets)
    }

    /// Writes what came of tries, each by its `seq`, and what history says of them.
    pub fn record(
        &self,
        outcomes: &[(i64, Outcome)],
        history: &[HistoryItem],
        now: Timestamp,
    ) -> Result<(), AlertsError> {
        self.write(|transaction| {
            outcomes.iter().try_for_each(|(seq, outcome)| record(transaction, *seq, outcome, now))?;
            history.iter().try_for_each(|item| history::put(transaction, item))
        })
    }

    /// The newest message that a target has of each thing that still goes on, for those who forget what is not repeated.
    pub fn firing(&self, target: &str) -> Result<Vec<Delivery>, AlertsError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} WHERE d.target = ?1 AND d.is_firing = 1 AND d.state = 'sent' AND d.seq =
                    (SELECT max(seq) FROM deliveries WHERE target = d.target AND dedup_key = d.dedup_key)
                    ORDER BY d.seq"
            );
            connection.all(&sql, values![target], read)
        })
    }

    /// Whether the last word that a target has, or gets, of a thing is that it goes on.
    pub fn was_told(&self, target: &str, dedup_key: &str) -> Result<bool, AlertsError> {
        self.read(|connection| {
            let sql = "SELECT is_firing = 1 AND state NOT IN ('dead', 'held') FROM deliveries WHERE target = ?1 AND dedup_key = ?2
                ORDER BY seq DESC LIMIT 1";
            let told: Option<bool> =
                connection.first(sql, values![target, dedup_key], |row| row.get(0))?;
            Ok(told.unwrap_or(false))
        })
    }

    /// Tells a target again what it was told, as a message of its own.
    pub fn repeat(&self, delivery: &Delivery, now: Timestamp) -> Result<(), AlertsError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO deliveries
                    (id, notice, target, dedup_key, is_firing, state, tries, due_micros, created_micros)
                    SELECT ?2, notice, target, dedup_key, is_firing, 'pending', 0, ?3, ?3 FROM deliveries WHERE seq = ?1",
                values![delivery.seq, unique_id(now), now.0],
            )?;
            Ok(())
        })
    }

    /// Deliveries, the newest first: of one target or of all, before a `seq` or from the newest.
    pub fn deliveries(
        &self,
        target: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Delivery>, AlertsError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} WHERE (d.target = ?1 OR ?1 IS NULL) AND (d.seq < ?2 OR ?2 IS NULL)
                    ORDER BY d.seq DESC LIMIT ?3"
            );
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            connection.all(&sql, values![target, before, limit], read)
        })
    }

    /// Makes a delivery that is dead or held, or that waits to be tried again, due now, with a whole day before it. False where
    /// there is none such.
    pub fn retry(&self, id: &str, now: Timestamp) -> Result<bool, AlertsError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE deliveries SET state = 'pending', tries = 0, due_micros = ?2, created_micros = ?2, done_micros = NULL
                    WHERE id = ?1 AND state IN ('pending', 'held', 'dead')",
                values![id, now.0],
            )?;
            Ok(changed > 0)
        })
    }

    /// Gives up what waits for targets that are gone.
    pub fn forget_target(&self, target: &str, now: Timestamp) -> Result<(), AlertsError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE deliveries SET state = 'dead', done_micros = ?2, answer = 'the notifier was deleted'
                    WHERE target = ?1 AND state IN ('pending', 'held')",
                values![target, now.0],
            )?;
            Ok(())
        })
    }

    /// How each target does that anything was for.
    pub fn targets(&self) -> Result<BTreeMap<String, TargetSummary>, AlertsError> {
        self.read(|connection| {
            let sql = "SELECT target, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'dead'),
                    min(created_micros) FILTER (WHERE state = 'pending'),
                    max(done_micros) FILTER (WHERE state = 'sent'),
                    (SELECT answer FROM deliveries f WHERE f.target = d.target AND f.answer IS NOT NULL
                        AND (f.state = 'dead' OR (f.state = 'pending' AND f.tries > 0)) ORDER BY f.seq DESC LIMIT 1)
                    FROM deliveries d GROUP BY target";
            let rows = connection.all(sql, &[], |row| {
                let instant = |micros: Option<i64>| micros.map(Timestamp);
                let summary = TargetSummary {
                    pending: row.get::<i64>(1)?.unsigned_abs(),
                    dead: row.get::<i64>(2)?.unsigned_abs(),
                    oldest_pending: instant(row.get(3)?),
                    last_sent: instant(row.get(4)?),
                    last_failure: row.get(5)?,
                };
                Ok((row.get(0)?, summary))
            })?;
            Ok(rows.into_iter().collect())
        })
    }
}

pub(super) fn put(transaction: &Connection, notice: &Notice, now: Timestamp) -> SqlResult<()> {
    let insert = "INSERT INTO notices (id, created_micros, is_routed, notice) VALUES (?1, ?2, 0, ?3)";
    let bounded = notice.clone().bounded();
    // Whoever published it was given its id.
    let own = notice.dedup_key.strip_prefix("message/").filter(|_| notice.kind == Kind::Message);
    let id = own.map_or_else(|| unique_id(now), str::to_owned);
    transaction.execute(insert, values![id, now.0, json_text(&bounded)?]).map(drop)
}

fn deliver(
    transaction: &Connection,
    queued: &Queued,
    target: &str,
    held_for: Option<Micros>,
    now: Timestamp,
) -> SqlResult<()> {
    let waiting: i64 = transaction.one(
        "SELECT count(*) FROM deliveries WHERE target = ?1 AND state IN ('pending', 'held')",
        values![target],
        |row| row.get(0),
    )?;
    let is_full = usize::try_from(waiting).unwrap_or(usize::MAX) >= MAX_PENDING;
    let (state, due) = match held_for {
        _ if is_full => (DeliveryState::Dead, now),
        Some(held_for) => (DeliveryState::Held, now.plus(held_for)),
        None => (DeliveryState::Pending, due(queued, now)),
    };
    let answer = is_full.then(|| format!("{MAX_PENDING} messages wait for this target already"));
    let sql = "INSERT INTO deliveries
            (id, notice, target, dedup_key, is_firing, state, tries, due_micros, created_micros, done_micros, answer)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10)";
    let values = values![
        unique_id(now),
        queued.seq,
        target,
        queued.notice.dedup_key,
        queued.notice.status == Status::Firing,
        state.name(),
        due.0,
        now.0,
        is_full.then_some(now.0),
        answer,
    ];
    transaction.execute(sql, values).map(drop)
}

/// That an insight began is told a moment later, so that what begins with it is told with it.
fn due(queued: &Queued, now: Timestamp) -> Timestamp {
    let notice = &queued.notice;
    let waits = notice.kind == Kind::Insight && notice.status == Status::Firing;
    if waits { queued.created.plus(GATHERED_FOR).max(now) } else { now }
}

fn record(transaction: &Connection, seq: i64, outcome: &Outcome, now: Timestamp) -> SqlResult<()> {
    let (state, due, tries, answer) = match outcome {
        Outcome::Sent { answer } => (DeliveryState::Sent, None, 1, Some(answer)),
        Outcome::Merged { answer } => (DeliveryState::Merged, None, 0, Some(answer)),
        Outcome::Dead { answer } => (DeliveryState::Dead, None, 1, Some(answer)),
        Outcome::Retry { due, answer } => (DeliveryState::Pending, Some(due.0), 1, Some(answer)),
        Outcome::Wait { due } => (DeliveryState::Pending, Some(due.0), 0, None),
    };
    let done = (state != DeliveryState::Pending).then_some(now.0);
    let sql = "UPDATE deliveries SET state = ?2, due_micros = coalesce(?3, due_micros), tries = tries + ?4,
            answer = coalesce(?5, answer), done_micros = ?6 WHERE seq = ?1 AND state = 'pending'";
    let values = values![seq, state.name(), due, tries, answer, done];
    transaction.execute(sql, values).map(drop)
}

fn read(row: &Row) -> SqlResult<Delivery> {
    let state: String = row.get(4)?;
    let state = DeliveryState::ALL.into_iter().find(|known| known.name() == state);
    let done: Option<i64> = row.get(8)?;
    Ok(Delivery {
        seq: row.get(0)?,
        id: row.get(1)?,
        target: row.get(2)?,
        dedup_key: row.get(3)?,
        state: state.ok_or_else(|| SqlError::Malformed("state".to_owned()))?,
        tries: row.get(5)?,
        due: Timestamp(row.get(6)?),
        created: Timestamp(row.get(7)?),
        done: done.map(Timestamp),
        answer: row.get(9)?,
        notice_id: row.get(10)?,
        notice: row.json(11)?,
    })
}

/// The last word that a target has of something that goes on stays, for it is repeated to those who forget.
pub(super) fn retain(transaction: &Connection, now: Timestamp) -> SqlResult<usize> {
    let oldest = now.minus(Micros::from_secs(DELIVERIES_KEPT_DAYS * DAY));
    let gone = transaction.execute(
        "DELETE FROM deliveries AS d WHERE done_micros < ?1 AND NOT (is_firing = 1 AND state = 'sent' AND seq =
            (SELECT max(seq) FROM deliveries WHERE target = d.target AND dedup_key = d.dedup_key))",
        values![oldest.0],
    )?;
    let notices = transaction.execute(
        "DELETE FROM notices WHERE is_routed = 1 AND created_micros < ?1
            AND NOT EXISTS (SELECT 1 FROM deliveries WHERE notice = notices.seq)",
        values![oldest.0],
    )?;
    Ok(gone + notices)
}

/// A UUID of version 7: it sorts by the time at which it was made.
pub fn unique_id(now: Timestamp) -> String {
    let millis = now.0.div_euclid(1_000).unsigned_abs() & 0xffff_ffff_ffff;
    let random: u128 = rand::rng().random();
    let low = (random & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    let high = (u128::from(millis) << 16) | 0x7000 | ((random >> 64) & 0xfff);
    let text = format!("{high:016x}{:016x}", low as u64);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}
