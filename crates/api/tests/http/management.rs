//! Tags, resource policies, encryption, the switches of Transaction Search, and trace retrieval.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, T, TRACE, plain, worked_example};

const DEFAULT_RULE: &str = "arn:aws:xray:eu-west-1:123456789012:sampling-rule/Default";
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"xray:*"}]}"#;

fn tags(tags: &[(&str, &str)]) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

#[tokio::test]
async fn tags_are_put_on_rules_and_groups() {
    let server = Server::start();
    let group = json!({ "GroupName": "shop", "FilterExpression": "ok", "Tags": tags(&[("team", "cats"), ("a", "")]) });
    let arn = server.call("/CreateGroup", group).await["Group"]["GroupARN"].clone();
    let list = async || server.call("/ListTagsForResource", json!({ "ResourceARN": arn })).await;
    assert_eq!(list().await, json!({ "Tags": tags(&[("a", ""), ("team", "cats")]), "NextToken": null }));
    let tag = json!({ "ResourceARN": arn, "Tags": tags(&[("team", "dogs"), ("mail", "x@y.example")]) });
    assert_eq!(server.call("/TagResource", tag).await, json!({}));
    let untag = json!({ "ResourceARN": arn, "TagKeys": ["a", "none"] });
    assert_eq!(server.call("/UntagResource", untag).await, json!({}));
    assert_eq!(list().await["Tags"], tags(&[("mail", "x@y.example"), ("team", "dogs")]));
}

