//! An issue as a file: what is in it, what is taken out of it, and what a server answers that shows one.

use ::auth::{Decision, Policy};
use ::capsule::{Content, Head, LIMITS, read};
use api::routes;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::console::{RANGE, ok};
use crate::support::{Server, T, plain};

const FAILING: u32 = 12;

fn failing(number: u32) -> Value {
    let mut document = plain(number, 0.1 * f64::from(number));
    document["fault"] = json!(true);
    document["user"] = json!(format!("user{number}@example.com"));
    document["http"]["request"]["client_ip"] = json!("203.0.113.7");
    document["http"]["response"]["status"] = json!(500);
    document
}

/// A server with one issue, and the id of that.
async fn broken() -> (Server, String) {
    let server = Server::start();
    let documents: Vec<Value> = (1..=FAILING).map(failing).collect();
    server.put(&documents).await;
    let now = ok(&server, &format!("/api/now?{RANGE}")).await;
    let id = now["entries"][0]["id"].as_str().unwrap().to_owned();
    (server, id)
}

async fn saved(server: &Server, question: &str) -> Content {
    let answer = server.get(&format!("/api/capsule?{question}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.headers["content-type"], "application/zstd");
    let named = answer.headers["content-disposition"].to_str().unwrap();
    let since = question.split(['!', '&']).nth(2).unwrap();
    assert_eq!(named, format!("attachment; filename=\"frontend-{since}.capsule\""));
    read(&answer.body[..], &LIMITS).unwrap()
}

#[tokio::test]
async fn a_capsule_has_what_the_server_knows_of_the_issues_time() {
    let (server, id) = broken().await;
    let rule =
        json!({ "rules": [{ "service": "*", "title": "Loki", "url": "https://l.example/{trace_id}" }] });
    let put = Request::put("/api/log-links").header("host", "127.0.0.1:2000");
    let put = put.header("content-type", "application/json").body(Body::from(rule.to_string()));
    assert_eq!(server.send(put.unwrap()).await.status, StatusCode::OK);
    let view = json!({ "name": "late", "page": "/traces", "query": "" });
    assert_eq!(server.post("/api/views", view.to_string()).await.status, StatusCode::OK);

    let content = saved(&server, &format!("issue={id}")).await;
    let Head { issue, traces, complete, redacted, from, to, .. } = &content.head;
    assert_eq!((&issue.id, *traces, *complete), (&id, u64::from(FAILING), true));
    assert!(issue.sentence.contains("frontend"), "{}", issue.sentence);
    assert!(redacted.is_empty());
    let since: i64 = id.rsplit('!').next().unwrap().parse().unwrap();
    assert_eq!((from.div_euclid(1_000_000), *to), (since - 2_400, ((T + 2.0) * 1e6) as i64));
    assert_eq!((content.documents.len(), content.digests.len()), (FAILING as usize, FAILING as usize));
    let of_all = content.minutes.iter().filter(|row| row.key.group == model::group::DEFAULT);
    let faults: i64 = of_all.filter(|row| row.stats.roots > 0).map(|row| row.stats.counts.fault).sum();
    assert_eq!(faults, i64::from(FAILING));
    let tables =
        |rows: &[settings::portable::Row], table: &str| rows.iter().filter(|row| row.table == table).count();
    assert_eq!((tables(&content.settings, "log_links"), tables(&content.settings, "views")), (1, 1));
    assert_eq!(tables(&content.settings, "policies") + tables(&content.settings, "subscriptions"), 0);
    // As it was sent, byte for byte.
    let sent: Vec<String> = (1..=FAILING).map(|number| failing(number).to_string()).collect();
    assert!(content.documents.iter().all(|one| sent.iter().any(|sent| sent.as_bytes() == &one.raw[..])));
}

#[tokio::test]
async fn what_is_to_be_taken_out_is_in_no_part_of_it() {
    let (server, id) = broken().await;
    let content = saved(&server, &format!("issue={id}&redact=user,client_*")).await;
    assert_eq!(content.head.redacted, ["user", "client_*"]);
    assert_eq!(content.documents.len(), FAILING as usize);
    let text = format!("{content:?}");
    assert!(!text.contains("example.com") && !text.contains("203.0.113.7"), "{text}");
    assert!(content.digests.iter().all(|digest| digest.users.iter().all(|user| &**user == "[redacted]")));
}

#[tokio::test]
async fn what_cannot_be_saved_is_told_with_its_remedy() {
    let (server, id) = broken().await;
    let refused = async |question: String| {
        let answer = server.get(&format!("/api/capsule?{question}")).await;
        format!("{} {}", answer.status.as_u16(), answer.json()["detail"].as_str().unwrap())
    };
    for unknown in ["nothing", "failing!front!17", "failing!front!99999999999999999999", "a!-1", "!", "%00"] {
        let told = refused(format!("issue={unknown}")).await;
        assert!(told.starts_with("404 there is no such issue: take its id"), "{unknown}: {told}");
    }
    assert!(refused(format!("issue={}", "a".repeat(5_000))).await.starts_with("400 this is too long"));
    assert!(refused("redact=user".to_owned()).await.starts_with("400 "));
    let long = refused(format!("issue={id}&redact={}", "a".repeat(300))).await;
    assert!(long.starts_with("400 redact: ") && long.contains("too long for a name"), "{long}");
    let many = refused(format!("issue={id}&redact={}", "a,".repeat(101))).await;
    assert_eq!(many, "400 redact: there are more than 100 names");
}

async fn opened() -> Server {
    let (server, id) = broken().await;
    let head = saved(&server, &format!("issue={id}")).await.head;
    Server::opened(head)
}

/// By its table, so that a route that is new is among them.
#[tokio::test]
async fn what_shows_a_capsule_answers_who_reads_and_refuses_who_changes() {
    let server = opened().await;
    let loopback = "127.0.0.1".parse().unwrap();
    let (mut refused, mut answered) = (0, 0);
    for route in routes() {
        let Some(action) = route.need.action() else { continue };
        let request = Request::builder().method(&route.method).uri(route.path.replace(['{', '}'], ""));
        let request = request.header("host", "127.0.0.1:2000").header("content-type", "application/json");
        let answer = server.open(request.body(Body::empty()).unwrap()).await;
        let grpc = answer.headers().get("grpc-status").map(|status| status.to_str().unwrap().to_owned());
        let is_refused = answer.status() == StatusCode::FORBIDDEN || grpc.as_deref() == Some("7");
        let may = Policy::read_only().decide(&action, loopback) == Decision::Allowed;
        assert_eq!(is_refused, !may, "{} {} {}", route.method, route.path, answer.status());
        if may { answered += 1 } else { refused += 1 }
    }
    assert!(refused > 30 && answered > 50, "{refused} are refused and {answered} answered");
    // Where the operation is named by the request.
    let change = server.post("/api/cloudwatch/PutMetricAlarm", "{}").await;
    assert_eq!(change.status, StatusCode::FORBIDDEN, "{}", change.text());
    let look = server.post("/api/cloudwatch/DescribeAlarms", "{}").await;
    assert_eq!(look.status, StatusCode::OK, "{}", look.text());
}

#[tokio::test]
async fn what_shows_a_capsule_says_so_to_the_console() {
    let server = opened().await;
    let session = ok(&server, "/api/session").await;
    assert_eq!((&session["mayChange"], &session["required"]), (&json!(false), &json!(false)));
    let capsule = &session["capsule"];
    assert_eq!((&capsule["traces"], &capsule["to"]), (&json!(FAILING), &json!((T + 2.0) * 1e3)));
    assert!(capsule["page"].as_str().unwrap().starts_with("/issues/"), "{capsule}");
    let refused =
        server.post("/api/views", json!({ "name": "a", "page": "/traces", "query": "" }).to_string()).await;
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "this is a capsule: it is opened to be read, and nothing in it is changed");
    let usual = ok(&Server::start(), "/api/session").await;
    assert_eq!((&usual["mayChange"], usual.get("capsule")), (&json!(true), None));
    let method =
        Request::builder().method(Method::DELETE).uri("/api/views/a").header("host", "127.0.0.1:2000");
    assert_eq!(server.send(method.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
}
