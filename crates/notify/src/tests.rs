//! The whole way from a commit to receivers that are real, with a clock that moves only when told.

mod gate;
mod outage;
mod receiver;

use std::collections::BTreeMap;
use std::sync::Arc;

use alert::Notice;
use alert::notice::{Audience, Kind as NoticeKind, Status};
use model::Clock;
use model::{ManualClock, Micros, Timestamp};
use serde_json::{Map, Value, json};
use settings::alerts::{Batch, DeliveryState, GATHERED_FOR, HistoryQuery};
use settings::{Account, Alerts, NewNotifier, Protocol, Settings};

use crate::address::Policy;
use crate::delivery::Courier;
use crate::notifier::split;
use crate::notifiers::Notifiers;
use crate::sample;
use crate::send::{Names, Sender};
use crate::worker::Worker;
use receiver::{Received, Receiver};

const START: Timestamp = sample::WHEN;

struct Stage {
    settings: Settings,
    alerts: Alerts,
    clock: Arc<ManualClock>,
    worker: Worker,
}

impl Stage {
    fn new() -> Self {
        let account = Account { id: "000000000000".to_owned(), region: "us-east-1".to_owned() };
        let settings = Settings::in_memory(account).unwrap();
        let alerts = Alerts::in_memory().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let worker = worker(&settings, &alerts, &clock);
        Self { settings, alerts, clock, worker }
    }

    /// As after a `kill -9`: what was in memory is gone.
    fn restart(&mut self) {
        self.worker = worker(&self.settings, &self.alerts, &self.clock);
    }

    fn add(&self, name: &str, kind: &str, body: Value) {
        let Value::Object(body) = body else { panic!("no object") };
        let parts = split(kind, body).unwrap();
        let (name, kind) = (name.to_owned(), kind.to_owned());
        let new = NewNotifier { name, kind, body: parts.public, secrets: parts.secrets, kept: Vec::new() };
        self.settings.create_notifier(new, self.clock.now()).unwrap();
    }

    /// So long ago that nothing is waited for that begins with it.
    fn tell(&self, notices: impl IntoIterator<Item = Notice>) {
        self.tell_at(self.clock.now().minus(GATHERED_FOR), notices);
    }

    fn tell_at(&self, now: Timestamp, notices: impl IntoIterator<Item = Notice>) {
        let notices = notices.into_iter().collect();
        self.alerts.commit(&Batch { notices, ..Batch::default() }, now).unwrap();
    }

    async fn after(&mut self, seconds: u64) {
        self.clock.advance(Micros::from_secs(seconds));
        self.worker.settle().await;
    }

    fn history(&self) -> Vec<String> {
        let range = model::TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
        let query = HistoryQuery {
            alarm: Some("checkout faults".to_owned()),
            alarm_type: None,
            kind: None,
            range,
            oldest_first: true,
            after: None,
            limit: 100,
        };
        self.alerts.history(&query).unwrap().into_iter().map(|row| row.item.summary).collect()
    }
}

fn worker(settings: &Settings, alerts: &Alerts, clock: &Arc<ManualClock>) -> Worker {
    let policy = Policy { loopback: true, ..Policy::default() };
    let sender = Sender::new(policy, Names::System).unwrap();
    let courier = Courier { notifiers: Notifiers::new(settings.clone(), Vec::new()), sender };
    let clock = Arc::<ManualClock>::clone(clock);
    Worker::new(alerts.clone(), courier, clock, "http://fluoro.test:2000".into())
}

fn insight(key: &str, status: Status) -> Notice {
    Notice { dedup_key: format!("insight/{key}"), ..sample::insight(status) }
}

fn alarm(status: Status, notifiers: &[&str]) -> Notice {
    let names = notifiers.iter().map(|name| (*name).to_owned()).collect();
    Notice { audience: Audience::Named(names), ..sample::alarm(status) }
}

