//! `GET /api/traces/export`: every trace that a filter matches, the newest first, sent as it is read.
//!
//! The head of the answer comes at once and the rest as fast as it is taken; nobody holds more than a page of it. What fails
//! on the way ends the connection without an end of the answer, so that a client does not take a part for the whole.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use door::cut::Cut;
use futures_util::stream;
use model::{TimeRange, Timestamp, TraceDigest};
use query::Filter;
use query::search::{Hunt, search};
use serde::Deserialize;
use store::{Axis, Cursor};
use tracing::warn;

use super::graph::KnownGroup;
use crate::app::{Shared, access};
use crate::error::Problem;
use crate::filter;
use crate::metrics::cut;
use crate::params::Params;
use crate::shape::{RangeParams, TraceRow};
use crate::xray::traces::shape;

/// Rows that are read at a time, and traces with all their documents.
const ROWS: usize = 500;
const TRACES: usize = 10;
/// Traces looked at for one part, so that a filter that matches little gives the others a turn.
const SCAN: u64 = 20_000;

/// Of CSV; the list of the console has the same.
const COLUMNS: [&str; 14] = [
    "id",
    "start",
    "response_time_ms",
    "duration_ms",
    "outcome",
    "method",
    "url",
    "status",
    "entry_point",
    "origin",
    "exception",
    "users",
    "services",
    "client_ip",
];

#[derive(Debug, Deserialize)]
pub(crate) struct ExportParams {
    from: f64,
    to: f64,
    filter: Option<String>,
    group: Option<String>,
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// As one answer of BatchGetTraces, if it took so many ids.
    Json,
    /// A line a trace, each as BatchGetTraces gives it.
    Ndjson,
    /// A line a trace, without its documents.
    Csv,
}

