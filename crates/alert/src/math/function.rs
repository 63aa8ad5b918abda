//! What each function makes of a series, and of several.

use super::value::{Scope, Series, Value};
use super::{Filling, Function, Node};

/// By name, with the fewest and the most arguments.
const NAMES: [(&str, Function, usize, usize); 15] = [
    ("ABS", Function::Abs, 1, 1),
    ("AVG", Function::Avg, 1, 1),
    ("CEIL", Function::Ceil, 1, 1),
    ("DIFF", Function::Diff, 1, 1),
    ("FILL", Function::Fill, 2, 2),
    ("FLOOR", Function::Floor, 1, 1),
    ("IF", Function::If, 2, 3),
    ("MAX", Function::Max, 1, 1),
    ("METRIC_COUNT", Function::MetricCount, 1, 1),
    ("MIN", Function::Min, 1, 1),
    ("PERIOD", Function::Period, 1, 1),
    ("RATE", Function::Rate, 1, 1),
    ("RUNNING_SUM", Function::RunningSum, 1, 1),
    ("SUM", Function::Sum, 1, 1),
    ("TIME_SERIES", Function::TimeSeries, 1, 1),
];

impl Function {
    pub(super) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, ..)| *known == name).map(|(_, function, ..)| *function)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, function, ..)| *function == self).map_or("", |(name, ..)| name)
    }

    pub(super) fn takes(self) -> (usize, usize) {
        NAMES
            .iter()
            .find(|(_, function, ..)| *function == self)
            .map_or((0, 0), |&(.., least, most)| (least, most))
    }
}

impl Scope<'_> {
    pub(super) fn call(&self, function: Function, arguments: &[Node]) -> Value {
        let Some(first) = arguments.first() else { return Value::Scalar(None) };
        let of = self.value(first);
        let second = || arguments.get(1);
        match function {
            Function::Abs => of.map(|value| Some(value.abs())),
            Function::Ceil => of.map(|value| Some(value.ceil())),
            Function::Floor => of.map(|value| Some(value.floor())),
            Function::Diff => of.map_series(|series| steps(series, |change| change)),
            Function::Rate => of.map_series(|series| steps(series, |change| change / self.period_seconds)),
            Function::RunningSum => of.map_series(running_sum),
            Function::Avg | Function::Max | Function::Min | Function::Sum => self.reduce(function, of),
            Function::MetricCount => Value::Scalar(Some(of.into_series().len() as f64)),
            Function::Period => Value::Scalar(Some(self.period_seconds)),
            Function::TimeSeries => Value::Series(self.spread(of)),
            Function::Fill => match second() {
                Some(Node::Word(filling)) => of.map_series(|series| filled(series, *filling)),
                Some(node) => {
                    let with = self.spread(self.value(node));
                    of.map_series(|series| {
                        series.iter().zip(&with).map(|(value, with)| value.or(*with)).collect()
                    })
                }
                None => of,
            },
            Function::If => {
                let branch = |at: usize| arguments.get(at).map(|node| self.value(node));
                self.choose(of, branch(1), branch(2))
            }
        }
    }

    /// Of one series over its time: a number. Of several: a series over each period.
    fn reduce(&self, function: Function, of: Value) -> Value {
        match of {
            Value::List(list) => {
                let at = |period: usize| {
                    reduced(function, list.iter().map(|series| series.get(period).copied().flatten()))
                };
                Value::Series((0..self.periods).map(at).collect())
            }
            Value::Series(series) => Value::Scalar(reduced(function, series.into_iter())),
            Value::Scalar(value) => Value::Scalar(value),
        }
    }

    /// Without a condition there is no value, nor without the branch that it asks for.
    fn choose(&self, condition: Value, yes: Option<Value>, no: Option<Value>) -> Value {
        if let (Value::Scalar(condition), Some(Value::Scalar(yes)), Some(Value::Scalar(no))) =
            (&condition, &yes, &no)
        {
            return Value::Scalar(condition.and_then(|condition| if condition != 0.0 { *yes } else { *no }));
        }
        let none = || vec![None; self.periods];
        let spread = |value: Option<Value>| value.map_or_else(none, |value| self.spread(value));
        let (condition, yes, no) = (self.spread(condition), spread(yes), spread(no));
        let at = condition.iter().zip(yes.iter().zip(&no));
        let chosen =
            at.map(|(condition, (yes, no))| condition.and_then(|is| if is != 0.0 { *yes } else { *no }));
        Value::Series(chosen.collect())
    }

    /// As a series; a number is the same in each period.
    fn spread(&self, value: Value) -> Series {
        match value {
            Value::Scalar(value) => vec![value; self.periods],
            Value::Series(series) => series,
            Value::List(list) => list.into_iter().next().unwrap_or_default(),
        }
    }
}

fn reduced(function: Function, values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let present: Vec<f64> = values.flatten().collect();
    if present.is_empty() {
        return None;
    }
    let sum: f64 = present.iter().sum();
    match function {
        Function::Avg => Some(sum / present.len() as f64),
        Function::Max => present.into_iter().reduce(f64::max),
        Function::Min => present.into_iter().reduce(f64::min),
        _ => Some(sum),
    }
}

/// From each datapoint to the next one; a gap is no step.
fn steps(series: &Series, made: impl Fn(f64) -> f64) -> Series {
    let before = std::iter::once(&None).chain(series);
    before.zip(series).map(|(before, value)| Some(made((*value)? - (*before)?))).collect()
}

fn running_sum(series: &Series) -> Series {
    let mut sum = 0.0;
    let summed = series.iter().map(|value| {
        sum += (*value)?;
        Some(sum)
    });
    summed.collect()
}

fn filled(series: &Series, filling: Filling) -> Series {
    let present: Vec<(usize, f64)> =
        series.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?))).collect();
    let between = |at: usize| {
        let next = present.partition_point(|&(known, _)| known < at);
        let before = next.checked_sub(1).and_then(|place| present.get(place)).copied();
        match (filling, before, present.get(next).copied()) {
            (Filling::Repeat, Some((_, value)), _) => Some(value),
            (Filling::Linear, Some((from, low)), Some((to, high))) => {
                Some(low + (high - low) * (at - from) as f64 / (to - from) as f64)
            }
            _ => None,
        }
    };
    series.iter().enumerate().map(|(at, value)| value.or_else(|| between(at))).collect()
}
