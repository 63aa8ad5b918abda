//! Which spans are segments, and where they ran.

use model::segment::DocumentKind::{Segment, Subsegment};
use model::segment::{DocumentKind, Namespace};
use serde_json::{Value, json};

use super::{PARENT, document, shown};

#[test]
fn what_is_a_segment() {
    let check = |span: Value, expected: DocumentKind, calls: usize| {
        let found = document(span.clone(), json!({ "service.name": "shop" }));
        assert_eq!((found.kind, found.entity.subsegments.len()), (expected, calls), "{span}");
        assert!(expected == Subsegment || found.entity.name == "shop", "{span}");
        assert!(expected == Subsegment || found.entity.namespace.is_none(), "{span}");
    };
    let child = |kind: i32| json!({ "kind": kind, "parentSpanId": PARENT });
    let local_root = |kind: i32| json!({ "kind": kind, "parentSpanId": PARENT, "attributes": { "aws.span.kind": "LOCAL_ROOT" } });
    let flagged = |flags: u32| json!({ "kind": 1, "parentSpanId": PARENT, "flags": flags });
    check(local_root(2), Segment, 0);
    check(local_root(1), Segment, 0);
    check(local_root(3), Segment, 1);
    check(local_root(4), Segment, 1);
    check(local_root(5), Segment, 0);
    check(child(2), Segment, 0);
    // CC#1708, CC#43432
    check(child(5), Segment, 0);
    // No parent; CC#1646.
    check(json!({ "kind": 3 }), Segment, 1);
    check(json!({ "kind": 4 }), Segment, 1);
    check(json!({ "kind": 1 }), Segment, 0);
    check(json!({}), Segment, 0);
    check(json!({ "kind": 1, "parentSpanId": "0000000000000000" }), Segment, 0);
    check(flagged(0x300), Segment, 0);
    check(flagged(0x301), Segment, 0);
    check(flagged(0x100), Subsegment, 0);
    check(flagged(0x200), Subsegment, 0);
    check(flagged(0xfc00), Subsegment, 0);
    check(child(1), Subsegment, 0);
    check(child(3), Subsegment, 0);
    check(child(4), Subsegment, 0);
}

#[test]
fn a_call_that_is_a_local_root_is_embedded_under_its_own_id() {
    // On another cloud, where the exporter crashes.
    for provider in ["aws", "gcp"] {
        let span = json!({ "kind": 3, "parentSpanId": PARENT, "attributes": {
            "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "cart", "aws.remote.service": "billing",
            "http.status_code": 503,
        } });
        let resource = json!({ "cloud.provider": provider, "service.name": "shop" });
        let [one, other] = [(); 2].map(|()| document(span.clone(), resource.clone()).entity);
        assert_eq!(one.id, other.id, "no id is drawn");
        let [call] = &one.subsegments[..] else { panic!("one call") };
        assert_eq!((one.name.as_str(), call.name.as_str()), ("cart", "billing"));
        assert_eq!(call.id.to_string(), "eee19b7ec3c1b174");
        assert_ne!(one.id, call.id);
        assert_eq!(one.parent_id.map(|id| id.to_string()).as_deref(), Some(PARENT));
        assert_eq!((&call.namespace, call.parent_id), (&Some(Namespace::Remote), None));
        assert!(one.http.is_none() && call.http.is_some() && one.flags.fault);
        let shown = shown(span, resource);
        assert_eq!(shown["id"], one.id.to_string());
        assert_eq!(shown["subsegments"][0]["id"], "eee19b7ec3c1b174");
        assert_eq!(shown["subsegments"][0]["http"]["response"]["status"], 503);
    }
}

#[test]
fn origins() {
    let check = |resource: Value, expected: Option<&str>| {
        let found = document(json!({ "kind": 2 }), resource.clone()).entity.origin;
        assert_eq!(found.as_deref(), expected, "{resource}");
    };
    let on = |platform: &str| json!({ "cloud.platform": platform });
    check(on("aws_ec2"), Some("AWS::EC2::Instance"));
    check(on("aws.ec2"), Some("AWS::EC2::Instance"));
    check(on("aws_ecs"), Some("AWS::ECS::Container"));
    check(json!({ "cloud.platform": "aws_ecs", "aws.ecs.launchtype": "ec2" }), Some("AWS::ECS::EC2"));
    check(json!({ "cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate" }), Some("AWS::ECS::Fargate"));
    check(on("aws_eks"), Some("AWS::EKS::Container"));
    check(on("aws_elastic_beanstalk"), Some("AWS::ElasticBeanstalk::Environment"));
    check(on("aws_app_runner"), Some("AWS::AppRunner::Service"));
    check(on("aws_lambda"), Some("AWS::Lambda::Function"));
    check(on("gcp_cloud_run"), None);
    check(json!({ "cloud.provider": "gcp", "cloud.platform": "aws_ec2" }), None);
    check(json!({}), None);
}

#[test]
fn where_a_segment_ran() {
    let aws = |resource: Value| shown(json!({ "kind": 2 }), resource)["aws"].clone();
    assert_eq!(
        aws(json!({
            "cloud.provider": "aws", "cloud.platform": "aws_ec2", "cloud.account.id": "1", "host.id": "i-1",
            "cloud.availability_zone": "z", "host.type": "t", "host.image.id": "ami",
        })),
        json!({ "account_id": "1", "ec2": {
            "instance_id": "i-1", "availability_zone": "z", "instance_size": "t", "ami_id": "ami",
        } })
    );
    // A laptop's machine id is no instance of EC2.
    assert_eq!(aws(json!({ "host.id": "laptop" })), Value::Null);
    assert_eq!(
        aws(json!({ "cloud.platform": "aws_ecs", "container.name": "c", "aws.ecs.task.arn": "t" })),
        json!({ "ecs": { "container": "c", "task_arn": "t" } })
    );
    assert_eq!(
        aws(json!({ "k8s.cluster.name": "c", "k8s.pod.name": "p" })),
        json!({ "eks": { "cluster_name": "c", "pod": "p" } })
    );
    assert_eq!(
        aws(json!({ "aws.log.group.arns": "arn:aws:logs:r:1:log-group:g&arn:aws:logs:r:1:log-group:h" })),
        json!({ "cloudwatch_logs": [
            { "log_group": "g", "arn": "arn:aws:logs:r:1:log-group:g" },
            { "log_group": "h", "arn": "arn:aws:logs:r:1:log-group:h" },
        ] })
    );
    assert_eq!(
        aws(json!({
            "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "java",
            "telemetry.sdk.version": "1", "telemetry.distro.version": "2",
        })),
        json!({ "xray": { "sdk": "opentelemetry for java", "sdk_version": "1", "auto_instrumentation": true } })
    );
    let version = |resource: Value| document(json!({ "kind": 2 }), resource).entity.service_version;
    assert_eq!(version(json!({ "service.version": "7" })).as_deref(), Some("7"));
    assert_eq!(version(json!({ "container.image.tags": ["8"] })).as_deref(), Some("8"));
}
