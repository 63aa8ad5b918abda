//! Values of expressions, and which kind each part of an expression has.

use super::{Function, Node, Sign, is_of_metrics};
use crate::alarm::Query;

/// The value of each period; nothing where there is none.
pub type Series = Vec<Option<f64>>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Scalar(Option<f64>),
    Series(Series),
    List(Vec<Series>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Series,
    List,
}

/// Finds the kind of a part; fails where it does not fit what it is in. `kinds` are those of the queries so far.
pub(super) fn kind(node: &Node, queries: &[Query], kinds: &[Kind]) -> Result<Kind, String> {
    let of = |node: &Node| kind(node, queries, kinds);
    match node {
        Node::Number(_) => Ok(Kind::Scalar),
        Node::Id(id) => {
            let place = queries.iter().position(|query| query.id == *id);
            Ok(place.map_or(Kind::Series, |place| kinds[place]))
        }
        Node::Metrics(part) => {
            let is_there = queries.iter().any(|query| is_of_metrics(query, part.as_deref()));
            if is_there { Ok(Kind::List) } else { Err("METRICS() finds no metric in the list".to_owned()) }
        }
        Node::List(parts) => {
            let is_series = |part: &Node| Ok::<bool, String>(of(part)? == Kind::Series);
            for part in parts {
                if !is_series(part)? {
                    return Err("what stands between [ and ] must be time series".to_owned());
                }
            }
            Ok(Kind::List)
        }
        Node::Negative(inner) => of(inner),
        Node::Both(_, left, right) => match (of(left)?, of(right)?) {
            (Kind::List, Kind::List) => {
                Err("two lists of time series cannot be joined by an operator".to_owned())
            }
            (Kind::List, _) | (_, Kind::List) => Ok(Kind::List),
            (Kind::Scalar, Kind::Scalar) => Ok(Kind::Scalar),
            _ => Ok(Kind::Series),
        },
        Node::Call(function, parts) => called(*function, parts, &of),
        Node::Word(_) => Err("REPEAT and LINEAR stand in FILL alone".to_owned()),
    }
}

fn called(
    function: Function,
    parts: &[Node],
    of: &impl Fn(&Node) -> Result<Kind, String>,
) -> Result<Kind, String> {
    let name = function.name();
    let first = parts.first().map_or(Ok(Kind::Scalar), of)?;
    let needs_series = || Err(format!("{name} takes time series, and not a number"));
    match function {
        Function::Abs | Function::Ceil | Function::Floor => Ok(first),
        Function::Avg | Function::Max | Function::Min | Function::Sum => match first {
            Kind::List => Ok(Kind::Series),
            Kind::Series => Ok(Kind::Scalar),
            Kind::Scalar => needs_series(),
        },
        Function::Diff | Function::Rate | Function::RunningSum if first == Kind::Scalar => needs_series(),
        Function::Diff | Function::Rate | Function::RunningSum => Ok(first),
        Function::MetricCount => Ok(Kind::Scalar),
        Function::Period if first == Kind::Series => Ok(Kind::Scalar),
        Function::Period => Err(format!("{name} takes one time series")),
        Function::TimeSeries if first == Kind::Scalar => Ok(Kind::Series),
        Function::TimeSeries => Err(format!("{name} takes a number")),
        Function::Fill => {
            let with = parts.get(1).filter(|part| !matches!(part, Node::Word(_)));
            if first == Kind::Scalar {
                return needs_series();
            }
            match with.map(of).transpose()? {
                Some(Kind::List) => {
                    Err(format!("{name} fills with a number, a time series, REPEAT or LINEAR"))
                }
                _ => Ok(first),
            }
        }
        Function::If => {
            let mut kinds = vec![first];
            for part in &parts[1..] {
                kinds.push(of(part)?);
            }
            if kinds.contains(&Kind::List) {
                return Err(format!("{name} takes numbers and time series, and no lists of them"));
            }
            let is_scalar = kinds.len() == 3 && kinds.iter().all(|kind| *kind == Kind::Scalar);
            Ok(if is_scalar { Kind::Scalar } else { Kind::Series })
        }
    }
}

