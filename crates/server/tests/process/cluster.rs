//! Two processes over one ClickHouse and one PostgreSQL are one service.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};
use settings::shared::testing;

use crate::child::{Fluoro, command, run, segment};

/// As long as nothing new comes.
const QUIET: Duration = Duration::from_secs(3);
/// Until another process is on duty, and some.
const TAKEOVER: Duration = Duration::from_secs(15);

/// Where both are.
pub(crate) struct Place {
    pub(crate) store: String,
    pub(crate) settings: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let clickhouse = std::env::var("FLUORO_TEST_CLICKHOUSE")
            .expect("FLUORO_TEST_CLICKHOUSE is set: scripts/clickhouse start prints it");
        let settings = testing::database();
        let (_, name) = settings.rsplit_once('/').unwrap();
        Self { store: format!("{clickhouse}/{name}"), settings }
    }

    /// On replicas that may die. `None` where they are not ours to end.
    pub(crate) fn replicated() -> Option<Self> {
        std::env::var("FLUORO_TEST_CONTROL").ok()?;
        let replicas = std::env::var("FLUORO_TEST_REPLICAS").ok()?;
        let (servers, cluster) = replicas.split_once('?')?;
        let settings = testing::database();
        let (_, name) = settings.rsplit_once('/').unwrap();
        Some(Self { store: format!("{servers}/{name}?{cluster}&acks=available"), settings })
    }

    pub(crate) fn serve(&self, arguments: &[&str]) -> Fluoro {
        let places = ["--store", &self.store, "--settings", &self.settings, "--audit-log", "off"];
        Fluoro::serve(&[&places, arguments].concat())
    }
}

/// Status, head and body of the answer to a request with these further header lines.
fn ask(server: SocketAddr, line: &str, headers: &str, body: &Value) -> (u16, String, Value) {
    let body = body.to_string();
    let mut stream = TcpStream::connect(server).unwrap();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn cloudwatch(server: &Fluoro, operation: &str, body: &Value) -> Value {
    let headers = format!("x-amz-target: GraniteServiceVersion20100801.{operation}\r\n");
    let mut stream = TcpStream::connect(server.http).unwrap();
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{operation}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// Takes messages and gives id and title of each.
fn receiver() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, messages) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut text, mut buffer) = (String::new(), [0; 4_096]);
            let message = loop {
                let read = stream.read(&mut buffer).unwrap();
                text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let of = |name: &str| {
                    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                    lines
                        .find(|(known, _)| known.eq_ignore_ascii_case(name))
                        .map(|(_, value)| value.to_owned())
                };
                let length: usize = of("content-length").unwrap().parse().unwrap();
                if body.len() >= length {
                    let body: Value = serde_json::from_str(body).unwrap();
                    break (of("webhook-id").unwrap(), body["title"].as_str().unwrap().to_owned());
                }
            };
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    (url, messages)
}

