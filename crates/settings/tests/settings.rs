//! Every change survives a restart, is refused where X-Ray refuses it, and a refused one leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use model::template::rule::{UrlRule, UrlRules};
use model::{Micros, Timestamp, group};
use sampling::SamplingRule;
use sampling::rule::SamplingRateBoost;
use settings::{
    Account, Destination, InsightsUpdate, MAX_GROUPS, MAX_POLICIES, MAX_POLICY_BYTES, MAX_RULES, MAX_TAGS,
    Named, OpenError, RuleUpdate, Settings, SettingsError, Tags,
};

const NOW: Timestamp = Timestamp(1_700_000_040_600_000);
const SECOND: Timestamp = Timestamp(1_700_000_040_000_000);
const POLICY: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"xray:*"}]}"#;

fn account() -> Account {
    Account { id: "123456789012".to_owned(), region: "eu-west-1".to_owned() }
}

fn settings() -> Settings {
    Settings::in_memory(account()).unwrap()
}

fn open(directory: &Path) -> Settings {
    Settings::open(directory, account()).unwrap()
}

fn rule(name: &str) -> SamplingRule {
    let default = SamplingRule::default_rule("eu-west-1", "123456789012");
    SamplingRule { name: name.to_owned(), priority: 10, ..default }
}

fn named(name: &str) -> Named {
    Named::Name(name.to_owned())
}

fn tags(keys: &[&str]) -> Tags {
    keys.iter().map(|key| ((*key).to_owned(), "value".to_owned())).collect()
}

fn filter(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What the settings refuse, and that they are as before.
fn refused<T: std::fmt::Debug>(
    settings: &Settings,
    change: impl FnOnce(&Settings) -> Result<T, SettingsError>,
    expected: &str,
) {
    let before = settings.snapshot();
    assert_eq!(change(settings).unwrap_err().to_string(), expected);
    assert_eq!(settings.snapshot(), before);
}

/// A change of every kind.
fn set_everything_up(settings: &Settings) {
    let boost = Some(SamplingRateBoost { max_rate: 0.5, cooldown_minutes: 10 });
    let attributes = BTreeMap::from([("x".to_owned(), "\"y\"*".to_owned())]);
    settings.create_rule(SamplingRule { boost, attributes, ..rule("cats") }, tags(&["a"]), NOW).unwrap();
    settings.create_rule(rule("gone"), tags(&["a"]), NOW).unwrap();
    settings.delete_rule(&named("gone"), NOW).unwrap();
    let update = RuleUpdate { fixed_rate: Some(0.1), ..RuleUpdate::default() };
    settings.update_rule(&named("Default"), update, NOW).unwrap();
    let insights = InsightsUpdate { insights_enabled: Some(true), notifications_enabled: Some(true) };
    settings.create_group("shop", "fault".to_owned(), insights, tags(&["a", "b"])).unwrap();
    settings.update_group(&named("shop"), filter("error"), InsightsUpdate::default(), NOW).unwrap();
    settings.update_group(&named(group::DEFAULT), None, insights, NOW).unwrap();
    settings.create_group("gone", "ok".to_owned(), insights, tags(&["a"])).unwrap();
    settings.delete_group(&named("gone")).unwrap();
    settings.untag("arn:aws:xray:eu-west-1:123456789012:sampling-rule/cats", &["a".to_owned()]).unwrap();
    settings.tag("arn:aws:xray:eu-west-1:123456789012:sampling-rule/Default", tags(&["c"])).unwrap();
    settings.put_policy("p", POLICY.to_owned(), None, false, NOW).unwrap();
    settings.set_destination(Destination::CloudWatchLogs, NOW).unwrap();
    settings.set_indexing(12.5, NOW).unwrap();
    settings.set_url_rules(url_rules(&["/z/{a}", "/a/*", "/b"]), None).unwrap();
    settings.set_url_rules(url_rules(&["/z/{a}", "/a/*"]), Some(1)).unwrap();
}

/// In this order.
fn url_rules(paths: &[&str]) -> UrlRules {
    let rule = |path: &&str| UrlRule { service: "shop".to_owned(), path: (*path).to_owned() };
    UrlRules::read(paths.iter().map(rule).collect()).unwrap()
}

#[test]
fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let before = open(directory.path());
    set_everything_up(&before);
    let snapshot = before.snapshot();
    assert_eq!((snapshot.rules.len(), snapshot.groups.len(), snapshot.tags.len()), (2, 2, 2));
    assert_eq!((snapshot.url_rules.rules.as_slice().len(), snapshot.url_rules.revision), (2, 2));
    drop(before);
    assert_eq!(open(directory.path()).snapshot(), snapshot);
}

