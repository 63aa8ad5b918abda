//! Traces that are larger than an answer may be: the largest part that fits comes, and says that it is a part.

use serde_json::{Value, json};

use crate::support::{Server, T, plain};

const TRACE: u32 = 1;

fn id(trace: u32) -> String {
    plain(trace, 0.0)["trace_id"].as_str().unwrap().to_owned()
}

/// Documents of about a megabyte each.
async fn put(server: &Server, trace: u32, documents: u32) {
    for number in 1..=documents {
        let mut document = plain(trace, f64::from(number));
        document["id"] = json!(format!("{number:016x}"));
        document["metadata"] = json!({ "default": { "text": "x".repeat(1_000_000) } });
        server.put(&[document]).await;
    }
}

#[tokio::test]
async fn of_a_trace_that_is_too_large_the_beginning_comes_and_says_so() {
    let server = Server::start();
    put(&server, TRACE, 18).await;
    let output = server.call("/Traces", json!({ "TraceIds": [id(TRACE)] })).await;
    let trace = &output["Traces"][0];
    assert_eq!((&trace["LimitExceeded"], trace["Segments"].as_array().unwrap().len()), (&json!(true), 16));

    let path = format!("/api/traces/{}", id(TRACE));
    let detail = server.get(&path).await.json();
    assert_eq!((&detail["complete"], &detail["leftOut"]), (&json!(false), &json!(2)));
    assert_eq!(detail["spans"].as_array().unwrap().len(), 16);
    let otlp = server.get(&format!("{path}/otlp")).await;
    assert_eq!(otlp.headers["x-fluoro-complete"], "false");

    let first = server.get(&format!("{path}/documents")).await;
    let next = first.headers["x-fluoro-next"].to_str().unwrap();
    let second = server.get(&format!("{path}/documents?after={next}")).await;
    assert!(!second.headers.contains_key("x-fluoro-next"));
    let pages = [first.json(), second.json()].map(|page| page.as_array().unwrap().clone());
    let all: Vec<Value> = pages.concat();
    let starts = all.iter().map(|sent| {
        let document: Value = serde_json::from_str(sent["document"].as_str().unwrap()).unwrap();
        document["start_time"].as_f64().unwrap() - T
    });
    assert_eq!(starts.collect::<Vec<_>>(), (1..=18).map(f64::from).collect::<Vec<_>>());
    assert_eq!(server.get(&format!("{path}/documents?after=1.x")).await.status, 400);
}

#[tokio::test]
async fn what_does_not_fit_into_an_answer_is_told_to_be_asked_for_again() {
    let server = Server::start();
    for trace in 1..=3 {
        put(&server, trace, 12).await;
    }
    let ids = [1, 2, 3].map(id);
    let output = server.call("/Traces", json!({ "TraceIds": ids })).await;
    let answered = output["Traces"].as_array().unwrap().iter().map(|trace| trace["Id"].as_str().unwrap());
    assert_eq!(answered.collect::<Vec<_>>(), ids[..2]);
    assert_eq!(output["UnprocessedTraceIds"], json!([ids[2]]));
}

#[tokio::test]
async fn pages_of_a_retrieval_are_bounded_by_their_bytes() {
    let server = Server::start();
    put(&server, TRACE, 12).await;
    let range = json!({ "TraceIds": [id(TRACE)], "StartTime": T - 60.0, "EndTime": T + 60.0 });
    let started = server.call("/StartTraceRetrieval", range).await;
    let mut request = json!({ "RetrievalToken": started["RetrievalToken"] });
    let mut spans = Vec::new();
    loop {
        let page = server.call("/ListRetrievedTraces", request.clone()).await;
        spans.push(page["Traces"][0]["Spans"].as_array().unwrap().len());
        match page["NextToken"].as_str() {
            Some(token) => request["NextToken"] = json!(token),
            None => break,
        }
    }
    assert_eq!(spans, [9, 3]);
}
