//! How documents come together, the orderly and the hostile.

use std::collections::HashSet;
use std::fmt::Write;

use model::NodeKind;
use model::template::rule::UrlRules;
use model::trace::{SpanIndex, SpanKind};
use proptest::prelude::*;

use super::*;
use crate::testing::{Build, Documents, TRACE, at, entity, random};

/// Draws the trace as a tree: `#` a segment, `~` an inferred one with its node, `-` a subsegment.
fn draw(trace: &Trace<'_>) -> String {
    let tops = trace.segments.iter().filter(|&&segment| trace.spans[segment].caller.is_none());
    let mut ahead: Vec<(SpanIndex, usize)> = tops.rev().map(|&top| (top, 0)).collect();
    let mut drawing = String::new();
    while let Some((index, depth)) = ahead.pop() {
        let span = &trace.spans[index];
        let sign = match span.kind {
            SpanKind::Segment => "#",
            SpanKind::Subsegment => "-",
            SpanKind::Inferred => "~",
        };
        write!(drawing, "{}{sign} {}", "  ".repeat(depth), span.entity.name).unwrap();
        if span.kind == SpanKind::Inferred {
            write!(drawing, " ({} {})", span.node.name, span.node.kind.as_deref().unwrap_or("?")).unwrap();
        }
        drawing.push_str(if span.entity.is_complete() { "\n" } else { " open\n" });
        let below = span.children.iter().chain(&span.callees);
        ahead.extend(below.rev().map(|&below| (below, depth + 1)));
    }
    if trace.orphans > 0 {
        writeln!(drawing, "orphans: {}", trace.orphans).unwrap();
    }
    drawing
}

#[track_caller]
fn check(documents: &Documents, expected: &[&str]) {
    let drawing = draw(&documents.trace());
    assert_eq!(drawing.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn children_may_come_before_their_parent() {
    let inner = entity(3, "inner", 0.2, 0.3).parent(2);
    let outer = entity(2, "outer", 0.1, 0.4).parent(1);
    let segment = entity(1, "web", 0.0, 1.0);
    let documents = Documents::default().subsegment(0.0, inner).subsegment(1.0, outer);
    check(&documents, &["orphans: 2"]);
    check(&documents.segment(2.0, segment), &["# web", "  - outer", "    - inner"]);
}

#[test]
fn an_orphan_counts_once_with_all_that_is_nested_in_it() {
    let orphan = entity(2, "outer", 0.1, 0.4).parent(9).holds(entity(3, "inner", 0.2, 0.3));
    let documents = Documents::default().subsegment(0.0, orphan).segment(0.0, entity(1, "web", 0.0, 1.0));
    check(&documents, &["# web", "orphans: 1"]);
}

#[test]
fn the_first_complete_version_is_valid_with_all_that_is_nested_in_it() {
    let documents = Documents::default()
        .segment(0.0, entity(1, "first", 0.0, 1.0).holds(entity(2, "a", 0.1, 0.2)))
        .segment(1.0, entity(1, "resent", 0.0, 2.0).holds(entity(3, "b", 0.1, 0.2)));
    check(&documents, &["# first", "  - a"]);
}

#[test]
fn the_complete_version_replaces_what_was_in_progress_in_either_order() {
    let open = entity(1, "open", 0.0, 0.0).open().holds(entity(2, "started", 0.1, 0.0).open());
    let complete = entity(1, "complete", 0.0, 1.0);
    let documents = Documents::default().segment(0.0, open.clone()).segment(1.0, complete.clone());
    check(&documents, &["# complete"]);
    check(&Documents::default().segment(0.0, complete).segment(1.0, open), &["# complete"]);
}

#[test]
fn of_versions_in_progress_the_newest_is_valid() {
    let documents = Documents::default()
        .segment(0.0, entity(1, "older", 0.0, 0.0).open())
        .segment(1.0, entity(1, "newer", 0.0, 0.0).open());
    check(&documents, &["# newer open"]);
}

#[test]
fn a_subsegment_that_came_twice_is_there_once() {
    let call = entity(2, "call", 0.1, 0.4);
    let documents = Documents::default()
        .subsegment(0.0, call.clone().parent(1))
        .segment(1.0, entity(1, "web", 0.0, 1.0).holds(call.holds(entity(3, "late", 0.2, 0.3))));
    check(&documents, &["# web", "  - call", "    - late"]);
}

#[test]
fn children_and_callees_stand_by_start_and_then_id() {
    let documents = Documents::default()
        .segment(
            0.0,
            entity(1, "web", 0.0, 1.0).holds(entity(9, "c", 0.5, 0.6)).holds(entity(8, "b", 0.5, 0.6)),
        )
        .subsegment(0.0, entity(7, "a", 0.1, 0.2).parent(1))
        .segment(0.0, entity(5, "later", 0.2, 0.3).parent(7))
        .segment(0.0, entity(6, "sooner", 0.1, 0.3).parent(7));
    check(&documents, &["# web", "  - a", "    # sooner", "    # later", "  - b", "  - c"]);
}

#[test]
fn an_inferred_segment_gives_way_to_the_real_one() {
    let call = entity(2, "api.internal", 0.1, 0.9).remote().fault().exception(7, "Reset", "by peer");
    let documents = Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0).holds(call));
    check(&documents, &["# web", "  - api.internal", "    ~ api.internal (api.internal remote)"]);
    {
        let trace = documents.trace();
        let inferred = &trace.spans[2];
        assert_eq!((inferred.entity.start, inferred.entity.end), (at(0.1), Some(at(0.9))));
        assert_eq!(inferred.entity.parent_id, Some(EntityId(2)));
        assert!(inferred.entity.flags.fault && inferred.entity.cause.is_none());
        assert_eq!(inferred.node_kind, NodeKind::Remote);
    }
    let documents = documents.segment(5.0, entity(3, "api", 0.0, 0.0).open().parent(2));
    check(&documents, &["# web", "  - api.internal", "    # api open"]);
}

