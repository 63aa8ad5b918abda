//! Handles on segments and subsegments, and the functions that act on the current one.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::Location;

use model::{EntityId, TraceId};
use serde_core::Serialize;
use wire::TraceHeader;
use wire::header::Sampled;

use crate::cause;
use crate::context::Kind;
use crate::record::{Extra, HttpRequest, HttpResponse, Metadata, Namespace, Sql, State};
use crate::stack::{self, Now, Target};
use crate::value::{self, AnnotationValue};

/// A handle on a segment or subsegment. Cheap to clone, and may go to any thread; it does not keep the entity open.
///
/// Where nothing is recorded every method does nothing, and evaluates nothing that is given as a closure.
///
/// ```
/// let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().build()?;
/// let segment = recorder.segment("orders").sampled(true).enter();
/// fluoro_sdk::annotate("tenant", "acme");
/// segment.metadata("basket", &["book", "pen"]);
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Entity(pub(crate) Kind);

impl Entity {
    /// Whether it is recorded.
    pub fn is_sampled(&self) -> bool {
        matches!(self.0, Kind::Sampled(_))
    }

    /// The trace, also of one that is not recorded.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.0.trace_id()
    }

    /// Its own id; what is not recorded has none.
    pub fn id(&self) -> Option<EntityId> {
        if let Kind::Sampled(cell) = &self.0 { Some(cell.id) } else { None }
    }

    /// The header for a call that is made within it.
    pub fn header(&self) -> Option<TraceHeader> {
        self.0.header()
    }

    /// The segment that it is in.
    pub fn segment(&self) -> Self {
        match &self.0 {
            Kind::Sampled(cell) => Self(Kind::Sampled(std::sync::Arc::clone(cell.segment_cell()))),
            other => Self(other.clone()),
        }
    }

    /// Sets what filters can ask for: a string, a number or a boolean. A key is letters, digits and `_`; other
    /// characters are left out. A later value replaces an earlier one.
    pub fn annotate(&self, key: impl Into<Cow<'static, str>>, value: impl Into<AnnotationValue>) {
        if let Kind::Sampled(cell) = &self.0 {
            put_annotation(Target::Cell(cell), key.into(), value.into());
        }
    }

    /// Keeps a value beside the entity, to be read and not searched. It is serialised at once.
    pub fn metadata(&self, key: impl Into<Cow<'static, str>>, value: &(impl Serialize + ?Sized)) {
        self.metadata_in("default", key, value);
    }

    /// The same in a namespace; those that begin with `AWS.` are X-Ray's own and refused.
    pub fn metadata_in(
        &self,
        namespace: impl Into<Cow<'static, str>>,
        key: impl Into<Cow<'static, str>>,
        value: &(impl Serialize + ?Sized),
    ) {
        if let Kind::Sampled(cell) = &self.0 {
            put_metadata(Target::Cell(cell), namespace.into(), key.into(), value);
        }
    }

    /// The same, of what costs something to make: only called if it is recorded.
    pub fn metadata_with<T: Serialize>(&self, key: impl Into<Cow<'static, str>>, make: impl FnOnce() -> T) {
        if self.is_sampled() {
            self.metadata(key, &make());
        }
    }

    /// Who made the request; kept with the segment.
    pub fn user(&self, user: impl Into<String>) {
        if let Kind::Sampled(cell) = &self.0 {
            let user = user.into();
            cell.segment_cell().change(|state| {
                state.extra().user = Some(value::cut(&user, 250).to_owned());
            });
        }
    }

    /// Records an error and what it came from as the cause of a fault.
    #[track_caller]
    pub fn error<E: Error + 'static>(&self, error: &E) {
        if let Kind::Sampled(cell) = &self.0 {
            put_error(Target::Cell(cell), cause::chain(error, Location::caller()));
        }
    }

    /// The same for an error whose type is not known, such as a `Box<dyn Error>`.
    #[track_caller]
    pub fn error_dyn(&self, error: &(dyn Error + 'static)) {
        if let Kind::Sampled(cell) = &self.0 {
            put_error(Target::Cell(cell), cause::dynamic_chain(error, Location::caller()));
        }
    }

    /// Its own doing went wrong.
    pub fn fault(&self) {
        self.change(|state| state.fault = true);
    }

    /// The caller asked for something wrong.
    pub fn client_error(&self) {
        self.change(|state| state.error = true);
    }

    /// The caller asked too often; counts as an error too.
    pub fn throttle(&self) {
        self.change(|state| (state.error, state.throttle) = (true, true));
    }

    /// Sets the request that is served or made.
    pub fn http_request(&self, request: HttpRequest) {
        self.change(|state| {
            let extra = state.extra();
            let agent = request.user_agent.as_ref().map_or(0, String::len);
            if extra.take_room(request.url.len() + agent) {
                extra.request = Some(request);
            }
        });
    }

    /// Sets what was answered, and by its status the flags.
    pub fn http_response(&self, response: HttpResponse) {
        self.change(|state| {
            state.flag_status(response.status);
            state.extra().response = Some(response);
        });
    }

    /// Sets what a database was asked.
    pub fn sql(&self, sql: Sql) {
        self.change(|state| {
            let extra = state.extra();
            if extra.take_room(sql.sanitized_query.as_ref().map_or(0, String::len)) {
                extra.sql = Some(sql);
            }
        });
    }

    /// Sets a member of the `aws` block, such as `operation` or `table_name`.
    pub fn aws(&self, key: impl Into<Cow<'static, str>>, value: &(impl Serialize + ?Sized)) {
        if !self.is_sampled() {
            return;
        }
        let Ok(json) = serde_json::to_vec(value) else { return };
        let key = key.into();
        self.change(|state| {
            let extra = state.extra();
            if extra.take_room(key.len() + json.len()) {
                extra.aws.retain(|(known, _)| *known != key);
                extra.aws.push((key, json));
            }
        });
    }

    /// It goes on with another trace than its own, too: that of one of the messages that it works off, by the header that came
    /// with the message. What is not recorded there is not linked.
    pub fn link(&self, header: &TraceHeader) {
        if let Kind::Sampled(cell) = &self.0 {
            put_link(Target::Cell(cell), header);
        }
    }

    /// Sets where it goes.
    pub fn namespace(&self, namespace: Namespace) {
        self.change(|state| state.namespace = Some(namespace));
    }

    /// Ends it now, instead of with its guard. Only the first end counts.
    pub fn end(&self) {
        if let Kind::Sampled(cell) = &self.0 {
            cell.end();
        }
    }

    pub(crate) fn collects_sql(&self) -> bool {
        matches!(&self.0, Kind::Sampled(cell) if cell.trunk.core.collects_sql)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        if let Kind::Sampled(cell) = &self.0 {
            cell.change(change);
        }
    }

    /// Its future was dropped before it was done.
    pub(crate) fn cancelled(&self) {
        let Kind::Sampled(cell) = &self.0 else { return };
        let mut is_call = false;
        cell.change(|state| is_call = state.namespace.is_some());
        if is_call {
            // In Rust a timeout is a drop.
            let exception = cause::Exception::new("Cancelled", "the call was dropped before it was done");
            cell.add_cause(vec![exception], true);
        } else {
            self.metadata_in("fluoro", "cancelled", &true);
        }
    }

    /// Its guard is dropped by a panic.
    pub(crate) fn panicked(&self) {
        if let Kind::Sampled(cell) = &self.0 {
            cell.add_cause(vec![cause::of_panic()], true);
        }
    }
}

