//! The bounds at which an episode opens, begins and ends.

use model::TraceId;

use super::*;
use crate::now::bins::Bins;

fn failure(at: f64) -> Failure {
    Failure {
        trace: TraceId([0; 16]),
        received: Timestamp::from_seconds(at),
        at: Timestamp::from_seconds(at),
        earliest: Timestamp::from_seconds(at),
        witness: 0,
        is_seen: true,
        is_telling: false,
        users: Box::default(),
        entry: None,
        exception: None,
        affected: Box::default(),
        groups: Box::default(),
    }
}

/// So many requests in each second from one to another.
fn requests(parts: &[(Second, Second, i32)]) -> Bins {
    let mut bins = Bins::default();
    for &(from, until, each) in parts {
        (from..until).for_each(|second| bins.add(second, each));
    }
    bins
}

/// First and last failure of each episode, and whether it is over.
fn check(failures: &[f64], bins: &Bins, now: f64, expected: &[(usize, usize, bool)]) {
    let failures: Vec<Failure> = failures.iter().map(|&at| failure(at)).collect();
    let failures: Vec<&Failure> = failures.iter().collect();
    let found = episodes(&failures, &Sums::of(&[bins]), Timestamp::from_seconds(now));
    let found: Vec<_> = found.iter().map(|one| (one.first, one.last, one.is_over)).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_usually_fails_is_as_uncertain_as_it_is() {
    let is_about =
        |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found}, not {expected}");
    let known = Baseline { failing: 8, requests: 940 };
    is_about(known.share(), 8.5 / 1_000.0);
    // Two deviations more, of which one is 3.
    is_about(known.highest(), 15.0 / 1_000.0);
    is_about(known.chance_of_pair(3), 8.5 / 1_000.0 * 9.5 / 1_001.0 * 2.0);
    // However long nothing failed.
    is_about(Baseline { failing: 0, requests: 1_000_000 }.highest(), LEAST_USUAL);
    is_about(Baseline::default().share(), 0.5 / 60.0);
}

#[test]
fn three_failures_of_three_open_one_whoever_saw_them() {
    let check = |before: Second, count: u32, expected: bool| {
        let bins = requests(&[(1_500 - before, 1_500, 2), (1_500, 1_504, 1)]);
        let caught = |number: u32| Failure { is_seen: false, ..failure(1_500.0 + f64::from(number)) };
        let failures: Vec<Failure> = (0..count).map(caught).collect();
        let failures: Vec<&Failure> = failures.iter().collect();
        let found = episodes(&failures, &Sums::of(&[&bins]), Timestamp::from_seconds(1_503.5));
        assert_eq!(found.len(), usize::from(expected), "{count} after {before}");
    };
    check(500, 2, false);
    check(500, 3, true);
    check(150, 3, true);
    // Of 100 requests before little is known.
    check(50, 3, false);
    check(50, 4, true);
}

#[test]
fn two_are_enough_where_nothing_failed_before() {
    let bins = |before: Second| requests(&[(1_500 - before, 1_500, 2), (1_500, 1_540, 1)]);
    check(&[1_500.0, 1_501.0], &bins(500), 1_501.5, &[(0, 1, false)]);
    // 2 of 2 after 62 requests without one (0.5/122 · 1.5/123 = 5.0e-5), and not after 60.
    check(&[1_500.0, 1_501.0], &bins(31), 1_501.5, &[(0, 1, false)]);
    check(&[1_500.0, 1_501.0], &bins(30), 1_501.5, &[]);
    // 2 of 6 after 212 are chance, and after 214 are not.
    check(&[1_500.0, 1_505.0], &bins(106), 1_505.5, &[]);
    check(&[1_500.0, 1_505.0], &bins(107), 1_505.5, &[(0, 1, false)]);
    // However much is known, 2 of 7 are no total failure.
    check(&[1_500.0, 1_506.0], &bins(500), 1_506.5, &[]);
    // Nor are two where one failed before.
    check(&[-900.0, 1_500.0, 1_501.0], &bins(2_400), 1_501.5, &[]);
    // Nor where clients saw but one of them.
    let mut caught = failure(1_501.0);
    caught.is_seen = false;
    assert_eq!(
        episodes(&[&failure(1_500.0), &caught], &Sums::of(&[&bins(500)]), Timestamp::from_seconds(1_501.5)),
        []
    );
}

