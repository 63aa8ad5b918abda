//! `fluoro keys` and a server that asks for them.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::child::{Ended, Fluoro, command, run, segment};

/// `fluoro keys` on the data directory.
fn keys(data: &Path, arguments: &[&str]) -> Ended {
    run(command(&["keys", "--data-dir", data.to_str().unwrap()]).args(arguments))
}

fn keys_json(data: &Path, arguments: &[&str]) -> Value {
    let ended = keys(data, &[arguments, &["--json"]].concat());
    assert!(ended.status.success(), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn serve(data: &Path) -> Fluoro {
    Fluoro::serve(&["--auth", "on", "--data-dir", data.to_str().unwrap()])
}

fn bearer(token: &Value) -> String {
    format!("authorization: Bearer {}\r\n", token.as_str().unwrap())
}

#[test]
fn a_running_server_heeds_new_and_revoked_keys() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let fluoro = serve(&data);
    assert_eq!(fluoro.get("/api/status", ""), 401);
    assert_eq!(fluoro.get("/healthz", ""), 200);
    let new = keys_json(&data, &["create", "--console", "--name", "ana"]);
    let header = bearer(&new["token"]);
    fluoro.eventually("the new token to be heeded", || {
        (fluoro.get("/api/status", &header) == 200).then_some(())
    });
    let (status, answer) = fluoro.post("/Groups", &json!({}));
    assert_eq!((status, &answer["message"]), (403, &json!("Missing Authentication Token")));
    let revoked = keys(&data, &["revoke", new["id"].as_str().unwrap()]);
    assert_eq!(revoked.stdout, format!("Revoked {} of ana.\n", new["id"].as_str().unwrap()));
    fluoro.eventually("the revoked token to be refused", || {
        (fluoro.get("/api/status", &header) == 401).then_some(())
    });
    let ended = fluoro.end(Signal::TERM);
    assert!(ended.status.success() && ended.stderr.contains("there are no keys yet"), "{}", ended.stderr);
}

#[test]
fn udp_on_loopback_goes_on_without_keys() {
    let directory = tempfile::tempdir().unwrap();
    let token = keys_json(directory.path(), &["create", "--console", "--name", "ana"])["token"].clone();
    let fluoro = serve(directory.path());
    let (trace, document) = segment(1);
    fluoro.send(&document);
    let path = format!("/api/traces/{trace}");
    let header = bearer(&token);
    fluoro.eventually("the trace", || (fluoro.get(&path, &header) == 200).then_some(()));
}

#[test]
fn what_is_created_is_listed_without_its_secret() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    assert_eq!(keys(data, &["list"]).stdout, "There are no keys.\n");
    let policy = data.join("policy.json");
    fs::write(
        &policy,
        r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": ["*"] }] }"#,
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let new = keys_json(data, &["create", "--name", "k8s-nodes", "--policy", policy]);
    let secret = new["secret_access_key"].as_str().unwrap();
    let listed = keys_json(data, &["list"]);
    assert_eq!((&listed[0]["name"], &listed[0]["kind"]), (&json!("k8s-nodes"), &json!("access-key")));
    assert_eq!(listed[0]["policy"]["Statement"]["Action"][1], "xray:PutTelemetryRecords");
    assert!(!listed.to_string().contains(secret));
    let text = keys(data, &["list"]).stdout;
    assert!(text.contains(new["id"].as_str().unwrap()) && !text.contains(secret), "{text}");
    let shown = keys(data, &["create", "--name", "daemon", "--policy", "daemon"]).stdout;
    assert!(
        shown.contains("\n  AWS_ACCESS_KEY_ID=FLUO") && shown.contains("\n  AWS_SECRET_ACCESS_KEY="),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_made_a_key_is_refused_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let check = |arguments: &[&str], expected: &str| {
        let ended = keys(data, arguments);
        assert!(!ended.status.success());
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    };
    check(&["create", "--name", "a"], "--policy");
    check(&["create", "--name", "a b", "--policy", "daemon"], "a name is 1 to 64");
    check(&["create", "--name", "a", "--policy", "demon"], "none of daemon, read-only and full");
    check(&["revoke", "FLUO0"], "there is no key FLUO0");
    let policy = data.join("policy.json");
    fs::write(
        &policy,
        r#"{ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-1" } } } }"#,
    )
    .unwrap();
    check(&["create", "--name", "a", "--policy", policy.to_str().unwrap()], "unknown field `StringEquals`");
    assert!(!data.join("keys.json").exists());
}

#[test]
#[cfg(unix)]
fn a_file_of_keys_that_others_can_read_ends_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    keys_json(data, &["create", "--console", "--name", "ana"]);
    fs::set_permissions(data.join("keys.json"), fs::Permissions::from_mode(0o644)).unwrap();
    let arguments = ["serve", "--bind", "127.0.0.1:0", "--auth", "on", "--data-dir", data.to_str().unwrap()];
    let ended = run(&mut command(&arguments));
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.stderr.contains("can be read by others; make it its owner's alone: chmod 600"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_trusted_proxy_tells_from_where_a_request_comes_and_nobody_else() {
    let told_from = |arguments: &[&str]| {
        let data = tempfile::tempdir().unwrap();
        let common = ["--auth", "on", "--data-dir", data.path().to_str().unwrap()];
        let fluoro = Fluoro::serve(&[&common, arguments].concat());
        let told = "x-forwarded-for: 198.51.100.1, 192.0.2.7\r\n";
        assert_eq!(fluoro.get("/api/status", told), 401);
        assert_eq!(fluoro.get("/api/status", "forwarded: for=198.51.100.1\r\n"), 401);
        let both = fluoro.get("/api/status", &format!("{told}forwarded: for=198.51.100.1\r\n"));
        let lines = fs::read_to_string(data.path().join("audit.log")).unwrap();
        let from = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["from"].as_str().unwrap().to_owned());
        (from.collect::<Vec<_>>().join(" "), both)
    };
    assert_eq!(told_from(&["--trusted-proxies", "127.0.0.0/8"]), ("192.0.2.7 198.51.100.1".to_owned(), 400));
    assert_eq!(told_from(&[]), ("127.0.0.1 127.0.0.1 127.0.0.1".to_owned(), 401));
}

#[test]
fn what_is_done_to_keys_by_command_stands_in_the_audit_log() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let new = keys_json(data, &["create", "--console", "--name", "ana"]);
    let id = new["id"].as_str().unwrap();
    keys_json(data, &["list"]);
    assert!(!keys(data, &["revoke", "FLUO0"]).status.success());
    keys_json(data, &["revoke", id]);
    let text = fs::read_to_string(data.join("audit.log")).unwrap();
    assert!(!text.contains(new["token"].as_str().unwrap()));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let who = format!("uid {}", rustix::process::getuid().as_raw());
    let expected = |command: &str| {
        json!({ "time": lines[0]["time"], "key": null, "name": who, "from": null, "what": format!("fluoro keys {command}"),
            "on": format!("{id} ana"), "outcome": "ok", "why": "done", "request": null })
    };
    assert_eq!(lines[0], expected("create"));
    let revoked = expected("revoke");
    assert_eq!((lines.len(), &lines[1]["what"], &lines[1]["on"]), (2, &revoked["what"], &revoked["on"]));

    // What cannot be told of is not done.
    fs::remove_file(data.join("audit.log")).unwrap();
    fs::create_dir(data.join("audit.log")).unwrap();
    let refused = keys(data, &["create", "--console", "--name", "bob"]);
    assert!(refused.stderr.contains("open the audit log"), "{}", refused.stderr);
    assert_eq!(keys(data, &["list"]).stdout, "There are no keys.\n");
}
