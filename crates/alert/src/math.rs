//! Metric math: what expressions over metrics come to, the part of CloudWatch's that Fluoro has.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>
//!
//! A [`Sheet`] is a list of queries that was checked whole: every id is there, none needs itself, and each expression comes to
//! a series of datapoints. What is missing stays missing: an operand without a datapoint gives none, and neither does a
//! division by zero.

mod function;
mod parser;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::alarm::{MetricStat, Query, Source};

pub use value::Series;
use value::{Kind, Value};

/// What is wrong with a list of queries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Error in expression '{id}': {why}")]
pub struct MathError {
    /// Of the query.
    pub id: String,
    pub why: String,
}

/// What an expression is made of.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    /// Of a query.
    Id(String),
    /// `METRICS()`: all metrics of the list, or those whose ids hold a text.
    Metrics(Option<String>),
    List(Vec<Node>),
    Negative(Box<Node>),
    Both(Sign, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    /// `FILL`'s words.
    Word(Filling),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Abs,
    Avg,
    Ceil,
    Diff,
    Fill,
    Floor,
    If,
    Max,
    MetricCount,
    Min,
    Period,
    Rate,
    RunningSum,
    Sum,
    TimeSeries,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filling {
    Repeat,
    Linear,
}

/// Queries that can be evaluated.
#[derive(Debug)]
pub struct Sheet<'a> {
    queries: &'a [Query],
    /// Of those that are expressions, by place.
    nodes: Vec<Option<Node>>,
    /// What expressions see of expressions comes first.
    order: Vec<usize>,
    kinds: Vec<Kind>,
}

impl<'a> Sheet<'a> {
    /// Checks a list of queries, whose ids differ.
    pub fn of(queries: &'a [Query]) -> Result<Self, MathError> {
        let nodes = queries.iter().map(|query| match &query.source {
            Source::Stat(_) => Ok(None),
            Source::Expression { text, .. } => {
                parser::parse(text).map(Some).map_err(|why| MathError { id: query.id.clone(), why })
            }
        });
        let nodes: Vec<Option<Node>> = nodes.collect::<Result<_, _>>()?;
        let places: BTreeMap<&str, usize> =
            queries.iter().enumerate().map(|(place, query)| (query.id.as_str(), place)).collect();
        let order = in_order(queries, &nodes, &places)?;
        let kinds = vec![Kind::Series; queries.len()];
        let mut sheet = Self { queries, nodes, order, kinds };
        for place in sheet.order.clone() {
            sheet.check(place).map_err(|why| MathError { id: queries[place].id.clone(), why })?;
        }
        Ok(sheet)
    }

    /// Finds what it comes to.
    fn check(&mut self, place: usize) -> Result<(), String> {
        let Some(node) = &self.nodes[place] else { return Ok(()) };
        let kind = value::kind(node, self.queries, &self.kinds)?;
        if kind == Kind::Scalar && self.queries[place].returns.unwrap_or(true) {
            let why = "it comes to one number and not to a time series; TIME_SERIES() makes one of it";
            return Err(why.to_owned());
        }
        self.kinds[place] = kind;
        let periods: BTreeSet<u32> = self.stats(place).map(|stat| stat.period_seconds).collect();
        if periods.len() > 1 {
            return Err("the metrics that it is made of have different periods".to_owned());
        }
        Ok(())
    }

