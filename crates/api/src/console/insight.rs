//! `GET /api/insights` and `/api/insights/{id}`: what went wrong from when to when, and what people noted about it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use model::{TimeRange, group};
use query::insight::{Category, Event, Impact, Insight, Note, Severity};
use serde::Deserialize;
use settings::AlertsError;
use settings::alerts::{Alerts, InsightQuery};

use super::graph::KnownGroup;
use super::node_id::node_id;
use crate::app::{App, Shared};
use crate::auth::session;
use crate::error::Problem;
use crate::params::{JsonBody, Params};
use crate::shape::stats::millis_at;
use crate::shape::{
    InsightCategory, InsightDetail, InsightEntry, InsightEvent, InsightImpact, InsightNode, InsightNote,
    InsightNoteRequest, InsightSeverity, InsightVersion, Insights, NowException, RangeParams,
};

/// Insights of one answer; the newest ones.
const MOST: usize = 500;
const MAX_NOTE_CHARACTERS: usize = 2_000;
const MAX_NAME_CHARACTERS: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct InsightParams {
    from: f64,
    to: f64,
    group: Option<String>,
    state: Option<Which>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    Active,
    Closed,
}

pub(crate) async fn insights(
    State(app): State<Shared>,
    Params(params): Params<InsightParams>,
) -> Result<Json<Insights>, Problem> {
    let range: TimeRange = RangeParams { from: params.from, to: params.to }.range()?;
    let group = KnownGroup::find(&app, params.group)?.key;
    let query = InsightQuery {
        range,
        group: Some(group),
        root: None,
        is_active: params.state.map(|state| state == Which::Active),
        after: None,
        limit: MOST,
    };
    let found = blocking(&app, move |alerts| {
        let rows = alerts.insights(&query)?;
        rows.iter()
            .filter_map(|row| watch::insights::read(alerts, row).transpose())
            .collect::<Result<Vec<_>, _>>()
    });
    let mut insights: Vec<InsightEntry> = found.await?.iter().map(entry).collect();
    insights.sort_by_key(|insight| !insight.is_active);
    Ok(Json(Insights { now: millis_at(app.deps.clock.now()), insights }))
}

pub(crate) async fn insight(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<InsightDetail>, Problem> {
    detail(&app, id).await.map(Json)
}

pub(crate) async fn write_note(
    State(app): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<InsightNoteRequest>,
) -> Result<Json<InsightDetail>, Problem> {
    if request.text.chars().count() > MAX_NOTE_CHARACTERS {
        return Err(Problem::bad_request(format!("a note has at most {MAX_NOTE_CHARACTERS} characters")));
    }
    let key = app.deps.auth.as_ref().and_then(|auth| session::holder(&app, auth, &headers));
    let by = key.map(|key| key.name.clone()).or(request.by).unwrap_or_default();
    let (now, of) = (app.deps.clock.now(), id.clone());
    let note = Note {
        by: by.chars().take(MAX_NAME_CHARACTERS).collect(),
        at: now,
        text: request.text,
        is_acknowledged: request.is_acknowledged,
    };
    let known = blocking(&app, move |alerts| {
        let is_known = alerts.insight(&of)?.is_some();
        if is_known {
            watch::insights::write_note(alerts, &of, &note, now)?;
        }
        Ok(is_known)
    });
    if !known.await? {
        return Err(unknown());
    }
    detail(&app, id).await.map(Json)
}

async fn detail(app: &App, id: String) -> Result<InsightDetail, Problem> {
    let found = blocking(app, move |alerts| {
        let read = |id: &str| match alerts.insight(id)? {
            Some(row) => watch::insights::read(alerts, &row),
            None => Ok(None),
        };
        let Some(insight) = read(&id.to_lowercase())? else { return Ok(None) };
        let earlier = match &insight.earlier {
            Some(earlier) => read(earlier)?,
            None => None,
        };
        Ok(Some((insight, earlier)))
    });
    let (insight, earlier) = found.await?.ok_or_else(unknown)?;
    Ok(InsightDetail {
        now: millis_at(app.deps.clock.now()),
        events: insight.events.iter().map(event).collect(),
        insight: entry(&insight),
        earlier: earlier.as_ref().map(entry),
    })
}

fn unknown() -> Problem {
    Problem::not_found("there is no such insight; they are kept for 30 days")
}

pub(super) async fn blocking<T: Send + 'static>(
    app: &App,
    ask: impl FnOnce(&Alerts) -> Result<T, AlertsError> + Send + 'static,
) -> Result<T, Problem> {
    let alerts = app.deps.alerts.clone();
    Ok(tokio::task::spawn_blocking(move || ask(&alerts)).await??)
}

fn entry(insight: &Insight) -> InsightEntry {
    let mut nodes: Vec<InsightNode> = Vec::new();
    for node in std::iter::once(&insight.root).chain(&insight.members).chain(&insight.affected) {
        let node_id = node_id(node);
        if !nodes.iter().any(|other| other.node_id == node_id) {
            nodes.push(InsightNode { node_id, name: node.name.clone() });
        }
    }
    InsightEntry {
        id: insight.id.clone(),
        group: group::name_of(&insight.group).to_owned(),
        category: match insight.category {
            Category::Fault => InsightCategory::Fault,
            Category::Latency => InsightCategory::Latency,
            Category::Traffic => InsightCategory::Traffic,
        },
        severity: match insight.severity {
            Severity::Outage => InsightSeverity::Outage,
            Severity::Degraded => InsightSeverity::Degraded,
        },
        is_active: insight.is_active(),
        node: insight.root.name.clone(),
        kind: insight.root.kind.clone(),
        node_id: node_id(&insight.root),
        role: insight.root_kind.into(),
        since: millis_at(insight.start),
        until: insight.end.map(millis_at),
        summary: insight.summary.clone(),
        origin: impact(insight.origin),
        clients: impact(insight.clients),
        users: insight.users,
        exception: insight.exception.as_ref().map(|exception| NowException {
            name: exception.name.clone(),
            message: exception.message.clone(),
            count: insight.origin.failing,
        }),
        operation: insight.operation.clone(),
        version: insight
            .version
            .as_ref()
            .map(|(node, version)| InsightVersion { node: node.name.clone(), version: version.clone() }),
        example: insight.example.clone(),
        nodes,
        reopened: insight.reopened,
        note: insight.note.as_ref().filter(|note| note.is_acknowledged || !note.text.is_empty()).map(
            |note| InsightNote {
                by: note.by.clone(),
                at: millis_at(note.at),
                text: note.text.clone(),
                is_acknowledged: note.is_acknowledged,
            },
        ),
    }
}

fn impact(impact: Impact) -> InsightImpact {
    InsightImpact { failing: impact.failing, total: impact.total }
}

fn event(event: &Event) -> InsightEvent {
    InsightEvent {
        at: millis_at(event.at),
        kind: event.kind.name().to_owned(),
        summary: event.summary.clone(),
        origin: impact(event.origin),
        clients: impact(event.clients),
    }
}
