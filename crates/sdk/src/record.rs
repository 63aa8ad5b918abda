//! What is recorded of one segment or subsegment, until it is written.

use std::borrow::Cow;
use std::time::Instant;

use model::{EntityId, TraceId};

use crate::cause::Exception;
use crate::stats::Counters;
use crate::value::AnnotationValue;

/// What one entity's attributes may take. A document has 64 KB, so most of more could never be sent.
pub(crate) const MAX_ATTRIBUTE_BYTES: usize = 256 << 10;

/// Beyond 50 a trace X-Ray indexes no more of them.
const MAX_ANNOTATIONS: usize = 500;

/// More messages than that are no batch whose traces somebody would look at one by one.
const MAX_LINKS: usize = 256;

/// Where a subsegment's call goes.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// use fluoro_sdk::{Namespace, subsegment};
///
/// recorder.segment("orders").run(|| subsegment("cache.internal").namespace(Namespace::Remote).run(|| ()));
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Namespace {
    /// A service of AWS.
    Aws,
    /// Any other program: it gets a node of its own on the map.
    Remote,
}

/// An entity that has ended.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) id: EntityId,
    pub(crate) parent: Option<EntityId>,
    pub(crate) name: Cow<'static, str>,
    pub(crate) start: Instant,
    /// `None` while it is in progress.
    pub(crate) end: Option<Instant>,
    pub(crate) state: State,
}

/// What can change until the end.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) namespace: Option<Namespace>,
    pub(crate) fault: bool,
    pub(crate) error: bool,
    pub(crate) throttle: bool,
    /// At most [`MAX_ATTRIBUTE_BYTES`]. Narrow, as a record is moved around with each end.
    pub(crate) annotation_bytes: u32,
    /// A bit for each kind of key that there is: most new keys are seen at once to be new.
    pub(crate) kinds_of_keys: u32,
    /// Not in `extra`, which is large: many entities have these and nothing else.
    pub(crate) annotations: Vec<(Cow<'static, str>, AnnotationValue)>,
    /// Made with the first other attribute, so that a plain subsegment needs no memory of its own.
    pub(crate) extra: Option<Box<Extra>>,
}

/// The rarer members.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    pub(crate) request: Option<HttpRequest>,
    pub(crate) response: Option<HttpResponse>,
    pub(crate) sql: Option<Sql>,
    pub(crate) user: Option<String>,
    pub(crate) metadata: Vec<Metadata>,
    /// Members of the `aws` block: key and JSON.
    pub(crate) aws: Vec<(Cow<'static, str>, Vec<u8>)>,
    /// Ends of other traces that this goes on with, too.
    pub(crate) links: Vec<(TraceId, Option<EntityId>)>,
    pub(crate) exceptions: Vec<Exception>,
    /// The exception of a descendant, which this entity merely passed on.
    pub(crate) passed_on: Option<EntityId>,
    pub(crate) bytes: usize,
}

/// A value under its namespace and key, as JSON.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) namespace: Cow<'static, str>,
    pub(crate) key: Cow<'static, str>,
    pub(crate) json: Vec<u8>,
}

/// The `http.request` block.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// use fluoro_sdk::{HttpRequest, HttpResponse, Namespace, subsegment};
///
/// recorder.segment("orders").run(|| {
///     let call = subsegment("api.example.com").namespace(Namespace::Remote).enter();
///     let url = "https://api.example.com/orders".to_owned();
///     call.http_request(HttpRequest { method: "GET".into(), url, ..HttpRequest::default() });
///     call.http_response(HttpResponse { status: 200, content_length: Some(512) });
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// Such as `GET`.
    pub method: String,
    /// Without query and user information, which may hold secrets.
    pub url: String,
    /// The `User-Agent` of the caller.
    pub user_agent: Option<String>,
    /// The address of the caller.
    pub client_ip: Option<String>,
    /// Whether `client_ip` is what the caller's `X-Forwarded-For` claims.
    pub x_forwarded_for: bool,
}

/// The `http.response` block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// 4xx counts as an error, 429 as throttling too, 5xx as a fault.
    pub status: u16,
    /// Of the body, in bytes.
    pub content_length: Option<u64>,
}

