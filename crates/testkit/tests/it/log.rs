//! A warning that a test does not expect fails it.

use serde_json::json;
use testkit::Sandbox;

const WARNING: &str = "group takes no traces";

/// A group whose filter names another one that is gone, of which the server warns when it asks for the groups again.
async fn orphan_a_group(sandbox: &Sandbox) {
    let post = async |path, body| assert_eq!(sandbox.post(path, &body).await.status, 200, "{path}");
    post("/CreateGroup", json!({ "GroupName": "failing", "FilterExpression": "fault" })).await;
    let follower = json!({ "GroupName": "follower", "FilterExpression": "group.name = \"failing\"" });
    post("/CreateGroup", follower).await;
    post("/DeleteGroup", json!({ "GroupName": "failing" })).await;
    sandbox.trace_summaries("ok").await;
}

#[tokio::test]
#[should_panic(expected = "WARN api::groups: group takes no traces")]
async fn a_warning_fails_a_test_that_does_not_expect_it() {
    let sandbox = Sandbox::in_memory().await;
    orphan_a_group(&sandbox).await;
    drop(sandbox.stop().await);
}

#[tokio::test]
async fn a_warning_that_is_expected_does_not() {
    let sandbox = Sandbox::in_memory().await;
    sandbox.expect_in_log(WARNING);
    orphan_a_group(&sandbox).await;
    drop(sandbox.stop().await);
}
