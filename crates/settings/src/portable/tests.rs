//! Rows go out and come back without secrets, and others are refused.

use std::collections::BTreeMap;

use model::Timestamp;
use serde_json::json;

use super::*;
use crate::alerts::{Batch, HistoryItem, HistoryKind, InsightRow};
use crate::notifier::NewNotifier;

fn account() -> Account {
    Account { id: "123456789012".to_owned(), region: "eu-west-1".to_owned() }
}

fn row(table: &str, values: &Value) -> Row {
    Row { table: table.to_owned(), values: values.as_object().cloned().unwrap() }
}

#[test]
fn what_is_set_up_comes_back_and_secrets_do_not() {
    let settings = Settings::in_memory(account()).unwrap();
    let body = json!({ "to": "#oncall" }).as_object().cloned().unwrap();
    let secrets = BTreeMap::from([("url".to_owned(), "\"https://hooks.example/T0/secret\"".to_owned())]);
    let new = NewNotifier { name: "slack".into(), kind: "slack".into(), body, secrets, kept: Vec::new() };
    settings.create_notifier(new, Timestamp(7)).unwrap();
    let rows = settings.rows().unwrap();
    let text = serde_json::to_string(&rows).unwrap();
    let sealed = settings.snapshot().notifiers["slack"].sealed["url"].clone();
    assert!(text.contains("#oncall") && !text.contains("secret") && !text.contains(&sealed), "{text}");
    let again = Settings::of_rows(&rows, account()).unwrap().snapshot();
    let mut expected = (*settings.snapshot()).clone();
    expected.notifiers.get_mut("slack").unwrap().sealed.clear();
    assert_eq!(*again, expected);
}

#[test]
fn what_was_noticed_in_the_time_comes_back() {
    let alerts = Alerts::in_memory().unwrap();
    let insight = |id: &str, start: i64, end: i64| InsightRow {
        id: id.to_owned(),
        group: "default".to_owned(),
        root: "SpringBoot2".to_owned(),
        start: Timestamp(start),
        end: Some(Timestamp(end)),
        is_active: false,
        body: json!({ "id": id }),
    };
    let history = |at: i64| HistoryItem {
        at: Timestamp(at),
        alarm: "late".to_owned(),
        alarm_type: "MetricAlarm".to_owned(),
        kind: HistoryKind::StateUpdate,
        summary: format!("at {at}"),
        data: "{}".to_owned(),
    };
    let batch = Batch {
        alarm_states: vec![("late".to_owned(), Some(json!({ "state": "OK" })))],
        history: vec![history(10), history(200)],
        insights: vec![insight("before", 1, 5), insight("in", 90, 110), insight("after", 150, 160)],
        marks: vec![
            ("insight-note/in".to_owned(), Some(json!({ "text": "known" }))),
            ("evaluated".to_owned(), Some(json!(3))),
        ],
        notices: Vec::new(),
    };
    alerts.commit(&batch, Timestamp(300)).unwrap();
    let rows = alerts.rows(TimeRange::new(Timestamp(6), Timestamp(120))).unwrap();
    let tables: Vec<&str> = rows.iter().map(|row| row.table.as_str()).collect();
    assert_eq!(tables, ["alarm_states", "marks", "history", "insights"]);
    let again = Alerts::of_rows(&rows).unwrap();
    assert_eq!(again.insight("in").unwrap(), alerts.insight("in").unwrap());
    assert_eq!(again.insight("after").unwrap(), None);
    assert_eq!(again.mark("insight-note/in").unwrap(), Some(json!({ "text": "known" })));
    assert_eq!(again.alarm_states().unwrap(), alerts.alarm_states().unwrap());
}

#[test]
fn rows_of_a_stranger_touch_nothing_but_the_tables() {
    let check = |row: Row, expected: &str| {
        let error = Settings::of_rows(&[row], account()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(row("sqlite_master", &json!({ "name": "x" })), "there is no table");
    check(row("groups; DROP TABLE groups", &json!({})), "there is no table");
    check(row("switches", &json!({ "name) VALUES ('x'); --": "x" })), "has no column");
    check(row("switches", &json!({ "name": ["x"] })), "no text, number or null");
    check(row("switches", &json!({ "name": "x" })), "does not fit");
    check(row("switches", &json!({})), "does not fit");
    check(row("switches", &json!({ "name": "indexing_percentage", "value": "many" })), "cannot be read");
    check(
        row(
            "alarms",
            &json!({ "name": "a", "definition": "{", "created_micros": 1, "configured_micros": 1 }),
        ),
        "",
    );
}
