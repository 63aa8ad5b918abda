//! What of a call may be told: the parameters that X-Ray's SDKs for Java and Python name, and where they are found.

use std::net::Ipv4Addr;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::members::{MAX_BODY_BYTES, form_value, of_form, of_json};
use crate::percent::decoded;

/// A member, and what is taken of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) member: &'static str,
    /// What it is called in the `aws` block.
    pub(super) key: &'static str,
    pub(super) take: Take,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Take {
    Value,
    /// How many there are.
    Count,
    /// The keys of a map.
    Keys,
}

/// An operation of a service whose parameters are in a body.
struct Operation {
    service: &'static str,
    names: &'static [&'static str],
    request: &'static [Parameter],
    response: &'static [Parameter],
}

const fn value(member: &'static str, key: &'static str) -> Parameter {
    Parameter { member, key, take: Take::Value }
}

const fn count(member: &'static str, key: &'static str) -> Parameter {
    Parameter { member, key, take: Take::Count }
}

const fn keys(member: &'static str, key: &'static str) -> Parameter {
    Parameter { member, key, take: Take::Keys }
}

const TABLE: Parameter = value("TableName", "table_name");
const CAPACITY: Parameter = value("ConsumedCapacity", "consumed_capacity");
const METRICS: Parameter = value("ItemCollectionMetrics", "item_collection_metrics");
const TABLES: Parameter = keys("RequestItems", "table_names");
const CONSISTENT: Parameter = value("ConsistentRead", "consistent_read");
const PROJECTION: Parameter = value("ProjectionExpression", "projection_expression");
const ATTRIBUTES_TO_GET: Parameter = value("AttributesToGet", "attributes_to_get");
const INDEX: Parameter = value("IndexName", "index_name");
const LIMIT: Parameter = value("Limit", "limit");
const SELECT: Parameter = value("Select", "select");
const THROUGHPUT: Parameter = value("ProvisionedThroughput", "provisioned_throughput");
const QUEUE: Parameter = value("QueueUrl", "queue_url");
const QUEUE_NAME: Parameter = value("QueueName", "queue_name");
const VISIBILITY: Parameter = value("VisibilityTimeout", "visibility_timeout");
const FAILED: Parameter = value("Failed", "failed");

const OPERATIONS: &[Operation] = &[
    dynamodb(&["BatchGetItem"], &[TABLES], &[CAPACITY]),
    dynamodb(&["BatchWriteItem"], &[TABLES], &[CAPACITY, METRICS]),
    dynamodb(
        &["CreateTable"],
        &[
            value("GlobalSecondaryIndexes", "global_secondary_indexes"),
            value("LocalSecondaryIndexes", "local_secondary_indexes"),
            THROUGHPUT,
            TABLE,
        ],
        &[],
    ),
    dynamodb(&["DeleteItem", "PutItem", "UpdateItem"], &[TABLE], &[CAPACITY, METRICS]),
    dynamodb(&["DeleteTable", "DescribeTable"], &[TABLE], &[]),
    dynamodb(&["GetItem"], &[CONSISTENT, PROJECTION, TABLE], &[CAPACITY]),
    dynamodb(
        &["ListTables"],
        &[value("ExclusiveStartTableName", "exclusive_start_table_name"), LIMIT],
        &[count("TableNames", "table_count")],
    ),
    dynamodb(
        &["Query"],
        &[
            ATTRIBUTES_TO_GET,
            CONSISTENT,
            INDEX,
            LIMIT,
            PROJECTION,
            value("ScanIndexForward", "scan_index_forward"),
            SELECT,
            TABLE,
        ],
        &[CAPACITY],
    ),
    dynamodb(
        &["Scan"],
        &[
            ATTRIBUTES_TO_GET,
            CONSISTENT,
            INDEX,
            LIMIT,
            PROJECTION,
            value("Segment", "segment"),
            SELECT,
            TABLE,
            value("TotalSegments", "total_segments"),
        ],
        &[CAPACITY, value("Count", "count"), value("ScannedCount", "scanned_count")],
    ),
    dynamodb(
        &["UpdateTable"],
        &[
            value("AttributeDefinitions", "attribute_definitions"),
            value("GlobalSecondaryIndexUpdates", "global_secondary_index_updates"),
            THROUGHPUT,
            TABLE,
        ],
        &[],
    ),
    sqs(&["AddPermission"], &[value("Label", "label"), QUEUE], &[]),
    sqs(&["ChangeMessageVisibility"], &[QUEUE, VISIBILITY], &[]),
    sqs(&["ChangeMessageVisibilityBatch", "DeleteMessageBatch"], &[QUEUE], &[FAILED]),
    sqs(&["CreateQueue"], &[value("Attributes", "attributes"), QUEUE_NAME], &[]),
    sqs(&["DeleteMessage", "DeleteQueue", "PurgeQueue", "RemovePermission"], &[QUEUE], &[]),
    sqs(&["GetQueueAttributes"], &[QUEUE], &[value("Attributes", "attributes")]),
    sqs(
        &["GetQueueUrl"],
        &[QUEUE_NAME, value("QueueOwnerAWSAccountId", "queue_owner_aws_account_id")],
        &[QUEUE],
    ),
    sqs(&["ListDeadLetterSourceQueues"], &[QUEUE], &[value("queueUrls", "queue_urls")]),
    sqs(
        &["ListQueues"],
        &[value("QueueNamePrefix", "queue_name_prefix")],
        &[count("QueueUrls", "queue_count")],
    ),
    sqs(
        &["ReceiveMessage"],
        &[
            value("AttributeNames", "attribute_names"),
            value("MaxNumberOfMessages", "max_number_of_messages"),
            value("MessageAttributeNames", "message_attribute_names"),
            QUEUE,
            VISIBILITY,
            value("WaitTimeSeconds", "wait_time_seconds"),
        ],
        &[count("Messages", "message_count")],
    ),
    sqs(
        &["SendMessage"],
        &[
            value("DelaySeconds", "delay_seconds"),
            QUEUE,
            keys("MessageAttributes", "message_attribute_names"),
        ],
        &[value("MessageId", "message_id")],
    ),
    sqs(
        &["SendMessageBatch"],
        &[QUEUE, count("Entries", "message_count")],
        &[count("Failed", "failed_count"), count("Successful", "successful_count")],
    ),
    sqs(&["SetQueueAttributes"], &[QUEUE, keys("Attributes", "attribute_names")], &[]),
    Operation {
        service: "SNS",
        names: &["Publish", "PublishBatch"],
        request: &[value("TopicArn", "topic_arn")],
        response: &[],
    },
];

