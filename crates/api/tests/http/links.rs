//! Links between traces: a consumer names the call that sent what it works on.

use serde_json::{Value, json};

use crate::support::{Server, T};

const PRODUCER: &str = "1-65536f68-000000000000000000000001";
const CONSUMER: &str = "1-65536f68-000000000000000000000002";

/// A request that puts a message into a queue half a second in.
fn producer() -> Value {
    json!({
        "trace_id": PRODUCER, "id": "00000000000000a1", "name": "shop", "start_time": T, "end_time": T + 1.0,
        "subsegments": [{
            "id": "00000000000000a2", "name": "SQS", "namespace": "aws", "start_time": T + 0.5, "end_time": T + 0.6,
            "aws": { "operation": "SendMessage", "queue_url": "https://sqs/orders" },
        }],
    })
}

/// Takes the message after two seconds and a half.
fn consumer() -> Value {
    json!({
        "trace_id": CONSUMER, "id": "00000000000000b1", "name": "mailer", "start_time": T + 3.0, "end_time": T + 4.0,
        "links": [{ "trace_id": PRODUCER, "id": "00000000000000a2", "attributes": { "x": "y" } }],
    })
}

/// The edge from the queue to the consumer, which nothing but the link makes.
fn link(graph: &Value) -> Option<Value> {
    let services = graph["Services"].as_array().unwrap();
    let named =
        |name: &str| services.iter().find(|service| service["Name"] == name && service["Type"] != "client");
    let target = named("mailer")?["ReferenceId"].clone();
    let edges = named("https://sqs/orders")?["Edges"].as_array().unwrap().clone();
    edges.into_iter().find(|edge| edge["ReferenceId"] == target)
}

fn check_link(graph: &Value, received: u64) {
    let edge = link(graph).unwrap_or_else(|| panic!("there is no link in {graph}"));
    assert_eq!(edge["EdgeType"], "link");
    assert_eq!(edge["ReceivedEventAgeHistogram"], json!([{ "Value": 2.5, "Count": received }]));
    assert_eq!((&edge["SummaryStatistics"], &edge["ResponseTimeHistogram"]), (&Value::Null, &Value::Null));
}

async fn map(server: &Server) -> Value {
    server.call("/ServiceGraph", json!({ "StartTime": T, "EndTime": T + 60.0 })).await
}

#[tokio::test]
async fn a_link_leads_from_the_queue_to_its_consumer() {
    for documents in [[producer(), consumer()], [consumer(), producer()]] {
        let server = Server::start();
        for document in documents {
            server.put(&[document]).await;
        }
        check_link(&map(&server).await, 1);
        check_link(&server.call("/TraceGraph", json!({ "TraceIds": [CONSUMER] })).await, 1);
        check_link(&server.call("/TraceGraph", json!({ "TraceIds": [PRODUCER, CONSUMER] })).await, 1);
        assert_eq!(link(&server.call("/TraceGraph", json!({ "TraceIds": [PRODUCER] })).await), None);
        // Sent again, it is still one event.
        server.put(&[consumer()]).await;
        check_link(&map(&server).await, 1);
    }
}

#[tokio::test]
async fn a_link_is_no_call_and_adds_nothing_to_the_consumers_trace() {
    let server = Server::start();
    server.put(&[producer(), consumer()]).await;
    let series = json!({
        "StartTime": T, "EndTime": T + 600.0, "Period": 60,
        "EntitySelectorExpression": r#"edge("https://sqs/orders", "mailer")"#,
    });
    let points = server.call("/TimeSeriesServiceStatistics", series).await;
    for point in points["TimeSeriesServiceStatistics"].as_array().unwrap() {
        assert_eq!(point["EdgeSummaryStatistics"], Value::Null);
    }
    let window = json!({ "StartTime": T, "EndTime": T + 60.0, "FilterExpression": r#"service("mailer")"# });
    let found = server.call("/TraceSummaries", window).await;
    let names: Vec<&Value> =
        found["TraceSummaries"][0]["ServiceIds"].as_array().unwrap().iter().map(|id| &id["Name"]).collect();
    assert_eq!(names, ["mailer", "mailer"]);
}

#[tokio::test]
async fn a_link_to_nothing_is_no_edge() {
    let server = Server::start();
    server.put(&[consumer()]).await;
    assert_eq!(link(&map(&server).await), None);
    assert_eq!(link(&server.call("/TraceGraph", json!({ "TraceIds": [CONSUMER] })).await), None);
}
