//! Documents, digests and minute rows for the battery. Any small number makes a trace.

use std::sync::Arc;

use model::digest::{AnnotationSet, EdgeDigest, ExceptionDigest, NodeDigest, Request, RootDigest};
use model::link::{AwaitedLink, LinkId, ReceivedLink};
use model::minute::{Alias, Counts, EdgeKind, MinuteKey, MinuteRow, Stats, Subject};
use model::segment::{
    Annotation, AnnotationValue, DocumentKind, Entity, Flags, Http, SegmentDocument, Sequence,
};
use model::{Coarse, EntityId, Micros, Minute, NodeKey, NodeKind, Sketch, Timestamp, TraceDigest, TraceId};

use crate::{NewDocument, Share};

/// 2026-11-23 00:00:00 UTC: the second zero of all samples.
pub const EPOCH: i64 = 1_795_392_000;

/// So many seconds after [`EPOCH`].
pub fn at(second: i64) -> Timestamp {
    Timestamp((EPOCH + second) * 1_000_000)
}

/// A link from a trace, which waits since the commit that had read so many documents.
pub fn waiting(share: Share, read: u64, sender: u32) -> Arc<AwaitedLink> {
    let link = ReceivedLink {
        from: (trace_id(sender), EntityId(7)),
        to: key("consumer", Some("AWS::Lambda")),
        at: at(3),
        minute: at(60).minute(),
        trace_start: at(2),
    };
    let id = LinkId { share: share.0, read, number: sender };
    Arc::new(AwaitedLink { id, link, groups: vec![("slow".to_owned(), at(120).minute())] })
}

pub fn trace_id(number: u32) -> TraceId {
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&(EPOCH as u32).to_be_bytes());
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    TraceId(bytes)
}

/// A complete segment of trace `trace`, received and started at `second`. Its bytes decode to the same.
pub fn document(trace: u32, id: u64, second: i64) -> NewDocument {
    let (trace_id, id) = (trace_id(trace), EntityId(id));
    let (start, end) = (EPOCH + second, EPOCH + second + 1);
    // The space and the umlaut are there to see that the bytes are kept as they came.
    let raw = format!(
        r#"{{"trace_id": "{trace_id}", "id":"{id}","name":"shöp","start_time":{start}.0,"end_time":{end}.0}}"#
    );
    NewDocument {
        received: at(second),
        document: SegmentDocument {
            trace_id,
            kind: DocumentKind::Segment,
            entity: entity(id, at(second), at(second + 1)),
            raw: raw.into(),
            sender: None,
        },
    }
}

fn entity(id: EntityId, start: Timestamp, end: Timestamp) -> Entity {
    Entity { end: Some(end), ..Entity::new(id, "shöp", start) }
}

/// A digest with a root and little else, started at `second`, ended and received one and two seconds later.
pub fn digest(trace: u32, revision: u32, second: i64) -> TraceDigest {
    TraceDigest {
        revision,
        through: Sequence(u64::from(revision)),
        start: at(second),
        end: Some(at(second + 1)),
        root: Some(root(second)),
        segments: 1,
        spans: 1,
        nodes: vec![node("shop", "AWS::EC2::Instance", second)],
        ..TraceDigest::new(trace_id(trace), at(second + 2))
    }
}

fn root(second: i64) -> RootDigest {
    RootDigest {
        id: EntityId(1),
        node: 0,
        start: at(second),
        response_time: Some(Micros::from_secs(1)),
        flags: Flags::default(),
        http: Http {
            method: Some("GET".to_owned()),
            url: Some("http://shop/cart".to_owned()),
            status: Some(200),
            ..Http::default()
        },
        endpoint: None,
    }
}

fn node(name: &str, kind: &str, second: i64) -> NodeDigest {
    let request = Request {
        minute: at(second).minute(),
        flags: Flags::default(),
        response_time: Some(Micros::from_secs(1)),
        duration: Some(Micros::from_secs(1)),
        own: None,
        operation: None,
        exceptions: Vec::new(),
    };
    NodeDigest {
        key: key(name, Some(kind)),
        kind: NodeKind::Service,
        is_root: true,
        delay_millis: None,
        requests: vec![request],
    }
}

/// A digest that differs from [`digest`] in every way that a predicate can see.
pub fn rich_digest(trace: u32, revision: u32, second: i64) -> TraceDigest {
    let mut digest = digest(trace, revision, second);
    let root = digest.root.as_mut().expect("the sample has a root");
    root.response_time = Some(Micros(2_500_000));
    root.flags = Flags { error: true, throttle: true, fault: false };
    root.http = Http {
        method: Some("POST".to_owned()),
        url: Some("http://shop/pay?n=\"1\"".to_owned()),
        user_agent: Some("curl/8".to_owned()),
        client_ip: Some("192.0.2.7".to_owned()),
        status: Some(429),
    };
    root.endpoint = Some(0);
    digest.operations = vec!["POST /{way}".to_owned()];
    digest.ruled = vec![0];
    digest.end = Some(at(second + 3));
    digest.has_throttle = true;
    digest.is_partial = true;
    let mut called = node("bank", "remote", second);
    called.key.account = Some("111122223333".to_owned());
    called.requests[0].exceptions =
        vec![ExceptionDigest { name: Some("Broke".to_owned()), message: Some("no more money".to_owned()) }];
    called.requests[0].own = Some(Coarse::of(Micros::from_secs(2)));
    digest.nodes.push(called);
    digest.edges.push(EdgeDigest {
        source: 0,
        target: 1,
        kind: EdgeKind::Call,
        aliases: vec![Alias { name: "bank.example".to_owned(), kind: Some("remote".to_owned()) }],
        requests: Vec::new(),
    });
    let annotation = |key: &str, value| Annotation { key: key.to_owned(), value };
    digest.annotations = vec![
        annotation("tenant", AnnotationValue::String("a=b".to_owned())),
        annotation("size", AnnotationValue::Number(12.5)),
        annotation("paid", AnnotationValue::Boolean(true)),
    ];
    digest.annotation_sets =
        vec![AnnotationSet { node: Some(1), count: 1 }, AnnotationSet { node: None, count: 2 }];
    digest.users = vec!["ann".to_owned(), "bob".to_owned()];
    digest
}

pub fn shared(digests: impl IntoIterator<Item = TraceDigest>) -> Vec<Arc<TraceDigest>> {
    digests.into_iter().map(Arc::new).collect()
}

pub fn key(name: &str, kind: Option<&str>) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: kind.map(str::to_owned), account: None }
}

/// `count` good requests of 10 ms each; a negative count withdraws them.
pub fn row(minute: Minute, group: &str, subject: Subject, count: i64) -> MinuteRow {
    let mut stats = Stats {
        counts: Counts { ok: count, ..Counts::default() },
        response_time_total: 10_000 * count,
        presence: count,
        ..Stats::default()
    };
    for _ in 0..count.abs() {
        match count.is_positive() {
            true => stats.response_times.merge(&Sketch::of(Micros(10_000))),
            false => stats.response_times.subtract(&Sketch::of(Micros(10_000))),
        }
    }
    MinuteRow { key: MinuteKey { minute, group: group.to_owned(), subject }, stats }
}
