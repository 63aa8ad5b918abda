//! The rows of one page of traces: newest first as they come, or the best of all by some measure.

use std::sync::Arc;

use model::{Timestamp, TraceDigest, TraceId};
use store::Cursor;

use crate::error::Problem;

/// Nobody reads further in an order of their own; by time there is no end.
pub(super) const MAX_RANKED: usize = 1_000;

#[derive(Debug)]
pub(super) enum Page {
    Newest(Newest),
    Ranked(Ranked),
}

/// The rows after the cursor, as many as fit.
#[derive(Debug)]
pub(super) struct Newest {
    after: Option<Cursor>,
    limit: usize,
    rows: Vec<Arc<TraceDigest>>,
    has_more: bool,
}

/// The rows that come first in an order, without those of earlier pages.
#[derive(Debug)]
pub(super) struct Ranked {
    order: Order,
    skip: usize,
    wanted: usize,
    /// At most twice as many as wanted.
    best: Vec<(f64, Arc<TraceDigest>)>,
    seen: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    measure: Measure,
    is_descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Start,
    ResponseTime,
    Duration,
    Status,
    Segments,
}

impl Order {
    /// `responsetime`, or with a minus in front for the longest first. `None` is the order of time, newest first.
    pub(super) fn read(text: Option<&str>) -> Result<Option<Self>, Problem> {
        let text = text.filter(|text| !text.is_empty()).unwrap_or("-start");
        let (is_descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let measure = match name {
            "start" => Measure::Start,
            "responsetime" => Measure::ResponseTime,
            "duration" => Measure::Duration,
            "status" => Measure::Status,
            "segments" => Measure::Segments,
            _ => {
                return Err(Problem::bad_request(format!(
                    "`sort` must be start, responsetime, duration, status or segments, with or without a minus, not {text:?}"
                )));
            }
        };
        Ok((measure != Measure::Start || !is_descending).then_some(Self { measure, is_descending }))
    }

    /// Smaller comes first; what a trace does not have comes last.
    fn rank(self, digest: &TraceDigest) -> f64 {
        let value = match self.measure {
            Measure::Start => Some(digest.start.0 as f64),
            Measure::ResponseTime => digest.response_time().map(|time| time.0 as f64),
            Measure::Duration => digest.duration().map(|time| time.0 as f64),
            Measure::Status => {
                digest.root.as_ref().and_then(|root| root.http.status).map(|status| status as f64)
            }
            Measure::Segments => Some(f64::from(digest.segments)),
        };
        value.map_or(f64::INFINITY, |value| if self.is_descending { -value } else { value })
    }
}

impl Page {
    pub(super) fn new(order: Option<Order>, limit: usize, cursor: Option<&str>) -> Result<Self, Problem> {
        let cursor = cursor.filter(|cursor| !cursor.is_empty());
        Ok(match order {
            None => {
                let after = cursor.map(read_cursor).transpose()?;
                Self::Newest(Newest { after, limit, rows: Vec::new(), has_more: false })
            }
            Some(order) => {
                let skip = cursor.map(|cursor| cursor.parse().map_err(|_| bad_cursor())).transpose()?;
                let skip: usize = skip.unwrap_or(0);
                let wanted = skip.saturating_add(limit).min(MAX_RANKED);
                Self::Ranked(Ranked { order, skip, wanted, best: Vec::new(), seen: 0 })
            }
        })
    }

    /// Traces come newest first.
    pub(super) fn add(&mut self, digest: &Arc<TraceDigest>) {
        match self {
            Self::Newest(newest) => newest.add(digest),
            Self::Ranked(ranked) => ranked.add(digest),
        }
    }

    /// The rows, and where the next page begins.
    pub(super) fn finish(self) -> (Vec<Arc<TraceDigest>>, Option<String>) {
        match self {
            Self::Newest(newest) => {
                let last = newest.rows.last().filter(|_| newest.has_more);
                let cursor = last.map(|last| write_cursor(Cursor { time: last.start, id: last.id }));
                (newest.rows, cursor)
            }
            Self::Ranked(mut ranked) => {
                ranked.prune();
                let has_more = ranked.seen > ranked.wanted && ranked.wanted < MAX_RANKED;
                let cursor = has_more.then(|| ranked.wanted.to_string());
                let rows = ranked.best.into_iter().skip(ranked.skip).map(|(_, digest)| digest);
                (rows.collect(), cursor)
            }
        }
    }
}

impl Newest {
    /// What is not smaller than the cursor was on an earlier page.
    fn add(&mut self, digest: &Arc<TraceDigest>) {
        let place = Cursor { time: digest.start, id: digest.id };
        if self.after.is_some_and(|after| place >= after) {
            return;
        }
        if self.rows.len() == self.limit {
            self.has_more = true;
            return;
        }
        self.rows.push(Arc::clone(digest));
    }
}

impl Ranked {
    fn add(&mut self, digest: &Arc<TraceDigest>) {
        self.seen += 1;
        self.best.push((self.order.rank(digest), Arc::clone(digest)));
        if self.best.len() >= self.wanted.max(1) * 2 {
            self.prune();
        }
    }

    /// Of equals the newest, which came first, stays first.
    fn prune(&mut self) {
        self.best.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        self.best.truncate(self.wanted);
    }
}

pub(super) fn write_cursor(cursor: Cursor) -> String {
    format!("{}~{}", cursor.time.0, cursor.id)
}

pub(super) fn read_cursor(text: &str) -> Result<Cursor, Problem> {
    let parse = || {
        let (time, id) = text.split_once('~')?;
        Some(Cursor { time: Timestamp(time.parse().ok()?), id: id.parse::<TraceId>().ok()? })
    };
    parse().ok_or_else(bad_cursor)
}

fn bad_cursor() -> Problem {
    Problem::bad_request("the cursor is not one that this server gave")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let cursor = Cursor { time: Timestamp(-7), id: TraceId([9; 16]) };
        assert_eq!(read_cursor(&write_cursor(cursor)).unwrap(), cursor);
        assert!(read_cursor("7").is_err() && read_cursor("x~y").is_err());
    }

    #[test]
    fn only_newest_first_needs_no_order() {
        assert!(Order::read(None).unwrap().is_none() && Order::read(Some("-start")).unwrap().is_none());
        assert!(Order::read(Some("start")).unwrap().is_some());
        assert!(Order::read(Some("+start")).is_err());
    }
}
