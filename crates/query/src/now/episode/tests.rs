//! The bounds at which an episode opens, begins and ends.

use model::TraceId;

use super::*;

fn failure(at: f64) -> Failure {
    Failure {
        trace: TraceId([0; 16]),
        received: Timestamp::from_seconds(at),
        at: Timestamp::from_seconds(at),
        earliest: Timestamp::from_seconds(at),
        witness: 0,
        is_seen: true,
        users: Box::default(),
        entry: None,
        exception: None,
        affected: Box::default(),
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
    let found = episodes(&failures, &[bins], Timestamp::from_seconds(now));
    let found: Vec<_> = found.iter().map(|one| (one.first, one.last, one.is_over)).collect();
    assert_eq!(found, expected);
}

#[test]
fn three_failures_of_three_open_one_and_two_do_not() {
    let bins = requests(&[(1_000, 1_500, 2), (1_500, 1_503, 1)]);
    check(&[1_500.0, 1_501.0], &bins, 1_501.5, &[]);
    check(&[1_500.0, 1_501.0, 1_502.0], &bins, 1_502.5, &[(0, 2, false)]);
    // Of 300 requests before little is known.
    let bins = requests(&[(1_350, 1_500, 2), (1_500, 1_504, 1)]);
    check(&[1_500.0, 1_501.0, 1_502.0], &bins, 1_502.5, &[(0, 2, false)]);
    let bins = requests(&[(1_450, 1_500, 2), (1_500, 1_504, 1)]);
    check(&[1_500.0, 1_501.0, 1_502.0], &bins, 1_502.5, &[]);
    check(&[1_500.0, 1_501.0, 1_502.0, 1_503.0], &bins, 1_503.5, &[(0, 3, false)]);
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
    check(&failures, &bins, 1_580.5, &[(0, 39, true)]);
}

#[test]
fn an_episode_does_not_become_what_is_usual() {
    let burst = |from: f64| (0..40).map(move |number| from + f64::from(number) / 4.0);
    let bins = requests(&[(1_000, 2_000, 4)]);
    let failures: Vec<f64> = burst(1_500.0).chain(burst(1_700.0)).collect();
    check(&failures, &bins, 1_711.0, &[(0, 39, true), (40, 79, false)]);
}
