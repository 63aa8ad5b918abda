//! The objects inside an entity: request and response, resource, query, cause, annotations, links.

use std::fmt;

use model::segment::{Annotation, AnnotationValue, Aws, Cause, Exception, Http, Link, Sql};
use model::{EntityId, TraceId};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::lenient::{
    Object, Scalar, boolean, id, members, object, objects, scalar, skip, skip_elements, text,
};
use crate::member;

#[derive(Default)]
pub(super) struct HttpDraft {
    pub(super) http: Http,
    pub(super) traced: bool,
}

impl HttpDraft {
    pub(super) fn boxed(self) -> Option<Box<Http>> {
        (self.http != Http::default()).then(|| Box::new(self.http))
    }
}

impl<'de> Object<'de> for HttpDraft {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            member::REQUEST => {
                let Request { request, traced } = object(members)?.unwrap_or_default();
                self.http = Http { status: self.http.status, ..request };
                self.traced = traced;
            }
            member::RESPONSE => {
                self.http.status = object::<_, Response>(members)?.and_then(|response| response.status);
            }
            _ => skip(members)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Request {
    /// Its status is never set.
    request: Http,
    traced: bool,
}

impl<'de> Object<'de> for Request {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            member::METHOD => self.request.method = text(members)?,
            member::URL => self.request.url = text(members)?,
            "user_agent" => self.request.user_agent = text(members)?,
            "client_ip" => self.request.client_ip = text(members)?,
            "traced" => self.traced = boolean(members)?.unwrap_or(false),
            _ => skip(members)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Response {
    status: Option<i64>,
}

impl<'de> Object<'de> for Response {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            member::STATUS => {
                self.status = match scalar(members)? {
                    // `as` saturates.
                    Scalar::Number(status) => Some(status as i64),
                    _ => None,
                }
            }
            _ => skip(members)?,
        }
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Service {
    pub(super) version: Option<String>,
}

impl<'de> Object<'de> for Service {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "version" => self.version = text(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl<'de> Object<'de> for Aws {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "account_id" => self.account_id = text(members)?,
            "region" => self.region = text(members)?,
            "operation" => self.operation = text(members)?,
            "request_id" => self.request_id = text(members)?,
            "table_name" => self.table_name = text(members)?,
            "bucket_name" => self.bucket_name = text(members)?,
            "queue_url" => self.queue_url = text(members)?,
            "topic_arn" => self.topic_arn = text(members)?,
            "function_name" => self.function_name = text(members)?,
            "ec2" => {
                let host: Host = object(members)?.unwrap_or_default();
                self.instance_id = host.instance_id;
                self.availability_zone = host.availability_zone.or(self.availability_zone.take());
            }
            "ecs" => {
                let host: Host = object(members)?.unwrap_or_default();
                self.availability_zone = self.availability_zone.take().or(host.availability_zone);
            }
            "xray" => self.sampling_rule = object::<_, Recorder>(members)?.and_then(|it| it.sampling_rule),
            _ => skip(members)?,
        }
        Ok(())
    }
}

/// `aws.ec2` or `aws.ecs`.
#[derive(Default)]
struct Host {
    instance_id: Option<String>,
    availability_zone: Option<String>,
}

impl<'de> Object<'de> for Host {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "instance_id" => self.instance_id = text(members)?,
            "availability_zone" => self.availability_zone = text(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

/// `aws.xray`.
#[derive(Default)]
struct Recorder {
    sampling_rule: Option<String>,
}

impl<'de> Object<'de> for Recorder {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "sampling_rule_name" | "rule_name" => self.sampling_rule = text(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct SqlDraft {
    sql: Sql,
    /// Something of X-Ray's was said of the query, so this is a call of a database.
    is_query: bool,
}

impl SqlDraft {
    pub(super) fn boxed(self) -> Option<Box<Sql>> {
        self.is_query.then(|| Box::new(self.sql))
    }
}

impl<'de> Object<'de> for SqlDraft {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        let known = match key {
            "connection_string" | "url" | "sanitized_query" | "database_type" | "database_version"
            | "driver_version" | "user" | "preparation" => text(members)?,
            _ => return skip(members),
        };
        self.is_query |= known.is_some();
        match key {
            "url" => self.sql.url = known,
            "database_type" => self.sql.database_type = known,
            _ => {}
        }
        Ok(())
    }
}

/// `None` where the cause says nothing that can be followed.
pub(super) struct CauseDraft(pub(super) Option<Cause>);

impl<'de> Deserialize<'de> for CauseDraft {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CauseVisitor)
    }
}

struct CauseVisitor;

impl<'de> Visitor<'de> for CauseVisitor {
    type Value = CauseDraft;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(CauseDraft(None))
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Self::Value, E> {
        Ok(CauseDraft(None))
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Self::Value, E> {
        Ok(CauseDraft(None))
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Self::Value, E> {
        Ok(CauseDraft(None))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Self::Value, E> {
        Ok(CauseDraft(None))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        let reference = value.parse().ok();
        Ok(CauseDraft(reference.map(|id| Cause { reference: Some(id), exceptions: Vec::new() })))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        skip_elements(elements)?;
        Ok(CauseDraft(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let cause: Cause = members(map)?;
        Ok(CauseDraft(Some(cause).filter(|cause| *cause != Cause::default())))
    }
}

impl<'de> Object<'de> for Cause {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            // Only the Node SDK writes it: the id of the subsegment that has the exception.
            "id" => self.reference = id(members)?,
            "exceptions" => self.exceptions = objects(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl<'de> Object<'de> for Exception {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "id" => self.id = id(members)?,
            "type" => self.name = text(members)?,
            "message" => self.message = text(members)?,
            "remote" => self.remote = boolean(members)?.unwrap_or(false),
            "cause" => self.cause = id(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct Annotations(pub(super) Vec<Annotation>);

impl<'de> Object<'de> for Annotations {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        let value = match scalar(members)? {
            Scalar::Text(text) => AnnotationValue::String(text.into_owned()),
            Scalar::Number(number) => AnnotationValue::Number(number),
            Scalar::Boolean(boolean) => AnnotationValue::Boolean(boolean),
            Scalar::Absent | Scalar::Compound => return Ok(()),
        };
        self.0.push(Annotation { key: key.to_owned(), value });
        Ok(())
    }
}

#[derive(Default)]
pub(super) struct LinkDraft {
    trace_id: Option<TraceId>,
    id: Option<EntityId>,
}

impl<'de> Object<'de> for LinkDraft {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "trace_id" => self.trace_id = id(members)?,
            "id" => self.id = id(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

/// Those that name a trace.
pub(super) fn links(drafts: Vec<LinkDraft>) -> Vec<Link> {
    drafts.into_iter().filter_map(|link| Some(Link { trace_id: link.trace_id?, id: link.id })).collect()
}
