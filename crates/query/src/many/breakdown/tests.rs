//! Every slice says what it holds, and its filter selects it again.

use model::digest::{
    ExceptionDigest, NodeDigest, Request, RootCause, RootCauseEntity, RootCauseService, RootDigest,
};
use model::property::{CauseKind, Number, Text};
use model::segment::{Annotation, AnnotationValue, Flags, Http};
use model::{Coarse, EntityId, NodeKey, NodeKind};

use super::*;
use crate::Filter;
use crate::testing::{at, blank_digest};

fn trace(change: impl FnOnce(&mut TraceDigest)) -> TraceDigest {
    let mut digest = blank_digest();
    change(&mut digest);
    digest
}

fn request(method: &str, url: &str, status: i64, millis: u64) -> TraceDigest {
    trace(|digest| {
        let http = Http {
            method: Some(method.to_owned()),
            url: Some(url.to_owned()),
            status: Some(status),
            ..Http::default()
        };
        digest.root = Some(RootDigest {
            id: EntityId(1),
            node: 0,
            start: at(0.0),
            response_time: Some(Micros::from_millis(millis)),
            flags: Flags::from_status(status),
            http,
            endpoint: None,
        });
    })
}

fn annotated(values: &[AnnotationValue]) -> TraceDigest {
    trace(|digest| {
        let annotation = |value: &AnnotationValue| Annotation { key: "k".to_owned(), value: value.clone() };
        digest.annotations = values.iter().map(annotation).collect();
    })
}

/// The slices as `value count filter`; those with a filter must select as many traces as they count.
fn check(digests: &[TraceDigest], by: &Property, expected: &[(&str, i64, &str)]) {
    let slices = breakdown(digests, by);
    let found: Vec<_> = slices
        .iter()
        .map(|slice| {
            let value = slice.value.as_deref().unwrap_or("(none)");
            (value, slice.counts.total(), slice.filter.as_deref().unwrap_or("(none)"))
        })
        .collect();
    assert_eq!(found, expected);
    for slice in &slices {
        let Some(text) = &slice.filter else { continue };
        let filter: Filter = text.parse().unwrap();
        let selected = digests.iter().filter(|digest| filter.matches(digest)).count();
        assert_eq!(selected as i64, slice.counts.total(), "{text}");
    }
}

#[test]
fn urls_are_grouped_by_method_and_path() {
    let digests = [
        request("GET", "http://a/orders/1?x=1", 200, 10),
        request("GET", "http://b/orders/2", 500, 30),
        request("POST", "http://a/orders", 200, 10),
        blank_digest(),
    ];
    check(
        &digests,
        &Property::Endpoint,
        &[
            (
                "GET /orders/{id}",
                2,
                "http.method = \"GET\" AND (http.url = \"http://a/orders/1\" \
                 OR http.url BEGINSWITH \"http://a/orders/1?\" OR http.url = \"http://b/orders/2\" \
                 OR http.url BEGINSWITH \"http://b/orders/2?\")",
            ),
            ("(none)", 1, "!http.url"),
            ("POST /orders", 1, "http.method = \"POST\" AND http.url = \"http://a/orders\""),
        ],
    );
}

#[test]
fn a_slice_of_too_many_urls_is_selected_by_what_they_have_in_common() {
    let of = |url: fn(u32) -> String| (0..9).map(|id| request("GET", &url(id), 200, 1)).collect::<Vec<_>>();
    check(&of(|id| format!("http://a/{id}")), &Property::Endpoint, &[("GET /{id}", 9, "(none)")]);
    check(
        &of(|id| format!("http://{}/orders/{id}", if id == 0 { "b" } else { "a:80" })),
        &Property::Endpoint,
        &[(
            "GET /orders/{id}",
            9,
            "http.method = \"GET\" AND (http.url BEGINSWITH \"http://a:80/orders/\" \
             OR http.url BEGINSWITH \"http://b/orders/\")",
        )],
    );
    check(
        &of(|id| format!("/orders/{id}/items")),
        &Property::Endpoint,
        &[(
            "GET /orders/{id}/items",
            9,
            "http.method = \"GET\" AND (http.url BEGINSWITH \"/orders/\" AND http.url ENDSWITH \"/items\")",
        )],
    );
}

