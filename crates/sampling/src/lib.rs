//! Sampling rules: wildcard matching, reservoirs, local rule files, and the targets a server hands out.
//!
//! Pure: the time and the dice are passed in, so servers and SDKs share it and tests decide both.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html>

pub mod file;
pub mod matching;
pub mod reservoir;
pub mod rule;
pub mod targets;

pub use model::wildcard;

pub use file::{RuleFile, RuleFileError};
pub use matching::Request;
pub use reservoir::Reservoir;
pub use rule::{SamplingRule, SamplingRuleRecord};
pub use targets::{Allocator, Anomalies, BoostTarget, Counts, Target};
