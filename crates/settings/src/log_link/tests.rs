//! What rules are taken, and where their links lead whatever a segment says.

use super::*;

fn rule(url: &str) -> LogLinkRule {
    LogLinkRule { service: "*".to_owned(), title: "Logs".to_owned(), url: url.to_owned() }
}

fn group(name: &str, region: Option<&str>) -> LogGroup {
    LogGroup { name: name.to_owned(), region: region.map(str::to_owned) }
}

fn subject<'a>(service: &'a str, groups: &'a [LogGroup]) -> LogSubject<'a> {
    LogSubject {
        trace_id: "1-6553f128-0123456789abcdef01234567".parse().unwrap(),
        span_id: "53995c3f42cd8ad8".parse().unwrap(),
        service,
        start: Timestamp(1_700_000_040_250_000),
        end: Timestamp(1_700_000_100_000_000),
        groups,
    }
}

#[test]
fn placeholders_become_what_the_span_says() {
    let check = |url: &str, expected: &str| {
        let links = LogLinks::read(vec![rule(url)]).unwrap().links(&subject("shop", &[]));
        assert_eq!(links[0].url, expected);
    };
    check(
        "https://grafana.example/explore?left=%7B%22expr%22%3A%22{trace_id}%22%7D&from={start}&to={end}",
        "https://grafana.example/explore?left=%7B%22expr%22%3A%221-6553f128-0123456789abcdef01234567%22%7D&from=1700000040250&to=1700000100000",
    );
    check(
        "https://kibana.example/app/discover#/?_g=(time:(from:'{start_iso}',to:'{end_iso}'))&_a=(query:(query:'{trace_id_w3c}'))",
        "https://kibana.example/app/discover#/?_g=(time:(from:'2023-11-14T22%3A14%3A00.250Z',to:'2023-11-14T22%3A15%3A00.000Z'))&_a=(query:(query:'6553f1280123456789abcdef01234567'))",
    );
    check(
        "http://l/{service}/{span_id}?{start_s}-{end_ns}",
        "http://l/shop/53995c3f42cd8ad8?1700000040-1700000100000000000",
    );
}

#[test]
fn what_a_segment_says_never_leaves_its_place_in_the_link() {
    let hostile = "x/../?a=1&b#\"><script>\u{e9} \n%2F";
    let groups = [group(hostile, None)];
    let rules = LogLinks::read(vec![rule("https://logs.example/{service}/{log_group}")]).unwrap();
    let url = rules.links(&subject(hostile, &groups)).remove(0).url;
    let encoded = "x%2F..%2F%3Fa%3D1%26b%23%22%3E%3Cscript%3E%C3%A9%20%0A%252F";
    assert_eq!(url, format!("https://logs.example/{encoded}/{encoded}"));
    let long = "a".repeat(5_000);
    let url = rules.links(&subject(&long, &[group("g", None)])).remove(0).url;
    assert!(url.len() < 600, "{}", url.len());
}

#[test]
fn a_link_by_group_is_made_for_each_and_for_none_where_there_is_none() {
    let rules = vec![
        LogLinkRule { service: "shop*".to_owned(), ..rule("https://a/{log_group}") },
        LogLinkRule { service: "other".to_owned(), ..rule("https://b/") },
        rule("https://c/"),
    ];
    let links = LogLinks::read(rules).unwrap();
    let urls = |service: &str, groups: &[LogGroup]| {
        let links = links.links(&subject(service, groups));
        links.into_iter().map(|link| format!("{} {}", link.title, link.url)).collect::<Vec<_>>()
    };
    assert_eq!(urls("Shop-1", &[group("g", None)]), ["Logs https://a/g", "Logs https://c/"]);
    let two = [group("g", None), group("h", None)];
    assert_eq!(urls("shop", &two), ["Logs (g) https://a/g", "Logs (h) https://a/h", "Logs https://c/"]);
    assert_eq!(urls("shop", &[]), ["Logs https://c/"]);
    assert_eq!(urls("other", &[]), ["Logs https://b/", "Logs https://c/"]);
}

