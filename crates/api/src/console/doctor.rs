//! `GET /api/doctor`: what became of a trace, from whatever somebody pasted.

mod paste;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use model::{Micros, TimeRange, Timestamp, TraceDigest, TraceId};
use query::Filter;
use query::now::Skew;
use query::search::Visit;
use serde::Deserialize;
use std::sync::Arc;
use store::Axis;

use self::paste::Paste;
use store::Beginning;

use crate::app::{App, Shared};
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::millis_at;
use crate::shape::{Diagnosis, Fate, NearTrace, NowClock, RefusedDocument, TraceRow};

/// Traces that began so much earlier or later than the id says are looked through for one that is alike.
const AROUND: Micros = Micros::from_secs(5 * 60);
const NEAR_SCAN: u64 = 5_000;
const MAX_NEAR: usize = 5;
/// An id that differs in more digits is another one, and not a slip of a person.
const SLIP: u32 = 4;
/// A clock that is so far ahead is one that somebody should know of.
const AHEAD: Micros = Micros::from_secs(60 * 60);

#[derive(Debug, Deserialize)]
pub(crate) struct DoctorParams {
    q: String,
}

pub(crate) async fn diagnose(
    State(app): State<Shared>,
    Params(params): Params<DoctorParams>,
) -> Result<Json<Diagnosis>, Problem> {
    let Paste { id, sampled } = paste::read(&params.q);
    let keeps = app.deps.store.holdings().await?.keeps;
    let mut diagnosis = Diagnosis {
        fate: Fate::Malformed,
        trace_id: None,
        malformed: None,
        sampled,
        made: None,
        trace: None,
        clocks: Vec::new(),
        documents: 0,
        refusals: Vec::new(),
        keeps: keeps.map(|keeps| keeps.as_secs_f64() * 1_000.0),
        nearest: Vec::new(),
    };
    match id {
        Ok(id) => examine(&app, id, keeps, &mut diagnosis).await?,
        Err(wrong) => diagnosis.malformed = Some(wrong),
    }
    Ok(Json(diagnosis))
}

async fn examine(
    app: &App,
    id: TraceId,
    keeps: Option<Duration>,
    diagnosis: &mut Diagnosis,
) -> Result<(), Problem> {
    let deps = &app.deps;
    let made = made_at(id);
    diagnosis.trace_id = Some(id.to_string());
    diagnosis.made = Some(millis_at(made));
    let Beginning { documents, left_out } = app.beginning(id).await?;
    let digest = deps.store.digests(&[id]).await?.into_iter().next();
    let refused = deps.ingest.refusals().of_trace(id);
    diagnosis.documents = documents.len() as u64 + left_out;
    if let Some(digest) = &digest {
        let is_of_trace = |skew: &Skew| digest.nodes.iter().any(|node| node.key == skew.node);
        let skews = app.with_ledger(|ledger, _| ledger.skews());
        diagnosis.clocks = skews.iter().filter(|skew| is_of_trace(skew)).map(NowClock::from).collect();
        diagnosis.trace = Some(app.with_names(|names| TraceRow::of(digest, names)));
    }
    let now = deps.clock.now();
    let age = Duration::from_micros(made.until(now).0);
    diagnosis.fate = match (&digest, documents.is_empty(), refused.is_empty()) {
        (Some(_), ..) => Fate::Found,
        (None, false, _) => Fate::Digesting,
        (None, true, false) => Fate::Refused,
        (None, true, true) if keeps.is_some_and(|keeps| age > keeps) => Fate::Expired,
        (None, true, true) => Fate::Unknown,
    };
    diagnosis.refusals = refused
        .into_iter()
        .map(|refused| RefusedDocument {
            at: millis_at(refused.at),
            door: refused.door.label().to_owned(),
            reason: refused.reason.as_ref().to_owned(),
            detail: refused.detail.as_ref().to_owned(),
        })
        .collect();
    if diagnosis.fate == Fate::Unknown && made < now.plus(AHEAD) {
        diagnosis.nearest = nearest(app, id, made).await?;
    }
    Ok(())
}

/// The seconds that X-Ray's SDKs put into the first eight digits.
fn made_at(id: TraceId) -> Timestamp {
    let [a, b, c, d, ..] = id.0;
    Timestamp(i64::from(u32::from_be_bytes([a, b, c, d])) * 1_000_000)
}

async fn nearest(app: &App, id: TraceId, made: Timestamp) -> Result<Vec<NearTrace>, Problem> {
    let range = TimeRange::new(made.minus(AROUND), made.plus(AROUND));
    let mut seen: Vec<(u32, u64, Arc<TraceDigest>)> = Vec::new();
    let _permit = app.scans.acquire().await;
    let store = &*app.deps.store;
    query::search::visit(
        store,
        Visit { range, axis: Axis::Start, filter: &Filter::default() },
        NEAR_SCAN,
        |digest| {
            let apart = made.until(digest.start).0.max(digest.start.until(made).0);
            seen.push((differing_digits(digest.id, id), apart, Arc::clone(digest)));
        },
    )
    .await?;
    let has_slip = seen.iter().any(|(differs, ..)| *differs <= SLIP);
    seen.sort_by_key(
        |(differs, apart, _)| if has_slip { (u64::from(*differs), *apart) } else { (*apart, 0) },
    );
    seen.retain(|(differs, ..)| !has_slip || *differs <= SLIP);
    seen.truncate(MAX_NEAR);
    Ok(app.with_names(|names| {
        let near = |(differs, _, digest): &(u32, u64, Arc<TraceDigest>)| NearTrace {
            trace: TraceRow::of(digest, names),
            differs: *differs,
        };
        seen.iter().map(near).collect()
    }))
}

fn differing_digits(one: TraceId, other: TraceId) -> u32 {
    let pairs = one.0.into_iter().zip(other.0);
    pairs
        .map(|(one, other)| u32::from((one ^ other) & 0xf0 != 0) + u32::from((one ^ other) & 0x0f != 0))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_compared_one_by_one() {
        let id: TraceId = "1-58406520-a006649127e371903a2de979".parse().unwrap();
        let slip: TraceId = "1-58406520-a006649127e371903a2de9f0".parse().unwrap();
        assert_eq!(differing_digits(id, slip), 2);
        assert_eq!(made_at(id), Timestamp(0x5840_6520 * 1_000_000));
    }
}
