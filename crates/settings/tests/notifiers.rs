//! Notifiers and subscriptions survive a restart; secrets are not in the file, and open with the seal alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use model::Timestamp;
use serde_json::{Map, json};
use settings::{Account, NewNotifier, Protocol, Settings};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const SECRET: &str = "https://hooks.example/T000/B000/verysecret";

fn open(directory: &Path) -> Settings {
    let account = Account { id: "000000000000".to_owned(), region: "us-east-1".to_owned() };
    Settings::open(directory, account).unwrap()
}

fn chat(name: &str) -> NewNotifier {
    let mut body = Map::new();
    body.insert("insights".to_owned(), json!(true));
    NewNotifier {
        name: name.to_owned(),
        kind: "slack".to_owned(),
        body,
        secrets: BTreeMap::from([("url".to_owned(), SECRET.to_owned())]),
        kept: Vec::new(),
    }
}

#[test]
fn a_secret_is_nowhere_in_the_open_and_opens_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let record = open(directory.path()).create_notifier(chat("chat"), NOW).unwrap();
    assert!(!format!("{record:?}{:?}", chat("chat")).contains("verysecret"));
    for entry in fs::read_dir(directory.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(10).any(|window| window == b"verysecret"));
    }

    let settings = open(directory.path());
    let again = settings.snapshot().notifiers["chat"].clone();
    assert_eq!(again, record);
    assert_eq!(settings.secrets(&again).unwrap()["url"], SECRET);

    fs::remove_file(directory.path().join("settings.db.seal")).unwrap();
    let error = open(directory.path()).secrets(&again).unwrap_err().to_string();
    assert_eq!(error, "url of the notifier chat does not open with settings.db.seal; set it again");
}

#[test]
fn an_update_keeps_the_secrets_that_it_names_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let settings = open(directory.path());
    settings.create_notifier(chat("chat"), NOW).unwrap();
    assert!(settings.create_notifier(chat("chat"), NOW).is_err());
    assert!(settings.create_notifier(chat("no spaces"), NOW).is_err());

    let kept = NewNotifier { secrets: BTreeMap::new(), kept: vec!["url".to_owned()], ..chat("chat") };
    let record = settings.update_notifier(kept, NOW).unwrap();
    assert_eq!(settings.secrets(&record).unwrap()["url"], SECRET);

    let without = NewNotifier { secrets: BTreeMap::new(), ..chat("chat") };
    let record = settings.update_notifier(without, NOW).unwrap();
    assert_eq!(settings.secrets(&record).unwrap(), BTreeMap::new());
    assert!(settings.update_notifier(chat("other"), NOW).is_err());
}

#[test]
fn subscriptions_are_made_once_confirmed_once_and_go_with_their_topic() {
    let directory = tempfile::tempdir().unwrap();
    let settings = open(directory.path());
    let subscribe =
        |settings: &Settings| settings.subscribe("pages", Protocol::Http, "http://127.0.0.1:9/", false, NOW);
    assert!(subscribe(&settings).is_err());
    settings.create_notifier(NewNotifier { kind: "topic".to_owned(), ..chat("pages") }, NOW).unwrap();
    let (subscription, is_new) = subscribe(&settings).unwrap();
    assert!(is_new);
    assert_eq!(subscribe(&settings).unwrap(), (subscription.clone(), false));
    let confirmed = settings.confirm_subscription(&subscription.id, NOW).unwrap();
    assert_eq!(confirmed.confirmed, Some(NOW));
    let later = settings.confirm_subscription(&subscription.id, Timestamp(NOW.0 + 1)).unwrap();
    assert_eq!(later.confirmed, Some(NOW));

    let again = open(directory.path());
    assert_eq!(again.snapshot().subscriptions[&subscription.id], later);
    again.delete_notifier("pages").unwrap();
    assert!(again.snapshot().subscriptions.is_empty());
    assert!(open(directory.path()).snapshot().subscriptions.is_empty());
}