#[test]
fn calls_in_progress_and_local_work_infer_nothing() {
    let documents = Documents::default().segment(
        0.0,
        entity(1, "web", 0.0, 1.0)
            .holds(entity(2, "call", 0.1, 0.2).remote().open())
            .holds(entity(3, "work", 0.2, 0.3)),
    );
    check(&documents, &["# web", "  - call open", "  - work"]);
}

#[test]
fn an_aws_call_leads_to_the_resource_that_it_names() {
    let check = |call: Entity, name: &str, kind: &str| {
        let (key, node_kind) = called_node(&call).unwrap();
        assert_eq!((key.name.as_str(), key.kind.as_deref(), node_kind), (name, Some(kind), NodeKind::Aws));
    };
    let call = |operation: &str| entity(1, "SNS", 0.0, 1.0).aws(operation);
    let text = |text: &str| Some(text.to_owned());
    check(call("GetItem").edit_aws(|aws| aws.table_name = text("orders")), "orders", "AWS::DynamoDB::Table");
    check(call("PutObject").edit_aws(|aws| aws.bucket_name = text("photos")), "photos", "AWS::S3::Bucket");
    let url = "https://sqs.eu-west-1.amazonaws.com/1/jobs";
    check(call("SendMessage").edit_aws(|aws| aws.queue_url = text(url)), url, "AWS::SQS::Queue");
    let arn = "arn:aws:sns:eu-west-1:1:news";
    check(call("Publish").edit_aws(|aws| aws.topic_arn = text(arn)), arn, "AWS::SNS");
    check(call("Invoke").edit_aws(|aws| aws.function_name = text("resize")), "resize", "AWS::Lambda");
    check(call("Publish"), "SNS", "AWS::SNS");
    // Without an operation the rest is not looked at.
    check(call("").edit_aws(|aws| aws.table_name = text("orders")), "SNS", "AWS::SNS");
}