#[test]
fn a_rule_made_at_one_process_is_applied_by_the_other_and_a_trace_is_seen_by_both() {
    let place = Place::new();
    let [one, other] = [place.serve(&[]), place.serve(&[])];
    let rule = json!({ "SamplingRule": {
        "RuleName": "cats", "ResourceARN": "*", "Priority": 10, "FixedRate": 0.5, "ReservoirSize": 10, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    } });
    assert_eq!(one.post("/CreateSamplingRule", &rule).0, 200);
    let made = Instant::now();
    other.eventually("the rule to be heard of", || {
        let (_, rules) = other.post("/GetSamplingRules", &json!({}));
        (rules["SamplingRuleRecords"].as_array().unwrap().len() == 2).then_some(())
    });
    assert!(made.elapsed() < Duration::from_secs(1), "{:?}", made.elapsed());

    // Clients come to either process; together they have the reservoir, never more.
    let quota = |server: &Fluoro, client: char, requests: u32| {
        let report = json!({ "SamplingStatisticsDocuments": [{
            "RuleName": "cats", "ClientID": client.to_string().repeat(24), "Timestamp": 1.8e9, "RequestCount": requests,
            "SampledCount": 0, "BorrowCount": 0,
        }] });
        let (status, answer) = server.post("/SamplingTargets", &report);
        assert_eq!(status, 200, "{answer}");
        answer["SamplingTargetDocuments"][0]["ReservoirQuota"].as_u64().unwrap_or_default()
    };
    let mut held = [0; 3];
    for round in 0..5 {
        for (number, client) in ['a', 'b', 'c'].into_iter().enumerate() {
            let server = if (round + number) % 2 == 0 { &one } else { &other };
            held[number] = quota(server, client, 10 * (number as u32 + 1));
            assert!(held.iter().sum::<u64>() <= 10, "{held:?}");
        }
    }
    assert_eq!(held.iter().sum::<u64>(), 10, "{held:?}");

    let (traces, documents): (Vec<String>, Vec<Value>) = (1..=8).map(segment).unzip();
    let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
    let (status, answer) = one.post("/TraceSegments", &json!({ "TraceSegmentDocuments": documents }));
    assert_eq!((status, &answer["UnprocessedTraceSegments"]), (200, &json!([])));
    for server in [&other, &one] {
        server.eventually("the traces", || (server.known(&traces) == traces.len()).then_some(()));
        // Whoever digests them.
        server.eventually("their summaries", || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
            let range = json!({ "StartTime": now - 600.0, "EndTime": now + 60.0 });
            let (_, answer) = server.post("/TraceSummaries", &range);
            let found = answer["TraceSummaries"].as_array()?.len();
            (found == traces.len()).then_some(())
        });
    }
    // A retrieval that is begun at one process is read, and ended, at the other.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let asked = json!({ "TraceIds": traces, "StartTime": now - 600.0, "EndTime": now + 60.0 });
    let (status, started) = one.post("/StartTraceRetrieval", &asked);
    assert_eq!(status, 200, "{started}");
    let token = json!({ "RetrievalToken": started["RetrievalToken"] });
    let page = |server: &Fluoro| {
        let (status, page) = server.post("/ListRetrievedTraces", &token);
        assert_eq!(status, 200, "{page}");
        (page["RetrievalStatus"].clone(), page["Traces"].as_array().unwrap().len(), page["NextToken"].clone())
    };
    let first = page(&one);
    assert_eq!((&first.0, first.1), (&json!("COMPLETE"), 5), "there are more");
    assert_eq!(page(&other), first);
    let (status, graph) = other.post("/GetRetrievedTracesGraph", &token);
    assert_eq!((status, &graph["RetrievalStatus"]), (200, &json!("COMPLETE")), "{graph}");
    assert!(!graph["Services"].as_array().unwrap().is_empty());
    assert_eq!(other.post("/CancelTraceRetrieval", &token).0, 200);
    assert_eq!(page(&one), (json!("CANCELLED"), 0, Value::Null));
    let unknown = json!({ "RetrievalToken": "0".repeat(32) });
    assert_eq!(other.post("/CancelTraceRetrieval", &unknown).0, 404);
    for server in [one, other] {
        let ended = server.end(Signal::TERM);
        assert!(ended.status.success(), "{}", ended.stderr);
        assert!(!ended.stderr.contains("WARN") && !ended.stderr.contains("ERROR"), "{}", ended.stderr);
    }
}

#[test]
fn an_alarm_is_one_message_also_when_the_process_on_duty_is_killed() {
    let place = Place::new();
    let (url, messages) = receiver();
    let first = place.serve(&["--notify-allow", "127.0.0.0/8"]);
    let is_on_duty = |server: &Fluoro| {
        let (_, text) = raw(server.http, "GET /metrics");
        text.contains("fluoro_settings_on_duty 1").then_some(())
    };
    first.eventually("the first process to be on duty", || is_on_duty(&first));
    let second = place.serve(&["--notify-allow", "127.0.0.0/8"]);
    let hook = json!({ "name": "hook", "kind": "webhook", "url": url });
    assert_eq!(ask(second.http, "POST /api/notifiers", "", &hook).0, 200);
    let action = json!(["arn:aws:sns:us-east-1:000000000000:hook"]);
    let alarm = json!({
        "AlarmName": "faults", "Namespace": "AWS/X-Ray", "MetricName": "FaultRate",
        "Dimensions": [{ "Name": "GroupName", "Value": "Default" }], "Statistic": "Average", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.5, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": action,
        "OKActions": action,
    });
    second.eventually("the alarm to be taken", || {
        // The first process may not have heard of the notifier yet.
        cloudwatch(&first, "PutMetricAlarm", &alarm);
        Some(())
    });
    let set = |server: &Fluoro, state: &str| {
        let body = json!({ "AlarmName": "faults", "StateValue": state, "StateReason": "try" });
        server.eventually("the alarm to be known", || {
            let known = cloudwatch(server, "DescribeAlarms", &json!({}));
            known["MetricAlarms"].as_array().filter(|alarms| !alarms.is_empty()).map(|_| ())
        });
        cloudwatch(server, "SetAlarmState", &body);
    };
    // By the process that is not on duty.
    set(&second, "ALARM");
    let (fired, title) = messages.recv_timeout(TAKEOVER).expect("it is told");
    assert_eq!(title, "ALARM: \"faults\" in us-east-1");
    first.eventually("the state to be known at both", || {
        let known = cloudwatch(&first, "DescribeAlarms", &json!({}));
        (known["MetricAlarms"][0]["StateValue"] == "ALARM").then_some(())
    });
    assert!(messages.recv_timeout(QUIET).is_err(), "it is told once");

    first.end(Signal::KILL);
    set(&second, "OK");
    let (over, title) = messages.recv_timeout(TAKEOVER).expect("another process takes over");
    assert_eq!(title, "OK: \"faults\" in us-east-1");
    assert_ne!(over, fired);
    assert!(messages.recv_timeout(QUIET).is_err(), "it is told once");

    // Who is told to end lets another one go on at once.
    let third = place.serve(&["--notify-allow", "127.0.0.0/8"]);
    let ended = second.end(Signal::TERM);
    assert!(ended.status.success(), "{}", ended.stderr);
    let left = Instant::now();
    third.eventually("the third process to be on duty", || is_on_duty(&third));
    assert!(left.elapsed() < Duration::from_secs(3), "{:?}", left.elapsed());
}

