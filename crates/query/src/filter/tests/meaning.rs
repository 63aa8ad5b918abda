//! Which traces match.

use model::digest::{
    EdgeDigest, ExceptionDigest, NodeDigest, Request, RootCause, RootCauseEntity, RootCauseService,
    RootDigest,
};
use model::minute::{Alias, EdgeKind};
use model::segment::{Aws, Flags, Http};
use model::{Coarse, EntityId, Micros, Minute, NodeKey, NodeKind, TraceDigest};

use crate::Filter;
use crate::testing::{self, Build, Documents, EPOCH, at, blank_digest};

const OK: Flags = Flags { error: false, throttle: false, fault: false };
const FAULT: Flags = Flags { fault: true, ..OK };

/// What docs/xray.md E says of its example.
const WORKED_MATCHES: &[&str] = &[
    r#"service("backend"){fault}"#,
    r#"edge("frontend","backend"){responsetime > 0.75}"#,
    r#"rootcause.fault.exception{name = "DbTimeout"}"#,
    "!error fault",
    r#"service(id(type:"AWS::DynamoDB::Table"))"#,
];
const WORKED_OTHERS: &[&str] = &["ok", r#"service("orders"){fault}"#];

fn check(digest: &TraceDigest, expression: &str, expected: bool) {
    let filter: Filter = expression.parse().unwrap_or_else(|error| panic!("{expression}: {error}"));
    assert_eq!(filter.matches(digest), expected, "{expression}");
    // What does not match must match when it is negated, and the store must let through what matches.
    let negated: Filter = format!("!({expression})").parse().unwrap();
    assert_eq!(negated.matches(digest), !expected, "{negated}");
    let filter = if expected { filter } else { negated };
    assert!(filter.predicate().may_match(digest), "{filter} as {:?}", filter.predicate());
}

pub(super) fn check_all(digest: &TraceDigest, matching: &[&str], others: &[&str]) {
    for expression in matching {
        check(digest, expression, true);
    }
    for expression in others {
        check(digest, expression, false);
    }
}

fn key(name: &str, kind: Option<&str>) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: kind.map(str::to_owned), account: None }
}

fn request(flags: Flags, seconds: f64, duration: Option<f64>) -> Request {
    let micros = |seconds: f64| Micros((seconds * 1e6).round() as u64);
    Request {
        minute: EPOCH.minute(),
        flags,
        response_time: Some(micros(seconds)),
        duration: duration.map(micros),
        own: None,
        operation: None,
        exceptions: Vec::new(),
    }
}

fn node(key: NodeKey, kind: NodeKind, is_root: bool, requests: Vec<Request>) -> NodeDigest {
    NodeDigest { key, kind, is_root, delay_millis: None, requests }
}

fn edge(source: u32, target: u32, alias: Option<&str>, requests: Vec<Request>) -> EdgeDigest {
    let aliases = alias.map(|name| Alias { name: name.to_owned(), kind: Some("remote".to_owned()) });
    EdgeDigest { source, target, kind: EdgeKind::Call, aliases: aliases.into_iter().collect(), requests }
}

fn entity(name: &str, remote: bool, coverage: Option<f64>, exception: Option<&str>) -> RootCauseEntity {
    let exception = exception.map(|name| ExceptionDigest {
        name: Some(name.to_owned()),
        message: Some("no answer in 500 ms".to_owned()),
    });
    RootCauseEntity { name: name.to_owned(), remote, coverage, exceptions: exception.into_iter().collect() }
}

fn service(key: NodeKey, inferred: bool, entities: Vec<RootCauseEntity>) -> RootCauseService {
    RootCauseService { key, inferred, entities }
}

