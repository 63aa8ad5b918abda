//! What is made of the samples of one period: CloudWatch's statistics, by its names.
//!
//! Percentiles and what is trimmed come from a distribution in buckets, exact while that is small.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html>

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

/// All samples of one period; none is no samples, and not a sample of zero.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    pub count: f64,
    pub sum: f64,
    /// Values with their counts, ascending.
    pub values: Vec<(f64, f64)>,
}

impl Samples {
    /// Of a metric that is a count: one sample.
    pub fn one(value: f64) -> Self {
        Self { count: 1.0, sum: value, values: vec![(value, 1.0)] }
    }

    /// Of a rate: a sample of 0 or 1 for each request.
    pub fn share(of: f64, all: f64) -> Self {
        let values = [(0.0, all - of), (1.0, of)];
        Self { count: all, sum: of, values: values.into_iter().filter(|(_, count)| *count > 0.0).collect() }
    }

    /// Adds those of another part of the period.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.values.extend_from_slice(&other.values);
        self.values.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.values.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                kept.1 += later.1;
            }
            is_same
        });
    }
}

/// CloudWatch's Statistic or ExtendedStatistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// Of 100.
    Percentile(f64),
    /// Of the samples between two bounds.
    Between(Kept, Bounds),
}

/// What is told of the samples that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// TM: their mean.
    Mean,
    /// TC: how many they are.
    Count,
    /// TS: their sum.
    Sum,
    /// WM: the mean of all, those outside counted as the nearest bound.
    Winsorized,
    /// PR: their share of all, in percent.
    Rank,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// Percentiles, of 100.
    Percent { low: f64, high: f64 },
    /// Values.
    Values { low: f64, high: f64 },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no statistic")]
pub struct StatisticError(String);

const PLAIN: [(&str, Statistic); 5] = [
    ("SampleCount", Statistic::SampleCount),
    ("Average", Statistic::Average),
    ("Sum", Statistic::Sum),
    ("Minimum", Statistic::Minimum),
    ("Maximum", Statistic::Maximum),
];
const KEPT: [(&str, Kept); 5] = [
    ("tm", Kept::Mean),
    ("tc", Kept::Count),
    ("ts", Kept::Sum),
    ("wm", Kept::Winsorized),
    ("pr", Kept::Rank),
];
/// The middle half, whose mean is IQM.
const MIDDLE: Bounds = Bounds::Percent { low: 25.0, high: 75.0 };

impl Statistic {
    /// One of the five that CloudWatch calls Statistic; the others are its ExtendedStatistics.
    pub fn plain(name: &str) -> Option<Self> {
        PLAIN.iter().find(|(known, _)| *known == name).map(|(_, statistic)| *statistic)
    }

    /// The name again of one of the five.
    pub fn plain_name(self) -> Option<&'static str> {
        PLAIN.iter().find(|(_, statistic)| *statistic == self).map(|(name, _)| *name)
    }

    /// What the samples come to; nothing where there are none.
    pub fn of(self, samples: &Samples) -> Option<f64> {
        if samples.count <= 0.0 {
            return None;
        }
        let value = match self {
            Self::SampleCount => samples.count,
            Self::Sum => samples.sum,
            Self::Average => samples.sum / samples.count,
            Self::Minimum => samples.values.first()?.0,
            Self::Maximum => samples.values.last()?.0,
            Self::Percentile(percent) => percentile(&samples.values, percent)?,
            Self::Between(kept, bounds) => between(&samples.values, kept, bounds)?,
        };
        value.is_finite().then_some(value)
    }

    /// How many samples a percentile needs to be worth something, by CloudWatch's rule; zero for all others.
    pub fn needs_samples(self) -> f64 {
        match self {
            Self::Percentile(percent) if (50.0..100.0).contains(&percent) => 10.0 / (1.0 - percent / 100.0),
            Self::Percentile(percent) if percent > 0.0 && percent < 50.0 => 10.0 / (percent / 100.0),
            _ => 0.0,
        }
    }
}

impl FromStr for Statistic {
    type Err = StatisticError;

    fn from_str(name: &str) -> Result<Self, StatisticError> {
        Self::plain(name).or_else(|| extended(name)).ok_or_else(|| {
            let short = name.chars().take(60).collect();
            StatisticError(short)
        })
    }
}