pub(crate) fn raw(server: SocketAddr, line: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(format!("{line} HTTP/1.0\r\nhost: localhost\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[test]
fn a_key_and_a_session_open_both_processes_until_the_key_is_revoked() {
    let place = Place::new();
    let keys = |arguments: &[&str]| {
        let ended = run(command(&["keys", "--settings", &place.settings, "--json"]).args(arguments));
        assert!(ended.status.success(), "{}", ended.stderr);
        serde_json::from_str::<Value>(&ended.stdout).unwrap()
    };
    let key = keys(&["create", "--console", "--name", "ana"]);
    let [one, other] = [place.serve(&["--auth", "on"]), place.serve(&["--auth", "on"])];
    assert_eq!(one.get("/api/status", ""), 401);
    let sign_in = json!({ "token": key["token"] });
    let (status, head, _) = ask(one.http, "POST /api/session", "", &sign_in);
    assert_eq!(status, 200, "{head}");
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie: ")).unwrap();
    let (_, cookie) = line.split_once(": ").unwrap();
    let cookie = format!("cookie: {}\r\n", cookie.split(';').next().unwrap());
    for server in [&one, &other] {
        assert_eq!(server.get("/api/status", &cookie), 200);
    }
    // Made at one process, heeded by the other.
    let policy = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "fluoro:*", "Resource": "*" } });
    let body = json!({ "name": "bob", "kind": "consoleToken", "policy": policy.to_string() });
    let bearer = |token: &Value| format!("authorization: Bearer {}\r\n", token.as_str().unwrap());
    let (status, _, made) = ask(one.http, "POST /api/keys", &bearer(&key["token"]), &body);
    assert_eq!(status, 200, "{made}");
    other.eventually("the key to be heeded", || {
        (other.get("/api/status", &bearer(&made["secret"])) == 200).then_some(())
    });
    keys(&["revoke", key["id"].as_str().unwrap()]);
    for server in [&one, &other] {
        server.eventually("the revoked key to be refused", || {
            (server.get("/api/status", &cookie) == 401).then_some(())
        });
    }
}

#[test]
fn what_cannot_work_ends_the_start_with_its_remedy() {
    let place = Place::new();
    let check = |settings: &str, expected: &str| {
        let ended = run(&mut command(&[
            "serve",
            "--bind",
            "127.0.0.1:0",
            "--store",
            &place.store,
            "--settings",
            settings,
        ]));
        assert!(!ended.status.success() && ended.stderr.contains(expected), "{}", ended.stderr);
    };
    check(
        "postgres://fluoro@127.0.0.1:1/fluoro",
        "start PostgreSQL there, or name in --settings where it is",
    );
    check(&format!("{}/nowhere", testing::server()), "make that database with `createdb`");
    let foreign = testing::database();
    testing::order(&foreign, "CREATE TABLE orders (id int)");
    check(&foreign, "tables of something else: orders; name in --settings a database of its own");
}
