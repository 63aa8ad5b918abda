//! Rows go out and come back without secrets, and others are refused.

use std::collections::BTreeMap;

use model::Timestamp;
use sampling::SamplingRule;
use serde_json::json;

use super::*;
use crate::alerts::{Batch, HistoryItem, HistoryKind, InsightRow};
use crate::log_link::LogLinkRule;
use crate::notifier::NewNotifier;
use crate::{InsightsUpdate, LogLinks, SavedView};

fn account() -> Account {
    Account { id: "123456789012".to_owned(), region: "eu-west-1".to_owned() }
}

fn row(table: &str, values: &Value) -> Row {
    Row { table: table.to_owned(), values: values.as_object().cloned().unwrap() }
}

#[test]
fn what_is_set_up_comes_back_and_secrets_do_not() {
    check_set_up(&Settings::in_memory(account()).unwrap());
}

fn check_set_up(settings: &Settings) {
    let body = json!({ "to": "#oncall" }).as_object().cloned().unwrap();
    let secrets = BTreeMap::from([("url".to_owned(), "\"https://hooks.example/T0/secret\"".to_owned())]);
    let new = NewNotifier { name: "slack".into(), kind: "slack".into(), body, secrets, kept: Vec::new() };
    settings.create_notifier(new, Timestamp(7)).unwrap();
    let rule =
        SamplingRule { name: "cats".into(), ..SamplingRule::default_rule("eu-west-1", "123456789012") };
    let tags = BTreeMap::from([("team".to_owned(), "pets".to_owned())]);
    settings.create_rule(rule, tags.clone(), Timestamp(8)).unwrap();
    let insights = InsightsUpdate { insights_enabled: Some(true), notifications_enabled: None };
    settings.create_group("shop", "fault".to_owned(), insights, tags).unwrap();
    let (service, title) = ("shop*".to_owned(), "Loki".to_owned());
    let link = LogLinkRule { service, title, url: "https://l.example/{trace_id}".to_owned() };
    settings.set_log_links(LogLinks::read(vec![link]).unwrap(), None).unwrap();
    let (name, page, query) = ("late".to_owned(), "/traces".to_owned(), "filter=fault".to_owned());
    settings.save_view(SavedView { name, page, query, saved: Timestamp(9) }, false).unwrap();
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
    check_noticed(&Alerts::in_memory().unwrap());
}

#[cfg(feature = "cluster")]
#[test]
fn what_processes_share_comes_back_as_well() {
    let shared = crate::shared::tests::open(&crate::shared::testing::database());
    check_set_up(&shared.settings);
    check_noticed(&shared.alerts);
}

fn check_noticed(alerts: &Alerts) {
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
    let Noticed { rows, complete } = alerts.rows(TimeRange::new(Timestamp(6), Timestamp(120))).unwrap();
    assert!(complete);
    let tables: Vec<&str> = rows.iter().map(|row| row.table.as_str()).collect();
    assert_eq!(tables, ["alarm_states", "marks", "history", "insights"]);
    let again = Alerts::of_rows(&rows).unwrap();
    assert_eq!(again.insight("in").unwrap(), alerts.insight("in").unwrap());
    assert_eq!(again.insight("after").unwrap(), None);
    assert_eq!(again.mark("insight-note/in").unwrap(), Some(json!({ "text": "known" })));
    assert_eq!(again.states().unwrap().1, alerts.states().unwrap().1);
}

#[test]
fn of_too_much_the_last_is_taken_and_that_is_said() {
    let alerts = Alerts::in_memory().unwrap();
    let item = |at: i64| HistoryItem {
        at: Timestamp(at),
        alarm: "late".to_owned(),
        alarm_type: "MetricAlarm".to_owned(),
        kind: HistoryKind::StateUpdate,
        summary: String::new(),
        data: "{}".to_owned(),
    };
    let many = i64::try_from(MOST).unwrap() + 3;
    alerts
        .commit(&Batch { history: (0..many).map(item).collect(), ..Batch::default() }, Timestamp(0))
        .unwrap();
    let Noticed { rows, complete } = alerts.rows(TimeRange::new(Timestamp(0), Timestamp(many))).unwrap();
    let first = rows.iter().map(|row| row.values["at_micros"].as_i64().unwrap()).min();
    assert_eq!((rows.len(), first, complete), (MOST, Some(3), false));
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
    let view = json!({ "name": "a", "page": "javascript:alert(1)", "query": "", "saved_micros": 1 });
    check(row("views", &view), "a saved view cannot be read");
    let link = json!({ "place": 0, "service": "*", "title": "Logs", "url": "javascript:alert(1)" });
    check(row("log_links", &link), "a link to logs cannot be read");
    check(row("switches", &json!({ "name": "indexing_percentage", "value": "many" })), "cannot be read");
    check(
        row(
            "alarms",
            &json!({ "name": "a", "definition": "{", "created_micros": 1, "configured_micros": 1 }),
        ),
        "",
    );
}
