//! The properties by which traces are compared, and how each is read from a digest and said in a filter.

use std::fmt::Write;

use model::digest::RootCause;
use model::segment::AnnotationValue;
use model::{NodeKind, TraceDigest};

use super::FieldKind;
use crate::filter::{AnnotationName, Quoted};
use crate::many::breakdown;

/// What a trace is told apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Annotation(String),
    /// `service.version` of the service of this name.
    Version(String),
    /// Method and path, without query, with ids in the path replaced by `*`.
    Url,
    Method,
    EntryPoint,
    Service,
    User,
    Zone,
    Instance,
    Resource,
    Account,
    ClientIp,
    UserAgent,
    Status,
    Exception,
    /// Path of services, with the exception at its end.
    RootCause(CauseKind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    Fault,
    Error,
    ResponseTime,
}

/// A field as the digest names it.
#[derive(Debug, Clone, Copy)]
pub(super) enum FieldRef<'a> {
    Annotation(&'a str),
    Version(&'a str),
    Fixed(&'static Field),
}

/// Values of annotations begin with a letter for their type, since those that look alike are not the same.
const TEXT: char = 's';
const LITERAL: char = 'l';

impl Field {
    pub(super) fn kind(&self) -> FieldKind {
        match self {
            Self::Status | Self::Exception | Self::RootCause(_) => FieldKind::Failure,
            _ => FieldKind::Context,
        }
    }

    /// What stands in the tally, as people read it.
    pub(super) fn shown<'a>(&self, value: &'a str) -> &'a str {
        match self {
            Self::Annotation(_) => value.get(1..).unwrap_or_default(),
            _ => value,
        }
    }

    /// Shows the values of a digest with their filters; one may come twice, and one that no filter can say is left out.
    pub(crate) fn each(&self, digest: &TraceDigest, mut see: impl FnMut(String, String)) {
        facts(digest, |field, value, cause| {
            let is_meant = match field {
                FieldRef::Fixed(field) => field == self,
                FieldRef::Annotation(key) => matches!(self, Self::Annotation(wanted) if wanted == key),
                FieldRef::Version(name) => matches!(self, Self::Version(wanted) if wanted == name),
            };
            let filter = match (self, cause) {
                _ if !is_meant => None,
                (Self::RootCause(kind), Some(cause)) => Some(kind.filter(cause)),
                _ => self.filter(value),
            };
            if let Some(filter) = filter {
                see(self.shown(value).to_owned(), filter);
            }
        });
    }

    /// The filter of a value; `None` where the value alone does not tell it.
    pub(super) fn filter(&self, value: &str) -> Option<String> {
        let text = Quoted(value);
        Some(match self {
            Self::Annotation(key) => {
                let (name, rest) = (AnnotationName(key), self.shown(value));
                if value.starts_with(TEXT) {
                    format!("{name} = {}", Quoted(rest))
                } else {
                    format!("{name} = {rest}")
                }
            }
            Self::Version(service) => format!("service({}) {{ version = {text} }}", Quoted(service)),
            Self::Method => format!("http.method = {text}"),
            Self::EntryPoint => format!("service({text}) {{ root }}"),
            Self::Service => format!("service({text})"),
            Self::User => format!("user = {text}"),
            Self::Zone => format!("availabilityzone = {text}"),
            Self::Instance => format!("instance.id = {text}"),
            Self::Resource => format!("resource.arn = {text}"),
            Self::Account => format!("account.id = {text}"),
            Self::ClientIp => format!("http.clientip = {text}"),
            Self::UserAgent => format!("http.useragent = {text}"),
            Self::Status => format!("http.status = {value}"),
            Self::Exception => format!(
                "(rootcause.fault.exception {{ name = {text} }} OR rootcause.error.exception {{ name = {text} }})"
            ),
            Self::Url | Self::RootCause(_) => return None,
        })
    }

    /// The filter for traces without the property.
    pub(crate) fn absent(&self) -> String {
        match self {
            // A bare annotation that is false counts as absent, so that is said as well.
            Self::Annotation(key) => {
                let name = AnnotationName(key);
                format!("!{name} AND {name} != false")
            }
            Self::Version(service) => format!("!service({}) {{ version }}", Quoted(service)),
            Self::Url => "!http.url".to_owned(),
            Self::Method => "!http.method".to_owned(),
            Self::EntryPoint => "!service() { root }".to_owned(),
            Self::Service => "!service()".to_owned(),
            Self::User => "!user".to_owned(),
            Self::Zone => "!availabilityzone".to_owned(),
            Self::Instance => "!instance.id".to_owned(),
            Self::Resource => "!resource.arn".to_owned(),
            Self::Account => "!account.id".to_owned(),
            Self::ClientIp => "!http.clientip".to_owned(),
            Self::UserAgent => "!http.useragent".to_owned(),
            Self::Status => "!http.status".to_owned(),
            Self::Exception => "!rootcause.fault.exception { index >= 0 } AND \
                 !rootcause.error.exception { index >= 0 }"
                .to_owned(),
            Self::RootCause(kind) => format!("!rootcause.{}.service {{ index >= 0 }}", kind.text()),
        }
    }
}

