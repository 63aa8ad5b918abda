//! What the console sets up and explains: the doctor, sampling rules, groups, agents and operations by name.

use serde_json::{Value, json};

use crate::support::{Server, T, TRACE, worked_example};

async fn ok(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn check_fate(server: &Server, pasted: &str, expected: &str) -> Value {
    let diagnosis = ok(server, &format!("/api/doctor?q={pasted}")).await;
    assert_eq!(diagnosis["fate"], expected, "{pasted}: {diagnosis}");
    diagnosis
}

#[tokio::test]
async fn the_doctor_knows_what_became_of_a_trace() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let lost = "1-6553f128-00000000000000000000beef";
    server
        .put(&[json!({ "name": "shop", "id": "no id", "trace_id": lost, "start_time": T, "end_time": T })])
        .await;

    let found = check_fate(&server, TRACE, "found").await;
    assert_eq!(found["trace"]["id"], TRACE);
    let refused = check_fate(&server, &format!("Root={lost};Sampled=1"), "refused").await;
    assert_eq!(refused["refusals"][0]["reason"], "InvalidId");
    assert_eq!(refused["sampled"], true);
    let cut = check_fate(&server, &TRACE[..34], "malformed").await;
    assert!(cut["malformed"].as_str().unwrap().contains("8 and 23 digits"));
    // One digit wrong: the trace that was meant is named.
    let slip = format!("{}{}", &TRACE[..34], if TRACE.ends_with('0') { "1" } else { "0" });
    let unknown = check_fate(&server, &slip, "unknown").await;
    assert_eq!(unknown["nearest"][0]["trace"]["id"], TRACE);
    assert_eq!(unknown["nearest"][0]["differs"], 1);
    assert_eq!(
        check_fate(&server, "1-00000001-00000000000000000000beef", "unknown").await["nearest"],
        json!([])
    );
}

#[tokio::test]
async fn a_request_is_tried_by_the_rules_that_decide() {
    let server = Server::start();
    let rule = |name: &str, priority: u32, path: &str| {
        json!({ "SamplingRule": {
            "RuleName": name, "Priority": priority, "FixedRate": 0.1, "ReservoirSize": 5, "ServiceName": "*",
            "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": path, "ResourceARN": "*", "Version": 1,
        } })
    };
    // By the console's way in.
    for (name, priority, path) in
        [("health", 1, "/health*"), ("never", 9, "/health/deep"), ("cart", 20, "/cart/*")]
    {
        let made = server.post("/api/xray/CreateSamplingRule", rule(name, priority, path).to_string()).await;
        assert_eq!(made.status, 200, "{}", made.text());
    }
    let listed = ok(&server, "/api/sampling").await;
    let rules: Vec<String> = listed["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["rule"]["name"].as_str().unwrap(), entry["shadowedBy"]))
        .collect();
    assert_eq!(rules, ["health null", "never \"health\"", "cart null", "Default null"]);

    let client = "000000000000000000000001";
    let statistics = json!({ "SamplingStatisticsDocuments": [{
        "RuleName": "cart", "ClientID": client, "Timestamp": T, "RequestCount": 600, "SampledCount": 60, "BorrowCount": 1,
    }] });
    server.call("/SamplingTargets", statistics).await;
    server.advance(10);

    let asked = json!({ "urlPath": "/cart/7", "httpMethod": "GET" });
    let verdict = server.post("/api/sampling/try", asked.to_string()).await.json();
    assert_eq!(verdict["rule"]["name"], "cart");
    assert_eq!(verdict["requestsASecond"], 10.0);
    assert_eq!(verdict["asked"][0]["failed"]["condition"], "URLPath");
    assert_eq!(verdict["asked"][2]["failed"], Value::Null);

    let mut draft = listed["rules"][2]["rule"].clone();
    draft["priority"] = json!(1);
    draft["name"] = json!("all");
    draft["urlPath"] = json!("*");
    let verdict =
        server.post("/api/sampling/try", json!({ "urlPath": "/x", "draft": draft }).to_string()).await.json();
    assert_eq!(verdict["rule"]["name"], "all");
    assert_eq!(verdict["draftShadows"], json!(["health", "never", "cart"]));
    assert_eq!(verdict["draftShadowedBy"], Value::Null);
}

#[tokio::test]
async fn groups_and_agents_are_listed_as_they_are() {
    let server = Server::start();
    let group = json!({ "GroupName": "slow", "FilterExpression": "responsetime > 2", "Tags": [{ "Key": "team", "Value": "a" }] });
    server.call("/CreateGroup", group).await;
    let groups = ok(&server, "/api/groups").await;
    assert_eq!(groups["groups"][0]["name"], "Default");
    assert_eq!(groups["groups"][1]["filter"], "responsetime > 2");
    assert_eq!(groups["groups"][1]["tags"], json!({ "team": "a" }));
    assert_eq!(groups["groups"][1]["isExcluded"], false);

    // Spillover is left to a test that reads the metric, which all servers of this process share.
    let record = json!({ "Hostname": "node-7", "TelemetryRecords": [{
        "Timestamp": T, "SegmentsReceivedCount": 7, "SegmentsSentCount": 5, "SegmentsSpilloverCount": 0,
        "SegmentsRejectedCount": 0, "BackendConnectionErrors": { "TimeoutCount": 3 },
    }] });
    server.call("/TelemetryRecords", record).await;
    let status = ok(&server, "/api/status").await;
    assert_eq!(status["daemons"][0]["name"], "node-7");
    assert_eq!(status["daemons"][0]["sent"], 5);
    assert_eq!(status["daemons"][0]["connectionErrors"], 3);
    assert_eq!(status["queue"]["bytes"], 0);
}

#[tokio::test]
async fn an_operation_by_name_answers_as_by_its_path() {
    let server = Server::start();
    let by_path = server.post("/CreateGroup", "{}").await;
    let by_name = server.post("/api/xray/CreateGroup", "{}").await;
    assert_eq!(by_name.status, by_path.status);
    assert_eq!(by_name.text(), by_path.text());
    assert_eq!(by_name.headers["x-amzn-errortype"], by_path.headers["x-amzn-errortype"]);
    assert_eq!(server.post("/api/xray/Nothing", "{}").await.status, 404);
}