impl Extra {
    fn put_metadata(&mut self, metadata: Metadata) -> bool {
        let is_it = |known: &Metadata| known.key == metadata.key && known.namespace == metadata.namespace;
        if let Some(at) = self.metadata.iter().position(is_it) {
            let known = self.metadata.swap_remove(at);
            self.bytes -= known.json.len();
        }
        let bytes = metadata.namespace.len() + metadata.key.len() + metadata.json.len();
        let has_room = self.take_room(bytes);
        if has_room {
            self.metadata.push(metadata);
        }
        has_room
    }
}

pub(crate) fn put_annotation(target: Target<'_>, key: Cow<'static, str>, value: AnnotationValue) {
    let Some((key, is_changed)) = value::key(key) else {
        target.with(|open| open.counters().attributes.one());
        log::debug!(target: "fluoro_sdk", "dropped an annotation: its key has none of the characters A-Z a-z 0-9 _");
        return;
    };
    if is_changed {
        log::debug!(target: "fluoro_sdk", "annotation is kept as {key:?}: X-Ray takes A-Z a-z 0-9 _ only");
    }
    target.with(|open| open.annotate(key, value));
}

pub(crate) fn put_metadata(
    target: Target<'_>,
    namespace: Cow<'static, str>,
    key: Cow<'static, str>,
    value: &(impl Serialize + ?Sized),
) {
    // The application's code, so before anything is held.
    let json = serde_json::to_vec(value);
    let Some(json) = json.ok().filter(|_| !namespace.starts_with("AWS.")) else {
        target.with(|open| open.counters().attributes.one());
        log::debug!(target: "fluoro_sdk", "dropped metadata {key:?}: no JSON, or in a namespace of X-Ray's own");
        return;
    };
    target.with(|open| open.put(|state| state.extra().put_metadata(Metadata { namespace, key, json })));
}

