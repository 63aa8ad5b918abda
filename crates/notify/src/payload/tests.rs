//! Each body as it goes out, for what opens and what ends; and what hostile text becomes.

use alert::Notice;
use alert::notice::{Kind, Status};
use insta::assert_json_snapshot;
use serde_json::Value;

use super::*;
use crate::sample::{alarm, insight, test_notice};

const PLACE: eventbridge::Place<'static> =
    eventbridge::Place { account: "000000000000", region: "us-east-1" };

fn endpoint(is_raw: bool) -> sns::Endpoint<'static> {
    sns::Endpoint {
        url: "http://127.0.0.1:9/",
        topic_arn: "arn:aws:sns:us-east-1:000000000000:pages",
        subscription_arn: "arn:aws:sns:us-east-1:000000000000:pages:0190163d",
        is_raw,
        unsubscribe_url: Some("http://127.0.0.1:2000/sns/unsubscribe?x".to_owned()),
    }
}

/// Every body of a notice, by the kind of the notifier.
fn bodies(notice: &Notice) -> Value {
    let message = Message::sample(notice);
    let mail = email::content(&message);
    let parsed = |post: HttpMessage| serde_json::from_slice::<Value>(&post.body).unwrap();
    serde_json::json!({
        "webhook": webhook::body(&message),
        "webhook as alertmanager": webhook::alertmanager_body(&message, "hook"),
        "alertmanager": alertmanager::alert(&message),
        "slack": slack::body(&message),
        "teams": teams::body(&message),
        "pagerduty": pagerduty::body(&message, "0123456789abcdef0123456789abcdef"),
        "eventbridge": eventbridge::body(&message, PLACE),
        "sns": parsed(sns::notification(&message, &endpoint(false))),
        "sns raw": String::from_utf8(sns::notification(&message, &endpoint(true)).body).unwrap(),
        "email": {"subject": mail.subject, "text": mail.text, "html": mail.html, "id": mail.message_id, "thread": mail.thread},
    })
}

#[test]
fn an_insight_that_opens() {
    assert_json_snapshot!(bodies(&insight(Status::Firing)));
}

#[test]
fn an_insight_that_is_over() {
    assert_json_snapshot!(bodies(&insight(Status::Resolved)));
}

#[test]
fn an_alarm() {
    assert_json_snapshot!(bodies(&alarm(Status::Firing)));
}

#[test]
fn an_alarm_that_is_ok() {
    assert_json_snapshot!(bodies(&alarm(Status::Resolved)));
}

#[test]
fn mails_of_one_thing_are_one_thread_and_no_two_have_one_id() {
    let (open, over) = (insight(Status::Firing), insight(Status::Resolved));
    let opened = email::content(&Message::sample(&open));
    let closed = email::content(&Message { id: "another", ..Message::sample(&over) });
    assert_eq!(opened.thread, closed.thread);
    assert_ne!(opened.message_id, closed.message_id);
    assert_ne!(opened.thread, email::content(&Message::sample(&alarm(Status::Firing))).thread);
    let mail = email::mail(&opened, "Fluoro <fluoro@example.com>", &["a@example.com".to_owned()]).unwrap();
    let text = String::from_utf8(mail.formatted()).unwrap();
    assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
    assert!(text.contains(&format!("References: {}\r\n", opened.thread)), "{text}");
}

/// What an attacker would send, in every member that telemetry reaches.
fn hostile(text: &str) -> Notice {
    let mut notice = insight(Status::Firing);
    for member in [&mut notice.title, &mut notice.summary] {
        text.clone_into(member);
    }
    for member in [&mut notice.exception, &mut notice.version, &mut notice.group] {
        *member = Some(text.to_owned());
    }
    if let Some(root) = &mut notice.root {
        text.clone_into(&mut root.name);
    }
    notice
}

