//! Groups through the API, and what they select.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, T, TRACE, plain, worked_example};

async fn create(server: &Server, name: &str, filter: &str) -> Value {
    let input = json!({ "GroupName": name, "FilterExpression": filter });
    server.call("/CreateGroup", input).await["Group"].clone()
}

/// The names of the services in the graph of the worked example's time.
async fn graph(server: &Server, group: Value) -> (Vec<String>, bool) {
    let mut input = json!({ "StartTime": T - 60.0, "EndTime": T + 600.0 });
    input.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
    let graph = server.call("/ServiceGraph", input).await;
    let services = graph["Services"].as_array().unwrap().iter();
    let named = services.filter(|service| service["Type"] != "client");
    let names = named.map(|service| service["Name"].as_str().unwrap().to_owned()).collect();
    (names, graph["ContainsOldGroupVersions"].as_bool().unwrap())
}

#[tokio::test]
async fn a_group_is_made_changed_and_deleted() {
    let server = Server::start();
    let made = create(&server, "shop", "fault").await;
    let arn = made["GroupARN"].as_str().unwrap();
    let id = arn.strip_prefix("arn:aws:xray:eu-west-1:123456789012:group/shop/").unwrap();
    assert!(id.len() == 52 && id.bytes().all(|letter| matches!(letter, b'A'..=b'Z' | b'2'..=b'7')), "{id}");
    let expected = json!({
        "GroupName": "shop", "GroupARN": arn, "FilterExpression": "fault",
        "InsightsConfiguration": { "InsightsEnabled": false, "NotificationsEnabled": false },
    });
    assert_eq!(made, expected);
    let update = json!({
        "GroupARN": arn, "FilterExpression": "error", "InsightsConfiguration": { "InsightsEnabled": true },
    });
    let changed = server.call("/UpdateGroup", update).await["Group"].clone();
    assert_eq!(changed["FilterExpression"], "error");
    assert_eq!(changed["InsightsConfiguration"]["InsightsEnabled"], true);
    assert_eq!(server.call("/GetGroup", json!({ "GroupName": "shop" })).await["Group"], changed);
    let listed = server.call("/Groups", json!({})).await;
    let names: Vec<_> =
        listed["Groups"].as_array().unwrap().iter().map(|group| &group["GroupName"]).collect();
    assert_eq!(names, ["Default", "shop"]);
    assert_eq!(server.call("/DeleteGroup", json!({ "GroupName": "shop" })).await, json!({}));
    let gone = server.refuse("/GetGroup", &json!({ "GroupARN": arn }).to_string()).await;
    assert_snapshot!(gone, @r#"400 InvalidRequestException {"Message":"Group not found"}"#);
}

#[tokio::test]
async fn groups_are_refused_in_xrays_words() {
    let server = Server::start();
    create(&server, "shop", "fault").await;
    let check = async |path: &str, input: Value| server.refuse(path, &input.to_string()).await;
    let create = async |name: &str, filter: &str| {
        check("/CreateGroup", json!({ "GroupName": name, "FilterExpression": filter })).await
    };
    assert_snapshot!(create("shop", "fault").await, @r#"400 InvalidRequestException {"Message":"shop already exists"}"#);
    assert_snapshot!(create("other", "").await, @r#"400 InvalidRequestException {"Message":"Filter Expression is empty"}"#);
    assert_snapshot!(create("other", "no such word").await, @r#"400 InvalidRequestException {"Message":"Error Location: line 1, position 0 : Invalid input symbol: 'no'"}"#);
    assert_snapshot!(create("other", r#"group.name = "none""#).await, @r#"400 InvalidRequestException {"Message":"group not found: none"}"#);
    assert_snapshot!(create("a_b", "ok").await, @r#"400 InvalidRequestException {"Message":"Group name may have letters, digits and hyphens only"}"#);
    let update = async |input: Value| check("/UpdateGroup", input).await;
    assert_snapshot!(update(json!({ "GroupName": "shop", "InsightsConfiguration": { "InsightsEnabled": true } })).await, @r#"400 InvalidRequestException {"Message":"Filter Expression is empty"}"#);
    assert_snapshot!(update(json!({ "GroupName": "shop", "FilterExpression": r#"group.name = "shop""# })).await, @r#"400 InvalidRequestException {"Message":"group not found: shop"}"#);
    assert_snapshot!(update(json!({ "GroupName": "a", "GroupARN": "b" })).await, @r#"400 InvalidRequestException {"Message":"Request cannot contain both group name and group ARN"}"#);
    assert_snapshot!(check("/DeleteGroup", json!({ "GroupName": "Default" })).await, @r#"400 InvalidRequestException {"Message":"The Default group cannot be deleted"}"#);
    assert_snapshot!(check("/DeleteGroup", json!({})).await, @r#"400 InvalidRequestException {"Message":"Request must contain either group name or group ARN"}"#);
}

#[tokio::test]
async fn a_group_has_a_graph_of_the_traces_that_came_after_it_was_made() {
    let server = Server::start();
    server.put(&[plain(11, 0.0)]).await;
    let group = create(&server, "failing", r#"service("backend") { fault }"#).await;
    let by_name = json!({ "GroupName": "failing" });
    assert_eq!(graph(&server, by_name.clone()).await, (vec![], false));
    server.put(&worked_example()).await;
    server.put(&[plain(12, 1.0)]).await;
    let names = ["backend", "frontend", "orders"].map(str::to_owned).to_vec();
    assert_eq!(graph(&server, by_name.clone()).await, (names.clone(), false));
    assert_eq!(graph(&server, json!({ "GroupARN": group["GroupARN"] })).await, (names.clone(), false));
    let series = json!({ "StartTime": T - 60.0, "EndTime": T + 600.0, "GroupName": "failing" });
    let series = server.call("/TimeSeriesServiceStatistics", series).await;
    assert_eq!(series["TimeSeriesServiceStatistics"][0]["EdgeSummaryStatistics"]["TotalCount"], 1);

    server.advance(60);
    let update = json!({ "GroupName": "failing", "FilterExpression": "ok" });
    server.call("/UpdateGroup", update).await;
    assert_eq!(graph(&server, by_name).await, (names, true), "some of it was matched against the old filter");
}

#[tokio::test]
async fn a_group_made_again_starts_with_nothing() {
    let server = Server::start();
    create(&server, "all", "duration >= 0").await;
    server.put(&worked_example()).await;
    assert_eq!(graph(&server, json!({ "GroupName": "all" })).await.0.len(), 3);
    server.call("/DeleteGroup", json!({ "GroupName": "all" })).await;
    let input = json!({ "StartTime": T, "EndTime": T, "GroupName": "all" });
    let gone = server.refuse("/ServiceGraph", &input.to_string()).await;
    assert_snapshot!(gone, @r#"400 InvalidRequestException {"Message":"Group not found"}"#);
    create(&server, "all", "duration >= 0").await;
    assert_eq!(graph(&server, json!({ "GroupName": "all" })).await.0.len(), 0);
}

#[tokio::test]
async fn filters_may_name_groups() {
    let server = Server::start();
    server.put(&worked_example()).await;
    server.put(&[plain(11, 0.5)]).await;
    // Not retroactive in its graph, but its expression selects whatever matches.
    let group = create(&server, "failing", "fault").await;
    create(&server, "acme", r#"group.name = "failing" AND annotation.tenant = "acme""#).await;
    let find = async |filter: String| {
        let input = json!({ "StartTime": T - 60.0, "EndTime": T + 60.0, "FilterExpression": filter });
        let found = server.call("/TraceSummaries", input).await;
        let summaries = found["TraceSummaries"].as_array().unwrap().clone();
        summaries.iter().map(|summary| summary["Id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find(r#"group.name = "failing""#.to_owned()).await, [TRACE]);
    assert_eq!(find(r#"group.name = "acme""#.to_owned()).await, [TRACE]);
    assert_eq!(find(format!("group.arn = {}", group["GroupARN"])).await, [TRACE]);
    assert_eq!(find(r#"group.name != "failing" responsetime > 0"#.to_owned()).await.len(), 1);
    let parse = json!({ "expression": r#"group.name = "failing""# });
    let request = axum::http::Request::post("/api/filter/parse").header("content-type", "application/json");
    let request = request.header("host", "127.0.0.1:2000").body(parse.to_string().into()).unwrap();
    let parsed = server.send(request).await.json();
    assert_eq!(parsed["canonical"], r#"group.name = "failing""#);
}

#[tokio::test]
async fn the_console_shows_what_a_group_counts() {
    let server = Server::start();
    create(&server, "failing", "fault").await;
    server.put(&worked_example()).await;
    server.put(&[plain(11, 0.5)]).await;
    let range = format!("from={}&to={}", (T - 60.0) * 1e3, (T + 60.0) * 1e3);
    let traces = server.get(&format!("/api/traces?{range}&group=failing")).await.json();
    assert_eq!(traces["matched"], 1);
    let graph = server.get(&format!("/api/graph?{range}&group=failing")).await.json();
    assert_eq!(graph["series"].as_array().unwrap().len(), 1);
    let now = server.get(&format!("/api/now?{range}&group=failing")).await.json();
    assert_eq!((&now["requests"], now["entries"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(server.get(&format!("/api/graph?{range}&group=none")).await.status, 404);
}

#[tokio::test]
async fn forecasts_need_insights() {
    let server = Server::start();
    let selector = r#"service(id(name: "frontend"))"#;
    let mut input = json!({ "StartTime": T, "EndTime": T, "ForecastStatistics": true });
    input["EntitySelectorExpression"] = json!(selector);
    // The default group has them from the start.
    server.call("/TimeSeriesServiceStatistics", input.clone()).await;
    let insights = json!({ "InsightsEnabled": false });
    server.call("/UpdateGroup", json!({ "GroupName": "Default", "InsightsConfiguration": insights })).await;
    let refused = server.refuse("/TimeSeriesServiceStatistics", &input.to_string()).await;
    assert_snapshot!(refused, @r#"400 InvalidRequestException {"Message":"Forecast statistics need a group with insights enabled"}"#);
}

#[tokio::test]
async fn with_insights_a_selectors_series_has_the_faults_to_expect() {
    let server = Server::start();
    let group = json!({
        "GroupName": "shop", "FilterExpression": "responsetime >= 0",
        "InsightsConfiguration": { "InsightsEnabled": true },
    });
    server.call("/CreateGroup", group).await;
    // Of ten requests in the first minute five fail, and nine in the next.
    for (minute, failing) in [(0, 5), (1, 9)] {
        let requests = (0..10).map(|request| {
            let mut document = plain(minute * 10 + request, 0.0);
            document["fault"] = json!(request < failing);
            document
        });
        server.put(&requests.collect::<Vec<_>>()).await;
        server.advance(60);
    }
    let mut input = json!({
        "StartTime": T, "EndTime": T + 300.0, "GroupName": "shop", "ForecastStatistics": true,
        "EntitySelectorExpression": r#"service(id(name: "frontend"))"#,
    });
    let answer = server.call("/TimeSeriesServiceStatistics", input.clone()).await;
    let points = answer["TimeSeriesServiceStatistics"].as_array().unwrap();
    let forecasts: Vec<_> = points.iter().map(|point| &point["ServiceForecastStatistics"]).collect();
    assert_eq!(forecasts, [&json!({ "FaultCountHigh": 10, "FaultCountLow": 0 }), &json!({})]);
    // What is asked for alone is looked back from all the same.
    input["StartTime"] = json!(T + 120.0);
    assert_eq!(
        server.call("/TimeSeriesServiceStatistics", input.clone()).await["TimeSeriesServiceStatistics"],
        json!([points[0]])
    );
    input.as_object_mut().unwrap().remove("EntitySelectorExpression");
    let refused = server.refuse("/TimeSeriesServiceStatistics", &input.to_string()).await;
    assert_snapshot!(refused, @r#"400 InvalidRequestException {"Message":"Forecast statistics need an EntitySelectorExpression"}"#);
}
