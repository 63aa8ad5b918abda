//! What is a notifier and what is none, and that no secret is shown.

use serde_json::json;

use super::*;

fn body(value: Value) -> Map<String, Value> {
    let Value::Object(body) = value else { panic!("no object") };
    body
}

fn check(kind: &str, members: Value, expected: Result<(), &str>) {
    let parsed = Notifier::parse("n", kind, &body(members)).map(drop).map_err(|error| error.to_string());
    match (parsed, expected) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(part)) => assert!(error.contains(part), "{kind}: {error}"),
        (parsed, expected) => panic!("{kind}: {parsed:?} is not {expected:?}"),
    }
}

#[test]
fn each_kind_takes_what_it_needs_and_nothing_else() {
    let url = "https://example.com/hook";
    check("webhook", json!({"url": url, "secret": "s", "headers": {"Authorization": "Bearer x"}}), Ok(()));
    check("webhook", json!({"url": url, "format": "alertmanager", "insights": false}), Ok(()));
    check(
        "webhook",
        json!({"url": url, "min_severity": "error", "groups": ["shop"], "repeat_hours": 4}),
        Ok(()),
    );
    check("webhook", json!({}), Err("missing field `url`"));
    check("webhook", json!({"url": "ftp://example.com"}), Err("http:// or https://"));
    check("webhook", json!({"url": "https://me:pw@example.com"}), Err("Authorization"));
    check("webhook", json!({"url": url, "colour": "red"}), Err("unknown field `colour`"));
    check("webhook", json!({"url": url, "min_severity": "bad"}), Err("unknown variant `bad`"));
    check("webhook", json!({"url": url, "headers": {"Host": "x"}}), Err("Host is set by Fluoro itself"));
    check("webhook", json!({"url": url, "headers": {"a b": "x"}}), Err("no name of a header"));
    check("webhook", json!({"url": url, "template": "{{ nothing }}"}), Err("undefined"));
    check("slack", json!({"url": url}), Ok(()));
    check("teams", json!({"url": url}), Ok(()));
    check("alertmanager", json!({"url": "http://am:9093", "token": "t"}), Ok(()));
    check("pagerduty", json!({"routing_key": "k"}), Ok(()));
    check(
        "email",
        json!({"host": "mail", "from": "Fluoro <f@example.com>", "to": ["a@example.com"]}),
        Ok(()),
    );
    check("email", json!({"host": "mail", "from": "f@example.com", "to": []}), Err("1 to 50"));
    check(
        "email",
        json!({"host": "m", "from": "f@example.com", "to": ["a\r\nBcc: b@example.com"]}),
        Err("no address"),
    );
    let open = json!({"host": "m", "from": "f@e.com", "to": ["a@e.com"], "tls": "none", "username": "u", "password": "p"});
    check("email", open, Err("not sent in the open"));
    check("sns", json!({"url": url, "raw": true}), Ok(()));
    check("eventbridge", json!({"url": url}), Ok(()));
    check("topic", json!({}), Ok(()));
    check("opsgenie", json!({}), Err("there is no kind \"opsgenie\"; there are webhook, "));
    check("webhook", json!({"url": url, "template": "x".repeat(70_000)}), Err("larger than"));
}

#[test]
fn secrets_are_taken_out_masked_and_put_back() {
    let sent = json!({"url": "https://hooks.example/T0/B0/secret", "secret": "a-very-long-secret", "insights": true,
        "headers": {"Authorization": "Bearer x"}});
    let parts = split("webhook", body(sent.clone())).unwrap();
    assert_eq!(parts.public, body(json!({"insights": true})));
    assert_eq!(parts.kept, ["previous_secret"]);
    assert_eq!(Value::Object(join(&parts.public, &parts.secrets)), sent);

    let shown: Map<String, Value> =
        body(sent).into_iter().map(|(name, value)| (name, mask(&value))).collect();
    assert_eq!(shown["url"], "https://hooks.example/••••");
    assert_eq!(shown["secret"], "••••cret");
    assert_eq!(shown["headers"], json!({"Authorization": "••••"}));
    assert_eq!(mask(&json!("short")), "••••");

    // What was shown may come back, and means that nothing changes.
    let back =
        split("webhook", body(json!({"url": shown["url"], "secret": "", "headers": shown["headers"]})))
            .unwrap();
    assert_eq!(back.kept, ["url", "previous_secret", "headers"]);
    assert!(back.secrets.is_empty());
}

#[test]
fn whoever_sets_up_a_notifier_by_the_api_reads_no_files() {
    for sent in [
        json!({"url": {"file": "/etc/passwd"}}),
        json!({"url": "http://x", "headers": {"a": {"file": "/etc/passwd"}}}),
    ] {
        let error = split("webhook", body(sent)).map(drop).unwrap_err().to_string();
        assert!(error.contains("must be a text"), "{error}");
    }
}

#[test]
fn a_file_of_notifiers_may_name_files_for_its_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slack");
    std::fs::write(&path, "https://hooks.example/one\n").unwrap();
    let document = json!({"notifiers": [{"name": "chat", "kind": "slack", "url_file": path}]});
    let notifiers = crate::of_file(document).unwrap();
    assert!(notifiers[0].is_fixed);
    let Kind::Slack(chat) = &notifiers[0].kind else { panic!("no slack") };
    assert_eq!(chat.url.reveal().unwrap(), "https://hooks.example/one");
    // Read at each use, so that it can be changed.
    std::fs::write(&path, "https://hooks.example/two").unwrap();
    assert_eq!(chat.url.reveal().unwrap(), "https://hooks.example/two");

    let wrong = |document: Value| crate::of_file(document).unwrap_err().to_string();
    assert_eq!(wrong(json!({"notifiers": [{"kind": "slack"}]})), "notifiers[0]: name is missing");
    assert!(wrong(json!({"notifier": []})).contains("list named notifiers"));
    assert!(wrong(json!({"notifiers": [{"name": "a", "kind": "slack"}]})).contains("missing field `url`"));
    assert!(wrong(json!({"notifiers": [{"name": "a", "kind": "topic"}]})).contains("by the API"));
}
