//! Attributes of a span and of the resource that sent it, by OpenTelemetry's names.

use model::Entity;
use model::segment::{AnnotationValue, Flags, Namespace};
use serde_json::{Map, Value};

/// X-Ray's origin and OpenTelemetry's platform.
const PLATFORMS: [(&str, &str); 8] = [
    ("AWS::ElasticBeanstalk::Environment", "aws_elastic_beanstalk"),
    ("AWS::EKS::Container", "aws_eks"),
    ("AWS::ECS::Container", "aws_ecs"),
    ("AWS::ECS::EC2", "aws_ecs"),
    ("AWS::ECS::Fargate", "aws_ecs"),
    ("AWS::EC2::Instance", "aws_ec2"),
    ("AWS::AppRunner::Service", "aws_app_runner"),
    ("AWS::Lambda::Function", "aws_lambda"),
];

/// Where a segment's document has what describes its resource.
const OF_RESOURCE: [(&[&str], &str); 23] = [
    (&["service", "version"], "service.version"),
    (&["service", "runtime"], "process.runtime.name"),
    (&["service", "runtime_version"], "process.runtime.version"),
    (&["resource_arn"], "cloud.resource_id"),
    (&["aws", "account_id"], "cloud.account.id"),
    (&["aws", "ec2", "instance_id"], "host.id"),
    (&["aws", "ec2", "instance_size"], "host.type"),
    (&["aws", "ec2", "ami_id"], "host.image.id"),
    (&["aws", "ec2", "availability_zone"], "cloud.availability_zone"),
    (&["aws", "ecs", "availability_zone"], "cloud.availability_zone"),
    (&["aws", "ecs", "container"], "container.name"),
    (&["aws", "ecs", "container_id"], "container.id"),
    (&["aws", "ecs", "container_arn"], "aws.ecs.container.arn"),
    (&["aws", "ecs", "cluster_arn"], "aws.ecs.cluster.arn"),
    (&["aws", "ecs", "task_arn"], "aws.ecs.task.arn"),
    (&["aws", "ecs", "task_family"], "aws.ecs.task.family"),
    (&["aws", "eks", "cluster_name"], "k8s.cluster.name"),
    (&["aws", "eks", "pod"], "k8s.pod.name"),
    (&["aws", "eks", "container_id"], "container.id"),
    (&["aws", "elastic_beanstalk", "environment_name"], "service.namespace"),
    (&["aws", "elastic_beanstalk", "deployment_id"], "service.instance.id"),
    (&["aws", "xray", "sdk"], "telemetry.sdk.name"),
    (&["aws", "xray", "sdk_version"], "telemetry.sdk.version"),
];

/// Where an entity's document has what describes its work.
const OF_SPAN: [(&[&str], &str); 25] = [
    (&["user"], "enduser.id"),
    (&["http", "request", "method"], "http.request.method"),
    (&["http", "request", "url"], "url.full"),
    (&["http", "request", "user_agent"], "user_agent.original"),
    (&["http", "request", "client_ip"], "client.address"),
    (&["http", "response", "status"], "http.response.status_code"),
    (&["http", "response", "content_length"], "http.response.body.size"),
    (&["aws", "operation"], "rpc.method"),
    (&["aws", "region"], "cloud.region"),
    (&["aws", "request_id"], "aws.request_id"),
    (&["aws", "id_2"], "aws.extended_request_id"),
    (&["aws", "retries"], "aws.retries"),
    (&["aws", "table_names"], "aws.dynamodb.table_names"),
    (&["aws", "bucket_name"], "aws.s3.bucket"),
    (&["aws", "key"], "aws.s3.key"),
    (&["aws", "queue_url"], "aws.sqs.queue.url"),
    (&["aws", "topic_arn"], "aws.sns.topic.arn"),
    (&["aws", "stream_name"], "aws.kinesis.stream_name"),
    (&["aws", "function_name"], "faas.invoked_name"),
    (&["aws", "xray", "sampling_rule_name"], "aws.xray.sampling_rule"),
    (&["sql", "sanitized_query"], "db.query.text"),
    (&["sql", "database_type"], "db.system.name"),
    (&["sql", "user"], "db.user"),
    (&["sql", "url"], "db.connection_string"),
    (&["sql", "connection_string"], "db.connection_string"),
];

/// Databases that OpenTelemetry calls otherwise than X-Ray's SDKs do, in small letters.
const SYSTEMS: [(&str, &str); 5] = [
    ("oracle", "oracle.db"),
    ("microsoft sql server", "microsoft.sql_server"),
    ("sql server", "microsoft.sql_server"),
    ("mssql", "microsoft.sql_server"),
    ("postgres", "postgresql"),
];

/// Metadata of this namespace was an attribute before the collector's exporter, or has no better name.
const DEFAULT_NAMESPACE: &str = "default";

