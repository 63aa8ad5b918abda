//! What became of a trace.

use serde::Serialize;
use ts_rs::TS;

use super::{NowClock, TraceRow};

/// `GET /api/doctor?q`: what is known of a trace id that somebody pasted, with or without the header around it.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Diagnosis {
    pub fate: Fate,
    /// As X-Ray writes it; absent when none could be read.
    pub trace_id: Option<String>,
    /// What is wrong with what was pasted.
    pub malformed: Option<String>,
    /// `Sampled` of a pasted header.
    pub sampled: Option<bool>,
    /// The time that the id itself names; nobody checks it.
    pub made: Option<f64>,
    pub trace: Option<TraceRow>,
    /// Those that it went through whose clocks are off now: its times may not be what they seem.
    pub clocks: Vec<NowClock>,
    #[ts(type = "number")]
    pub documents: u64,
    /// Documents of this trace that were refused, newest first.
    pub refusals: Vec<RefusedDocument>,
    /// How long traces are kept, milliseconds; for ever where there is none.
    pub keeps: Option<f64>,
    /// Traces with ids that differ in a few digits, the closest first; else those that began at about that time.
    pub nearest: Vec<NearTrace>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) enum Fate {
    /// It is here, and every answer knows it.
    Found,
    /// It is here, and the answers will know it in a moment.
    Digesting,
    /// All that came of it was refused.
    Refused,
    /// What was pasted holds no trace id.
    Malformed,
    /// By the time that the id names it was dropped.
    Expired,
    /// Nothing of it came, as far as this server remembers.
    Unknown,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct RefusedDocument {
    pub at: f64,
    pub door: String,
    pub reason: String,
    pub detail: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct NearTrace {
    pub trace: TraceRow,
    /// Digits of the id that differ.
    pub differs: u32,
}