#[test]
fn two_that_are_half_a_minute_apart_are_no_pair() {
    let bins = requests(&[(1_000, 1_500, 20), (1_500, 1_501, 1), (1_529, 1_531, 1)]);
    check(&[1_500.0, 1_529.0], &bins, 1_529.5, &[(0, 1, false)]);
    check(&[1_500.0, 1_530.0], &bins, 1_530.5, &[]);
}

#[test]
fn the_first_call_that_is_refused_is_told_until_others_go_well() {
    let refused = |at: f64| Failure { is_telling: true, ..failure(at) };
    let check = |failures: &[Failure], bins: &Bins, now: f64, expected: bool| {
        let failures: Vec<&Failure> = failures.iter().collect();
        let found = episodes(&failures, &Sums::of(&[bins]), Timestamp::from_seconds(now));
        assert_eq!(!found.is_empty(), expected, "{failures:?} at {now}");
    };
    let bins = |good: i32| requests(&[(1_450, 1_500, 2), (1_500, 1_501, 1 + good)]);
    check(&[refused(1_500.0)], &bins(0), 1_500.5, true);
    check(&[refused(1_500.0)], &bins(2), 1_500.5, true);
    check(&[refused(1_500.0)], &bins(3), 1_500.5, false);
    check(&[refused(1_500.0)], &bins(0), 1_559.5, true);
    check(&[refused(1_500.0)], &bins(0), 1_560.0, false);
    check(&[failure(1_500.0)], &bins(0), 1_500.5, false);
    check(&[Failure { is_seen: false, ..refused(1_500.0) }], &bins(0), 1_500.5, false);
    // 49 requests before are not enough; nor is it the first.
    check(&[refused(1_500.0)], &requests(&[(1_451, 1_501, 1)]), 1_500.5, false);
    check(&[refused(1_500.0)], &requests(&[(1_450, 1_501, 1)]), 1_500.5, true);
    check(&[refused(1_460.0), refused(1_500.0)], &bins(0), 1_500.5, false);
    check(&[Failure { is_seen: false, ..failure(1_460.0) }, refused(1_500.0)], &bins(0), 1_500.5, false);
}

#[test]
fn a_few_among_many_open_none_and_more_of_them_do() {
    let bins = requests(&[(1_000, 1_560, 20)]);
    let each = |seconds: f64, count: usize| -> Vec<f64> {
        (0..count).map(|number| 1_500.5 + number as f64 * seconds).collect()
    };
    // 0.25 % are less than one in a hundred more than usual.
    check(&each(20.0, 3), &bins, 1_560.0, &[]);
    // 5 % are more, and are taken for none but this from the first on.
    check(&each(1.0, 20), &bins, 1_520.6, &[(0, 19, false)]);
}

#[test]
fn what_always_fails_opens_none_after_a_restart() {
    let bins = requests(&[(1_000, 1_200, 5)]);
    let failures: Vec<f64> = (0..50).map(|number| 1_000.5 + f64::from(number) * 4.0).collect();
    check(&failures, &bins, 1_200.0, &[]);
    // But a total failure is one, whatever was before.
    let failures: Vec<f64> = (0..25).map(|number| 1_000.0 + f64::from(number) / 5.0).collect();
    check(&failures, &bins, 1_005.0, &[(0, 24, false)]);
}

#[test]
fn a_stray_failure_before_is_not_where_it_began() {
    let bins = requests(&[(1_000, 1_510, 5)]);
    let burst = (0..20).map(|number| 1_500.0 + f64::from(number) / 4.0);
    let failures: Vec<f64> = [1_300.0, 1_450.0].into_iter().chain(burst).collect();
    check(&failures, &bins, 1_505.0, &[(2, 21, false)]);
}

