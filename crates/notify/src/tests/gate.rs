//! The gate to the outside, against what a stranger would make it call.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::receiver::Receiver;
use crate::address::Policy;
use crate::payload::HttpMessage;
use crate::send::{Answer, Fate, Names, Sender};

fn message(url: &str) -> HttpMessage {
    HttpMessage { url: url.to_owned(), headers: Vec::new(), body: b"{}".to_vec() }
}

async fn post(names: Names, loopback: bool, url: &str) -> Answer {
    let policy = Policy { loopback, ..Policy::default() };
    Sender::new(policy, names).unwrap().post(&message(url)).await
}

async fn blocked(names: Names, url: &str) {
    let answer = post(names, true, url).await;
    assert_eq!((answer.fate, answer.status), (Fate::Refused, None), "{url}: {answer:?}");
    assert!(answer.text.contains("is not called"), "{url}: {}", answer.text);
}

/// As the system resolves them, decimal, octal and hexadecimal forms included.
#[tokio::test]
async fn no_way_of_writing_it_reaches_the_metadata_of_a_cloud() {
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "0.0.0.0",
        "0",
        "[::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
    ] {
        blocked(Names::System, &format!("http://{host}/latest/meta-data/")).await;
    }
}

#[tokio::test]
async fn a_name_with_one_bad_address_is_not_called_at_all() {
    let receiver = Receiver::start().await;
    let port = receiver.url.rsplit(':').next().unwrap().to_owned();
    let addresses =
        |list: &[&str]| list.iter().map(|address| address.parse().unwrap()).collect::<Vec<IpAddr>>();
    let table = HashMap::from([
        ("both.test".to_owned(), addresses(&["127.0.0.1", "169.254.169.254"])),
        ("good.test".to_owned(), addresses(&["127.0.0.1"])),
    ]);
    let names = Names::Table(Arc::new(table));
    blocked(names.clone(), &format!("http://both.test:{port}/")).await;
    assert_eq!(receiver.take().len(), 0);
    // The name goes into the head; nobody resolves it a second time, for the system does not know it.
    let answer = post(names, true, &format!("http://good.test:{port}/")).await;
    assert_eq!(answer.fate, Fate::Delivered);
    assert_eq!(receiver.take()[0].header("host"), format!("good.test:{port}"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let receiver = Receiver::start().await;
    receiver.answer_next(302, None);
    let answer = post(Names::System, true, &receiver.url).await;
    assert_eq!((answer.fate, answer.status), (Fate::Refused, Some(302)));
    assert!(answer.text.contains("redirects are not followed"));
}

#[tokio::test]
async fn a_server_that_others_reach_does_not_call_itself() {
    let receiver = Receiver::start().await;
    let answer = post(Names::System, false, &receiver.url).await;
    assert_eq!(answer.fate, Fate::Refused);
    assert!(answer.text.ends_with("allow it with --notify-allow"), "{}", answer.text);
    assert_eq!(receiver.take().len(), 0);
}

#[tokio::test]
async fn what_may_go_better_later_is_told_from_what_does_not() {
    let receiver = Receiver::start().await;
    for (status, refused) in [
        (400, true),
        (401, true),
        (404, true),
        (410, true),
        (408, false),
        (409, false),
        (425, false),
        (429, false),
        (500, false),
        (503, false),
    ] {
        receiver.answer_next(status, None);
        let answer = post(Names::System, true, &receiver.url).await;
        assert_eq!(answer.fate == Fate::Refused, refused, "{status}");
        assert_eq!(answer.text, "ok, thank you");
    }
    let nobody = post(Names::System, true, "http://name.invalid/").await;
    assert_eq!(nobody.fate, Fate::Failed { retry_after: None });
}