pub(super) fn of_resource(segment: &Entity, sent: &Map<String, Value>) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("service.name".into(), segment.name.as_str().into());
    if let Some(origin) = segment.origin.as_deref() {
        if origin.starts_with("AWS::") {
            attributes.insert("cloud.provider".into(), "aws".into());
        }
        if let Some((_, platform)) = PLATFORMS.into_iter().find(|(known, _)| *known == origin) {
            attributes.insert("cloud.platform".into(), platform.into());
        }
        attributes.insert("aws.xray.origin".into(), origin.into());
    }
    insert(&mut attributes, &OF_RESOURCE, sent);
    attributes
}

pub(super) fn of_span(entity: &Entity, sent: &Map<String, Value>) -> Map<String, Value> {
    let mut attributes = Map::new();
    insert(&mut attributes, &OF_SPAN, sent);
    if entity.namespace == Some(Namespace::Aws) {
        attributes.insert("rpc.system".into(), "aws-api".into());
        attributes.insert("rpc.service".into(), entity.name.as_str().into());
        if let Some(table) = entity.aws.as_ref().and_then(|aws| aws.table_name.as_deref()) {
            attributes.entry("aws.dynamodb.table_names").or_insert_with(|| Value::from(vec![table]));
        }
    }
    // What X-Ray calls a call to elsewhere is who is called.
    if entity.namespace == Some(Namespace::Remote) {
        attributes.insert("peer.service".into(), entity.name.as_str().into());
    }
    if let Some(Value::String(system)) = attributes.get_mut("db.system.name") {
        system.make_ascii_lowercase();
        if let Some((_, known)) = SYSTEMS.into_iter().find(|(called, _)| called == system) {
            known.clone_into(system);
        }
    }
    insert_flags(&mut attributes, entity);
    if entity.end.is_none() {
        attributes.insert("aws.xray.inprogress".into(), true.into());
    }
    insert_metadata(&mut attributes, sent);
    // Last: of all that a sender may have called the same, this is what people search for.
    let mut keys = Vec::new();
    for annotation in &entity.annotations {
        let value = match &annotation.value {
            AnnotationValue::String(text) => text.as_str().into(),
            AnnotationValue::Number(number) => (*number).into(),
            AnnotationValue::Boolean(is_true) => (*is_true).into(),
        };
        attributes.insert(annotation.key.clone(), value);
        keys.push(annotation.key.as_str());
    }
    if !keys.is_empty() {
        attributes.insert("aws.xray.annotations".into(), keys.into());
    }
    attributes
}

/// OpenTelemetry knows but ERROR. Where status and HTTP do not tell what X-Ray's flags do, these go along.
fn insert_flags(attributes: &mut Map<String, Value>, entity: &Entity) {
    let of_http = entity.http.as_ref().and_then(|http| http.status).map(Flags::from_status);
    let told = match of_http.filter(|flags| flags.any()) {
        Some(flags) => flags,
        None => Flags { fault: entity.flags.any(), ..Flags::default() },
    };
    if entity.flags != told {
        let Flags { error, throttle, fault } = entity.flags;
        for (key, is_set) in [("error", error), ("throttle", throttle), ("fault", fault)] {
            attributes.insert(format!("aws.xray.{key}"), is_set.into());
        }
    }
}

fn insert(attributes: &mut Map<String, Value>, names: &[(&[&str], &str)], sent: &Map<String, Value>) {
    for (path, name) in names {
        let [first, rest @ ..] = path else { continue };
        let start = sent.get(*first);
        let found = rest.iter().fold(start, |found, member| found.and_then(|value| value.get(member)));
        if let Some(value) = found.and_then(attribute) {
            attributes.insert((*name).to_owned(), value);
        }
    }
}

fn insert_metadata(attributes: &mut Map<String, Value>, sent: &Map<String, Value>) {
    let namespaces = sent.get("metadata").and_then(Value::as_object);
    for (namespace, entries) in namespaces.into_iter().flatten() {
        for (key, value) in entries.as_object().into_iter().flatten() {
            let name = match namespace.as_str() {
                DEFAULT_NAMESPACE => key.clone(),
                _ => format!("{namespace}.{key}"),
            };
            if let Some(value) = attribute(value) {
                attributes.entry(name).or_insert(value);
            }
        }
    }
}

/// An attribute is a scalar or a list of scalars; what else there is, is written as JSON in a text.
fn attribute(value: &Value) -> Option<Value> {
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array() && !value.is_null();
    match value {
        Value::Null => None,
        Value::Array(items) if items.iter().all(is_scalar) => Some(value.clone()),
        Value::Array(_) | Value::Object(_) => Some(value.to_string().into()),
        scalar => Some(scalar.clone()),
    }
}
