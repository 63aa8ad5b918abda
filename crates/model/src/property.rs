//! The properties of a trace: what it is found by, grouped by and told apart by, each named and read in one place.
//!
//! Filters ask for [`Flag`]s, [`Number`]s and [`Text`]s, and stores prune by them. Lists and comparisons tell traces
//! apart by a [`Property`], which is one of these words or something that a filter says in more of them.

mod comparator;
mod endpoint;
mod failure;
mod word;

use std::fmt;

use crate::digest::{RootCause, TraceDigest};
use crate::node::NodeKind;
use crate::segment::AnnotationValue;
pub use comparator::{Comparator, TextMatch};
pub use endpoint::without_query;
pub use failure::Failure;
pub use word::{CauseKind, Flag, Number, Text};

/// What traces are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    Annotation(String),
    /// `service.version` of the service of this name.
    Version(String),
    /// Method and path of the root's request, without query, with ids in the path replaced by `{id}`.
    Endpoint,
    EntryPoint,
    Service,
    Text(Text),
    Number(Number),
    Exception,
    Cause(CauseKind),
}

/// One value of a property. `Display` is how people read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Boolean(bool),
    /// A number from here on, and below the second where there is one.
    Between(f64, Option<f64>),
    /// Read as the services on the way to the cause, and the exception at its end.
    Cause(&'a RootCause),
}

