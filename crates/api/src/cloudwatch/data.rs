//! GetMetricStatistics and ListMetrics: what alarms see, for charts of others.

use std::collections::{BTreeMap, BTreeSet};

use alert::alarm::{Metric, MetricStat};
use alert::statistic::Statistic;
use model::minute::Subject;
use model::node::CLIENT;
use model::{Micros, TimeRange, Timestamp, group};
use store::{MinuteQuery, Subjects};
use watch::metric::{self, NAMESPACES};
use watch::read::Wanted;

use super::alarm::{metric as read_metric, period, unsupported};
use super::page;
use super::shape::metric_shape;
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

const MAX_POINTS: usize = 1_440;
const MAX_STATISTICS: usize = 10;
const MAX_METRICS: usize = 500;
/// Metrics of what was seen within this are listed.
const LISTED: Micros = Micros::from_secs(14 * 86_400);
const RECENT: Micros = Micros::from_secs(3 * 3_600);

/// The periods whose beginnings lie in the range, aligned.
pub(super) fn starts(
    start: Timestamp,
    end: Timestamp,
    minutes: u32,
    most: usize,
) -> Result<Vec<Timestamp>, Fault> {
    if end <= start {
        return Err(Fault::invalid_value("The parameter StartTime must be less than the parameter EndTime."));
    }
    let length = 60_000_000 * i64::from(minutes);
    let first = start.0.div_euclid(length);
    let last = (end.0 - 1).div_euclid(length);
    let count = last.saturating_sub(first).saturating_add(1);
    if usize::try_from(count).map_or(true, |count| count > most) {
        let text = format!(
            "You have requested up to {count} datapoints, which exceeds the limit of {most}. \
                            You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        );
        return Err(Fault::invalid_combination(text));
    }
    Ok((first..=last).map(|number| Timestamp(number * length)).collect())
}

pub(super) async fn get_metric_statistics(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (metric, seconds, start, end, names, extended, unit) = read(input, |members| {
        let names = members.texts("Statistics", MAX_STATISTICS)?;
        let extended = members.texts("ExtendedStatistics", MAX_STATISTICS)?;
        let (start, end) = (required_instant(members, "StartTime")?, required_instant(members, "EndTime")?);
        let unit = members.text("Unit")?;
        Ok((read_metric(members)?, period(members)?, start, end, names, extended, unit))
    })?;
    if names.is_empty() && extended.is_empty() {
        let text = "At least one of the parameters Statistics and ExtendedStatistics must be specified.";
        return Err(Fault::missing(text));
    }
    let minutes = (seconds / 60).max(1);
    let periods = starts(start, end, minutes, MAX_POINTS)?;
    let parse = |name: &String| name.parse::<Statistic>().map_err(|_| unsupported(name, "Statistics"));
    let plain: Vec<Statistic> = names.iter().map(parse).collect::<Result<_, _>>()?;
    let others: Vec<Statistic> = extended.iter().map(parse).collect::<Result<_, _>>()?;
    let stat =
        MetricStat { metric: metric.clone(), period_seconds: seconds, statistic: "Sum".to_owned(), unit };
    let wanted = [Wanted { stat, periods: periods.clone(), period_minutes: minutes }];
    let samples = app.deps.metrics.samples(&wanted).await?.pop().unwrap_or_default();
    let unit = metric::unit(&metric.namespace, &metric.name);
    let points = periods.iter().zip(&samples).filter(|(_, samples)| samples.count > 0.0);
    let points = points.map(|(at, samples)| {
        let mut members = vec![("Timestamp", Tree::from(*at)), ("Unit", unit.into())];
        for statistic in &plain {
            let name = Statistic::plain_name(*statistic);
            members.extend(name.map(|name| (name, statistic.of(samples).into())));
        }
        if !others.is_empty() {
            let values: BTreeMap<String, Tree> = extended
                .iter()
                .zip(&others)
                .filter_map(|(name, statistic)| Some((name.clone(), statistic.of(samples)?.into())))
                .collect();
            members.push(("ExtendedStatistics", Tree::Map(values)));
        }
        Tree::object(members)
    });
    let points = points.collect();
    Ok(Tree::object([("Label", metric.name.into()), ("Datapoints", Tree::List(points))]))
}

pub(super) fn required_instant(members: &mut Members<'_>, name: &str) -> Result<Timestamp, Fault> {
    members.require(name);
    Ok(members.instant(name)?.unwrap_or_default())
}

pub(super) async fn list_metrics(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (namespace, name, dimensions, is_recent, after) = read(input, |members| {
        let dimensions = members.structures("Dimensions", 10, |filter| {
            Ok((filter.required_text("Name", 1, 255)?, filter.short_text("Value", 1, 1_024)?))
        })?;
        let recent = members.word("RecentlyActive", &["PT3H"], |word| word)?;
        let after = page::after(members.text("NextToken")?.as_deref())?;
        let (namespace, name) = (members.text("Namespace")?, members.text("MetricName")?);
        Ok((namespace, name, dimensions.unwrap_or_default(), recent.is_some(), after))
    })?;
    let is_wanted = |metric: &Metric| {
        namespace.as_ref().is_none_or(|namespace| *namespace == metric.namespace)
            && name.as_ref().is_none_or(|name| *name == metric.name)
            && dimensions.iter().all(|(name, value)| {
                metric.dimension(name).is_some_and(|known| value.as_ref().is_none_or(|value| value == known))
            })
    };
    let all = metrics(app, if is_recent { RECENT } else { LISTED }).await?;
    let key = |metric: &Metric| format!("{} {} {:?}", metric.namespace, metric.name, metric.dimensions);
    let mut found: Vec<(String, Metric)> =
        all.into_iter().filter(is_wanted).map(|metric| (key(&metric), metric)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.retain(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let (found, next) = page::cut(found, MAX_METRICS, |(key, _)| key.clone());
    let shapes = found.iter().map(|(_, metric)| metric_shape(metric)).collect();
    Ok(Tree::object([("Metrics", Tree::List(shapes)), ("NextToken", next.into())]))
}

/// Of every service of the Default group, and of all requests.
async fn metrics(app: &App, within: Micros) -> Result<Vec<Metric>, Fault> {
    let now = app.deps.clock.now();
    let range = TimeRange::new(now.minus(within), now);
    let query = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects: Subjects::Nodes };
    let mut services: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    for row in app.deps.store.totals(&query).await? {
        if let Subject::Node(node) = row.key.subject
            && node.kind.as_deref() != Some(CLIENT)
        {
            services.insert((node.name, node.kind));
        }
    }
    let mut metrics = Vec::new();
    for namespace in NAMESPACES {
        let service = if namespace == metric::APPLICATION_SIGNALS { "Service" } else { "ServiceName" };
        for (name, ..) in metric::names(namespace) {
            let of =
                |dimensions| Metric { namespace: namespace.to_owned(), name: (*name).to_owned(), dimensions };
            metrics.push(of(vec![("GroupName".to_owned(), group::DEFAULT.to_owned())]));
            for (node, kind) in &services {
                let mut dimensions = vec![(service.to_owned(), node.clone())];
                let kind = kind.clone().filter(|_| service == "ServiceName");
                dimensions.extend(kind.map(|kind| ("ServiceType".to_owned(), kind)));
                metrics.push(of(dimensions));
            }
        }
    }
    Ok(metrics)
}
