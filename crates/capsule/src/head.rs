//! The first line: what a capsule is about, and what it has of it.

use model::{TimeRange, Timestamp, percent};
use serde::{Deserialize, Serialize};

/// Of what this version writes and reads.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// The version of the format; its name says what the file is.
    #[serde(rename = "fluoroCapsule")]
    pub version: u32,
    /// Of the binary that wrote it.
    pub made_by: String,
    /// When it was made, in microseconds since 1970, as all times here.
    pub made: i64,
    pub issue: Issue,
    /// Everything received from then on is in it.
    pub from: i64,
    /// It ends here, and whoever opens it is shown this moment as now.
    pub to: i64,
    /// Traces of the window that were looked at.
    pub traces: u64,
    /// Of those, how many have their documents in it; of the others it has what searches and counts need. Nobody writes it:
    /// who opens the file has counted.
    #[serde(skip)]
    pub with_documents: u64,
    /// Whether it has all traces of the window.
    pub complete: bool,
    /// What was taken out, as it was asked for.
    #[serde(default)]
    pub redacted: Vec<String>,
}

/// What went wrong, in the words of the server that wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Of the page `/issues/<id>`, or of an insight: `/insights/<id>`.
    pub id: String,
    pub sentence: String,
}

impl Issue {
    /// Where the console tells of it.
    pub fn page(&self) -> String {
        let part = if self.id.contains('!') { "issues" } else { "insights" };
        // Which parts an issue's id from others, and stays readable.
        format!("/{part}/{}", percent::encoded(self.id.bytes()).replace("%21", "!"))
    }
}

impl Head {
    pub fn window(&self) -> TimeRange {
        TimeRange::new(Timestamp(self.from), Timestamp(self.to))
    }
}