#[test]
fn a_group_that_a_plugin_recorded_is_a_link_by_itself() {
    let link = |name: &str, region: Option<&str>| {
        group(name, region).link(&subject("shop", &[])).map(|link| link.url)
    };
    let expected = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fshop/log-events$3Fstart$3D1700000040250$26end$3D1700000100000$26filterPattern$3D$25221-6553f128-0123456789abcdef01234567$2522";
    assert_eq!(link("/ecs/shop", Some("eu-west-1")).as_deref(), Some(expected));
    assert!(
        link("g", Some("cn-north-1"))
            .unwrap()
            .starts_with("https://console.amazonaws.cn/cloudwatch/home?region=cn-north-1#")
    );
    assert!(link("g", Some("us-gov-west-1")).unwrap().starts_with("https://console.amazonaws-us-gov.com/"));
    for region in [
        None,
        Some(""),
        Some("evil.example/"),
        Some("a@b"),
        Some("-eu"),
        Some("EU-WEST-1"),
        Some("eu west 1"),
    ] {
        assert_eq!(link("g", region), None, "{region:?}");
    }
    let hostile = link("a?b#c&d\"<", Some("eu-west-1")).unwrap();
    assert!(hostile.contains("/log-group/a$253Fb$2523c$2526d$2522$253C/log-events"), "{hostile}");
}

#[test]
fn a_rule_that_cannot_be_one_is_refused_with_place_and_remedy() {
    let check = |rule: LogLinkRule, expected: &str| {
        let good =
            LogLinkRule { service: "*".to_owned(), title: "a".to_owned(), url: "https://a/".to_owned() };
        let said = LogLinks::read(vec![good, rule]).unwrap_err().to_string();
        assert!(said.starts_with("rule 2, ") && said.contains(expected), "{said}");
    };
    check(rule("javascript:alert(1)"), "url, character 1: it must begin with https:// or http://");
    check(rule("data:text/html,{trace_id}"), "must begin with https:// or http://");
    check(rule("//logs.example/"), "must begin with");
    check(rule("https://{service}/"), "url, character 9: the host must be written out");
    check(rule("https://logs.example{service}"), "the host must be written out");
    check(rule("https://user@logs.example/"), "the host must be written out");
    check(rule("https:///a"), "the host must be written out");
    check(
        rule("https://l/{trace}"),
        "url, character 11: no such placeholder; there are trace_id, trace_id_w3c",
    );
    check(rule("https://l/{trace_id"), "a brace that nothing closes");
    check(rule("https://l/}"), "url, character 11: a brace that closes nothing; write %7D");
    check(rule("https://l/a b"), "url, character 12: no blanks");
    check(rule("https://l/\u{7f}"), "no control characters");
    check(rule(""), "url: it must not be empty");
    check(LogLinkRule { service: " ".to_owned(), ..rule("https://l/") }, "service: it must not be empty");
    check(
        LogLinkRule { title: "a".repeat(257), ..rule("https://l/") },
        "title: it may have 256 characters at most",
    );
    assert_eq!(
        LogLinks::read(vec![rule("https://l/"); 101]).unwrap_err().to_string(),
        "there may be 100 rules at most"
    );
}

#[test]
fn links_are_replaced_as_a_whole_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let account = || crate::Account { id: "1".to_owned(), region: "r".to_owned() };
    let settings = Settings::open(directory.path(), account()).unwrap();
    let links = || LogLinks::read(vec![rule("https://l/{trace_id}"), rule("https://m/")]).unwrap();
    assert_eq!(settings.set_log_links(links(), Some(0)).unwrap().revision, 1);
    let outdated = settings.set_log_links(LogLinks::default(), Some(0)).unwrap_err().to_string();
    assert!(outdated.contains("revision 1 now"), "{outdated}");
    drop(settings);
    let again = Settings::open(directory.path(), account()).unwrap().snapshot().log_links.clone();
    assert_eq!((&*again.links, again.revision), (&links(), 1));
}
