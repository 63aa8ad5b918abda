//! The front page is the README of the package, and the code map is `docs/rust-sdk.md`.
//!
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod address;
mod ask;
#[cfg(feature = "aws")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
pub mod aws;
mod begin;
mod cause;
mod cell;
mod clock;
mod context;
mod document;
mod emit;
mod entity;
#[cfg(feature = "tower")]
mod grpc;
#[cfg(any(feature = "tower", feature = "reqwest"))]
mod http;
mod id;
#[cfg(feature = "lambda")]
#[cfg_attr(docsrs, doc(cfg(feature = "lambda")))]
pub mod lambda;
mod missing;
mod naming;
#[cfg(feature = "opentelemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
pub mod opentelemetry;
#[cfg(any(feature = "tower", feature = "reqwest"))]
mod outgoing;
#[cfg(any(feature = "aws", feature = "tower"))]
mod percent;
mod plugin;
mod queue;
mod record;
mod recorder;
#[cfg(feature = "reqwest")]
#[cfg_attr(docsrs, doc(cfg(feature = "reqwest")))]
pub mod reqwest;
mod sampler;
mod scope;
mod send;
mod settings;
mod spare;
pub mod sql;
mod stack;
mod stats;
mod sync;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub mod tonic;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub mod tracing;
mod value;
mod worker;

pub use begin::{SegmentBuilder, SubsegmentBuilder, subsegment};
pub use cause::panic_hook;
pub use emit::{Document, Emit, EmitOutcome, Memory};
pub use entity::{
    Entity, LogId, annotate, current, current_header, error, fault, link, log_id, metadata, metadata_in,
    throttle, trace_id, user,
};
/// Makes a subsegment of each call of a function, async or not.
///
/// Its name is the function's, unless given. The `Err` of a `Result` is the cause of a fault; values of annotations are
/// evaluated only if the call is recorded.
///
/// ```
/// #[fluoro_sdk::trace(name = "load order", annotations(order = order))]
/// async fn load(order: u64) -> Result<String, std::io::Error> {
///     Ok(format!("order {order}"))
/// }
/// ```
#[cfg(feature = "macros")]
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
pub use fluoro_sdk_macros::trace;
pub use missing::ContextMissing;
pub use model::{EntityId, TraceId};
pub use naming::Naming;
pub use plugin::Plugins;
pub use record::{HttpRequest, HttpResponse, Namespace, Sql};
pub use recorder::{Recorder, RecorderBuilder, RecorderGuard, global};
pub use sampler::{Decision, Sampler, SamplingRequest};
pub use scope::{EnteredEntity, InCurrentEntity, InEntity, OpenEntity, in_current_entity};
pub use settings::ConfigError;
pub use stats::{Dropped, Stats};
pub use value::AnnotationValue;
pub use wire::TraceHeader;
