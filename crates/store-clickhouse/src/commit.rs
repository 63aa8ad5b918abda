//! Commits, in four steps that can be repeated (CH-2).

use bytes::Bytes;
use model::TraceId;
use store::{Commit, Share, StoreError};

use crate::binary::Output;
use crate::client::ClickHouse;
use crate::digests;
use crate::minutes;
use crate::register::{Added, Lane, Noted, Progress, Register};
use crate::search;
use crate::store::share_of;

/// Traces of one question.
const COUNTED_TOGETHER: usize = 2_048;

/// After which a commit is broken off, in tests: as if its process had been killed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is known which documents it is about.
    Noted,
    Minutes,
    Digests,
    /// Everything, but the answer is lost.
    Finished,
}

/// Who commits, and where.
pub(crate) struct Committing<'a> {
    pub(crate) server: &'a ClickHouse,
    pub(crate) register: &'a Register,
    pub(crate) lane: Lane,
    /// Of the store, which is part of the names of blocks.
    pub(crate) name: &'a str,
    pub(crate) shares: u16,
    pub(crate) breaks_after: Option<Step>,
}

impl Committing<'_> {
    /// Gives how the share stands then; `None` where the commit was finished before.
    pub(crate) async fn commit(&self, commit: &Commit) -> Result<Option<Progress>, StoreError> {
        let Commit { lease, through, digests, minutes, awaited, answered, at, oldest } = commit;
        let share = lease.share;
        let noted = self.register.begin(self.lane, *lease, through, answered).await?;
        let Noted::Open { number, answered, is_again } = noted else { return Ok(None) };
        self.check(Step::Noted)?;
        let token = |what: &str| format!("{what}:{}:{}:{number}", self.name, share.0);
        let insert_minutes = async {
            if minutes.is_empty() {
                return Ok(());
            }
            let mut output = Output::default();
            minutes.iter().for_each(|row| minutes::write(row, &mut output));
            self.insert("minutes", minutes::COLUMNS, &token("m"), output, is_again).await
        };
        // Counted before the digests are in: of one that is made again after that, new traces are not counted.
        let ids: Vec<TraceId> = digests.iter().map(|digest| digest.id).collect();
        let ((), known) = tokio::try_join!(insert_minutes, self.known(&ids))?;
        self.check(Step::Minutes)?;
        if !digests.is_empty() {
            let mut output = Output::default();
            digests.iter().for_each(|digest| digests::write(share, digest, &mut output));
            self.insert("traces", digests::COLUMNS, &token("t"), output, is_again).await?;
        }
        self.check(Step::Digests)?;
        let of_sender = |sender| share_of(sender, self.shares);
        let awaited: Vec<(Share, _)> =
            awaited.iter().map(|waiting| (of_sender(waiting.link.from.0), waiting)).collect();
        let progress = Progress {
            read: through.documents(),
            traces: (digests.len() as u64).saturating_sub(known),
            digests: digests.len() as u64,
            foreign_links: awaited.iter().filter(|(of_sender, _)| *of_sender != share).count() as u64,
            committed_at: *at,
            lag_micros: oldest.until(*at).0,
        };
        let added = Added { progress, awaited };
        let progress = self.register.finish(self.lane, *lease, number, &answered, &added).await?;
        self.check(Step::Finished)?;
        Ok(Some(progress))
    }

    /// How many of the traces have a digest.
    async fn known(&self, ids: &[TraceId]) -> Result<u64, StoreError> {
        let mut known = 0;
        for ids in ids.chunks(COUNTED_TOGETHER) {
            let counted = search::count(self.server, self.shares, ids).await;
            known += counted.map_err(|failure| failure.of_any("count traces in ClickHouse"))?;
        }
        Ok(known)
    }

    async fn insert(
        &self,
        table: &str,
        columns: &str,
        token: &str,
        rows: Output,
        is_again: bool,
    ) -> Result<(), StoreError> {
        let (into, rows) = (format!("{table} ({columns})"), Bytes::from(rows.0));
        let inserted = match is_again {
            false => self.server.insert(&into, token, rows).await,
            true => self.server.insert_again(&into, token, rows).await,
        };
        inserted.map_err(|failure| failure.of_any("write what was digested to ClickHouse"))
    }

    fn check(&self, step: Step) -> Result<(), StoreError> {
        match self.breaks_after {
            Some(broken) if broken == step => Err(StoreError::Closed),
            _ => Ok(()),
        }
    }
}
