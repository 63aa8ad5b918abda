//! Every route of the table, asked as everybody, and held against the documents that tell of it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use ::auth::Policy;
use api::{Need, Route, routes};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use crate::auth::{ADDRESS, Guarded};

/// What came of a request, as far as it is a question of who asked.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The handler answered, whatever it did.
    Handled,
    /// Nobody is known to ask.
    Unknown,
    /// Who asks may not.
    Denied,
}

/// Asks by a token, or without any.
async fn ask(guarded: &Guarded, method: &Method, path: &str, token: Option<&str>) -> Verdict {
    let path = path.replace(['{', '}'], "");
    let mut request = Request::builder().method(method).uri(&path).header("host", ADDRESS);
    request = request.header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = guarded.open(request, Body::empty()).await;
    let error = answer.headers().get("x-amzn-errortype").map(|name| name.to_str().unwrap().to_owned());
    // The page to sign in answers 401 to a wrong token: a page, and no problem document.
    let is_problem = answer.headers().get("content-type").is_some_and(|is| is == "application/problem+json");
    // Calls of gRPC are answered with 200 and a status of their own.
    match answer.headers().get("grpc-status").map(|status| status.to_str().unwrap()) {
        Some("16") => return Verdict::Unknown,
        Some("7") => return Verdict::Denied,
        _ => {}
    }
    let is_problem = is_problem || path == "/v1/traces";
    match (answer.status(), error.as_deref()) {
        (StatusCode::FORBIDDEN, Some("MissingAuthenticationTokenException")) => Verdict::Unknown,
        (StatusCode::FORBIDDEN, _) => Verdict::Denied,
        (StatusCode::UNAUTHORIZED, _) if is_problem => Verdict::Unknown,
        (StatusCode::METHOD_NOT_ALLOWED, _) => panic!("{method} {path} has no handler"),
        _ => Verdict::Handled,
    }
}

const CLOUDWATCH: &str = "/api/cloudwatch/{operation}";

/// The routes that a preset opens, of those that ask for something, without X-Ray's for the console.
async fn open_to(policy: Policy) -> String {
    let guarded = Guarded::start();
    let new = guarded.token(policy.clone());
    let token = new.secret.reveal();
    let loopback = "127.0.0.1".parse().unwrap();
    let mut open = String::new();
    for route in routes() {
        let may = match route.need.action() {
            Some(action) => policy.decide(&action, loopback) == ::auth::Decision::Allowed,
            // The path names the operation, here by a name that is none.
            None if route.path == CLOUDWATCH => {
                policy.decide("cloudwatch:{operation}", loopback) == ::auth::Decision::Allowed
            }
            None => true,
        };
        let expected = if may { Verdict::Handled } else { Verdict::Denied };
        let verdict = ask(&guarded, &route.method, &route.path, Some(token)).await;
        assert_eq!(verdict, expected, "{} {}", route.method, route.path);
        let is_listed = route.need != Need::Nothing && !route.path.starts_with("/api/xray/");
        if may && is_listed {
            let name = route.operation.unwrap_or(&route.path);
            writeln!(open, "{} {name}", route.method).unwrap();
        }
    }
    open
}

