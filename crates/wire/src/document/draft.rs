//! An entity as its members come in, before it is checked.

use model::segment::{Annotation, Aws, Cause, DocumentKind, Flags, Link, Namespace, Sql};
use model::{Entity, TraceId};
use serde::de::MapAccess;

use super::detail::{Annotations, CauseDraft, HttpDraft, Service, SqlDraft};
use super::lenient::{Lenient, Object, Scalar, boolean, object, objects, scalar, skip, text};
use super::subsegments::Subsegments;
use super::validate::{self, Fault, Role};
use crate::member;
use crate::reject::Reject;

/// What is validated waits as it came, because X-Ray's order of checks is not that of the members.
#[derive(Default)]
pub(super) struct Draft<'de> {
    kind: Scalar<'de>,
    id: Scalar<'de>,
    name: Scalar<'de>,
    trace_id: Scalar<'de>,
    parent_id: Scalar<'de>,
    start: Scalar<'de>,
    end: Scalar<'de>,
    in_progress: Scalar<'de>,
    error: Option<bool>,
    throttle: Option<bool>,
    fault: Option<bool>,
    cause: Option<Cause>,
    namespace: Option<Namespace>,
    origin: Option<String>,
    resource_arn: Option<String>,
    user: Option<String>,
    service_version: Option<String>,
    http: HttpDraft,
    aws: Option<Box<Aws>>,
    sql: Option<Box<Sql>>,
    traced: bool,
    annotations: Vec<Annotation>,
    links: Vec<Link>,
    subsegments: Subsegments,
}

/// An entity that passed, and the trace it names.
pub(super) struct Checked {
    pub(super) entity: Entity,
    /// Means nothing on an embedded subsegment, whose own is ignored.
    trace_id: TraceId,
}

/// Checks a whole document.
pub(super) fn finish(Lenient(draft): Lenient<Draft<'_>>) -> Result<(TraceId, DocumentKind, Entity), Reject> {
    let Some(draft) = draft else { return Err(reject(None, None, &Fault::no_object())) };
    let ids = [&draft.id, &draft.trace_id].map(|id| match id {
        Scalar::Text(text) => Some(text.clone().into_owned()),
        _ => None,
    });
    let checked = draft.role().and_then(|role| Ok((role, draft.check(role)?)));
    match checked {
        Ok((role, Checked { entity, trace_id })) => {
            let kind = if role == Role::Segment { DocumentKind::Segment } else { DocumentKind::Subsegment };
            Ok((trace_id, kind, entity))
        }
        Err(fault) => {
            let [id, trace_id] = ids;
            Err(reject(id, trace_id, &fault))
        }
    }
}

fn reject(id: Option<String>, trace_id: Option<String>, fault: &Fault) -> Reject {
    Reject { id, trace_id, code: fault.code, subject: fault.subject, detail: fault.detail() }
}

impl<'de> Object<'de> for Draft<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => self.kind = scalar(members)?,
            member::ID => self.id = scalar(members)?,
            member::NAME => self.name = scalar(members)?,
            member::TRACE_ID => self.trace_id = scalar(members)?,
            member::PARENT_ID => self.parent_id = scalar(members)?,
            member::START_TIME => self.start = scalar(members)?,
            member::END_TIME => self.end = scalar(members)?,
            "in_progress" => self.in_progress = scalar(members)?,
            "error" => self.error = boolean(members)?,
            "throttle" => self.throttle = boolean(members)?,
            "fault" => self.fault = boolean(members)?,
            "cause" => self.cause = members.next_value::<CauseDraft>()?.0,
            member::NAMESPACE => self.namespace = text(members)?.map(namespace),
            member::ORIGIN => self.origin = text(members)?,
            "resource_arn" => self.resource_arn = text(members)?,
            member::USER => self.user = text(members)?,
            "service" => self.service_version = object::<_, Service>(members)?.and_then(|it| it.version),
            member::HTTP => self.http = object(members)?.unwrap_or_default(),
            "aws" => self.aws = object(members)?.filter(|aws| *aws != Aws::default()).map(Box::new),
            "sql" => self.sql = object::<_, SqlDraft>(members)?.and_then(SqlDraft::boxed),
            "traced" => self.traced = boolean(members)?.unwrap_or(false),
            member::ANNOTATIONS => {
                self.annotations = object::<_, Annotations>(members)?.unwrap_or_default().0
            }
            "links" => self.links = super::detail::links(objects(members)?),
            member::SUBSEGMENTS => self.subsegments = members.next_value()?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Draft<'_> {
    fn role(&self) -> Result<Role, Fault> {
        match &self.kind {
            Scalar::Absent => Ok(Role::Segment),
            Scalar::Text(kind) if kind == "subsegment" => Ok(Role::Independent),
            // Not documented, and clear enough.
            Scalar::Text(kind) if kind == "segment" => Ok(Role::Segment),
            _ => Err(Fault::undecidable("the type is not \"subsegment\"".into())),
        }
    }

    /// Checks the entity by itself and then what is embedded in it.
    pub(super) fn check(self, role: Role) -> Result<Checked, Fault> {
        let id = validate::id(&self.id, role)?;
        let name = validate::name(self.name, role)?;
        let trace_id = match role {
            Role::Embedded => TraceId([0; 16]),
            Role::Segment | Role::Independent => validate::trace_id(&self.trace_id, role)?,
        };
        let start = validate::start(&self.start, role)?;
        let end = validate::end(&self.end, &self.in_progress, role)?;
        let parent_id = validate::parent(&self.parent_id, role)?;
        if let Some(fault) = self.subsegments.fault {
            return Err(*fault);
        }
        let flags = match (self.error, self.throttle, self.fault) {
            // The SDKs write flags; where one wrote none, the status says what they would have been.
            (None, None, None) => self.http.http.status.map(Flags::from_status).unwrap_or_default(),
            (error, throttle, fault) => Flags {
                error: error.unwrap_or(false),
                throttle: throttle.unwrap_or(false),
                fault: fault.unwrap_or(false),
            },
        };
        let entity = Entity {
            id,
            parent_id,
            name,
            start,
            end,
            flags,
            cause: self.cause,
            namespace: self.namespace,
            origin: self.origin,
            resource_arn: self.resource_arn,
            user: self.user,
            service_version: self.service_version,
            traced: self.traced || self.http.traced,
            http: self.http.boxed(),
            aws: self.aws,
            sql: self.sql,
            annotations: self.annotations,
            links: self.links,
            subsegments: self.subsegments.entities,
        };
        Ok(Checked { entity, trace_id })
    }
}

fn namespace(text: String) -> Namespace {
    match text.as_str() {
        "aws" => Namespace::Aws,
        "remote" => Namespace::Remote,
        _ => Namespace::Other(text),
    }
}