impl Property {
    /// Those that every trace may have, by the names that the console's API has for them.
    pub const FIXED: &'static [(&'static str, Self)] = &[
        ("url", Self::Endpoint),
        ("method", Self::Text(Text::HttpMethod)),
        ("entrypoint", Self::EntryPoint),
        ("service", Self::Service),
        ("user", Self::Text(Text::User)),
        ("zone", Self::Text(Text::AvailabilityZone)),
        ("instance", Self::Text(Text::InstanceId)),
        ("resource", Self::Text(Text::ResourceArn)),
        ("account", Self::Text(Text::AccountId)),
        ("clientip", Self::Text(Text::ClientIp)),
        ("useragent", Self::Text(Text::UserAgent)),
        ("status", Self::Number(Number::HttpStatus)),
        ("selftime", Self::Number(Number::SelfTime)),
        ("exception", Self::Exception),
        ("rootcause", Self::Cause(CauseKind::Fault)),
        ("errorcause", Self::Cause(CauseKind::Error)),
        ("slowcause", Self::Cause(CauseKind::ResponseTime)),
    ];

    /// As it was sent. It is no field of its own where sets are compared, since nearly each trace has another one.
    pub const RAW_URL: (&'static str, Self) = ("rawurl", Self::Text(Text::HttpUrl));

    /// As [`Property::parse`] reads it.
    pub fn name(&self) -> String {
        match self {
            Self::Annotation(key) => format!("annotation.{key}"),
            Self::Version(service) => format!("version.{service}"),
            fixed => {
                let mut all = Self::FIXED.iter().chain([&Self::RAW_URL]);
                let known = all.find(|(_, property)| property == fixed);
                known.map_or("", |(name, _)| name).to_owned()
            }
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::FIXED.iter().chain([&Self::RAW_URL]);
        if let Some((_, property)) = all.find(|(known, _)| *known == name) {
            return Some(property.clone());
        }
        match name.split_once('.').filter(|(_, rest)| !rest.is_empty())? {
            ("annotation", key) => Some(Self::Annotation(key.to_owned())),
            ("version", service) => Some(Self::Version(service.to_owned())),
            _ => None,
        }
    }

    /// Shows every value that the trace has; one may come twice.
    pub fn each(&self, digest: &TraceDigest, mut see: impl FnMut(Value<'_>)) {
        match self {
            Self::Annotation(wanted) => {
                let annotations = digest.annotations.iter().filter(|annotation| annotation.key == *wanted);
                annotations.for_each(|annotation| see(Value::of(&annotation.value)));
            }
            Self::Version(service) => {
                let is_meant = |node: &u32| {
                    digest.nodes.get(*node as usize).is_some_and(|node| node.key.name == *service)
                };
                let versions = digest.versions.iter().filter(|(node, _)| is_meant(node));
                versions.for_each(|(_, version)| see(Value::Text(version)));
            }
            Self::Endpoint => {
                if let Some(endpoint) = digest.endpoint() {
                    see(Value::Text(&endpoint));
                }
            }
            Self::EntryPoint => {
                if let Some(node) = digest.entry_point() {
                    see(Value::Text(&node.key.name));
                }
            }
            Self::Service => {
                let services = digest.nodes.iter().filter(|node| node.kind != NodeKind::Client);
                services.for_each(|node| see(Value::Text(&node.key.name)));
            }
            Self::Text(text) => text.each(digest, |text| see(Value::Text(text))),
            Self::Number(number) => {
                if let Some(value) = number.of(digest) {
                    see(Value::classed(value, number.classes()));
                }
            }
            Self::Exception => {
                let causes = digest.fault_causes.iter().chain(&digest.error_causes);
                let entities = causes.flat_map(|cause| &cause.services).flat_map(|service| &service.entities);
                let names = entities.flat_map(|entity| &entity.exceptions).filter_map(|it| it.name.as_ref());
                names.for_each(|name| see(Value::Text(name)));
            }
            Self::Cause(kind) => kind.of(digest).iter().for_each(|cause| see(Value::Cause(cause))),
        }
    }
}

impl<'a> Value<'a> {
    pub fn of(annotation: &'a AnnotationValue) -> Self {
        match annotation {
            AnnotationValue::String(text) => Self::Text(text),
            AnnotationValue::Number(number) => Self::Number(*number),
            AnnotationValue::Boolean(boolean) => Self::Boolean(*boolean),
        }
    }

    fn classed(number: f64, classes: &[f64]) -> Self {
        let next = classes.partition_point(|&from| from <= number);
        match next.checked_sub(1) {
            Some(class) => Self::Between(classes[class], classes.get(next).copied()),
            None => Self::Number(number),
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
            Self::Between(from, Some(to)) => write!(f, "{from} to {to}"),
            Self::Between(from, None) => write!(f, "{from} and more"),
            Self::Cause(cause) => {
                for (index, service) in cause.services.iter().enumerate() {
                    let arrow = if index > 0 { " → " } else { "" };
                    write!(f, "{arrow}{}", service.key.name)?;
                }
                let entities = cause.services.iter().flat_map(|service| &service.entities);
                let last = entities.flat_map(|entity| &entity.exceptions).last();
                match last.and_then(|exception| exception.name.as_ref()) {
                    Some(name) => write!(f, ": {name}"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_the_class_that_begins_with_it() {
        let classed = |number| Value::classed(number, &[0.0, 0.5, 2.0]);
        assert_eq!(classed(0.0), Value::Between(0.0, Some(0.5)));
        assert_eq!(classed(0.5), Value::Between(0.5, Some(2.0)));
        assert_eq!(classed(9.0), Value::Between(2.0, None));
        assert_eq!(Value::classed(404.0, &[]), Value::Number(404.0));
        assert_eq!(
            (classed(0.7).to_string(), classed(2.0).to_string()),
            ("0.5 to 2".to_owned(), "2 and more".to_owned())
        );
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        let mut all: Vec<Property> = Property::FIXED.iter().map(|(_, property)| property.clone()).collect();
        all.push(Property::Annotation("http.route".to_owned()));
        all.push(Property::Version("shop.eu".to_owned()));
        all.push(Property::RAW_URL.1.clone());
        for property in all {
            assert_eq!(Property::parse(&property.name()), Some(property));
        }
        for name in ["", "annotation.", "version", "size", "url."] {
            assert_eq!(Property::parse(name), None, "{name}");
        }
    }
}
