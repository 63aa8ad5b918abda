//! The condition that says a property of a trace: that it has a value, and that it has none.

use model::digest::RootCause;
use model::property::{CauseKind, Property, Value};
use serde_json::json;

use super::{AnnotationName, Quoted};

/// Selects the traces that have the value; `None` where the value alone does not tell them. That of a root cause also
/// selects causes that hold the same path among more.
pub fn has(property: &Property, value: Value<'_>) -> Option<String> {
    match (property, value) {
        (Property::Cause(kind), Value::Cause(cause)) => Some(has_cause(*kind, cause)),
        (Property::Number(number), Value::Between(from, to)) => {
            let (name, to) = (number.name(), to.map(|to| format!(" AND {} < {to}", number.name())));
            Some(format!("{name} >= {from}{}", to.unwrap_or_default()))
        }
        (_, Value::Text(text)) => has_literal(property, &Quoted(text).to_string()),
        _ => has_literal(property, &value.to_string()),
    }
}

/// As [`has`], of a value as filters write it.
pub(crate) fn has_literal(property: &Property, literal: &str) -> Option<String> {
    Some(match property {
        Property::Annotation(key) => format!("{} = {literal}", AnnotationName(key)),
        Property::Version(service) => format!("service({}) {{ version = {literal} }}", Quoted(service)),
        Property::EntryPoint => format!("service({literal}) {{ root }}"),
        Property::Service => format!("service({literal})"),
        Property::Text(text) => format!("{} = {literal}", text.name()),
        Property::Number(number) => format!("{} = {literal}", number.name()),
        Property::Exception => format!(
            "(rootcause.fault.exception {{ name = {literal} }} OR rootcause.error.exception {{ name = {literal} }})"
        ),
        Property::Endpoint | Property::Cause(_) => return None,
    })
}

/// Selects the traces without the property.
pub fn lacks(property: &Property) -> String {
    match property {
        // A bare annotation that is false counts as absent, so that is said as well.
        Property::Annotation(key) => {
            let name = AnnotationName(key);
            format!("!{name} AND {name} != false")
        }
        Property::Version(service) => format!("!service({}) {{ version }}", Quoted(service)),
        Property::Endpoint => "!http.url".to_owned(),
        Property::EntryPoint => "!service() { root }".to_owned(),
        Property::Service => "!service()".to_owned(),
        Property::Text(text) => format!("!{}", text.name()),
        Property::Number(number) => format!("!{}", number.name()),
        // An index is always there, so this is any exception, and below any cause.
        Property::Exception => "!rootcause.fault.exception { index >= 0 } AND \
             !rootcause.error.exception { index >= 0 }"
            .to_owned(),
        Property::Cause(kind) => format!("!rootcause.{}.service {{ index >= 0 }}", kind.name()),
    }
}

/// Naming `Exceptions` leaves out causes of response times, which have none; `rootcause.<kind>` leaves out
/// traces that only have such causes of another kind.
fn has_cause(kind: CauseKind, cause: &RootCause) -> String {
    let services: Vec<_> = cause
        .services
        .iter()
        .map(|service| {
            let entities: Vec<_> = service
                .entities
                .iter()
                .map(|entity| {
                    let exceptions: Vec<_> =
                        entity.exceptions.iter().map(|exception| json!({ "Name": exception.name })).collect();
                    match kind {
                        CauseKind::ResponseTime => json!({ "Name": entity.name }),
                        _ => json!({ "Name": entity.name, "Exceptions": exceptions }),
                    }
                })
                .collect();
            json!({ "Name": service.key.name, "Type": service.key.kind, "EntityPath": entities })
        })
        .collect();
    let template = json!({ "Services": services });
    format!("rootcause.{}.service {{ index >= 0 }} AND rootcause.json = #[{template}]", kind.name())
}
