//! Searches: candidates by the columns, then what is true of their newest digests.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Timestamp, TraceDigest, TraceId};
use store::search::MAX_SCANNED_PER_PAGE;
use store::{Axis, Cursor, Search, SearchPage, Share, StoreError};

use crate::binary::Input;
use crate::client::ClickHouse;
use crate::digests;
use crate::failure::Failure;
use crate::literal::{bytes, number};
use crate::predicate::condition;
use crate::store::share_of;

/// Candidates that are read at once, at least and at most.
const LEAST: usize = 64;
const MOST: usize = 4_096;

/// The newest digest of each trace that has one, in no order.
pub(crate) async fn newest(
    server: &ClickHouse,
    shares: u16,
    ids: &[TraceId],
) -> Result<Vec<Arc<TraceDigest>>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {} FROM traces WHERE {} ORDER BY revision DESC LIMIT 1 BY trace_id FORMAT RowBinary",
        digests::READ,
        of_traces(shares, ids)
    );
    let answer = server.ask(sql).await?;
    Ok(digests::read(&answer)?)
}

/// Traces of some shares with their revisions, the newest first.
pub(crate) async fn revised(
    server: &ClickHouse,
    shares: &[Share],
    since: Timestamp,
    limit: usize,
) -> Result<Vec<(TraceId, u32)>, Failure> {
    if shares.is_empty() {
        return Ok(Vec::new());
    }
    let shares: Vec<String> = shares.iter().map(|share| share.0.to_string()).collect();
    let sql = format!(
        "SELECT trace_id, max(revision) FROM traces WHERE share IN ({}) AND last_received >= {} GROUP BY trace_id \
         ORDER BY max(last_received) DESC LIMIT {limit} FORMAT RowBinary",
        shares.join(", "),
        number(since.0)
    );
    let answer = server.ask(sql).await?;
    Ok(Input::new(&answer).rows(|input| Ok((TraceId(input.array()?), input.u32()?)))?)
}

/// How many of the traces have a digest.
pub(crate) async fn count(server: &ClickHouse, shares: u16, ids: &[TraceId]) -> Result<u64, Failure> {
    let of = of_traces(shares, ids);
    let answer =
        server.ask(format!("SELECT uniqExact(trace_id) FROM traces WHERE {of} FORMAT RowBinary")).await?;
    Ok(Input::new(&answer).u64()?)
}

/// A condition that the primary key answers.
pub(crate) fn of_traces(shares: u16, ids: &[TraceId]) -> String {
    let mut of: Vec<u16> = ids.iter().map(|id| share_of(*id, shares).0).collect();
    of.sort_unstable();
    of.dedup();
    let of: Vec<String> = of.iter().map(ToString::to_string).collect();
    // As text: the column is a fixed string, and constants of that type are compared with it.
    let ids: Vec<String> = ids.iter().map(|id| format!("toFixedString({}, 16)", bytes(&id.0))).collect();
    format!("share IN ({}) AND trace_id IN ({})", of.join(", "), ids.join(", "))
}

pub(crate) async fn page(
    server: &ClickHouse,
    shares: u16,
    search: &Search,
) -> Result<SearchPage, StoreError> {
    let failed = |failure: Failure| failure.of_query("search in ClickHouse");
    let mut page = SearchPage::default();
    let mut after = search.after;
    let mut size = (search.limit * 2).clamp(LEAST, MOST);
    let mut looked = 0;
    loop {
        let rows = candidates(server, search, after, size).await.map_err(failed)?;
        let is_last = rows.len() < size;
        let ids: Vec<TraceId> = rows.iter().map(|(place, _)| place.id).collect();
        let found = newest(server, shares, &ids).await.map_err(failed)?;
        let by_id: HashMap<TraceId, Arc<TraceDigest>> =
            found.into_iter().map(|digest| (digest.id, digest)).collect();
        let mut rows = rows.into_iter().peekable();
        while let Some((place, revision)) = rows.next() {
            looked += 1;
            after = Some(place);
            // A superseded revision is a candidate too; the newest has a place of its own.
            let newest = by_id
                .get(&place.id)
                .filter(|digest| digest.revision == revision && search.axis.place(digest) == Some(place));
            let is_repeated = page.digests.last().is_some_and(|last| search.axis.place(last) == Some(place));
            if let Some(digest) = newest
                && !is_repeated
                && search.predicate.may_match(digest)
            {
                page.digests.push(Arc::clone(digest));
            }
            page.scanned = looked;
            if page.digests.len() >= search.limit || looked >= MAX_SCANNED_PER_PAGE {
                let is_over = is_last && rows.peek().is_none();
                page.next = after.filter(|_| !is_over);
                return Ok(page);
            }
        }
        if is_last {
            return Ok(page);
        }
        size = (size * 2).min(MOST);
    }
}

/// The newest rows that may match, each with its revision.
async fn candidates(
    server: &ClickHouse,
    search: &Search,
    after: Option<Cursor>,
    size: usize,
) -> Result<Vec<(Cursor, u32)>, Failure> {
    let time = match search.axis {
        Axis::Start => "start",
        Axis::Received => "last_received",
        Axis::End => "`end`",
    };
    let (start, end) = (number(search.range.start.0), number(search.range.end.0));
    let mut conditions = vec![format!("{time} >= {start} AND {time} < {end}")];
    if search.axis == Axis::End {
        conditions.push("`end` IS NOT NULL".to_owned());
    }
    if let Some(Cursor { time: at, id }) = after {
        let (at, id) = (number(at.0), bytes(&id.0));
        // The first is for the index.
        conditions.push(format!("{time} <= {at} AND ({time} < {at} OR trace_id < toFixedString({id}, 16))"));
    }
    conditions.push(condition(&search.predicate));
    let sql = format!(
        "SELECT assumeNotNull({time}) AS place, trace_id, revision FROM traces WHERE {} ORDER BY place DESC, trace_id DESC, revision DESC \
         LIMIT {size} FORMAT RowBinary",
        conditions.join(" AND ")
    );
    let answer = server.ask(sql).await?;
    let row = |input: &mut Input<'_>| {
        let time = Timestamp(input.i64()?);
        Ok((Cursor { time, id: TraceId(input.array()?) }, input.u32()?))
    };
    Ok(Input::new(&answer).rows(row)?)
}
