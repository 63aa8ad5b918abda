//! Insights as X-Ray tells them: faults alone. What is slow or silent is told by the console's own API.

use axum::Json;
use axum::extract::State;
use model::{Micros, NodeKey, TimeRange, Timestamp, TraceId};
use query::graph::{self, ServiceGraph};
use query::insight::{Category, Event, Impact, Insight};
use serde_json::{Value, json};
use settings::AlertsError;
use settings::alerts::{Alerts, InsightQuery, InsightRow};
use store::{Cursor, MinuteQuery, Subjects};

use super::group::GroupSelector;
use super::input::{Input, Members, Read};
use super::time::Seconds;
use super::token::{self, Page};
use crate::app::{App, Shared};
use crate::error::XRayError;

/// Of one page where nobody says how many.
const MOST_SUMMARIES: usize = 100;
const MOST_EVENTS: usize = 50;
/// Rows that are read for one page: those of other kinds than faults are passed over.
const MOST_READ: usize = 400;
/// The longest range of an impact graph.
const LONGEST_IMPACT: Micros = Micros::from_secs(6 * 60 * 60);

/// X-Ray keeps insights as long as traces.
const OLDEST: Micros = Micros::from_secs(30 * 24 * 60 * 60);

#[derive(Debug)]
pub(crate) struct GetInsightSummaries {
    group: GroupSelector,
    start: Timestamp,
    end: Timestamp,
    is_active: Option<bool>,
    most: usize,
    next_token: Option<String>,
}

impl Read for GetInsightSummaries {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let states = members.texts("States")?.unwrap_or_default();
        if states.len() > 1 {
            members.violated("States", "Member must have length less than or equal to 1");
        }
        if states.iter().any(|state| !["ACTIVE", "CLOSED"].contains(&state.as_str())) {
            let constraint =
                "Member must satisfy constraint: [Member must satisfy enum value set: [ACTIVE, CLOSED]]";
            members.violated("States", constraint);
        }
        let most = members.whole("MaxResults", 1, 100)?;
        let next_token = members.short_text("NextToken", 1, 2000)?;
        Ok(Self {
            is_active: states.first().map(|state| state == "ACTIVE"),
            most: most.map_or(MOST_SUMMARIES, |most| most as usize),
            next_token,
            group: GroupSelector::read(members)?,
            start: members.required_instant("StartTime")?,
            end: members.required_instant("EndTime")?,
        })
    }
}

pub(crate) async fn get_insight_summaries(
    State(app): State<Shared>,
    Input(input): Input<GetInsightSummaries>,
) -> Result<Json<Value>, XRayError> {
    if input.group.is_empty() {
        return Err(XRayError::invalid("Request must contain either group name or group ARN"));
    }
    let group = input.group.resolve(&app)?;
    if input.end < input.start {
        return Err(XRayError::invalid("End time cannot be earlier than start time"));
    }
    if input.start < app.deps.clock.now().minus(OLDEST) {
        return Err(XRayError::invalid("Start time cannot be more than 30 days in the past"));
    }
    let fingerprint = token::fingerprint(&[group.key.as_bytes(), &[input.is_active.map_or(2, u8::from)]]);
    let page = input.next_token.as_deref().map(|text| token::read(fingerprint, text)).transpose()?;
    let window = page.map_or(TimeRange::new(input.start, input.end), |page| page.window);
    let query = InsightQuery {
        range: window,
        group: Some(group.key.clone()),
        root: None,
        is_active: input.is_active,
        after: page.map(|page| (page.after.time, uuid_of(page.after.id))),
        limit: MOST_READ,
    };
    let found = blocking(&app, move |alerts| alerts.insights(&query)).await?;
    let faults: Vec<Insight> = found.iter().filter_map(parse).filter(is_fault).collect();
    let shown = &faults[..input.most.min(faults.len())];
    // Behind what is shown, or behind what was read where none of it is left.
    let last = match (faults.len() > shown.len(), found.len() < MOST_READ) {
        (true, _) => shown.last().map(|last| (last.start, &last.id)),
        (false, false) => found.last().map(|last| (last.start, &last.id)),
        (false, true) => None,
    };
    let next = last.and_then(|(time, id)| {
        Some(token::write(fingerprint, Page { window, after: Cursor { time, id: bytes_of(id)? } }))
    });
    let arn = group.arn(app.deps.settings.account());
    let account = &app.deps.settings.account().id;
    let summaries: Vec<Value> = shown
        .iter()
        .map(|insight| {
            let mut shape = shape(insight, &arn, account);
            shape["LastUpdateTime"] = json!(Seconds::at(insight.updated));
            shape
        })
        .collect();
    Ok(Json(json!({ "InsightSummaries": summaries, "NextToken": next })))
}