#[test]
fn hostile_text_stays_text_everywhere() {
    let notice = hostile(
        "<script>alert(1)</script> <!channel> @here [x](http://evil) \r\nBcc: victim@example.com\u{202e}\u{0}",
    );
    let message = Message::sample(&notice);
    let slack = slack::body(&message);
    let mrkdwn = slack["blocks"].as_array().unwrap().iter().filter(|block| block["type"] != "header");
    for block in mrkdwn.chain([&slack["text"]]) {
        let text = block.to_string();
        assert!(!text.contains("<!channel>") && !text.contains("<script>"), "{text}");
    }
    assert_eq!(slack["blocks"][0]["text"]["type"], "plain_text");

    let teams = teams::body(&message).to_string();
    assert!(!teams.contains("\"TextBlock\"") && !teams.contains("\"Fact"), "Markdown would be read there");

    let mail = email::content(&message);
    assert!(!mail.html.contains("<script>"), "{}", mail.html);
    assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
    let sent = email::mail(&mail, "f@example.com", &["a@example.com".to_owned()]).unwrap();
    assert_eq!(sent.envelope().to().len(), 1);
    let head = String::from_utf8(sent.formatted()).unwrap();
    let head = head.split("\r\n\r\n").next().unwrap().to_owned();
    assert!(!head.contains("\r\nBcc:"), "{head}");

    let all = bodies(&notice).to_string();
    assert!(!all.contains('\u{202e}') && !all.contains("\\u0000"));
}

#[test]
fn a_megabyte_of_text_is_bounded_everywhere() {
    let notice = hostile(&"ü".repeat(1 << 20)).bounded();
    let message = Message::sample(&notice);
    assert!(bodies(&notice).to_string().len() < 64 * 1024);
    assert!(teams::body(&message).to_string().len() < 28 * 1024);
    for block in slack::body(&message)["blocks"].as_array().unwrap() {
        let text = block["text"]["text"].as_str().unwrap_or_default();
        assert!(text.chars().count() <= if block["type"] == "header" { 150 } else { 3_000 });
    }
    let summary = pagerduty::body(&message, "k")["payload"]["summary"].as_str().unwrap().chars().count();
    assert!(summary <= 1_024);
}

#[test]
fn a_digest_names_what_it_tells_of() {
    let notices: Vec<Notice> = (0..30).map(|_| alarm(Status::Firing)).collect();
    let message = Message { more: &notices, ..Message::sample(&notices[0]) };
    assert_eq!(webhook::body(&message)["kind"], "digest");
    assert_eq!(webhook::body(&message)["notices"].as_array().unwrap().len(), 30);
    assert!(slack::body(&message).to_string().contains("… and 18 more"));
    assert!(email::content(&message).html.contains("<li>Firing: ALARM: &quot;checkout faults&quot;"));
}

#[test]
fn a_test_says_that_it_is_one() {
    let notice = test_notice(crate::sample::WHEN);
    let message = Message::sample(&notice);
    assert_eq!(email::content(&message).subject, "[Test] Test of this notifier");
    assert!(slack::body(&message)["text"].as_str().unwrap().starts_with("Test: "));
}

#[test]
fn no_message_of_sns_has_a_signature() {
    let notice = alarm(Status::Firing);
    let message = Message::sample(&notice);
    let posts = [
        sns::notification(&message, &endpoint(false)),
        sns::confirmation(&message, &endpoint(false), "token", "http://127.0.0.1:2000/sns/confirm?x"),
    ];
    for post in posts {
        let body: Value = serde_json::from_slice(&post.body).unwrap();
        assert!(body.get("Signature").is_none() && body.get("SigningCertURL").is_none());
    }
}

#[test]
fn what_was_published_goes_out_as_it_was() {
    let mut notice = Notice::new(Kind::Message, Status::Firing, "message/1", crate::sample::WHEN);
    notice.title = "Subject".to_owned();
    notice.documents.message = Value::String("line 1\nline <2>\u{7}".to_owned());
    let message = Message::sample(&notice);
    assert_eq!(sns::notification(&message, &endpoint(true)).body, "line 1\nline <2>\u{7}".as_bytes());
    let mail = email::content(&message);
    assert_eq!(
        (mail.subject.as_str(), mail.html.as_str()),
        ("Subject", "<pre>line 1\nline &lt;2&gt;\u{7}</pre>")
    );
}
