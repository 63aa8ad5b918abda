//! What is read of the server's answers. Members that a server of another version does not give are absent or empty, and
//! nothing else of an answer is looked at.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads an answer, which stays as it is for `--json`.
pub(crate) fn read<T: DeserializeOwned>(answer: &Value) -> anyhow::Result<T> {
    T::deserialize(answer)
        .map_err(|error| anyhow::anyhow!("the server is of another version than this program: {error}"))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Now {
    pub(crate) at: f64,
    pub(crate) entries: Vec<Entry>,
    pub(crate) background: Background,
    pub(crate) clocks: Vec<ClockAside>,
    /// Of clients, in the last minute.
    pub(crate) requests: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) node: String,
    pub(crate) what: String,
    pub(crate) weight: String,
    pub(crate) since: f64,
    pub(crate) until: Option<f64>,
    pub(crate) failing: u64,
    pub(crate) requests: u64,
    pub(crate) users: u64,
    pub(crate) operation: Option<String>,
    pub(crate) affected_names: Vec<String>,
    pub(crate) example: Option<String>,
    pub(crate) sentence: String,
    pub(crate) episode: Episode,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Episode {
    pub(crate) number: usize,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Background {
    pub(crate) nodes: Vec<String>,
    pub(crate) failing: u64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ClockAside {
    pub(crate) node: String,
    /// Milliseconds; negative where it is ahead.
    pub(crate) behind: i64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TraceRow {
    pub(crate) id: String,
    pub(crate) start: f64,
    pub(crate) duration: Option<f64>,
    pub(crate) response_time: Option<f64>,
    pub(crate) entry_point: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) status: Option<i64>,
    pub(crate) outcome: Outcome,
    pub(crate) origin: Option<String>,
    pub(crate) exception: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    #[default]
    Ok,
    Error,
    Throttle,
    Fault,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TraceList {
    pub(crate) traces: Vec<TraceRow>,
    pub(crate) matched: u64,
    pub(crate) complete: bool,
    pub(crate) reached: Option<f64>,
    pub(crate) newest_received: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TraceDetail {
    pub(crate) summary: TraceRow,
    pub(crate) spans: Vec<Span>,
    pub(crate) hidden: usize,
    pub(crate) missing: Vec<Sentence>,
    pub(crate) focus: Option<String>,
    pub(crate) patterns: Vec<Sentence>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sentence {
    pub(crate) sentence: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Span {
    pub(crate) id: String,
    pub(crate) depth: usize,
    pub(crate) kind: String,
    pub(crate) name: String,
    /// Milliseconds after the start of the trace.
    pub(crate) start: f64,
    /// Absent while in progress.
    pub(crate) duration: Option<f64>,
    pub(crate) outcome: Outcome,
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) status: Option<i64>,
    pub(crate) operation: Option<String>,
    pub(crate) exceptions: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SpanDetail {
    pub(crate) exceptions: Vec<Exception>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Exception {
    #[serde(rename = "type")]
    pub(crate) name: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) truncated: u64,
    pub(crate) stack: Vec<Frame>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Frame {
    pub(crate) path: Option<String>,
    pub(crate) line: Option<i64>,
    pub(crate) label: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Diagnosis {
    pub(crate) fate: String,
    pub(crate) trace_id: Option<String>,
    pub(crate) malformed: Option<String>,
    pub(crate) sampled: Option<bool>,
    pub(crate) made: Option<f64>,
    pub(crate) trace: Option<TraceRow>,
    pub(crate) clocks: Vec<ClockAside>,
    pub(crate) documents: u64,
    pub(crate) refusals: Vec<Refusal>,
    /// Milliseconds.
    pub(crate) keeps: Option<f64>,
    pub(crate) nearest: Vec<Near>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    pub(crate) at: f64,
    pub(crate) door: String,
    pub(crate) reason: String,
    pub(crate) detail: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Near {
    pub(crate) trace: TraceRow,
    pub(crate) differs: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) stats: Stats,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Edge {
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) is_link: bool,
    pub(crate) stats: Stats,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Stats {
    pub(crate) error: i64,
    pub(crate) throttle: i64,
    pub(crate) fault: i64,
    pub(crate) total: i64,
    /// Milliseconds.
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::Fault => "fault",
        }
    }
}

impl Exception {
    /// With its message, as logs print it.
    pub(crate) fn headline(&self) -> String {
        let name = self.name.as_deref().unwrap_or("exception without a type");
        match self.message.as_deref().filter(|message| !message.is_empty()) {
            Some(message) => format!("{name}: {message}"),
            None => name.to_owned(),
        }
    }
}
