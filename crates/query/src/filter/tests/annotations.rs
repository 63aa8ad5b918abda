//! Conditions on annotations, of a trace and of one service's own spans.

use model::TraceDigest;
use model::segment::{Annotation, AnnotationValue};

use super::meaning::check_all;
use crate::testing::{self, Build, Documents, blank_digest};

#[test]
fn annotations_compare_by_type() {
    let mut digest = blank_digest();
    let mut annotate = |key: &str, value| digest.annotations.push(Annotation { key: key.to_owned(), value });
    annotate("n", AnnotationValue::Number(5.0));
    annotate("n", AnnotationValue::Number(9.0));
    annotate("s", AnnotationValue::String("five".to_owned()));
    annotate("t", AnnotationValue::Boolean(true));
    annotate("f", AnnotationValue::Boolean(false));
    annotate("a.b", AnnotationValue::String("x".to_owned()));
    check_all(
        &digest,
        &[
            "annotation.n = 5",
            "annotation.n > 8.5",
            "annotation.n",
            "annotation.s",
            r#"annotation.s BEGINSWITH "fi""#,
            "annotation.t",
            "annotation.t = true",
            "annotation.f = false",
            "annotation.f != true",
            r#"annotation[a.b] = "x""#,
            r#"annotation.n != "5""#,
            "annotation.missing != 1",
        ],
        &[
            "annotation.n != 5",
            r#"annotation.n = "5""#,
            "annotation.n = true",
            "annotation.s > 1",
            "annotation.s = true",
            r#"annotation.n CONTAINS "5""#,
            "annotation.f",
            "annotation.N",
            "annotation.missing",
            "annotation.missing < 1",
        ],
    );
}

#[test]
fn a_block_of_a_service_asks_for_what_its_own_spans_say() {
    let text = |text: &str| AnnotationValue::String(text.to_owned());
    let web = testing::entity(1, "web", 0.0, 1.0).annotate("tenant", text("acme"));
    let call =
        testing::entity(2, "orders", 0.1, 0.9).remote().annotate("shard", AnnotationValue::Number(3.0));
    let orders = testing::entity(3, "orders", 0.2, 0.8).parent(2).annotate("tenant", text("globex"));
    let digest = Documents::default().segment(0.0, web.holds(call)).segment(0.0, orders.fault()).digest();
    check_all(
        &digest,
        &[
            r#"service("web") { annotation.tenant = "acme" }"#,
            r#"service("web") { annotation.shard > 2 ok }"#,
            r#"service("orders") { annotation[tenant] BEGINSWITH "glo" AND fault }"#,
            r#"service() { annotation.tenant = "globex" }"#,
            r#"service("orders") { annotation.tenant != "acme" }"#,
            r#"service("orders") { !annotation.shard }"#,
        ],
        &[
            r#"service("web") { annotation.tenant = "globex" }"#,
            r#"service("orders") { annotation.tenant = "acme" }"#,
            r#"service("orders") { annotation.shard }"#,
            r#"service("web") { annotation.tenant = "acme" AND fault }"#,
            r#"service("nobody") { annotation.tenant != "acme" }"#,
        ],
    );
    // Earlier versions did not write down whose they are.
    let earlier = TraceDigest { annotation_sets: Vec::new(), ..digest };
    check_all(&earlier, &[r#"service("orders") { annotation.tenant = "acme" }"#], &[]);
}
