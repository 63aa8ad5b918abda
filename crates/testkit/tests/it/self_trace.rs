//! The server records its own work where it is asked to, and only then.

use testkit::{Sandbox, segment, trace_id};

#[tokio::test]
async fn its_requests_and_their_queries_are_traces_of_its_own() {
    let sandbox = Sandbox::tracing_itself().await;
    sandbox.put(&[segment("shop", &trace_id(1), 1)]).await;
    // Each look is a request, too.
    let summary = sandbox
        .eventually("a request of its own", async || {
            let filter = r#"service("fluoro") AND http.url CONTAINS "/TraceSummaries""#;
            sandbox.trace_summaries(filter).await.get(0).cloned()
        })
        .await;
    let documents = sandbox.trace(summary["Id"].as_str().unwrap()).await;
    assert_eq!(documents[0]["name"], "fluoro");
    assert_eq!(documents[0]["http"]["request"]["method"], "POST");
    let queries = documents[0]["subsegments"].as_array().unwrap();
    assert!(queries.iter().any(|query| query["name"] == "search"), "{queries:?}");
    // The write of what others sent is one, as well.
    let writes = async || sandbox.trace_summaries(r#"annotation.write = "append""#).await.get(0).cloned();
    sandbox.eventually("a write of its own", writes).await;
    sandbox.stop().await;
}

#[tokio::test]
async fn nothing_is_recorded_unasked() {
    let sandbox = Sandbox::in_memory().await;
    sandbox.put(&[segment("shop", &trace_id(1), 1)]).await;
    sandbox.kept(1).await;
    sandbox.trace_summaries("").await;
    assert_eq!(sandbox.server().ground.store.status().documents, 1);
}
