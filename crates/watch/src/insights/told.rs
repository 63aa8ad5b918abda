//! What is told of an insight: the notice, and X-Ray's event of it.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-insights.html>

use alert::notice::{Impact, Kind, Links, Notice, Root, Severity, Status};
use alert::reason;
use model::{NodeKey, Timestamp, group};
use query::insight::{self, Category, Insight};
use serde_json::{Value, json};
use settings::Account;

/// The last time that the same happened.
#[derive(Debug, Clone)]
pub(super) struct Earlier {
    pub(super) since: Timestamp,
    /// What somebody noted then.
    pub(super) note: Option<String>,
}

pub(super) fn notice(insight: &Insight, arn: &str, account: &Account, before: Option<&Earlier>) -> Notice {
    let status = if insight.is_active() { Status::Firing } else { Status::Resolved };
    let mut notice = Notice::new(Kind::Insight, status, format!("insight/{}", insight.id), insight.start);
    let others = match insight.members.len() {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        count => format!(" and {count} others"),
    };
    let name = format!("{}{others}", insight.root.name);
    let (is, gets) = if others.is_empty() { ("is", "gets") } else { ("are", "get") };
    notice.title = match (insight.category, insight.is_active()) {
        (_, false) => format!("{name} recovered"),
        (Category::Fault, true) => match exception(insight) {
            Some(exception) => format!("{name} {is} failing with {exception}"),
            None => format!("{name} {is} failing"),
        },
        (Category::Latency, true) => format!("{name} {is} slow"),
        (Category::Traffic, true) => format!("{name} {gets} hardly any requests"),
    };
    let reached = insight.members.iter().chain(&insight.affected).filter(|node| **node != insight.root);
    for node in reached {
        if !notice.affected.contains(&node.name) {
            notice.affected.push(node.name.clone());
        }
    }
    notice.summary = insight.summary.clone();
    if let Some(Earlier { since, note }) = before {
        let noted = note.as_deref().map(|note| format!(", when somebody noted: {note}")).unwrap_or_default();
        notice.summary.push_str(&format!(" The same as on {}{noted}", reason::long_date(*since)));
    }
    notice.severity = match (insight.severity, insight.category) {
        (insight::Severity::Outage, _) => Severity::Critical,
        (insight::Severity::Degraded, Category::Fault) => Severity::Error,
        (insight::Severity::Degraded, _) => Severity::Warning,
    };
    notice.group = Some(group::name_of(&insight.group).to_owned());
    notice.root = Some(Root { name: name.clone(), node_type: insight.root.kind.clone() });
    notice.exception = exception(insight).map(ToOwned::to_owned);
    notice.version = insight.version.as_ref().map(|(_, version)| version.clone());
    notice.impact = Impact {
        requests: Some(insight.origin.total),
        failing: Some(insight.origin.failing),
        users: Some(insight.users),
    };
    notice.until = insight.end;
    notice.links = links(insight);
    let detail = detail(insight, arn, account);
    notice.documents.message = detail.clone();
    notice.documents.event = json!({
        "detail-type": "AWS X-Ray Insight Update",
        "source": "aws.xray",
        "resources": [arn],
        "detail": detail,
    });
    notice
}

fn exception(insight: &Insight) -> Option<&str> {
    insight.exception.as_ref()?.name.as_deref()
}

/// Times are absolute, so that the pages show what the message told of.
fn links(insight: &Insight) -> Links {
    let millis = |at: Timestamp| at.0.div_euclid(1_000);
    let from = millis(insight.start.minus(model::Micros::from_secs(300)));
    let to = millis(insight.end.unwrap_or(insight.updated).plus(model::Micros::from_secs(60)));
    Links {
        page: Some(format!("/insights/{}", insight.id)),
        map: Some(format!("/map?range={from}~{to}")),
        traces: insight.example.iter().map(|trace| format!("/traces/{trace}")).collect(),
    }
}

/// As X-Ray sends it to EventBridge. Its documented pattern asks for `Category`, its schema has `Categories`: both are there.
fn detail(insight: &Insight, arn: &str, account: &Account) -> Value {
    let service = |node: &NodeKey| {
        json!({
            "Name": node.name,
            "Names": [node.name],
            "AccountId": node.account.as_deref().unwrap_or(&account.id),
            "Type": node.kind,
        })
    };
    let impact = |impact: insight::Impact| {
        json!({
            "FaultCount": impact.failing,
            "OkCount": impact.total.saturating_sub(impact.failing),
            "TotalCount": impact.total.max(impact.failing),
        })
    };
    let category = match insight.category {
        Category::Fault => "FAULT",
        Category::Latency => "LATENCY",
        Category::Traffic => "TRAFFIC",
    };
    let anomalous: Vec<Value> =
        insight.anomalous.iter().map(|node| json!({ "ServiceId": service(node) })).collect();
    json!({
        "InsightId": insight.id,
        "GroupName": group::name_of(&insight.group),
        "GroupARN": arn,
        "RootCauseServiceId": service(&insight.root),
        "Categories": [category],
        "Category": category,
        "State": if insight.is_active() { "ACTIVE" } else { "CLOSED" },
        "StartTime": insight.start.floor_seconds(),
        "EndTime": insight.end.map(Timestamp::floor_seconds),
        "Summary": insight.summary,
        "ClientRequestImpactStatistics": impact(insight.clients),
        "RootCauseServiceRequestImpactStatistics": impact(insight.origin),
        "TopAnomalousServices": anomalous,
    })
}