fn extended(name: &str) -> Option<Statistic> {
    if name.eq_ignore_ascii_case("iqm") {
        return Some(Statistic::Between(Kept::Mean, MIDDLE));
    }
    let lower = name.to_ascii_lowercase();
    if let Some((word, kept)) = KEPT.iter().find(|(word, _)| lower.starts_with(word)).copied() {
        let rest = &lower[word.len()..];
        if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            return bounds(inner, kept).map(|bounds| Statistic::Between(kept, bounds));
        }
        if kept == Kept::Rank {
            return None;
        }
        let high = percent(rest)?;
        return Some(Statistic::Between(kept, Bounds::Percent { low: 0.0, high }));
    }
    lower.strip_prefix('p').and_then(percent).map(Statistic::Percentile)
}

/// `10%:90%`, `:500`, `0.1:`.
fn bounds(text: &str, kept: Kept) -> Option<Bounds> {
    let (low, high) = text.split_once(':')?;
    if low.is_empty() && high.is_empty() {
        return None;
    }
    if text.contains('%') {
        let side = |side: &str, open: f64| match side {
            "" => Some(open),
            side => percent(side.strip_suffix('%')?),
        };
        let (low, high) = (side(low, 0.0)?, side(high, 100.0)?);
        return (low < high && kept != Kept::Rank).then_some(Bounds::Percent { low, high });
    }
    let side = |side: &str, open: f64| match side {
        "" => Some(open),
        side => side.parse().ok().filter(|value: &f64| value.is_finite()),
    };
    let (low, high) = (side(low, f64::NEG_INFINITY)?, side(high, f64::INFINITY)?);
    (low < high).then_some(Bounds::Values { low, high })
}

fn percent(text: &str) -> Option<f64> {
    let is_plain = !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit() || letter == b'.');
    text.parse().ok().filter(|value: &f64| is_plain && (0.0..=100.0).contains(value))
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = PLAIN.iter().find(|(_, statistic)| statistic == self) {
            return f.write_str(name);
        }
        match self {
            Self::Percentile(percent) => write!(f, "p{percent}"),
            Self::Between(kept, bounds) => {
                let word = KEPT.iter().find(|(_, known)| known == kept).map_or("", |(word, _)| *word);
                match bounds {
                    Bounds::Percent { low, high } => {
                        write!(f, "{}({low}%:{high}%)", word.to_ascii_uppercase())
                    }
                    Bounds::Values { low, high } => write!(f, "{}({low}:{high})", word.to_ascii_uppercase()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// The smallest value that at least so many percent of the samples do not exceed.
fn percentile(values: &[(f64, f64)], percent: f64) -> Option<f64> {
    let total: f64 = values.iter().map(|(_, count)| count).sum();
    let rank = (percent / 100.0 * total).ceil().max(1.0);
    let mut seen = 0.0;
    for (value, count) in values {
        seen += count;
        if seen >= rank {
            return Some(*value);
        }
    }
    values.last().map(|(value, _)| *value)
}

fn between(values: &[(f64, f64)], kept: Kept, bounds: Bounds) -> Option<f64> {
    let total: f64 = values.iter().map(|(_, count)| count).sum();
    let mut inside: Vec<(f64, f64)> = Vec::with_capacity(values.len());
    let mut before = 0.0;
    for &(value, count) in values {
        let part = match bounds {
            Bounds::Percent { low, high } => {
                let (from, to) = (low / 100.0 * total, high / 100.0 * total);
                (before + count).min(to) - before.max(from)
            }
            Bounds::Values { low, high } if value >= low && value <= high => count,
            Bounds::Values { .. } => 0.0,
        };
        before += count;
        if part > 0.0 {
            inside.push((value, part));
        }
    }
    let count: f64 = inside.iter().map(|(_, part)| part).sum();
    let sum: f64 = inside.iter().map(|(value, part)| value * part).sum();
    match kept {
        Kept::Count => Some(count),
        Kept::Sum => Some(sum),
        Kept::Rank => Some(count / total * 100.0),
        Kept::Mean => (count > 0.0).then(|| sum / count),
        Kept::Winsorized => {
            let (low, high) = match bounds {
                Bounds::Values { low, high } => (low, high),
                Bounds::Percent { .. } => (inside.first()?.0, inside.last()?.0),
            };
            let all: f64 = values.iter().map(|(value, count)| value.clamp(low, high) * count).sum();
            Some(all / total)
        }
    }
}
