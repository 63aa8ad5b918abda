//! Notifiers by the console's API, and topics by SNS's forms: what is kept, what is shown, and what is refused.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Server};

async fn send(server: &Server, method: &str, path: &str, body: Value) -> Answer {
    let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:2000");
    let request = request.header("content-type", "application/json");
    server.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn refused(server: &Server, method: &str, path: &str, body: Value, expected: &str) {
    let answer = send(server, method, path, body).await;
    assert!(answer.status.is_client_error(), "{}", answer.text());
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(expected), "{detail}");
}

#[tokio::test]
async fn a_notifier_is_made_shown_without_its_secrets_changed_and_deleted() {
    let server = Server::start();
    let url = "https://hooks.example/services/T0/verysecret";
    let sent = json!({"name": "chat", "kind": "slack", "url": url, "min_severity": "error"});
    let made = send(&server, "POST", "/api/notifiers", sent.clone()).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let listed = server.get("/api/notifiers").await;
    for text in [made.text(), listed.text()] {
        assert!(!text.contains("verysecret"), "{text}");
    }
    let shown = listed.json()["notifiers"][0].clone();
    assert_eq!(shown["url"], "https://hooks.example/••••");
    assert_eq!((&shown["min_severity"], &shown["isFixed"]), (&json!("error"), &json!(false)));

    refused(&server, "POST", "/api/notifiers", sent, "a notifier chat exists already").await;
    // What was shown can be sent back with a change.
    let mut back = shown;
    back["min_severity"] = json!("critical");
    let changed = send(&server, "PUT", "/api/notifiers/chat", back).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(changed.json()["url"], "https://hooks.example/••••");
    assert_eq!(changed.json()["min_severity"], "critical");

    let gone = send(&server, "DELETE", "/api/notifiers/chat", json!({})).await;
    assert_eq!(gone.status, 200);
    assert_eq!(server.get("/api/notifiers").await.json()["notifiers"], json!([]));
    refused(&server, "DELETE", "/api/notifiers/chat", json!({}), "there is no notifier chat").await;
}

#[tokio::test]
async fn what_is_no_notifier_is_refused_with_the_place_and_the_reason() {
    let server = Server::start();
    let path = "/api/notifiers";
    refused(&server, "POST", path, json!({"kind": "slack"}), "name is missing").await;
    refused(&server, "POST", path, json!({"name": "a"}), "kind is missing").await;
    let unknown = json!({"name": "a", "kind": "pigeon"});
    refused(&server, "POST", path, unknown, "there is no kind \"pigeon\"").await;
    let bad = json!({"name": "a", "kind": "webhook", "url": "gopher://x"});
    refused(&server, "POST", path, bad, "notifier a: url: it must begin with http").await;
    let file = json!({"name": "a", "kind": "webhook", "url": {"file": "/etc/passwd"}});
    refused(&server, "POST", path, file, "url: it must be a text").await;
    let name = json!({"name": "a b", "kind": "webhook", "url": "http://x"});
    refused(&server, "POST", path, name, "letters, digits, hyphens and underscores").await;
    refused(&server, "PUT", "/api/notifiers/a", json!({"kind": "slack"}), "there is no notifier a").await;
    refused(&server, "POST", "/api/notifiers/a/test", json!({}), "there is no notifier a").await;
    refused(&server, "POST", "/api/deliveries/x/retry", json!({}), "no message of that id").await;
}

#[tokio::test]
async fn a_test_says_what_is_wrong_with_the_other_side() {
    let server = Server::start();
    let sent = json!({"name": "hook", "kind": "webhook", "url": "http://169.254.169.254/latest"});
    assert_eq!(send(&server, "POST", "/api/notifiers", sent).await.status, 200);
    let told = send(&server, "POST", "/api/notifiers/hook/test", json!({})).await.json();
    assert_eq!(told["delivered"], false);
    assert!(told["answer"].as_str().unwrap().starts_with("169.254.169.254 is not called"), "{told}");
    assert_eq!(server.get("/api/deliveries").await.json()["deliveries"], json!([]));
}

