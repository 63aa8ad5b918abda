//! Root causes as JSON, for `rootcause.json`: a template matches where every member that it has is equal.

use model::digest::{ExceptionDigest, RootCause, RootCauseEntity, RootCauseService};
use model::property::CauseKind;
use serde_json::{Value, json};

/// Whether any of the causes fits the template.
pub(super) fn matches_any(template: &Value, kind: CauseKind, causes: &[RootCause]) -> bool {
    causes.iter().any(|cause| fits(template, &cause_json(kind, cause)))
}

/// What the template leaves out may be anything. An array fits when its elements fit some of the other's,
/// in the same order; X-Ray documents the order, and leaves open whether all must be named (docs/xray.md 4.4).
fn fits(template: &Value, actual: &Value) -> bool {
    match (template, actual) {
        (Value::Object(wanted), Value::Object(members)) => {
            wanted.iter().all(|(name, wanted)| members.get(name).is_some_and(|member| fits(wanted, member)))
        }
        (Value::Array(wanted), Value::Array(elements)) => {
            let mut rest = elements.iter();
            wanted.iter().all(|wanted| rest.any(|element| fits(wanted, element)))
        }
        (Value::Number(wanted), Value::Number(number)) => wanted.as_f64() == number.as_f64(),
        _ => template == actual,
    }
}

/// The shape that X-Ray gives a cause in a trace summary (docs/xray.md 6.3).
fn cause_json(kind: CauseKind, cause: &RootCause) -> Value {
    let services: Vec<Value> = cause.services.iter().map(|service| service_json(kind, service)).collect();
    json!({ "Services": services, "ClientImpacting": cause.client_impacting })
}

fn service_json(kind: CauseKind, service: &RootCauseService) -> Value {
    let entities: Vec<Value> = service.entities.iter().map(|entity| entity_json(kind, entity)).collect();
    json!({
        "Name": service.key.name,
        "Names": [service.key.name],
        "Type": service.key.kind,
        "AccountId": service.key.account,
        "EntityPath": entities,
        "Inferred": service.inferred,
    })
}

fn entity_json(kind: CauseKind, entity: &RootCauseEntity) -> Value {
    match kind {
        CauseKind::ResponseTime => {
            json!({ "Name": entity.name, "Remote": entity.remote, "Coverage": entity.coverage })
        }
        CauseKind::Fault | CauseKind::Error => {
            let exceptions: Vec<Value> = entity.exceptions.iter().map(exception_json).collect();
            json!({ "Name": entity.name, "Remote": entity.remote, "Exceptions": exceptions })
        }
    }
}

fn exception_json(exception: &ExceptionDigest) -> Value {
    json!({ "Name": exception.name, "Message": exception.message })
}