#[test]
fn rules_for_urls_are_replaced_by_who_saw_those_that_are_there() {
    let settings = settings();
    settings.set_url_rules(url_rules(&["/a"]), Some(0)).unwrap();
    refused(
        &settings,
        |settings| settings.set_url_rules(url_rules(&[]), Some(0)),
        "the rules are of revision 1 now, and not 0: read them again",
    );
    assert_eq!(settings.set_url_rules(url_rules(&[]), None).unwrap().revision, 2);
}

#[test]
fn tags_survive_another_region() {
    let directory = tempfile::tempdir().unwrap();
    let before = open(directory.path());
    before.create_rule(rule("cats"), tags(&["a"]), NOW).unwrap();
    drop(before);
    let elsewhere = Account { region: "us-east-1".to_owned(), ..account() };
    let after = Settings::open(directory.path(), elsewhere).unwrap();
    let arn = after.snapshot().rules["cats"].rule.arn.clone();
    assert_eq!(arn, "arn:aws:xray:us-east-1:123456789012:sampling-rule/cats");
    assert_eq!(after.snapshot().tags_of(after.account(), &arn).unwrap(), tags(&["a"]));
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    let connection = rusqlite::Connection::open(directory.path().join("settings.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = Settings::open(directory.path(), account()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("settings.db"), "x".repeat(5_000)).unwrap();
    assert!(matches!(Settings::open(directory.path(), account()), Err(OpenError::File { .. })));
}

#[test]
fn rules_come_by_name_with_the_default_last_and_their_times_in_whole_seconds() {
    let settings = settings();
    for name in ["Zebra", "cats", "Alpha"] {
        settings.create_rule(rule(name), Tags::new(), NOW).unwrap();
    }
    let snapshot = settings.snapshot();
    let names: Vec<_> = snapshot.rules_in_order().map(|record| record.rule.name.as_str()).collect();
    assert_eq!(names, ["Alpha", "Zebra", "cats", "Default"]);
    let cats = &snapshot.rules["cats"];
    assert_eq!((cats.created, cats.modified, snapshot.rules_modified), (SECOND, SECOND, SECOND));
    assert_eq!(
        (snapshot.rules["Default"].created, snapshot.rules["Default"].modified),
        (Timestamp(0), Timestamp(0))
    );
}

#[test]
fn an_update_keeps_what_it_does_not_name_except_the_boost() {
    let settings = settings();
    let boost = Some(SamplingRateBoost { max_rate: 0.5, cooldown_minutes: 10 });
    let attributes = BTreeMap::from([("x".to_owned(), "y".to_owned())]);
    settings.create_rule(SamplingRule { boost, attributes, ..rule("cats") }, Tags::new(), NOW).unwrap();
    let later = NOW.plus(Micros::from_secs(5));
    let update = RuleUpdate { priority: Some(7), boost, ..RuleUpdate::default() };
    let record = settings.update_rule(&named("cats"), update, later).unwrap();
    assert_eq!((record.rule.priority, record.rule.attributes.len(), record.rule.boost), (7, 1, boost));
    assert_eq!(record.created.until(record.modified), Micros::from_secs(5));
    let by_arn = Named::Arn(record.rule.arn);
    let update = RuleUpdate { attributes: Some(BTreeMap::new()), ..RuleUpdate::default() };
    let record = settings.update_rule(&by_arn, update, later).unwrap();
    assert_eq!((record.rule.priority, record.rule.attributes.len(), record.rule.boost), (7, 0, None));
}

#[test]
fn rules_are_refused_as_xray_refuses_them() {
    let settings = settings();
    for number in 0..MAX_RULES - 1 {
        settings.create_rule(rule(&format!("rule-{number}")), Tags::new(), NOW).unwrap();
    }
    let create = |name: &'static str| move |it: &Settings| it.create_rule(rule(name), Tags::new(), NOW);
    refused(&settings, create("rule-1"), "Sampling rule already exists");
    refused(&settings, create("Default"), "Sampling rule already exists");
    create("the last")(&settings).unwrap();
    refused(&settings, create("too many"), "There are 25 sampling rules already, which is the limit");
    let update = |named: Named, update: RuleUpdate| move |it: &Settings| it.update_rule(&named, update, NOW);
    refused(&settings, update(named("none"), RuleUpdate::default()), "Sampling rule does not exist");
    let foreign = Named::Arn("arn:aws:xray:eu-west-1:000000000000:sampling-rule/rule-1".to_owned());
    refused(&settings, update(foreign, RuleUpdate::default()), "Sampling rule does not exist");
    let moved = RuleUpdate { priority: Some(1), ..RuleUpdate::default() };
    let only_size = "Only the reservoir size and fixed rate of the default sampling rule can be modified";
    refused(&settings, update(named("Default"), moved), only_size);
    let delete = |name: &'static str| move |it: &Settings| it.delete_rule(&named(name), NOW);
    refused(&settings, delete("Default"), "The default sampling rule cannot be deleted");
    refused(&settings, delete("none"), "Sampling rule does not exist");
}

#[test]
fn groups_are_refused_as_xray_refuses_them() {
    let settings = settings();
    let none = InsightsUpdate::default();
    let create = |name: &'static str, filter: &'static str, insights| {
        move |it: &Settings| it.create_group(name, filter.to_owned(), insights, Tags::new())
    };
    create("shop", "fault", none)(&settings).unwrap();
    refused(&settings, create("shop", "fault", none), "shop already exists");
    refused(&settings, create("Default", "fault", none), "Default already exists");
    refused(&settings, create("other", " ", none), "Filter Expression is empty");
    refused(&settings, create("a b", "ok", none), "Group name may have letters, digits and hyphens only");
    let notifying = InsightsUpdate { insights_enabled: None, notifications_enabled: Some(true) };
    let text = "Notifications cannot be enabled without insights";
    refused(&settings, create("other", "ok", notifying), text);
    let update = |name: &'static str, filter: Option<String>| {
        move |it: &Settings| it.update_group(&named(name), filter, none, NOW)
    };
    refused(&settings, update("shop", None), "Filter Expression is empty");
    refused(&settings, update("Shop", filter("ok")), "Group not found");
    let text = "The Default group takes every trace and has no filter";
    refused(&settings, update("Default", filter("ok")), text);
    let delete = |name: &'static str| move |it: &Settings| it.delete_group(&named(name));
    refused(&settings, delete("Default"), "The Default group cannot be deleted");
    refused(&settings, delete("none"), "Group not found");
    for number in 0..MAX_GROUPS - 2 {
        settings.create_group(&format!("g-{number}"), "ok".to_owned(), none, Tags::new()).unwrap();
    }
    refused(&settings, create("too-many", "ok", none), "There are 25 groups already, which is the limit");
}

#[test]
fn a_group_made_again_is_another_one() {
    let settings = settings();
    let create = || settings.create_group("shop", "ok".to_owned(), InsightsUpdate::default(), tags(&["a"]));
    let first = create().unwrap();
    settings.delete_group(&Named::Arn(first.arn(settings.account()))).unwrap();
    let second = create().unwrap();
    assert_ne!(first.key, second.key);
    assert_eq!((group::name_of(&second.key), second.key.len()), ("shop", "shop/".len() + 52));
    let snapshot = settings.snapshot();
    let by_arn = |arn| snapshot.group(settings.account(), &Named::Arn(arn)).map(|record| record.key.clone());
    assert_eq!(by_arn(first.arn(settings.account())), None);
    assert_eq!(by_arn(second.arn(settings.account())), Some(second.key));
}

#[test]
fn a_group_knows_when_its_filter_was_changed() {
    let settings = settings();
    let none = InsightsUpdate::default();
    settings.create_group("shop", "ok".to_owned(), none, Tags::new()).unwrap();
    let changed =
        |text: &str| settings.update_group(&named("shop"), filter(text), none, NOW).unwrap().filter_changed;
    assert_eq!(changed("ok"), None);
    assert_eq!(changed("fault"), Some(NOW));
}

#[test]
fn notifications_end_with_insights() {
    let settings = settings();
    let switches = |insights_enabled, notifications_enabled| {
        let insights = InsightsUpdate { insights_enabled, notifications_enabled };
        let group = settings.update_group(&named(group::DEFAULT), None, insights, NOW).unwrap().group;
        (group.insights_enabled, group.notifications_enabled)
    };
    assert_eq!(switches(Some(true), Some(true)), (true, true));
    assert_eq!(switches(None, None), (true, true));
    assert_eq!(switches(Some(false), None), (false, false));
}

#[test]
fn tags_are_for_resources_that_exist_and_have_a_limit() {
    let settings = settings();
    let arn = settings.create_rule(rule("cats"), tags(&["a", "b"]), NOW).unwrap().rule.arn;
    settings.tag(&arn, Tags::from([("a".to_owned(), "new".to_owned())])).unwrap();
    let held = settings.snapshot().tags_of(settings.account(), &arn).unwrap();
    assert_eq!((held.len(), held["a"].as_str()), (2, "new"));
    settings.untag(&arn, &["b".to_owned(), "never there".to_owned()]).unwrap();
    assert_eq!(settings.snapshot().tags_of(settings.account(), &arn).unwrap().len(), 1);
    let gone = arn.replace("cats", "dogs");
    refused(&settings, |it| it.tag(&gone, tags(&["a"])), &format!("Resource {gone} not found"));
    refused(&settings, |it| it.untag(&gone, &[]), &format!("Resource {gone} not found"));
    let many: Tags = (0..MAX_TAGS).map(|number| (format!("k{number}"), String::new())).collect();
    refused(&settings, |it| it.tag(&arn, many), "Too many tags: a resource has 50 at most");
    let text = "Tag key AWS:x is not allowed: keys that begin with aws: are reserved";
    refused(&settings, |it| it.tag(&arn, tags(&["AWS:x"])), text);
    settings.delete_rule(&named("cats"), NOW).unwrap();
    assert!(settings.snapshot().tags.is_empty());
}

#[test]
fn policies_have_revisions() {
    let settings = settings();
    let put = |revision: Option<&'static str>| {
        move |it: &Settings| it.put_policy("p", POLICY.to_owned(), revision, false, NOW)
    };
    let stale = "Another concurrent request has modified the resource policy p";
    refused(&settings, put(Some("1")), stale);
    assert_eq!(put(Some("0"))(&settings).unwrap().revision, 1);
    refused(&settings, put(Some("0")), stale);
    assert_eq!(put(None)(&settings).unwrap().revision, 2);
    assert_eq!(put(Some("2"))(&settings).unwrap().revision, 3);
    let delete = |name: &'static str, revision| move |it: &Settings| it.delete_policy(name, revision);
    refused(&settings, delete("none", None), "The resource policy none does not exist.");
    let stale = "Another concurrent request has modified or deleted the resource policy p";
    refused(&settings, delete("p", Some("2")), stale);
    delete("p", Some("3"))(&settings).unwrap();
    assert_eq!(put(None)(&settings).unwrap().revision, 1);
}

