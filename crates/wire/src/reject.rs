//! Why a document is refused, in X-Ray's words.

use std::fmt;

/// A document that was refused, with what X-Ray answers about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct Reject {
    /// The `id` of the document, as text, where it has one.
    pub id: Option<String>,
    /// The `trace_id` of the document, as text, where it has one. Only for people; X-Ray does not send it.
    pub trace_id: Option<String>,
    pub code: RejectCode,
    pub subject: RejectSubject,
    /// What exactly is wrong and where, for people.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectSubject {
    Segment,
    Subsegment,
    /// It could not be told which.
    Entity,
}

/// X-Ray's `ErrorCode` of an unprocessed segment. `Display` gives X-Ray's spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RejectCode {
    ParseError,
    UnknownType,
    MissingId,
    InvalidId,
    MissingName,
    InvalidName,
    MissingTraceId,
    InvalidTraceId,
    MissingStartTime,
    InProgressSegmentHasEndTime,
    InProgressSubsegmentHasEndTime,
    MissingEndTime,
    MissingParentId,
    InvalidParentId,
    InvalidSegment,
}

impl Reject {
    /// X-Ray's `Message`, such as `Invalid segment. ErrorCode: MissingId`. `InvalidSegment` says nothing by itself, so there
    /// the cause is told, which X-Ray leaves at null.
    pub fn message(&self) -> String {
        let code = self.code;
        let (subject, cause) = match self.subject {
            RejectSubject::Segment => ("segment", ""),
            RejectSubject::Subsegment => ("subsegment", ", Cause: null"),
            RejectSubject::Entity => ("entity", ""),
        };
        match code {
            RejectCode::InvalidSegment => {
                format!("Invalid {subject}. ErrorCode: {code}, Cause: {}", self.detail)
            }
            _ => format!("Invalid {subject}. ErrorCode: {code}{cause}"),
        }
    }
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The variants are spelled as X-Ray spells the codes.
        fmt::Debug::fmt(self, f)
    }
}
