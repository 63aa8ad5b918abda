//! A layer for `tracing`: spans become subsegments, and errors the causes of what is current.
//!
//! ```
//! use tracing_subscriber::layer::SubscriberExt as _;
//! let subscriber = tracing_subscriber::registry().with(fluoro_sdk::tracing::layer());
//! // tracing::subscriber::set_global_default(subscriber)
//! ```
//!
//! A span inside a segment, of level INFO and above, is a subsegment. Outside of any it is nothing, unless it has the field
//! `otel.kind = "server"` or `xray.segment = "name"`: then it is a segment, whose caller is in the field `xray.header`.
//! What is native and what is a span nest in each other, for there is one current entity.

mod fields;
#[cfg(feature = "tracing-fmt")]
mod format;

use std::sync::Mutex;
use std::thread::{self, ThreadId};

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use self::fields::Fields;
#[cfg(feature = "tracing-fmt")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing-fmt")))]
pub use self::format::TraceIdFormat;
use crate::begin::subsegment;
use crate::cell::lock;
use crate::context::Kind;
use crate::entity::Entity;
use crate::recorder::{Recorder, global};
use crate::scope::OpenEntity;
use crate::stack::{self, Now};

/// Crates whose spans tell of a layer below what is to be seen.
const EXCLUDED: [&str; 12] = [
    "aws_config",
    "aws_runtime",
    "aws_sdk",
    "aws_smithy",
    "fluoro_sdk",
    "h2",
    "hyper",
    "rustls",
    "sqlx",
    "tokio",
    "tonic",
    "tower",
];

/// A layer with the usual filter.
///
/// ```
/// # let recorder = fluoro_sdk::Recorder::builder().name("orders").memory().sample_all(true).build()?;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let subscriber = tracing_subscriber::registry().with(fluoro_sdk::tracing::layer().recorder(&recorder));
/// tracing::subscriber::with_default(subscriber, || {
///     recorder.segment("orders").run(|| {
///         let _span = tracing::info_span!("load order", annotation.tenant = "acme").entered();
///     });
/// });
/// # Ok::<(), fluoro_sdk::ConfigError>(())
/// ```
pub fn layer() -> SpanLayer {
    SpanLayer {
        level: Level::INFO,
        excluded: EXCLUDED.iter().map(|&target| target.to_owned()).collect(),
        recorder: None,
    }
}

/// See [`layer`].
#[derive(Debug, Clone)]
pub struct SpanLayer {
    level: Level,
    excluded: Vec<String>,
    recorder: Option<Recorder>,
}

impl SpanLayer {
    /// Records spans down to that level.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Leaves out spans whose target begins so.
    pub fn exclude(mut self, target: impl Into<String>) -> Self {
        self.excluded.push(target.into());
        self
    }

    /// Makes segments with that recorder instead of the global one.
    pub fn recorder(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    fn is_wanted(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
            && !self.excluded.iter().any(|excluded| metadata.target().starts_with(excluded.as_str()))
    }

    fn begin(&self, attributes: &Attributes<'_>, parent: &Kind) -> Option<OpenEntity> {
        let mut fields = Fields::default();
        if matches!(parent, Kind::Unsampled(_)) {
            return None;
        }
        attributes.record(&mut fields);
        let name =
            fields.name.take().map_or_else(|| attributes.metadata().name().into(), std::borrow::Cow::Owned);
        let open = if matches!(parent, Kind::Nothing) {
            let segment = fields.segment.take();
            if segment.is_none() && !fields.is_server {
                return None;
            }
            let recorder = match &self.recorder {
                Some(own) => own,
                None => global()?,
            };
            let mut builder = recorder.segment(segment.map_or(name, std::borrow::Cow::Owned));
            if let Some(header) = fields.header.take().and_then(|header| header.parse().ok()) {
                builder = builder.header(&header);
            }
            builder.begin()
        } else {
            subsegment(name).child_of(&Entity(parent.clone())).begin()
        };
        fields.apply(&open);
        Some(open)
    }
}

/// What a span has of ours.
#[derive(Debug)]
struct Traced {
    open: OpenEntity,
    /// By what it is left, for each thread that is within it.
    entered: Mutex<Vec<(ThreadId, u64)>>,
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, registry: Context<'_, S>) {
        if !self.is_wanted(attributes.metadata()) {
            return;
        }
        let explicit = || {
            let mut span = registry.span(attributes.parent()?);
            while let Some(known) = span {
                if let Some(traced) = known.extensions().get::<Traced>() {
                    return Some(traced.open.0.clone());
                }
                span = known.parent();
            }
            None
        };
        let parent = if attributes.is_root() {
            Kind::Nothing
        } else {
            explicit().unwrap_or_else(|| stack::with(Clone::clone))
        };
        if let (Some(open), Some(span)) = (self.begin(attributes, &parent), registry.span(id)) {
            span.extensions_mut().insert(Traced { open, entered: Mutex::default() });
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, registry: Context<'_, S>) {
        let Some(span) = registry.span(id) else { return };
        if let Some(traced) = span.extensions().get::<Traced>() {
            let mut fields = Fields::default();
            values.record(&mut fields);
            fields.apply(&traced.open);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("fluoro_sdk") || stack::now() != Now::Sampled {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Some(entity) = crate::entity::current() {
            fields.apply_error(&entity, *event.metadata().level() == Level::ERROR);
        }
    }

    fn on_enter(&self, id: &Id, registry: Context<'_, S>) {
        let Some(span) = registry.span(id) else { return };
        if let Some(traced) = span.extensions().get::<Traced>() {
            let serial = stack::enter(&traced.open.0);
            lock(&traced.entered).push((thread::current().id(), serial));
        }
    }

    fn on_exit(&self, id: &Id, registry: Context<'_, S>) {
        let Some(span) = registry.span(id) else { return };
        if let Some(traced) = span.extensions().get::<Traced>() {
            let own = thread::current().id();
            let mut entered = lock(&traced.entered);
            let at = entered.iter().rposition(|(thread, _)| *thread == own);
            let serial = at.map(|at| entered.swap_remove(at).1);
            drop(entered);
            // What a guard that is still alive has put above it stays.
            stack::leave(serial.unwrap_or(0));
        }
    }

    fn on_close(&self, id: Id, registry: Context<'_, S>) {
        let Some(span) = registry.span(&id) else { return };
        // Outside of the lock on the extensions, for its end may log.
        let traced = span.extensions_mut().remove::<Traced>();
        drop(traced);
    }
}