/// The `sql` block.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// // sql::Database does this for any driver.
/// use fluoro_sdk::{Namespace, Sql, subsegment};
///
/// recorder.segment("orders").run(|| {
///     let query = subsegment("orders@db.internal").namespace(Namespace::Remote).enter();
///     query.sql(Sql { database_type: Some("PostgreSQL".into()), ..Sql::default() });
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sql {
    /// Made of host, port and database; never a connection string, which has a password.
    pub url: Option<String>,
    /// The database's user.
    pub user: Option<String>,
    /// Such as `PostgreSQL`.
    pub database_type: Option<Cow<'static, str>>,
    /// As the server says.
    pub database_version: Option<String>,
    /// Such as `sqlx 0.9`.
    pub driver_version: Option<Cow<'static, str>>,
    /// With [`sanitized`](crate::sql::sanitized) text alone.
    pub sanitized_query: Option<String>,
}

/// One bit, by the length and both ends.
#[inline]
fn kind_of_key(key: &str) -> u32 {
    let end = |byte: Option<&u8>| byte.copied().unwrap_or_default();
    let (first, last) = (end(key.as_bytes().first()), end(key.as_bytes().last()));
    // Keys of one letter differ as well.
    1 << (first.wrapping_mul(5).wrapping_add(last).wrapping_add((key.len() as u8) << 3) & 31)
}

impl State {
    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    pub(crate) fn bytes(&self) -> usize {
        let extra = self.extra.as_ref().map_or(0, |extra| size_of::<Extra>() + extra.bytes);
        size_of::<Record>() + self.annotation_bytes as usize + extra
    }

    /// Adds an annotation, or replaces the one of the same key; `false` if there is no room.
    #[inline]
    pub(crate) fn annotate(&mut self, key: Cow<'static, str>, value: AnnotationValue) -> bool {
        let kind = kind_of_key(&key);
        if self.kinds_of_keys & kind != 0
            && let Some((_, known)) = self.annotations.iter_mut().find(|(known, _)| *known == key)
        {
            *known = value;
            return true;
        }
        // Each has a vector's cell beside its text.
        let bytes = key.len() + value.bytes() + 64;
        let bytes = self.annotation_bytes as usize + bytes;
        let has_room = self.annotations.len() < MAX_ANNOTATIONS && bytes <= MAX_ATTRIBUTE_BYTES;
        if has_room {
            self.annotation_bytes = bytes as u32;
            self.kinds_of_keys |= kind;
            if self.annotations.capacity() == 0 {
                // Whoever has one has some.
                self.annotations.reserve_exact(8);
            }
            self.annotations.push((key, value));
        }
        has_room
    }

    /// Adds exceptions, or refers to the one of a descendant that they are.
    pub(crate) fn add_cause(
        &mut self,
        known: Option<EntityId>,
        exceptions: Vec<Exception>,
        is_fault: bool,
        counters: &Counters,
    ) {
        self.fault |= is_fault;
        let extra = self.extra();
        if let Some(known) = known {
            extra.passed_on = Some(known);
        } else if extra.take_room(exceptions.iter().map(Exception::bytes).sum()) {
            extra.exceptions.extend(exceptions);
        } else {
            counters.attributes.one();
        }
    }

    /// What a status of HTTP says.
    pub(crate) fn flag_status(&mut self, status: u16) {
        match status {
            429 => (self.error, self.throttle) = (true, true),
            400..=499 => self.error = true,
            500..=599 => self.fault = true,
            _ => {}
        }
    }
}

impl Extra {
    /// Adds a link, unless it is there; `false` if there is no room.
    pub(crate) fn link(&mut self, trace: TraceId, entity: Option<EntityId>) -> bool {
        let link = (trace, entity);
        if self.links.contains(&link) {
            return true;
        }
        let has_room = self.links.len() < MAX_LINKS && self.take_room(size_of_val(&link));
        if has_room {
            self.links.push(link);
        }
        has_room
    }

    /// Whether there is room for so many bytes more; takes them.
    pub(crate) fn take_room(&mut self, bytes: usize) -> bool {
        // Each has a vector's cells beside its text.
        let bytes = bytes + 64;
        let has_room = self.bytes + bytes <= MAX_ATTRIBUTE_BYTES;
        self.bytes += if has_room { bytes } else { 0 };
        has_room
    }
}
