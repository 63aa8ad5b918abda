//! TraceSummary in X-Ray's JSON, from the digest of a trace.

use std::collections::BTreeMap;

use model::digest::{Request, RootCause, RootCauseEntity, RootCauseService};
use model::segment::{AnnotationValue, Flags, Http};
use model::{NodeKey, TraceDigest};
use query::filter::Matched;
use serde::Serialize;

use super::time::Seconds;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TraceSummary {
    id: String,
    start_time: Seconds,
    duration: Option<Seconds>,
    response_time: Option<Seconds>,
    has_fault: bool,
    has_error: bool,
    has_throttle: bool,
    is_partial: bool,
    http: HttpShape,
    annotations: BTreeMap<String, Vec<ValueWithServiceIds>>,
    users: Vec<TraceUser>,
    service_ids: Vec<ServiceId>,
    #[serde(rename = "ResourceARNs")]
    resource_arns: Vec<ResourceArn>,
    instance_ids: Vec<InstanceId>,
    availability_zones: Vec<AvailabilityZone>,
    entry_point: Option<ServiceId>,
    fault_root_causes: Vec<RootCauseShape>,
    error_root_causes: Vec<RootCauseShape>,
    response_time_root_causes: Vec<RootCauseShape>,
    revision: u32,
    matched_event_time: Option<Seconds>,
    #[serde(flatten)]
    matched: Option<MatchedShape>,
}

