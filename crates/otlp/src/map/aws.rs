//! Calls of AWS and where a segment ran.

use model::Entity;
use model::segment::{Aws, Namespace};

use super::name;
use super::sender::Sender;
use crate::message::{Attributes, Span};

/// What the span itself says. The resource says only where a segment ran, which [`add_resource`] adds.
pub(super) fn of(span: &Span, namespace: Option<&Namespace>, sender: &Sender) -> Option<Aws> {
    let attributes = Attributes(&span.attributes);
    let is_aws = namespace == Some(&Namespace::Aws);
    let text = |keys: &[&str]| attributes.first_text(keys).map(str::to_owned);
    let aws = Aws {
        account_id: text(&["aws.account_id"]).or_else(|| sender.account.clone().filter(|_| is_aws)),
        region: text(&["aws.region", "cloud.region"]).or_else(|| sender.region.clone().filter(|_| is_aws)),
        operation: operation(attributes, is_aws).map(str::to_owned),
        request_id: text(&["aws.request_id", "aws.requestId", "faas.invocation_id", "faas.execution"]),
        table_name: table(attributes).map(str::to_owned),
        bucket_name: text(&["aws.s3.bucket"]),
        queue_url: queue_url(attributes, is_aws).map(str::to_owned),
        topic_arn: text(&["aws.sns.topic.arn"]),
        function_name: function(attributes, is_aws).map(str::to_owned),
        instance_id: None,
        availability_zone: None,
        sampling_rule: text(&["aws.xray.sampling_rule"]),
    };
    (aws != Aws::default()).then_some(aws)
}

/// Account and machine, where they are not those of a call.
pub(super) fn add_resource(segment: &mut Entity, sender: &Sender) {
    let found = [&sender.account, &sender.instance, &sender.zone];
    if found.iter().all(|one| one.is_none()) {
        return;
    }
    let aws = segment.aws.get_or_insert_default();
    aws.account_id = aws.account_id.take().or_else(|| sender.account.clone());
    aws.instance_id = sender.instance.clone();
    aws.availability_zone = sender.zone.clone();
}

fn operation(attributes: Attributes<'_>, is_aws: bool) -> Option<&str> {
    let of_rpc =
        || attributes.text("rpc.method").map(|it| it.rsplit_once('/').map_or(it, |(_, method)| method));
    let of_queue = || {
        let told = attributes.first_text(&[
            "messaging.operation.name",
            "messaging.operation.type",
            "messaging.operation",
        ]);
        (is_aws && name::is_queue_of_aws(attributes)).then(|| told.unwrap_or("SendMessage"))
    };
    attributes.text("aws.operation").or_else(of_rpc).or_else(of_queue)
}

fn queue_url(attributes: Attributes<'_>, is_aws: bool) -> Option<&str> {
    let url =
        attributes.first_text(&["messaging.url", "aws.queue_url", "aws.queue.url", "aws.sqs.queue.url"]);
    let named = || {
        let destination = attributes.first_text(&["messaging.destination.name", "messaging.destination"])?;
        let is_queue = is_aws && name::is_queue_of_aws(attributes);
        (is_queue || destination.starts_with("https://sqs.")).then_some(destination)
    };
    url.or_else(named)
}

pub(crate) fn tables(attributes: Attributes<'_>) -> Vec<&str> {
    attributes.texts("aws.dynamodb.table_names")
}

fn table(attributes: Attributes<'_>) -> Option<&str> {
    match tables(attributes)[..] {
        [table] => Some(table),
        _ => attributes.first_text(&["aws.table_name", "aws.table.name"]),
    }
}

/// The callee of an invocation.
fn function(attributes: Attributes<'_>, is_aws: bool) -> Option<&str> {
    let of_arn = || attributes.text("aws.lambda.invoked_arn")?.split(':').nth(6);
    attributes.text("faas.invoked_name").filter(|_| is_aws).or_else(of_arn)
}
