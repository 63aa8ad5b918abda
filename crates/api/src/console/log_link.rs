//! `/api/log-links`: rules that lead from spans to their log lines, and the links that they make.

use axum::Json;
use axum::extract::State;
use model::trace::SpanIndex;
use model::{Micros, Trace};
use serde_json::Value;
use settings::LogLinks;
use settings::log_link::{self, LogGroup, LogSubject, MAX_RULES};

use crate::app::{App, Shared};
use crate::error::Problem;
use crate::params::JsonBody;
use crate::shape::{LogLink, LogLinkRule, LogLinkRules, LogLinksChange};

/// Lines are written before and after, and by clocks that are not those of spans.
const AROUND: Micros = Micros::from_secs(60);
/// Of one segment; plugins record one or two.
const MAX_GROUPS: usize = 10;

pub(crate) async fn show(State(app): State<Shared>) -> Json<LogLinkRules> {
    Json(rules(&app))
}

pub(crate) async fn replace(
    State(app): State<Shared>,
    JsonBody(change): JsonBody<LogLinksChange>,
) -> Result<Json<LogLinkRules>, Problem> {
    let read = |LogLinkRule { service, title, url }| log_link::LogLinkRule { service, title, url };
    let links = LogLinks::read(change.rules.into_iter().map(read).collect());
    let links = links.map_err(|error| Problem::bad_request(error.to_string()))?;
    let settings = app.deps.settings.clone();
    tokio::task::spawn_blocking(move || settings.set_log_links(links, change.revision)).await??;
    Ok(Json(rules(&app)))
}

fn rules(app: &App) -> LogLinkRules {
    let shape = |rule: &log_link::LogLinkRule| {
        let log_link::LogLinkRule { service, title, url } = rule.clone();
        LogLinkRule { service, title, url }
    };
    let state = app.deps.settings.snapshot();
    LogLinkRules {
        rules: state.log_links.links.as_slice().iter().map(shape).collect(),
        fixed: app.deps.log_links.as_slice().iter().map(shape).collect(),
        revision: state.log_links.revision,
        limit: MAX_RULES,
    }
}

/// Where the log lines of a span are: what rules of people say, then the groups that plugins recorded. `segment` is the document of
/// its segment.
pub(super) fn links(app: &App, trace: &Trace<'_>, index: SpanIndex, segment: &Value) -> Vec<LogLink> {
    let span = &trace.spans[index];
    let entity = &span.entity;
    let groups = groups(segment);
    let subject = LogSubject {
        trace_id: trace.id,
        span_id: entity.id,
        service: &trace.spans[span.segment].entity.name,
        start: entity.start.minus(AROUND),
        end: entity.end.unwrap_or(span.received).max(entity.start).plus(AROUND),
        groups: &groups,
    };
    let state = app.deps.settings.snapshot();
    let own = groups.iter().filter_map(|group| group.link(&subject));
    let links = app.deps.log_links.links(&subject).into_iter().chain(state.log_links.links.links(&subject));
    links.chain(own).map(|log_link::LogLink { title, url }| LogLink { title, url }).collect()
}

/// As X-Ray's plugins record them: `aws.cloudwatch_logs`.
fn groups(segment: &Value) -> Vec<LogGroup> {
    let aws = &segment["aws"];
    let of_segment = || {
        let region = aws["region"].as_str().or_else(|| region_of(aws["ecs"]["container_arn"].as_str()?));
        region.map(str::to_owned)
    };
    let mut groups = Vec::new();
    for log in aws["cloudwatch_logs"].as_array().into_iter().flatten() {
        let arn = log["arn"].as_str();
        let name = log["log_group"].as_str().or_else(|| arn?.split(':').nth(6));
        let Some(name) = name.filter(|name| !name.is_empty()) else { continue };
        let region = arn.and_then(region_of).map(str::to_owned).or_else(of_segment);
        let group = LogGroup { name: name.to_owned(), region };
        if groups.len() < MAX_GROUPS && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
fn region_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    (parts.next() == Some("arn")).then(|| parts.nth(2)).flatten()
}
