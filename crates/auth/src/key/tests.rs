//! Keys through the file: made, read by a server, changed under it, revoked.

use std::fs;
use std::path::Path;

use http::{HeaderMap, HeaderValue};
use model::Micros;
use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp(1_440_938_160_000_000);

struct Store {
    directory: TempDir,
    file: KeyFile,
}

impl Store {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::new(directory.path().join("keys.json"));
        Self { directory, file }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path("keys.json")).unwrap()
    }

    fn create(&self, kind: Kind, name: &str) -> NewKey {
        self.file.create(kind, name, Policy::daemon(), NOW).unwrap()
    }

    fn open(&self) -> Keys {
        Keys::open(self.path("keys.json")).unwrap()
    }
}

/// Whether these keys know the id, by a claim that is otherwise whole.
fn knows(keys: &Keys, id: &str, more: &[(&'static str, &'static str)]) -> bool {
    let mut headers = HeaderMap::new();
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={id}/20150830/us-east-1/xray/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
    );
    headers.insert("authorization", HeaderValue::from_str(&authorization).unwrap());
    headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
    for (name, value) in more {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    let head = Head { method: "POST", path: "/Groups", query: "", headers: &headers };
    match keys.claim(&head, NOW) {
        Ok(claimed) => {
            assert_eq!(claimed.verify(&head, b""), Err(Refusal::mismatch()));
            true
        }
        Err(refusal) => {
            assert_eq!(refusal, Refusal::UnknownKey);
            false
        }
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::mode(&fs::metadata(path).unwrap()) & 0o777
}

#[test]
fn a_server_knows_the_keys_of_its_file() {
    let store = Store::new();
    let (daemon, person) = (store.create(Kind::AccessKey, "nodes"), store.create(Kind::ConsoleToken, "ana"));
    let keys = store.open();
    assert_eq!(keys.count(), 2);
    assert!(knows(&keys, &daemon.key.id, &[]));
    assert!(!knows(&keys, &person.key.id, &[]));
    assert!(!knows(&keys, "AKIDEXAMPLE", &[]));
    assert_eq!(*keys.by_token(person.secret.reveal(), NOW).unwrap(), person.key);
    assert_eq!(keys.by_token(daemon.secret.reveal(), NOW), Err(Refusal::UnknownKey));
    assert_eq!(store.file.list().unwrap(), [daemon.key, person.key]);
}

#[test]
fn a_session_token_makes_a_key_unknown() {
    let store = Store::new();
    let id = store.create(Kind::AccessKey, "nodes").key.id;
    assert!(!knows(&store.open(), &id, &[("x-amz-security-token", "left over from AWS")]));
}

#[test]
fn the_file_of_keys_tells_no_secret() {
    let store = Store::new();
    let made = [store.create(Kind::AccessKey, "nodes"), store.create(Kind::ConsoleToken, "ana")];
    for new in &made {
        assert!(!store.text().contains(new.secret.reveal()));
        assert!(!format!("{new:?} {:?}", store.open()).contains(new.secret.reveal()));
    }
}

#[test]
fn a_secret_opens_under_its_own_id_and_seal_alone() {
    let store = Store::new();
    let [one, other] = ["one", "other"].map(|name| store.create(Kind::AccessKey, name).key.id);
    let check = |store: &Store| {
        let error = Keys::open(store.path("keys.json")).unwrap_err().to_string();
        assert!(error.contains("does not open with"), "{error}");
    };
    let swapped =
        store.text().replace(&one, "X").replace(&other, &one).replace("\"X\"", &format!("\"{other}\""));
    fs::write(store.path("keys.json"), swapped).unwrap();
    check(&store);

    let foreign = Store::new();
    foreign.create(Kind::AccessKey, "one");
    fs::copy(store.path("keys.json.seal"), foreign.path("keys.json.seal")).unwrap();
    check(&foreign);
}

#[test]
#[cfg(unix)]
fn files_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let store = Store::new();
    store.create(Kind::AccessKey, "nodes");
    for name in ["keys.json", "keys.json.seal"] {
        let path = store.path(name);
        assert_eq!(mode(&path), 0o600);
        for exposed in [0o640, 0o604, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(exposed)).unwrap();
            let error = Keys::open(store.path("keys.json")).unwrap_err();
            assert!(matches!(error, KeyFileError::Exposed { .. }), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    store.open();
}

#[test]
fn a_running_server_sees_new_and_revoked_keys() {
    let store = Store::new();
    let keys = store.open();
    assert_eq!((keys.count(), keys.reload().unwrap()), (0, false));
    let made = store.create(Kind::AccessKey, "nodes");
    assert!(!knows(&keys, &made.key.id, &[]));
    assert!(keys.reload().unwrap());
    assert!(knows(&keys, &made.key.id, &[]));
    assert!(!keys.reload().unwrap());
    assert_eq!(store.file.revoke(&made.key.id).unwrap(), made.key);
    assert!(keys.reload().unwrap());
    assert!(!knows(&keys, &made.key.id, &[]));
    assert!(matches!(store.file.revoke(&made.key.id), Err(KeyFileError::NoSuchKey(_))));
}

#[test]
fn a_broken_file_leaves_the_keys_as_they_were() {
    let store = Store::new();
    let id = store.create(Kind::AccessKey, "nodes").key.id;
    let keys = store.open();
    let good = store.text();
    for broken in [
        "",
        "{",
        r#"{ "version": 2, "keys": [] }"#,
        &good.replace("\"policy\"", "\"polizy\""),
        &good.replace("xray:PutTraceSegments\"", "xray:PutTraceSegments\", 7"),
        &good.replace("\"Resource\": \"*\"", "\"Resource\": \"arn:x\""),
    ] {
        fs::write(store.path("keys.json"), broken).unwrap();
        let error = keys.reload().unwrap_err();
        assert!(matches!(error, KeyFileError::Malformed { .. }), "{error}");
        assert!(knows(&keys, &id, &[]));
    }
}

#[test]
fn without_its_seal_a_file_of_keys_is_not_written_to() {
    let store = Store::new();
    let made = store.create(Kind::AccessKey, "nodes");
    fs::remove_file(store.path("keys.json.seal")).unwrap();
    let outcome = store.file.create(Kind::AccessKey, "more", Policy::daemon(), NOW);
    assert!(outcome.unwrap_err().to_string().contains("is missing"));
    assert!(store.text().contains(&made.key.id));
}

#[test]
fn names_are_those_of_iam_users() {
    let store = Store::new();
    let check = |name: &str, good: bool| {
        let outcome = store.file.create(Kind::AccessKey, name, Policy::daemon(), NOW);
        assert_eq!(!matches!(outcome, Err(KeyFileError::BadName)), good, "{name}");
    };
    check("k8s-nodes_1@eu.west+a=b,c", true);
    check(&"n".repeat(64), true);
    for bad in ["", "a b", "a/b", "ü", "a\n", &"n".repeat(65)] {
        check(bad, false);
    }
}

#[test]
fn a_session_stands_for_its_key_until_it_expires_or_the_key_is_revoked() {
    let store = Store::new();
    let new = store.create(Kind::ConsoleToken, "ana");
    let keys = store.open();
    let session = keys.session(&new.key, NOW).unwrap();
    let holder = |session: &str, now| keys.by_session(session, now).ok().map(|key| key.name.clone());
    let later = NOW.plus(session::LIFETIME);
    assert_eq!(holder(&session, later.minus(Micros::from_secs(1))), Some("ana".to_owned()));
    assert_eq!(holder(&session, later), None);
    let (claim, signature) = session.rsplit_once('.').unwrap();
    let longer = format!("{}9.{signature}", claim);
    for forged in ["", "..", claim, &longer, &format!("{session}0"), &session.replace("FLUO", "FLU0")] {
        assert_eq!(holder(forged, NOW), None, "{forged}");
    }
    store.file.revoke(&new.key.id).unwrap();
    keys.reload().unwrap();
    assert_eq!(keys.by_session(&session, NOW), Err(Refusal::Missing));
}

#[test]
fn a_session_of_another_server_is_none() {
    let [one, other] = [Store::new(), Store::new()];
    let new = one.create(Kind::ConsoleToken, "ana");
    other.create(Kind::ConsoleToken, "ana");
    let session = one.open().session(&new.key, NOW).unwrap();
    assert_eq!(other.open().by_session(&session, NOW), Err(Refusal::Missing));
}

#[test]
fn keys_made_at_once_are_all_kept() {
    let store = Store::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| store.create(Kind::AccessKey, "nodes"));
        }
    });
    assert_eq!(store.file.list().unwrap().len(), 8);
}

