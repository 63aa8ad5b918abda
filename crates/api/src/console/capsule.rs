//! `GET /api/capsule`: an issue, and all that is known of its time, as a file that another copy of the binary opens.
//!
//! The window is from before the issue, as far back as the judge looks, to a while after its end. All traces of it are in the file as
//! what searches and counts need, and with their documents as many as fit: those that went wrong first, the others spread evenly.

mod find;
mod pack;

use std::convert::Infallible;
use std::sync::Arc;

use ::capsule::{Head, Redaction};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use model::{Micros, TimeRange, Timestamp};
use serde::Deserialize;
use tokio::sync::mpsc;
use tracing::warn;

use self::pack::Pack;
use crate::app::Shared;
use crate::error::Problem;
use crate::params::Params;

/// As far as the judge looks back, so that what was usual is in the file.
const BEFORE: Micros = Micros::from_secs(40 * 60);
/// Something of how it was again.
const AFTER: Micros = Micros::from_secs(5 * 60);
const LONGEST: Micros = Micros::from_secs(6 * 3_600);
/// Pieces that wait to be sent. Each is some megabytes at the most.
const WAITING: usize = 2;

#[derive(Debug, Deserialize)]
pub(crate) struct CapsuleParams {
    /// The id of an issue, or of an insight.
    issue: String,
    /// Names of what is taken out beside what this server always takes out.
    redact: Option<String>,
}

pub(crate) async fn make(
    State(app): State<Shared>,
    Params(params): Params<CapsuleParams>,
) -> Result<Response, Problem> {
    let asked = Redaction::parse(params.redact.as_deref().unwrap_or_default());
    let asked = asked.map_err(|error| Problem::bad_request(format!("redact: {error}")))?;
    let redaction = app.deps.redaction.clone().and(&asked);
    let permit = Arc::clone(&app.capsules).try_acquire_owned();
    let permit = permit
        .map_err(|_| Problem::unavailable("another capsule is being made; ask again when it is done"))?;
    let found = find::find(&app, &params.issue).await?;
    let now = app.deps.clock.now();
    let name = file_name(&found.node, found.since);
    let head = Head {
        version: ::capsule::VERSION,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        made: now.0,
        issue: found.issue,
        from: 0,
        to: 0,
        traces: 0,
        with_documents: 0,
        complete: true,
        redacted: redaction.names().to_vec(),
    };
    let window = window(found.since, found.until, now);
    let pack = Pack::of(Arc::clone(&app), head, window, redaction).await?;
    let (pieces, made) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = pack.send(&pieces).await {
            warn!(error = model::error::chain(&error), "a capsule was not made whole");
        }
    });
    let body = stream::unfold(made, async |mut made| {
        let piece: Vec<u8> = made.recv().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), made))
    });
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .expect("letters, digits and hyphens are a header's value");
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static("application/zstd")), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(body)).into_response())
}

fn window(since: Timestamp, until: Option<Timestamp>, now: Timestamp) -> TimeRange {
    let to = until.map_or(now, |until| until.plus(AFTER).min(now));
    let from = since.minus(BEFORE).max(to.minus(LONGEST));
    TimeRange::new(from, to.plus(Micros(1)))
}

/// A name that every file system takes, whatever a service calls itself.
fn file_name(node: &str, since: Timestamp) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    let node: String = node.chars().take(60).map(plain).collect();
    format!("{}-{}.capsule", node.trim_matches(['-', '.']), since.floor_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_what_was_before_and_is_bounded() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        let check = |since, until: Option<i64>, now, from, to| {
            let window = window(at(since), until.map(at), at(now));
            let until = window.end.minus(Micros(1));
            assert_eq!((window.start, until), (at(from), at(to)), "{since} {until:?} {now}");
        };
        check(10_000, None, 10_060, 7_600, 10_060);
        check(10_000, Some(10_100), 10_130, 7_600, 10_130);
        check(10_000, Some(10_100), 99_000, 7_600, 10_400);
        check(10_000, None, 99_000, 77_400, 99_000);
    }

    #[test]
    fn a_file_is_named_by_letters_and_digits() {
        let since = Timestamp(1_700_000_040_500_000);
        for (node, expected) in [
            ("SpringBoot2", "SpringBoot2-1700000040.capsule"),
            ("../../etc/\"pass\"\r\n", "etc--pass-1700000040.capsule"),
            ("", "-1700000040.capsule"),
        ] {
            assert_eq!(file_name(node, since), expected);
        }
    }
}