/// What an expression sees.
pub(super) struct Scope<'a> {
    pub(super) queries: &'a [Query],
    /// Of the queries that are evaluated, by place.
    pub(super) values: &'a [Option<Value>],
    pub(super) periods: usize,
    pub(super) period_seconds: f64,
}

impl Scope<'_> {
    pub(super) fn value(&self, node: &Node) -> Value {
        match node {
            Node::Number(value) => Value::Scalar(Some(*value)),
            Node::Id(id) => {
                let place = self.queries.iter().position(|query| query.id == *id);
                let known = place.and_then(|place| self.values[place].clone());
                known.unwrap_or_else(|| Value::Series(vec![None; self.periods]))
            }
            Node::Metrics(part) => {
                let wanted = self.queries.iter().zip(self.values);
                let wanted = wanted.filter(|(query, _)| is_of_metrics(query, part.as_deref()));
                Value::List(
                    wanted.filter_map(|(_, value)| value.clone()).flat_map(Value::into_series).collect(),
                )
            }
            Node::List(parts) => {
                Value::List(parts.iter().flat_map(|part| self.value(part).into_series()).collect())
            }
            Node::Negative(inner) => self.value(inner).map(|value| Some(-value)),
            Node::Both(sign, left, right) => self.both(*sign, self.value(left), self.value(right)),
            Node::Call(function, parts) => self.call(*function, parts),
            Node::Word(_) => Value::Scalar(None),
        }
    }

    fn both(&self, sign: Sign, left: Value, right: Value) -> Value {
        let join = |left: Option<f64>, right: Option<f64>| sign.of(left?, right?);
        match (left, right) {
            (Value::Scalar(left), right) => right.map(|right| join(left, Some(right))),
            (left, Value::Scalar(right)) => left.map(|left| join(Some(left), right)),
            (Value::Series(left), right) => right.map_series(|right| {
                left.iter().zip(right).map(|(left, right)| join(*left, *right)).collect()
            }),
            (left, Value::Series(right)) => left.map_series(|left| {
                left.iter().zip(&right).map(|(left, right)| join(*left, *right)).collect()
            }),
            (Value::List(_), Value::List(_)) => Value::Scalar(None),
        }
    }
}

impl Value {
    pub(super) fn into_series(self) -> Vec<Series> {
        match self {
            Self::Scalar(_) => Vec::new(),
            Self::Series(series) => vec![series],
            Self::List(list) => list,
        }
    }

    /// Of each datapoint that there is.
    pub(super) fn map(self, made: impl Fn(f64) -> Option<f64>) -> Self {
        let made = |value: Option<f64>| value.and_then(&made).filter(|value| value.is_finite());
        let of = |series: Series| -> Series { series.into_iter().map(made).collect() };
        match self {
            Self::Scalar(value) => Self::Scalar(made(value)),
            Self::Series(series) => Self::Series(of(series)),
            Self::List(list) => Self::List(list.into_iter().map(of).collect()),
        }
    }

    pub(super) fn map_series(self, made: impl Fn(&Series) -> Series) -> Self {
        match self {
            Self::Scalar(value) => Self::Scalar(value),
            Self::Series(series) => Self::Series(made(&series)),
            Self::List(list) => Self::List(list.iter().map(made).collect()),
        }
    }
}

impl Sign {
    /// Nothing where it has no finite value.
    fn of(self, left: f64, right: f64) -> Option<f64> {
        let is = |truth: bool| if truth { 1.0 } else { 0.0 };
        let value = match self {
            Self::Plus => left + right,
            Self::Minus => left - right,
            Self::Times => left * right,
            Self::Over => left / right,
            Self::Power => left.powf(right),
            Self::Less => is(left < right),
            Self::LessOrEqual => is(left <= right),
            Self::Greater => is(left > right),
            Self::GreaterOrEqual => is(left >= right),
            Self::Equal => is(left == right),
            Self::NotEqual => is(left != right),
            Self::And => is(left != 0.0 && right != 0.0),
            Self::Or => is(left != 0.0 || right != 0.0),
        };
        value.is_finite().then_some(value)
    }
}
