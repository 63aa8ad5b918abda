//! Each statistic over the numbers from 1 to 100, and names that are none.

use super::*;

fn hundred() -> Samples {
    let values: Vec<(f64, f64)> = (1..=100).map(|value| (f64::from(value), 1.0)).collect();
    Samples { count: 100.0, sum: 5_050.0, values }
}

#[test]
fn statistics_are_what_their_names_say() {
    let check = |name: &str, expected: f64| {
        let statistic: Statistic = name.parse().unwrap();
        let found = statistic.of(&hundred()).unwrap();
        assert!((found - expected).abs() < 1e-9, "{name}: {found}");
    };
    check("SampleCount", 100.0);
    check("Average", 50.5);
    check("Sum", 5_050.0);
    check("Minimum", 1.0);
    check("Maximum", 100.0);
    check("p90", 90.0);
    check("p99.9", 100.0);
    check("p0", 1.0);
    check("tm90", 45.5);
    check("TM(10%:90%)", 50.5);
    check("IQM", 50.5);
    check("tc50", 50.0);
    check("TC(81:)", 20.0);
    check("ts10", 55.0);
    check("PR(:25)", 25.0);
    check("WM(:50)", (1_275.0 + 2_500.0) / 100.0);
}

#[test]
fn of_no_samples_there_is_nothing() {
    for name in ["Sum", "SampleCount", "p99", "tm90"] {
        assert_eq!(name.parse::<Statistic>().unwrap().of(&Samples::default()), None, "{name}");
    }
}

#[test]
fn other_names_are_refused() {
    for name in
        ["p101", "p", "pp9", "p9e1", "average", "", "tm", "PR(1%:5%)", "TM(:)", "TM(5:1)", "p-1", "é9"]
    {
        assert!(name.parse::<Statistic>().is_err(), "{name}");
    }
}

#[test]
fn a_rate_has_a_sample_for_each_request() {
    let rate = Samples::share(3.0, 12.0);
    let of = |name: &str| name.parse::<Statistic>().unwrap().of(&rate).unwrap();
    assert_eq!([of("Average"), of("Sum"), of("SampleCount"), of("Maximum")], [0.25, 3.0, 12.0, 1.0]);
    let mut both = Samples::share(0.0, 4.0);
    both.merge(&rate);
    assert_eq!((both.count, both.sum, both.values.len()), (16.0, 3.0, 2));
}

#[test]
fn percentiles_need_as_many_samples_as_cloudwatch_says() {
    let needs = |name: &str| name.parse::<Statistic>().unwrap().needs_samples().round();
    assert_eq!([needs("p90"), needs("p99"), needs("p10"), needs("Average")], [100.0, 1_000.0, 100.0, 0.0]);
}
