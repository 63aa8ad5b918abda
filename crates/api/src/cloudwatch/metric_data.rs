//! GetMetricData: metrics and expressions over them, in pages of datapoints.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>

use std::collections::{BTreeMap, BTreeSet};

use alert::alarm::{Query, Source};
use alert::math::{Series, Sheet};
use model::Timestamp;
use watch::read::Wanted;

use super::alarm::query;
use super::data::{required_instant, starts};
use super::page;
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

/// Of one page, and of all that is computed for a request.
const MAX_POINTS: u32 = 100_800;
const MAX_QUERIES: usize = 500;
/// Values that expressions compute: half a second's worth.
const MAX_WORK: usize = 20_000_000;

struct Request {
    queries: Vec<Query>,
    start: Timestamp,
    end: Timestamp,
    is_ascending: bool,
    most: usize,
    after: Option<Place>,
}

/// Where a page ended: at this datapoint of this result.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    result: usize,
    at: Timestamp,
}

/// One of MetricDataResults, with all of its datapoints in the order that was asked for.
struct Found {
    id: String,
    label: String,
    points: Vec<(Timestamp, f64)>,
}

pub(super) async fn get_metric_data(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let request = read(input, request)?;
    let found = found(app, &request).await?;
    let (results, next) = cut(&found, request.most, request.after);
    let shapes = results.into_iter().map(|(found, points, is_whole)| {
        Tree::object([
            ("Id", (&found.id).into()),
            ("Label", (&found.label).into()),
            ("Timestamps", Tree::list(points.iter().map(|(at, _)| *at))),
            ("Values", Tree::list(points.iter().map(|(_, value)| *value))),
            ("StatusCode", if is_whole { "Complete" } else { "PartialData" }.into()),
        ])
    });
    Ok(Tree::object([
        ("MetricDataResults", Tree::List(shapes.collect())),
        ("NextToken", next.map(|place| page::token(&format!("{}:{}", place.result, place.at.0))).into()),
        ("Messages", Tree::List(Vec::new())),
    ]))
}

fn request(members: &mut Members<'_>) -> Result<Request, Fault> {
    let (start, end) = (required_instant(members, "StartTime")?, required_instant(members, "EndTime")?);
    members.require("MetricDataQueries");
    let queries = members.structures("MetricDataQueries", MAX_QUERIES, query)?.unwrap_or_default();
    let spelled = |oldest: bool| if oldest { "TimestampAscending" } else { "TimestampDescending" };
    let is_ascending = members.word("ScanBy", &[true, false], spelled)?.unwrap_or(false);
    let most = members.whole_between("MaxDatapoints", 1, MAX_POINTS)?.unwrap_or(MAX_POINTS);
    let after = page::after(members.text("NextToken")?.as_deref())?.map(|text| place(&text)).transpose()?;
    Ok(Request { queries, start, end, is_ascending, most: most as usize, after })
}

fn place(text: &str) -> Result<Place, Fault> {
    let parts = text.split_once(':').and_then(|(result, at)| {
        Some(Place { result: result.parse().ok()?, at: Timestamp(at.parse().ok()?) })
    });
    parts.ok_or_else(page::bad)
}

/// All that is asked for.
async fn found(app: &App, request: &Request) -> Result<Vec<Found>, Fault> {
    let Request { queries, start, end, is_ascending, .. } = request;
    let ids: BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    if ids.len() != queries.len() {
        return Err(Fault::validation("The ids of MetricDataQueries must differ."));
    }
    let sheet = Sheet::of(queries).map_err(|error| Fault::validation(error.to_string()))?;
    let returning: Vec<usize> =
        (0..queries.len()).filter(|&place| queries[place].returns.unwrap_or(true)).collect();
    let needed: BTreeSet<usize> = returning.iter().flat_map(|&place| sheet.needs(place)).collect();
    let most = MAX_POINTS as usize;
    let (mut points, mut work) = (0, 0_usize);
    let mut periods: BTreeMap<usize, Vec<Timestamp>> = BTreeMap::new();
    for &place in &needed {
        let minutes = (sheet.period_seconds(place) / 60).max(1);
        let starts = starts(*start, *end, minutes, most - points)?;
        if queries[place].stat().is_some() {
            points += starts.len();
        }
        periods.insert(place, starts);
    }
    for &place in &returning {
        work = work.saturating_add(sheet.work(place).saturating_mul(periods[&place].len()));
    }
    if work > MAX_WORK {
        let text = format!(
            "The expressions compute {work} values, and Fluoro takes at most {MAX_WORK} in a request; ask for a shorter \
             time, longer periods or fewer metrics"
        );
        return Err(Fault::invalid_combination(text));
    }
    let metrics = metrics(app, queries, &periods).await?;
    let mut found = Vec::new();
    for place in returning {
        let starts = &periods[&place];
        let series = sheet.evaluate(place, starts.len(), &metrics);
        let is_list = sheet.is_list(place);
        for (number, series) in series.into_iter().enumerate() {
            let points = starts.iter().zip(series).filter_map(|(at, value)| Some((*at, value?)));
            let mut points: Vec<(Timestamp, f64)> = points.collect();
            if !is_ascending {
                points.reverse();
            }
            let label = label(&queries[place]);
            let label = if is_list { format!("{label} {}", number + 1) } else { label };
            found.push(Found { id: queries[place].id.clone(), label, points });
        }
    }
    Ok(found)
}

