//! What the fields of a span say, by the names that OpenTelemetry and this crate have for them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Debug;

use tracing_core::field::{Field, Visit};

use crate::cause::{self, Exception};
use crate::context::Kind;
use crate::entity::Entity;
use crate::record::{HttpRequest, HttpResponse, Namespace, Sql};
use crate::value::{AnnotationValue, cut_bytes};

const MAX_TEXT_BYTES: usize = 4 << 10;

#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) name: Option<String>,
    /// The name of the segment that it is to be.
    pub(super) segment: Option<String>,
    pub(super) header: Option<String>,
    pub(super) is_server: bool,
    is_remote: bool,
    is_fault: bool,
    user: Option<String>,
    message: Option<String>,
    request: HttpRequest,
    status: Option<u16>,
    sql: Sql,
    errors: Vec<Exception>,
    annotations: Vec<(&'static str, AnnotationValue)>,
    metadata: Vec<(Cow<'static, str>, &'static str, serde_json::Value)>,
}

impl Fields {
    pub(super) fn apply(self, entity: &Entity) {
        if !entity.is_sampled() {
            return;
        }
        if self.is_remote {
            entity.namespace(Namespace::Remote);
        }
        if self.is_fault {
            entity.fault();
        }
        if let Some(user) = self.user {
            entity.user(user);
        }
        if !self.request.url.is_empty() || !self.request.method.is_empty() {
            entity.http_request(self.request);
        }
        if let Some(status) = self.status {
            entity.http_response(HttpResponse { status, content_length: None });
        }
        if self.sql != Sql::default() {
            entity.sql(self.sql);
        }
        for (key, value) in self.annotations {
            entity.annotate(key.replace('.', "_"), value);
        }
        for (namespace, key, value) in self.metadata {
            entity.metadata_in(namespace, key, &value);
        }
        add(entity, self.errors);
    }

    /// Of an event: the error that it has, or its message if it is one itself.
    pub(super) fn apply_error(mut self, entity: &Entity, is_error: bool) {
        if self.errors.is_empty() && is_error {
            let message = self.message.take().unwrap_or_default();
            self.errors.push(Exception::new("error", &message));
        }
        add(entity, self.errors);
    }

    fn text(&mut self, field: &Field, value: &str) {
        let own = || Some(cut_bytes(value, MAX_TEXT_BYTES).to_owned());
        match field.name() {
            "otel.name" => self.name = own(),
            "xray.segment" => self.segment = own(),
            "xray.header" => self.header = own(),
            "otel.kind" => {
                self.is_server |= value.eq_ignore_ascii_case("server");
                self.is_remote |= value.eq_ignore_ascii_case("client");
            }
            "otel.status_code" => self.is_fault |= value.eq_ignore_ascii_case("error"),
            "user" | "user.id" | "enduser.id" => self.user = own(),
            "message" => self.message = own(),
            "http.method" | "http.request.method" => self.request.method = own().unwrap_or_default(),
            "http.url" | "url.full" => {
                self.is_remote |= !self.is_server;
                // Query and user may hold secrets.
                let url = value.split(['?', '#']).next().unwrap_or_default();
                let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
                let end = rest.find('/').unwrap_or(rest.len());
                let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
                self.request.url = format!("{scheme}://{host}{}", &rest[end..]);
            }
            "db.system" | "db.system.name" => {
                self.is_remote = true;
                self.sql.database_type = own().map(Cow::Owned);
            }
            "db.statement" | "db.query.text" => self.sql.sanitized_query = Some(crate::sql::sanitized(value)),
            "peer.service" | "rpc.service" | "server.address" | "net.peer.name" => {
                self.is_remote = true;
                self.other(field, value.into());
            }
            "error" | "err" => self.errors.push(Exception::new("error", value)),
            name => match name.strip_prefix("annotation.") {
                Some(key) => self.annotations.push((key, value.into())),
                None => self.other(field, cut_bytes(value, MAX_TEXT_BYTES).into()),
            },
        }
    }

    fn number(&mut self, field: &Field, annotation: AnnotationValue, value: serde_json::Value) {
        match field.name() {
            "http.status_code" | "http.response.status_code" => {
                self.status = value.as_u64().and_then(|status| u16::try_from(status).ok());
            }
            name => match name.strip_prefix("annotation.") {
                Some(key) => self.annotations.push((key, annotation)),
                None => self.other(field, value),
            },
        }
    }

    /// `metadata.<namespace>.<key>`, or in the usual namespace by its name.
    fn other(&mut self, field: &Field, value: serde_json::Value) {
        let named = field.name().strip_prefix("metadata.").and_then(|name| name.split_once('.'));
        let (namespace, key) = named.unwrap_or(("default", field.name()));
        self.metadata.push((Cow::Borrowed(namespace), key, value));
    }
}

fn add(entity: &Entity, errors: Vec<Exception>) {
    if let Kind::Sampled(cell) = &entity.0
        && !errors.is_empty()
    {
        cell.add_cause(errors, true);
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, &format!("{value:?}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "error" => self.is_fault |= value,
            _ => self.number(field, value.into(), value.into()),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value.into(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value.into(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, value.into(), value.into());
    }

    #[track_caller]
    fn record_error(&mut self, _: &Field, value: &(dyn Error + 'static)) {
        self.errors.extend(cause::dynamic_chain(value, std::panic::Location::caller()));
    }
}
