//! What a digest says of a trace: the worked example of the spec, its checklist, and the story's outage.

mod annotations;
mod calls;
mod culprit;
mod work;

use std::fmt::Write;

use model::digest::{ExceptionDigest, Request, RootCause};
use model::segment::AnnotationValue;
use model::{Entity, EntityId, TraceDigest};
use proptest::prelude::*;

use crate::testing::{Build, Documents, EPOCH, TRACE, at, entity, random};

/// The nodes and edges, each with its requests: class, time, duration, minute after the first.
fn graph(digest: &TraceDigest) -> String {
    let mut text = String::new();
    for node in &digest.nodes {
        let root = if node.is_root { " root" } else { "" };
        let kind = node.key.kind.as_deref().unwrap_or("-");
        writeln!(text, "{} {kind} {:?}{root}{}", node.key.name, node.kind, requests(&node.requests)).unwrap();
    }
    for edge in &digest.edges {
        let [source, target] = [edge.source, edge.target].map(|node| &digest.nodes[node as usize].key);
        let aliases: Vec<String> = edge
            .aliases
            .iter()
            .map(|alias| format!(" as {} {}", alias.name, alias.kind.as_deref().unwrap_or("-")))
            .collect();
        writeln!(text, "{} -> {}{}{}", source.name, target.name, aliases.concat(), requests(&edge.requests))
            .unwrap();
    }
    text
}

fn requests(requests: &[Request]) -> String {
    let mut text = String::new();
    for request in requests {
        let Some(time) = request.response_time else {
            text += " (open)";
            continue;
        };
        let outcome = format!("{:?}", request.flags.outcome()).to_lowercase();
        let duration = request.duration.map(|duration| format!(" of {}", duration.as_seconds()));
        let minute = request.minute.0 - EPOCH.minute().0;
        let exceptions: Vec<String> = request.exceptions.iter().map(|e| format!(" {}", name(e))).collect();
        write!(
            text,
            " ({outcome} {}{} @{minute}{})",
            time.as_seconds(),
            duration.unwrap_or_default(),
            exceptions.concat()
        )
        .unwrap();
    }
    text
}

fn name(exception: &ExceptionDigest) -> &str {
    exception.name.as_deref().unwrap_or("?")
}

/// One cause a line: services with their entities.
fn causes(causes: &[RootCause]) -> String {
    let mut text = String::new();
    for cause in causes {
        text += if cause.client_impacting { "client:" } else { "inside:" };
        for service in &cause.services {
            let inferred = if service.inferred { "~" } else { "" };
            let entities: Vec<String> = service
                .entities
                .iter()
                .map(|entity| {
                    let remote = if entity.remote { " remote" } else { "" };
                    let coverage = entity.coverage.map(|share| format!(" {share}")).unwrap_or_default();
                    let exceptions: Vec<String> =
                        entity.exceptions.iter().map(|e| format!(" {}", name(e))).collect();
                    format!("{}{remote}{coverage}{}", entity.name, exceptions.concat())
                })
                .collect();
            write!(text, " {inferred}{}[{}]", service.key.name, entities.join("; ")).unwrap();
        }
        text += "\n";
    }
    text
}

/// `node (kind) seen by witness in span: exception`.
fn origin(digest: &TraceDigest) -> String {
    let Some(origin) = &digest.origin else { return "none".to_owned() };
    let exception = origin.exception.as_ref().map_or("nothing said", name);
    format!(
        "{} ({:?}) seen by {} in {}: {exception}",
        origin.node.name, origin.node_kind, origin.witness.name, origin.entity.0
    )
}

/// The worked example of docs/xray.md E.
fn worked_example() -> Documents {
    let call = entity(2, "backend.internal", 0.1, 0.9).remote().fault();
    let get = entity(4, "DynamoDB", 0.2, 0.8)
        .aws("GetItem")
        .edit_aws(|aws| aws.table_name = Some("orders".to_owned()));
    Documents::default()
        .segment(0.0, entity(1, "frontend", 0.0, 1.0).origin("AWS::EC2::Instance").status(500).holds(call))
        .segment(
            1.0,
            entity(3, "backend", 0.15, 0.88)
                .parent(2)
                .fault()
                .exception(9, "DbTimeout", "no answer")
                .holds(get),
        )
        .subsegment(61.0, entity(5, "audit", 0.95, 1.4).parent(1))
}

