//! The metrics that there are, by CloudWatch's names, and what each is in the rollups.
//!
//! A metric that is not here, or with a dimension that it does not have, is not refused: it never has a datapoint, as in
//! CloudWatch.

use alert::alarm::{Metric, MetricStat};
use alert::statistic::Samples;
use model::NodeKey;
use model::group;
use model::minute::{EdgeKind, Stats, Subject};
use model::node::CLIENT;
use model::sketch::Sketch;

pub const XRAY: &str = "AWS/X-Ray";
pub const APPLICATION_SIGNALS: &str = "ApplicationSignals";
/// Of metrics that neither of AWS's services has.
pub const FLUORO: &str = "Fluoro";

/// Where a metric is read, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The name of a group.
    pub group: String,
    pub of: Of,
    pub measure: Measure,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// All requests that came in from outside.
    Clients,
    /// Nodes of that name, of one type or of any.
    Node { name: String, kind: Option<String> },
    /// Calls from one to the other.
    Edge { source: String, target: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Traces,
    Requests,
    Faults,
    Errors,
    Throttles,
    FaultRate,
    ErrorRate,
    ThrottleRate,
    OkRate,
    Seconds,
    Milliseconds,
}

/// Each name with its measure and its unit.
type Row = (&'static str, Measure, &'static str);

const OF_XRAY: [Row; 7] = [
    ("ApproximateTraceCount", Measure::Traces, "Count"),
    ("TracedRequestCount", Measure::Requests, "Count"),
    ("FaultRate", Measure::FaultRate, "None"),
    ("ErrorRate", Measure::ErrorRate, "None"),
    ("ThrottleRate", Measure::ThrottleRate, "None"),
    ("OkRate", Measure::OkRate, "None"),
    ("ResponseTime", Measure::Seconds, "Seconds"),
];
const OF_SIGNALS: [Row; 3] = [
    ("Latency", Measure::Milliseconds, "Milliseconds"),
    ("Fault", Measure::FaultRate, "None"),
    ("Error", Measure::ErrorRate, "None"),
];
const OF_FLUORO: [Row; 4] = [
    ("RequestCount", Measure::Requests, "Count"),
    ("FaultCount", Measure::Faults, "Count"),
    ("ErrorCount", Measure::Errors, "Count"),
    ("ThrottleCount", Measure::Throttles, "Count"),
];

/// The metrics of a namespace; none where there is no such namespace.
pub fn names(namespace: &str) -> &'static [Row] {
    match namespace {
        XRAY => &OF_XRAY,
        APPLICATION_SIGNALS => &OF_SIGNALS,
        FLUORO => &OF_FLUORO,
        _ => &[],
    }
}

/// The unit of a metric; `None` where there is no such metric.
pub fn unit(namespace: &str, name: &str) -> &'static str {
    names(namespace).iter().find(|(known, ..)| *known == name).map_or("None", |(.., unit)| *unit)
}

pub const NAMESPACES: [&str; 3] = [XRAY, APPLICATION_SIGNALS, FLUORO];

impl Reading {
    /// What a metric with its unit is read from; nothing where there is no such metric.
    pub fn of(stat: &MetricStat) -> Option<Self> {
        let Metric { namespace, name, dimensions } = &stat.metric;
        let (_, measure, unit) = names(namespace).iter().find(|(known, ..)| known == name)?;
        if stat.unit.as_deref().is_some_and(|wanted| wanted != *unit) {
            return None;
        }
        let known: &[&str] = match namespace.as_str() {
            // Fluoro has no environments, so a service is the same in each.
            APPLICATION_SIGNALS => &["Service", "Environment", "RemoteService", "GroupName"],
            _ => &["GroupName", "ServiceName", "ServiceType"],
        };
        if dimensions.iter().any(|(name, _)| !known.contains(&name.as_str())) {
            return None;
        }
        let text = |name: &str| stat.metric.dimension(name).map(ToOwned::to_owned);
        let of = match (text("ServiceName").or(text("Service")), text("ServiceType"), text("RemoteService")) {
            (Some(source), _, Some(target)) => Of::Edge { source, target },
            (Some(name), kind, None) => Of::Node { name, kind },
            (None, None, None) => Of::Clients,
            (None, ..) => return None,
        };
        let group = text("GroupName").unwrap_or_else(|| group::DEFAULT.to_owned());
        Some(Self { group, of, measure: *measure })
    }

    /// Whether nothing at all means zero, and not that nothing is known.
    pub fn is_count(&self) -> bool {
        use Measure::{Errors, Faults, Requests, Throttles, Traces};
        matches!(self.measure, Traces | Requests | Faults | Errors | Throttles)
    }

    /// Whether a row of rollups belongs to it.
    pub fn selects(&self, subject: &Subject) -> bool {
        let is = |key: &NodeKey, name: &str| key.name == name && key.kind.as_deref() != Some(CLIENT);
        match (&self.of, subject) {
            (Of::Clients, Subject::Node(_)) => self.measure == Measure::Traces,
            (Of::Clients, Subject::Edge { source, kind, .. }) => {
                self.measure != Measure::Traces
                    && *kind == EdgeKind::Call
                    && source.kind.as_deref() == Some(CLIENT)
            }
            (Of::Node { name, kind }, Subject::Node(key)) => {
                is(key, name) && kind.as_ref().is_none_or(|kind| key.kind.as_ref() == Some(kind))
            }
            (Of::Edge { source, target }, Subject::Edge { source: from, target: to, kind }) => {
                *kind == EdgeKind::Call && is(from, source) && is(to, target)
            }
            _ => false,
        }
    }

    /// Adds what it needs of a row to a sum; merging histograms that nobody looks at is most of the work.
    pub fn add(&self, sum: &mut Stats, row: &Stats) {
        sum.counts.merge(row.counts);
        sum.roots += row.roots;
        if matches!(self.measure, Measure::Seconds | Measure::Milliseconds) {
            sum.response_time_total = sum.response_time_total.saturating_add(row.response_time_total);
            sum.response_times.merge(&row.response_times);
        }
    }

    /// The samples in what was counted in a period.
    pub fn samples(&self, stats: &Stats) -> Samples {
        let counts = stats.counts;
        let whole = |count: i64| count.max(0) as f64;
        let total = whole(counts.total());
        let share = |of: i64| Samples::share(whole(of), total);
        match self.measure {
            Measure::Traces => Samples::one(whole(stats.roots)),
            Measure::Requests => Samples::one(total),
            Measure::Faults => Samples::one(whole(counts.fault)),
            Measure::Errors => Samples::one(whole(counts.error)),
            Measure::Throttles => Samples::one(whole(counts.throttle)),
            Measure::FaultRate => share(counts.fault),
            Measure::ErrorRate => share(counts.error + counts.throttle),
            Measure::ThrottleRate => share(counts.throttle),
            Measure::OkRate => share(counts.ok),
            Measure::Seconds => durations(stats, 1e-6),
            Measure::Milliseconds => durations(stats, 1e-3),
        }
    }
}

fn durations(stats: &Stats, scale: f64) -> Samples {
    let sketch: &Sketch = &stats.response_times;
    let values = sketch.buckets().filter(|(_, count)| *count > 0);
    let values = values.map(|(value, count)| (value.0 as f64 * scale, count as f64)).collect();
    Samples { count: sketch.count().max(0) as f64, sum: stats.response_time_total as f64 * scale, values }
}
