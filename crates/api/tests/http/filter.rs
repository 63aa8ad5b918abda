//! What the console asks about filter expressions: their trees, their errors, and how they could go on.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, plain, worked_example};

async fn parse(server: &Server, text: &str) -> Value {
    server.post("/api/filter/parse", json!({ "expression": text }).to_string()).await.json()
}

/// A tree as text in another spelling: conditions in square brackets, with kind, name, comparator, value and block.
fn spelled(tree: &Value) -> String {
    let of: Vec<String> = tree["of"].as_array().unwrap().iter().map(spelled).collect();
    match tree["op"].as_str().unwrap() {
        "condition" => {
            let condition = &tree["condition"];
            let nodes = condition["nodes"].as_array().unwrap();
            let mut parts = vec![condition["kind"].as_str().unwrap().to_owned()];
            parts.push(condition["name"].as_str().unwrap().to_owned());
            parts.extend(condition["comparator"].as_str().map(str::to_owned));
            parts.extend(Some(&condition["value"]).filter(|value| !value.is_null()).map(Value::to_string));
            let given = |node: &Value| {
                let fields = ["name", "type", "account"].into_iter();
                let fields = fields.filter_map(|field| Some(format!("{field}={}", node[field].as_str()?)));
                format!("<{}>", fields.collect::<Vec<_>>().join(" "))
            };
            parts.extend(nodes.iter().map(given));
            parts.extend(
                Some(&condition["block"])
                    .filter(|block| !block.is_null())
                    .map(|block| format!("{{ {} }}", spelled(block))),
            );
            format!("[{}]", parts.join(" "))
        }
        "not" => format!("not({})", of.join("")),
        op => format!("{op}({})", of.join(" ")),
    }
}

/// The examples of docs/xray.md 4.6.
#[tokio::test]
async fn every_example_of_the_specification_has_a_tree() {
    let server = Server::start();
    let tree = async |text: &str| {
        let answer = parse(&server, text).await;
        assert_eq!(answer["canonical"], answer["tree"]["text"]);
        spelled(&answer["tree"])
    };
    assert_snapshot!(tree(r#"http.url CONTAINS "/checkout" AND responsetime > 2 AND annotation.tenant = "acme""#).await, @r#"and([text http.url CONTAINS "/checkout"] [number responsetime > 2.0] [annotation tenant = "acme"])"#);
    assert_snapshot!(tree(r#"service(id(type: "AWS::DynamoDB::Table")) { fault }"#).await, @"[service service <type=AWS::DynamoDB::Table> { [flag fault = true] }]");
    assert_snapshot!(tree(r#"edge("api", "billing") { fault } AND ok"#).await, @"and([edge edge <name=api> <name=billing> { [flag fault = true] }] [flag ok = true])");
    assert_snapshot!(tree(r#"user CONTAINS "" !partial"#).await, @r#"and([text user CONTAINS ""] not([flag partial = true]))"#);
    assert_snapshot!(tree(r#"rootcause.responsetime.entity { last AND remote AND name = "db" AND coverage > 0.6 }"#).await, @r#"[rootcause rootcause.responsetime.entity { and([flag last = true] [flag remote = true] [text name = "db"] [number coverage > 0.6]) }]"#);
    assert_snapshot!(tree(r#"annotation[http.route] = "/v1/items""#).await, @r#"[annotation http.route = "/v1/items"]"#);
    assert_snapshot!(tree(r#"service(id(account.id: "111122223333"))"#).await, @"[service service <account=111122223333>]");
    assert_snapshot!(tree(r#"http.url BEGINSWITH "https://shop/" AND !service("cache")"#).await, @r#"and([text http.url BEGINSWITH "https://shop/"] not([service service <name=cache>]))"#);
    assert_snapshot!(tree(r#"rootcause.json = #[{"Services":[{"Name":"a"}]}]"#).await, @r#"[template rootcause.json = "{\"Services\":[{\"Name\":\"a\"}]}"]"#);
    assert_eq!(parse(&server, "").await, json!({ "canonical": "", "tree": null, "error": null }));
}

#[tokio::test]
async fn an_error_has_its_place() {
    let server = Server::start();
    let error = async |text: &str| parse(&server, text).await["error"].to_string();
    assert_snapshot!(error("fault and and").await, @r#"{"line":1,"position":10,"message":"Invalid input symbol: 'and'"}"#);
    assert_snapshot!(error("fault AND\n{").await, @r#"{"line":2,"position":0,"message":"Invalid input symbol: '{'"}"#);
    assert_snapshot!(error(r#"group.name = "prod""#).await, @r#"{"line":1,"position":0,"message":"group not found: prod"}"#);
}

#[tokio::test]
async fn completions_come_from_the_grammar_and_from_what_was_seen() {
    let server = Server::start();
    server.call("/CreateGroup", json!({ "GroupName": "checkout", "FilterExpression": "fault" })).await;
    let mut documents = worked_example();
    let mut versioned = plain(9, 1.0);
    versioned["service"] = json!({ "version": "1.8.2" });
    documents.push(versioned);
    server.put(&documents).await;
    server.settle().await;
    let complete = async |before: &str| {
        let question = json!({ "before": before, "from": 1_700_000_040_000.0, "to": 1_700_000_100_000.0 });
        let answer = server.post("/api/filter/complete", question.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let completions = answer.json()["completions"].as_array().unwrap().clone();
        let shown = |found: &Value| {
            let units: Vec<u16> = before.encode_utf16().collect();
            let kept = units.len() - usize::try_from(found["replaces"].as_u64().unwrap()).unwrap();
            format!("{}{}", String::from_utf16(&units[..kept]).unwrap(), found["text"].as_str().unwrap())
        };
        completions.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(complete("faul").await, ["fault"]);
    assert_eq!(complete("annotation.t").await, ["annotation.tenant"]);
    assert_eq!(complete("user = ").await, [r#"user = "u-1""#]);
    assert_eq!(complete("version = ").await, [r#"version = "1.8.2""#]);
    assert_eq!(complete("group.name = ").await, [r#"group.name = "Default""#, r#"group.name = "checkout""#]);
    assert_eq!(complete(r#"user = "🦀" AND serv"#).await[0], r#"user = "🦀" AND service("#);
    assert!(complete("& ").await.is_empty());
}
