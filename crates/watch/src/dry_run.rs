//! When an alarm would have fired: the live steps over stored minutes, written nowhere.

use std::borrow::Cow;

use alert::State;
use alert::alarm::{MetricAlarm, Watched};
use alert::statistic::Samples;
use alert::step::{self, Observation};
use model::{Micros, TimeRange, Timestamp};
use store::StoreError;

use crate::read::{Course, Reader};

/// Evaluations of one dry run: a year by the minute.
pub(crate) const MAX_PERIODS: usize = 366 * 24 * 60;
/// Minutes that are read at a time: some tens of megabytes where there are many response times.
const PART_MINUTES: usize = 28 * 24 * 60;

/// What would have happened.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// The value of each period in the range, oldest first.
    pub points: Vec<Observation>,
    pub transitions: Vec<Transition>,
    /// Periods in each state, in the order of [`State::ALL`].
    pub periods: [usize; 3],
}

#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// When the period ended that decided it.
    pub at: Timestamp,
    pub from: State,
    pub to: State,
    pub reason: String,
}

impl Reader {
    /// Steps through the range, which is cut to whole periods and to the newest `MAX_PERIODS` of them.
    pub async fn dry_run(&self, alarm: &MetricAlarm, range: TimeRange) -> Result<DryRun, StoreError> {
        let length = Micros::from_secs(60 * u64::from(alarm.period_minutes()));
        let starts = periods(range, length);
        let window = alarm.threshold().range();
        let Some(first) = starts.first() else {
            return Ok(DryRun { points: Vec::new(), transitions: Vec::new(), periods: [0; 3] });
        };
        // What the first evaluation looks back at.
        let before = (1..window).rev().map(|back| first.minus(Micros(length.0 * back as u64)));
        let all: Vec<Timestamp> = before.chain(starts.iter().copied()).collect();
        let stats = alarm.stats();
        let mut course = Course::of(self, &stats, alarm.period_minutes());
        let mut run = DryRun { points: Vec::new(), transitions: Vec::new(), periods: [0; 3] };
        let mut state = State::InsufficientData;
        // The periods of the part, and those before it that its first evaluations look back at.
        let mut times: Vec<Timestamp> = Vec::new();
        let mut samples: Vec<Vec<Samples>> = vec![Vec::new(); stats.len()];
        for part in all.chunks((PART_MINUTES / alarm.period_minutes() as usize).max(1)) {
            times.extend(part);
            for (held, new) in samples.iter_mut().zip(course.samples(part).await?) {
                held.extend(new);
            }
            state = run.go_on(alarm, state, window, &times, &samples);
            let past = times.len().saturating_sub(window - 1);
            times.drain(..past);
            samples.iter_mut().for_each(|samples| drop(samples.drain(..past)));
        }
        Ok(run)
    }
}

impl DryRun {
    /// Evaluates each window of the periods; the state at their end.
    fn go_on(
        &mut self,
        alarm: &MetricAlarm,
        state: State,
        window: usize,
        times: &[Timestamp],
        samples: &[Vec<Samples>],
    ) -> State {
        let length = Micros::from_secs(60 * u64::from(alarm.period_minutes()));
        let mut state = state;
        // What is computed of a series, such as its sum, is computed of the range that an evaluation sees; of a metric each
        // period has its value.
        let is_metric = matches!(alarm.watched, Watched::Metric(_));
        let all = if is_metric { step::observations(alarm, times, samples) } else { Vec::new() };
        for (at, periods) in times.windows(window).enumerate() {
            let range = if is_metric {
                Cow::Borrowed(&all[at..at + window])
            } else {
                let seen: Vec<&[Samples]> = samples.iter().map(|samples| &samples[at..at + window]).collect();
                Cow::Owned(step::observations(alarm, periods, &seen))
            };
            let Some(newest) = range.last() else { continue };
            let end = newest.at.plus(length);
            if let Some(decision) = step::step(alarm, &range, state, end) {
                let to = decision.state;
                self.transitions.push(Transition { at: end, from: state, to, reason: decision.reason });
                state = to;
            }
            self.points.push(*newest);
            self.periods[State::ALL.iter().position(|known| *known == state).unwrap_or_default()] += 1;
        }
        state
    }
}

/// The whole periods of a range.
fn periods(range: TimeRange, length: Micros) -> Vec<Timestamp> {
    let step = i64::try_from(length.0).unwrap_or(i64::MAX).max(1);
    let first = range.start.0.div_euclid(step) + i64::from(range.start.0.rem_euclid(step) != 0);
    let end = range.end.0.div_euclid(step);
    let first = first.max(end.saturating_sub(MAX_PERIODS as i64));
    (first..end).map(|number| Timestamp(number * step)).collect()
}
