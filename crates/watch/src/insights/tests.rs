//! One message an outage and one when it is over, whatever happens to the process in between.

mod killed;

use std::sync::atomic::{AtomicI64, Ordering};

use alert::notice::{Severity, Status};
use model::digest::{EdgeDigest, ExceptionDigest, FaultOrigin, NodeDigest, Request, RootDigest};
use model::minute::EdgeKind;
use model::segment::{Flags, Http};
use model::{EntityId, NodeKind, TraceDigest, TraceId};
use settings::Account;
use store::MemoryStore;

use super::*;

const BEGIN: f64 = 1_795_424_400.0;

#[derive(Debug)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// `front` calls `cart`, once a second.
struct Shop {
    clock: Arc<Hands>,
    deps: Deps,
    worker: Worker,
    requests: u32,
    shutdown: CancellationToken,
}

impl Shop {
    async fn open() -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(Timestamp::from_seconds(BEGIN).0)));
        let account = Account { id: "000000000000".to_owned(), region: "local".to_owned() };
        let settings = Settings::in_memory(account).unwrap();
        let shutdown = CancellationToken::new();
        let as_clock = || Arc::clone(&clock) as Arc<dyn Clock>;
        let config = digest::Config::default();
        let digest = digest::start(&config, Arc::new(MemoryStore::new()), as_clock(), shutdown.clone());
        let deps = Deps { digest, settings, alerts: Alerts::in_memory().unwrap(), clock: as_clock() };
        let worker = Worker::new(deps.clone()).await;
        Self { clock, deps, worker, requests: 0, shutdown }
    }

    /// Another process takes its place, with what is on disk.
    async fn restart(&mut self) {
        self.worker = Worker::new(self.deps.clone()).await;
    }

    async fn play(&mut self, seconds: u32, fails: bool) {
        for _ in 0..seconds {
            self.clock.0.fetch_add(1_000_000, Ordering::Relaxed);
            self.requests += 1;
            let trace = trace(self.requests, self.clock.now(), fails);
            self.deps.digest.ledger().lock().replace(None, &Arc::new(trace));
            self.worker.look().await;
        }
    }

    /// Status and title of everything that is to be sent.
    fn told(&self) -> Vec<(Status, String)> {
        let queued = self.deps.alerts.unrouted(100).unwrap();
        queued.into_iter().map(|one| (one.notice.status, one.notice.title)).collect()
    }

    fn kept(&self) -> Vec<Insight> {
        let range = TimeRange::new(Timestamp(0), Timestamp::MAX);
        let query = InsightQuery { range, group: None, root: None, is_active: None, after: None, limit: 100 };
        let rows = self.deps.alerts.insights(&query).unwrap();
        rows.iter().map(|row| read(&self.deps.alerts, row).unwrap().unwrap()).collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn node(name: &str) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: None, account: None }
}

fn trace(number: u32, at: Timestamp, fails: bool) -> TraceDigest {
    let flags = Flags { fault: fails, ..Flags::default() };
    let request = Request {
        minute: at.minute(),
        flags,
        response_time: Some(Micros::from_millis(5)),
        duration: Some(Micros::from_millis(5)),
        own: None,
        operation: None,
        exceptions: Vec::new(),
    };
    let of = |name: &str, is_root| NodeDigest {
        key: node(name),
        kind: NodeKind::Service,
        is_root,
        delay_millis: None,
        requests: vec![request.clone()],
    };
    let exception =
        ExceptionDigest { name: Some("Refused".to_owned()), message: Some("no listener".to_owned()) };
    TraceDigest {
        end: Some(at),
        root: Some(RootDigest {
            id: EntityId(1),
            node: 0,
            start: at,
            response_time: Some(Micros::from_millis(5)),
            flags,
            http: Http::default(),
            endpoint: None,
        }),
        nodes: vec![of("front", true), of("cart", false)],
        edges: vec![EdgeDigest {
            source: 0,
            target: 1,
            kind: EdgeKind::Call,
            aliases: Vec::new(),
            requests: vec![request.clone()],
        }],
        users: vec![format!("user {number}")],
        origin: fails.then(|| FaultOrigin {
            node: node("cart"),
            node_kind: NodeKind::Service,
            witness: node("cart"),
            entity: EntityId(2),
            exception: Some(exception),
            at,
        }),
        ..TraceDigest::new(TraceId(u128::from(number).to_be_bytes()), at)
    }
}

#[tokio::test]
async fn an_outage_is_told_once_within_seconds_and_its_end_once_though_the_process_restarts() {
    let mut shop = Shop::open().await;
    shop.play(240, false).await;
    shop.play(8, true).await;
    let opened = (Status::Firing, "cart is failing with Refused".to_owned());
    assert_eq!(shop.told(), std::slice::from_ref(&opened));
    shop.restart().await;
    shop.play(60, true).await;
    assert_eq!(shop.told(), std::slice::from_ref(&opened));
    shop.restart().await;
    shop.play(240, false).await;
    assert_eq!(shop.told(), [opened, (Status::Resolved, "cart recovered".to_owned())]);
    let [insight] = shop.kept().try_into().unwrap();
    assert_eq!((insight.root.name.as_str(), insight.users, insight.is_active()), ("cart", 68, false));
}

