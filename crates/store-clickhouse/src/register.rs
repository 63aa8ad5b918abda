//! What PostgreSQL keeps of a store: who writes, who follows which share, how far each was read, and which links wait.
//!
//! | table | a row is |
//! |---|---|
//! | `fluoro_store` | the store: its name, which its tables in ClickHouse bear too, and how many shares it has |
//! | `fluoro_lane` | a writer: one process as long as its lease is renewed; free again once it was closed |
//! | `fluoro_share` | a share: its owner, how far it is digested, and a commit that was begun |
//! | `fluoro_link` | a link that waits for the trace of its sender |
//!
//! Every change of a share says whose it is: owner and epoch. Times of leases are PostgreSQL's.

mod bytes;
mod told;

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::link::{AwaitedLink, LinkId};
use row::codec::{decode_commit, encode_commit};
use store::{Begun, Digested, Lease, Share, StoreError, TailCursor};
use tokio_postgres::types::ToSql;

use self::bytes::{counts, cursor, cursor_bytes, link_ids, link_key};
use self::told::{unreachable, unusable};
use crate::failure::Failure;
use crate::pool::{Held, Pool, timed};

/// Of these tables.
const VERSION: i32 = 1;
/// Held while they are made, and while a lane is taken.
const LOCK: i64 = 0x666c_756f_726f;
/// A lane whose process died is taken by another only then: nothing that was on its way can still arrive.
const DEAD_FOR_GOOD: &str = "1 day";

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS fluoro_store (
        id integer PRIMARY KEY CHECK (id = 1), version integer NOT NULL, name text NOT NULL, shares integer NOT NULL,
        dropped_documents bigint NOT NULL DEFAULT 0, dropped_traces bigint NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS fluoro_lane (
        lane integer PRIMARY KEY, incarnation bigint NOT NULL, is_open boolean NOT NULL, lease_until timestamptz NOT NULL,
        documents bigint NOT NULL, stamp bigint NOT NULL, last bytea);
    ALTER TABLE fluoro_lane ADD COLUMN IF NOT EXISTS digests boolean NOT NULL DEFAULT true;
    CREATE TABLE IF NOT EXISTS fluoro_share (
        share integer PRIMARY KEY, owner integer, epoch bigint NOT NULL DEFAULT 0, through bytea NOT NULL DEFAULT '',
        commits bigint NOT NULL DEFAULT 0, begun bytea, answered bytea,
        read bigint NOT NULL DEFAULT 0, traces bigint NOT NULL DEFAULT 0, digests bigint NOT NULL DEFAULT 0,
        foreign_links bigint NOT NULL DEFAULT 0, committed_at bigint NOT NULL DEFAULT 0, lag bigint NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS fluoro_link (
        share integer NOT NULL, read bigint NOT NULL, number bigint NOT NULL, sender_share integer NOT NULL, body bytea NOT NULL,
        PRIMARY KEY (share, read, number));
    CREATE INDEX IF NOT EXISTS fluoro_link_by_sender ON fluoro_link (sender_share);
";

/// Some tables of a database in which Fluoro has none.
const OTHERS: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()
    AND to_regclass('fluoro_store') IS NULL AND to_regclass('fluoro_settings') IS NULL ORDER BY 1 LIMIT 4";
const OWN: &str = "name in --settings a database of its own, such as one made with `createdb fluoro`";

#[derive(Debug)]
pub(crate) struct Register {
    pool: Pool,
    lease: Duration,
}

/// The store as it was founded.
#[derive(Debug, Clone)]
pub(crate) struct Founded {
    pub(crate) name: String,
    pub(crate) shares: u16,
}

/// A writer's number, and what tells this process from another that had it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    pub(crate) number: u32,
    incarnation: i64,
}

/// Up to where a lane has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// The last sequence in each share; dense, so these are counts too.
    pub(crate) last: Vec<u64>,
    /// The newest stamp.
    pub(crate) stamp: i64,
}

/// A lane that was taken.
#[derive(Debug)]
pub(crate) enum Taken {
    /// New, or closed by whoever had it before.
    Known(Lane, Written),
    /// Its process died: what it has written must be looked up.
    Unknown(Lane),
}

/// A row of `fluoro_lane`.
#[derive(Debug)]
pub(crate) struct LaneRow {
    pub(crate) number: u32,
    pub(crate) is_alive: bool,
    /// Shares may fall to it.
    pub(crate) digests: bool,
    pub(crate) documents: u64,
    pub(crate) stamp: i64,
    /// Where it is closed.
    pub(crate) last: Option<Vec<u64>>,
}