/// A question about one insight.
#[derive(Debug)]
pub(crate) struct OneInsight {
    id: String,
}

#[derive(Debug)]
pub(crate) struct InsightEvents {
    id: String,
    most: usize,
    next_token: Option<String>,
}

#[derive(Debug)]
pub(crate) struct InsightImpactGraph {
    id: String,
    start: Timestamp,
    end: Timestamp,
}

impl Read for OneInsight {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let id = members.required_text("InsightId", 0, usize::MAX)?;
        if members.is_valid() && !is_insight_id(&id) {
            let constraint = format!("Member must satisfy regular expression pattern: {INSIGHT_ID}");
            members.violated("InsightId", &constraint);
        }
        Ok(Self { id: id.to_lowercase() })
    }
}

impl Read for InsightEvents {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let OneInsight { id } = OneInsight::read(members)?;
        let most = members.whole("MaxResults", 1, 50)?.map_or(MOST_EVENTS, |most| most as usize);
        Ok(Self { id, most, next_token: members.short_text("NextToken", 1, 2000)? })
    }
}

impl Read for InsightImpactGraph {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let OneInsight { id } = OneInsight::read(members)?;
        members.short_text("NextToken", 1, 2000)?;
        let start = members.required_instant("StartTime")?;
        Ok(Self { id, start, end: members.required_instant("EndTime")? })
    }
}

/// The model's pattern of a UUID.
const INSIGHT_ID: &str =
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}";

fn is_insight_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(is_hex)
        && matches!(groups[2].as_bytes()[0], b'1'..=b'5')
        && matches!(groups[3].as_bytes()[0], b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
}

fn unknown() -> XRayError {
    XRayError::invalid("Insight not found")
}

pub(crate) async fn get_insight(
    State(app): State<Shared>,
    Input(input): Input<OneInsight>,
) -> Result<Json<Value>, XRayError> {
    let insight = find(&app, &input.id).await?;
    let shape = shape(&insight, &arn(&app, &insight), &app.deps.settings.account().id);
    Ok(Json(json!({ "Insight": shape })))
}

/// Ascending by time. The token is the place of the next one: events are only added behind.
pub(crate) async fn get_insight_events(
    State(app): State<Shared>,
    Input(input): Input<InsightEvents>,
) -> Result<Json<Value>, XRayError> {
    let insight = find(&app, &input.id).await?;
    let first = match &input.next_token {
        None => 0,
        Some(text) => {
            let place = text.parse().ok().filter(|&place| place <= insight.events.len());
            place.ok_or_else(|| XRayError::invalid(format!("Invalid token {text}")))?
        }
    };
    let account = &app.deps.settings.account().id;
    let events = insight.events.iter().skip(first).take(input.most);
    let shapes: Vec<Value> = events.map(|event| event_shape(event, account)).collect();
    let next = first + shapes.len();
    let next = (next < insight.events.len()).then(|| next.to_string());
    Ok(Json(json!({ "InsightEvents": shapes, "NextToken": next })))
}

/// The origin, who suffers from it, and the calls between them, as the map of that range has them.
pub(crate) async fn get_insight_impact_graph(
    State(app): State<Shared>,
    Input(input): Input<InsightImpactGraph>,
) -> Result<Json<Value>, XRayError> {
    if input.end < input.start {
        return Err(XRayError::invalid("End time cannot be earlier than start time"));
    }
    let insight = find(&app, &input.id).await?;
    if input.start < app.deps.clock.now().minus(OLDEST) {
        return Err(XRayError::invalid("Start time cannot be more than 30 days in the past"));
    }
    if input.start.until(input.end) > LONGEST_IMPACT {
        return Err(XRayError::invalid("The range cannot be longer than 6 hours"));
    }
    let range = TimeRange::new(input.start, input.end);
    let query = MinuteQuery { range, group: insight.group.clone(), subjects: Subjects::All };
    let _permit = app.scans.acquire().await;
    let rows = app.deps.store.totals(&query).await?;
    let services = impact(&insight, &graph::from_minutes(&rows), &app.deps.settings.account().id);
    Ok(Json(json!({
        "InsightId": insight.id,
        "StartTime": Seconds::at(range.start),
        "EndTime": Seconds::at(range.end),
        "ServiceGraphStartTime": Seconds::at(range.start),
        "ServiceGraphEndTime": Seconds::at(range.end),
        "Services": services,
        "NextToken": null,
    })))
}