pub(crate) async fn export(
    State(app): State<Shared>,
    Params(params): Params<ExportParams>,
    request: Request,
) -> Result<Response, Problem> {
    let range = RangeParams { from: params.from, to: params.to }.range()?;
    let group = KnownGroup::find(&app, params.group)?;
    let asked = filter::parse(params.filter.as_deref().unwrap_or_default(), &app.groups())
        .map_err(|error| Problem::bad_filter(&error))?;
    // As many at a time as there may be live streams, for the same reason: each lasts as long as its client likes.
    let place = app.streams.take(access::peer(request.extensions())).map_err(|_full| {
        cut(Cut::Streams);
        Problem::unavailable("too many streams and exports are on their way; try again when one has ended")
    })?;
    let format = params.format.unwrap_or(Format::Json);
    let filter = asked.and(group.members);
    let export = Export { app, range, filter, format, after: None, stage: Stage::Head, written: 0 };
    let parts = stream::unfold((export, place), async |(mut export, place)| {
        let part = export.next().await?;
        Some((part, (export, place)))
    });
    let (content_type, name) = match format {
        Format::Json => ("application/json", "traces.json"),
        Format::Ndjson => ("application/x-ndjson", "traces.ndjson"),
        Format::Csv => ("text/csv; charset=utf-8", "traces.csv"),
    };
    let head = [
        (CONTENT_TYPE, content_type.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((head, Body::from_stream(parts)).into_response())
}

/// An export on its way.
struct Export {
    app: Shared,
    range: TimeRange,
    filter: Filter,
    format: Format,
    after: Option<Cursor>,
    stage: Stage,
    written: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Traces,
    End,
}

impl Export {
    /// The next part; `None` once it is whole, or the server shuts down.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        match self.stage {
            Stage::Head => {
                self.stage = Stage::Traces;
                Some(Ok(self.head()))
            }
            Stage::Traces => {
                let shutdown = self.app.deps.shutdown.clone();
                let part = tokio::select! {
                    biased;
                    () = shutdown.cancelled() => return Some(Err(io::Error::other("the server shuts down"))),
                    part = self.part() => part,
                };
                if part.is_err() {
                    self.stage = Stage::End;
                }
                Some(part.map_err(|problem| {
                    warn!(?problem, "an export ends before its end");
                    io::Error::other("the traces could not be read")
                }))
            }
            Stage::End => None,
        }
    }

    fn head(&self) -> Bytes {
        match self.format {
            Format::Json => Bytes::from_static(b"{\"Traces\":["),
            Format::Ndjson => Bytes::new(),
            Format::Csv => Bytes::from(format!("{}\r\n", COLUMNS.join(","))),
        }
    }

    async fn part(&mut self) -> Result<Bytes, Problem> {
        let wanted = if self.format == Format::Csv { ROWS } else { TRACES };
        let hunt = Hunt {
            range: self.range,
            axis: Axis::Start,
            filter: &self.filter,
            after: self.after,
            wanted,
            limit: SCAN,
        };
        let mut found = {
            let _permit = self.app.scans.acquire().await;
            search(&*self.app.deps.store, hunt, |_| true).await?
        };
        if found.digests.len() > wanted {
            found.digests.truncate(wanted);
            found.next = found.digests.last().map(|last| Cursor { time: last.start, id: last.id });
        }
        self.after = found.next;
        let mut part = match self.format {
            Format::Csv => self.rows(&found.digests),
            Format::Json | Format::Ndjson => self.traces(&found.digests).await?,
        };
        if self.after.is_none() {
            self.stage = Stage::End;
            if self.format == Format::Json {
                part.push_str("],\"UnprocessedTraceIds\":[]}\n");
            }
        }
        Ok(part.into())
    }

    async fn traces(&mut self, digests: &[Arc<TraceDigest>]) -> Result<String, Problem> {
        let mut text = String::new();
        for digest in digests {
            let trace = {
                let _turn = self.app.turn().await;
                shape(digest.id, &self.app.beginning(digest.id).await?)
            };
            // Retention may have taken it since its digest was read.
            if trace.segments.is_empty() {
                continue;
            }
            let json =
                serde_json::to_string(&trace).map_err(|_| Problem::bad_request("the trace is no text"))?;
            if self.format == Format::Json && self.written > 0 {
                text.push_str(",\n");
            }
            text.push_str(&json);
            if self.format == Format::Ndjson {
                text.push('\n');
            }
            self.written += 1;
        }
        Ok(text)
    }

    fn rows(&self, digests: &[Arc<TraceDigest>]) -> String {
        self.app.with_names(|names| {
            digests.iter().map(|digest| line(digest.start, &TraceRow::of(digest, names))).collect()
        })
    }
}

fn line(start: Timestamp, row: &TraceRow) -> String {
    let text = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let cells = [
        cell(&row.id),
        instant(start),
        number(row.response_time),
        number(row.duration),
        format!("{:?}", row.outcome).to_lowercase(),
        text(&row.method),
        text(&row.url),
        row.status.map(|status| status.to_string()).unwrap_or_default(),
        text(&row.entry_point),
        text(&row.origin),
        text(&row.exception),
        cell(&row.users.join(" ")),
        cell(&row.services.join(" ")),
        text(&row.client_ip),
    ];
    format!("{}\r\n", cells.join(","))
}

/// `2023-10-26T16:42:00.000Z`
fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Text that a spreadsheet would take for a formula is made plain by a leading apostrophe.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let safe = if is_formula { format!("'{text}") } else { text.to_owned() };
    match safe.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(cell(text), expected);
    }

    #[test]
    fn a_cell_is_text_and_never_a_formula() {
        check("plain", "plain");
        check("a,\"b\"", "\"a,\"\"b\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("=1+1", "'=1+1");
        check("@x,y", "\"'@x,y\"");
    }

    #[test]
    fn an_instant_is_written_as_programs_read_it() {
        assert_eq!(instant(Timestamp(1_698_338_520_000_000)), "2023-10-26T16:42:00.000Z");
    }
}