#[test]
fn values_of_high_cardinality_are_one_slice() {
    let mut digests: Vec<_> =
        (0..60).map(|one| request("GET", &format!("http://a/products/p{one}?x"), 200, 1)).collect();
    digests.push(request("GET", "http://a/cart/lamp", 200, 1));
    check(
        &digests,
        &Property::Endpoint,
        &[
            (
                "GET /products/{id}",
                60,
                "http.method = \"GET\" AND http.url BEGINSWITH \"http://a/products/\"",
            ),
            ("GET /cart/lamp", 1, "http.method = \"GET\" AND http.url = \"http://a/cart/lamp\""),
        ],
    );
}

#[test]
fn what_a_rule_wrote_is_a_slice_whatever_its_neighbours_are() {
    let ruled = |url: &str, operation: &str| {
        let mut digest = request("GET", url, 200, 1);
        digest.operations = vec![operation.to_owned()];
        digest.root.as_mut().unwrap().endpoint = Some(0);
        digest
    };
    let mut digests: Vec<_> =
        (0..60).map(|one| request("GET", &format!("http://a/products/p{one}"), 200, 1)).collect();
    digests.push(ruled("http://a/products/search", "GET /products/search"));
    digests.extend((0..9).map(|one| ruled(&format!("http://a/cart/c{one}/?x"), "GET /cart/{cart}/*")));
    check(
        &digests[60..],
        &Property::Endpoint,
        &[
            ("GET /cart/{cart}/*", 9, "http.method = \"GET\" AND http.url BEGINSWITH \"http://a/cart/\""),
            ("GET /products/search", 1, "http.method = \"GET\" AND http.url = \"http://a/products/search\""),
        ],
    );
    let slices = breakdown(&digests, &Property::Endpoint);
    let values: Vec<_> = slices.iter().filter_map(|slice| slice.value.as_deref()).collect();
    assert_eq!(values, ["GET /products/{id}", "GET /cart/{cart}/*", "GET /products/search"]);
    let nine: Vec<_> = (0..9).map(|one| ruled(&format!("/a/{one}/items/"), "GET /a/{b}/items")).collect();
    let expected = "http.method = \"GET\" AND http.url BEGINSWITH \"/a/\"";
    check(&nine, &Property::Endpoint, &[("GET /a/{b}/items", 9, expected)]);
}

#[test]
fn times_shares_and_outcomes_are_those_of_the_slice() {
    let digests = [
        request("GET", "/a", 200, 10),
        request("GET", "/a", 500, 30),
        request("GET", "/a", 404, 20),
        request("GET", "/b", 429, 5),
    ];
    let slices = breakdown(&digests, &Property::Endpoint);
    assert_eq!(slices[0].counts, Counts { ok: 1, error: 1, throttle: 0, fault: 1 });
    assert_eq!(slices[1].counts, Counts { ok: 0, error: 0, throttle: 1, fault: 0 });
    assert_eq!(slices[0].share, 0.75);
    assert_eq!(slices[0].average_response_time, Some(Micros::from_millis(20)));
    assert_eq!(slices[0].p99_response_time, Some(Micros::from_millis(30)));
    assert_eq!(breakdown(&[blank_digest()], &Property::Endpoint)[0].average_response_time, None);
    assert_eq!(breakdown(&[], &Property::Endpoint), []);
}

#[test]
fn status_method_and_user_select_their_traces() {
    let digests = [request("GET", "/a", 200, 10), request("PUT", "/a", 404, 30), blank_digest()];
    let by_status =
        [("(none)", 1, "!http.status"), ("200", 1, "http.status = 200"), ("404", 1, "http.status = 404")];
    check(&digests, &Property::Number(Number::HttpStatus), &by_status);
    let by_method = [
        ("(none)", 1, "!http.method"),
        ("GET", 1, "http.method = \"GET\""),
        ("PUT", 1, "http.method = \"PUT\""),
    ];
    check(&digests, &Property::Text(Text::HttpMethod), &by_method);
    let digests = [
        trace(|digest| digest.users = vec!["eve \"q\" \\".to_owned(), "bob".to_owned()]),
        trace(|digest| digest.users = vec!["bob".to_owned()]),
        blank_digest(),
    ];
    let by_user = [
        ("bob", 2, "user = \"bob\""),
        ("(none)", 1, "!user"),
        ("eve \"q\" \\", 1, "user = \"eve \\\"q\\\" \\\\\""),
    ];
    check(&digests, &Property::Text(Text::User), &by_user);
}