#[test]
fn the_node_of_a_segment_is_its_name_origin_and_account() {
    let segment = entity(1, "web", 0.0, 1.0).origin("AWS::ECS::Container").account("111122223333");
    let documents = Documents::default().segment(0.0, segment.holds(entity(2, "work", 0.1, 0.2)));
    for span in documents.trace().spans {
        let expected = ("web", Some("AWS::ECS::Container"), Some("111122223333"));
        assert_eq!(
            (span.node.name.as_str(), span.node.kind.as_deref(), span.node.account.as_deref()),
            expected
        );
    }
}

#[test]
fn a_segment_whose_caller_is_missing_is_shown_and_is_no_root() {
    let documents = Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0).parent(9));
    check(&documents, &["# web"]);
    assert_eq!(documents.trace().root(), None);
}

#[test]
fn parents_that_go_round_in_a_circle_are_cut() {
    let selfish = entity(1, "selfish", 0.0, 1.0).parent(1);
    check(&Documents::default().segment(0.0, selfish), &["# selfish"]);

    let own_call = entity(1, "web", 0.0, 1.0).parent(2).holds(entity(2, "call", 0.1, 0.2));
    check(&Documents::default().segment(0.0, own_call), &["# web", "  - call"]);

    // The earliest of the circle stands on top; what hangs below the circle stays there.
    let documents = Documents::default()
        .segment(0.0, entity(1, "late", 0.2, 1.0).parent(2))
        .segment(0.0, entity(2, "early", 0.1, 1.0).parent(1))
        .segment(0.0, entity(3, "beside", 0.0, 1.0).parent(1));
    check(&documents, &["# early", "  # late", "    # beside"]);

    let documents = Documents::default()
        .segment(0.0, entity(1, "web", 0.0, 1.0))
        .subsegment(0.0, entity(2, "a", 0.0, 1.0).parent(3))
        .subsegment(0.0, entity(3, "b", 0.0, 1.0).parent(2))
        .subsegment(0.0, entity(4, "c", 0.0, 1.0).parent(4));
    check(&documents, &["# web", "orphans: 3"]);
}

#[test]
fn an_id_that_repeats_in_one_document_counts_once() {
    let twin = |name| entity(2, name, 0.1, 0.2);
    let document =
        entity(1, "web", 0.0, 1.0).holds(twin("one").holds(twin("two").holds(entity(3, "x", 0.1, 0.2))));
    check(&Documents::default().segment(0.0, document), &["# web", "  - one", "    - x"]);
}

#[test]
fn an_inferred_id_is_stable_and_never_taken() {
    let call = entity(2, "api", 0.1, 0.9).remote();
    let documents = Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0).holds(call));
    let id = documents.trace().spans[2].entity.id;
    assert_eq!(documents.trace().spans[2].entity.id, id);
    // An orphan has it, which nobody sees.
    let documents = documents.subsegment(0.0, entity(id.0, "thief", 0.0, 1.0).parent(77));
    assert_ne!(documents.trace().spans[2].entity.id, id);
}

const MANY: u64 = 10_000;

#[test]
fn ten_thousand_siblings_each_infer_their_callee() {
    let segment = (2..MANY)
        .fold(entity(1, "web", 0.0, 1.0), |segment, id| segment.holds(entity(id, "db", 0.5, 0.6).remote()));
    let documents = Documents::default().segment(0.0, segment);
    let trace = documents.trace();
    assert_eq!(trace.segments.len() as u64, MANY - 1);
    assert_eq!(crate::digest(&trace, &UrlRules::default()).segments as u64, MANY - 1);
}

#[test]
fn chains_of_ten_thousand_documents_in_any_order_do_not_overflow() {
    let chain = |kind, entity_of: &dyn Fn(u64) -> Entity| {
        let documents = (2..MANY)
            .rev()
            .fold(Documents::default(), |documents, id| documents.document(0.0, kind, entity_of(id).fault()));
        documents.segment(0.0, entity(1, "web", 0.0, 1.0).fault())
    };
    for documents in [
        chain(DocumentKind::Subsegment, &|id| entity(id, "deep", 0.0, 1.0).parent(id - 1)),
        chain(DocumentKind::Segment, &|id| entity(id, "deep", 0.0, 1.0).parent(id - 1)),
        chain(DocumentKind::Segment, &|id| entity(id, "deep", 0.0, 1.0).parent(id - 1).refers(MANY - 1)),
    ] {
        let trace = documents.trace();
        assert_eq!((trace.spans.len() as u64, trace.orphans), (MANY - 1, 0));
        assert!(crate::digest(&trace, &UrlRules::default()).origin.is_some());
    }
}

