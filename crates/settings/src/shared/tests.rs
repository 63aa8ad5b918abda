//! Several processes with one PostgreSQL: a change is made once, seen by all, and survives what happens to the connection.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use model::{Timestamp, group};
use sampling::SamplingRule;

use super::testing::{database, order, server};
use super::*;
use crate::alerts::Batch;
use crate::error::{AlertsError, SettingsError};
use crate::log_link::LogLinkRule;
use crate::rule::MAX_RULES;
use crate::sql::values;
use crate::{Destination, InsightsUpdate, LogLinks, Named, SavedView, Tags};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
/// Far more than anything takes; a test that runs into it has failed.
const LONG: Duration = Duration::from_secs(30);

fn account() -> Account {
    Account { id: "123456789012".to_owned(), region: "eu-west-1".to_owned() }
}

pub(crate) fn open(url: &str) -> Shared {
    Shared::open(url, account()).unwrap()
}

fn refused(url: &str) -> String {
    Shared::open(url, account()).unwrap_err().to_string()
}

fn rule(name: &str) -> SamplingRule {
    let default = SamplingRule::default_rule("eu-west-1", "123456789012");
    SamplingRule { name: name.to_owned(), ..default }
}

fn create(shared: &Shared, name: &str) -> Result<(), SettingsError> {
    shared.settings.create_rule(rule(name), Tags::new(), NOW).map(drop)
}

/// Waits until it is so, and gives how long that took.
fn until(what: &str, is_so: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
    began.elapsed()
}

#[test]
fn a_change_is_seen_by_others_within_a_second_and_after_a_restart() {
    let url = database();
    let [one, other] = [open(&url), open(&url)];
    create(&one, "cats").unwrap();
    let took = until("a rule is seen", || other.settings.snapshot().rules.contains_key("cats"));
    assert!(took < Duration::from_secs(1), "{took:?}");
    let insights = InsightsUpdate { insights_enabled: Some(true), notifications_enabled: Some(false) };
    other.settings.create_group("shop", "fault".to_owned(), insights, Tags::new()).unwrap();
    other.settings.set_destination(Destination::CloudWatchLogs, NOW).unwrap();
    other.settings.put_policy("p", POLICY.to_owned(), None, false, NOW).unwrap();
    other.settings.update_group(&Named::Name(group::DEFAULT.to_owned()), None, insights, NOW).unwrap();
    // A change is made over what others have changed, whether or not this process has heard of it.
    one.settings.delete_rule(&Named::Name("cats".to_owned()), NOW).unwrap();
    assert_eq!(one.settings.snapshot().groups.len(), 2);
    until("both are alike", || one.settings.snapshot() == other.settings.snapshot());
    let before = one.settings.snapshot();
    drop((one, other));
    assert_eq!(open(&url).settings.snapshot(), before);
}

#[test]
fn links_to_logs_and_views_are_seen_by_others() {
    let url = database();
    let [one, other] = [open(&url), open(&url)];
    let links = |url: &str| {
        let rule = |title: &str| {
            let (service, title) = ("*".to_owned(), title.to_owned());
            LogLinkRule { service, title, url: url.to_owned() }
        };
        LogLinks::read(vec![rule("second by name"), rule("first by name")]).unwrap()
    };
    one.settings.set_log_links(links("https://logs.example/{trace_id}"), Some(0)).unwrap();
    let view = |name: &str| SavedView {
        name: name.to_owned(),
        page: "/traces".to_owned(),
        query: "filter=fault".to_owned(),
        saved: NOW,
    };
    one.settings.save_view(view("late"), false).unwrap();
    one.settings.save_view(view("early"), false).unwrap();
    until("they are seen", || other.settings.snapshot().views.len() == 2);
    // Who has seen an older list, or none, does not take away what another process has written.
    let late = other.settings.set_log_links(links("https://else.example/"), Some(0)).unwrap_err();
    assert!(matches!(late, SettingsError::Revision(_)), "{late}");
    let again = other.settings.save_view(view("late"), false).unwrap_err();
    assert!(again.to_string().contains("there is a view late already"), "{again}");
    other.settings.delete_view("early").unwrap();
    assert_eq!(one.settings.delete_view("early").unwrap_err().to_string(), "Resource view early not found");
    until("both are alike", || one.settings.snapshot() == other.settings.snapshot());
    let before = one.settings.snapshot();
    assert_eq!(before.log_links.links.as_slice()[0].title, "second by name");
    drop((one, other));
    assert_eq!(open(&url).settings.snapshot(), before);
}