#[test]
fn times_are_grouped_by_classes() {
    let own = |millis: u64| {
        trace(|digest| {
            let key = NodeKey { name: "a".to_owned(), kind: None, account: None };
            let request = Request {
                minute: digest.start.minute(),
                flags: Flags::default(),
                response_time: None,
                duration: None,
                own: Some(Coarse::of(Micros::from_millis(millis))),
                operation: None,
                exceptions: Vec::new(),
            };
            let requests = vec![request];
            digest.nodes = vec![NodeDigest {
                key,
                kind: NodeKind::Service,
                is_root: true,
                delay_millis: None,
                requests,
            }];
        })
    };
    check(
        &[own(0), own(30), own(40), own(1_000_000), blank_digest()],
        &Property::Number(Number::SelfTime),
        &[
            ("0.02 to 0.05", 2, "duration.self >= 0.02 AND duration.self < 0.05"),
            ("(none)", 1, "!duration.self"),
            ("0 to 0.001", 1, "duration.self >= 0 AND duration.self < 0.001"),
            ("500 and more", 1, "duration.self >= 500"),
        ],
    );
}

#[test]
fn a_client_is_no_service() {
    let node = |key: NodeKey, kind| NodeDigest {
        key,
        kind,
        is_root: false,
        delay_millis: None,
        requests: Vec::new(),
    };
    let service = |name: &str| NodeKey { name: name.to_owned(), kind: None, account: None };
    let digests = [trace(|digest| {
        digest.nodes = vec![
            node(NodeKey::client("a"), NodeKind::Client),
            node(service("a"), NodeKind::Service),
            node(service("b"), NodeKind::Remote),
        ];
    })];
    check(&digests, &Property::Service, &[("a", 1, "service(\"a\")"), ("b", 1, "service(\"b\")")]);
}

#[test]
fn annotations_of_every_type_select_their_traces() {
    let digests = [
        annotated(&[AnnotationValue::String("5".to_owned())]),
        annotated(&[AnnotationValue::Number(5.0)]),
        annotated(&[AnnotationValue::Boolean(false), AnnotationValue::Number(5.0)]),
        annotated(&[AnnotationValue::Boolean(false)]),
        annotated(&[]),
    ];
    check(
        &digests,
        &Property::Annotation("k".to_owned()),
        &[
            ("5", 2, "annotation.k = 5"),
            ("false", 2, "annotation.k = false"),
            ("(none)", 1, "!annotation.k AND annotation.k != false"),
            ("5", 1, "annotation.k = \"5\""),
        ],
    );
}

#[test]
fn faults_are_grouped_by_the_path_to_their_cause() {
    let entity = |name: &str, exceptions: &[&str]| RootCauseEntity {
        name: name.to_owned(),
        remote: false,
        coverage: None,
        exceptions: exceptions
            .iter()
            .map(|name| ExceptionDigest { name: Some((*name).to_owned()), message: None })
            .collect(),
    };
    let service = |name: &str, entities: Vec<RootCauseEntity>| RootCauseService {
        key: NodeKey { name: name.to_owned(), kind: None, account: None },
        inferred: false,
        entities,
    };
    let cause = |exception: &str| RootCause {
        services: vec![service("a", vec![entity("a", &[])]), service("b", vec![entity("b", &[exception])])],
        client_impacting: true,
    };
    let digests = [
        trace(|digest| digest.fault_causes = vec![cause("Timeout")]),
        trace(|digest| digest.fault_causes = vec![cause("Refused")]),
        trace(|digest| digest.response_time_causes = vec![cause("Timeout")]),
    ];
    let filter = |exception: &str| {
        format!(
            "rootcause.fault.service {{ index >= 0 }} AND rootcause.json = #[{{\"Services\":[\
             {{\"Name\":\"a\",\"Type\":null,\"EntityPath\":[{{\"Name\":\"a\",\"Exceptions\":[]}}]}},\
             {{\"Name\":\"b\",\"Type\":null,\"EntityPath\":[{{\"Name\":\"b\",\"Exceptions\":[{{\"Name\":\"{exception}\"}}]}}]}}]}}]"
        )
    };
    check(
        &digests,
        &Property::Cause(CauseKind::Fault),
        &[
            ("(none)", 1, "!rootcause.fault.service { index >= 0 }"),
            ("a → b: Refused", 1, &filter("Refused")),
            ("a → b: Timeout", 1, &filter("Timeout")),
        ],
    );
}