fn titles(received: &[Received]) -> Vec<String> {
    received.iter().map(|one| one.json()["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_insight_goes_to_every_notifier_and_an_alarm_to_those_it_names() {
    let mut stage = Stage::new();
    let (hook, chat, quiet) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    stage.add("hook", "webhook", json!({"url": format!("{}/in?key=1", hook.url), "secret": "s"}));
    stage.add("chat", "slack", json!({"url": chat.url}));
    stage.add("quiet", "webhook", json!({"url": quiet.url, "insights": false}));
    stage.tell([insight("1", Status::Firing)]);
    stage.worker.settle().await;

    let received = hook.take();
    assert_eq!(received.len(), 1);
    let body = received[0].json();
    assert_eq!((&body["kind"], &body["status"]), (&json!("insight"), &json!("firing")));
    assert_eq!(body["root"]["name"], "payments");
    assert_eq!(
        body["links"]["page"],
        "http://fluoro.test:2000/insights/0190163d-8694-5ae0-9ec9-38eb5ad0e1c2"
    );
    assert_eq!(received[0].path, "/in?key=1");
    let seconds = START.floor_seconds().to_string();
    assert_eq!(received[0].header("webhook-timestamp"), seconds);
    let id = received[0].header("webhook-id");
    let expected = crate::sign::signature(&["s".to_owned()], id, START.floor_seconds(), &received[0].body);
    assert_eq!(received[0].header("webhook-signature"), expected);
    assert_eq!(chat.take().len(), 1);
    assert_eq!(quiet.take().len(), 0);

    stage.tell([alarm(Status::Firing, &["quiet", "gone"])]);
    stage.worker.settle().await;
    assert_eq!(quiet.take().len(), 1);
    assert_eq!((hook.take().len(), chat.take().len()), (0, 0));
    assert_eq!(
        stage.history(),
        [
            "Successfully executed action arn:aws:sns:us-east-1:000000000000:quiet",
            "Failed to execute action arn:aws:sns:us-east-1:000000000000:gone. There is no notifier gone",
        ]
    );
}

#[tokio::test]
async fn the_end_is_told_to_those_who_know_of_the_beginning() {
    let mut stage = Stage::new();
    let (early, late) = (Receiver::start().await, Receiver::start().await);
    stage.add("early", "webhook", json!({"url": early.url, "min_severity": "error"}));
    stage.tell([insight("1", Status::Firing)]);
    stage.worker.settle().await;
    stage.add("late", "webhook", json!({"url": late.url}));
    // The end is less severe than what the notifier wants to hear of, and is told all the same.
    let severity = alert::notice::Severity::Info;
    stage.tell([Notice { severity, ..insight("1", Status::Resolved) }]);
    stage.worker.settle().await;
    assert_eq!(titles(&early.take()), ["payments fails", "payments recovered"]);
    assert_eq!(late.take().len(), 0);
}

#[tokio::test]
async fn what_fails_is_tried_again_with_the_same_id_and_in_order() {
    let mut stage = Stage::new();
    let hook = Receiver::start().await;
    stage.add("hook", "webhook", json!({"url": hook.url}));
    hook.answer_next(503, None);
    hook.answer_next(429, Some(100));
    stage.tell([insight("1", Status::Firing)]);
    stage.worker.settle().await;
    let first = hook.take();
    assert_eq!(first.len(), 1);
    stage.after(1).await;
    assert_eq!(hook.take().len(), 0, "not before 4 s at least");
    stage.after(6).await;
    let second = hook.take();
    assert_eq!(second[0].header("webhook-id"), first[0].header("webhook-id"));
    assert_eq!(second[0].body, first[0].body);
    // The receiver asked for 100 s, which is more than the next delay.
    stage.after(60).await;
    assert_eq!(hook.take().len(), 0);
    stage.after(41).await;
    assert_eq!(hook.take().len(), 1);
    stage.after(100_000).await;
    assert_eq!(hook.take().len(), 0);
}

#[tokio::test]
async fn what_was_over_before_it_arrived_is_one_message() {
    let mut stage = Stage::new();
    let hook = Receiver::start().await;
    stage.add("hook", "webhook", json!({"url": hook.url}));
    hook.answer_next(500, None);
    stage.tell([insight("1", Status::Firing)]);
    stage.worker.settle().await;
    stage.tell([insight("1", Status::Resolved)]);
    stage.worker.settle().await;
    assert_eq!(hook.take().len(), 1, "the end does not overtake the beginning");
    stage.after(10).await;
    assert_eq!(titles(&hook.take()), ["payments recovered"]);
    let states: Vec<DeliveryState> =
        stage.alerts.deliveries(None, None, 10).unwrap().into_iter().map(|delivery| delivery.state).collect();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Merged]);
}