#[tokio::test]
async fn tags_are_refused_in_xrays_words() {
    let server = Server::start();
    let check = async |path: &str, input: Value| server.refuse(path, &input.to_string()).await;
    let tag = async |arn: &str, tags: Value| {
        check("/TagResource", json!({ "ResourceARN": arn, "Tags": tags })).await
    };
    assert_snapshot!(check("/ListTagsForResource", json!({ "ResourceARN": "arn:x" })).await, @r#"404 ResourceNotFoundException {"Message":"Resource arn:x not found","ResourceName":"arn:x"}"#);
    assert_snapshot!(check("/UntagResource", json!({ "ResourceARN": "arn:x", "TagKeys": [] })).await, @r#"404 ResourceNotFoundException {"Message":"Resource arn:x not found","ResourceName":"arn:x"}"#);
    assert_snapshot!(tag("arn:x", tags(&[])).await, @r#"404 ResourceNotFoundException {"Message":"Resource arn:x not found","ResourceName":"arn:x"}"#);
    assert_snapshot!(tag(DEFAULT_RULE, tags(&[("a", "1"), ("a", "2")])).await, @r#"400 InvalidRequestException {"Message":"Tag key a is given twice"}"#);
    assert_snapshot!(tag(DEFAULT_RULE, tags(&[("aws:a", "1")])).await, @r#"400 InvalidRequestException {"Message":"Tag key aws:a is not allowed: keys that begin with aws: are reserved"}"#);
    let many: Vec<Value> =
        (0..51).map(|number| json!({ "Key": format!("k{number}"), "Value": "" })).collect();
    assert_snapshot!(tag(DEFAULT_RULE, json!(many)).await, @r#"400 TooManyTagsException {"Message":"Too many tags: a resource has 50 at most","ResourceName":"arn:aws:xray:eu-west-1:123456789012:sampling-rule/Default"}"#);
}

#[tokio::test]
async fn policies_are_kept_with_their_revisions() {
    let server = Server::start();
    let put = async |revision: Value| {
        let input = json!({ "PolicyName": "p", "PolicyDocument": POLICY, "PolicyRevisionId": revision });
        server.call("/PutResourcePolicy", input).await["ResourcePolicy"].clone()
    };
    let expected = json!({
        "PolicyName": "p", "PolicyDocument": POLICY, "PolicyRevisionId": "1", "LastUpdatedTime": T + 2.0,
    });
    assert_eq!(put(json!("0")).await, expected);
    assert_eq!(put(json!("1")).await["PolicyRevisionId"], "2");
    let listed = server.call("/ListResourcePolicies", json!({})).await;
    assert_eq!(listed["ResourcePolicies"][0]["PolicyRevisionId"], "2");
    let check = async |path: &str, input: Value| server.refuse(path, &input.to_string()).await;
    assert_snapshot!(check("/PutResourcePolicy", json!({ "PolicyName": "p", "PolicyDocument": POLICY, "PolicyRevisionId": "0" })).await, @r#"400 InvalidPolicyRevisionIdException {"Message":"Another concurrent request has modified the resource policy p"}"#);
    assert_snapshot!(check("/PutResourcePolicy", json!({ "PolicyName": "q", "PolicyDocument": "{" })).await, @r#"400 MalformedPolicyDocumentException {"Message":"The policy document is no JSON object"}"#);
    let deny = POLICY.replace("Allow", "Deny");
    assert_snapshot!(check("/PutResourcePolicy", json!({ "PolicyName": "q", "PolicyDocument": deny })).await, @r#"400 LockoutPreventionException {"Message":"The policy would keep everybody from calling PutResourcePolicy"}"#);
    assert_snapshot!(check("/PutResourcePolicy", json!({ "PolicyName": "q", "PolicyDocument": " ".repeat(5_121) })).await, @r#"400 PolicySizeLimitExceededException {"Message":"Resource policy is larger than 5120 bytes"}"#);
    assert_snapshot!(check("/PutResourcePolicy", json!({ "PolicyName": "a b", "PolicyDocument": POLICY })).await, @r#"400 ValidationException {"message":"1 validation error detected: Value 'a b' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+"}"#);
    assert_snapshot!(check("/DeleteResourcePolicy", json!({ "PolicyName": "q" })).await, @r#"400 InvalidRequestException {"Message":"The resource policy q does not exist."}"#);
    assert_snapshot!(check("/DeleteResourcePolicy", json!({ "PolicyName": "p", "PolicyRevisionId": "1" })).await, @r#"400 InvalidPolicyRevisionIdException {"Message":"Another concurrent request has modified or deleted the resource policy p"}"#);
    assert_snapshot!(check("/ListResourcePolicies", json!({ "NextToken": "x" })).await, @r#"400 InvalidRequestException {"Message":"Next Token not supported"}"#);
    assert_eq!(server.call("/DeleteResourcePolicy", json!({ "PolicyName": "p" })).await, json!({}));
    for name in ["1", "2", "3", "4", "5"] {
        server.call("/PutResourcePolicy", json!({ "PolicyName": name, "PolicyDocument": POLICY })).await;
    }
    assert_snapshot!(check("/PutResourcePolicy", json!({ "PolicyName": "6", "PolicyDocument": POLICY })).await, @r#"400 PolicyCountLimitExceededException {"Message":"There are 5 resource policies already, which is the limit"}"#);
}

#[tokio::test]
async fn what_is_not_encrypted_is_not_said_to_be() {
    let server = Server::start();
    let put = server.call("/PutEncryptionConfig", json!({ "Type": "NONE" })).await;
    assert_eq!(put, json!({ "EncryptionConfig": { "KeyId": null, "Status": "ACTIVE", "Type": "NONE" } }));
    let check = async |input: Value| server.refuse("/PutEncryptionConfig", &input.to_string()).await;
    assert_snapshot!(check(json!({ "Type": "KMS", "KeyId": "alias/aws/xray" })).await, @r#"400 InvalidRequestException {"Message":"Fluoro has no access to KMS and was started without a key file; start it with --encryption-key to encrypt what it stores"}"#);
    assert_snapshot!(check(json!({ "Type": "NONE", "KeyId": "x" })).await, @r#"400 InvalidRequestException {"Message":"KeyId must be omitted when the type is NONE"}"#);
    assert_snapshot!(check(json!({ "Type": "AES" })).await, @r#"400 ValidationException {"message":"1 validation error detected: Value 'AES' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [NONE, KMS]"}"#);
    assert_eq!(server.call("/EncryptionConfig", json!({})).await, put);
}

#[tokio::test]
async fn the_switches_of_transaction_search_are_kept() {
    let server = Server::start();
    let put = json!({ "Destination": "CloudWatchLogs" });
    let answer = json!({ "Destination": "CloudWatchLogs", "Status": "ACTIVE" });
    assert_eq!(server.call("/UpdateTraceSegmentDestination", put).await, answer);
    let held = server.call("/GetTraceSegmentDestination", json!({})).await;
    assert_eq!(held["Destination"], "CloudWatchLogs");
    let rule = |desired: f64, modified: f64| {
        json!({ "Name": "Default", "ModifiedAt": modified, "Rule": { "Probabilistic": {
            "DesiredSamplingPercentage": desired, "ActualSamplingPercentage": desired,
        } } })
    };
    let held = server.call("/GetIndexingRules", json!({})).await;
    assert_eq!(held, json!({ "IndexingRules": [rule(1.0, 0.0)], "NextToken": null }));
    let update = |name: &str, percentage: f64| json!({ "Name": name, "Rule": { "Probabilistic": { "DesiredSamplingPercentage": percentage } } });
    let updated = server.call("/UpdateIndexingRule", update("Default", 20.5)).await;
    assert_eq!(updated, json!({ "IndexingRule": rule(20.5, T + 2.0) }));
    let check = async |path: &str, input: Value| server.refuse(path, &input.to_string()).await;
    assert_snapshot!(check("/UpdateTraceSegmentDestination", json!({})).await, @r#"400 InvalidRequestException {"Message":"Request must contain a destination"}"#);
    assert_snapshot!(check("/UpdateIndexingRule", update("other", 1.0)).await, @r#"404 ResourceNotFoundException {"Message":"Indexing rule other not found","ResourceName":"other"}"#);
    assert_snapshot!(check("/UpdateIndexingRule", update("Default", 100.1)).await, @r#"400 InvalidRequestException {"Message":"DesiredSamplingPercentage must be between 0 and 100"}"#);
    assert_snapshot!(check("/UpdateIndexingRule", json!({ "Name": "Default", "Rule": {} })).await, @r#"400 InvalidRequestException {"Message":"Rule must be Probabilistic"}"#);
}

#[tokio::test]
async fn with_segments_kept_as_logs_a_share_of_traces_is_indexed_and_all_can_be_retrieved() {
    const TRACES: u32 = 300;
    let server = Server::start();
    server.put(&[plain(1_000, 0.0)]).await;
    server.advance(1);
    let rule =
        json!({ "Name": "Default", "Rule": { "Probabilistic": { "DesiredSamplingPercentage": 10.0 } } });
    let updated = server.call("/UpdateIndexingRule", rule).await;
    let actual = |rule: &Value| rule["Rule"]["Probabilistic"]["ActualSamplingPercentage"].clone();
    assert_eq!(actual(&updated["IndexingRule"]), 100.0, "it does nothing as long as X-Ray keeps all");
    server.call("/UpdateTraceSegmentDestination", json!({ "Destination": "CloudWatchLogs" })).await;
    let rules = server.call("/GetIndexingRules", json!({})).await;
    assert_eq!(actual(&rules["IndexingRules"][0]), 10.0);

    let documents: Vec<Value> = (0..TRACES).map(|number| plain(number, 0.0)).collect();
    let ids: Vec<String> =
        documents.iter().map(|document| document["trace_id"].as_str().unwrap().to_owned()).collect();
    server.put(&documents).await;
    let window = json!({ "StartTime": T, "EndTime": T + 60.0 });
    let found = server.call("/TraceSummaries", window.clone()).await;
    assert_eq!((&found["TracesProcessedCount"], &found["NextToken"]), (&json!(TRACES + 1), &Value::Null));
    let found: Vec<&str> = found["TraceSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|summary| summary["Id"].as_str().unwrap())
        .collect();
    assert!((15..50).contains(&found.len()), "{}", found.len());
    assert!(found.contains(&plain(1_000, 0.0)["trace_id"].as_str().unwrap()), "it came before the change");
    for (number, id) in ids.iter().enumerate().take(40) {
        let is_indexed = found.contains(&id.as_str());
        let batch = server.call("/Traces", json!({ "TraceIds": [id] })).await;
        assert_eq!(batch["Traces"].as_array().unwrap().len(), usize::from(is_indexed), "{number}");
        let graph = server.post("/TraceGraph", json!({ "TraceIds": [id] }).to_string()).await;
        assert_eq!(graph.status == 200, is_indexed, "{number}");
    }
    let token = retrieve(&server, &ids[..100], T, T + 60.0).await;
    let graph = server.call("/GetRetrievedTracesGraph", json!({ "RetrievalToken": token })).await;
    let counts =
        graph["Services"].as_array().unwrap().iter().map(|service| &service["Service"]["SummaryStatistics"]);
    assert_eq!(counts.map(|counts| counts["TotalCount"].as_u64().unwrap_or(0)).sum::<u64>(), 100);
    server.call("/UpdateTraceSegmentDestination", json!({ "Destination": "XRay" })).await;
    let all = server.call("/TraceSummaries", window).await;
    assert!(all["TraceSummaries"].as_array().unwrap().len() > found.len());
}

async fn retrieve(server: &Server, ids: &[String], start: f64, end: f64) -> Value {
    let input = json!({ "TraceIds": ids, "StartTime": start, "EndTime": end });
    server.call("/StartTraceRetrieval", input).await["RetrievalToken"].clone()
}

#[tokio::test]
async fn traces_are_retrieved_in_pages() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let calls: Vec<Value> = (0..120_u32)
        .map(|number| {
            json!({
                "trace_id": "1-6553f128-0000000000000000000000ff", "id": format!("{:016x}", number + 1),
                "name": "many", "start_time": T, "end_time": T + 1.0,
            })
        })
        .collect();
    server.put(&calls).await;
    let plains: Vec<Value> = (2..8).map(|number| plain(number, 0.0)).collect();
    server.put(&plains).await;
    let mut ids: Vec<String> =
        plains.iter().map(|plain| plain["trace_id"].as_str().unwrap().to_owned()).collect();
    ids.insert(0, "1-6553f128-0000000000000000000000ff".to_owned());
    ids.insert(1, TRACE.to_owned());
    ids.push("1-6553f128-0000000000000000000000ee".to_owned());
    ids.push(TRACE.to_owned());
    let token = retrieve(&server, &ids, T, T).await;
    let mut pages = Vec::new();
    let mut next = Value::Null;
    loop {
        let input = json!({ "RetrievalToken": token, "TraceFormat": "XRAY", "NextToken": next });
        let page = server.call("/ListRetrievedTraces", input).await;
        assert_eq!((&page["RetrievalStatus"], &page["TraceFormat"]), (&json!("COMPLETE"), &json!("XRAY")));
        let traces = page["Traces"].as_array().unwrap().clone();
        let shape = traces.iter().map(|trace| trace["Spans"].as_array().unwrap().len()).collect::<Vec<_>>();
        pages.push(shape);
        next = page["NextToken"].clone();
        if next.is_null() {
            break;
        }
    }
    assert_eq!(pages, [vec![100], vec![20, 3, 1, 1, 1], vec![1, 1, 1]]);
}

#[tokio::test]
async fn retrieved_traces_have_one_graph() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let mut linked = plain(9, 0.0);
    linked["links"] = json!([{ "trace_id": TRACE, "id": "f000000000000001" }]);
    server.put(&[linked.clone()]).await;
    let ids = [TRACE.to_owned(), linked["trace_id"].as_str().unwrap().to_owned()];
    let token = retrieve(&server, &ids, T, T + 9.0).await;
    let graph = server.call("/GetRetrievedTracesGraph", json!({ "RetrievalToken": token })).await;
    assert_eq!(graph["RetrievalStatus"], "COMPLETE");
    let services = graph["Services"].as_array().unwrap();
    let frontend = services.iter().find(|service| {
        service["Service"]["Name"] == "frontend" && service["Service"]["Type"] == "AWS::EC2::Instance"
    });
    let frontend = frontend.unwrap();
    assert_eq!(frontend["Service"]["SummaryStatistics"]["TotalCount"], 2);
    let link = json!({ "ReferenceType": null, "SourceTraceId": ids[1], "DestinationTraceIds": [TRACE] });
    assert_eq!(frontend["Links"], json!([link]));
}

#[tokio::test]
async fn a_retrieval_can_be_cancelled_and_expires() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let ids = [TRACE.to_owned()];
    let list = async |token: &Value| {
        let input = json!({ "RetrievalToken": token });
        let answer = server.post("/ListRetrievedTraces", input.to_string()).await.json();
        (answer["RetrievalStatus"].clone(), answer["Traces"].as_array().map(Vec::len))
    };
    let elsewhere = retrieve(&server, &ids, T + 2.0, T + 9.0).await;
    assert_eq!(list(&elsewhere).await, (json!("COMPLETE"), Some(0)), "nothing of it happened in the range");
    let cancelled = retrieve(&server, &ids, T, T).await;
    assert_eq!(list(&cancelled).await, (json!("COMPLETE"), Some(1)));
    server.call("/CancelTraceRetrieval", json!({ "RetrievalToken": cancelled })).await;
    assert_eq!(list(&cancelled).await, (json!("CANCELLED"), Some(0)));
    let expired = retrieve(&server, &ids, T, T).await;
    server.advance(60 * 60);
    assert_eq!(list(&expired).await, (Value::Null, None));
    let check = async |path: &str, input: Value| server.refuse(path, &input.to_string()).await;
    assert_snapshot!(check("/CancelTraceRetrieval", json!({ "RetrievalToken": "x" })).await, @r#"404 ResourceNotFoundException {"Message":"Retrieval token not found or expired","ResourceName":"x"}"#);
    let token = retrieve(&server, &ids, T, T).await;
    assert_snapshot!(check("/ListRetrievedTraces", json!({ "RetrievalToken": token, "NextToken": "é" })).await, @r#"400 InvalidRequestException {"Message":"Invalid token é"}"#);
    assert_snapshot!(check("/StartTraceRetrieval", json!({ "TraceIds": ["x"], "StartTime": T, "EndTime": T })).await, @r#"400 InvalidRequestException {"Message":"Invalid trace id x: incorrect id format"}"#);
    assert_snapshot!(check("/StartTraceRetrieval", json!({ "TraceIds": [], "StartTime": T, "EndTime": T - 1.0 })).await, @r#"400 InvalidRequestException {"Message":"End time cannot be earlier than start time"}"#);
}

#[tokio::test]
async fn retrieved_traces_are_given_as_spans_of_opentelemetry() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let token = retrieve(&server, &[TRACE.to_owned()], T, T + 9.0).await;
    let input = json!({ "RetrievalToken": token, "TraceFormat": "OTEL" });
    let page = server.call("/ListRetrievedTraces", input).await;
    assert_eq!((&page["TraceFormat"], &page["Traces"][0]["Id"]), (&json!("OTEL"), &json!(TRACE)));
    let spans = page["Traces"][0]["Spans"].as_array().unwrap().iter().map(|span| {
        let document: Value = serde_json::from_str(span["Document"].as_str().unwrap()).unwrap();
        assert_eq!(document["spanId"], span["Id"]);
        let service = &document["resource"]["attributes"]["service.name"];
        json!([span["Id"], document["parentSpanId"], document["kind"], document["name"], service])
    });
    assert_eq!(
        Value::from(spans.collect::<Vec<_>>()),
        json!([
            ["f000000000000001", null, "SERVER", "frontend", "frontend"],
            ["a000000000000001", "f000000000000001", "CLIENT", "backend.internal", "frontend"],
            ["c000000000000001", "f000000000000001", "INTERNAL", "audit", "frontend"],
            ["b000000000000001", "a000000000000001", "SERVER", "backend", "backend"],
            ["d000000000000001", "b000000000000001", "CLIENT", "DynamoDB", "backend"],
        ])
    );
}
