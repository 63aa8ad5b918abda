//! Segments in through UDP and HTTP; map, summaries and documents out through the X-Ray API.

use serde_json::{Value, json};
use testkit::{Sandbox, in_progress, segment, trace_id};

/// A request of `front` that calls `back` by another name, as two SDKs would tell it.
fn story(trace: &str) -> [Value; 2] {
    let mut front = segment("front", trace, 1);
    front["subsegments"] = json!([{
        "name": "back.default",
        "id": "00000000000000a1",
        "namespace": "remote",
        "start_time": front["start_time"],
        "end_time": front["end_time"],
        "http": { "request": { "method": "GET", "url": "http://back.default/" }, "response": { "status": 200 } },
    }]);
    let mut back = segment("back", trace, 2);
    back["parent_id"] = json!("00000000000000a1");
    [front, back]
}

fn names(services: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        services.as_array().expect("a list").iter().filter_map(|service| service["Name"].as_str()).collect();
    names.sort_unstable();
    names
}

fn service<'a>(services: &'a Value, name: &str, kind: Option<&str>) -> &'a Value {
    let is_it = |service: &&Value| service["Name"] == name && service["Type"].as_str() == kind;
    services
        .as_array()
        .expect("a list")
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {name} in {services:#}"))
}

async fn check_story(sandbox: &Sandbox, trace: &str) {
    let services = sandbox.service_graph().await;
    assert_eq!(names(&services), ["back", "front", "front"], "client, front and back");
    let front = service(&services, "front", None);
    assert_eq!(front["SummaryStatistics"]["OkCount"], 1);
    assert_eq!(front["Edges"][0]["ReferenceId"], service(&services, "back", None)["ReferenceId"]);
    assert_eq!(front["Edges"][0]["Aliases"][0]["Name"], "back.default");
    let summaries = sandbox.trace_summaries("service(\"back\")").await;
    assert_eq!(summaries[0]["Id"], trace);
    assert_eq!(sandbox.trace(trace).await.len(), 2);
}

#[tokio::test]
async fn udp_segments_become_map_summaries_and_documents() {
    let sandbox = Sandbox::start().await;
    let trace = trace_id(1);
    for document in story(&trace) {
        sandbox.send(&document).await;
    }
    sandbox.kept(2).await;
    check_story(&sandbox, &trace).await;
}

#[tokio::test]
async fn http_segments_become_the_same() {
    let sandbox = Sandbox::start().await;
    let trace = trace_id(1);
    let answer = sandbox.put(&story(&trace)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "UnprocessedTraceSegments": [] })));
    sandbox.kept(2).await;
    check_story(&sandbox, &trace).await;
}

#[tokio::test]
async fn an_orderly_restart_keeps_everything_and_counts_nothing_twice() {
    let sandbox = Sandbox::start().await;
    let trace = trace_id(1);
    let [front, back] = story(&trace);
    sandbox.put(&[in_progress(&front), back]).await;
    sandbox.kept(2).await;
    let sandbox = sandbox.restart().await;
    // The late end of a segment whose trace is only on disk by now.
    sandbox.put(&[front]).await;
    sandbox.kept(3).await;
    check_story(&sandbox, &trace).await;
    let sandbox = sandbox.restart().await;
    check_story(&sandbox, &trace).await;
}

#[tokio::test]
async fn what_http_acknowledged_can_be_read_at_once() {
    let sandbox = Sandbox::start().await;
    for number in 1..=50 {
        let trace = trace_id(number);
        sandbox.put(&[segment("front", &trace, number)]).await;
        assert_eq!(sandbox.trace(&trace).await.len(), 1);
    }
}

#[tokio::test]
async fn the_console_learns_which_doors_are_open_and_what_came_in() {
    let sandbox = Sandbox::in_memory().await;
    sandbox.send(&segment("front", &trace_id(1), 1)).await;
    sandbox.kept(1).await;
    let status = sandbox.get("/api/status").await.json();
    assert_eq!(status["listeners"]["udp"], sandbox.server().doors.udp.to_string());
    assert_eq!((&status["receivedDocuments"], &status["hasData"]), (&json!(1), &json!(true)));
}
