//! Mute rules: when the actions of some alarms wait, in CloudWatch's shape. Alarms are evaluated all the same.

mod cron;
#[cfg(test)]
mod tests;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};
use model::{Micros, Timestamp};
use serde::{Deserialize, Serialize};

use cron::Cron;

/// CloudWatch's longest and shortest window.
const MAX_MINUTES: i64 = 15 * 24 * 60;
const MIN_MINUTES: i64 = 1;

/// As it was given; its schedule is one that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteRule {
    pub name: String,
    pub description: Option<String>,
    /// `cron(…)` or `at(…)`.
    pub expression: String,
    /// In ISO 8601: `PT2H`.
    pub duration: String,
    /// A zone's name; UTC where none is given.
    pub timezone: Option<String>,
    /// Names of alarms.
    pub targets: Vec<String>,
    pub start: Option<Timestamp>,
    pub expire: Option<Timestamp>,
}

/// CloudWatch's status of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Scheduled,
    Active,
    Expired,
}

/// Why a schedule is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MuteError {
    #[error("the expression {0:?} is neither cron(minute hour day month weekday) nor at(yyyy-MM-ddTHH:mm)")]
    Expression(String),
    #[error("the duration {0:?} is none in ISO 8601 from PT1M to P15D")]
    Duration(String),
    #[error("the time zone {0:?} is not known")]
    TimeZone(String),
}

/// A schedule, read.
#[derive(Debug)]
struct Schedule {
    when: When,
    length: Micros,
    zone: TimeZone,
}

#[derive(Debug)]
enum When {
    Cron(Cron),
    At(DateTime),
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Scheduled, Self::Active, Self::Expired];

    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
        }
    }
}

/// Whether the schedule of a rule is one.
pub fn check(rule: &MuteRule) -> Result<(), MuteError> {
    Schedule::of(rule).map(drop)
}

/// Whether the rule keeps actions back at that time.
pub fn is_active(rule: &MuteRule, now: Timestamp) -> bool {
    until(rule, now).is_some()
}

/// When the window ends in which the rule keeps actions back at that time, if it does. Another one may follow at once.
pub fn until(rule: &MuteRule, now: Timestamp) -> Option<Timestamp> {
    let is_within =
        rule.start.is_none_or(|start| start <= now) && rule.expire.is_none_or(|expire| now < expire);
    let end = Schedule::of(rule).ok().filter(|_| is_within)?.open_until(now)?;
    Some(rule.expire.map_or(end, |expire| expire.min(end)))
}

pub fn status(rule: &MuteRule, now: Timestamp) -> Status {
    let is_past = rule.expire.is_some_and(|expire| expire <= now)
        || Schedule::of(rule).is_ok_and(|schedule| schedule.is_past(now));
    if is_past {
        Status::Expired
    } else if is_active(rule, now) {
        Status::Active
    } else {
        Status::Scheduled
    }
}

impl Schedule {
    fn of(rule: &MuteRule) -> Result<Self, MuteError> {
        let zone = match rule.timezone.as_deref() {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| MuteError::TimeZone(short(name)))?,
        };
        let length = length(&rule.duration).ok_or_else(|| MuteError::Duration(short(&rule.duration)))?;
        let when = when(&rule.expression).ok_or_else(|| MuteError::Expression(short(&rule.expression)))?;
        Ok(Self { when, length, zone })
    }

    fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        let began = match &self.when {
            When::At(at) => self.instant(*at),
            When::Cron(cron) => {
                let instant = jiff::Timestamp::from_microsecond(now.0).ok()?;
                let local = instant.to_zoned(self.zone.clone()).datetime();
                let days = self.length.0 / 86_400_000_000 + 1;
                cron.last_before(local, days as i32 + 1).and_then(|at| self.instant(at))
            }
        };
        let end = began.filter(|began| *began <= now)?.plus(self.length);
        Some(end).filter(|end| now < *end)
    }

    /// Whether it never opens again.
    fn is_past(&self, now: Timestamp) -> bool {
        match &self.when {
            When::Cron(_) => false,
            When::At(at) => self.instant(*at).is_none_or(|at| at.plus(self.length) <= now),
        }
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        let zoned = local.to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_microsecond()))
    }
}

fn when(expression: &str) -> Option<When> {
    let inner = |prefix: &str| expression.trim().strip_prefix(prefix)?.strip_suffix(')');
    if let Some(at) = inner("at(") {
        return at.trim().parse().ok().map(When::At);
    }
    Cron::parse(inner("cron(")?).map(When::Cron)
}

/// `PT1M` to `P15D`.
fn length(text: &str) -> Option<Micros> {
    let span: Span = text.parse().ok()?;
    if !text.starts_with('P') || span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let minutes = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    let is_whole = minutes >= SignedDuration::from_mins(MIN_MINUTES)
        && minutes <= SignedDuration::from_mins(MAX_MINUTES);
    is_whole.then(|| Micros::from_secs(minutes.as_secs().unsigned_abs()))
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
