//! One outage is one message, however many services it takes and however many alarms ring of it.

use super::*;

const SERVICES: usize = 50;
const ORIGIN: &str = "insight/0190163d";

fn name(service: usize) -> String {
    format!("service-{service:02}")
}

/// The database is down and fifty services with it.
fn outage(status: Status) -> Notice {
    let affected = (0..SERVICES).map(name).collect();
    Notice { dedup_key: ORIGIN.to_owned(), affected, ..sample::insight(status) }
}

/// Of each of the services.
fn alarms(status: Status) -> impl Iterator<Item = Notice> {
    (0..SERVICES).map(move |service| Notice {
        dedup_key: format!("alarm/{}", name(service)),
        part_of: (status == Status::Firing).then(|| ORIGIN.to_owned()),
        ..alarm(status, &["hook"])
    })
}

async fn stage(body: Value) -> (Stage, Receiver) {
    let stage = Stage::new();
    let hook = Receiver::start().await;
    let mut members = json!({"url": hook.url});
    members.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    stage.add("hook", "webhook", members);
    (stage, hook)
}

fn count(stage: &Stage, state: DeliveryState) -> usize {
    stage.alerts.deliveries(None, None, 1_000).unwrap().iter().filter(|one| one.state == state).count()
}

#[tokio::test]
async fn fifty_services_that_fail_for_one_are_one_message_and_one_end() {
    let (mut stage, hook) = stage(json!({})).await;
    stage.tell([outage(Status::Firing)]);
    stage.worker.settle().await;
    let told = hook.take();
    assert_eq!(titles(&told), ["payments fails"]);
    assert_eq!(told[0].json()["affected"].as_array().unwrap().len(), SERVICES);

    // The minute ends and all alarms ring.
    stage.after(60).await;
    stage.tell(alarms(Status::Firing));
    stage.worker.settle().await;
    stage.restart();
    stage.after(600).await;
    assert_eq!((hook.take().len(), count(&stage, DeliveryState::Held)), (0, SERVICES));

    stage.tell([outage(Status::Resolved)]);
    stage.after(60).await;
    stage.tell(alarms(Status::Resolved));
    stage.after(3_600).await;
    assert_eq!(titles(&hook.take()), ["payments recovered"]);
    assert_eq!(count(&stage, DeliveryState::Held), 0);
}

#[tokio::test]
async fn alarms_that_ring_on_after_it_are_one_message_more() {
    let (mut stage, hook) = stage(json!({})).await;
    stage.tell([outage(Status::Firing)]);
    stage.worker.settle().await;
    stage.tell(alarms(Status::Firing));
    stage.tell([outage(Status::Resolved)]);
    stage.worker.settle().await;
    assert_eq!(hook.take().len(), 2);
    stage.after(14 * 60).await;
    assert_eq!(hook.take().len(), 0);
    stage.after(60).await;
    let late = hook.take();
    assert_eq!((late.len(), late[0].json()["notices"].as_array().unwrap().len()), (1, SERVICES));
    stage.tell(alarms(Status::Resolved));
    stage.after(60).await;
    assert_eq!(hook.take().len(), 1);
}

#[tokio::test]
async fn who_was_not_told_of_the_insight_or_does_not_want_it_is_told_of_each_alarm() {
    for members in
        [json!({"insights": false}), json!({"inhibit": false}), json!({"min_severity": "critical"})]
    {
        let (mut stage, hook) = stage(members).await;
        stage.tell([Notice { severity: alert::notice::Severity::Error, ..outage(Status::Firing) }]);
        stage.worker.settle().await;
        hook.take();
        stage.tell(alarms(Status::Firing).take(1));
        stage.worker.settle().await;
        assert_eq!(hook.take().len(), 1);
    }
}

#[tokio::test]
async fn fifty_that_fail_for_reasons_of_their_own_at_once_are_one_message() {
    let (mut stage, hook) = stage(json!({})).await;
    let all = |status| (0..SERVICES).map(move |service| insight(&name(service), status));
    // They are noticed within some seconds.
    let now = stage.clock.now();
    for (service, notice) in all(Status::Firing).enumerate() {
        stage.tell_at(now.plus(Micros::from_millis(100 * service as u64)), [notice]);
    }
    stage.worker.settle().await;
    assert_eq!(hook.take().len(), 0);
    stage.after(5).await;
    let told = hook.take();
    assert_eq!((told.len(), told[0].json()["notices"].as_array().unwrap().len()), (1, SERVICES));
    stage.after(600).await;
    stage.tell(all(Status::Resolved));
    stage.worker.settle().await;
    assert_eq!(hook.take().len(), 1);
}

#[tokio::test]
async fn what_joins_an_insight_at_its_beginning_is_told_with_it() {
    let (mut stage, hook) = stage(json!({})).await;
    let now = stage.clock.now();
    stage.tell_at(now, [insight("1", Status::Firing)]);
    stage.worker.settle().await;
    let joined = Notice { title: "payments and 49 others fail".to_owned(), ..insight("1", Status::Firing) };
    stage.tell_at(now.plus(Micros::from_secs(4)), [joined]);
    stage.worker.settle().await;
    assert_eq!(hook.take().len(), 0);
    stage.after(5).await;
    assert_eq!(titles(&hook.take()), ["payments and 49 others fail"]);
    stage.after(600).await;
    assert_eq!(hook.take().len(), 0);
}