#[tokio::test]
async fn without_credentials_only_what_is_open_by_name_is_open() {
    let guarded = Guarded::start();
    let mut open = Vec::new();
    for route in routes() {
        let verdict = ask(&guarded, &route.method, &route.path, None).await;
        let expected = if route.need == Need::Nothing { Verdict::Handled } else { Verdict::Unknown };
        assert_eq!(verdict, expected, "{} {}", route.method, route.path);
        if verdict == Verdict::Handled {
            open.push(format!("{} {}", route.method, route.path));
        }
    }
    insta::assert_snapshot!(open.join("\n"), @"
    GET /healthz
    GET /readyz
    GET /signin
    POST /signin
    GET /signin.css
    GET /sns/confirm
    GET /sns/unsubscribe
    GET /
    POST /v1/metrics
    POST /v1/logs
    POST /opentelemetry.proto.collector.metrics.v1.MetricsService/Export
    POST /opentelemetry.proto.collector.logs.v1.LogsService/Export
    POST /grpc.health.v1.Health/Check
    GET /api/session
    POST /api/session
    DELETE /api/session
    ");
}

#[tokio::test]
async fn the_preset_full_opens_everything() {
    let open = open_to(Policy::full()).await;
    let all = routes().iter().filter(|route| route.need != Need::Nothing);
    assert_eq!(open.lines().count(), all.filter(|route| !route.path.starts_with("/api/xray/")).count());
}

#[tokio::test]
async fn the_preset_daemon_opens_what_agents_ask() {
    insta::assert_snapshot!(open_to(Policy::daemon()).await, @"
    POST /
    POST /service/{service}/operation/{operation}
    POST /v1/traces
    POST /opentelemetry.proto.collector.trace.v1.TraceService/Export
    POST PutTraceSegments
    POST PutTelemetryRecords
    POST GetSamplingRules
    POST GetSamplingTargets
    POST GetSamplingStatisticSummaries
    ");
}

#[tokio::test]
async fn the_preset_read_only_opens_all_that_only_reads() {
    insta::assert_snapshot!(open_to(Policy::read_only()).await, @"
    GET /metrics
    POST /
    POST /service/{service}/operation/{operation}
    POST BatchGetTraces
    POST GetTraceSummaries
    POST GetTraceGraph
    POST GetServiceGraph
    POST GetTimeSeriesServiceStatistics
    POST GetSamplingRules
    POST GetSamplingTargets
    POST GetSamplingStatisticSummaries
    POST GetGroup
    POST GetGroups
    POST ListTagsForResource
    POST ListResourcePolicies
    POST GetEncryptionConfig
    POST GetInsightSummaries
    POST GetInsight
    POST GetInsightEvents
    POST GetInsightImpactGraph
    POST GetTraceSegmentDestination
    POST GetIndexingRules
    POST StartTraceRetrieval
    POST ListRetrievedTraces
    POST GetRetrievedTracesGraph
    POST CancelTraceRetrieval
    GET /api/status
    GET /api/live
    GET /api/graph
    GET /api/history
    GET /api/replay
    GET /api/now
    GET /api/capsule
    GET /api/insights
    GET /api/insights/{id}
    GET /api/node
    GET /api/service
    GET /api/exceptions
    GET /api/traces
    GET /api/traces/export
    GET /api/facets
    GET /api/breakdown
    GET /api/traces/{id}
    GET /api/traces/{id}/graph
    GET /api/traces/{id}/raw
    GET /api/traces/{id}/otlp
    GET /api/traces/{id}/documents
    GET /api/traces/{id}/spans/{span}
    GET /api/traces/{id}/spans/{span}/percentile
    POST /api/view
    POST /api/compare
    POST /api/tree
    POST /api/critical-path
    POST /api/filter/parse
    POST /api/filter/complete
    GET /api/doctor
    GET /api/sampling
    POST /api/sampling/try
    GET /api/url-templates
    POST /api/url-templates/try
    GET /api/log-links
    GET /api/views
    GET /api/groups
    GET /api/alarms
    POST /api/alarms/dry-run
    GET /api/alarms/{name}
    GET /api/mutes
    GET /api/firing
    GET /api/objectives
    GET /api/notifiers
    GET /api/deliveries
    ");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_no_way_around() {
    let guarded = Guarded::start();
    for route in routes().iter().filter(|route| route.need != Need::Nothing) {
        let verdict = ask(&guarded, &Method::PATCH, &route.path, None).await;
        assert_eq!(verdict, Verdict::Unknown, "{}", route.path);
    }
}

#[test]
fn every_row_is_complete_and_stands_once() {
    let mut seen = BTreeSet::new();
    for route in routes() {
        let Route { method, path, doc, max_body, .. } = route;
        assert!(seen.insert(format!("{method} {path}")), "{method} {path} stands twice");
        assert!(!doc.is_empty(), "{method} {path} has no line of what it does");
        assert_eq!(*max_body > 0, matches!(*method, Method::POST | Method::PUT), "{method} {path}");
        assert_ne!(route.need, Need::Key, "{method} {path} must say what it asks for");
    }
    let operations = routes().iter().filter_map(|route| route.operation);
    let model = crate::aws_model::operations().map(|operation| operation["name"].as_str().unwrap());
    assert_eq!(operations.collect::<BTreeSet<_>>(), model.collect::<BTreeSet<_>>());
}

/// A page of `docs/`.
fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap()
}

/// The rows of the tables below a heading, or of the whole page: cells without white space around.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let below = page.split_once(heading).map_or("", |(_, below)| below);
    let section = below.split_once("\n## ").map_or(below, |(section, _)| section);
    let rows = section.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split(" |").map(str::trim).collect()).collect()
}