/// The digest of the worked example, docs/xray.md E.
fn worked_example() -> TraceDigest {
    let [ec2, table] = ["AWS::EC2::Instance", "AWS::DynamoDB::Table"].map(Some);
    let (frontend, backend, orders) = (key("frontend", ec2), key("backend", None), key("orders", table));
    let mut digest = blank_digest();
    digest.end = Some(at(1.4));
    digest.root = Some(RootDigest {
        id: EntityId(1),
        node: 1,
        start: at(0.0),
        response_time: Some(Micros::from_millis(1_000)),
        flags: FAULT,
        http: Http { status: Some(500), ..Http::default() },
        endpoint: None,
    });
    digest.nodes = vec![
        node(NodeKey::client("frontend"), NodeKind::Client, false, Vec::new()),
        node(frontend.clone(), NodeKind::Service, true, vec![request(FAULT, 1.0, Some(1.4))]),
        node(backend.clone(), NodeKind::Service, false, vec![request(FAULT, 0.73, Some(0.73))]),
        node(orders.clone(), NodeKind::Aws, false, vec![request(OK, 0.6, Some(0.6))]),
    ];
    digest.edges = vec![
        edge(0, 1, None, vec![request(FAULT, 1.0, None)]),
        edge(1, 2, Some("backend.internal"), vec![request(FAULT, 0.8, None)]),
        edge(2, 3, None, vec![request(OK, 0.6, None)]),
    ];
    let slow = |name: &str, remote, coverage| entity(name, remote, Some(coverage), None);
    digest.response_time_causes = vec![RootCause {
        services: vec![
            service(
                frontend.clone(),
                false,
                vec![slow("frontend", false, 1.0), slow("backend.internal", true, 0.8)],
            ),
            service(backend.clone(), false, vec![slow("backend", false, 0.73), slow("DynamoDB", true, 0.6)]),
            service(orders, true, vec![slow("DynamoDB", false, 0.6)]),
        ],
        client_impacting: true,
    }];
    digest.fault_causes = vec![RootCause {
        services: vec![
            service(
                frontend,
                false,
                vec![entity("frontend", false, None, None), entity("backend.internal", true, None, None)],
            ),
            service(backend, false, vec![entity("backend", false, None, Some("DbTimeout"))]),
        ],
        client_impacting: true,
    }];
    digest
}

#[test]
fn the_worked_example_matches_as_specified() {
    check_all(&worked_example(), WORKED_MATCHES, WORKED_OTHERS);
}

/// The same from its documents on, so that the language asks for what digests hold.
#[test]
fn the_documents_of_the_worked_example_match_as_specified() {
    let table = |aws: &mut Aws| aws.table_name = Some("orders".to_owned());
    let call = testing::entity(4, "DynamoDB", 0.2, 0.8).aws("GetItem").edit_aws(table);
    let backend =
        testing::entity(3, "backend", 0.15, 0.88).parent(2).fault().exception(9, "DbTimeout", "").holds(call);
    let to_backend = testing::entity(2, "backend.internal", 0.1, 0.9).remote().fault();
    let frontend = testing::entity(1, "frontend", 0.0, 1.0)
        .origin("AWS::EC2::Instance")
        .status(500)
        .http("GET", "https://shop/orders")
        .holds(to_backend);
    let audit = testing::entity(5, "audit", 0.95, 1.4).parent(1);
    let digest =
        Documents::default().segment(0.0, frontend).segment(0.1, backend).subsegment(0.2, audit).digest();
    check_all(&digest, WORKED_MATCHES, WORKED_OTHERS);
    check_all(
        &digest,
        &[
            "duration = 1.4",
            "responsetime = 1",
            "inferred",
            "http.status = 500",
            r#"http.url BEGINSWITH "https://shop/" http.method = "GET""#,
        ],
        &["partial"],
    );
}

#[test]
fn times_are_the_roots_and_the_traces() {
    check_all(
        &worked_example(),
        &["responsetime = 1", "duration = 1.4", "duration > 1.399999", "responsetime", "http.status >= 500"],
        &["responsetime > 1", "duration < 1.4", "http.status = 200", "http.status != 500"],
    );
}