#[tokio::test]
async fn a_refusal_is_final_is_in_the_history_and_is_told_to_the_others() {
    let mut stage = Stage::new();
    let (broken, well) = (Receiver::start().await, Receiver::start().await);
    stage.add("broken", "webhook", json!({"url": broken.url}));
    stage.add("well", "webhook", json!({"url": well.url}));
    broken.answer_next(404, None);
    stage.tell([alarm(Status::Firing, &["broken"])]);
    stage.worker.settle().await;
    stage.after(100_000).await;
    assert_eq!(broken.take().len(), 1);
    assert_eq!(
        stage.history()[1],
        "Failed to execute action arn:aws:sns:us-east-1:000000000000:broken. 404 ok, thank you"
    );
    assert_eq!(titles(&well.take()), ["Notifier broken does not deliver"]);
    // Somebody mends it and presses retry.
    let dead = stage.alerts.deliveries(Some("broken"), None, 1).unwrap().remove(0);
    assert!(stage.alerts.retry(&dead.id, stage.clock.now()).unwrap());
    stage.worker.settle().await;
    assert_eq!(broken.take()[0].header("webhook-id"), dead.id);
    assert_eq!(titles(&well.take()), ["Notifier broken delivers again"]);
}

#[tokio::test]
async fn a_message_is_given_up_after_a_day() {
    let mut stage = Stage::new();
    stage.add("nobody", "webhook", json!({"url": "http://127.0.0.1:1/"}));
    stage.tell([insight("1", Status::Firing)]);
    stage.worker.settle().await;
    for _ in 0..60 {
        stage.after(1_800).await;
    }
    let delivery = stage.alerts.deliveries(Some("nobody"), None, 1).unwrap().remove(0);
    assert_eq!(delivery.state, DeliveryState::Dead);
    assert!(delivery.answer.unwrap().starts_with("given up after 24 hours; connect to 127.0.0.1:1"));
    assert!(delivery.tries > 24, "{}", delivery.tries);
}

#[tokio::test]
async fn after_a_kill_nothing_is_lost_and_a_repetition_has_the_same_id() {
    let mut stage = Stage::new();
    let hook = Receiver::start().await;
    stage.add("hook", "webhook", json!({"url": hook.url}));
    // Killed after the commit, before anything else.
    stage.tell([insight("1", Status::Firing)]);
    stage.restart();
    // Killed after the message went out, before that was written down.
    stage.worker.round().await.unwrap();
    while hook.is_empty() {
        tokio::task::yield_now().await;
    }
    stage.restart();
    stage.worker.settle().await;
    let received = hook.take();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"));
    assert_eq!(received[0].json()["dedup_key"], received[1].json()["dedup_key"]);
    stage.restart();
    stage.after(100_000).await;
    assert_eq!(hook.take().len(), 0);
}

#[tokio::test]
async fn too_many_messages_are_ten_and_a_digest() {
    let mut stage = Stage::new();
    let hook = Receiver::start().await;
    stage.add("hook", "webhook", json!({"url": hook.url}));
    // What is published is no outage, of which there would be one message.
    let kind = NoticeKind::Fluoro;
    stage.tell((0..50).map(|number| Notice { kind, ..insight(&number.to_string(), Status::Firing) }));
    stage.worker.settle().await;
    let received = hook.take();
    assert_eq!(received.len(), 11);
    let digest = received[10].json();
    assert_eq!(
        (&digest["kind"], &digest["title"]),
        (&json!("digest"), &json!("payments fails, and 39 more"))
    );
    assert_eq!(digest["notices"].as_array().unwrap().len(), 40);
    stage.after(3_600).await;
    assert_eq!(hook.take().len(), 0);
}

