//! Two generators of a service's traffic, minute by minute: how many requests come, and what share of them fails.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Waves of a day, a share of failures that wanders, one noisy minute in two days, a job every night.
    Wander,
    /// Working days and weekends with two peaks a day, deploys in office hours, bursts of traffic, short hiccups, an hourly job.
    Office,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Wander, Self::Office];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wander => "wander",
            Self::Office => "office",
        }
    }
}

/// Of one service.
pub(crate) struct Traffic {
    kind: Kind,
    /// Requests a minute and the share that fails, on average.
    requests: f64,
    failing: f64,
    random: StdRng,
    /// The logarithm of how the share wandered.
    wandered: f64,
    /// A disturbance that goes on until this minute.
    until: i64,
    adds: f64,
    times: f64,
}

/// What a minute is to have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) requests: u64,
    pub(crate) failing: f64,
}

impl Traffic {
    pub(crate) fn new(kind: Kind, requests: f64, failing: f64, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self { kind, requests, failing, random, wandered: 0.0, until: i64::MIN, adds: 0.0, times: 1.0 }
    }

    /// The minutes are to be asked for one after the other.
    pub(crate) fn minute(&mut self, minute: i64) -> Planned {
        match self.kind {
            Kind::Wander => self.wander(minute),
            Kind::Office => self.office(minute),
        }
    }

    fn wander(&mut self, minute: i64) -> Planned {
        let of_day = minute.rem_euclid(DAY);
        let wave = 1.0 + 0.6 * (of_day as f64 / DAY as f64 * std::f64::consts::TAU).sin();
        // An autoregressive walk of some hours with a deviation of 0.34.
        self.wandered = 0.995 * self.wandered + 0.34 * (1.0_f64 - 0.995 * 0.995).sqrt() * self.normal();
        let mut failing = self.failing * self.wandered.exp();
        if self.random.random_bool(1.0 / (2.0 * DAY as f64)) {
            failing += self.random.random_range(0.02..0.2);
        }
        if (3 * 60..3 * 60 + 10).contains(&of_day) {
            failing += 0.03;
        }
        self.planned(wave, failing)
    }

    fn office(&mut self, minute: i64) -> Planned {
        let (of_day, of_week) = (minute.rem_euclid(DAY), minute.rem_euclid(WEEK));
        let is_weekend = of_week >= 5 * DAY;
        let peak = |hour: f64, width: f64| (-((of_day as f64 / 60.0 - hour) / width).powi(2)).exp();
        let wave =
            (0.15 + 1.3 * peak(11.0, 3.0) + 0.9 * peak(20.0, 2.5)) * if is_weekend { 0.45 } else { 1.0 };
        if minute >= self.until {
            (self.adds, self.times) = (0.0, 1.0);
            let is_office = !is_weekend && (9 * 60..18 * 60).contains(&of_day);
            if is_office && self.random.random_bool(3.0 / (9.0 * 60.0)) {
                // A deploy: instances go one after the other.
                self.until = minute + self.random.random_range(2..5);
                self.adds = self.random.random_range(0.002..0.02);
            } else if self.random.random_bool(2.0 / DAY as f64) {
                // A burst, in which a little more fails.
                self.until = minute + self.random.random_range(5..20);
                self.times = self.random.random_range(2.0..5.0);
            } else if self.random.random_bool(1.0 / DAY as f64) {
                // A hiccup of something behind it.
                self.until = minute + 1;
                self.adds = self.random.random_range(0.03..0.15);
            }
        }
        let job = if of_day % 60 == 0 { 0.01 } else { 0.0 };
        let share = self.failing * if self.times > 1.0 { 1.5 } else { 1.0 };
        let times = self.times;
        self.planned(wave * times, share + self.adds + job)
    }

    fn planned(&mut self, wave: f64, failing: f64) -> Planned {
        let expected = self.requests * wave;
        // As many as come by chance: the normal distribution is near enough, and even of few never below none.
        let requests = (expected + expected.sqrt() * self.normal()).round().max(0.0) as u64;
        Planned { requests, failing: failing.clamp(0.0, 1.0) }
    }

    fn normal(&mut self) -> f64 {
        // The sum of twelve equal ones.
        (0..12).map(|_| self.random.random::<f64>()).sum::<f64>() - 6.0
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.random.random::<f64>() < share
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random.random::<f64>()
    }
}