#[test]
fn tables_of_the_version_before_are_brought_on_by_whoever_comes_first() {
    let url = database();
    let old = open(&url);
    create(&old, "kept").unwrap();
    let later = ["log_links", "views", "fluoro_retrieval"].map(|table| format!("DROP TABLE {table}"));
    for sql in later.iter().map(String::as_str).chain(["UPDATE fluoro_settings SET version = 1"]) {
        order(&url, sql);
    }
    let opened: Vec<Shared> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&url))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for shared in &opened {
        assert!(shared.settings.snapshot().rules.contains_key("kept"));
    }
    opened[3].settings.set_log_links(LogLinks::default(), Some(0)).unwrap();
    // One of the version before goes on beside them.
    create(&old, "beside").unwrap();
    until("it is seen", || opened[0].settings.snapshot().rules.contains_key("beside"));
}

const POLICY: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"xray:*"}]}"#;

#[test]
fn limits_hold_for_all_processes_together() {
    let url = database();
    let processes = [open(&url), open(&url)];
    let made: usize = thread::scope(|scope| {
        let threads: Vec<_> = processes
            .iter()
            .enumerate()
            .map(|(number, shared)| {
                let make = move || {
                    let names = (0..MAX_RULES).map(|rule| format!("{number}-{rule}"));
                    names.filter(|name| create(shared, name).is_ok()).count()
                };
                scope.spawn(make)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(made, MAX_RULES);
    // The default rule does not count.
    assert_eq!(open(&url).settings.snapshot().rules.len(), MAX_RULES + 1);
}

#[test]
fn secrets_open_in_every_process() {
    let url = database();
    let [one, other] = [open(&url), open(&url)];
    assert_eq!(one.settings.token("confirm/7").unwrap(), other.settings.token("confirm/7").unwrap());
    let elsewhere = open(&database());
    assert_ne!(one.settings.token("confirm/7").unwrap(), elsewhere.settings.token("confirm/7").unwrap());
}

#[test]
fn what_is_set_up_in_a_directory_is_taken_over_with_its_secrets_once() {
    let directory = tempfile::tempdir().unwrap();
    let old = Settings::open(directory.path(), account()).unwrap();
    old.create_rule(rule("cats"), Tags::from([("team".to_owned(), "pets".to_owned())]), NOW).unwrap();
    let notifier = crate::NewNotifier {
        name: "chat".to_owned(),
        kind: "slack".to_owned(),
        body: serde_json::Map::new(),
        secrets: std::collections::BTreeMap::from([("url".to_owned(), "https://secret".to_owned())]),
        kept: Vec::new(),
    };
    old.create_notifier(notifier, NOW).unwrap();
    let url = database();
    let running = open(&url);
    let alone = Shared::settings_alone(&url, account()).unwrap();
    alone.take_over(&old).unwrap();
    let heard = || running.settings.snapshot();
    until("servers hear of it", || heard().rules.contains_key("cats"));
    let (mut here, mut there) = ((*heard()).clone(), (*old.snapshot()).clone());
    assert_eq!(running.settings.secrets(&here.notifiers["chat"]).unwrap()["url"], "https://secret");
    // All else is the same; the seal is another.
    for snapshot in [&mut here, &mut there] {
        snapshot.notifiers.get_mut("chat").unwrap().sealed.clear();
    }
    assert_eq!(here, there);
    let again = alone.take_over(&old).unwrap_err().to_string();
    assert!(again.contains("something is set up there already"), "{again}");
}

#[test]
fn one_process_is_on_duty_and_another_follows_it() {
    let url = database();
    let one = open(&url);
    until("somebody is on duty", || one.alerts.duty().borrow().is_some());
    let turn = one.alerts.duty().borrow().unwrap();
    let other = open(&url);
    let written = |shared: &Shared, turn| {
        let marks = vec![("m".to_owned(), Some(serde_json::json!(turn)))];
        shared.alerts.on_duty(turn).commit(&Batch { marks, ..Batch::default() }, NOW)
    };
    written(&one, turn).unwrap();
    assert!(matches!(written(&other, turn), Err(AlertsError::OffDuty)));
    // As if it had not been heard of for long, and did not know.
    let began = Instant::now();
    let connection = Connection::new(Postgres::new(&url, LOCK, PATIENCE).unwrap());
    let sql = "UPDATE fluoro_duty SET owner = 'nobody', until = now()";
    connection.execute(sql, values![]).unwrap();
    let taken = |shared: &Shared| shared.alerts.duty().borrow().filter(|now| *now != turn);
    until("somebody takes over", || taken(&one).or(taken(&other)).is_some());
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(matches!(written(&one, turn), Err(AlertsError::OffDuty)));
    let next = taken(&one).or(taken(&other)).unwrap();
    let [mine, yours] = [written(&one, next), written(&other, next)].map(|result| result.is_ok());
    assert!(mine != yours, "one of them writes");
    assert_eq!(other.alerts.mark("m").unwrap(), Some(serde_json::json!(next)));
}

#[test]
fn who_leaves_lets_another_one_go_on_at_once() {
    let url = database();
    let one = open(&url);
    until("it is on duty", || one.alerts.duty().borrow().is_some());
    let other = open(&url);
    one.alerts.leave_duty().unwrap();
    let took = until("the other is", || other.alerts.duty().borrow().is_some());
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(*one.alerts.duty().borrow(), None);
}

#[test]
fn states_that_another_process_wrote_are_told_to_who_changes_them() {
    let url = database();
    let [one, other] = [open(&url), open(&url)];
    let state = |state: &str| vec![("cpu".to_owned(), Some(serde_json::json!(state)))];
    let change = |shared: &Shared, known, to: &str| {
        let mut told = None;
        let batch = Batch { alarm_states: state(to), ..Batch::default() };
        let number = shared.alerts.change::<AlertsError>(known, NOW, |before| {
            told = before.states.as_ref().map(|states| states["cpu"].clone());
            Ok(batch)
        });
        (number.unwrap(), told)
    };
    let (begun, _) = one.alerts.states().unwrap();
    let (first, told) = change(&one, begun, "OK");
    assert_eq!(told, None);
    let (second, told) = change(&other, first, "ALARM");
    assert_eq!((second, told), (first + 1, None));
    let (_, told) = change(&one, first, "OK");
    assert_eq!(told, Some(serde_json::json!("ALARM")));
    until("the other hears of it", || other.alerts.states_known() > second);
}

#[test]
fn reading_goes_on_while_postgres_is_away_and_changes_say_so() {
    let url = database();
    let proxy = Proxy::before(&url);
    let one = open(&proxy.url);
    create(&one, "before").unwrap();
    let duty = one.alerts.duty();
    until("it is on duty", || duty.borrow().is_some());
    proxy.set_away(true);
    let error = create(&one, "meanwhile").unwrap_err();
    assert!(matches!(error, SettingsError::Away { .. }), "{error}");
    assert!(error.to_string().contains("try again"), "{error}");
    assert!(matches!(one.alerts.mark("m"), Err(AlertsError::Away(_))));
    assert!(one.settings.snapshot().rules.contains_key("before"));
    until("it steps down", || duty.borrow().is_none());
    proxy.set_away(false);
    until("it works again", || create(&one, "after").is_ok());
    until("it is on duty again", || duty.borrow().is_some());
    let rules = one.settings.snapshot();
    let rules: Vec<&str> = rules.rules.keys().map(String::as_str).collect();
    assert_eq!(rules, ["Default", "after", "before"]);
}

/// The connection breaks at any moment of a change, its commit included.
#[test]
fn a_change_whose_answer_is_lost_is_made_once_or_not_at_all() {
    let url = database();
    let proxy = Proxy::before(&url);
    let one = open(&proxy.url);
    let direct = open(&url);
    let (mut well, mut lost) = (0, 0);
    for bytes in (0..1_600).step_by(40) {
        let name = format!("r{bytes}");
        proxy.break_after(bytes);
        let made = create(&one, &name);
        proxy.break_after(usize::MAX);
        let is_there = || {
            let connection = Connection::new(Postgres::new(&url, LOCK, PATIENCE).unwrap());
            let sql = "SELECT count(*) FROM sampling_rules WHERE name = ?1";
            connection.one(sql, values![name], |row| row.get::<i64>(0)).unwrap() == 1
        };
        assert_eq!(made.is_ok(), is_there(), "after {bytes} bytes: {made:?}");
        (well, lost) = if made.is_ok() { (well + 1, lost) } else { (well, lost + 1) };
        if made.is_ok() {
            direct.settings.delete_rule(&Named::Name(name), NOW).unwrap();
        }
        until("it works again", || create(&one, "again").is_ok());
        one.settings.delete_rule(&Named::Name("again".to_owned()), NOW).unwrap();
    }
    assert!(well > 3 && lost > 3, "{well} changes were made and {lost} were not");
}

#[test]
fn what_cannot_work_is_told_with_its_remedy() {
    let url = database();
    drop(open(&url));
    order(&url, "UPDATE fluoro_settings SET version = 99");
    assert_eq!(
        refused(&url),
        "cannot use PostgreSQL: its tables are of version 99, and this version of Fluoro knows 3; use the newer version of Fluoro \
         that made them"
    );
    let foreign = database();
    order(&foreign, "CREATE TABLE orders (id int)");
    order(&foreign, "CREATE TABLE customers (id int)");
    let error = refused(&foreign);
    assert!(
        error.contains(
            "tables of something else: customers, orders; name in --settings a database of its own"
        ),
        "{error}"
    );
    let error = refused(&format!("{}/nowhere", server()));
    assert!(error.contains("\"nowhere\" does not exist; make that database"), "{error}");
    let error = refused("postgres://fluoro@127.0.0.1:1/fluoro");
    assert!(error.contains("refused") && error.contains("start PostgreSQL there"), "{error}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = refused(&format!("postgres://fluoro@{}/fluoro", silent.local_addr().unwrap()));
    assert!(error.contains("start PostgreSQL there"), "{error}");

    let name = format!("reader_{}", std::process::id());
    order(&url, &format!("CREATE ROLE {name} LOGIN"));
    let theirs = database();
    order(&theirs, "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let error = refused(&theirs.replace("://fluoro@", &format!("://{name}@")));
    assert!(
        error.contains("permission denied") && error.contains("let the user make tables there"),
        "{error}"
    );
}

/// Between Fluoro and PostgreSQL, to make bad weather.
struct Proxy {
    url: String,
    is_away: Arc<AtomicBool>,
    left: Arc<AtomicU32>,
}

impl Proxy {
    fn before(url: &str) -> Self {
        let (head, rest) = url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{head}@{}/{name}", listener.local_addr().unwrap());
        let (is_away, left) = (Arc::<AtomicBool>::default(), Arc::new(AtomicU32::new(u32::MAX)));
        let (server, away, room) = (server.to_owned(), Arc::clone(&is_away), Arc::clone(&left));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                if away.load(Ordering::SeqCst) {
                    continue;
                }
                let there = TcpStream::connect(&server).unwrap();
                for (from, to) in [(&client, &there), (&there, &client)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (away, room) = (Arc::clone(&away), Arc::clone(&room));
                    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
                    thread::spawn(move || carry(&mut from, &mut to, &away, &room));
                }
            }
        });
        Self { url, is_away, left }
    }

    fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// All connections end after so many more bytes, of questions and answers together.
    fn break_after(&self, bytes: usize) {
        self.left.store(u32::try_from(bytes).unwrap_or(u32::MAX), Ordering::SeqCst);
    }
}

fn carry(from: &mut TcpStream, to: &mut TcpStream, is_away: &AtomicBool, left: &AtomicU32) {
    let mut buffer = [0; 4_096];
    loop {
        if is_away.load(Ordering::SeqCst) {
            break;
        }
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => break,
        };
        let known = left.load(Ordering::SeqCst);
        if known != u32::MAX {
            if (known as usize) < read {
                // Once: those who come again are let through.
                left.store(u32::MAX, Ordering::SeqCst);
                break;
            }
            left.store(known - read as u32, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
