//! What is committed is there after a restart, whole; the outbox keeps its order and its ids.

use alert::Notice;
use alert::notice::{Kind, Status};
use model::{Micros, TimeRange, Timestamp};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const HOUR: Micros = Micros::from_secs(3_600);
const ALWAYS: TimeRange = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };

/// In memory, or in a PostgreSQL where there is one for tests.
fn alerts() -> Alerts {
    #[cfg(feature = "cluster")]
    return crate::shared::tests::open(&crate::shared::testing::database()).alerts;
    #[cfg(not(feature = "cluster"))]
    Alerts::in_memory().unwrap()
}

fn notice(key: &str, status: Status) -> Notice {
    let mut notice = Notice::new(Kind::Insight, status, key, NOW);
    notice.title = format!("{key} {}", status.name());
    notice
}

fn item(alarm: &str, at: Timestamp) -> HistoryItem {
    HistoryItem {
        at,
        alarm: alarm.to_owned(),
        alarm_type: "MetricAlarm".to_owned(),
        kind: HistoryKind::StateUpdate,
        summary: "Alarm updated from OK to ALARM".to_owned(),
        data: "{}".to_owned(),
    }
}

fn insight(id: &str, start: Timestamp, end: Option<Timestamp>) -> InsightRow {
    let is_active = end.is_none();
    let (group, root) = ("Default".to_owned(), "payments".to_owned());
    InsightRow { id: id.to_owned(), group, root, start, end, is_active, body: json!({"n": 1}) }
}

fn asked(limit: usize) -> HistoryQuery {
    HistoryQuery {
        alarm: None,
        alarm_type: None,
        kind: None,
        range: ALWAYS,
        oldest_first: false,
        after: None,
        limit,
    }
}

fn insights(alerts: &Alerts, range: TimeRange, is_active: Option<bool>) -> Vec<String> {
    let query = InsightQuery { range, group: None, root: None, is_active, after: None, limit: 100 };
    alerts.insights(&query).unwrap().into_iter().map(|row| row.id).collect()
}

fn put(alerts: &Alerts, notices: Vec<Notice>) {
    alerts.commit(&Batch { notices, ..Batch::default() }, NOW).unwrap();
}

fn told(targets: &[&str]) -> Targets {
    let told = targets.iter().map(|target| (*target).to_owned()).collect();
    Targets { told, held: Vec::new() }
}

fn route(alerts: &Alerts, targets: &[&str]) {
    let targets = told(targets);
    for queued in alerts.unrouted(usize::MAX).unwrap() {
        alerts.route(&queued, &targets, &[], NOW).unwrap();
    }
}

#[test]
fn a_batch_is_there_whole_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let batch = Batch {
        alarm_states: vec![("p99".to_owned(), Some(json!({"state": "ALARM"})))],
        history: vec![item("p99", NOW)],
        insights: vec![insight("one", NOW, None)],
        notices: vec![notice("alarm/p99", Status::Firing)],
        marks: vec![("evaluated".to_owned(), Some(json!(7)))],
    };
    Alerts::open(directory.path()).unwrap().commit(&batch, NOW).unwrap();

    let alerts = Alerts::open(directory.path()).unwrap();
    assert_eq!(alerts.alarm_state("p99").unwrap(), Some(json!({"state": "ALARM"})));
    assert_eq!(alerts.states().unwrap().1.len(), 1);
    assert_eq!(alerts.history(&asked(10)).unwrap()[0].item, item("p99", NOW));
    assert_eq!(alerts.insight("one").unwrap(), Some(insight("one", NOW, None)));
    assert_eq!(alerts.mark("evaluated").unwrap(), Some(json!(7)));
    assert_eq!(alerts.unrouted(10).unwrap()[0].notice, notice("alarm/p99", Status::Firing));

    let forget = Batch { alarm_states: vec![("p99".to_owned(), None)], ..Batch::default() };
    alerts.commit(&forget, NOW).unwrap();
    assert_eq!(alerts.alarm_state("p99").unwrap(), None);
}

#[test]
fn a_commit_wakes_who_waits_and_an_empty_one_does_not() {
    let alerts = alerts();
    let mut changes = alerts.changes();
    alerts.commit(&Batch::default(), NOW).unwrap();
    assert!(!changes.has_changed().unwrap());
    put(&alerts, vec![notice("a", Status::Firing)]);
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
}

#[test]
fn history_is_paged_in_both_directions_and_by_alarm() {
    let alerts = alerts();
    // Two of one moment, which only their ids tell apart.
    let history = vec![item("a", NOW), item("b", NOW), item("a", NOW.plus(HOUR))];
    alerts.commit(&Batch { history, ..Batch::default() }, NOW).unwrap();
    for oldest_first in [false, true] {
        let whole = alerts.history(&HistoryQuery { oldest_first, ..asked(10) }).unwrap();
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let page = alerts.history(&HistoryQuery { oldest_first, after, ..asked(1) }).unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.item.at, last.id));
            pages.extend(page);
        }
        assert_eq!(pages, whole);
        assert_eq!(whole.len(), 3);
    }
    let of_a = HistoryQuery { alarm: Some("a".to_owned()), ..asked(10) };
    assert_eq!(alerts.history(&of_a).unwrap().len(), 2);
    let actions = HistoryQuery { kind: Some(HistoryKind::Action), ..asked(10) };
    assert_eq!(alerts.history(&actions).unwrap(), []);
}