/// What X-Ray sends where the window selects by the end of segments, and its model does not name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MatchedShape {
    matched_service: Option<MatchedService>,
    matched_edge: Option<MatchedEdge>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MatchedService {
    /// Annotations are known of the whole trace alone.
    annotations: Option<()>,
    #[serde(flatten)]
    request: MatchedRequest,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MatchedEdge {
    annotations: Option<()>,
    destination_annotations: Option<()>,
    #[serde(flatten)]
    request: MatchedRequest,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MatchedRequest {
    has_error: bool,
    has_fault: bool,
    has_throttle: bool,
    response_time: Option<Seconds>,
}

#[derive(Debug, Serialize)]
struct HttpShape {
    #[serde(rename = "HttpURL")]
    url: Option<String>,
    #[serde(rename = "HttpStatus")]
    status: Option<i64>,
    #[serde(rename = "HttpMethod")]
    method: Option<String>,
    #[serde(rename = "UserAgent")]
    user_agent: Option<String>,
    #[serde(rename = "ClientIp")]
    client_ip: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ValueWithServiceIds {
    annotation_value: AnnotationValueShape,
    /// X-Ray leaves it null.
    service_ids: Option<Vec<ServiceId>>,
}

/// All three keys are always there, two of them null.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AnnotationValueShape {
    number_value: Option<f64>,
    boolean_value: Option<bool>,
    string_value: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TraceUser {
    user_name: String,
    /// X-Ray leaves it null.
    service_ids: Option<Vec<ServiceId>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceId {
    name: String,
    names: [String; 1],
    account_id: Option<String>,
    r#type: Option<String>,
}

#[derive(Debug, Serialize)]
struct ResourceArn {
    #[serde(rename = "ARN")]
    arn: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceId {
    id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AvailabilityZone {
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RootCauseShape {
    services: Vec<RootCauseServiceShape>,
    client_impacting: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RootCauseServiceShape {
    name: String,
    names: [String; 1],
    r#type: Option<String>,
    account_id: Option<String>,
    entity_path: Vec<RootCauseEntityShape>,
    inferred: bool,
}

/// Response time has a coverage and no exceptions, faults and errors have it the other way round.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum RootCauseEntityShape {
    Slow {
        #[serde(rename = "Name")]
        name: String,
        #[serde(rename = "Coverage")]
        coverage: Option<f64>,
        #[serde(rename = "Remote")]
        remote: bool,
    },
    Failed {
        #[serde(rename = "Name")]
        name: String,
        #[serde(rename = "Exceptions")]
        exceptions: Vec<RootCauseException>,
        #[serde(rename = "Remote")]
        remote: bool,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RootCauseException {
    name: Option<String>,
    message: Option<String>,
}

/// By what a window found the trace.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FoundBy<'a> {
    Start,
    /// The receipt of its newest document.
    Receipt,
    /// The end of its segments; these requests made it match.
    End(Matched<'a>),
}

pub(crate) fn summary(digest: &TraceDigest, found_by: FoundBy<'_>) -> TraceSummary {
    let flags = digest.flags();
    let texts = |texts: &[String]| texts.to_vec();
    TraceSummary {
        id: digest.id.to_string(),
        start_time: Seconds::at(digest.start),
        duration: digest.duration().map(Seconds::rounded),
        response_time: digest.response_time().map(Seconds::rounded),
        has_fault: flags.fault,
        // A 429 sets both flags; X-Ray's summaries show it as a throttle alone.
        has_error: flags.error && !flags.throttle,
        has_throttle: digest.has_throttle,
        is_partial: digest.is_partial,
        http: digest.root.as_ref().map(|root| root.http.clone()).unwrap_or_default().into(),
        annotations: annotations(digest),
        users: texts(&digest.users)
            .into_iter()
            .map(|user_name| TraceUser { user_name, service_ids: None })
            .collect(),
        service_ids: digest.nodes.iter().map(|node| service_id(&node.key)).collect(),
        resource_arns: texts(&digest.resource_arns).into_iter().map(|arn| ResourceArn { arn }).collect(),
        instance_ids: texts(&digest.instance_ids).into_iter().map(|id| InstanceId { id }).collect(),
        availability_zones: texts(&digest.availability_zones)
            .into_iter()
            .map(|name| AvailabilityZone { name })
            .collect(),
        entry_point: digest.entry_point().map(|node| service_id(&node.key)),
        fault_root_causes: digest.fault_causes.iter().map(|cause| root_cause(cause, failed)).collect(),
        error_root_causes: digest.error_causes.iter().map(|cause| root_cause(cause, failed)).collect(),
        response_time_root_causes: digest
            .response_time_causes
            .iter()
            .map(|cause| root_cause(cause, slow))
            .collect(),
        revision: digest.revision,
        matched_event_time: matches!(found_by, FoundBy::Receipt).then(|| Seconds::at(digest.last_received)),
        matched: match found_by {
            FoundBy::End(matched) => Some(matched.into()),
            FoundBy::Start | FoundBy::Receipt => None,
        },
    }
}

impl From<Matched<'_>> for MatchedShape {
    fn from(matched: Matched<'_>) -> Self {
        Self {
            matched_service: matched
                .service
                .map(|request| MatchedService { annotations: None, request: request.into() }),
            matched_edge: matched.edge.map(|request| MatchedEdge {
                annotations: None,
                destination_annotations: None,
                request: request.into(),
            }),
        }
    }
}

impl From<&Request> for MatchedRequest {
    fn from(request: &Request) -> Self {
        let Flags { error, throttle, fault } = request.flags;
        Self {
            // As of the trace: a 429 is a throttle alone.
            has_error: error && !throttle,
            has_fault: fault,
            has_throttle: throttle,
            response_time: request.response_time.map(Seconds::rounded),
        }
    }
}

/// X-Ray indexes so many annotations of a trace, and what reads its answers may count on that; filters see all.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-annotations>
const MAX_ANNOTATIONS: usize = 50;

/// The first that were received, each once.
fn annotations(digest: &TraceDigest) -> BTreeMap<String, Vec<ValueWithServiceIds>> {
    let mut by_key: BTreeMap<String, Vec<ValueWithServiceIds>> = BTreeMap::new();
    let mut shown = 0;
    for annotation in &digest.annotations {
        if shown == MAX_ANNOTATIONS {
            break;
        }
        let empty = AnnotationValueShape::default();
        let annotation_value = match annotation.value.clone() {
            AnnotationValue::Number(value) => AnnotationValueShape { number_value: Some(value), ..empty },
            AnnotationValue::Boolean(value) => AnnotationValueShape { boolean_value: Some(value), ..empty },
            AnnotationValue::String(value) => AnnotationValueShape { string_value: Some(value), ..empty },
        };
        let values = by_key.entry(annotation.key.clone()).or_default();
        // Several nodes may have the same one.
        if values.iter().all(|value| value.annotation_value != annotation_value) {
            values.push(ValueWithServiceIds { annotation_value, service_ids: None });
            shown += 1;
        }
    }
    by_key
}

pub(crate) fn service_id(key: &NodeKey) -> ServiceId {
    ServiceId {
        name: key.name.clone(),
        names: [key.name.clone()],
        account_id: key.account.clone(),
        r#type: key.kind.clone(),
    }
}

fn root_cause(cause: &RootCause, entity: fn(&RootCauseEntity) -> RootCauseEntityShape) -> RootCauseShape {
    let services = cause.services.iter().map(|service| root_cause_service(service, entity));
    RootCauseShape { services: services.collect(), client_impacting: cause.client_impacting }
}

fn root_cause_service(
    service: &RootCauseService,
    entity: fn(&RootCauseEntity) -> RootCauseEntityShape,
) -> RootCauseServiceShape {
    RootCauseServiceShape {
        name: service.key.name.clone(),
        names: [service.key.name.clone()],
        r#type: service.key.kind.clone(),
        account_id: service.key.account.clone(),
        entity_path: service.entities.iter().map(entity).collect(),
        inferred: service.inferred,
    }
}

fn slow(entity: &RootCauseEntity) -> RootCauseEntityShape {
    RootCauseEntityShape::Slow { name: entity.name.clone(), coverage: entity.coverage, remote: entity.remote }
}

fn failed(entity: &RootCauseEntity) -> RootCauseEntityShape {
    let exceptions = entity.exceptions.iter().map(|exception| RootCauseException {
        name: exception.name.clone(),
        message: exception.message.clone(),
    });
    RootCauseEntityShape::Failed {
        name: entity.name.clone(),
        exceptions: exceptions.collect(),
        remote: entity.remote,
    }
}

impl From<Http> for HttpShape {
    fn from(http: Http) -> Self {
        Self {
            url: http.url,
            status: http.status,
            method: http.method,
            user_agent: http.user_agent,
            client_ip: http.client_ip,
        }
    }
}