/// A row of `fluoro_share`, as far as it only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) read: u64,
    pub(crate) traces: u64,
    pub(crate) digests: u64,
    pub(crate) foreign_links: u64,
    pub(crate) committed_at: Timestamp,
    pub(crate) lag_micros: u64,
}

#[derive(Debug)]
pub(crate) struct ShareRow {
    pub(crate) lease: Lease,
    pub(crate) owner: Option<u32>,
    pub(crate) progress: Progress,
}

/// All of it at one time.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) lanes: Vec<LaneRow>,
    pub(crate) shares: Vec<ShareRow>,
    /// Documents and traces that were kept and are old.
    pub(crate) dropped: (u64, u64),
}

/// How a commit stands when it is to be made.
#[derive(Debug)]
pub(crate) enum Noted {
    Open {
        number: i64,
        /// The links that it answers.
        answered: Vec<u8>,
        /// It was noted before, and some of it may be done.
        is_again: bool,
    },
    /// It was finished before.
    Finished,
}

/// What a commit adds to its share; how far it is read then is not a difference.
#[derive(Debug)]
pub(crate) struct Added<'a> {
    pub(crate) progress: Progress,
    /// With the share of the sender.
    pub(crate) awaited: Vec<(Share, &'a Arc<AwaitedLink>)>,
}

impl Register {
    pub(crate) fn new(url: &str, lease: Duration) -> Result<Self, postgres::Mistake> {
        Ok(Self { pool: Pool::new(url)?, lease })
    }

    /// Makes the tables where they are missing. A store that is new gets so many shares.
    pub(crate) async fn found(&self, shares: u16) -> Result<Founded, StoreError> {
        let mut held = self.pool.take().await.map_err(|failure| unreachable(&failure))?;
        let name = format!("{:032x}", rand::random::<u128>());
        let founding = timed(async {
            let transaction = held.transaction().await?;
            transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
            let others = transaction.query(OTHERS, &[]).await?;
            if !others.is_empty() {
                return Ok(Err(others.iter().map(|row| row.get(0)).collect::<Vec<String>>()));
            }
            transaction.batch_execute(TABLES).await?;
            let sql = "INSERT INTO fluoro_store (id, version, name, shares) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING";
            let count = i32::from(shares);
            transaction.execute(sql, &[&VERSION, &name, &count]).await?;
            let row = transaction.query_one("SELECT version, name, shares FROM fluoro_store", &[]).await?;
            let (version, name, count): (i32, String, i32) = (row.get(0), row.get(1), row.get(2));
            let sql =
                "INSERT INTO fluoro_share (share) SELECT generate_series(0, $1 - 1) ON CONFLICT DO NOTHING";
            if version == VERSION {
                transaction.execute(sql, &[&count]).await?;
            }
            transaction.commit().await?;
            Ok(Ok((version, name, count)))
        });
        let founded = founding.await.map_err(|failure| unusable(&failure))?;
        held.give_back();
        let (version, name, count) = founded.map_err(|others| StoreError::Unusable {
            detail: format!("the database in PostgreSQL has tables of something else: {}", others.join(", ")),
            remedy: OWN.to_owned(),
        })?;
        if version != VERSION {
            return Err(StoreError::Unusable {
                detail: format!(
                    "the tables in PostgreSQL are of version {version}, and this is a version of Fluoro that knows {VERSION}"
                ),
                remedy: "use the newer version of Fluoro that made them".to_owned(),
            });
        }
        let damaged = || StoreError::Damaged { what: "fluoro_store in PostgreSQL".to_owned() };
        let shares = u16::try_from(count).ok().filter(|count| *count > 0).ok_or_else(damaged)?;
        Ok(Founded { name, shares })
    }