#[tokio::test]
async fn alertmanager_is_told_again_until_it_is_over() {
    let mut stage = Stage::new();
    let am = Receiver::start().await;
    stage.add("am", "alertmanager", json!({"url": am.url, "token": "t"}));
    stage.tell((0..30).map(|number| insight(&number.to_string(), Status::Firing)));
    stage.worker.settle().await;
    let received = am.take();
    assert_eq!((received.len(), received[0].path.as_str()), (1, "/api/v2/alerts"));
    assert_eq!(received[0].header("authorization"), "Bearer t");
    assert_eq!(received[0].json().as_array().unwrap().len(), 30);
    assert_eq!(received[0].json()[0]["endsAt"], "2027-01-15T08:05:00Z");

    stage.after(61).await;
    assert_eq!(am.take()[0].json()[29]["endsAt"], "2027-01-15T08:06:01Z");
    stage.tell((0..29).map(|number| insight(&number.to_string(), Status::Resolved)));
    stage.worker.settle().await;
    assert_eq!(am.take()[0].json().as_array().unwrap().len(), 29);
    // A restart forgets nobody.
    stage.restart();
    stage.worker.settle().await;
    stage.after(61).await;
    let again = am.take();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].json().as_array().unwrap().len(), 1);
    assert_eq!(again[0].json()[0]["labels"]["fluoro_key"], "insight/29");
}

#[tokio::test]
async fn a_subscriber_is_asked_first_and_then_told() {
    let mut stage = Stage::new();
    let subscriber = Receiver::start().await;
    stage.add("pages", "topic", json!({"secret": "s"}));
    let (subscription, _) =
        stage.settings.subscribe("pages", Protocol::Http, &subscriber.url, false, START).unwrap();
    stage.tell([alarm(Status::Firing, &["pages"])]);
    stage.worker.settle().await;
    assert_eq!(subscriber.take().len(), 0, "nothing before it is confirmed");

    let target = format!("pages/{}", subscription.id);
    let key = format!("subscription/{}", subscription.id);
    let mut ask = Notice::new(NoticeKind::Subscription, Status::Firing, key, START);
    ask.audience = Audience::Named(vec![target]);
    stage.tell([ask]);
    stage.worker.settle().await;
    let asked = subscriber.take();
    assert_eq!(asked[0].header("x-amz-sns-message-type"), "SubscriptionConfirmation");
    let token = asked[0].json()["Token"].as_str().unwrap().to_owned();
    assert_eq!(stage.worker.notifiers().confirmation_token(&subscription.id).unwrap(), token);
    assert!(asked[0].json()["SubscribeURL"].as_str().unwrap().ends_with(&format!("&Token={token}")));

    stage.settings.confirm_subscription(&subscription.id, START).unwrap();
    stage.tell([alarm(Status::Resolved, &["pages"])]);
    stage.worker.settle().await;
    let told = subscriber.take();
    assert_eq!(told.len(), 1);
    let body = told[0].json();
    assert_eq!(
        (&body["Type"], &body["Subject"]),
        (&json!("Notification"), &json!("OK: \"checkout faults\" in us-east-1"))
    );
    let message: Map<String, Value> = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
    assert_eq!(message["NewStateValue"], "OK");
    assert!(told[0].headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn what_waits_for_a_notifier_that_is_deleted_is_given_up() {
    let mut stage = Stage::new();
    stage.add("nobody", "webhook", json!({"url": "http://127.0.0.1:1/"}));
    stage.tell([insight("1", Status::Firing)]);
    stage.worker.settle().await;
    stage.settings.delete_notifier("nobody").unwrap();
    stage.after(1).await;
    let targets: BTreeMap<String, _> = stage.alerts.targets().unwrap();
    assert_eq!((targets["nobody"].pending, targets["nobody"].dead), (0, 1));
}

#[tokio::test]
async fn a_reminder_is_a_message_of_its_own() {
    let mut stage = Stage::new();
    let hook = Receiver::start().await;
    stage.add("hook", "webhook", json!({"url": hook.url, "repeat_hours": 4}));
    stage.tell([insight("1", Status::Firing)]);
    stage.worker.settle().await;
    let first = hook.take();
    stage.after(3 * 3_600).await;
    assert_eq!(hook.take().len(), 0);
    stage.after(3_600).await;
    let again = hook.take();
    assert_eq!(titles(&again), ["payments fails"]);
    assert_ne!(again[0].header("webhook-id"), first[0].header("webhook-id"));
    stage.tell([insight("1", Status::Resolved)]);
    stage.after(8 * 3_600).await;
    assert_eq!(titles(&hook.take()), ["payments recovered"]);
}
