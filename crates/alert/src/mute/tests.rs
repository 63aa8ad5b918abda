//! When rules are active.

use super::*;

fn rule(expression: &str, duration: &str, timezone: Option<&str>) -> MuteRule {
    MuteRule {
        name: "nightly".to_owned(),
        description: None,
        expression: expression.to_owned(),
        duration: duration.to_owned(),
        timezone: timezone.map(ToOwned::to_owned),
        targets: vec!["a".to_owned()],
        start: None,
        expire: None,
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

#[track_caller]
fn check_at(rule: &MuteRule, time: &str, expected: bool) {
    assert_eq!(is_active(rule, at(time)), expected, "{} at {time}", rule.expression);
}

#[test]
fn a_window_opens_by_cron_and_lasts() {
    let nightly = rule("cron(30 2 * * *)", "PT2H", None);
    check_at(&nightly, "2026-11-28T02:29:59Z", false);
    check_at(&nightly, "2026-11-28T02:30:00Z", true);
    check_at(&nightly, "2026-11-28T04:29:59Z", true);
    check_at(&nightly, "2026-11-28T04:30:00Z", false);
    // 28 November 2026 is a Saturday.
    let weekend = rule("cron(0 22 * * FRI)", "P2DT2H", None);
    check_at(&weekend, "2026-11-27T21:59:00Z", false);
    check_at(&weekend, "2026-11-29T23:59:00Z", true);
    check_at(&weekend, "2026-11-30T00:00:00Z", false);
    check_at(&rule("cron(*/15 8-10 1,15 * *)", "PT1M", None), "2026-11-15T09:45:30Z", true);
    check_at(&rule("cron(*/15 8-10 1,15 * *)", "PT1M", None), "2026-11-16T09:45:30Z", false);
}

#[test]
fn a_window_ends_with_its_length_or_with_the_rule() {
    let nightly = rule("cron(30 2 * * *)", "PT2H", None);
    let check = |rule: &MuteRule, time: &str, end: Option<&str>| {
        assert_eq!(until(rule, at(time)), end.map(at), "{time}");
    };
    check(&nightly, "2026-11-28T03:00:00Z", Some("2026-11-28T04:30:00Z"));
    check(&nightly, "2026-11-28T05:00:00Z", None);
    let once = rule("at(2026-11-28T10:00)", "PT30M", Some("Europe/Berlin"));
    check(&once, "2026-11-28T09:10:00Z", Some("2026-11-28T09:30:00Z"));
    let bounded = MuteRule { expire: Some(at("2026-11-28T04:00:00Z")), ..nightly };
    check(&bounded, "2026-11-28T03:00:00Z", Some("2026-11-28T04:00:00Z"));
}

#[test]
fn zones_have_their_own_night() {
    let night = rule("cron(0 2 * * *)", "PT1H", Some("America/New_York"));
    check_at(&night, "2026-11-28T07:30:00Z", true);
    check_at(&night, "2026-07-28T06:30:00Z", true);
    check_at(&night, "2026-11-28T02:30:00Z", false);
}

#[test]
fn a_single_window_is_over_for_good() {
    let once = rule("at(2026-11-28T10:00)", "PT30M", None);
    check_at(&once, "2026-11-28T10:29:00Z", true);
    assert_eq!(status(&once, at("2026-11-28T09:00:00Z")), Status::Scheduled);
    assert_eq!(status(&once, at("2026-11-28T10:00:00Z")), Status::Active);
    assert_eq!(status(&once, at("2026-11-28T11:00:00Z")), Status::Expired);
}

#[test]
fn nothing_is_muted_before_the_start_and_after_the_end() {
    let always = rule("cron(* * * * *)", "PT1H", None);
    let bounded = MuteRule {
        start: Some(at("2026-11-28T10:00:00Z")),
        expire: Some(at("2026-11-28T12:00:00Z")),
        ..always
    };
    check_at(&bounded, "2026-11-28T09:59:00Z", false);
    check_at(&bounded, "2026-11-28T10:30:00Z", true);
    check_at(&bounded, "2026-11-28T12:00:00Z", false);
    assert_eq!(status(&bounded, at("2026-11-28T12:00:00Z")), Status::Expired);
}

#[test]
fn what_is_no_schedule_is_refused() {
    for (expression, duration, zone) in [
        ("cron(60 * * * *)", "PT1H", None),
        ("cron(* * * *)", "PT1H", None),
        ("cron(5-1 * * * *)", "PT1H", None),
        ("cron(*/0 * * * *)", "PT1H", None),
        ("every day", "PT1H", None),
        ("at(tomorrow)", "PT1H", None),
        ("cron(* * * * *)", "P16D", None),
        ("cron(* * * * *)", "PT30S", None),
        ("cron(* * * * *)", "P1M", None),
        ("cron(* * * * *)", "1h", None),
        ("cron(* * * * *)", "PT1H", Some("Mars/Olympus")),
    ] {
        assert!(check(&rule(expression, duration, zone)).is_err(), "{expression} {duration}");
    }
}
