//! Layers for `tower`: [`SegmentLayer`] makes a segment of each incoming request, [`CallLayer`] a subsegment of each
//! outgoing one. They fit axum, hyper (through `hyper_util::service::TowerToHyperService`) and tonic.

mod body;
mod call;
mod segment;

pub use body::TracedBody;
pub use call::{Call, CallFuture, CallLayer};
pub use segment::{Segment, SegmentFuture, SegmentLayer};
