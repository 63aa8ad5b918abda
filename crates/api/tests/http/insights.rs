//! Insights as X-Ray's four operations and the console tell them, from what is kept.

use model::{TimeRange, Timestamp};
use serde_json::{Value, json};
use settings::alerts::{Batch, InsightRow};

use crate::support::{Server, T};

fn node(name: &str) -> Value {
    json!({ "name": name, "kind": "AWS::EC2::Instance", "account": null })
}

/// The `number`th of a minute each, as the worker keeps it.
fn row(number: u32, category: &str, end: Option<f64>) -> InsightRow {
    let id = format!("{number:08x}-2222-5333-8444-555555555555");
    let at = |seconds: f64| Timestamp::from_seconds(seconds);
    let start = at(T + 60.0 * f64::from(number));
    let event = |kind: &str| {
        json!({
            "at": start, "kind": kind, "summary": format!("{kind}."), "anomalous": [node("cart")],
            "clients": { "failing": 3, "total": 20 }, "origin": { "failing": 4, "total": 5 },
        })
    };
    let earlier = (number == 2).then_some("00000000-2222-5333-8444-555555555555");
    let body = json!({
        "id": id, "group": "Default", "category": category, "severity": "outage",
        "root": node("cart"), "root_kind": "service", "members": [], "anomalous": [node("cart"), node("front")],
        "start": start, "end": end.map(at), "seen": start, "updated": start, "told": start,
        "clients": { "failing": 31, "total": 1_001 }, "origin": { "failing": 44, "total": 50 }, "users": 12,
        "exception": { "name": "Refused", "message": "no" }, "operation": "GET /cart", "affected": [node("front")],
        "version": null, "example": null, "summary": "cart began failing. It hurts.",
        "events": [event("opened"), event("impact-grew"), event("closed")], "reopened": 0,
        "earlier": earlier, "note": null,
    });
    let end = end.map(at);
    InsightRow {
        id,
        group: "Default".into(),
        root: "cart".into(),
        start,
        end,
        is_active: end.is_none(),
        body,
    }
}

/// Three faults of which the last goes on, and a slow node.
fn server() -> Server {
    let server = Server::start();
    let insights = vec![
        row(0, "fault", Some(T + 30.0)),
        row(1, "fault", Some(T + 100.0)),
        row(2, "fault", None),
        row(3, "latency", None),
    ];
    let batch = Batch { insights, ..Batch::default() };
    server.alerts.commit(&batch, Timestamp::from_seconds(T)).unwrap();
    server
}

fn names(answer: &Value, list: &str, id: &str) -> Vec<String> {
    let ids = answer[list].as_array().unwrap().iter().map(|one| one[id].as_str().unwrap()[..8].to_owned());
    ids.collect()
}