#[test]
fn insights_are_found_where_they_overlap() {
    let alerts = alerts();
    let over = insight("over", NOW, Some(NOW.plus(HOUR)));
    let open = insight("open", NOW.plus(HOUR), None);
    alerts.commit(&Batch { insights: vec![over, open], ..Batch::default() }, NOW).unwrap();
    let day = Micros::from_secs(86_400);
    assert_eq!(insights(&alerts, ALWAYS, None), ["open", "over"]);
    assert_eq!(insights(&alerts, ALWAYS, Some(true)), ["open"]);
    let later = TimeRange { start: NOW.plus(day), end: NOW.plus(day).plus(HOUR) };
    assert_eq!(insights(&alerts, later, None), ["open"]);
    let before = TimeRange { start: NOW.minus(day), end: NOW };
    assert_eq!(insights(&alerts, before, None), [""; 0]);
}

#[test]
fn a_notice_is_routed_once_and_its_deliveries_keep_their_ids() {
    let alerts = alerts();
    put(&alerts, vec![notice("a", Status::Firing)]);
    let queued = alerts.unrouted(10).unwrap();
    let targets = told(&["chat", "mail"]);
    alerts.route(&queued[0], &targets, &[], NOW).unwrap();
    alerts.route(&queued[0], &targets, &[], NOW).unwrap();
    assert_eq!(alerts.unrouted(10).unwrap(), []);

    let pending = alerts.pending().unwrap();
    let chat = &pending["chat"][0];
    assert_eq!(pending.values().map(Vec::len).sum::<usize>(), 2);
    assert_ne!(chat.id, pending["mail"][0].id);
    assert_eq!(chat.notice_id, queued[0].id);

    let due = NOW.plus(HOUR);
    let retry = Outcome::Retry { due, answer: "503 Service Unavailable".to_owned() };
    alerts.record(&[(chat.seq, retry)], &[], NOW).unwrap();
    let again = &alerts.pending().unwrap()["chat"][0];
    assert_eq!((&again.id, again.tries, again.due), (&chat.id, 1, due));
    assert_eq!(alerts.targets().unwrap()["chat"].last_failure.as_deref(), Some("503 Service Unavailable"));

    alerts.record(&[(chat.seq, Outcome::Sent { answer: "200".to_owned() })], &[], NOW).unwrap();
    assert!(!alerts.pending().unwrap().contains_key("chat"));
    // What was sent cannot be sent again by a late word of it.
    let late = Outcome::Retry { due, answer: String::new() };
    alerts.record(&[(chat.seq, late)], &[], NOW).unwrap();
    assert!(!alerts.pending().unwrap().contains_key("chat"));
    assert!(!alerts.retry(&chat.id, NOW).unwrap());
}

#[test]
fn what_is_dead_can_be_tried_again() {
    let alerts = alerts();
    put(&alerts, vec![notice("a", Status::Firing)]);
    route(&alerts, &["chat"]);
    let delivery = alerts.pending().unwrap()["chat"][0].clone();
    alerts.record(&[(delivery.seq, Outcome::Dead { answer: "404".to_owned() })], &[], NOW).unwrap();
    assert_eq!(alerts.targets().unwrap()["chat"].dead, 1);
    assert!(alerts.retry(&delivery.id, NOW.plus(HOUR)).unwrap());
    let again = alerts.pending().unwrap()["chat"][0].clone();
    assert_eq!((again.tries, again.created), (0, NOW.plus(HOUR)));
}

#[test]
fn a_target_for_which_too_much_waits_gets_no_more() {
    let alerts = alerts();
    let many = (0..=MAX_PENDING).map(|number| notice(&number.to_string(), Status::Firing)).collect();
    put(&alerts, many);
    route(&alerts, &["chat"]);
    let summary = alerts.targets().unwrap()["chat"].clone();
    assert_eq!((summary.pending, summary.dead), (MAX_PENDING as u64, 1));
}

#[test]
fn the_last_word_of_what_goes_on_is_kept_for_those_who_forget() {
    let alerts = alerts();
    put(&alerts, vec![notice("a", Status::Firing), notice("b", Status::Firing)]);
    route(&alerts, &["am"]);
    let sent = |alerts: &Alerts| {
        for delivery in alerts.pending().unwrap().remove("am").unwrap() {
            alerts.record(&[(delivery.seq, Outcome::Sent { answer: String::new() })], &[], NOW).unwrap();
        }
    };
    sent(&alerts);
    put(&alerts, vec![notice("b", Status::Resolved)]);
    route(&alerts, &["am"]);
    sent(&alerts);
    let firing = |alerts: &Alerts| -> Vec<String> {
        alerts.firing("am").unwrap().into_iter().map(|delivery| delivery.dedup_key).collect()
    };
    assert_eq!(firing(&alerts), ["a"]);
    let month = NOW.plus(Micros::from_secs(31 * 86_400));
    assert!(alerts.retain(month).unwrap() > 0);
    assert_eq!(firing(&alerts), ["a"]);
    assert_eq!(alerts.deliveries(None, None, 10).unwrap().len(), 1);
}