/// What stands between backticks, without a query.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2).map(|text| text.split('?').next().unwrap_or_default())
}

/// The method and path of each route that has no operation's name.
fn named(wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let own = routes().iter().filter(|route| route.operation.is_none() && wanted(&route.path));
    own.map(|route| format!("{} {}", route.method, route.path)).collect()
}

#[test]
fn every_operation_is_told_of_in_the_documents_and_no_other() {
    let page = page("api.md");
    let told: BTreeSet<(&str, &str)> = rows(&page, "\n## Operations")
        .into_iter()
        .filter_map(|cells| Some((cells[0], quoted(cells[1]).next()?)))
        .collect();
    let table = routes().iter().filter_map(|route| Some((route.operation?, &*route.path)));
    assert_eq!(told, table.collect());
}

#[test]
fn every_other_route_is_told_of_in_the_documents_and_no_other() {
    let told = |page: &str, heading: &str| -> BTreeSet<String> {
        let cells = rows(page, heading).into_iter().map(|cells| cells[0]);
        let texts = cells.flat_map(|cell| quoted(cell).map(str::to_owned).collect::<Vec<_>>());
        texts.filter(|text| text.contains(" /")).collect()
    };
    let mut console = named(|path| path.starts_with("/api/") && !path.starts_with("/api/xray/"));
    console.insert("POST /api/xray/{Operation}".to_owned());
    assert_eq!(told(&page("console-api.md"), "# The console's API"), console);
    assert_eq!(told(&page("api.md"), "\n## Other paths"), named(|path| !path.starts_with("/api/")));
}

/// `docs/routes.md`, written from the table.
fn routes_page() -> String {
    let mut page = String::from(
        "# Routes\n\nEvery path that `fluoro serve` answers on its port, and what it asks for where the server runs with `--auth on` \
         ([security.md](security.md)).\nThis page is written from the table in `crates/api/src/router/table.rs` by `cargo test -p fluoro-api`. \
         What each answers is told in [api.md](api.md) and\n[console-api.md](console-api.md). GET takes HEAD too. *Body* is the most that a \
         request may carry, packed and unpacked.\n\nEvery operation of X-Ray also stands at `/api/xray/{Operation}` for the console, with the \
         same permission and bound.\n\n| Route | Permission | Body | |\n| --- | --- | --- | --- |\n",
    );
    for route in routes().iter().filter(|route| !route.path.starts_with("/api/xray/")) {
        let Route { method, path, max_body, doc, .. } = route;
        let permission = match (route.need, route.need.action()) {
            (_, Some(action)) => format!("`{action}`"),
            (Need::Named, None) => "`cloudwatch:` and the operation".to_owned(),
            (_, None) => "anybody".to_owned(),
        };
        let body = match *max_body {
            0 => String::new(),
            bytes if bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
            bytes => format!("{} KiB", bytes >> 10),
        };
        writeln!(page, "| `{method} {path}` | {permission} | {body} | {doc} |").unwrap();
    }
    page
}

#[test]
fn the_page_of_routes_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routes.md");
    let expected = routes_page();
    if fs::read_to_string(&path).unwrap_or_default() != expected {
        fs::write(&path, expected).unwrap();
        panic!(
            "docs/routes.md was not what the table of routes says; it was written anew, look at it and commit it"
        );
    }
}
