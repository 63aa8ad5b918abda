//! Cases from the field: what people reported in public about X-Ray, its SDKs and readers of its answers, sent to a server.
//!
//! `docs/field.md` tells of each what was reported and what is right here.

mod senders;

use serde_json::{Value, json};

use crate::support::{Server, T};

const TRACE: &str = "1-6553f128-0000000000000000000000f1";

/// What must be so once the documents were sent.
enum Right {
    /// Listed among the unprocessed: id, code.
    Refused(Option<&'static str>, &'static str),
    /// The filter finds the trace.
    Found(&'static str),
    Missed(&'static str),
    /// A place in the trace's summary, and what stands there, as JSON.
    Summary(&'static str, &'static str),
    /// A place in the document of a segment, and what stands there; nothing where it is empty.
    Document(&'static str, &'static str, &'static str),
    /// A node of the trace's graph: name, type as JSON.
    Node(&'static str, &'static str),
    /// How many segments `BatchGetTraces` gives.
    Segments(usize),
}

use Right::{Document, Found, Missed, Node, Refused, Segments, Summary};

/// `$T` is a second, `$TRACE` the trace, `$SEG` the members that every document needs.
async fn check(report: &str, documents: &[&str], right: &[Right]) {
    let server = Server::start();
    let members =
        format!(r#""id":"00000000000000a1","trace_id":"{TRACE}","start_time":{T}.25,"end_time":{T}.75"#);
    let texts: Vec<String> = documents
        .iter()
        .map(|text| text.replace("$SEG", &members).replace("$TRACE", TRACE).replace("$T", &T.to_string()))
        .collect();
    let answer = server.call("/TraceSegments", json!({ "TraceSegmentDocuments": texts })).await;
    server.settle().await;
    let refused: Vec<(Option<&str>, &str)> = answer["UnprocessedTraceSegments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["Id"].as_str(), one["ErrorCode"].as_str().unwrap()))
        .collect();
    let expected: Vec<_> = right
        .iter()
        .filter_map(|right| if let Refused(id, code) = right { Some((*id, *code)) } else { None })
        .collect();
    assert_eq!(refused, expected, "{report}: what is refused");
    for right in right {
        holds(&server, report, right).await;
    }
}

async fn holds(server: &Server, report: &str, right: &Right) {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    match right {
        Refused(..) => {}
        Found(filter) => assert!(summary(server, filter).await.is_some(), "{report}: {filter}"),
        Missed(filter) => assert!(summary(server, filter).await.is_none(), "{report}: {filter}"),
        Summary(place, value) => {
            let summary = summary(server, "").await.expect("the trace is listed");
            assert_eq!(summary.pointer(place).unwrap(), &parse(value), "{report}: {summary}");
        }
        Document(id, place, value) => {
            let documents = documents(server).await;
            let document = &documents.iter().find(|(of, _)| of == id).expect("the segment is given").1;
            let expected = if value.is_empty() { None } else { Some(parse(value)) };
            assert_eq!(document.pointer(place), expected.as_ref(), "{report}: {document}");
        }
        Node(name, kind) => {
            let graph = server.call("/TraceGraph", json!({ "TraceIds": [TRACE] })).await;
            let nodes = graph["Services"].as_array().unwrap();
            let is_there = |node: &Value| node["Name"] == *name && node["Type"] == parse(kind);
            assert!(nodes.iter().any(is_there), "{report}: {name} of {kind} in {graph}");
        }
        Segments(count) => assert_eq!(documents(server).await.len(), *count, "{report}"),
    }
}

async fn summary(server: &Server, filter: &str) -> Option<Value> {
    let mut input = json!({ "StartTime": T - 60.0, "EndTime": T + 60.0, "TimeRangeType": "Event" });
    if !filter.is_empty() {
        input["FilterExpression"] = filter.into();
    }
    let page = server.call("/TraceSummaries", input).await;
    page["TraceSummaries"].as_array().unwrap().iter().find(|summary| summary["Id"] == TRACE).cloned()
}

async fn documents(server: &Server) -> Vec<(String, Value)> {
    let output = server.call("/Traces", json!({ "TraceIds": [TRACE] })).await;
    let segments =
        output.pointer("/Traces/0/Segments").and_then(Value::as_array).cloned().unwrap_or_default();
    let parsed = segments.iter().map(|segment| {
        let document = serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
        (segment["Id"].as_str().unwrap().to_owned(), document)
    });
    parsed.collect()
}

const A1: &str = "00000000000000a1";

#[tokio::test]
async fn what_sdks_leave_out() {
    check(
        "Napp/xray-laravel#16",
        &[r#"{"name":"shop",$SEG,"annotations":{"PHP Version":"7.4.2"},"subsegments":[{"id":"00000000000000b1","name":"q","start_time":$T}]}"#],
        &[Refused(Some(A1), "MissingEndTime"), Segments(0)],
    )
    .await;
    check(
        "openzipkin/zipkin-aws#63",
        &[r#"{"name":"my-service","type":"subsegment",$SEG}"#],
        &[Refused(Some(A1), "MissingParentId")],
    )
    .await;
    check(
        "patrickkerrigan/php-xray#16",
        &[
            r#"{"name":"backend","id":"00000000000000a1","start_time":$T,"end_time":$T}"#,
            r#"{"name":"shop",$SEG}"#,
        ],
        &[Refused(Some(A1), "MissingTraceId"), Segments(1)],
    )
    .await;
    check(
        "humanmade/aws-xray#29",
        &["[]", r#"{"name":"shop",$SEG}"#],
        &[Refused(None, "UnknownType"), Segments(1)],
    )
    .await;
    let exception = r#"{"name":"shop",$SEG,"fault":true,"cause":{"exceptions":[{"message":"Not Found","type":"Error","remote":false}]}}"#;
    for report in ["aws/aws-xray-sdk-node#473", "open-telemetry/opentelemetry-collector-contrib#37414"] {
        let right = [
            Found(r#"rootcause.fault.exception { name = "Error" }"#),
            Document(A1, "/cause/exceptions/0/message", r#""Not Found""#),
            Document(A1, "/cause/exceptions/0/id", ""),
        ];
        check(report, &[exception], &right).await;
    }
    check(
        "aws-observability/aws-rum-web#192",
        &[r#"{"name":"rum",$SEG,"http":{"response":{"status":429}}}"#],
        &[Found("throttle"), Missed("ok"), Summary("/HasThrottle", "true"), Summary("/HasError", "false")],
    )
    .await;
}

#[tokio::test]
async fn ids_that_senders_made_up() {
    check(
        "DataDog/browser-sdk#1734",
        &[r#"{"name":"shop","id":"00000000000000a1","trace_id":"1-0-0000000016764bd1ca9d3cc8","start_time":$T,"end_time":$T}"#],
        &[Refused(Some(A1), "InvalidTraceId")],
    )
    .await;
    check(
        "aws/aws-xray-sdk-node#13",
        &[r#"{"name":"shop",$SEG,"parent_id":"none"}"#],
        &[Summary("/EntryPoint/Name", r#""shop""#), Summary("/IsPartial", "false")],
    )
    .await;
    // A client's and a server's half of one call under one id: the first that is whole stays.
    check(
        "openzipkin/zipkin-aws#88",
        &[r#"{"name":"client",$SEG}"#, r#"{"name":"server",$SEG}"#],
        &[Segments(1), Document(A1, "/name", r#""client""#), Summary("/EntryPoint/Name", r#""client""#)],
    )
    .await;
    check(
        "aws/aws-app-mesh-roadmap#354",
        &[
            r#"{"name":"color",$SEG,"http":{"request":{"url":"/","method":"GET"}}}"#,
            r#"{"name":"color","id":"00000000000000a2","parent_id":"00000000000000a1","trace_id":"$TRACE","start_time":$T.3,"end_time":$T.5}"#,
        ],
        &[Segments(2), Found(r#"http.url = "/""#), Document("00000000000000a2", "/parent_id", r#""00000000000000a1""#)],
    )
    .await;
}

#[tokio::test]
async fn annotations_with_keys_of_every_kind() {
    check(
        "aws/aws-xray-sdk-python#18",
        &[r#"{"name":"shop",$SEG,"annotations":{"log.mydata":42,"log:mydata":43}}"#],
        &[
            Found("annotation[log.mydata] = 42"),
            Found("annotation[log:mydata] = 43"),
            Summary("/Annotations/log:mydata/0/AnnotationValue/NumberValue", "43.0"),
        ],
    )
    .await;
    check(
        "aws/aws-xray-sdk-java#389",
        &[r#"{"name":"shop",$SEG,"annotations":{"with space":"x","plain":"y"}}"#],
        &[
            Found(r#"annotation.plain = "y" AND annotation["with space"] = "x""#),
            Document(A1, "/annotations/with space", r#""x""#),
        ],
    )
    .await;
    check(
        "envoyproxy/envoy#13071",
        &[r#"{"name":"shop",$SEG,"annotations":{"grpc.status_code":"0","grpc.authority":"a:80"}}"#],
        &[
            Found(r#"annotation[grpc.status_code] = "0""#),
            Found(r#"annotation[grpc.authority] CONTAINS "80""#),
        ],
    )
    .await;
    check(
        "census-ecosystem/opencensus-go-exporter-aws#26",
        &[r#"{"name":"shop",$SEG,"annotations":{"http/path":"/a"}}"#],
        &[Found(r#"annotation["http/path"] = "/a""#), Document(A1, "/annotations/http~1path", r#""/a""#)],
    )
    .await;
    check(
        "cookpad/aws-xray#21",
        &[r#"{"name":"shop",$SEG,"annotations":{"list":[1],"nothing":null,"good":true}}"#],
        &[Found("annotation.good"), Document(A1, "/annotations", r#"{"good":true}"#)],
    )
    .await;
    check(
        "aws-samples/aws-serverless-saas-workshop#5",
        &[r#"{"name":"saas/prod",$SEG,"origin":"AWS::ApiGateway::Stage","annotations":{"aws:api_id":"x1y2","aws:api_stage":"prod"}}"#],
        &[
            Found(r#"annotation[aws:api_id] = "x1y2""#),
            Missed(r#"annotation[aws:api_id] = "other""#),
            Summary("/Annotations/aws:api_stage/0/AnnotationValue/StringValue", r#""prod""#),
        ],
    )
    .await;
}

#[tokio::test]
async fn calls_of_databases() {
    let shop = |call: &str| format!(r#"{{"name":"shop",$SEG,"subsegments":[{call}]}}"#);
    let call = |name: &str, sql: &str| {
        format!(
            r#"{{"id":"00000000000000b1","name":"{name}","namespace":"remote","start_time":$T.3,"end_time":$T.5,"sql":{sql}}}"#
        )
    };
    let is_database = Found(r#"service(id(type: "Database::SQL"))"#);
    let document = shop(&call("orders@db.example", r#"{"sanitized_query":"select 1"}"#));
    let right = [
        Node("orders@db.example", r#""Database::SQL""#),
        is_database,
        Segments(2),
        Summary("/IsPartial", "false"),
    ];
    check("aws/aws-xray-sdk-dotnet#89", &[&document], &right).await;

    let document =
        shop(&call("ebdb@rds", r#"{"url":"jdbc:postgresql://rds:5432/ebdb","username":"u","databaseId":7}"#));
    let right = [
        Node("ebdb@rds", r#""Database::SQL""#),
        Document(A1, "/subsegments/0/sql/url", r#""jdbc:postgresql://rds:5432/ebdb""#),
    ];
    check("aws/aws-xray-sdk-java#66", &[&document], &right).await;

    let one = call("orders@a.example", r#"{"database_type":"MySQL"}"#);
    let two = call("orders@b.example", r#"{"database_type":"MySQL"}"#).replace("b1", "b2");
    let document = shop(&format!("{one},{two}"));
    let right =
        [Node("orders@a.example", r#""Database::SQL""#), Node("orders@b.example", r#""Database::SQL""#)];
    check("aws/aws-xray-sdk-go#273", &[&document], &right).await;

    let document =
        shop(&call("orders@m", r#"{"connection_string":"jdbc:mysql://m:3306","user":"u@10.0.0.1"}"#));
    check(
        "open-telemetry/opentelemetry-collector-contrib#33225",
        &[&document],
        &[Node("orders@m", r#""Database::SQL""#), Segments(2)],
    )
    .await;

    let query = "q".repeat(300_000);
    let document = shop(&call("orders@m", &format!(r#"{{"sanitized_query":"{query}"}}"#)));
    let expected: &'static str = format!("\"{query}\"").leak();
    let right = [Document(A1, "/subsegments/0/sql/sanitized_query", expected)];
    check("aws/aws-xray-sdk-java#395", &[&document], &right).await;

    let sql = r#"{"id":"00000000000000b1","name":"PGSQL Query","namespace":"remote","start_time":$T.3,"end_time":$T.5,"sql":{}}"#;
    check("grafana/x-ray-datasource#704", &[&shop(sql)], &[Node("PGSQL Query", r#""remote""#)]).await;
}

#[tokio::test]
async fn sql_is_given_to_readers_in_the_callers_document_and_the_inferred_one() {
    let server = Server::start();
    let document = json!({
        "name": "shop", "id": A1, "trace_id": TRACE, "start_time": T, "end_time": T + 1.0,
        "subsegments": [{
            "id": "00000000000000b1", "name": "orders@m", "namespace": "remote", "start_time": T, "end_time": T + 0.5,
            "sql": { "url": "postgresql://m:5432/orders", "sanitized_query": "select 1" },
        }],
    });
    server.put(&[document]).await;
    let documents = documents(&server).await;
    let inferred = documents.iter().find(|(id, _)| id != A1).expect("grafana/x-ray-datasource#142");
    assert_eq!(inferred.1["origin"], "Database::SQL");
    for sql in [&inferred.1["sql"], &documents[0].1["subsegments"][0]["sql"]] {
        assert_eq!(sql["sanitized_query"], "select 1");
    }
}

#[tokio::test]
async fn numbers_and_types_that_readers_trip_over() {
    check(
        "aws-powertools/powertools-lambda-dotnet#1010",
        &[r#"{"name":"shop",$SEG,"metadata":{"d":{"int64":9223372036854775807,"decimal":79228162514264337593543950335}}}"#],
        &[Document(A1, "/metadata/d/int64", "9223372036854775807")],
    )
    .await;
    check(
        "aws-observability/aws-otel-test-framework#75",
        &[r#"{"name":"shop",$SEG,"http":{"response":{"status":"200","content_length":"7"}},"user":5}"#],
        &[
            Document(A1, "/http/response", "{}"),
            Document(A1, "/user", ""),
            Summary("/Http/HttpStatus", "null"),
        ],
    )
    .await;
    check(
        "grafana/x-ray-datasource#281",
        &[r#"{"name":"shop",$SEG}"#],
        &[Summary("/StartTime", "1700000040.25"), Summary("/Duration", "0.5")],
    )
    .await;
    // A start that was rounded down lies before all that it holds, and nothing is cut.
    check(
        "aws/aws-xray-sdk-dotnet#118",
        &[r#"{"name":"shop","id":"00000000000000a1","trace_id":"$TRACE","start_time":$T,"end_time":$T.75,"subsegments":[{"id":"00000000000000b1","name":"w","start_time":$T.75,"end_time":$T.9}]}"#],
        &[Summary("/StartTime", "1700000040.0"), Summary("/Duration", "0.9"), Summary("/ResponseTime", "0.75")],
    )
    .await;
}

#[tokio::test]
async fn segments_and_subsegments_that_are_meant_otherwise() {
    // Everything by itself, ended by a line feed, with empty texts where nothing is known.
    check(
        "open-telemetry/opentelemetry-collector-contrib#482",
        &[
            "{\"name\":\"shop\",$SEG,\"user\":\"\",\"aws\":{\"account_id\":\"\",\"operation\":\"\",\"queue_url\":\"\"},\"namespace\":\"\"}\n",
            "{\"name\":\"RestController.get\",\"id\":\"00000000000000b1\",\"parent_id\":\"00000000000000a1\",\"type\":\"subsegment\",\"trace_id\":\"$TRACE\",\"start_time\":$T.3,\"end_time\":$T.5,\"user\":\"\",\"namespace\":\"\"}\n",
        ],
        &[Segments(1), Summary("/Users", "[]"), Missed("user"), Summary("/IsPartial", "false")],
    )
    .await;
    // The whole request as a subsegment: a part of the caller, and no service.
    check(
        "goadesign/goa#1350",
        &[
            r#"{"name":"front",$SEG,"subsegments":[{"id":"00000000000000b1","name":"xyz","namespace":"remote","start_time":$T.3,"end_time":$T.5}]}"#,
            r#"{"name":"inner","id":"00000000000000b2","parent_id":"00000000000000b1","type":"subsegment","trace_id":"$TRACE","start_time":$T.3,"end_time":$T.4}"#,
        ],
        &[Missed(r#"service("inner")"#), Found(r#"service("xyz")"#), Document(A1, "/subsegments/0/subsegments/0/name", r#""inner""#)],
    )
    .await;
    check(
        "open-telemetry/opentelemetry-collector-contrib#40995",
        &[r#"{"name":"shop",$SEG,"subsegments":[{"id":"00000000000000b1","name":"topic","namespace":"remote","start_time":$T.3,"end_time":$T.4},{"id":"00000000000000b2","name":"local","start_time":$T.3,"end_time":$T.4}]}"#],
        &[Node("topic", r#""remote""#), Found(r#"service("topic")"#), Missed(r#"service("local")"#)],
    )
    .await;
    let consumer = r#"{"name":"consumer","id":"00000000000000a2","parent_id":"00000000000000b1","trace_id":"$TRACE","start_time":$T.8,"end_time":$T.9}"#;
    let producer = r#"{"name":"producer",$SEG,"subsegments":[{"id":"00000000000000b1","name":"queue","namespace":"remote","start_time":$T.3,"end_time":$T.4}]}"#;
    for report in
        ["open-telemetry/opentelemetry-collector-contrib#24807", "aws-observability/aws-otel-collector#1773"]
    {
        let right = [Found(r#"edge("producer", "consumer")"#), Node("consumer", "null"), Segments(2)];
        check(report, &[consumer, producer], &right).await;
    }
    check(
        "awsdocs/aws-xray-developer-guide#61",
        &[r#"{"name":"shop",$SEG,"subsegments":[{"id":"00000000000000b1","name":"next","namespace":"remote","start_time":$T.3,"end_time":$T.4,"http":{"request":{"traced":true},"response":{"status":200}}}]}"#],
        &[Summary("/IsPartial", "true"), Found("partial"), Document(A1, "/subsegments/0/http/request", "{}")],
    )
    .await;
    check(
        "awslabs/aws-iatk#106",
        &[r#"{"name":"shop",$SEG,"parent_id":"00000000000000ff"}"#],
        &[Summary("/IsPartial", "true"), Summary("/EntryPoint", "null"), Segments(1)],
    )
    .await;
    // Parts that were too large for one datagram come first, and by themselves.
    let part = r#"{"name":"part","id":"00000000000000b1","parent_id":"00000000000000a1","type":"subsegment","trace_id":"$TRACE","start_time":$T.3,"end_time":$T.5}"#;
    check(
        "aws/aws-xray-sdk-dotnet#1",
        &[part, r#"{"name":"shop",$SEG}"#],
        &[Segments(1), Document(A1, "/subsegments/0/name", r#""part""#)],
    )
    .await;
    check("aws/aws-xray-sdk-python#351", &[part], &[Segments(0)]).await;
}

#[tokio::test]
async fn the_default_group_has_its_name_alone_in_any_case() {
    // hashicorp/terraform-provider-aws#24155
    let server = Server::start();
    for name in ["default", "DEFAULT", "deFault"] {
        let input = json!({ "GroupName": name, "FilterExpression": "fault" }).to_string();
        let error = server.refuse("/CreateGroup", &input).await;
        assert_eq!(error, r#"400 InvalidRequestException {"Message":"The default group name is reserved"}"#);
    }
    let rule = json!({ "SamplingRule": {
        "RuleName": "dEfault", "ResourceARN": "*", "Priority": 1, "FixedRate": 0.1, "ReservoirSize": 1,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
    } });
    let error = server.refuse("/CreateSamplingRule", &rule.to_string()).await;
    assert!(error.contains("reserved"), "{error}");
}

#[tokio::test]
async fn one_document_of_a_batch_never_harms_its_neighbours() {
    let server = Server::start();
    let good = format!(
        r#"{{\"name\":\"good\",\"id\":\"00000000000000a1\",\"trace_id\":\"{TRACE}\",\"start_time\":{T},\"end_time\":{T}}}"#
    );
    let city = good.replace("00a1", "00a2").replace("end_time", "user\\\":\\\"M@nchen\\\",\\\"end_time");
    let body = format!(r#"{{"TraceSegmentDocuments":["{good}","{city}"]}}"#);
    let latin: Vec<u8> = body.bytes().map(|byte| if byte == b'@' { 0xfc } else { byte }).collect();
    // A half of a character, as JavaScript escapes it in the text around the documents.
    let cut = body.replace('@', "\\ud83d");
    for body in [latin, cut.into_bytes()] {
        let answer = server.post("/TraceSegments", body).await;
        assert_eq!(answer.json(), json!({ "UnprocessedTraceSegments": [] }));
    }
    server.settle().await;
    let users: Vec<_> =
        documents(&server).await.into_iter().map(|(_, document)| document["user"].clone()).collect();
    assert!(users.contains(&json!("M\u{fffd}nchen")), "{users:?}");
    let metrics = server.get("/metrics").await.text();
    let line =
        metrics.lines().find(|line| line.starts_with("fluoro_ingest_mended_documents_total{door=\"http\"}"));
    let count: u64 = line.expect("the metric is there").rsplit(' ').next().unwrap().parse().unwrap();
    assert!(count >= 2, "{count}");
}

#[tokio::test]
async fn times_in_another_unit_are_refused_with_words_that_the_sender_sees() {
    let server = Server::start();
    for (unit, factor) in [("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)] {
        let document = json!({
            "name": "shop", "id": A1, "trace_id": TRACE, "start_time": T * factor, "end_time": (T + 1.0) * factor,
        });
        let answer = server.put(&[document]).await;
        let refused = &answer["UnprocessedTraceSegments"][0];
        assert_eq!((&refused["Id"], &refused["ErrorCode"]), (&json!(A1), &json!("InvalidSegment")));
        assert!(refused["Message"].as_str().unwrap().contains(unit), "{refused}");
        let input = json!({ "StartTime": T * factor, "EndTime": (T + 1.0) * factor });
        for path in ["/TraceSummaries", "/ServiceGraph", "/TimeSeriesServiceStatistics"] {
            let error = server.refuse(path, &input.to_string()).await;
            assert!(error.contains("Times are seconds since 1970"), "{path}: {error}");
        }
    }
}

#[tokio::test]
async fn whoever_brings_a_token_to_an_operation_of_one_page_is_told() {
    let server = Server::start();
    for path in ["/Traces", "/TraceGraph"] {
        let input = json!({ "TraceIds": [TRACE], "NextToken": "x" });
        let error = server.refuse(path, &input.to_string()).await;
        assert_eq!(
            error,
            r#"400 InvalidRequestException {"Message":"NextToken is currently not supported"}"#
        );
    }
    server.call("/Traces", json!({ "TraceIds": [TRACE], "NextToken": "" })).await;
}

#[tokio::test]
async fn names_of_subsegments_that_xray_refuses_are_taken() {
    let server = Server::start();
    for (number, name) in
        ["db,1433", "mysql at RouteBinding:?", "$Proxy12.find", "run (main)"].into_iter().enumerate()
    {
        let document = json!({
            "name": name, "id": format!("00000000000000b{number}"), "parent_id": A1, "trace_id": TRACE,
            "type": "subsegment", "start_time": T, "end_time": T,
        });
        assert_eq!(server.put(&[document]).await, json!({ "UnprocessedTraceSegments": [] }), "{name}");
    }
}

#[tokio::test]
async fn a_window_that_moves_between_pages_is_that_of_the_first() {
    let server = Server::start();
    let documents: Vec<Value> = (0..150_u32)
        .map(|number| {
            json!({
                "name": "walker", "id": format!("{:016x}", number + 1), "start_time": T - f64::from(number), "end_time": T,
                "trace_id": format!("1-6553f128-{number:024x}"),
            })
        })
        .collect();
    server.put(&documents).await;
    for kind in ["TraceId", "Service", "Event"] {
        let (mut token, mut seen, mut moved) = (Value::Null, std::collections::HashSet::new(), 0.0);
        let mut pages = 0;
        while pages == 0 || !token.is_null() {
            let page = server
                .call(
                    "/TraceSummaries",
                    json!({
                        "StartTime": T - 3600.0 + moved, "EndTime": T + 60.0 + moved, "TimeRangeType": kind,
                        "FilterExpression": "service(\"walker\")", "NextToken": token,
                    }),
                )
                .await;
            let ids = page["TraceSummaries"].as_array().unwrap().iter();
            seen.extend(ids.map(|summary| summary["Id"].as_str().unwrap().to_owned()));
            token = page["NextToken"].clone();
            pages += 1;
            moved += 0.02;
        }
        assert!(seen.len() == 150 && pages > 1, "{kind}: {} on {pages} pages", seen.len());
    }
}