#[test]
fn a_key_that_has_expired_says_so() {
    let store = Store::new();
    let end = NOW.plus(Micros::from_secs(60));
    let make = |kind| store.file.create_until(kind, "ana", Policy::daemon(), NOW, Some(end)).unwrap();
    let (person, daemon) = (make(Kind::ConsoleToken), make(Kind::AccessKey));
    let keys = store.open();
    let token = person.secret.reveal();
    let session = keys.session(&person.key, NOW).unwrap();
    assert_eq!(keys.by_token(token, NOW).unwrap().expires_at, Some(end));
    let expired = Refusal::Expired(format!(
        "The key {} of ana expired at 2015-08-30T12:37:00Z; ask for a new one.",
        person.key.id
    ));
    assert_eq!(keys.by_token(token, end), Err(expired.clone()));
    assert_eq!(keys.by_session(&session, end), Err(expired));
    assert!(knows(&keys, &daemon.key.id, &[]));
    assert!(matches!(
        store.file.create_until(Kind::AccessKey, "late", Policy::daemon(), NOW, Some(NOW)),
        Err(KeyFileError::Past)
    ));
}

#[test]
fn when_a_key_was_used_is_kept_to_the_minute() {
    let store = Store::new();
    let [used, idle] = ["nodes", "idle"].map(|name| store.create(Kind::AccessKey, name).key);
    let keys = store.open();
    let minute = NOW.minute().start();
    let told = |list: Vec<Key>| list.iter().map(|key| key.used_at).collect::<Vec<_>>();
    keys.used(&used, NOW.plus(Micros::from_secs(1)));
    assert_eq!(told(keys.list().unwrap()), [Some(minute), None]);
    assert_eq!(told(store.file.list().unwrap()), [None, None], "it is not written yet");
    keys.keep_uses(NOW).unwrap();
    assert_eq!(told(store.file.list().unwrap()), [Some(minute), None]);
    let later = NOW.plus(Micros::from_secs(59));
    keys.used(&idle, later);
    keys.keep_uses(later).unwrap();
    assert_eq!(told(store.file.list().unwrap()), [Some(minute), None], "once a minute at most");
    store.file.revoke(&used.id).unwrap();
    keys.reload().unwrap();
    keys.keep_uses(NOW.plus(Micros::from_secs(60))).unwrap();
    let text = fs::read_to_string(store.path("keys.json.used")).unwrap();
    assert!(text.contains(&idle.id) && !text.contains(&used.id), "{text}");
    fs::write(store.path("keys.json.used"), "no JSON").unwrap();
    assert_eq!(told(store.file.list().unwrap()), [None], "nothing depends on it");
}
