//! What was written reads back, and nothing else does harm.

use model::digest::{
    AnnotationSet, Call, ExceptionDigest, FaultOrigin, Request, RootCause, RootCauseEntity, RootCauseService,
    Waited,
};
use model::link::ReceivedLink;
use model::minute::{Alias, EdgeKind, MinuteKey, Subject};
use model::segment::{Annotation, AnnotationValue, Flags};
use model::{Coarse, EntityId, Micros, NodeKind, Sketch};
use proptest::prelude::*;
use store::conformance::sample::{at, digest, key, rich_digest};

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-d]{1,3}", 1 => any::<String>()]
}

fn link() -> impl Strategy<Value = AwaitedLink> {
    let id = (any::<u16>(), any::<u64>(), any::<u32>());
    let times = (any::<i64>(), any::<i64>(), any::<i64>());
    let groups = prop::collection::vec((text(), any::<i64>()), 0..3);
    (id, any::<([u8; 16], u64)>(), text(), prop::option::of(text()), times, groups).prop_map(
        |((share, read, number), from, name, kind, (at, minute, start), groups)| AwaitedLink {
            id: LinkId { share, read, number },
            link: ReceivedLink {
                from: (TraceId(from.0), EntityId(from.1)),
                to: model::NodeKey { name, kind, account: None },
                at: Timestamp(at),
                minute: Minute(minute),
                trace_start: Timestamp(start),
            },
            groups: groups.into_iter().map(|(group, joined)| (group, Minute(joined))).collect(),
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let exceptions = prop::collection::vec((prop::option::of(text()), prop::option::of(text())), 0..2);
    let times = (prop::option::of(0..3_u64), prop::option::of(any::<u64>()), -2..2_i64);
    (any::<[bool; 3]>(), times, exceptions).prop_map(|([error, throttle, fault], times, exceptions)| {
        Request {
            minute: Minute(at(0).minute().0.saturating_add(times.2)),
            flags: Flags { error, throttle, fault },
            response_time: times.0.map(Micros),
            duration: times.1.map(Micros).or(times.0.map(Micros)),
            own: times.0.map(|own| Coarse(own as u8)),
            operation: times.1.map(|operation| operation as u32 % 2),
            exceptions: exceptions
                .into_iter()
                .map(|(name, message)| ExceptionDigest { name, message })
                .collect(),
        }
    })
}

fn annotation() -> impl Strategy<Value = Annotation> {
    let value = prop_oneof![
        text().prop_map(AnnotationValue::String),
        (prop::num::f64::NORMAL | prop::num::f64::INFINITE).prop_map(AnnotationValue::Number),
        any::<bool>().prop_map(AnnotationValue::Boolean),
    ];
    (text(), value).prop_map(|(key, value)| Annotation { key, value })
}

fn cause() -> impl Strategy<Value = RootCause> {
    let coverage = prop_oneof![
        Just(None),
        (0..1_001_u32).prop_map(|parts| Some(f64::from(parts) / 1_000.0)),
        any::<f64>().prop_filter("no number equals itself", |number| !number.is_nan()).prop_map(Some),
    ];
    let entity = (text(), any::<bool>(), coverage, prop::option::of(text())).prop_map(
        |(name, remote, coverage, message)| RootCauseEntity {
            name,
            remote,
            coverage,
            exceptions: message
                .map(|message| ExceptionDigest { name: None, message: Some(message) })
                .into_iter()
                .collect(),
        },
    );
    let service = (prop_oneof![Just("shop".to_owned()), text()], prop::collection::vec(entity, 0..3))
        .prop_map(|(name, entities)| RootCauseService {
            inferred: name.len() % 2 == 0,
            key: key(&name, Some("AWS::EC2::Instance")),
            entities,
        });
    (prop::collection::vec(service, 0..3), any::<bool>())
        .prop_map(|(services, client_impacting)| RootCause { services, client_impacting })
}

fn any_digest() -> impl Strategy<Value = TraceDigest> {
    let requests = || prop::collection::vec(request(), 0..4);
    let lists = (
        prop::collection::vec(annotation(), 0..6),
        prop::collection::vec(cause(), 0..3),
        prop::collection::vec(text(), 0..3),
    );
    let choices = (any::<bool>(), any::<bool>(), any::<bool>(), any::<i64>());
    (requests(), requests(), requests(), lists, choices).prop_map(|(first, second, calls, lists, choices)| {
        let mut made = if choices.0 { rich_digest(1, 3, 0) } else { digest(1, 3, 0) };
        made.nodes.last_mut().expect("the sample has a node").requests = second;
        made.nodes[0].requests = first;
        made.nodes[0].delay_millis = choices.0.then_some(choices.3 as i32);
        made.operations = vec!["GET /".to_owned(), "PutItem".to_owned()];
        if choices.1 {
            made.ruled = vec![1, 0];
            if let Some(root) = &mut made.root {
                root.endpoint = choices.2.then_some(1);
            }
        }
        for edge in &mut made.edges {
            edge.requests.clone_from(&calls);
        }
        let of_nodes =
            made.nodes.iter().zip(0..).flat_map(|(node, place)| node.requests.iter().map(move |_| place));
        let of_nodes: Vec<u32> = of_nodes.collect();
        let call = |(place, &node): (usize, &u32)| {
            let time = Coarse((choices.3 as u8).wrapping_add(place as u8).min(Coarse::MAX.0));
            let waited = [Waited::AsServed, Waited::Longer(time), Waited::Only(time)][place % 3];
            let caller =
                (place as u32).checked_sub(1).map(|last| last / 2).filter(|_| choices.1 || place > 2);
            Call { node, caller, begin: caller.map_or(0, |_| choices.3 as u8), waited }
        };
        made.calls = of_nodes.iter().enumerate().map(call).collect();
        made.annotations = lists.0;
        let set = |place| AnnotationSet { node: (place > 0).then_some(place), count: place };
        made.annotation_sets = (0..made.annotations.len() as u32).map(set).collect();
        made.fault_causes.clone_from(&lists.1);
        made.response_time_causes = lists.1;
        made.resource_arns.clone_from(&lists.2);
        made.versions = lists.2.iter().map(|text| (0, text.clone())).collect();
        made.groups = lists.2.into_iter().map(|text| (text, Minute(choices.3))).collect();
        if choices.3 % 3 == 0 {
            (made.root, made.end, made.start) = (None, None, Timestamp(choices.3));
        }
        made.origin = choices.2.then(|| FaultOrigin {
            node: made.nodes[0].key.clone(),
            node_kind: NodeKind::Remote,
            witness: key("elsewhere", None),
            entity: EntityId(7),
            exception: Some(ExceptionDigest { name: Some("Broken".to_owned()), message: None }),
            at: at(1),
        });
        made
    })
}

fn stats() -> impl Strategy<Value = Stats> {
    let times = prop::collection::vec((0..3_000_000_u64, any::<bool>()), 0..400);
    (times, any::<[i32; 7]>(), prop::option::of(any::<i64>())).prop_map(|(times, numbers, start)| {
        let mut stats = Stats::default();
        for (time, is_gone) in times {
            let one = Sketch::of(Micros(time));
            if is_gone { stats.durations.subtract(&one) } else { stats.response_times.merge(&one) }
        }
        let [ok, error, fault, total, presence, roots, kind] = numbers.map(i64::from);
        (stats.counts.ok, stats.counts.error, stats.counts.fault) = (ok, error, fault);
        (stats.response_time_total, stats.presence, stats.roots) = (total, presence, roots);
        stats.kinds.insert(NodeKind::Aws, kind);
        stats.aliases.insert(Alias { name: "bank.example".to_owned(), kind: None }, kind);
        stats.first_start = start.map(Timestamp);
        stats.last_start = start.map(Timestamp);
        stats
    })
}

fn row(stats: Stats) -> MinuteRow {
    let subject =
        Subject::Edge { source: key("a", None), target: key("b", Some("remote")), kind: EdgeKind::Link };
    MinuteRow { key: MinuteKey { minute: at(0).minute(), group: "default".to_owned(), subject }, stats }
}

/// Reads it back as a row of `traces` does.
fn through_row(digest: &TraceDigest) -> TraceDigest {
    through_row_of(digest, &encode_digest(digest))
}

fn through_row_of(digest: &TraceDigest, encoded: &[u8]) -> TraceDigest {
    let annotations = BesideAnnotations::Whole(digest.annotations.clone(), digest.annotation_sets.clone());
    let beside = Beside { id: digest.id, start: digest.start, annotations };
    decode_digest(encoded, beside).expect("it was just written")
}

#[test]
fn a_commit_of_format_1_is_still_read() {
    let digests = vec![Arc::new(rich_digest(1, 2, 3))];
    let minutes = vec![row(Stats { presence: 1, ..Stats::default() })];
    let json = serde_json::json!({ "digests": digests, "minutes": minutes }).to_string();
    let commit = decode_commit(json.as_bytes()).unwrap();
    assert_eq!((commit.digests, commit.minutes), (digests, minutes));
}

#[test]
fn digests_of_versions_2_to_5_are_read_without_what_they_did_not_have() {
    let digest = digest(1, 2, 3);
    let requests: usize = digest.nodes.iter().map(|node| node.requests.len()).sum();
    let mut encoded = encode_digest(&digest);
    // No calls.
    encoded.truncate(encoded.len() - 1);
    encoded[0] = WITHOUT_CALLS;
    assert_eq!(through_row_of(&digest, &encoded), digest);
    // No operations by rules.
    encoded.truncate(encoded.len() - 1);
    encoded[0] = WITHOUT_RULES;
    assert_eq!(through_row_of(&digest, &encoded), digest);
    // No sets of annotations.
    encoded.truncate(encoded.len() - 1);
    encoded[0] = WITHOUT_SETS;
    let beside = || {
        let annotations = BesideAnnotations::Texts(Vec::new());
        Beside { id: digest.id, start: digest.start, annotations }
    };
    // All annotations are strings.
    let texts = 0..encoded[1];
    let behind_texts = texts.fold(2, |place, _| place + 1 + usize::from(encoded[place]));
    encoded[behind_texts] = 0;
    assert_eq!(decode_digest(&encoded, beside()).unwrap(), digest);
    // No operations, no delay of any node, no own time and no operation of any request.
    encoded.truncate(encoded.len() - 1 - digest.nodes.len() - 2 * requests);
    encoded[0] = WITHOUT_WORK;
    assert_eq!(decode_digest(&encoded, beside()).unwrap(), digest);
}

#[test]
fn an_unknown_version_is_named() {
    let error = decode_commit(&[7, 0, 0, 0]).unwrap_err();
    assert_eq!(error.to_string(), "it has version 7, which is not known");
}

proptest! {
    // Of each case much is made.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_digest_reads_back_from_its_row(digest in any_digest()) {
        prop_assert_eq!(through_row(&digest), digest);
    }

    #[test]
    fn a_row_tells_of_exceptions_before_it_is_read(
        digest in any_digest(),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let encoded = encode_digest(&digest);
        prop_assert_eq!(may_have_exception(&encoded), digest.has_exception());
        // Of what is cut short nothing is known.
        prop_assert!(may_have_exception(&encoded[..1]));
        may_have_exception(&bytes);
    }

    #[test]
    fn a_commit_reads_back(digests in prop::collection::vec(any_digest(), 0..4), stats in stats()) {
        let digests: Vec<_> = digests.into_iter().map(Arc::new).collect();
        let minutes = vec![row(stats)];
        let read = decode_commit(&encode_commit(&digests, &minutes, &[], &[])).unwrap();
        prop_assert_eq!((read.digests, read.minutes), (digests, minutes));
    }

    #[test]
    fn links_of_a_commit_read_back(links in prop::collection::vec(link(), 0..4)) {
        let answered: Vec<_> = links.iter().map(|link| link.id).collect();
        let awaited: Vec<_> = links.into_iter().map(Arc::new).collect();
        let encoded = encode_commit(&[], &[], &awaited, &answered);
        let read = decode_commit(&encoded).unwrap();
        prop_assert_eq!((&read.awaited, &read.answered), (&awaited, &answered));
        if !awaited.is_empty() {
            prop_assert!(decode_commit(&encoded[..encoded.len() - 1]).is_err());
        }
    }

    #[test]
    fn sums_read_back(stats in stats()) {
        let minute = at(0).minute();
        prop_assert_eq!(decode_stats(minute, &encode_stats(minute, &stats)).unwrap(), stats);
    }

    #[test]
    fn wrong_bytes_are_an_error_or_another_commit(
        digest in any_digest(),
        stats in stats(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut encoded = encode_commit(&[Arc::new(digest)], &[row(stats)], &[], &[]);
        let place = place.index(encoded.len());
        prop_assert!(decode_commit(&encoded[..place]).is_err());
        encoded[place] = byte;
        let _ = decode_commit(&encoded);
    }
}