#[tokio::test]
async fn a_notice_says_what_it_is_and_has_x_rays_event_of_it() {
    let mut shop = Shop::open().await;
    shop.play(240, false).await;
    shop.play(10, true).await;
    let queued = shop.deps.alerts.unrouted(1).unwrap();
    let notice = &queued[0].notice;
    let insight = &shop.kept()[0];
    assert_eq!(notice.dedup_key, format!("insight/{}", insight.id));
    assert_eq!((notice.severity, notice.exception.as_deref()), (Severity::Critical, Some("Refused")));
    assert!(notice.summary.starts_with("cart began failing with Refused at "), "{}", notice.summary);
    assert_eq!(notice.links.page, Some(format!("/insights/{}", insight.id)));
    assert_eq!(notice.links.traces.len(), 1);
    let event = &notice.documents.event;
    assert_eq!(event["detail-type"], "AWS X-Ray Insight Update");
    assert_eq!(event["detail"]["State"], "ACTIVE");
    assert_eq!(event["detail"]["RootCauseServiceId"]["Name"], "cart");
    assert_eq!(event["detail"]["TopAnomalousServices"][1]["ServiceId"]["Name"], "front");
    let total = event["detail"]["RootCauseServiceRequestImpactStatistics"]["TotalCount"].as_u64();
    assert!(total.is_some_and(|total| (4..=10).contains(&total)), "{total:?}");
    // X-Ray's pattern: version 1 to 5, variant 8 to b.
    assert_eq!((insight.id.len(), insight.id.as_bytes()[14]), (36, b'5'));
}

#[tokio::test]
async fn what_happens_again_is_told_with_what_was_noted_then() {
    let mut shop = Shop::open().await;
    shop.play(240, false).await;
    shop.play(10, true).await;
    let id = shop.kept()[0].id.clone();
    let note =
        Note { by: "ann".to_owned(), at: Timestamp(5), text: "the disk".to_owned(), is_acknowledged: false };
    write_note(&shop.deps.alerts, &id, &note, Timestamp(5)).unwrap();
    // So much later that it is another one.
    shop.play(1_200, false).await;
    shop.play(10, true).await;
    let queued = shop.deps.alerts.unrouted(100).unwrap();
    let summaries: Vec<&str> = queued.iter().map(|one| one.notice.summary.as_str()).collect();
    assert_eq!(queued.len(), 3, "{summaries:?}");
    let again = " The same as on Monday 23 November, 2026 09:04:01 UTC, when somebody noted: the disk";
    assert!(summaries[2].ends_with(again), "{}", summaries[2]);
    assert!(!summaries[0].contains("The same") && !summaries[1].contains("The same"), "{summaries:?}");
}

#[tokio::test]
async fn a_failed_request_is_told_to_nobody_and_nor_is_a_group_without_insights() {
    let mut shop = Shop::open().await;
    shop.play(240, false).await;
    shop.play(1, true).await;
    shop.play(200, false).await;
    assert_eq!((shop.told(), shop.kept()), (Vec::new(), Vec::new()));
    let off = settings::InsightsUpdate { insights_enabled: Some(false), notifications_enabled: None };
    shop.deps
        .settings
        .update_group(&settings::Named::Name(group::DEFAULT.to_owned()), None, off, Timestamp(0))
        .unwrap();
    shop.play(20, true).await;
    assert_eq!((shop.told(), shop.kept()), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_note_stays_whatever_the_worker_writes() {
    let mut shop = Shop::open().await;
    shop.play(240, false).await;
    shop.play(10, true).await;
    let id = shop.kept()[0].id.clone();
    let note =
        Note { by: "ann".to_owned(), at: Timestamp(5), text: "the disk".to_owned(), is_acknowledged: true };
    write_note(&shop.deps.alerts, &id, &note, Timestamp(5)).unwrap();
    shop.play(30, true).await;
    assert_eq!(shop.kept()[0].note, Some(note));
    assert!(shop.kept()[0].origin.failing > 10);
}

#[test]
fn the_same_happening_has_the_same_id() {
    let at = |seconds: f64| Timestamp::from_seconds(seconds);
    let one = id("arn", &node("cart"), at(120.0));
    assert_eq!(one, id("arn", &node("cart"), at(179.9)));
    for other in [
        id("arn", &node("cart"), at(180.0)),
        id("arn", &node("front"), at(120.0)),
        id("x", &node("cart"), at(120.0)),
    ] {
        assert_ne!(one, other);
    }
}
