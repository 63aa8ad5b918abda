//! OpenTelemetry's spans: decoding, the form in which they are kept, and what they mean in X-Ray's words.
//!
//! A request is cut into spans. Each is kept by itself as OTLP/JSON, with its resource and its scope, so nothing that was sent
//! is lost; the model's entity and X-Ray's JSON are pure functions of that document and can be made again by a better mapping
//! later. Input never panics, and what is wrong with one span harms none of its neighbours.

mod canonical;
mod decode;
pub mod document;
mod fields;
pub mod gather;
#[cfg(feature = "grpc")]
pub mod grpc;
mod json;
pub mod limits;
mod map;
mod message;
mod reject;
pub mod relay;
pub mod response;
pub mod shown;
pub mod text;
pub mod xray;

pub use decode::{BadRequest, Taken, cut_json, cut_protobuf, decode_json, decode_protobuf};
pub use document::is_document;
pub use reject::{BadTime, Reject, Rejects};
