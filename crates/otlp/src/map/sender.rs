//! Who sent spans: what a resource means, looked at once for all its spans.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use model::segment::{Annotation, Service};

use super::{annotation, name};
use crate::message::{Attributes, Resource};

/// A resource.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) service: Arc<Service>,
    /// `telemetry.sdk.language`.
    pub(crate) language: String,
    /// What of the resource is searchable, on segments.
    pub(crate) annotations: Vec<Annotation>,
    pub(crate) resource_arn: Option<String>,
    /// Of a cloud that is AWS, or that is not named.
    pub(crate) account: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) region: Option<String>,
}

impl Sender {
    pub(crate) fn new(resource: &Resource) -> Self {
        let attributes = Attributes(&resource.attributes);
        let in_aws = is_in_aws(attributes);
        let of_aws = |key| attributes.text(key).filter(|_| in_aws).map(str::to_owned);
        let has_instance = platform(attributes).as_deref() == Some("aws_ec2")
            || attributes.text("cloud.provider") == Some("aws");
        let service = Service {
            fingerprint: fingerprint(resource),
            name: attributes.text("service.name").map(name::cleaned),
            origin: origin(attributes).or_else(|| attributes.text("aws.xray.origin")).map(str::to_owned),
            version: version(attributes).map(str::to_owned),
        };
        Self {
            service: Arc::new(service),
            language: attributes.text("telemetry.sdk.language").unwrap_or_default().to_owned(),
            annotations: annotation::of_resource(attributes),
            resource_arn: attributes
                .first_text(&["aws.xray.resource_arn", "cloud.resource_id", "faas.id"])
                .filter(|arn| arn.starts_with("arn:"))
                .map(str::to_owned),
            account: of_aws("cloud.account.id"),
            instance: of_aws("host.id").filter(|_| has_instance),
            zone: of_aws("cloud.availability_zone"),
            region: of_aws("cloud.region"),
        }
    }
}

pub(crate) fn is_in_aws(attributes: Attributes<'_>) -> bool {
    attributes.text("cloud.provider").is_none_or(|provider| provider == "aws")
}

/// `aws_ec2`, also where it is written `aws.ec2`, as the conventions write other clouds' platforms now.
pub(crate) fn platform(attributes: Attributes<'_>) -> Option<String> {
    Some(attributes.text("cloud.platform")?.replace('.', "_"))
}

fn origin<'a>(attributes: Attributes<'a>) -> Option<&'a str> {
    if !is_in_aws(attributes) {
        return None;
    }
    Some(match platform(attributes)?.as_str() {
        "aws_ec2" => "AWS::EC2::Instance",
        "aws_ecs" => match attributes.text("aws.ecs.launchtype").map(str::to_ascii_lowercase).as_deref() {
            Some("ec2") => "AWS::ECS::EC2",
            Some("fargate") => "AWS::ECS::Fargate",
            _ => "AWS::ECS::Container",
        },
        "aws_eks" => "AWS::EKS::Container",
        "aws_elastic_beanstalk" => "AWS::ElasticBeanstalk::Environment",
        "aws_app_runner" => "AWS::AppRunner::Service",
        "aws_lambda" => "AWS::Lambda::Function",
        _ => return None,
    })
}

pub(crate) fn version(attributes: Attributes<'_>) -> Option<&str> {
    attributes
        .first_text(&["service.version", "container.image.tag"])
        .or_else(|| attributes.texts("container.image.tags").first().copied())
}

/// The same for spans of one service and, where it says so, of one instance of it.
fn fingerprint(resource: &Resource) -> u64 {
    let attributes = Attributes(&resource.attributes);
    let mut hasher = DefaultHasher::new();
    match attributes.text("service.name") {
        Some(name) => {
            let more = ["service.namespace", "service.instance.id"].map(|key| attributes.text(key));
            (name, more).hash(&mut hasher);
        }
        None => {
            for one in &resource.attributes {
                (&one.key, format!("{:?}", one.value)).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}