    /// A lane that nobody has.
    pub(crate) async fn take_lane(&self, shares: u16, digests: bool) -> Result<Taken, Failure> {
        let mut held = self.pool.take().await?;
        let incarnation: i64 = rand::random();
        let lease = self.lease.as_secs_f64();
        let taken = timed(async {
            let transaction = held.transaction().await?;
            transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
            let sql = format!(
                "SELECT lane, last, stamp FROM fluoro_lane WHERE NOT is_open OR lease_until < now() - interval '{DEAD_FOR_GOOD}'
                 ORDER BY is_open, lane LIMIT 1"
            );
            let free = transaction.query_opt(&sql, &[]).await?;
            let number: i32 = match &free {
                Some(row) => row.get(0),
                None => transaction
                    .query_one("SELECT coalesce(max(lane), 0) + 1 FROM fluoro_lane", &[])
                    .await?
                    .get(0),
            };
            let sql = "INSERT INTO fluoro_lane VALUES ($1, $2, true, now() + make_interval(secs => $3), 0, 0, NULL, $4)
                ON CONFLICT (lane) DO UPDATE SET incarnation = $2, is_open = true, lease_until = now() + make_interval(secs => $3), last = NULL,
                    digests = $4";
            transaction.execute(sql, &[&number, &incarnation, &lease, &digests]).await?;
            transaction.commit().await?;
            let lane = Lane { number: number as u32, incarnation };
            Ok(match free {
                None => Taken::Known(lane, Written { last: vec![0; shares.into()], stamp: i64::MIN }),
                Some(row) => match row.get::<_, Option<&[u8]>>(1).and_then(|last| counts(last, shares)) {
                    Some(last) => Taken::Known(lane, Written { last, stamp: row.get(2) }),
                    None => Taken::Unknown(lane),
                },
            })
        });
        let taken = taken.await?;
        held.give_back();
        Ok(taken)
    }

    /// False where another process has the lane by now.
    pub(crate) async fn renew(&self, lane: Lane, documents: u64, stamp: i64) -> Result<bool, Failure> {
        let sql = "UPDATE fluoro_lane SET lease_until = now() + make_interval(secs => $3), documents = $4, stamp = $5
            WHERE lane = $1 AND incarnation = $2 AND is_open";
        let (number, lease, documents) = (lane.number as i32, self.lease.as_secs_f64(), documents as i64);
        let changed = self.execute(sql, &[&number, &lane.incarnation, &lease, &documents, &stamp]).await?;
        Ok(changed > 0)
    }

