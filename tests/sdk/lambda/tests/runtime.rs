//! Invocations as Lambda hands them out, and what a function has sent by the time it answers.

mod service;

use serde_json::{Value, json};
use service::{Answer, Invocation, run};

const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
const PARENT: &str = "53995c3f42cd8ad8";

fn header(rest: &str) -> Option<String> {
    Some(format!("Root={ROOT}{rest}"))
}

fn traced() -> Option<String> {
    header(&format!(";Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0"))
}

async fn invoke(invocations: &[(Option<String>, Value)]) -> Vec<Answer> {
    let invocations =
        invocations.iter().map(|(header, event)| Invocation { header: header.clone(), event: event.clone() });
    run(invocations.collect(), &[]).await
}

/// Of an answer's documents the one of that name.
fn named<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    let found = answer.documents.iter().find(|document| document["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {:?}", answer.documents))
}

#[tokio::test]
async fn subsegments_of_lambdas_segment_leave_before_the_answer() {
    let answers = invoke(&[(traced(), json!({"order": 7})), (traced(), json!({"order": 8}))]).await;
    for (answer, order) in answers.iter().zip([7, 8]) {
        assert_eq!(answer.documents.len(), 2, "those of its own, all of them: {answer:?}");
        let (handler, load) = (named(answer, "## handler"), named(answer, "load"));
        for document in [handler, load] {
            assert_eq!(document["type"], "subsegment");
            assert_eq!(document["trace_id"], ROOT);
        }
        assert_eq!(handler["parent_id"], PARENT);
        assert_eq!(load["parent_id"], handler["id"]);
        assert_eq!(load["annotations"]["order"], order);
        let passed_on =
            format!("Root={ROOT};Parent={};Sampled=1;Lineage=1:a87bd80c:0", handler["id"].as_str().unwrap());
        assert_eq!(answer.body["header"], passed_on);
    }
    assert_eq!(named(&answers[0], "## handler")["annotations"]["ColdStart"], true);
    assert!(named(&answers[1], "## handler")["annotations"].is_null());
    assert!(std::path::Path::new("/tmp/.aws-xray/initialized").exists());
}

#[tokio::test]
async fn around_the_runtime_they_leave_before_the_next_event_is_asked_for() {
    let invocations = [7, 8].map(|order| Invocation { header: traced(), event: json!({ "order": order }) });
    let answers = run(invocations.into(), &[("AROUND_THE_RUNTIME", "1")]).await;
    // Of the first one; those of the second may still be on their way when it answers.
    let documents: Vec<_> = answers.iter().flat_map(|answer| &answer.documents).collect();
    let handler = documents.iter().find(|document| document["annotations"]["ColdStart"] == true);
    let load = documents.iter().find(|document| document["annotations"]["order"] == 7);
    let (handler, load) = (handler.expect("the handler's"), load.expect("what it did"));
    assert_eq!((&handler["name"], &handler["parent_id"]), (&json!("## handler"), &json!(PARENT)));
    assert_eq!(load["parent_id"], handler["id"]);
}

#[tokio::test]
async fn errors_and_panics_of_the_handler_are_its_faults() {
    let events =
        [(traced(), json!({"do": "fail"})), (traced(), json!({"do": "panic"})), (traced(), json!({}))];
    let answers = invoke(&events).await;
    let [failed, panicked, next] = &answers[..] else { panic!("three answers: {answers:?}") };
    assert!(failed.path.ends_with("/error") && panicked.path.ends_with("/error"));
    let handler = named(failed, "## handler");
    assert_eq!(
        (&handler["fault"], &handler["cause"]["exceptions"][0]["message"]),
        (&json!(true), &json!("no such order"))
    );
    let handler = named(panicked, "## handler");
    assert_eq!(
        (&handler["fault"], &handler["cause"]["exceptions"][0]["type"]),
        (&json!(true), &json!("panic"))
    );
    assert!(named(next, "## handler")["fault"].is_null());
}

#[tokio::test]
async fn without_a_decision_nothing_is_recorded_and_the_root_goes_on() {
    let unsampled = header(&format!(";Parent={PARENT};Sampled=0"));
    let events = [
        (header(""), Some(format!("Root={ROOT}"))),
        (header(";Lineage=1:a87bd80c:0"), Some(format!("Root={ROOT};Lineage=1:a87bd80c:0"))),
        (header(";Sampled=1"), Some(format!("Root={ROOT}"))),
        (header(&format!(";Parent={PARENT}")), Some(format!("Root={ROOT}"))),
        (unsampled, Some(format!("Root={ROOT};Sampled=0"))),
        (Some("no header".to_owned()), None),
        (None, None),
    ];
    let invocations: Vec<_> = events.iter().map(|(header, _)| (header.clone(), json!({}))).collect();
    let answers = invoke(&invocations).await;
    for (answer, (given, expected)) in answers.iter().zip(&events) {
        assert_eq!(answer.body["header"].as_str(), expected.as_deref(), "{given:?}");
        assert!(answer.documents.is_empty(), "{given:?}: {answer:?}");
    }
}

#[tokio::test]
async fn two_invocations_in_flight_do_not_mix() {
    let roots = ["1-5759e988-000000000000000000000001", "1-5759e988-000000000000000000000002"];
    let invocations = roots.iter().enumerate().map(|(order, root)| Invocation {
        header: Some(format!("Root={root};Parent={PARENT};Sampled=1")),
        event: json!({"do": "meet", "order": order}),
    });
    let answers = run(invocations.collect(), &[("AWS_LAMBDA_MAX_CONCURRENCY", "2")]).await;
    let documents: Vec<_> = answers.iter().flat_map(|answer| &answer.documents).collect();
    assert_eq!(documents.len(), 4, "{documents:?}");
    for (order, root) in roots.iter().enumerate() {
        let of_trace = |name| {
            let found =
                documents.iter().find(|document| document["trace_id"] == *root && document["name"] == name);
            *found.unwrap_or_else(|| panic!("{name} of {root}: {documents:?}"))
        };
        let (handler, load) = (of_trace("## handler"), of_trace("load"));
        assert_eq!(load["parent_id"], handler["id"]);
        assert_eq!(load["annotations"]["order"], order);
        let own = format!("Root={root};Parent={};Sampled=1", load["id"].as_str().unwrap());
        assert!(answers.iter().any(|answer| answer.body["header"] == own), "{own}: {answers:?}");
    }
}
