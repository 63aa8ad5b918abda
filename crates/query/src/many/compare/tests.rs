//! Two sets of made-up traces, and what is said to differ between them.

use model::digest::{NodeDigest, RootDigest};
use model::property::Text;
use model::segment::{Annotation, AnnotationValue, Flags, Http};
use model::{EntityId, Micros, NodeKey, NodeKind, TimeRange, TraceDigest};

use super::*;
use crate::Filter;
use crate::testing::{at, blank_digest};

const A: Sides = Sides { a: true, b: false };
const B: Sides = Sides { a: false, b: true };

fn columns() -> Columns {
    Columns::of(TimeRange::new(at(0.0), at(60.0)), 60)
}

fn compare(traces: impl IntoIterator<Item = (TraceDigest, Sides)>) -> Compared {
    let mut comparison = Comparison::new(columns());
    for (digest, sides) in traces {
        comparison.add(&digest, sides);
    }
    comparison.finish()
}

fn annotated(key: &str, value: AnnotationValue) -> TraceDigest {
    let mut digest = blank_digest();
    digest.annotations.push(Annotation { key: key.to_owned(), value });
    digest
}

fn tenant(name: &str) -> TraceDigest {
    annotated("tenant", AnnotationValue::String(name.to_owned()))
}

fn with_root(mut digest: TraceDigest, status: i64, url: &str, milliseconds: u64) -> TraceDigest {
    let key = NodeKey { name: "shop".to_owned(), kind: None, account: None };
    digest.nodes = vec![NodeDigest {
        key,
        kind: NodeKind::Service,
        is_root: true,
        delay_millis: None,
        requests: Vec::new(),
    }];
    digest.root = Some(RootDigest {
        id: EntityId(1),
        node: 0,
        start: digest.start,
        response_time: Some(Micros(milliseconds * 1_000)),
        flags: Flags::from_status(status),
        http: Http {
            method: Some("GET".to_owned()),
            url: Some(url.to_owned()),
            status: Some(status),
            ..Http::default()
        },
        endpoint: None,
    });
    digest
}

fn field<'a>(compared: &'a Compared, field: &Property) -> &'a Difference {
    compared.fields.iter().find(|difference| difference.field == *field).expect("the field is there")
}

/// A value, and its traces in A and in B.
fn rows(difference: &Difference) -> Vec<(Option<&str>, u64, u64)> {
    let row = |value: &'_ Value| (value.traces.a, value.traces.b);
    difference.values.iter().map(|value| (value.text.as_deref(), row(value).0, row(value).1)).collect()
}

fn tenants() -> Property {
    Property::Annotation("tenant".to_owned())
}

#[test]
fn what_differs_most_comes_first_with_shares_of_both_sets() {
    let mut traces = Vec::new();
    for index in 0..100 {
        let mut a = tenant(if index < 91 { "acme" } else { "globex" });
        a.availability_zones = vec![["a", "b"][index % 2].to_owned()];
        traces.push((a, A));
    }
    for index in 0..50 {
        let mut b = tenant(if index < 6 { "acme" } else { "globex" });
        b.availability_zones = vec![["a", "b"][index % 2].to_owned()];
        traces.push((b, B));
    }
    let compared = compare(traces);
    assert_eq!((compared.a.traces, compared.b.traces), (100, 50));
    assert_eq!(compared.fields[0].field, tenants());
    assert_eq!(rows(&compared.fields[0]), [(Some("acme"), 91, 6), (Some("globex"), 9, 44)]);
    assert!((compared.fields[0].delta - 0.79).abs() < 1e-9);
    assert_eq!(compared.fields[0].kind, FieldKind::Context);
    assert!(field(&compared, &Property::Text(Text::AvailabilityZone)).delta.abs() < 1e-9);
}

#[test]
fn traces_without_the_property_are_a_value_of_their_own() {
    let compared = compare([(tenant("acme"), A), (blank_digest(), B), (blank_digest(), B)]);
    let tenants = field(&compared, &tenants());
    assert_eq!(rows(tenants), [(Some("acme"), 1, 0), (None, 0, 2)]);
    assert_eq!(
        tenants.values[1].filter.as_deref(),
        Some("!annotation.tenant AND annotation.tenant != false")
    );
}