#[test]
fn it_is_over_when_requests_go_well_and_not_before_ten_seconds() {
    let burst: Vec<f64> = (0..20).map(|number| 1_500.0 + f64::from(number) / 5.0).collect();
    let bins = requests(&[(1_000, 1_600, 5)]);
    check(&burst, &bins, 1_512.5, &[(0, 19, false)]);
    check(&burst, &bins, 1_513.5, &[(0, 19, true)]);
    // Without any request nobody knows.
    let bins = requests(&[(1_000, 1_504, 5)]);
    check(&burst, &bins, 1_900.0, &[(0, 19, false)]);
    // A single one tells after a minute.
    let bins = requests(&[(1_000, 1_504, 5), (1_550, 1_551, 1)]);
    check(&burst, &bins, 1_562.5, &[(0, 19, false)]);
    check(&burst, &bins, 1_563.5, &[(0, 19, true)]);
}

#[test]
fn a_share_that_is_small_needs_more_good_requests_to_be_over() {
    // One in ten fails; 20 good ones in a row are still likely.
    let failures: Vec<f64> = (0..40).map(|number| 1_500.0 + f64::from(number)).collect();
    let bins = requests(&[(1_000, 1_540, 10), (1_540, 1_600, 2)]);
    check(&failures, &bins, 1_550.5, &[(0, 39, false)]);
    // Of 91 that is less likely than one in ten thousand, of 90 not yet.
    check(&failures, &bins, 1_584.5, &[(0, 39, false)]);
    check(&failures, &bins, 1_585.5, &[(0, 39, true)]);
}

#[test]
fn an_episode_does_not_become_what_is_usual() {
    let burst = |from: f64| (0..40).map(move |number| from + f64::from(number) / 4.0);
    let bins = requests(&[(1_000, 2_000, 4)]);
    let failures: Vec<f64> = burst(1_500.0).chain(burst(1_700.0)).collect();
    check(&failures, &bins, 1_711.0, &[(0, 39, true), (40, 79, false)]);
}

#[test]
fn the_onset_is_found_again_when_more_is_known() {
    let bins = requests(&[(1_000, 1_600, 5)]);
    // One in ten fails from 1500 on; at 1506 two do in a row.
    let each = (0..20).map(|number| 1_500.0 + f64::from(number) * 2.0);
    let mut failures: Vec<f64> = each.collect();
    failures.insert(4, 1_506.1);
    check(&failures[..3], &bins, 1_504.5, &[]);
    check(&failures, &bins, 1_538.5, &[(0, 20, false)]);
    check(&failures, &bins, 1_599.5, &[(0, 20, true)]);
}

#[test]
fn two_in_a_row_do_not_say_that_all_fail() {
    // One in three fails, and by chance nine go well after the first two failures.
    let bins = requests(&[(1_000, 1_500, 1), (1_500, 1_560, 1)]);
    check(&[1_500.0, 1_501.0], &bins, 1_511.5, &[(0, 1, false)]);
    // 33 good ones do.
    check(&[1_500.0, 1_501.0], &bins, 1_533.5, &[(0, 1, false)]);
    check(&[1_500.0, 1_501.0], &bins, 1_534.5, &[(0, 1, true)]);
    // Of a small share, a minute of four good requests tells little.
    let failures: Vec<f64> = (0..10).map(|number| 1_500.0 + f64::from(number) * 5.0).collect();
    let bins = requests(&[(1_000, 1_546, 1), (1_600, 1_604, 1)]);
    check(&failures, &bins, 1_640.5, &[(0, 9, false)]);
    let bins = requests(&[(1_000, 1_546, 1), (1_600, 1_608, 1)]);
    check(&failures, &bins, 1_640.5, &[(0, 9, true)]);
}
