//! Services and edges of a graph in X-Ray's JSON.

use std::collections::BTreeMap;

use model::minute::{Alias, Counts, EdgeKind, Stats};
use model::{Micros, NodeKind, Sketch, Timestamp};
use query::graph::{Edge, Service, ServiceGraph};
use serde::Serialize;

use super::time::{Seconds, whole_seconds};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceShape {
    /// An index that edges refer to; it means something within one answer only.
    reference_id: usize,
    name: String,
    names: [String; 1],
    root: Option<bool>,
    account_id: Option<String>,
    r#type: Option<String>,
    state: &'static str,
    start_time: Option<i64>,
    end_time: Option<i64>,
    edges: Vec<EdgeShape>,
    summary_statistics: Option<StatisticsShape>,
    duration_histogram: Option<Vec<HistogramEntry>>,
    response_time_histogram: Option<Vec<HistogramEntry>>,
    #[serde(flatten)]
    undocumented: Undocumented,
}

/// Members that X-Ray sends and its model does not name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Undocumented {
    region: Option<String>,
    hosted_in: Option<BTreeMap<String, String>>,
    key_attributes: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct EdgeShape {
    reference_id: usize,
    start_time: Option<i64>,
    end_time: Option<i64>,
    summary_statistics: Option<StatisticsShape>,
    response_time_histogram: Option<Vec<HistogramEntry>>,
    aliases: Vec<AliasShape>,
    edge_type: Option<&'static str>,
    received_event_age_histogram: Option<Vec<HistogramEntry>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AliasShape {
    name: String,
    names: [String; 1],
    r#type: Option<String>,
}

/// ServiceStatistics and EdgeStatistics, which have the same members.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatisticsShape {
    ok_count: i64,
    error_statistics: ErrorStatistics,
    fault_statistics: FaultStatistics,
    total_count: i64,
    total_response_time: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorStatistics {
    throttle_count: i64,
    other_count: i64,
    total_count: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FaultStatistics {
    other_count: i64,
    total_count: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HistogramEntry {
    value: Seconds,
    count: i64,
}

/// What a graph is about decides what X-Ray says of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GraphOf {
    /// GetServiceGraph: times are whole seconds.
    Range,
    /// GetTraceGraph: times are null.
    Traces,
}

pub(crate) fn services(graph: &ServiceGraph, of: GraphOf) -> Vec<ServiceShape> {
    graph.services.iter().enumerate().map(|(index, service)| shape(index, service, of)).collect()
}

fn shape(index: usize, service: &Service, of: GraphOf) -> ServiceShape {
    let has_statistics = service.kind != NodeKind::Client;
    let some_histogram = |sketch: &Sketch| has_statistics.then(|| histogram(sketch));
    let nothing = || (of == GraphOf::Range).then(BTreeMap::new);
    ServiceShape {
        reference_id: index,
        name: service.key.name.clone(),
        names: [service.key.name.clone()],
        root: service.is_root.then_some(true),
        account_id: service.key.account.clone(),
        r#type: service.key.kind.clone(),
        state: service.kind.state(),
        start_time: seconds(service.start, of),
        end_time: seconds(service.end, of),
        edges: service.edges.iter().map(|edge| edge_shape(edge, of)).collect(),
        summary_statistics: has_statistics.then(|| statistics(&service.stats)),
        duration_histogram: some_histogram(&service.stats.durations),
        response_time_histogram: some_histogram(&service.stats.response_times),
        undocumented: Undocumented { region: None, hosted_in: nothing(), key_attributes: nothing() },
    }
}

fn edge_shape(edge: &Edge, of: GraphOf) -> EdgeShape {
    let is_call = edge.kind == EdgeKind::Call;
    EdgeShape {
        reference_id: edge.target,
        start_time: seconds(edge.start, of),
        end_time: seconds(edge.end, of),
        summary_statistics: is_call.then(|| statistics(&edge.stats)),
        response_time_histogram: is_call.then(|| histogram(&edge.stats.response_times)),
        aliases: edge.aliases.iter().map(alias).collect(),
        edge_type: (!is_call).then_some("link"),
        received_event_age_histogram: (!is_call).then(|| histogram(&edge.stats.response_times)),
    }
}

fn alias(alias: &Alias) -> AliasShape {
    AliasShape { name: alias.name.clone(), names: [alias.name.clone()], r#type: alias.kind.clone() }
}

fn seconds(instant: Timestamp, of: GraphOf) -> Option<i64> {
    (of == GraphOf::Range).then(|| whole_seconds(instant))
}

pub(crate) fn statistics(stats: &Stats) -> StatisticsShape {
    let Counts { ok, error, throttle, fault } = stats.counts;
    let total_response_time = Micros(u64::try_from(stats.response_time_total).unwrap_or(0));
    StatisticsShape {
        ok_count: ok,
        error_statistics: ErrorStatistics {
            throttle_count: throttle,
            other_count: error,
            total_count: error + throttle,
        },
        fault_statistics: FaultStatistics { other_count: fault, total_count: fault },
        total_count: stats.counts.total(),
        total_response_time: Seconds::rounded(total_response_time).0,
    }
}

/// Values to three decimals, ascending, each once; counts are exact.
pub(crate) fn histogram(sketch: &Sketch) -> Vec<HistogramEntry> {
    let mut entries: Vec<HistogramEntry> = Vec::new();
    for (value, count) in sketch.buckets().filter(|(_, count)| *count > 0) {
        let value = Seconds::rounded(value);
        match entries.last_mut() {
            Some(last) if last.value.0 == value.0 => last.count += count,
            _ => entries.push(HistogramEntry { value, count }),
        }
    }
    entries
}