fn put_link(target: Target<'_>, header: &TraceHeader) {
    if let (Some(root), true) = (header.root, header.sampled != Some(Sampled::No)) {
        target.with(|open| open.put(|state| state.extra().link(root, header.parent)));
    }
}

fn put_error(target: Target<'_>, exceptions: Vec<cause::Exception>) {
    target.with(|open| open.add_cause(exceptions, true));
}

/// The current entity, if there is one, recorded or not.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| {
///     let order = fluoro_sdk::current().expect("there is a segment");
///     // It may go to any thread, and acts on the same entity there.
///     std::thread::spawn(move || order.annotate("paid", true)).join().expect("it does not panic");
/// });
/// assert!(fluoro_sdk::current().is_none());
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn current() -> Option<Entity> {
    stack::with(|kind| (!matches!(kind, Kind::Nothing)).then(|| Entity(kind.clone())))
}

/// The header for a call that is made now.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| {
///     let header = fluoro_sdk::current_header().expect("there is a segment");
///     assert!(header.to_string().ends_with(";Sampled=1")); // the value of X-Amzn-Trace-Id
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn current_header() -> Option<TraceHeader> {
    stack::header()
}

/// The current trace, recorded or not.
pub fn trace_id() -> Option<TraceId> {
    stack::ids().map(|(trace, _)| trace)
}

/// What log lines are found by: `1-…@<entity>`, or nothing outside of what is recorded.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| println!("order 7 is paid AWS-XRAY-TRACE-ID: {}", fluoro_sdk::log_id()));
/// assert!(fluoro_sdk::log_id().is_empty());
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn log_id() -> LogId {
    LogId(stack::ids().and_then(|(trace, entity)| Some((trace, entity?))))
}

/// See [`log_id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogId(Option<(TraceId, EntityId)>);

impl LogId {
    /// Whether there is anything to write.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((trace, entity)) => write!(f, "{trace}@{entity}"),
            None => Ok(()),
        }
    }
}

/// [`Entity::annotate`] on the current one.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| {
///     fluoro_sdk::annotate("tenant", "acme"); // annotation.tenant = "acme"
///     fluoro_sdk::annotate("items", 3);
///     fluoro_sdk::annotate("paid", true);
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[inline]
pub fn annotate(key: impl Into<Cow<'static, str>>, value: impl Into<AnnotationValue>) {
    if stack::now() == Now::Sampled {
        put_annotation(Target::Current, key.into(), value.into());
    }
}

/// [`Entity::metadata`] on the current one.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| {
///     fluoro_sdk::metadata("basket", &["book", "pen"]);
///     fluoro_sdk::metadata_in("shipping", "kilograms", &1.5);
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[inline]
pub fn metadata(key: impl Into<Cow<'static, str>>, value: &(impl Serialize + ?Sized)) {
    metadata_in("default", key, value);
}

/// [`Entity::metadata_in`] on the current one.
#[inline]
pub fn metadata_in(
    namespace: impl Into<Cow<'static, str>>,
    key: impl Into<Cow<'static, str>>,
    value: &(impl Serialize + ?Sized),
) {
    if stack::now() == Now::Sampled {
        put_metadata(Target::Current, namespace.into(), key.into(), value);
    }
}

/// [`Entity::user`] on the current segment.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| fluoro_sdk::user("ada"));
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn user(user: impl Into<String>) {
    if stack::now() == Now::Sampled
        && let Some(entity) = current()
    {
        entity.user(user);
    }
}

/// [`Entity::error`] on the current one.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| {
///     if let Err(error) = "seven".parse::<u32>() {
///         fluoro_sdk::error(&error); // a fault, with what happened and where
///     }
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
#[track_caller]
pub fn error<E: Error + 'static>(error: &E) {
    if stack::now() == Now::Sampled {
        put_error(Target::Current, cause::chain(error, Location::caller()));
    }
}

/// [`Entity::link`] on the current one.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// # let messages = ["Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"];
/// // A batch of SQS: the text of each message's system attribute `AWSTraceHeader`.
/// recorder.segment("orders").run(|| {
///     for message in messages {
///         if let Ok(header) = message.parse() {
///             fluoro_sdk::link(&header);
///         }
///         fluoro_sdk::subsegment("order").run(|| ());
///     }
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn link(header: &TraceHeader) {
    put_link(Target::Current, header);
}

/// [`Entity::fault`] on the current one.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| fluoro_sdk::fault());
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn fault() {
    Target::Current.with(|open| open.change(|state| state.fault = true));
}

/// [`Entity::throttle`] on the current one.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// recorder.segment("orders").run(|| fluoro_sdk::throttle());
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn throttle() {
    Target::Current.with(|open| open.change(|state| (state.error, state.throttle) = (true, true)));
}
