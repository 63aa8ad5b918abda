//! Two sets of traces compared, end to end.

use serde_json::{Value, json};

use crate::support::{Server, T, plain};

const FROM: f64 = 1_700_000_040_000.0;
const TO: f64 = 1_700_000_100_000.0;

/// A request of a tenant, which fails with version 1.8.2.
fn request(number: u32, version: &str, tenant: &str) -> Value {
    let is_bad = version == "1.8.2";
    let mut document = plain(number, f64::from(number % 50));
    document["service"] = json!({ "version": version });
    document["annotations"] = json!({ "tenant": tenant, "request": format!("r-{number}") });
    document["fault"] = json!(is_bad);
    document["http"]["response"]["status"] = json!(if is_bad { 500 } else { 200 });
    document["end_time"] = json!(T + f64::from(number % 50) + if is_bad { 2.0 } else { 0.1 });
    document
}

async fn shop() -> Server {
    let server = Server::start();
    let mut documents = Vec::new();
    for number in 0..60 {
        let version = if number % 3 == 0 { "1.8.2" } else { "1.8.1" };
        let tenant = if number % 3 == 0 && number > 3 { "acme" } else { "globex" };
        documents.push(request(number, version, tenant));
    }
    server.put(&documents).await;
    server.settle().await;
    server
}

async fn compare(server: &Server, question: Value) -> Value {
    let mut question = question;
    question["from"] = json!(FROM);
    question["to"] = json!(TO);
    let answer = server.post("/api/compare", question.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn sum(list: &Value, name: &str) -> u64 {
    list.as_array().unwrap().iter().map(|item| item[name].as_u64().unwrap()).sum()
}

fn field<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let fields = answer["fields"].as_array().unwrap();
    fields.iter().find(|field| field["field"] == name).unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
async fn everything_that_is_not_in_a_is_in_b_and_every_trace_is_counted() {
    let server = shop().await;
    let answer = compare(&server, json!({ "a": "fault" })).await;
    assert_eq!((&answer["a"]["traces"], &answer["b"]["traces"]), (&json!(20), &json!(40)));
    assert_eq!((&answer["scanned"], &answer["complete"]), (&json!(60), &json!(true)));
    assert_eq!(answer["b"]["filter"], "!fault");
    assert_eq!((sum(&answer["times"], "a"), sum(&answer["times"], "b")), (20, 40));
    assert_eq!((sum(&answer["series"], "a"), sum(&answer["series"], "b")), (20, 40));
    assert_eq!(answer["step"], 1_000.0);
    let version = field(&answer, "version.frontend");
    assert_eq!(version["delta"], 1.0);
    assert_eq!(
        version["values"][0],
        json!({
            "value": "1.8.2", "filter": r#"service("frontend") { version = "1.8.2" }"#, "a": 20, "b": 0,
        })
    );
    assert_eq!(field(&answer, "annotation.tenant")["values"][0]["value"], "acme");
    assert_eq!(field(&answer, "annotation.request")["kind"], "id");
    assert_eq!(field(&answer, "status")["kind"], "failure");
}

#[tokio::test]
async fn a_deployment_is_two_sets_by_version() {
    let server = shop().await;
    let version = |version: &str| format!("service(\"frontend\") {{ version = \"{version}\" }}");
    let answer = compare(&server, json!({ "a": version("1.8.2"), "b": version("1.8.1") })).await;
    assert_eq!((&answer["a"]["fault"], &answer["b"]["fault"]), (&json!(20), &json!(0)));
    assert_eq!(answer["a"]["p50"], 2_000.0);
    let swapped = compare(&server, json!({ "a": version("1.8.1"), "b": version("1.8.2") })).await;
    assert_eq!(swapped["a"]["traces"], 40);
}

#[tokio::test]
async fn the_edges_of_response_times_say_exactly_what_is_in_a_bin() {
    let server = shop().await;
    let answer = compare(&server, json!({ "a": "fault" })).await;
    for bin in answer["times"].as_array().unwrap() {
        let seconds = |name: &str| bin[name].as_f64().unwrap() / 1_000.0;
        let filter = format!("responsetime >= {} AND responsetime < {}", seconds("from"), seconds("to"));
        let narrowed = compare(&server, json!({ "a": filter })).await;
        assert_eq!(narrowed["a"]["traces"], bin["a"].as_u64().unwrap() + bin["b"].as_u64().unwrap());
    }
}

#[tokio::test]
async fn bad_questions_say_what_is_wrong() {
    let server = Server::start();
    let ask = async |question: Value| server.post("/api/compare", question.to_string()).await.json();
    let bad = ask(json!({ "from": FROM, "to": TO, "a": "ok", "b": "fault {" })).await;
    assert_eq!((&bad["status"], &bad["filter"]["position"]), (&json!(400), &json!(6)));
    assert_eq!(ask(json!({ "from": TO, "to": FROM, "a": "" })).await["status"], 400);
    let unknown = ask(json!({ "from": FROM, "to": TO, "a": "", "group": "nobody" })).await;
    assert_eq!(unknown["status"], 404);
    let empty = ask(json!({ "from": FROM, "to": TO, "a": "" })).await;
    assert_eq!(
        (&empty["a"]["traces"], &empty["times"], &empty["b"]["filter"]),
        (&json!(0), &json!([]), &json!("ok AND !ok"))
    );
}