    /// Lets go of the lane, for others to go on with, and of the shares. Without `written` nobody knows what of the lane is kept;
    /// it is left as that of a process that died.
    pub(crate) async fn leave(&self, lane: Lane, written: Option<&Written>) -> Result<(), Failure> {
        let number = lane.number as i32;
        let sql = "UPDATE fluoro_share SET owner = NULL, epoch = epoch + 1 WHERE owner = $1
            AND EXISTS (SELECT 1 FROM fluoro_lane WHERE lane = $1 AND incarnation = $2 AND is_open)";
        self.execute(sql, &[&number, &lane.incarnation]).await?;
        let Some(written) = written else {
            let sql =
                "UPDATE fluoro_lane SET lease_until = now() WHERE lane = $1 AND incarnation = $2 AND is_open";
            return self.execute(sql, &[&number, &lane.incarnation]).await.map(drop);
        };
        let last: Vec<u8> = written.last.iter().flat_map(|last| last.to_le_bytes()).collect();
        let documents = written.last.iter().sum::<u64>() as i64;
        let sql = "UPDATE fluoro_lane SET is_open = false, documents = $3, stamp = $4, last = $5
            WHERE lane = $1 AND incarnation = $2 AND is_open";
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&number, &lane.incarnation, &documents, &written.stamp, &last];
        self.execute(sql, &parameters).await.map(drop)
    }

    /// So many are gone that were kept.
    pub(crate) async fn dropped(&self, documents: u64, traces: u64) -> Result<(), Failure> {
        let sql = "UPDATE fluoro_store SET dropped_documents = dropped_documents + $1, dropped_traces = dropped_traces + $2";
        self.execute(sql, &[&(documents as i64), &(traces as i64)]).await.map(drop)
    }

    /// Everything that changes by itself.
    pub(crate) async fn look(&self) -> Result<Look, Failure> {
        let held = self.pool.take().await?;
        let read = timed(async {
            let sql = "SELECT lane, is_open AND lease_until > now(), documents, stamp, last, digests FROM fluoro_lane ORDER BY lane";
            let lanes = held.query(sql, &[]).await?;
            let sql = "SELECT dropped_documents, dropped_traces FROM fluoro_store";
            let dropped = held.query_one(sql, &[]).await?;
            let sql = "SELECT share, owner, epoch, read, traces, digests, foreign_links, committed_at, lag FROM fluoro_share ORDER BY share";
            Ok((lanes, dropped, held.query(sql, &[]).await?))
        });
        let (lanes, dropped, shares) = read.await?;
        held.give_back();
        let count = shares.len() as u16;
        let lanes = lanes.iter().map(|row| LaneRow {
            number: row.get::<_, i32>(0) as u32,
            is_alive: row.get(1),
            documents: row.get::<_, i64>(2) as u64,
            stamp: row.get(3),
            last: row.get::<_, Option<&[u8]>>(4).and_then(|last| counts(last, count)),
            digests: row.get(5),
        });
        let number = |row: &tokio_postgres::Row, column| row.get::<_, i64>(column) as u64;
        let shares = shares.iter().map(|row| ShareRow {
            lease: Lease { share: Share(row.get::<_, i32>(0) as u16), epoch: number(row, 2) },
            owner: row.get::<_, Option<i32>>(1).map(|owner| owner as u32),
            progress: Progress {
                read: number(row, 3),
                traces: number(row, 4),
                digests: number(row, 5),
                foreign_links: number(row, 6),
                committed_at: Timestamp(row.get(7)),
                lag_micros: number(row, 8),
            },
        });
        let dropped = (number(&dropped, 0), number(&dropped, 1));
        Ok(Look { lanes: lanes.collect(), shares: shares.collect(), dropped })
    }

    /// Takes a share as it was seen. `None` where somebody was faster.
    pub(crate) async fn claim(&self, lane: Lane, seen: &ShareRow) -> Result<Option<Lease>, Failure> {
        let sql = "UPDATE fluoro_share SET owner = $1, epoch = epoch + 1 WHERE share = $2 AND epoch = $3
            AND EXISTS (SELECT 1 FROM fluoro_lane WHERE lane = $1 AND incarnation = $4 AND is_open)";
        let Lease { share, epoch } = seen.lease;
        let (number, of, at) = (lane.number as i32, i32::from(share.0), epoch as i64);
        let changed = self.execute(sql, &[&number, &of, &at, &lane.incarnation]).await?;
        Ok((changed > 0).then_some(Lease { share, epoch: epoch + 1 }))
    }

    pub(crate) async fn release(&self, lane: Lane, lease: Lease) -> Result<(), Failure> {
        let sql = "UPDATE fluoro_share SET owner = NULL, epoch = epoch + 1 WHERE share = $1 AND owner = $2 AND epoch = $3";
        let (share, number, epoch) = (i32::from(lease.share.0), lane.number as i32, lease.epoch as i64);
        self.execute(sql, &[&share, &number, &epoch]).await.map(drop)
    }

    pub(crate) async fn digested(&self, share: Share) -> Result<Digested, Failure> {
        let sql = "SELECT through, begun, answered FROM fluoro_share WHERE share = $1";
        let rows = self.query(sql, &[&i32::from(share.0)]).await?;
        let Some(row) = rows.first() else { return Ok(Digested::default()) };
        let unfinished = row.get::<_, Option<&[u8]>>(1).map(|begun| Begun {
            through: cursor(begun),
            answered: row.get::<_, Option<&[u8]>>(2).map(link_ids).unwrap_or_default(),
        });
        Ok(Digested { through: cursor(row.get(0)), unfinished })
    }

    /// Notes which documents a commit is about.
    pub(crate) async fn begin(
        &self,
        lane: Lane,
        lease: Lease,
        through: &TailCursor,
        answered: &[LinkId],
    ) -> Result<Noted, StoreError> {
        let failed = |failure: Failure| failure.of_any("note a commit");
        let sql = "UPDATE fluoro_share SET begun = $4, answered = $5, commits = commits + 1
            WHERE share = $1 AND owner = $2 AND epoch = $3 AND begun IS NULL AND through <> $4 RETURNING commits";
        let (share, number, epoch) = (i32::from(lease.share.0), lane.number as i32, lease.epoch as i64);
        let (through, answered) = (cursor_bytes(through), encode_commit(&[], &[], &[], answered));
        let rows = self.query(sql, &[&share, &number, &epoch, &through, &answered]).await.map_err(failed)?;
        if let Some(row) = rows.first() {
            return Ok(Noted::Open { number: row.get(0), answered, is_again: false });
        }
        let sql = "SELECT owner, epoch, through, begun, answered, commits FROM fluoro_share WHERE share = $1";
        let rows = self.query(sql, &[&share]).await.map_err(failed)?;
        let row = rows.first().ok_or(StoreError::Fenced)?;
        let (owner, found): (Option<i32>, i64) = (row.get(0), row.get(1));
        if owner != Some(number) || found != epoch {
            return Err(StoreError::Fenced);
        }
        match row.get::<_, Option<&[u8]>>(3) {
            None if row.get::<_, &[u8]>(2) == through => Ok(Noted::Finished),
            Some(begun) if begun == through => {
                let answered = row.get::<_, Option<Vec<u8>>>(4).unwrap_or_default();
                Ok(Noted::Open { number: row.get(5), answered, is_again: true })
            }
            _ => {
                let detail = "another commit was begun and must be finished first";
                Err(StoreError::failed("commit", std::io::Error::other(detail)))
            }
        }
    }

    /// Moves the cursor, and with it what waits. Gives how the share stands then.
    pub(crate) async fn finish(
        &self,
        lane: Lane,
        lease: Lease,
        commit: i64,
        answered: &[u8],
        added: &Added<'_>,
    ) -> Result<Progress, StoreError> {
        let failed = |failure: Failure| failure.of_any("finish a commit");
        let mut held = self.pool.take().await.map_err(failed)?;
        let (share, number, epoch) = (i32::from(lease.share.0), lane.number as i32, lease.epoch as i64);
        let Progress { read, traces, digests, foreign_links, committed_at, lag_micros } = added.progress;
        let [read, traces, digests, foreign_links, lag] =
            [read, traces, digests, foreign_links, lag_micros].map(|number| number as i64);
        let finishing = timed(async {
            let transaction = held.transaction().await?;
            let sql = "UPDATE fluoro_share SET through = begun, begun = NULL, answered = NULL, read = $5, traces = traces + $6,
                digests = digests + $7, foreign_links = foreign_links + $8, committed_at = $9, lag = $10
                WHERE share = $1 AND owner = $2 AND epoch = $3 AND commits = $4 AND begun IS NOT NULL
                RETURNING traces, digests, foreign_links";
            let parameters: [&(dyn ToSql + Sync); 10] = [
                &share,
                &number,
                &epoch,
                &commit,
                &read,
                &traces,
                &digests,
                &foreign_links,
                &committed_at.0,
                &lag,
            ];
            let Some(row) = transaction.query_opt(sql, &parameters).await? else { return Ok(None) };
            let [traces, digests, foreign_links] = [0, 1, 2].map(|column| row.get::<_, i64>(column) as u64);
            for (of_sender, waiting) in &added.awaited {
                let sql = "INSERT INTO fluoro_link VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
                let (share, read, number) = link_key(waiting.id);
                let body = encode_commit(&[], &[], std::slice::from_ref(*waiting), &[]);
                transaction.execute(sql, &[&share, &read, &number, &i32::from(of_sender.0), &body]).await?;
            }
            for id in link_ids(answered) {
                let (share, read, number) = link_key(id);
                let sql = "DELETE FROM fluoro_link WHERE share = $1 AND read = $2 AND number = $3";
                transaction.execute(sql, &[&share, &read, &number]).await?;
            }
            transaction.commit().await?;
            Ok(Some(Progress { traces, digests, foreign_links, ..added.progress }))
        });
        let progress = finishing.await.map_err(failed)?;
        held.give_back();
        progress.ok_or(StoreError::Fenced)
    }

    pub(crate) async fn awaited(&self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, Failure> {
        let sql = "SELECT body FROM fluoro_link WHERE sender_share = $1 ORDER BY share, read, number";
        let rows = self.query(sql, &[&i32::from(share.0)]).await?;
        let links = rows.iter().filter_map(|row| match decode_commit(row.get(0)) {
            Ok(reduced) => reduced.awaited.into_iter().next(),
            Err(error) => {
                tracing::warn!(%error, "a link that waits is not understood");
                None
            }
        });
        Ok(links.collect())
    }

    async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, Failure> {
        let held: Held<'_> = self.pool.take().await?;
        let rows = timed(async { Ok(held.query(sql, parameters).await?) }).await?;
        held.give_back();
        Ok(rows)
    }

    async fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64, Failure> {
        let held = self.pool.take().await?;
        let changed = timed(async { Ok(held.execute(sql, parameters).await?) }).await?;
        held.give_back();
        Ok(changed)
    }
}
