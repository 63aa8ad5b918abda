//! The five fields of cron: minute, hour, day of the month, month and day of the week.

use jiff::Span;
use jiff::civil::{DateTime, date};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Each field as the set of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Of days of the month and of the week, where both are restricted, either will do.
    is_either: bool,
}

impl Cron {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        let is_free = |field: &str| matches!(field, "*" | "?");
        let week = field(weekdays, 0, 7, &DAYS, 0)?;
        Some(Self {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days: field(days, 1, 31, &[], 1)?,
            months: field(months, 1, 12, &MONTHS, 1)?,
            // Sunday is 0 and 7.
            weekdays: (week | (week >> 7)) & 0x7f,
            is_either: !is_free(days) && !is_free(weekdays),
        })
    }

    /// The newest time not after `now` that it names, within so many days.
    pub(super) fn last_before(&self, now: DateTime, days: i32) -> Option<DateTime> {
        for back in 0..=days {
            let day = now.date().checked_sub(Span::new().days(back)).ok()?;
            let weekday = day.weekday().to_sunday_zero_offset() as u32;
            if !self.has_day(day.day() as u32, day.month() as u32, weekday) {
                continue;
            }
            for hour in (0..24_i8).rev().filter(|hour| self.hours >> hour & 1 == 1) {
                for minute in (0..60_i8).rev().filter(|minute| self.minutes >> minute & 1 == 1) {
                    let at = date(day.year(), day.month(), day.day()).at(hour, minute, 0, 0);
                    if at <= now {
                        return Some(at);
                    }
                }
            }
        }
        None
    }

    fn has_day(&self, day: u32, month: u32, weekday: u32) -> bool {
        let (by_month, by_week) = (self.days >> day & 1 == 1, self.weekdays >> weekday & 1 == 1);
        let is_day = if self.is_either { by_month || by_week } else { by_month && by_week };
        self.months >> month & 1 == 1 && is_day
    }
}

/// `*`, `5`, `1-5`, `*/10`, `MON-FRI`, and lists of these.
fn field(text: &str, low: u32, high: u32, names: &[&str], first: u32) -> Option<u64> {
    let value = |text: &str| -> Option<u32> {
        if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Some(at as u32 + first);
        }
        let is_number = !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit());
        text.parse().ok().filter(|value| is_number && (low..=high).contains(value))
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step: &u32| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*" | "?", _) => (low, high),
            (_, Some((from, to))) => (value(from)?, value(to)?),
            (_, None) if part.contains('/') => (value(range)?, high),
            (_, None) => (value(range)?, value(range)?),
        };
        if from > to {
            return None;
        }
        (from..=to).step_by(step as usize).for_each(|value| set |= 1 << value);
    }
    Some(set)
}
