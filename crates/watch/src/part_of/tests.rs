//! Which alarms are a part of an insight, by what is put into the outbox.

use alert::alarm::{CompositeAlarm, Head, Metric, MetricAlarm, MetricStat, Watched};
use alert::step::Decision;
use alert::{Comparison, State};
use model::Timestamp;
use serde_json::json;
use settings::alerts::{Batch, InsightRow};
use settings::{Account, Alerts, Settings, Tags};

use super::*;
use crate::Alarms;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn desk() -> Alarms {
    let account = Account { id: "000000000000".to_owned(), region: "eu-west-1".to_owned() };
    let alerts = Alerts::in_memory().unwrap();
    Alarms::open(Settings::in_memory(account).unwrap(), alerts).unwrap()
}

fn head(name: &str) -> Head {
    Head {
        name: name.to_owned(),
        description: None,
        actions_enabled: true,
        ok_actions: Vec::new(),
        alarm_actions: vec!["arn:aws:sns:eu-west-1:000000000000:chat".to_owned()],
        insufficient_data_actions: Vec::new(),
    }
}

/// Watches a service, or something that is of no service.
fn metric(name: &str, service: Option<&str>) -> Alarm {
    let dimensions = service.map(|service| ("ServiceName".to_owned(), service.to_owned()));
    let metric = Metric {
        namespace: "AWS/X-Ray".to_owned(),
        name: "FaultRate".to_owned(),
        dimensions: dimensions.into_iter().collect(),
    };
    let statistic = "Average".to_owned();
    Alarm::Metric(MetricAlarm {
        head: head(name),
        watched: Watched::Metric(MetricStat { metric, period_seconds: 60, statistic, unit: None }),
        evaluation_periods: 1,
        datapoints_to_alarm: None,
        threshold: 0.5,
        comparison: Comparison::GreaterThanThreshold,
        missing: None,
        low_samples: None,
    })
}

fn composite(name: &str, rule: &str) -> Alarm {
    Alarm::Composite(CompositeAlarm { head: head(name), rule: rule.to_owned(), suppressor: None })
}

/// An insight whose root is `db` and that makes `cart` fail.
fn insight(id: &str, group: &str, end: Option<Timestamp>) -> InsightRow {
    let node = |name: &str| json!({"name": name, "kind": null, "account": null});
    let body = json!({
        "id": id, "group": group, "category": "fault", "severity": "outage", "root": node("db"), "root_kind": "service",
        "members": [], "anomalous": [node("db")], "start": NOW, "end": end, "seen": NOW, "updated": NOW, "told": NOW,
        "clients": {"failing": 1, "total": 1}, "origin": {"failing": 1, "total": 1}, "users": 0, "exception": null,
        "operation": null, "affected": [node("cart")], "version": null, "example": null, "summary": "", "events": [],
        "reopened": 0, "earlier": null, "note": null,
    });
    let (group, root, is_active) = (group.to_owned(), "db".to_owned(), end.is_none());
    InsightRow { id: id.to_owned(), group, root, start: NOW, end, is_active, body }
}

/// Sets alarms of these names, of which the first ring, and gives what each that is told of is a part of.
fn told(alarms: &[Alarm], ring: &[&str], insights: Vec<InsightRow>) -> Vec<(String, Option<String>)> {
    let desk = desk();
    for alarm in alarms {
        desk.put(alarm, Tags::new(), NOW).unwrap();
    }
    desk.alerts().commit(&Batch { insights, ..Batch::default() }, NOW).unwrap();
    for name in ring {
        let decision = Decision { state: State::Alarm, reason: String::new(), reason_data: None };
        desk.set_state(name, &decision, NOW).unwrap();
    }
    let queued = desk.alerts().unrouted(100).unwrap();
    queued.into_iter().map(|one| (one.notice.dedup_key, one.notice.part_of)).collect()
}

fn part(name: &str, of: Option<&str>) -> (String, Option<String>) {
    (format!("alarm/{name}"), of.map(ToOwned::to_owned))
}

#[test]
fn alarms_of_the_origin_and_of_its_victims_are_a_part_and_others_are_not() {
    let alarms = [
        metric("origin", Some("db")),
        metric("victim", Some("cart")),
        metric("other", Some("mail")),
        metric("of nothing", None),
    ];
    let ring = ["origin", "victim", "other", "of nothing"];
    let expected = [
        part("origin", Some("insight/1")),
        part("victim", Some("insight/1")),
        part("other", None),
        part("of nothing", None),
    ];
    assert_eq!(told(&alarms, &ring, vec![insight("1", group::DEFAULT, None)]), expected);
    let over = told(&alarms, &ring, vec![insight("1", group::DEFAULT, Some(NOW))]);
    assert!(over.iter().all(|(_, part_of)| part_of.is_none()), "{over:?}");
}

#[test]
fn a_composite_alarm_is_a_part_where_all_that_it_watches_is() {
    let check = |second: &str, of: Option<&str>| {
        let alarms = [
            metric("one", Some("cart")),
            metric("two", Some(second)),
            composite("both", "ALARM(one) OR ALARM(two)"),
        ];
        let told = told(&alarms, &["one"], vec![insight("1", group::DEFAULT, None)]);
        assert_eq!(told[1], part("both", of));
    };
    check("db", Some("insight/1"));
    check("mail", None);
}

#[test]
fn of_an_outage_in_several_groups_the_group_of_everything_counts() {
    let insights = vec![insight("a", "shop", None), insight("b", group::DEFAULT, None)];
    let told = told(&[metric("victim", Some("cart"))], &["victim"], insights);
    assert_eq!(told, [part("victim", Some("insight/b"))]);
}