/// The datapoints of those that are metrics, by place.
async fn metrics(
    app: &App,
    queries: &[Query],
    periods: &BTreeMap<usize, Vec<Timestamp>>,
) -> Result<BTreeMap<usize, Series>, Fault> {
    let stats: Vec<_> = periods
        .iter()
        .filter_map(|(place, starts)| Some((*place, queries[*place].stat()?, starts)))
        .collect();
    let wanted: Vec<Wanted> = stats
        .iter()
        .map(|(_, stat, starts)| Wanted {
            stat: (*stat).clone(),
            periods: (*starts).clone(),
            period_minutes: (stat.period_seconds / 60).max(1),
        })
        .collect();
    let samples = app.deps.metrics.samples(&wanted).await?;
    let series = stats.iter().zip(samples).map(|((place, stat, _), samples)| {
        let statistic = stat.statistic();
        (*place, samples.iter().map(|one| statistic.of(one)).collect())
    });
    Ok(series.collect())
}

fn label(query: &Query) -> String {
    query.label.clone().unwrap_or_else(|| match &query.source {
        Source::Stat(stat) => stat.metric.name.clone(),
        Source::Expression { .. } => query.id.clone(),
    })
}

/// What one page tells of a result, and whether that is the last of it.
type Told<'a> = (&'a Found, &'a [(Timestamp, f64)], bool);

/// The page after a place, and where it ends if that is not the end. What has no datapoints is told once, too.
fn cut(found: &[Found], most: usize, after: Option<Place>) -> (Vec<Told<'_>>, Option<Place>) {
    let mut left = most;
    let mut told = Vec::new();
    let mut last = after;
    for (result, one) in found.iter().enumerate() {
        let mut points = one.points.as_slice();
        match after {
            Some(after) if result < after.result => continue,
            Some(after) if result == after.result => {
                let begins = points.iter().position(|(at, _)| *at == after.at).map_or(0, |at| at + 1);
                points = &points[begins..];
                if points.is_empty() {
                    continue;
                }
            }
            _ => {}
        }
        if left == 0 {
            return (told, last);
        }
        let page = &points[..points.len().min(left)];
        left -= page.len();
        told.push((one, page, page.len() == points.len()));
        if let Some((at, _)) = page.last() {
            last = Some(Place { result, at: *at });
        }
        if page.len() < points.len() {
            return (told, last);
        }
    }
    (told, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(id: &str, count: i64) -> Found {
        let points = (0..count).map(|at| (Timestamp(at * 60_000_000), at as f64)).collect();
        Found { id: id.to_owned(), label: id.to_owned(), points }
    }

    #[test]
    fn pages_have_each_datapoint_once_and_what_is_empty_once() {
        let all = [found("a", 3), found("none", 0), found("b", 4), found("c", 1)];
        for most in 1..10 {
            let (mut after, mut seen, mut pages) = (None, Vec::new(), 0);
            loop {
                let (told, next) = cut(&all, most, after);
                assert!(told.iter().map(|(_, points, _)| points.len()).sum::<usize>() <= most);
                for (found, points, is_whole) in told {
                    seen.extend(points.iter().map(|(_, value)| format!("{} {value}", found.id)));
                    if is_whole {
                        seen.push(format!("{} whole", found.id));
                    }
                }
                pages += 1;
                assert!(pages < 20);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            let expected = "a 0,a 1,a 2,a whole,none whole,b 0,b 1,b 2,b 3,b whole,c 0,c whole";
            assert_eq!(seen.join(","), expected, "pages of {most}");
        }
    }
}
