//! The audit log: what is changed, who signs in and who is refused stands in it, and nothing else.

use ::auth::Policy;
use axum::http::Request;
use insta::assert_snapshot;
use serde_json::json;

use crate::auth::{ADDRESS, Guarded};
use crate::support::{Server, plain};

#[tokio::test]
async fn changes_are_told_with_what_they_are_about_and_reading_is_not() {
    let server = Server::start();
    server.put(&[plain(1, 1.0)]).await;
    server.call("/Groups", json!({})).await;
    server.get("/api/status").await;
    assert_eq!(server.audited(), [""; 0]);

    let group = json!({ "GroupName": "checkout", "FilterExpression": "fault" });
    server.call("/CreateGroup", group.clone()).await;
    server.refuse("/CreateGroup", &group.to_string()).await;
    let rule = json!({ "RuleName": "slow", "Priority": 1, "FixedRate": 0.5, "ReservoirSize": 1, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1 });
    server.call("/CreateSamplingRule", json!({ "SamplingRule": rule })).await;
    let evil = Request::post("/DeleteGroup").header("host", ADDRESS).header("origin", "https://evil.example");
    server.send(evil.body("{}".into()).unwrap()).await;
    server
        .post("/api/objectives", json!({ "service": "cart\n\u{1b}[2J", "percent": 99.0 }).to_string())
        .await;
    assert_snapshot!(server.audited().join("\n"), @r"
    - | :: | CreateGroup | checkout | ok | done
    - | :: | CreateGroup | checkout | failed | not understood
    - | :: | CreateSamplingRule | slow | ok | done
    - | :: | POST /DeleteGroup | /DeleteGroup | refused | page of another site
    - | :: | POST /api/objectives | cart��[2J | failed | not understood
    ");
}

#[tokio::test]
async fn who_signs_in_and_who_is_refused_is_told_without_a_secret() {
    let guarded = Guarded::start();
    let ana = guarded.token(Policy::full());
    let agent = guarded.token(Policy::daemon());
    for token in ["fluoro_wrong", ana.secret.reveal()] {
        let request = Request::post("/api/session").header("host", ADDRESS);
        let request = request.header("content-type", "application/json");
        guarded.send(request, json!({ "token": token }).to_string()).await;
    }
    for (token, path) in [("fluoro_wrong", "/Groups"), (agent.secret.reveal(), "/DeleteGroup")] {
        let request = Request::post(path).header("host", ADDRESS);
        guarded.send(request.header("authorization", format!("Bearer {token}")), "{}").await;
    }
    let made = Request::post("/api/keys").header("host", ADDRESS).header("content-type", "application/json");
    let made = made.header("authorization", format!("Bearer {}", ana.secret.reveal()));
    let policy = serde_json::to_string(&Policy::daemon()).unwrap();
    let key = json!({ "name": "node-7", "kind": "accessKey", "policy": policy }).to_string();
    guarded.send(made, key).await;
    let audited = guarded.server.audited();
    assert!(!audited.join("").contains("fluoro_"), "no token stands in it");
    assert_snapshot!(audited.join("\n"), @r"
    - | 127.0.0.1 | POST /api/session | /api/session | refused | not permitted
    k8s-nodes | 127.0.0.1 | POST /api/session | /api/session | ok | done
    - | 127.0.0.1 | GetGroups | /Groups | refused | unknown_key
    k8s-nodes | 127.0.0.1 | DeleteGroup | /DeleteGroup | refused | denied
    k8s-nodes | 127.0.0.1 | POST /api/keys | node-7 | ok | done
    ");
}
