//! Minutes of planted rates, and what a day says of them.

use super::*;

/// A whole day before the first minute that is looked at.
const FIRST: i64 = 28_000_080;

/// The same numbers for the same seed.
struct Random(u64);

impl Random {
    /// SplitMix64 <https://prng.di.unimi.it/splitmix64.c>.
    fn chance(&mut self, rate: f64) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) as f64) < rate * u64::MAX as f64
    }
}

/// A node, and the randomness of its requests.
struct Planted {
    course: Course,
    random: Random,
    minute: i64,
}

impl Planted {
    fn new(seed: u64) -> Self {
        Self { course: Course::default(), random: Random(seed), minute: FIRST }
    }

    /// Plays minutes of so many requests, each of which fails at the rate; the minutes at whose ends an excess goes on.
    fn play(&mut self, minutes: i64, requests: u64, rate: impl Fn(i64) -> f64) -> Vec<i64> {
        let mut told = Vec::new();
        for _ in 0..minutes {
            let rate = rate(self.minute);
            let failing = (0..requests).filter(|_| self.random.chance(rate)).count() as u64;
            self.course.step(Minute(self.minute), requests, failing, &[]);
            if self.course.excess().is_some() {
                told.push(self.minute);
            }
            self.minute += 1;
        }
        told
    }
}

const DAY: i64 = 24 * 60;

#[test]
fn what_usually_fails_is_no_excess() {
    for (seed, requests, rate) in [(1, 5, 0.01), (2, 60, 0.01), (3, 60, 0.05), (4, 200, 0.002)] {
        let told = Planted::new(seed).play(3 * DAY, requests, |_| rate);
        assert!(told.is_empty(), "{requests} at {rate}: {told:?}");
    }
}

#[test]
fn a_fifth_more_is_told_within_three_minutes_and_since_when() {
    let mut in_time = 0;
    for seed in 0..20 {
        let mut planted = Planted::new(seed);
        planted.play(DAY + 7 * seed as i64, 60, |_| 0.001);
        let begin = planted.minute;
        let told = planted.play(5, 60, |_| 0.201);
        assert!(!told.is_empty(), "seed {seed}");
        in_time += usize::from(told[0] - begin < 3);
        let since = planted.course.excess().unwrap().since.0;
        assert!((since - begin).abs() <= 1, "seed {seed}: since {since}, began {begin}");
    }
    assert!(in_time >= 18, "{in_time} of 20");
}

#[test]
fn one_noisy_minute_is_no_excess() {
    for seed in 0..10 {
        let mut planted = Planted::new(seed);
        planted.play(DAY, 60, |_| 0.005);
        let noisy = planted.minute;
        let told = planted.play(30, 60, |minute| if minute == noisy { 0.2 } else { 0.005 });
        assert!(told.is_empty(), "seed {seed}: {told:?}");
    }
}

#[test]
fn a_job_of_every_night_is_known_the_second_night() {
    let night = |minute: i64| if (minute - FIRST).rem_euclid(DAY) / 10 == 100 { 0.06 } else { 0.003 };
    let mut planted = Planted::new(5);
    planted.play(DAY, 100, night);
    assert!(planted.play(2 * DAY, 100, night).is_empty());
}

#[test]
fn an_outage_that_was_known_is_not_usual_afterwards() {
    let bins: Vec<Bin> = (0..288)
        .map(|at| Bin { at, requests: 300, failing: if (100..112).contains(&at) { 150 } else { 1 } })
        .collect();
    let blind = Usual::without(&bins, 288, &[]).unwrap();
    let seeing = Usual::without(&bins, 288, &[(100, 111)]).unwrap();
    assert!(blind.highest > 0.3 && seeing.highest < 0.02, "{blind:?} {seeing:?}");
    // A day later at the same time: an hour of failures is not what is usual at this hour.
    let next_day = Usual::without(&bins, 288 + 106, &[(100, 111)]).unwrap();
    assert!(next_day.highest < 0.02, "{next_day:?}");
}

#[test]
fn little_is_said_of_what_is_hardly_known() {
    let bin = |at| Bin { at, requests: 60, failing: 0 };
    assert_eq!(Usual::of(&[bin(0), bin(1)], 4), None);
    let known = Usual::of(&(0..6).map(bin).collect::<Vec<_>>(), 8).unwrap();
    assert!(!known.is_known() && known.highest >= 0.05);
    assert!(Usual::of(&(0..40).map(bin).collect::<Vec<_>>(), 41).unwrap().is_known());
}

#[test]
fn minutes_in_which_nobody_was_there_say_nothing() {
    let mut planted = Planted::new(6);
    planted.play(DAY, 60, |_| 0.01);
    planted.play(5, 60, |_| 0.5);
    assert!(planted.course.excess().is_some());
    planted.minute += 20;
    assert!(planted.play(15, 60, |_| 0.01).is_empty());
}