#[test]
fn what_is_old_goes_but_for_what_goes_on() {
    let alerts = alerts();
    let month = NOW.plus(Micros::from_secs(31 * 86_400));
    let batch = Batch {
        history: vec![item("a", NOW), item("a", month)],
        insights: vec![insight("over", NOW, Some(NOW.plus(HOUR))), insight("open", NOW, None)],
        ..Batch::default()
    };
    alerts.commit(&batch, NOW).unwrap();
    assert_eq!(alerts.retain(month).unwrap(), 2);
    assert_eq!(insights(&alerts, ALWAYS, None), ["open"]);
    assert_eq!(alerts.history(&asked(10)).unwrap().len(), 1);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(Alerts::open(directory.path()).unwrap());
    let connection = rusqlite::Connection::open(directory.path().join("alerts.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = Alerts::open(directory.path()).unwrap_err().to_string();
    assert!(error.starts_with("alerts.db was written by a newer version"), "{error}");
}

/// An alarm that is a part of an insight, which the target was told of.
fn hold(alerts: &Alerts, key: &str, status: Status) {
    put(alerts, vec![Notice { part_of: Some("insight/1".to_owned()), ..notice(key, status) }]);
    let queued = alerts.unrouted(1).unwrap().remove(0);
    let targets = Targets { told: Vec::new(), held: vec!["chat".to_owned()] };
    alerts.route(&queued, &targets, &[], NOW).unwrap();
}

fn states(alerts: &Alerts) -> Vec<(String, &'static str)> {
    let all = alerts.deliveries(None, None, 100).unwrap();
    all.into_iter().rev().map(|one| (one.dedup_key, one.state.name())).collect()
}

#[test]
fn what_is_held_is_told_to_nobody_where_it_ends_first() {
    let alerts = alerts();
    hold(&alerts, "alarm/a", Status::Firing);
    assert_eq!((alerts.pending().unwrap().len(), alerts.was_told("chat", "alarm/a").unwrap()), (0, false));
    put(&alerts, vec![notice("alarm/a", Status::Resolved)]);
    route(&alerts, &["chat", "mail"]);
    // The other target was told, for it had nothing that was held.
    assert_eq!(states(&alerts), [("alarm/a".to_owned(), "merged"), ("alarm/a".to_owned(), "pending")]);
    assert_eq!(alerts.release(Timestamp::MAX).unwrap(), None);
}

#[test]
fn what_goes_on_after_the_end_of_what_held_it_is_told_then() {
    let alerts = alerts();
    hold(&alerts, "alarm/a", Status::Firing);
    put(&alerts, vec![notice("insight/2", Status::Resolved)]);
    route(&alerts, &[]);
    assert_eq!(alerts.release(NOW.plus(RELEASED_AFTER)).unwrap(), Some(NOW.plus(held::LONGEST)));
    put(&alerts, vec![notice("insight/1", Status::Resolved)]);
    route(&alerts, &[]);
    let before = NOW.plus(RELEASED_AFTER).minus(Micros(1));
    assert_eq!(alerts.release(before).unwrap(), Some(NOW.plus(RELEASED_AFTER)));
    assert_eq!(states(&alerts), [("alarm/a".to_owned(), "held")]);
    assert_eq!(alerts.release(NOW.plus(RELEASED_AFTER)).unwrap(), None);
    assert_eq!(states(&alerts), [("alarm/a".to_owned(), "pending")]);
}

#[test]
fn newer_word_of_what_is_held_stands_for_it() {
    let alerts = alerts();
    hold(&alerts, "alarm/a", Status::Firing);
    hold(&alerts, "alarm/a", Status::Firing);
    assert_eq!(states(&alerts), [("alarm/a".to_owned(), "merged"), ("alarm/a".to_owned(), "held")]);
    put(&alerts, vec![notice("alarm/a", Status::Firing)]);
    route(&alerts, &["chat"]);
    assert_eq!(states(&alerts)[2..], [("alarm/a".to_owned(), "pending")]);
}

#[test]
fn an_insight_waits_a_moment_for_those_who_begin_with_it() {
    let alerts = alerts();
    put(&alerts, vec![notice("a", Status::Firing), notice("a", Status::Resolved)]);
    route(&alerts, &["chat"]);
    let due: Vec<Timestamp> = alerts.pending().unwrap()["chat"].iter().map(|one| one.due).collect();
    assert_eq!(due, [NOW.plus(GATHERED_FOR), NOW]);
}
