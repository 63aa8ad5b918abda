//! What an objective makes, and what it takes to burn.

use super::*;
use crate::State;
use crate::composite::Rule;
use crate::math::Sheet;
use crate::statistic::Samples;
use crate::step::{observations, step};
use model::{Minute, Timestamp};

fn objective(percent: f64) -> Objective {
    Objective {
        group: "Default".to_owned(),
        service: "check\"out".to_owned(),
        node_type: Some("AWS::EC2::Instance".to_owned()),
        entry: None,
        percent,
    }
}

#[test]
fn pairs_of_windows_and_two_alarms_over_them() {
    let alarms = objective(99.9).alarms(&["arn:aws:sns:local:0:chat".to_owned()]).unwrap();
    let names: Vec<&str> = alarms.iter().map(Alarm::name).collect();
    assert_eq!(
        names,
        [
            "99.9 % of check\"out: 1 h at 14.4",
            "99.9 % of check\"out: 5 min at 14.4",
            "99.9 % of check\"out: 6 h at 6",
            "99.9 % of check\"out: 30 min at 6",
            "99.9 % of check\"out: 3 d at 1",
            "99.9 % of check\"out: 6 h at 1",
            "99.9 % of check\"out",
            "99.9 % of check\"out, slowly",
        ]
    );
    for alarm in &alarms {
        match alarm {
            Alarm::Metric(alarm) => {
                let Watched::Queries(queries) = &alarm.watched else { panic!("an expression") };
                Sheet::of(queries).unwrap();
                assert!(alarm.head.alarm_actions.is_empty());
            }
            Alarm::Composite(alarm) => {
                let rule = Rule::parse(&alarm.rule).unwrap();
                assert!(rule.children().into_iter().all(|child| names.contains(&child)));
                assert_eq!(alarm.head.alarm_actions.len(), 1);
            }
        }
    }
    let thresholds: Vec<f64> = alarms
        .iter()
        .filter_map(|alarm| match alarm {
            Alarm::Metric(alarm) => Some(alarm.threshold),
            Alarm::Composite(_) => None,
        })
        .collect();
    assert_eq!(thresholds, [0.0144, 0.0144, 0.006, 0.006, 0.001, 0.001]);
}

#[test]
fn a_window_slides_by_the_minute_over_all_of_its_requests() {
    let Alarm::Metric(hour) = objective(99.9).alarms(&[]).unwrap().swap_remove(0) else {
        panic!("a metric alarm")
    };
    let starts: Vec<Timestamp> = (0..60).map(|minute| Minute(minute).start()).collect();
    assert_eq!(hour.threshold().range(), starts.len());
    // 100 requests a minute, of which 88 of 6,000 fail in one minute.
    let state = |failing: f64| {
        let faults =
            (0..60).map(|minute| Samples::one(if minute == 30 { failing } else { 0.0 })).collect::<Vec<_>>();
        let requests = vec![Samples::one(100.0); 60];
        let seen = observations(&hour, &starts, &[faults, requests]);
        step(&hour, &seen, State::InsufficientData, Minute(60).start()).unwrap().state
    };
    assert_eq!((state(86.0), state(88.0)), (State::Ok, State::Alarm));
    // Of few requests a few failures are a large share, and nobody is woken.
    let faults = vec![Samples::one(0.15); 60];
    let seen = observations(&hour, &starts, &[faults, vec![Samples::one(1.0); 60]]);
    assert_eq!(step(&hour, &seen, State::InsufficientData, Minute(60).start()).unwrap().state, State::Ok);
}

#[test]
fn what_could_never_burn_so_fast_is_refused() {
    let refused = |percent| objective(percent).alarms(&[]).unwrap_err().to_string();
    assert_eq!(
        refused(90.0),
        "with an objective of 90 % failures can burn at most 10.0 times as fast as they may, so an alarm at 14.4 would never tell; ask for more \
         than 93.1 %"
    );
    assert_eq!(
        refused(100.0),
        "an objective is a share of requests above 0 % and below 100 %, and not 100 %"
    );
    assert!(objective(93.1).alarms(&[]).is_ok());
}

#[test]
fn what_is_left_is_a_part_of_what_may_fail() {
    let is_about =
        |left: f64, expected: f64| assert!((left - expected).abs() < 1e-9, "{left} for {expected}");
    is_about(objective(99.0).left(1_000.0, 4.0), 0.6);
    is_about(objective(99.0).left(1_000.0, 15.0), -0.5);
    is_about(objective(99.0).left(0.0, 0.0), 1.0);
}

#[test]
fn an_objective_of_an_entry_names_it_and_is_read_from_its_name() {
    let of = Objective { entry: Some("GET /a of b".to_owned()), ..objective(99.5) };
    assert_eq!(of.name(), "99.5 % of GET /a of b of check\"out");
    assert_eq!(Objective::entry_in(&of.name(), 99.5, &of.service), Some("GET /a of b"));
    assert_eq!(Objective::entry_in(&objective(99.5).name(), 99.5, &of.service), None);
}