proptest! {
    // AS-1, and that nothing is lost or there twice.
    #[test]
    fn any_documents_make_a_forest(sent in random::documents(20)) {
        let documents = random::received(&sent);
        let trace = documents.trace();
        let mut ids = HashSet::new();
        for (index, span) in trace.spans.iter().enumerate() {
            prop_assert!(ids.insert(span.entity.id));
            prop_assert!(span.holder.is_none() || span.caller.is_none());
            prop_assert_eq!(span.is_segment(), span.holder.is_none());
            if let Some(holder) = span.holder {
                prop_assert!(holder < index && trace.spans[holder].children.contains(&index));
                prop_assert_eq!(trace.spans[holder].segment, span.segment);
            }
            if let Some(caller) = span.caller {
                prop_assert!(trace.spans[caller].callees.contains(&index));
            }
            let mut steps = 0;
            let mut at = index;
            while let Some(above) = trace.spans[at].holder.or(trace.spans[at].caller) {
                at = above;
                steps += 1;
                prop_assert!(steps <= trace.spans.len());
            }
        }
        let sent_ids: HashSet<EntityId> = sent.iter().flat_map(|(_, entity, _)| {
            let mut ids = Vec::new();
            entity.walk(&mut |entity| ids.push(entity.id));
            ids
        }).collect();
        let shown = trace.spans.iter().filter(|span| span.kind != SpanKind::Inferred).count();
        prop_assert!(shown + trace.orphans <= sent_ids.len());
        prop_assert!(trace.orphans > 0 || shown == sent_ids.len());
        prop_assert_eq!(trace.id, TRACE);
    }
}

#[test]
fn a_span_whose_parent_is_another_services_or_nowhere_is_a_segment() {
    let work = entity(2, "work", 0.1, 0.4).parent(1);
    let call = entity(3, "billing", 0.2, 0.3).parent(2).remote();
    let alone = Documents::default().span(0.0, "shop", call.clone());
    // Nobody sent its parent: a segment of its service, with the call inside.
    check(&alone, &["# shop", "  - billing", "    ~ billing (billing remote)"]);
    // A parent of the same service takes it back, and is now the first itself.
    let both = alone.clone().span(1.0, "shop", work.clone());
    check(&both, &["# shop", "  - billing", "    ~ billing (billing remote)"]);
    // So does one of X-Ray's, which is another service's by rule.
    let mixed = both.segment(2.0, entity(1, "web", 0.0, 1.0));
    check(&mixed, &["# web", "  # shop", "    - billing", "      ~ billing (billing remote)"]);

    let callee = Documents::default()
        .span(0.0, "shop", entity(3, "billing", 0.2, 0.3).parent(2).remote())
        .span(0.0, "shop", work)
        .span(0.0, "billing", entity(4, "charge", 0.2, 0.3).parent(3));
    check(&callee, &["# shop", "  - billing", "    # billing"]);
    assert_eq!(callee.trace().orphans, 0);
}

#[test]
fn a_promoted_call_keeps_its_id_and_gives_the_same_segment_each_time() {
    let call = entity(3, "billing", 0.2, 0.3).parent(2).remote();
    let documents = Documents::default().span(0.0, "shop", call.clone()).span(1.0, "shop", call);
    let ids = |trace: &Trace<'_>| trace.spans.iter().map(|span| span.entity.id).collect::<Vec<_>>();
    let (one, other) = (ids(&documents.trace()), ids(&documents.trace()));
    assert_eq!(one, other);
    assert_eq!(one[1], EntityId(3));
    assert_eq!(one.len(), 3, "segment, call, inferred segment");
}