    fn stats(&self, place: usize) -> impl Iterator<Item = &'a MetricStat> {
        let queries = self.queries;
        self.needs(place).into_iter().filter_map(|place| queries[place].stat())
    }

    /// The period of its datapoints: that of the metrics that it is made of.
    pub fn period_seconds(&self, place: usize) -> u32 {
        let own = self.stats(place).next().map(|stat| stat.period_seconds);
        let given = || match &self.queries[place].source {
            Source::Expression { period_seconds, .. } => *period_seconds,
            Source::Stat(_) => None,
        };
        let any = || self.queries.iter().find_map(Query::stat).map(|stat| stat.period_seconds);
        own.or_else(given).or_else(any).unwrap_or(60)
    }

    /// How many values it computes for each period, at most: a bound of its cost.
    pub fn work(&self, place: usize) -> usize {
        let of = |place: usize| match &self.nodes[place] {
            None => 1,
            Some(node) => node.size() * self.stats(place).count().max(1),
        };
        self.needs(place).into_iter().map(of).sum()
    }

    /// The queries that one is made of, itself included, by place.
    pub fn needs(&self, place: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::from([place]);
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            let Some(node) = &self.nodes[place] else { continue };
            for (other, query) in self.queries.iter().enumerate() {
                if node.names(query) && all.insert(other) {
                    open.push(other);
                }
            }
        }
        all
    }

    /// Whether it comes to several series.
    pub fn is_list(&self, place: usize) -> bool {
        self.kinds[place] == Kind::List
    }

    /// What a query comes to in so many periods. `metrics` has the datapoints of the metrics that it needs, by place.
    pub fn evaluate(&self, place: usize, periods: usize, metrics: &BTreeMap<usize, Series>) -> Vec<Series> {
        let needs = self.needs(place);
        let period_seconds = f64::from(self.period_seconds(place));
        let mut values: Vec<Option<Value>> = vec![None; self.queries.len()];
        for &needed in self.order.iter().filter(|needed| needs.contains(needed)) {
            values[needed] = Some(match &self.nodes[needed] {
                None => Value::Series(metrics.get(&needed).cloned().unwrap_or_else(|| vec![None; periods])),
                Some(node) => {
                    value::Scope { queries: self.queries, values: &values, periods, period_seconds }
                        .value(node)
                }
            });
        }
        values[place].take().map(Value::into_series).unwrap_or_default()
    }
}

/// The places of queries, each after those that it is made of.
fn in_order(
    queries: &[Query],
    nodes: &[Option<Node>],
    places: &BTreeMap<&str, usize>,
) -> Result<Vec<usize>, MathError> {
    let mut order: Vec<usize> = Vec::with_capacity(queries.len());
    let mut done = vec![false; queries.len()];
    let mut waiting: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (place, node) in nodes.iter().enumerate() {
        let Some(node) = node else {
            order.push(place);
            done[place] = true;
            continue;
        };
        let mut ids = BTreeSet::new();
        node.ids(&mut ids);
        let failed = |why: String| MathError { id: queries[place].id.clone(), why };
        let known = ids.into_iter().map(|id| {
            let known = places.get(id).copied();
            known.ok_or_else(|| failed(format!("there is no query with the id {id}")))
        });
        waiting.insert(place, known.collect::<Result<_, _>>()?);
    }
    while !waiting.is_empty() {
        let ready = waiting.iter().find(|(_, needs)| needs.iter().all(|&need| done[need]));
        let Some(place) = ready.map(|(&place, _)| place) else {
            let stuck = waiting.keys().next().copied().unwrap_or_default();
            let why = "it depends on an expression that depends on itself".to_owned();
            return Err(MathError { id: queries[stuck].id.clone(), why });
        };
        waiting.remove(&place);
        done[place] = true;
        order.push(place);
    }
    Ok(order)
}

impl Node {
    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Id(_) | Self::Metrics(_) | Self::Word(_) => Vec::new(),
            Self::List(parts) | Self::Call(_, parts) => parts.iter().collect(),
            Self::Negative(inner) => vec![inner],
            Self::Both(_, left, right) => vec![left, right],
        }
    }

    fn size(&self) -> usize {
        1 + self.parts().into_iter().map(Self::size).sum::<usize>()
    }

    /// All ids that it names by themselves.
    fn ids<'n>(&'n self, ids: &mut BTreeSet<&'n str>) {
        if let Self::Id(id) = self {
            ids.insert(id);
        }
        self.parts().into_iter().for_each(|part| part.ids(ids));
    }

    /// Whether it is made of a query, by its id or as one of all metrics.
    fn names(&self, query: &Query) -> bool {
        match self {
            Self::Id(id) => *id == query.id,
            Self::Metrics(part) => is_of_metrics(query, part.as_deref()),
            _ => self.parts().into_iter().any(|part| part.names(query)),
        }
    }
}

/// Whether `METRICS(part)` has it.
fn is_of_metrics(query: &Query, part: Option<&str>) -> bool {
    query.stat().is_some() && part.is_none_or(|part| query.id.contains(part))
}