const fn dynamodb(
    names: &'static [&'static str],
    request: &'static [Parameter],
    response: &'static [Parameter],
) -> Operation {
    Operation { service: "DynamoDB", names, request, response }
}

const fn sqs(
    names: &'static [&'static str],
    request: &'static [Parameter],
    response: &'static [Parameter],
) -> Operation {
    Operation { service: "SQS", names, request, response }
}

type Found = Vec<(&'static str, Value)>;

fn find(service: &str, operation: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|known| known.service == service && known.names.contains(&operation))
}

/// What a request says. `endpoint` is the address that the service's rules have made for it.
pub(super) fn of_request(
    service: &str,
    operation: &str,
    request: &HttpRequest,
    endpoint: Option<&str>,
) -> Found {
    match service {
        // Of no bucket in particular.
        "S3" if operation == "ListBuckets" => Vec::new(),
        "S3" => s3(request, endpoint.unwrap_or_default()),
        "Lambda" if matches!(operation, "Invoke" | "InvokeAsync") => lambda(request),
        "SageMaker Runtime" if operation == "InvokeEndpoint" => {
            after(path(request), "/endpoints/").map(|name| ("endpoint_name", name)).into_iter().collect()
        }
        _ => {
            let Some(known) = find(service, operation) else { return Vec::new() };
            let body = request.body().bytes().unwrap_or_default();
            if request.headers().get("content-type").is_some_and(|kind| kind.contains("urlencoded")) {
                let body = &body[..body.len().min(MAX_BODY_BYTES)];
                return of_form(&String::from_utf8_lossy(body), known.request);
            }
            of_json(body, known.request)
        }
    }
}

/// What an answer says.
pub(super) fn of_response(service: &str, operation: &str, response: &HttpResponse) -> Found {
    if service == "Lambda" && operation == "Invoke" {
        let mut found = vec![("status_code", response.status().as_u16().into())];
        found.extend(header(response.headers().get("x-amz-function-error"), "function_error"));
        return found;
    }
    match find(service, operation) {
        Some(known) if !known.response.is_empty() => {
            of_json(response.body().bytes().unwrap_or_default(), known.response)
        }
        _ => Vec::new(),
    }
}

fn path(request: &HttpRequest) -> &str {
    split(request.uri()).1
}

/// Host, path and query of an address.
fn split(uri: &str) -> (&str, &str, &str) {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (host, path, query)
}

/// The part of a path that follows another.
fn after(path: &str, before: &str) -> Option<Value> {
    let (_, rest) = path.split_once(before)?;
    Some(decoded(rest.split('/').next().unwrap_or(rest)).into())
}

fn header(value: Option<&str>, key: &'static str) -> Option<(&'static str, Value)> {
    value.map(|value| (key, value.into()))
}

/// A bucket is in the path, and then in the endpoint's too; or in the host.
fn s3(request: &HttpRequest, endpoint: &str) -> Found {
    let (host, path, query) = split(request.uri());
    let (_, in_path, _) = split(endpoint);
    let path = path.trim_start_matches('/');
    let (bucket, key) = if in_path.len() > 1 {
        path.split_once('/').unwrap_or((path, ""))
    } else {
        let host = host.split(':').next().unwrap_or(host);
        let service = [".s3.", ".s3-", ".s3express-"].iter().filter_map(|service| host.find(service)).min();
        // At an endpoint of somebody else's it is the first label; and a service's own host has no bucket.
        let is_bare = host.starts_with("s3.") || host.starts_with("s3-") || host.parse::<Ipv4Addr>().is_ok();
        let end = service.or_else(|| host.find('.').filter(|_| !is_bare)).unwrap_or(0);
        (&host[..end], path)
    };
    let mut found = Vec::new();
    let mut put = |name, text: &str| {
        if !text.is_empty() {
            found.push((name, decoded(text).into()));
        }
    };
    put("bucket_name", bucket);
    put("key", key);
    put("copy_source", request.headers().get("x-amz-copy-source").unwrap_or_default());
    for (name, key) in [("versionId", "version_id"), ("prefix", "prefix")] {
        found.extend(
            form_value(query, name).filter(|value| !value.is_empty()).map(|value| (key, value.into())),
        );
    }
    found
}

fn lambda(request: &HttpRequest) -> Found {
    let (_, path, query) = split(request.uri());
    let mut found = Vec::new();
    found.extend(after(path, "/functions/").map(|name| ("function_name", name)));
    found.extend(header(request.headers().get("x-amz-invocation-type"), "invocation_type"));
    found.extend(header(request.headers().get("x-amz-log-type"), "log_type"));
    found.extend(form_value(query, "Qualifier").map(|qualifier| ("qualifier", qualifier.into())));
    found
}

#[cfg(test)]
mod tests;