#[test]
fn the_self_time_of_a_trace_is_the_longest_of_its_segments() {
    let mut digest = worked_example();
    let own = |digest: &mut TraceDigest, node: usize, millis: u64| {
        digest.nodes[node].requests[0].own = Some(Coarse::of(Micros::from_millis(millis)));
    };
    check_all(&digest, &["!duration.self", "duration.self != 1"], &["duration.self > 0"]);
    own(&mut digest, 1, 100);
    own(&mut digest, 2, 500);
    check_all(
        &digest,
        &[
            "duration.self > 0.47",
            "duration.self < 0.53",
            r#"service("frontend") { duration.self < 0.2 }"#,
            r#"service() { duration.self > 0.2 }"#,
        ],
        &["duration.self < 0.2", "duration.self > 0.53", r#"service("frontend") { duration.self > 0.2 }"#],
    );
}

#[test]
fn one_request_passes_the_whole_block() {
    let mut digest = worked_example();
    digest.nodes[3].requests.push(request(FAULT, 0.01, Some(0.01)));
    check_all(
        &digest,
        &[
            r#"service("orders") { fault AND responsetime < 0.1 }"#,
            r#"service("orders") { fault } AND service("orders") { responsetime > 0.5 }"#,
            r#"service() { inferred AND type = "AWS::DynamoDB::Table" AND name = "orders" }"#,
            r#"service("frontend") { root AND duration > 1 }"#,
        ],
        &[
            r#"service("orders") { fault AND responsetime > 0.5 }"#,
            r#"service("backend") { root }"#,
            r#"service("backend") { account.id }"#,
        ],
    );
}

#[test]
fn a_client_is_touched_but_has_no_requests() {
    check_all(
        &worked_example(),
        &[r#"service(id(type: "client"))"#, r#"edge(id(type: "client"), "frontend") { fault }"#],
        &[r#"service(id(type: "client")) { !fault }"#, r#"service("frontend") { !fault }"#],
    );
}

#[test]
fn an_edge_is_the_callers_view_under_any_of_its_names() {
    check_all(
        &worked_example(),
        &[
            r#"edge("frontend", "backend")"#,
            r#"edge("frontend", "backend.internal") { fault }"#,
            r#"edge(, id(type: "remote"))"#,
            r#"edge(, id(name: "backend.internal", type: "remote"))"#,
            r#"edge("backend", ) { ok }"#,
            "edge(, )",
            r#"service("backend") { responsetime < 0.75 }"#,
        ],
        &[
            r#"edge("backend", "frontend")"#,
            r#"edge("frontend", "orders")"#,
            r#"edge("frontend", "backend") { responsetime < 0.75 }"#,
            r#"edge(, id(name: "backend.internal", account.id: "1"))"#,
            r#"service("backend.internal")"#,
        ],
    );
}

#[test]
fn the_request_that_made_a_trace_match_is_known() {
    let digest = worked_example();
    let check = |expression: &str, service: Option<f64>, edge: Option<f64>| {
        let filter: Filter = expression.parse().unwrap();
        let found = filter.matched(&digest);
        let seconds = |request: Option<&Request>| Some(request?.response_time?.as_seconds());
        assert_eq!((seconds(found.service), seconds(found.edge)), (service, edge), "{expression}");
    };
    check(r#"service("backend")"#, Some(0.73), None);
    check(r#"fault AND service("backend") { fault } AND service("frontend")"#, Some(0.73), None);
    check(r#"edge("frontend", "backend.internal") { responsetime > 0.7 }"#, None, Some(0.8));
    check(r#"service("frontend") OR edge("frontend", "backend")"#, Some(1.0), Some(0.8));
    check(r#"service("backend") { ok }"#, None, None);
    check(r#"!service("backend")"#, None, None);
    check(r#"service(id(type: "client"))"#, None, None);
    check("fault", None, None);
    check("", None, None);
}

#[test]
fn causes_are_asked_by_service_entity_and_exception() {
    check_all(
        &worked_example(),
        &[
            r#"rootcause.responsetime.entity { last AND remote AND name = "DynamoDB" AND coverage > 0.5 }"#,
            r#"rootcause.responsetime.service { last AND inferred AND name = "orders" AND index = 2 }"#,
            r#"rootcause.fault.service { first AND name = "frontend" AND type BEGINSWITH "AWS::EC2" }"#,
            r#"rootcause.fault.entity { index = 1 AND remote }"#,
            r#"rootcause.fault.exception { first AND last AND message CONTAINS "500 ms" }"#,
        ],
        &[
            r#"rootcause.responsetime.entity { last AND name = "backend" }"#,
            r#"rootcause.fault.service { inferred }"#,
            r#"rootcause.error.service { first }"#,
            r#"rootcause.fault.exception { name = "DbTimeout" AND message = "" }"#,
        ],
    );
}

#[test]
fn a_template_matches_where_all_that_it_names_is_equal() {
    check_all(
        &worked_example(),
        &[
            "rootcause.json = #[{}]",
            r#"rootcause.json = #[{"ClientImpacting":true,"Services":[{"Name":"backend"}]}]"#,
            r#"json = #[{"Services":[{"Name":"frontend"},{"Name":"orders","Inferred":true}]}]"#,
            r#"json = #[{"Services":[{"EntityPath":[{"Name":"DynamoDB","Coverage":0.60}]}]}]"#,
            r#"json = #[{"Services":[{"Name":"backend","Type":null,"EntityPath":[{"Exceptions":[{"Name":"DbTimeout"}]}]}]}]"#,
        ],
        &[
            "rootcause.json != #[{}]",
            r#"json = #[{"Services":[{"Name":"orders"},{"Name":"frontend"}]}]"#,
            r#"json = #[{"Services":[{"Name":"orders","Type":null}]}]"#,
            r#"json = #[{"Services":{"Name":"orders"}}]"#,
            r#"json = #[{"Unknown":null}]"#,
        ],
    );
}

#[test]
fn a_response_is_of_the_class_that_xray_shows() {
    let with_status = |status| {
        let mut digest = worked_example();
        digest.root.as_mut().unwrap().flags = Flags::from_status(status);
        digest
    };
    check_all(&with_status(200), &["ok"], &["error", "throttle", "fault"]);
    check_all(&with_status(404), &["error"], &["ok", "throttle", "fault"]);
    check_all(&with_status(429), &["throttle", "!error"], &["ok", "error", "fault"]);
    check_all(&with_status(500), &["fault"], &["ok", "error", "throttle"]);
    let mut both = worked_example();
    both.root.as_mut().unwrap().flags = Flags { error: true, ..FAULT };
    check_all(&both, &["fault AND error"], &["ok"]);
}

#[test]
fn a_trace_without_its_root_has_no_response() {
    check_all(
        &blank_digest(),
        &["ok = false", "http.status != 200", "!partial"],
        &[
            "ok",
            "error",
            "throttle",
            "fault",
            "responsetime",
            "responsetime < 1",
            "http.status",
            "duration",
            "service()",
        ],
    );
}

#[test]
fn a_throttled_call_that_was_swallowed_is_no_throttle_of_the_trace() {
    let mut digest = worked_example();
    digest.has_throttle = true;
    check(&digest, "throttle", false);
}

#[test]
fn any_of_several_values_passes_and_not_equal_means_none_is() {
    let mut digest = blank_digest();
    digest.users = vec!["ann".to_owned(), "bob".to_owned()];
    digest.availability_zones = vec!["us-east-1a".to_owned()];
    digest.instance_ids = vec!["i-1".to_owned()];
    digest.resource_arns = vec!["arn:aws:lambda:x".to_owned()];
    check_all(
        &digest,
        &[
            r#"user = "bob""#,
            r#"user CONTAINS """#,
            r#"user != "eve""#,
            "user",
            r#"availabilityzone ENDSWITH "1a""#,
            r#"instance.id = "i-1""#,
            r#"resource.arn BEGINSWITH "arn:aws:lambda""#,
        ],
        &[
            r#"user != "bob""#,
            r#"user = "Bob""#,
            r#"availabilityzone = "us-east-1b""#,
            r#"account.id CONTAINS """#,
        ],
    );
    check_all(&blank_digest(), &[r#"user != "bob""#], &["user", r#"user CONTAINS """#]);
}

#[test]
fn group_membership_is_what_the_trace_was_put_into() {
    let mut digest = blank_digest();
    digest.groups = vec![("shop".to_owned(), Minute(1))];
    check_all(
        &digest,
        &[
            r#"group.name = "shop""#,
            r#"group.name = "Default""#,
            r#"group.arn = "arn:aws:xray:eu-1:1:group/shop/ABC""#,
            r#"group.name != "other""#,
        ],
        &[r#"group.name = "Shop""#, r#"group.arn = "shop""#],
    );
}