#[test]
fn policies_are_checked_and_have_limits() {
    let settings = settings();
    let put = |document: String| move |it: &Settings| it.put_policy("p", document, None, false, NOW);
    let check = |document: &str, expected: &str| refused(&settings, put(document.to_owned()), expected);
    check("no JSON", "The policy document is no JSON object");
    check("{}", "The policy document has no Statement");
    check(r#"{"Statement":[]}"#, "The policy document has no Statement");
    check(r#"{"Statement":[{"Effect":"Maybe"}]}"#, "The Effect of a statement must be Allow or Deny");
    check(r#"{"Statement":{"Effect":"Deny"}}"#, "A statement has no Action");
    check(r#"{"Statement":{"Effect":"Deny","Action":"xray:*"}}"#, "A statement has no Principal");
    let lockout = "The policy would keep everybody from calling PutResourcePolicy";
    check(r#"{"Statement":{"Effect":"Deny","Principal":{"AWS":["*"]},"Action":["xray:Put*"]}}"#, lockout);
    let long = format!("{POLICY}{}", " ".repeat(MAX_POLICY_BYTES));
    refused(&settings, put(long), "Resource policy is larger than 5120 bytes");
    let deny = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"*"}}"#.to_owned();
    settings.put_policy("deny", deny, None, true, NOW).unwrap();
    for number in 1..MAX_POLICIES {
        settings.put_policy(&format!("p-{number}"), POLICY.to_owned(), None, false, NOW).unwrap();
    }
    refused(&settings, put(POLICY.to_owned()), "There are 5 resource policies already, which is the limit");
}
