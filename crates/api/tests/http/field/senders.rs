//! Further cases, by what senders make of statuses, ids, names and batches.

use serde_json::{Value, json};

use super::Right::{Document, Found, Missed, Node, Refused, Segments, Summary};
use super::{A1, TRACE, check};
use crate::support::{Server, T};

#[tokio::test]
async fn statuses_and_flags_that_do_not_go_together() {
    for report in
        ["aws/aws-xray-sdk-node#385", "cookpad/aws-xray#28", "opentracing-contrib/java-xray-tracer#4"]
    {
        let document = r#"{"name":"shop",$SEG,"http":{"request":{"method":"GET"},"response":{"status":200,"content_length":"512"}}}"#;
        let right = [
            Found("http.status = 200"),
            Document(A1, "/http/response/content_length", ""),
            Document(A1, "/http/response/status", "200"),
        ];
        check(report, &[document], &right).await;
    }
    check(
        "envoyproxy/envoy#10834",
        &[r#"{"name":"shop",$SEG,"http":{"response":{"status":"503"}}}"#],
        &[Found("ok"), Missed("fault"), Summary("/HasFault", "false"), Document(A1, "/http/response", "{}")],
    )
    .await;
    // Flags that are sent count, and only without any the status does.
    check(
        "open-telemetry/opentelemetry-collector-contrib#24381",
        &[r#"{"name":"shop",$SEG,"http":{"response":{"status":503}},"fault":false,"error":false}"#],
        &[Found("ok"), Found("http.status = 503"), Summary("/HasFault", "false")],
    )
    .await;
    // Step Functions sends a cause with nothing in it, and times with an exponent.
    check(
        "open-telemetry/opentelemetry-collector-contrib#20434",
        &[r#"{"name":"step_function_test","id":"00000000000000a1","trace_id":"$TRACE","start_time":1.70000004025e9,"end_time":1.70000004075E9,"origin":"AWS::StepFunctions::StateMachine","cause":{},"subsegments":[{"id":"00000000000000b1","name":"Choice","start_time":1.7000000403e9,"end_time":1.7000000403e9,"cause":{}}]}"#],
        &[
            Found("ok"),
            Missed("fault OR error OR throttle"),
            Summary("/Duration", "0.5"),
            Node("step_function_test", r#""AWS::StepFunctions::StateMachine""#),
        ],
    )
    .await;
    // Only the segment answers for its request, whatever went wrong below it.
    check(
        "aws/aws-xray-sdk-dotnet#7",
        &[r#"{"name":"shop",$SEG,"http":{"response":{"status":200}},"subsegments":[{"id":"00000000000000b1","name":"work","start_time":$T.3,"end_time":$T.4,"fault":true}]}"#],
        &[Summary("/HasFault", "false"), Document(A1, "/subsegments/0/fault", "true")],
    )
    .await;
    // A tag is no flag.
    for report in ["envoyproxy/envoy#17171", "aws/aws-app-mesh-roadmap#344"] {
        let document = r#"{"name":"shop",$SEG,"annotations":{"error":"true"}}"#;
        check(report, &[document], &[Missed("error"), Found(r#"annotation.error = "true""#)]).await;
    }
}

#[tokio::test]
async fn ids_that_tell_no_time() {
    for (report, trace) in [
        ("buildkite/agent#2452", "1-470965de-abdd7b05e92bab26e2c9c2c0"),
        ("open-telemetry/opentelemetry-collector-contrib#48737", "1-f09123ab-4c6d7b05e92bab26e2c9c2c0"),
        ("DataDog/dd-trace-java#3861", "1-00000000-bd862e3fe1be46a994272793"),
    ] {
        let server = Server::start();
        let document =
            json!({ "name": "shop", "id": A1, "trace_id": trace, "start_time": T, "end_time": T + 0.5 });
        assert_eq!(server.put(&[document]).await, json!({ "UnprocessedTraceSegments": [] }), "{report}");
        for kind in ["Event", "TraceId"] {
            let input = json!({ "StartTime": T - 60.0, "EndTime": T + 60.0, "TimeRangeType": kind });
            let page = server.call("/TraceSummaries", input).await;
            assert_eq!(page["TraceSummaries"][0]["Id"], trace, "{report}: {kind}");
        }
    }
}

#[tokio::test]
async fn names_of_any_script_and_what_proxies_and_frameworks_make_of_them() {
    check(
        "aws/aws-xray-sdk-python#36",
        &[r#"{"name":"bücher 日本 сервис",$SEG}"#],
        &[Found(r#"service("bücher 日本 сервис")"#), Node("bücher 日本 сервис", "null")],
    )
    .await;
    // The name of a segment is held to X-Ray's rule, and who sent it is told.
    let documents = [
        r#"{"name":"shop?!",$SEG}"#,
        r#"{"name":"","trace_id":"$TRACE","id":"00000000000000a2","start_time":$T,"end_time":$T}"#,
    ];
    let refused = [Refused(Some(A1), "InvalidName"), Refused(Some("00000000000000a2"), "InvalidName")];
    check("aws/aws-xray-sdk-node#466", &documents, &refused).await;
    let part = |name: &str| {
        format!(
            r#"{{"name":"shop",$SEG,"subsegments":[{{"id":"00000000000000b1","name":"{name}","namespace":"remote","start_time":$T.3,"end_time":$T.4}}]}}"#
        )
    };
    for (report, name) in [
        ("aws/aws-xray-daemon#184", "get /orders/{id}"),
        ("aws/aws-xray-sdk-java#209", "$Proxy112.find"),
        ("aws/aws-xray-sdk-dotnet#213", "my_database_name@(local)"),
        ("open-telemetry/opentelemetry-collector-contrib#32610", "MOBSTGSQLAWSV.wvinfo.org,1433"),
        ("aws/aws-xray-sdk-python#64", "http://localhost/resource/1,2,3"),
    ] {
        check(report, &[&part(name)], &[Segments(2), Node(name, r#""remote""#)]).await;
    }
}

#[tokio::test]
async fn queues_between_two_traces() {
    // The segment of a queue that a function makes by itself.
    check(
        "aws/aws-xray-sdk-node#208",
        &[
            r#"{"name":"shop",$SEG,"subsegments":[{"id":"00000000000000b1","name":"SNS","namespace":"aws","start_time":$T.3,"end_time":$T.4}]}"#,
            r#"{"name":"SQS","id":"00000000000000a2","parent_id":"00000000000000b1","trace_id":"$TRACE","start_time":$T.5,"end_time":$T.6,"origin":"AWS::SQS","inferred":true,"aws":{"operation":"SendEvent","region":"eu-west-1"}}"#,
        ],
        &[Node("SQS", r#""AWS::SQS""#), Found(r#"edge("shop", "SQS")"#), Summary("/IsPartial", "false")],
    )
    .await;
    // What Lambda says of a batch's messages stays, with its attributes.
    for report in ["open-telemetry/opentelemetry-collector-contrib#20350", "aws/aws-xray-sdk-node#637"] {
        let link = r#"{"trace_id":"1-6421c610-033542544abf615d316ee2de","id":"2974158e19d0f339","attributes":{"aws.xray.reserved.reference_type":"parent"}}"#;
        let document =
            format!(r#"{{"name":"lambda_function",$SEG,"origin":"AWS::Lambda","links":[{link}]}}"#);
        let right = [
            Document(A1, "/links/0/id", r#""2974158e19d0f339""#),
            Document(A1, "/links/0/attributes/aws.xray.reserved.reference_type", r#""parent""#),
            Node("lambda_function", r#""AWS::Lambda""#),
        ];
        check(report, &[&document], &right).await;
    }
}

#[tokio::test]
async fn documents_that_are_none_or_of_which_there_are_many() {
    for report in ["aws/aws-xray-daemon#120", "aws/aws-xray-daemon#122"] {
        let documents = [r#"{"name":"shop","#, r#"{"name":"shop",$SEG}"#];
        check(report, &documents, &[Refused(None, "ParseError"), Segments(1)]).await;
    }
    // An agent for .NET writes a boolean as text.
    check(
        "aws-observability/aws-otel-collector#830",
        &[r#"{"name":"shop",$SEG,"aws":{"xray":{"sdk":"X-Ray for .NET","auto_instrumentation":"True"}}}"#],
        &[Segments(1), Document(A1, "/aws/xray/sdk", r#""X-Ray for .NET""#)],
    )
    .await;
    check(
        "aws/aws-xray-sdk-go#144",
        &[r#"{"name":"shop",$SEG,"annotations":{"int64":-9223372036854775808,"uint64":18446744073709551615}}"#],
        &[
            Found("annotation.uint64 > 18000000000000000000"),
            Found("annotation.int64 < 0"),
            Document(A1, "/annotations/uint64", "18446744073709551615"),
        ],
    )
    .await;
    // A namespace that is none makes no node of its own.
    check(
        "openzipkin/zipkin-aws#58",
        &[r#"{"name":"shop",$SEG,"subsegments":[{"id":"00000000000000b1","name":"call","namespace":"orders","start_time":$T.3,"end_time":$T.4}]}"#],
        &[Segments(1), Missed(r#"service("call")"#)],
    )
    .await;
    // Beyond X-Ray's 500 KB a trace.
    let server = Server::start();
    let documents: Vec<Value> = (0..12)
        .map(|number| {
            json!({ "name": "shop", "id": format!("{:016x}", 0xa0 + number), "trace_id": TRACE, "start_time": T, "end_time": T + 0.5,
                "metadata": { "default": { "much": "x".repeat(60_000) } } })
        })
        .collect();
    assert_eq!(
        server.put(&documents).await,
        json!({ "UnprocessedTraceSegments": [] }),
        "aws/aws-xray-sdk-python#309"
    );
    assert_eq!(super::documents(&server).await.len(), 12, "aws/aws-xray-sdk-python#309");
}

#[tokio::test]
async fn more_traces_are_asked_for_than_xray_gives_at_a_time() {
    // boto/boto3#3924
    let server = Server::start();
    let trace = |number: u32| format!("1-6553f128-{number:024x}");
    let documents: Vec<Value> = (1..=6)
        .map(|number| json!({ "name": "shop", "id": A1, "trace_id": trace(number), "start_time": T, "end_time": T }))
        .collect();
    server.put(&documents).await;
    let ask = |count: u32| json!({ "TraceIds": (1..=count).map(trace).collect::<Vec<_>>() });
    let answer = server.call("/Traces", ask(5)).await;
    assert_eq!(answer["Traces"].as_array().unwrap().len(), 5);
    let error = server.refuse("/Traces", &ask(6).to_string()).await;
    assert_eq!(error, r#"400 InvalidRequestException {"Message":"Exceeding maximum query size: 5"}"#);
}

#[tokio::test]
async fn the_default_rule_can_be_changed_and_keeps_its_place() {
    // hashicorp/terraform-provider-aws#23409, #49597
    let server = Server::start();
    let update = |more: Value| {
        let mut rule = json!({ "RuleName": "Default", "FixedRate": 0.0, "ReservoirSize": 0 });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "SamplingRuleUpdate": rule })
    };
    let answer = server.call("/UpdateSamplingRule", update(json!({}))).await;
    assert_eq!(answer["SamplingRuleRecord"]["SamplingRule"]["FixedRate"], 0.0);
    let error = server.refuse("/UpdateSamplingRule", &update(json!({ "Priority": 5 })).to_string()).await;
    assert!(error.starts_with("400 "), "{error}");
    let rules = server.call("/GetSamplingRules", json!({})).await;
    let default = &rules["SamplingRuleRecords"].as_array().unwrap().last().unwrap()["SamplingRule"];
    assert_eq!((&default["RuleName"], &default["Priority"]), (&json!("Default"), &json!(10000)));
}