#[tokio::test]
async fn summaries_are_the_newest_first_and_faults_alone_page_by_page() {
    let server = server();
    let ask = async |more: Value| {
        let mut input = json!({ "StartTime": T - 60.0, "EndTime": T + 600.0, "GroupName": "Default" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("/InsightSummaries", input).await
    };
    let ids = |answer: &Value| names(answer, "InsightSummaries", "InsightId");
    let all = ask(json!({})).await;
    assert_eq!(ids(&all), ["00000002", "00000001", "00000000"]);
    assert_eq!(all["NextToken"], Value::Null);
    assert_eq!(ids(&ask(json!({ "States": ["ACTIVE"] })).await), ["00000002"]);
    assert_eq!(ids(&ask(json!({ "States": ["CLOSED"] })).await), ["00000001", "00000000"]);
    assert_eq!(ids(&ask(json!({ "EndTime": T + 60.0 })).await), ["00000000"]);
    let first = ask(json!({ "MaxResults": 2 })).await;
    assert_eq!(ids(&first), ["00000002", "00000001"]);
    let token = first["NextToken"].as_str().unwrap();
    let second = ask(json!({ "MaxResults": 2, "NextToken": token })).await;
    assert_eq!((ids(&second), &second["NextToken"]), (vec!["00000000".to_owned()], &Value::Null));
    // The window is that of the first page; another question has other pages.
    let later = ask(json!({ "EndTime": T + 900.0, "NextToken": token })).await;
    assert_eq!(ids(&later), ["00000000"]);
    let input = json!({ "StartTime": T, "EndTime": T + 9.0, "GroupName": "Default", "States": ["CLOSED"], "NextToken": token });
    let refused = server.refuse("/InsightSummaries", &input.to_string()).await;
    assert!(refused.contains("Invalid token"), "{refused}");
    let summary = &all["InsightSummaries"][0];
    assert_eq!(summary["LastUpdateTime"], T + 120.0);
    assert_eq!((&summary["State"], &summary["EndTime"]), (&json!("ACTIVE"), &Value::Null));
}

#[tokio::test]
async fn one_insight_is_told_with_its_events_and_its_map() {
    let server = server();
    let id = "00000001-2222-5333-8444-555555555555";
    let insight = server.call("/Insight", json!({ "InsightId": id })).await;
    let account = "123456789012";
    let service = |name: &str| json!({ "Name": name, "Names": [name], "AccountId": account, "Type": "AWS::EC2::Instance" });
    assert_eq!(
        insight["Insight"],
        json!({
            "InsightId": id, "GroupARN": format!("arn:aws:xray:eu-west-1:{account}:group/Default"),
            "GroupName": "Default", "RootCauseServiceId": service("cart"), "Categories": ["FAULT"],
            "State": "CLOSED", "StartTime": T + 60.0, "EndTime": T + 100.0,
            "Summary": "cart began failing. It hurts.",
            "ClientRequestImpactStatistics": { "FaultCount": 31, "OkCount": 970, "TotalCount": 1_001 },
            "RootCauseServiceRequestImpactStatistics": { "FaultCount": 44, "OkCount": 6, "TotalCount": 50 },
            "TopAnomalousServices": [{ "ServiceId": service("cart") }, { "ServiceId": service("front") }],
        })
    );
    let events = server.call("/InsightEvents", json!({ "InsightId": id, "MaxResults": 2 })).await;
    assert_eq!(events["InsightEvents"][1]["Summary"], "impact-grew.");
    assert_eq!(events["NextToken"], "2");
    let rest = server.call("/InsightEvents", json!({ "InsightId": id, "NextToken": "2" })).await;
    assert_eq!((&rest["InsightEvents"][0]["Summary"], &rest["NextToken"]), (&json!("closed."), &Value::Null));
    let beyond = json!({ "InsightId": id, "NextToken": "4" }).to_string();
    assert!(server.refuse("/InsightEvents", &beyond).await.contains("Invalid token 4"));
    let range = |end: f64| json!({ "InsightId": id, "StartTime": T, "EndTime": end });
    let graph = server.call("/InsightImpactGraph", range(T + 600.0)).await;
    let names: Vec<&Value> = graph["Services"].as_array().unwrap().iter().map(|one| &one["Name"]).collect();
    assert_eq!(names, ["cart", "front"]);
    let refused = server.refuse("/InsightImpactGraph", &range(T + 21_601.0).to_string()).await;
    assert!(refused.contains("6 hours"), "{refused}");
    // What is slow is no fault.
    let slow = json!({ "InsightId": "00000003-2222-5333-8444-555555555555" }).to_string();
    assert!(server.refuse("/Insight", &slow).await.contains("Insight not found"));
}

#[tokio::test]
async fn the_console_lists_them_all_and_keeps_what_is_noted() {
    let server = server();
    let range = TimeRange::new(Timestamp::from_seconds(T), Timestamp::from_seconds(T + 600.0));
    let path =
        |more: &str| format!("/api/insights?from={}&to={}{more}", range.start.0 / 1_000, range.end.0 / 1_000);
    let list = server.get(&path("")).await.json();
    assert_eq!(names(&list, "insights", "id"), ["00000003", "00000002", "00000001", "00000000"]);
    assert_eq!(list["insights"][0]["category"], "latency");
    let closed = server.get(&path("&state=closed")).await.json();
    assert_eq!(names(&closed, "insights", "id"), ["00000001", "00000000"]);
    assert_eq!(server.get(&path("&state=odd")).await.status, 400);
    let earlier = "/api/insights/00000000-2222-5333-8444-555555555555";
    let note = json!({ "text": "the disk was full", "isAcknowledged": true, "by": "ann" });
    let noted = server.post(&format!("{earlier}/note"), note.to_string()).await.json();
    assert_eq!(noted["insight"]["note"]["by"], "ann");
    // The same as last time, with what was noted then.
    let detail = server.get("/api/insights/00000002-2222-5333-8444-555555555555").await.json();
    assert_eq!(detail["earlier"]["note"]["text"], "the disk was full");
    assert_eq!(detail["events"][2]["kind"], "closed");
    assert_eq!(detail["insight"]["nodes"][1]["name"], "front");
    let empty = json!({ "text": "", "isAcknowledged": false });
    let gone = server.post(&format!("{earlier}/note"), empty.to_string()).await.json();
    assert_eq!(gone["insight"]["note"], Value::Null);
    let long = json!({ "text": "x".repeat(2_001), "isAcknowledged": false });
    assert_eq!(server.post(&format!("{earlier}/note"), long.to_string()).await.status, 400);
    let unknown = "/api/insights/99999999-2222-5333-8444-555555555555";
    assert_eq!(server.get(unknown).await.status, 404);
    assert_eq!(server.post(&format!("{unknown}/note"), empty.to_string()).await.status, 404);
}
