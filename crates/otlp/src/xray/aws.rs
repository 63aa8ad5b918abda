//! `aws`: of a call what was called, of a segment where it ran and which SDK told of it.

use model::Entity;
use serde_json::{Map, Value, json};

use super::present;
use crate::map::aws::tables;
use crate::map::sender::{is_in_aws, platform};
use crate::message::{Attributes, Resource, Span};

pub(super) fn of(span: &Span, entity: &Entity) -> Map<String, Value> {
    let attributes = Attributes(&span.attributes);
    let tables = tables(attributes);
    let aws = entity.aws.as_deref();
    let members = present(json!({
        "account_id": aws.and_then(|aws| aws.account_id.as_deref()),
        "region": aws.and_then(|aws| aws.region.as_deref()),
        "operation": aws.and_then(|aws| aws.operation.as_deref()),
        "request_id": aws.and_then(|aws| aws.request_id.as_deref()),
        "queue_url": aws.and_then(|aws| aws.queue_url.as_deref()),
        "table_name": aws.and_then(|aws| aws.table_name.as_deref()),
        "table_names": (tables.len() > 1).then_some(tables),
        "bucket_name": aws.and_then(|aws| aws.bucket_name.as_deref()),
        "key": attributes.text("aws.s3.key"),
        "topic_arn": aws.and_then(|aws| aws.topic_arn.as_deref()),
        "function_name": aws.and_then(|aws| aws.function_name.as_deref()),
        "stream_name": attributes.text("aws.kinesis.stream_name"),
        "id_2": attributes.text("aws.extended_request_id"),
        "retries": attributes.number(&["aws.xray.retries"]),
    }));
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// What the resource says, into the segment's object.
pub(super) fn add_resource(object: &mut Map<String, Value>, resource: &Resource) {
    let attributes = Attributes(&resource.attributes);
    let mut found = vec![("xray", recorder(attributes))];
    if is_in_aws(attributes) {
        let text = |key| attributes.text(key).map(|text| Value::from(text.to_owned())).unwrap_or_default();
        found.push(("account_id", text("cloud.account.id")));
        found.push(("ec2", ec2(attributes)));
        found.push(("ecs", ecs(attributes)));
        found.push(("eks", eks(attributes)));
        found.push(("elastic_beanstalk", beanstalk(attributes)));
        found.push(("cloudwatch_logs", logs(attributes)));
    }
    let aws = object.entry("aws").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(aws) = aws else { return };
    for (key, value) in found {
        let is_empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if !is_empty && !aws.contains_key(key) {
            aws.insert(key.to_owned(), value);
        }
    }
    if aws.is_empty() {
        object.shift_remove("aws");
    }
}

fn recorder(attributes: Attributes<'_>) -> Value {
    let Some(name) = attributes.text("telemetry.sdk.name") else { return Value::Null };
    let sdk = match attributes.text("telemetry.sdk.language") {
        Some(language) if !name.ends_with(&format!(" for {language}")) => format!("{name} for {language}"),
        _ => name.to_owned(),
    };
    present(json!({
        "sdk": sdk,
        "sdk_version": attributes.text("telemetry.sdk.version"),
        "auto_instrumentation":
            attributes.has(&["telemetry.auto.version", "telemetry.distro.version"]).then_some(true),
    }))
}

fn ec2(attributes: Attributes<'_>) -> Value {
    let is_there = platform(attributes).as_deref() == Some("aws_ec2")
        || attributes.text("cloud.provider") == Some("aws");
    if !is_there || !attributes.has(&["host.id", "host.type", "host.image.id"]) {
        return Value::Null;
    }
    present(json!({
        "instance_id": attributes.text("host.id"),
        "availability_zone": attributes.text("cloud.availability_zone"),
        "instance_size": attributes.text("host.type"),
        "ami_id": attributes.text("host.image.id"),
    }))
}

fn ecs(attributes: Attributes<'_>) -> Value {
    if platform(attributes).as_deref() != Some("aws_ecs") {
        return Value::Null;
    }
    present(json!({
        "container": attributes.text("container.name"),
        "container_id": attributes.text("container.id"),
        "availability_zone": attributes.text("cloud.availability_zone"),
        "container_arn": attributes.text("aws.ecs.container.arn"),
        "cluster_arn": attributes.text("aws.ecs.cluster.arn"),
        "task_arn": attributes.text("aws.ecs.task.arn"),
        "task_family": attributes.text("aws.ecs.task.family"),
        "launch_type": attributes.text("aws.ecs.launchtype"),
    }))
}

fn eks(attributes: Attributes<'_>) -> Value {
    if platform(attributes).as_deref() != Some("aws_eks") && !attributes.has(&["k8s.cluster.name"]) {
        return Value::Null;
    }
    present(json!({
        "cluster_name": attributes.text("k8s.cluster.name"),
        "pod": attributes.text("k8s.pod.name"),
        "container_id": attributes.text("container.id"),
    }))
}

fn beanstalk(attributes: Attributes<'_>) -> Value {
    if platform(attributes).as_deref() != Some("aws_elastic_beanstalk") {
        return Value::Null;
    }
    present(json!({
        "environment_name": attributes.text("service.namespace"),
        "deployment_id": attributes.number(&["service.instance.id"]),
        "version_label": attributes.text("service.version"),
    }))
}

/// By ARN where there are any, whose seventh part is the name. Variables of the environment hold no lists, so a text is
/// split.
fn logs(attributes: Attributes<'_>) -> Value {
    let all = |key| -> Vec<&str> {
        attributes
            .texts(key)
            .into_iter()
            .flat_map(|text| text.split('&'))
            .filter(|it| !it.is_empty())
            .collect()
    };
    let arns = all("aws.log.group.arns");
    let groups: Vec<Value> = match arns.is_empty() {
        false => arns
            .iter()
            .map(|arn| present(json!({ "log_group": arn.split(':').nth(6), "arn": arn })))
            .collect(),
        true => all("aws.log.group.names").iter().map(|name| json!({ "log_group": name })).collect(),
    };
    if groups.is_empty() { Value::Null } else { Value::Array(groups) }
}