#[test]
fn the_worked_example_has_its_graph() {
    insta::assert_snapshot!(graph(&worked_example().digest()), @"
    frontend client Client
    frontend AWS::EC2::Instance Service root (fault 1 of 1.4 @0)
    backend - Service (fault 0.73 of 0.73 @0 DbTimeout)
    orders AWS::DynamoDB::Table Aws (ok 0.6 of 0.6 @0)
    frontend -> frontend (fault 1 @0)
    frontend -> backend as backend.internal remote (fault 0.8 @0)
    backend -> orders (ok 0.6 @0)
    ");
}

#[test]
fn the_worked_example_has_its_summary() {
    let digest = worked_example().digest();
    assert_eq!(digest.duration().unwrap().as_seconds(), 1.4);
    assert_eq!(digest.response_time().unwrap().as_seconds(), 1.0);
    assert_eq!((digest.start, digest.end), (at(0.0), Some(at(1.4))));
    assert!(digest.flags().fault && !digest.flags().error && !digest.has_throttle && !digest.is_partial);
    assert_eq!(digest.entry_point().unwrap().key.name, "frontend");
    assert_eq!((digest.id, digest.revision, digest.segments, digest.spans), (TRACE, 3, 3, 6));
    assert_eq!((digest.first_received, digest.last_received), (at(0.0), at(61.0)));
    assert_eq!(digest.root.unwrap().http.status, Some(500));
}

#[test]
fn the_worked_example_has_its_causes() {
    let digest = worked_example().digest();
    insta::assert_snapshot!(causes(&digest.response_time_causes), @"
    client: frontend[frontend 1; backend.internal remote 0.8] backend[backend 0.73; DynamoDB remote 0.6] ~orders[DynamoDB 0.6]
    ");
    insta::assert_snapshot!(causes(&digest.fault_causes), @"client: frontend[frontend; backend.internal remote] backend[backend DbTimeout]");
    insta::assert_snapshot!(causes(&digest.error_causes), @"");
    insta::assert_snapshot!(origin(&digest), @"backend (Service) seen by backend in 3: DbTimeout");
}

fn unreachable_host() -> Entity {
    entity(2, "springboot2.default", 0.1, 0.2).remote().traced().fault().exception(
        8,
        "UnknownHostException",
        "springboot2.default: Name or service not known",
    )
}

/// As the Java SDK tells the story's outage: the exception became another one on its way up.
#[test]
fn the_origin_of_an_outage_is_the_host_that_was_not_there() {
    let segment = entity(1, "SpringBoot", 0.0, 0.3).fault().exception(9, "NestedServletException", "failed");
    let digest = Documents::default().segment(0.0, segment.holds(unreachable_host())).digest();
    insta::assert_snapshot!(origin(&digest), @"springboot2.default (Remote) seen by SpringBoot in 2: UnknownHostException");
    insta::assert_snapshot!(graph(&digest), @"
    SpringBoot client Client
    SpringBoot - Service root (fault 0.3 of 0.3 @0 NestedServletException)
    springboot2.default remote Remote (fault 0.1 of 0.1 @0 UnknownHostException)
    SpringBoot -> SpringBoot (fault 0.3 @0)
    SpringBoot -> springboot2.default (fault 0.1 @0 UnknownHostException)
    ");
    insta::assert_snapshot!(causes(&digest.fault_causes), @"
    client: SpringBoot[SpringBoot NestedServletException; springboot2.default remote UnknownHostException] ~springboot2.default[springboot2.default]
    ");
    // The call reached nobody, so nobody's segment is missing.
    assert!(!digest.is_partial);
}

/// As the Java SDK tells it where a Spring bean that it watches makes the call: the bean passes the exception on
/// without a flag, and the segment has copies of its chain.
#[test]
fn the_origin_lies_below_a_span_that_only_passed_the_exception_on() {
    let call = || {
        let message = "connection refused";
        entity(3, "springboot2.default", 0.1, 0.2).remote().traced().fault().exception(8, "Refused", message)
    };
    let check = |refused: &str, expected: &str| {
        let segment = entity(1, "SpringBoot", 0.0, 0.3)
            .fault()
            .exception(9, "NestedServletException", "failed")
            .exception(10, "Refused", refused)
            .edit(|entity| entity.cause.as_mut().unwrap().exceptions[0].cause = Some(EntityId(10)))
            .holds(entity(2, "collect", 0.05, 0.25).holds(call()));
        let digest = Documents::default().segment(0.0, segment).digest();
        assert_eq!(origin(&digest), expected);
    };
    check("connection refused", "springboot2.default (Remote) seen by SpringBoot in 3: Refused");
    // What somebody caught is not what failed afterwards.
    check("no room left", "SpringBoot (Service) seen by SpringBoot in 1: Refused");
}

/// As the Python SDK tells it: the segment's cause is the id of the exception in the call.
#[test]
fn a_cause_that_refers_to_an_exception_ends_where_it_was_recorded() {
    let segment = entity(1, "SpringBoot", 0.0, 0.3).fault().refers(8).holds(unreachable_host());
    let digest = Documents::default().segment(0.0, segment.clone()).digest();
    insta::assert_snapshot!(causes(&digest.fault_causes), @"
    client: SpringBoot[SpringBoot; springboot2.default remote UnknownHostException]
    inside: ~springboot2.default[springboot2.default]
    ");
    insta::assert_snapshot!(origin(&digest), @"springboot2.default (Remote) seen by SpringBoot in 2: UnknownHostException");

    // As the Node SDK tells it: the id is that of the subsegment.
    let digest = Documents::default().segment(0.0, segment.refers(2)).digest();
    insta::assert_snapshot!(causes(&digest.fault_causes), @"
    client: SpringBoot[SpringBoot; springboot2.default remote UnknownHostException]
    inside: ~springboot2.default[springboot2.default]
    ");
    insta::assert_snapshot!(origin(&digest), @"springboot2.default (Remote) seen by SpringBoot in 2: UnknownHostException");
}

#[test]
fn a_reference_to_nothing_leaves_the_exceptions_that_are_there() {
    let segment = entity(1, "web", 0.0, 0.3).fault().refers(77).exception(8, "Bug", "");
    let digest = Documents::default().segment(0.0, segment).digest();
    insta::assert_snapshot!(causes(&digest.fault_causes), @"client: web[web Bug]");
    insta::assert_snapshot!(origin(&digest), @"web (Service) seen by web in 1: Bug");
}

#[test]
fn flags_without_any_exception_have_no_cause_but_an_origin() {
    let segment = entity(1, "web", 0.0, 0.3).fault().holds(entity(2, "work", 0.1, 0.2).fault());
    let digest = Documents::default().segment(0.0, segment).digest();
    assert_eq!(digest.fault_causes, []);
    insta::assert_snapshot!(origin(&digest), @"web (Service) seen by web in 2: nothing said");
}

#[test]
fn a_failing_call_to_nobody_known_comes_before_a_local_exception() {
    let segment = entity(1, "web", 0.0, 0.5)
        .fault()
        .holds(entity(2, "work", 0.1, 0.2).fault().exception(8, "Bug", ""))
        .holds(entity(3, "mail.example.com", 0.3, 0.4).remote().status(503));
    let digest = Documents::default().segment(0.0, segment).digest();
    insta::assert_snapshot!(causes(&digest.fault_causes), @"client: web[web; mail.example.com remote] ~mail.example.com[mail.example.com]");
}

#[test]
fn a_failure_that_somebody_caught_is_a_cause_inside() {
    let segment = entity(1, "web", 0.0, 0.5).holds(
        entity(2, "cache.internal", 0.1, 0.2).remote().fault().exception(8, "Refused", "connection refused"),
    );
    let digest = Documents::default().segment(0.0, segment).digest();
    insta::assert_snapshot!(causes(&digest.fault_causes), @"inside: web[cache.internal remote Refused] ~cache.internal[cache.internal]");
    insta::assert_snapshot!(origin(&digest), @"cache.internal (Remote) seen by web in 2: Refused");
    assert!(!digest.flags().fault);
}

#[test]
fn errors_have_causes_of_their_own_and_no_origin() {
    let segment = entity(1, "web", 0.0, 0.5)
        .status(404)
        .holds(entity(2, "find", 0.1, 0.2).error().exception(8, "NotFound", "no such order"));
    let digest = Documents::default().segment(0.0, segment).digest();
    assert_eq!(digest.fault_causes, []);
    insta::assert_snapshot!(causes(&digest.error_causes), @"client: web[web; find NotFound]");
    insta::assert_snapshot!(origin(&digest), @"none");
}

#[test]
fn the_origin_is_the_deepest_service_that_failed_by_itself() {
    let digest = Documents::default()
        .segment(
            0.0,
            entity(1, "web", 0.0, 1.0).fault().holds(entity(2, "api", 0.1, 0.9).remote().status(500)),
        )
        .segment(
            0.0,
            entity(3, "api", 0.2, 0.8)
                .parent(2)
                .status(500)
                .holds(entity(4, "ledger", 0.3, 0.7).remote().status(500)),
        )
        .segment(0.0, entity(5, "ledger", 0.4, 0.6).parent(4).fault().exception(9, "OutOfMemory", "heap"))
        .digest();
    insta::assert_snapshot!(origin(&digest), @"ledger (Service) seen by ledger in 5: OutOfMemory");
}

/// Spring wraps what it catches; the chain ends with what happened.
#[test]
fn of_exceptions_raised_from_each_other_the_origin_names_the_first() {
    let segment = entity(1, "web", 0.0, 1.0)
        .fault()
        .exception(8, "NestedServletException", "request failed")
        .exception(9, "SQLException", "table is locked")
        .edit(|entity| entity.cause.as_mut().unwrap().exceptions[0].cause = Some(EntityId(9)));
    insta::assert_snapshot!(origin(&Documents::default().segment(0.0, segment).digest()), @"web (Service) seen by web in 1: SQLException");
}

#[test]
fn a_call_that_gave_up_on_a_callee_still_at_work_is_the_callees_failure() {
    let call = entity(2, "slow.internal", 0.1, 0.5).remote().fault().exception(8, "ReadTimeout", "400 ms");
    let caller = entity(1, "web", 0.0, 0.6).fault().holds(call);
    let documents = Documents::default().segment(0.0, caller);
    let slow = entity(3, "slow", 0.2, 3.0).parent(2);
    insta::assert_snapshot!(origin(&documents.clone().segment(0.0, slow.clone().open()).digest()), @"slow (Service) seen by web in 2: ReadTimeout");
    insta::assert_snapshot!(origin(&documents.clone().segment(0.0, slow).digest()), @"slow (Service) seen by web in 2: ReadTimeout");
    // This one answered in time, and the caller failed by itself.
    insta::assert_snapshot!(origin(&documents.segment(0.0, entity(3, "quick", 0.2, 0.3).parent(2)).digest()), @"web (Service) seen by web in 2: ReadTimeout");
}

#[test]
fn a_response_time_cause_covers_more_than_half_of_the_root() {
    let check = |end: f64, expected: &str| {
        let segment = entity(1, "web", 0.0, 1.0).holds(entity(2, "work", 0.0, end));
        let digest = Documents::default().segment(0.0, segment).digest();
        assert_eq!(causes(&digest.response_time_causes).trim_end(), expected);
    };
    check(0.5, "");
    check(0.501, "client: web[web 1; work 0.501]");
    // Work that goes on after the response covers all of it and no more.
    check(3.0, "client: web[web 1; work 1]");
}

#[test]
fn a_late_callee_takes_the_place_of_the_inferred_node() {
    let segment = entity(1, "web", 0.0, 1.0).holds(entity(2, "api.internal", 0.1, 0.9).remote());
    let documents = Documents::default().segment(0.0, segment);
    insta::assert_snapshot!(graph(&documents.digest()), @"
    web client Client
    web - Service root (ok 1 of 1 @0)
    api.internal remote Remote (ok 0.8 of 0.8 @0)
    web -> web (ok 1 @0)
    web -> api.internal (ok 0.8 @0)
    ");
    let documents = documents.segment(130.0, entity(3, "api", 0.2, 0.7).parent(2));
    insta::assert_snapshot!(graph(&documents.digest()), @"
    web client Client
    web - Service root (ok 1 of 1 @0)
    api - Service (ok 0.5 of 0.5 @2)
    web -> web (ok 1 @0)
    web -> api as api.internal remote (ok 0.8 @2)
    ");
}

#[test]
fn a_caller_still_open_has_a_real_edge_and_no_counts() {
    let documents = Documents::default()
        .segment(0.0, entity(1, "web", 0.0, 0.0).open())
        .subsegment(1.0, entity(2, "api", 0.1, 0.9).remote().parent(1));
    let digest = documents.digest();
    insta::assert_snapshot!(graph(&digest), @"
    web client Client
    web - Service root (open)
    api remote Remote (ok 0.8 of 0.8 @0)
    web -> web (open)
    web -> api (ok 0.8 @0)
    ");
    assert!(digest.is_partial);
    assert_eq!(digest.response_time(), None);
}

#[test]
fn three_calls_to_one_node_are_three_requests_and_a_call_with_two_servers_is_one() {
    let call = |id, start| entity(id, "api", start, start + 0.1).remote();
    let segment = entity(1, "web", 0.0, 1.0).holds(call(2, 0.1)).holds(call(3, 0.3)).holds(call(4, 0.5));
    let served = |id, parent| entity(id, "api", 0.1, 0.15).parent(parent);
    let documents = Documents::default()
        .segment(0.0, segment)
        .segment(0.0, served(5, 2))
        .segment(0.0, served(6, 3))
        .segment(0.0, served(7, 4))
        .segment(70.0, served(8, 4));
    insta::assert_snapshot!(graph(&documents.digest()), @"
    web client Client
    web - Service root (ok 1 of 1 @0)
    api - Service (ok 0.05 of 0.05 @0) (ok 0.05 of 0.05 @0) (ok 0.05 of 0.05 @0) (ok 0.05 of 0.05 @1)
    web -> web (ok 1 @0)
    web -> api (ok 0.1 @0) (ok 0.1 @0) (ok 0.1 @0)
    ");
}

#[test]
fn a_segment_called_by_a_segment_has_an_edge_with_its_own_times() {
    let documents = Documents::default()
        .segment(0.0, entity(1, "resize", 0.0, 1.0).origin("AWS::Lambda"))
        .segment(0.0, entity(2, "resize", 0.1, 0.9).origin("AWS::Lambda::Function").parent(1).fault());
    insta::assert_snapshot!(graph(&documents.digest()), @"
    resize client Client
    resize AWS::Lambda Service root (ok 1 of 1 @0)
    resize AWS::Lambda::Function Service (fault 0.8 of 0.8 @0)
    resize -> resize (ok 1 @0)
    resize -> resize (fault 0.8 @0)
    ");
}

#[test]
fn a_429_is_a_throttle_wherever_it_happens() {
    let digest = |root: i64, call: i64| {
        let segment =
            entity(1, "web", 0.0, 1.0).status(root).holds(entity(2, "api", 0.1, 0.2).remote().status(call));
        Documents::default().segment(0.0, segment).digest()
    };
    assert!(digest(429, 200).has_throttle && digest(200, 429).has_throttle);
    assert!(!digest(404, 500).has_throttle);
    assert!(digest(429, 200).flags().throttle && digest(429, 200).flags().error);
}

#[test]
fn exceptions_belong_to_the_request_that_raised_them() {
    let segment = entity(1, "web", 0.0, 1.0)
        .fault()
        .exception(7, "Outer", "")
        .holds(entity(2, "work", 0.1, 0.2).fault().exception(8, "Local", ""))
        .holds(entity(3, "api", 0.3, 0.4).remote().fault().exception(9, "Reset", ""));
    insta::assert_snapshot!(graph(&Documents::default().segment(0.0, segment).digest()), @"
    web client Client
    web - Service root (fault 1 of 1 @0 Outer Local)
    api remote Remote (fault 0.1 of 0.1 @0 Reset)
    web -> web (fault 1 @0)
    web -> api (fault 0.1 @0 Reset)
    ");
}

#[test]
fn what_is_open_or_missing_makes_a_trace_partial() {
    let check = |documents: Documents, expected: bool| assert_eq!(documents.digest().is_partial, expected);
    let web = || entity(1, "web", 0.0, 1.0);
    let call = || entity(2, "api", 0.1, 0.2).remote();
    let none = Documents::default;
    check(none().segment(0.0, web()), false);
    check(none().segment(0.0, web().holds(call())), false);
    check(none().segment(0.0, web().open()), true);
    check(none().segment(0.0, web()).subsegment(0.0, call().parent(9)), true);
    check(none().segment(0.0, web()).segment(0.0, entity(3, "api", 0.0, 1.0).parent(9)), true);
    check(none().segment(0.0, entity(3, "api", 0.0, 1.0).parent(9)), true);
    check(none().segment(0.0, web().holds(call().traced())), true);
    check(none().segment(0.0, web().holds(call().traced().status(500))), true);
    check(none().segment(0.0, web().holds(call().traced().fault())), false);
    let answered = none().segment(0.0, web().holds(call().traced()));
    check(answered.segment(0.0, entity(3, "api", 0.0, 1.0).parent(2)), false);
}

#[test]
fn a_trace_of_orphans_has_no_times_of_its_own() {
    let digest = Documents::default().subsegment(3.0, entity(2, "work", 0.1, 0.2).parent(1)).digest();
    assert_eq!((digest.start, digest.end, digest.root), (at(3.0), None, None));
    assert_eq!((digest.segments, digest.spans, digest.is_partial), (0, 0, true));
}

#[test]
fn an_end_before_its_start_is_no_time_at_all() {
    let digest = Documents::default().segment(0.0, entity(1, "web", 5.0, 3.0)).digest();
    assert_eq!(digest.response_time().unwrap().0, 0);
    assert_eq!(digest.duration().unwrap().0, 0);
}

/// The bounds of a digest hold against a trace that is made to break them.
#[test]
fn a_hostile_trace_makes_a_digest_of_bounded_size() {
    let long = "x".repeat(3_000);
    let documents = (0..3_000_u64).fold(Documents::default(), |documents, id| {
        let text = format!("{id} {long}");
        let deep = entity(5 * id + 1, &text, 0.1, 0.9).remote().fault().exception(100_000 + id, &text, &text);
        let segment = entity(5 * id + 2, &text, 0.0, 1.0).origin(&text).account(&text).user(&text).fault();
        let segment = segment.annotate("key", AnnotationValue::String(text.clone())).http(&text, &text);
        let served = entity(5 * id + 3, &text[1..], 0.2, 0.8).parent(5 * id + 1);
        let failing = served.fault().exception(200_000 + id, &text, &text);
        let segment = if id % 2 == 0 { segment } else { segment.parent(5 * (id - 1) + 3) };
        documents.segment(0.0, segment.holds(deep)).segment(0.0, failing)
    });
    let digest = documents.digest();
    // Debug text is longer than any form in which a store keeps it.
    let size = format!("{digest:?}").len();
    assert!(size < 4_000_000, "{size}");
    assert!(digest.entry_point().is_some_and(|node| node.is_root));
}

proptest! {
    /// But for the order of annotations, and which of two complete versions came first.
    #[test]
    fn a_digest_does_not_depend_on_the_order_of_receipt(
        (one, other) in random::documents(12).prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle()))
    ) {
        let at_once = |sent: &[random::Sent]| {
            let sent: Vec<_> = sent.iter().map(|(kind, entity, _)| (*kind, entity.clone(), 0.0)).collect();
            random::received(&sent).digest()
        };
        prop_assert_eq!(at_once(&one), at_once(&other));
    }

    #[test]
    fn the_indices_of_a_digest_are_valid(sent in random::documents(20)) {
        let digest = random::received(&sent).digest();
        let nodes = digest.nodes.len() as u32;
        prop_assert!(digest.edges.iter().all(|edge| edge.source < nodes && edge.target < nodes));
        prop_assert!(digest.root.iter().all(|root| root.node < nodes));
        let any_fault = sent.iter().any(|(_, entity, _)| {
            entity.flags.fault || entity.flags.throttle || entity.count() > 1
        });
        prop_assert!(any_fault || digest.origin.is_none());
    }
}
