//! Whom a transition is told.

use super::*;
use crate::alarm::{CompositeAlarm, Head};

fn arn(topic: &str) -> String {
    format!("arn:aws:sns:local:000000000000:{topic}")
}

fn alarm(ok: &[&str], alarm: &[&str]) -> Alarm {
    let arns = |names: &[&str]| names.iter().map(|name| arn(name)).collect();
    Alarm::Composite(CompositeAlarm {
        head: Head {
            name: "a b".to_owned(),
            description: None,
            actions_enabled: true,
            ok_actions: arns(ok),
            alarm_actions: arns(alarm),
            insufficient_data_actions: vec!["arn:aws:lambda:local:000000000000:function:f".to_owned()],
        },
        rule: "TRUE".to_owned(),
        suppressor: None,
    })
}

fn standing(state: State, at: i64) -> Standing {
    Standing { state, ..Standing::new("because".to_owned(), Timestamp(at)) }
}

fn acted(alarm: &Alarm, from: State, to: State) -> Acts {
    let place = Place { account: "000000000000".to_owned(), region: "local".to_owned() };
    let after = Standing { told: Some(from), ..standing(to, 2) };
    acts(&place, alarm, Timestamp(0), &standing(from, 1), &after, false)
}

fn names(acts: &Acts) -> Vec<String> {
    match acts.notice.as_ref().map(|notice| &notice.audience) {
        Some(Audience::Named(names)) => names.clone(),
        _ => Vec::new(),
    }
}

#[test]
fn the_actions_of_the_new_state_are_done() {
    let alarm = alarm(&["ops"], &["chat", "ops"]);
    let fired = acted(&alarm, State::Ok, State::Alarm);
    assert_eq!(names(&fired), ["chat", "ops"]);
    let notice = fired.notice.unwrap();
    assert_eq!((notice.status, notice.dedup_key.as_str()), (Status::Firing, "alarm/a b"));
    assert_eq!(notice.title, "ALARM: \"a b\" in local");
    assert_eq!(notice.links.page.as_deref(), Some("/alarms/a%20b"));
    assert_eq!(notice.documents.message["AlarmArn"], "arn:aws:cloudwatch:local:000000000000:alarm:a b");
    assert_eq!(notice.documents.event["detail"]["previousState"]["value"], "OK");
}

#[test]
fn who_was_told_of_the_alarm_is_told_of_its_end() {
    let over = acted(&alarm(&["ops"], &["chat", "ops"]), State::Alarm, State::Ok);
    assert_eq!(names(&over), ["ops", "chat"]);
    let notice = over.notice.unwrap();
    assert_eq!(
        (notice.status, notice.since, notice.until),
        (Status::Resolved, Timestamp(1), Some(Timestamp(2)))
    );
    assert_eq!(acted(&alarm(&[], &["chat"]), State::InsufficientData, State::Ok), Acts::default());
}

#[test]
fn what_nobody_here_can_do_is_named_and_nothing_is_done_while_actions_are_off() {
    let mut alarm = alarm(&[], &["chat"]);
    let acts = acted(&alarm, State::Ok, State::InsufficientData);
    assert_eq!((acts.notice, acts.failed.len()), (None, 1));
    alarm.head_mut().actions_enabled = false;
    assert_eq!(acted(&alarm, State::Ok, State::Alarm), Acts::default());
}
