//! Which annotations a digest has, and whose they are.

use model::NodeKind;
use model::digest::NodeDigest;
use model::segment::AnnotationValue;

use crate::testing::{Build, Documents, entity};

#[test]
fn all_annotations_are_kept_in_order_of_receipt_and_once_for_each_node() {
    let number = |number: u64| AnnotationValue::Number(number as f64);
    let segment = (0..30).fold(entity(1, "web", 0.0, 1.0), |segment, id| {
        segment.annotate("same", number(1)).annotate("other", number(id)).annotate("any key: é!", number(id))
    });
    let first = Documents::default().subsegment(
        0.0,
        entity(2, "work", 0.5, 0.6).parent(1).annotate("early", AnnotationValue::Boolean(true)),
    );
    let documents = first.segment(1.0, segment);
    let digest = documents.digest();
    assert_eq!((digest.annotations.len(), digest.annotations_cut), (62, false));
    assert_eq!(digest.annotations[0].key, "early");
    let more = (0..2_000).fold(entity(3, "more", 0.0, 1.0), |more, id| more.annotate("more", number(id)));
    let digest = documents.segment(2.0, more.annotate("same", number(1))).digest();
    assert_eq!((digest.annotations.len(), digest.annotations_cut), (2_063, false));
    let node = |name: &str| {
        let is_meant = |node: &NodeDigest| node.key.name == name && node.kind == NodeKind::Service;
        digest.nodes.iter().position(is_meant).unwrap()
    };
    let of_node: Vec<usize> =
        ["web", "more"].iter().map(|name| digest.annotations_of(node(name)).count()).collect();
    assert_eq!(of_node, [62, 2_001]);
}

#[test]
fn what_is_not_indexed_of_annotations_is_told() {
    let check = |key: &str, value: &str, count: u64, expected: (usize, bool)| {
        let segment = (0..count).fold(entity(1, "web", 0.0, 1.0), |segment, id| {
            segment.annotate(key, AnnotationValue::String(format!("{value}{id}")))
        });
        let digest = Documents::default().segment(0.0, segment).digest();
        assert_eq!((digest.annotations.len(), digest.annotations_cut), expected, "{key} {count}");
    };
    check("k", "", 10_000, (10_000, false));
    check("k", "", 10_001, (10_000, true));
    check(&"k".repeat(501), "", 1, (0, true));
    check("k", &"é".repeat(999), 1, (1, false));
    check("k", &"é".repeat(1_000), 1, (1, true));
    // A mebibyte of text.
    check("k", &"x".repeat(999), 1_100, (1_047, true));
}