async fn sns(server: &Server, action: &str, members: &[(&str, &str)]) -> Answer {
    let escape = |text: &str| text.replace(':', "%3A").replace('/', "%2F").replace(' ', "+");
    let mut body = format!("Action={action}&Version=2010-03-31");
    for (name, value) in members {
        body.push_str(&format!("&{name}={}", escape(value)));
    }
    let request = Request::post("/").header("host", "127.0.0.1:2000");
    let request = request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    server.send(request.body(Body::from(body)).unwrap()).await
}

const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:pages";

#[tokio::test]
async fn a_topic_is_a_notifier_with_subscribers() {
    let server = Server::start();
    let made = sns(&server, "CreateTopic", &[("Name", "pages")]).await;
    assert!(
        made.text().contains(&format!("<CreateTopicResult><TopicArn>{ARN}</TopicArn></CreateTopicResult>")),
        "{}",
        made.text()
    );
    // Again is the same.
    assert_eq!(sns(&server, "CreateTopic", &[("Name", "pages")]).await.status, 200);
    assert_eq!(server.get("/api/notifiers").await.json()["notifiers"][0]["kind"], "topic");

    let members = [("TopicArn", ARN), ("Protocol", "http"), ("Endpoint", "http://127.0.0.1:9/in")];
    let subscribed = sns(&server, "Subscribe", &members).await;
    assert!(
        subscribed.text().contains("<SubscriptionArn>pending confirmation</SubscriptionArn>"),
        "{}",
        subscribed.text()
    );
    let listed = sns(&server, "ListSubscriptionsByTopic", &[("TopicArn", ARN)]).await.text();
    assert!(listed.contains("<SubscriptionArn>PendingConfirmation</SubscriptionArn><Owner>123456789012</Owner><Protocol>http</Protocol>"), "{listed}");
    let attributes = sns(&server, "GetTopicAttributes", &[("TopicArn", ARN)]).await.text();
    assert!(
        attributes.contains("<entry><key>SubscriptionsPending</key><value>1</value></entry>"),
        "{attributes}"
    );
    let published = sns(&server, "Publish", &[("TopicArn", ARN), ("Message", "hello")]).await.text();
    assert!(published.contains("<MessageId>"), "{published}");
    assert_eq!(sns(&server, "DeleteTopic", &[("TopicArn", ARN)]).await.status, 200);
    assert!(sns(&server, "ListTopics", &[]).await.text().contains("<Topics></Topics>"));
}

#[tokio::test]
async fn what_a_topic_cannot_do_is_refused_with_a_sentence() {
    let server = Server::start();
    let check = async |action: &str, members: &[(&str, &str)], status: u16, expected: &str| {
        let answer = sns(&server, action, members).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(expected), "{}", answer.text());
    };
    check(
        "Publish",
        &[("TopicArn", ARN), ("Message", "x")],
        404,
        "<Code>NotFound</Code><Message>Topic does not exist",
    )
    .await;
    check("GetTopicAttributes", &[("TopicArn", "pages")], 400, "<Code>InvalidParameter</Code>").await;
    assert_eq!(sns(&server, "CreateTopic", &[("Name", "pages")]).await.status, 200);
    let sms = [("TopicArn", ARN), ("Protocol", "sms"), ("Endpoint", "+1")];
    check("Subscribe", &sms, 400, "http, https and email").await;
    let mismatch = [("TopicArn", ARN), ("Protocol", "https"), ("Endpoint", "http://x/")];
    check("Subscribe", &mismatch, 400, "match the specified protocol").await;
    let policy = [("TopicArn", ARN), ("AttributeName", "Policy"), ("AttributeValue", "{}")];
    check("SetTopicAttributes", &policy, 400, "has a DisplayName alone").await;
    check("ConfirmSubscription", &[("TopicArn", ARN), ("Token", "guessed")], 400, "Invalid parameter: Token")
        .await;
    check("CreatePlatformApplication", &[], 404, "Fluoro has no such operation of SNS").await;
    check("CreateTopic", &[("Name", "no spaces")], 400, "<Code>InvalidParameter</Code>").await;
    let link = server.get("/sns/confirm?SubscriptionArn=arn:aws:sns:a:b:pages:1&Token=x").await;
    assert_eq!(link.status, 404);
}