impl CauseKind {
    pub fn text(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Error => "error",
            Self::ResponseTime => "responsetime",
        }
    }

    /// A filter for the path. It also selects causes that hold the same path among more.
    pub(super) fn filter(self, cause: &RootCause) -> String {
        breakdown::cause_filter(self.text(), cause)
    }
}

/// Shows every value of the digest to `see`, with the cause that it is the path of. A value may come twice.
pub(super) fn facts(digest: &TraceDigest, mut see: impl FnMut(FieldRef<'_>, &str, Option<&RootCause>)) {
    let mut scratch = String::new();
    for annotation in &digest.annotations {
        scratch.clear();
        let _ = match &annotation.value {
            AnnotationValue::String(text) => write!(scratch, "{TEXT}{text}"),
            AnnotationValue::Number(number) => write!(scratch, "{LITERAL}{number}"),
            AnnotationValue::Boolean(value) => write!(scratch, "{LITERAL}{value}"),
        };
        see(FieldRef::Annotation(&annotation.key), &scratch, None);
    }
    for (node, version) in &digest.versions {
        if let Some(node) = digest.nodes.get(*node as usize) {
            see(FieldRef::Version(&node.key.name), version, None);
        }
    }
    let mut fixed = |field: &'static Field, values: &mut dyn Iterator<Item = &str>| {
        for value in values {
            see(FieldRef::Fixed(field), value, None);
        }
    };
    let mut services = digest.nodes.iter().filter(|node| node.kind != NodeKind::Client);
    fixed(&Field::Service, &mut services.by_ref().map(|node| &*node.key.name));
    fixed(&Field::Account, &mut digest.nodes.iter().filter_map(|node| node.key.account.as_deref()));
    fixed(&Field::EntryPoint, &mut digest.entry_point().into_iter().map(|node| &*node.key.name));
    fixed(&Field::User, &mut digest.users.iter().map(String::as_str));
    fixed(&Field::Zone, &mut digest.availability_zones.iter().map(String::as_str));
    fixed(&Field::Instance, &mut digest.instance_ids.iter().map(String::as_str));
    fixed(&Field::Resource, &mut digest.resource_arns.iter().map(String::as_str));
    if let Some(root) = &digest.root {
        fixed(&Field::Url, &mut breakdown::url_entry(digest).as_deref().into_iter());
        fixed(&Field::Method, &mut root.http.method.as_deref().into_iter());
        fixed(&Field::ClientIp, &mut root.http.client_ip.as_deref().into_iter());
        fixed(&Field::UserAgent, &mut root.http.user_agent.as_deref().into_iter());
        fixed(&Field::Status, &mut root.http.status.map(|status| status.to_string()).as_deref().into_iter());
    }
    for cause in digest.fault_causes.iter().chain(&digest.error_causes) {
        let entities = cause.services.iter().flat_map(|service| &service.entities);
        let exceptions = entities.flat_map(|entity| &entity.exceptions);
        fixed(&Field::Exception, &mut exceptions.filter_map(|exception| exception.name.as_deref()));
    }
    let causes: [(&'static Field, _); 3] = [
        (&Field::RootCause(CauseKind::Fault), &digest.fault_causes),
        (&Field::RootCause(CauseKind::Error), &digest.error_causes),
        (&Field::RootCause(CauseKind::ResponseTime), &digest.response_time_causes),
    ];
    for (field, causes) in causes {
        for cause in causes {
            see(FieldRef::Fixed(field), &breakdown::cause_path(cause), Some(cause));
        }
    }
}