#[test]
fn the_filter_of_every_value_selects_exactly_its_traces() {
    let mut traces = Vec::new();
    for index in 0..12_u8 {
        let value = match index % 4 {
            0 => AnnotationValue::Number(7.0),
            1 => AnnotationValue::String("7".to_owned()),
            2 => AnnotationValue::Boolean(false),
            _ => AnnotationValue::String("say \"hi\" \\".to_owned()),
        };
        let url = format!("http://h/orders/{}?q=1", index % 3);
        let status = [200, 404, 500][usize::from(index % 3)];
        let mut digest = with_root(annotated("http.kind", value), status, &url, 10);
        digest.users = vec![format!("u{}", index % 2), "everybody".to_owned(), "everybody".to_owned()];
        digest.versions = vec![(0, ["1.8.1", "1.8.2"][usize::from(index % 2)].to_owned())];
        digest.nodes[0].requests = vec![model::digest::Request {
            minute: digest.start.minute(),
            flags: Flags::default(),
            response_time: None,
            duration: None,
            own: None,
            operation: None,
            exceptions: Vec::new(),
        }];
        traces.push((digest, if index % 2 == 0 { A } else { B }));
    }
    let compared = compare(traces.clone());
    let mut checked = 0;
    for difference in &compared.fields {
        for value in &difference.values {
            let text = value.filter.as_ref().expect("a filter");
            let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            let count = |side: Sides| {
                traces.iter().filter(|(digest, of)| *of == side && filter.matches(digest)).count() as u64
            };
            assert_eq!(Pair { a: count(A), b: count(B) }, value.traces, "{text}");
            checked += 1;
        }
    }
    assert!(checked >= 14, "{checked}");
    assert_eq!(rows(field(&compared, &Property::Endpoint)), [(Some("GET /orders/{id}"), 6, 6)]);
    let versions = field(&compared, &Property::Version("shop".to_owned()));
    assert_eq!(rows(versions), [(Some("1.8.1"), 6, 0), (Some("1.8.2"), 0, 6)]);
}

#[test]
fn a_value_for_each_trace_is_an_id_and_says_so() {
    let traces = (0..100).map(|index| (tenant(&format!("id-{index}")), if index % 2 == 0 { A } else { B }));
    let compared = compare(traces);
    let ids = field(&compared, &tenants());
    assert_eq!((ids.kind, ids.distinct, ids.others), (FieldKind::Id, 100, 94));
    assert_eq!(ids.other_traces.sum(), 94);
    let few = compare((0..10).map(|index| (tenant(&format!("id-{index}")), A)));
    assert_eq!(field(&few, &tenants()).kind, FieldKind::Context);
}

/// `CP-1`
#[test]
fn more_values_than_are_kept_are_counted_together_and_kept_ones_stay_exact() {
    let many = MAX_VALUES + 500;
    let traces = (0..many * 2).map(|index| {
        let name = if index % 2 == 0 { "acme".to_owned() } else { format!("id-{index}") };
        (tenant(&name), if index % 2 == 0 { A } else { B })
    });
    let compared = compare(traces);
    let tenants = field(&compared, &tenants());
    assert!(tenants.is_cut);
    assert_eq!(tenants.distinct, MAX_VALUES as u64);
    let counted: u64 = tenants.values.iter().map(|value| value.traces.sum()).sum();
    assert_eq!(counted + tenants.other_traces.sum(), many as u64 * 2);
    assert_eq!(rows(tenants)[0], (Some("acme"), many as u64, 0));
    assert_eq!(tenants.kind, FieldKind::Context);
}

/// `CP-1`
#[test]
fn more_fields_than_are_told_apart_are_left_out_and_that_is_said() {
    let traces = (0..MAX_FIELDS + 10)
        .map(|index| (annotated(&format!("key-{index}"), AnnotationValue::Boolean(true)), A));
    let compared = compare(traces);
    assert!(compared.fields_left_out);
    let annotations = compared.fields.iter().filter(|field| matches!(field.field, Property::Annotation(_)));
    assert_eq!(annotations.count(), MAX_FIELDS);
    assert!(!compare([(tenant("acme"), A)]).fields_left_out);
}

#[test]
fn a_trace_may_belong_to_both_sets_and_an_empty_set_differs_from_nothing() {
    let both = compare([(tenant("acme"), Sides { a: true, b: true }), (tenant("globex"), B)]);
    assert_eq!(rows(field(&both, &tenants())), [(Some("acme"), 1, 1), (Some("globex"), 0, 1)]);
    let alone = compare([(tenant("acme"), A)]);
    assert!(alone.fields.iter().all(|field| field.delta.abs() < 1e-9));
}

#[test]
fn times_and_starts_are_counted_for_both_sets() {
    let mut late = with_root(blank_digest(), 500, "http://h/", 1_000);
    late.start = at(30.5);
    let mut open = blank_digest();
    open.start = at(59.0);
    let compared = compare([(late, A), (open, B)]);
    assert_eq!(compared.times[bins::bin_of(Micros(1_000_000))], Pair { a: 1, b: 0 });
    assert_eq!(compared.times.iter().map(|pair| pair.sum()).sum::<u64>(), 1);
    assert_eq!((compared.series[30], compared.series[59]), (Pair { a: 1, b: 0 }, Pair { a: 0, b: 1 }));
    assert_eq!((compared.a.counts.fault, compared.b.counts.ok), (1, 1));
    assert_eq!((compared.a.average(), compared.b.average()), (Some(Micros(1_000_000)), None));
}