async fn find(app: &App, id: &str) -> Result<Insight, XRayError> {
    let asked = id.to_owned();
    let row = blocking(app, move |alerts| alerts.insight(&asked)).await?;
    row.as_ref().and_then(parse).filter(is_fault).ok_or_else(unknown)
}

/// On a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    app: &App,
    read: impl FnOnce(&Alerts) -> Result<T, AlertsError> + Send + 'static,
) -> Result<T, XRayError> {
    let alerts = app.deps.alerts.clone();
    Ok(tokio::task::spawn_blocking(move || read(&alerts)).await??)
}

fn parse(row: &InsightRow) -> Option<Insight> {
    serde_json::from_value(row.body.clone()).ok()
}

fn is_fault(insight: &Insight) -> bool {
    insight.category == Category::Fault
}

/// The ARN of its group, which may have been deleted since.
fn arn(app: &App, insight: &Insight) -> String {
    app.deps.settings.account().arn(&format!("group/{}", insight.group))
}

/// The 16 bytes of an id are as many as a trace's, so the token of summaries carries either.
fn bytes_of(id: &str) -> Option<TraceId> {
    let hex: String = id.chars().filter(|character| *character != '-').collect();
    u128::from_str_radix(&hex, 16).ok().map(|number| TraceId(number.to_be_bytes()))
}

fn uuid_of(id: TraceId) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(id.0));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn shape(insight: &Insight, arn: &str, account: &str) -> Value {
    json!({
        "InsightId": insight.id,
        "GroupARN": arn,
        "GroupName": model::group::name_of(&insight.group),
        "RootCauseServiceId": service(&insight.root, account),
        "Categories": ["FAULT"],
        "State": if insight.is_active() { "ACTIVE" } else { "CLOSED" },
        "StartTime": Seconds::at(insight.start),
        "EndTime": insight.end.map(Seconds::at),
        "Summary": insight.summary,
        "ClientRequestImpactStatistics": statistics(insight.clients),
        "RootCauseServiceRequestImpactStatistics": statistics(insight.origin),
        "TopAnomalousServices": anomalous(&insight.anomalous, account),
    })
}

fn event_shape(event: &Event, account: &str) -> Value {
    json!({
        "Summary": event.summary,
        "EventTime": Seconds::at(event.at),
        "ClientRequestImpactStatistics": statistics(event.clients),
        "RootCauseServiceRequestImpactStatistics": statistics(event.origin),
        "TopAnomalousServices": anomalous(&event.anomalous, account),
    })
}

fn service(node: &NodeKey, account: &str) -> Value {
    json!({
        "Name": node.name,
        "Names": [node.name],
        "AccountId": node.account.as_deref().unwrap_or(account),
        "Type": node.kind,
    })
}

fn anomalous(nodes: &[NodeKey], account: &str) -> Vec<Value> {
    nodes.iter().map(|node| json!({ "ServiceId": service(node, account) })).collect()
}

fn statistics(impact: Impact) -> Value {
    json!({
        "FaultCount": impact.failing,
        "OkCount": impact.total.saturating_sub(impact.failing),
        "TotalCount": impact.total.max(impact.failing),
    })
}

fn impact(insight: &Insight, graph: &ServiceGraph, account: &str) -> Vec<Value> {
    let mut nodes: Vec<&NodeKey> = Vec::new();
    for node in std::iter::once(&insight.root).chain(&insight.members).chain(&insight.affected) {
        if !nodes.contains(&node) {
            nodes.push(node);
        }
    }
    let place = |key: &NodeKey| nodes.iter().position(|node| *node == key);
    let services = nodes.iter().enumerate().map(|(reference, node)| {
        let own = graph.services.iter().find(|service| service.key == **node);
        let edges = own.into_iter().flat_map(|service| &service.edges);
        let called = edges.filter_map(|edge| place(&graph.services[edge.target].key));
        let edges: Vec<Value> = called.map(|target| json!({ "ReferenceId": target })).collect();
        let mut shape = service(node, account);
        (shape["ReferenceId"], shape["Edges"]) = (json!(reference), json!(edges));
        shape
    });
    services.collect()
}
