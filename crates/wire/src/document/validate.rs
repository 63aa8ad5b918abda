//! What X-Ray requires of an entity, and what is said where it is not so.

use std::borrow::Cow;

use model::{EntityId, Timestamp, TraceId};

use super::lenient::Scalar;
use crate::limits::MAX_NAME_CHARS;
use crate::reject::{RejectCode, RejectSubject};

/// As what an entity stands in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Segment,
    /// A subsegment that was sent by itself.
    Independent,
    /// A subsegment inside the entity that holds it.
    Embedded,
}

/// The first thing that is wrong with a document.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: RejectCode,
    pub(super) subject: RejectSubject,
    /// Where the faulty entity stands, such as `subsegments[0].subsegments[2]`; empty for the whole document.
    place: String,
    problem: Cow<'static, str>,
}

impl Role {
    fn subject(self) -> RejectSubject {
        match self {
            Self::Segment => RejectSubject::Segment,
            Self::Independent | Self::Embedded => RejectSubject::Subsegment,
        }
    }

    pub(super) fn fault(self, code: RejectCode, problem: impl Into<Cow<'static, str>>) -> Fault {
        Fault { code, subject: self.subject(), place: String::new(), problem: problem.into() }
    }
}

impl Fault {
    pub(super) fn no_object() -> Self {
        Self::undecidable("not a JSON object".into())
    }

    pub(super) fn undecidable(problem: Cow<'static, str>) -> Self {
        Self { code: RejectCode::UnknownType, subject: RejectSubject::Entity, place: String::new(), problem }
    }

    /// The same fault, seen from the entity that holds the one at `place`.
    pub(super) fn within(mut self, place: &str) -> Self {
        self.place = if self.place.is_empty() { place.to_owned() } else { format!("{place}.{}", self.place) };
        self
    }

    pub(super) fn detail(&self) -> String {
        match self.place.as_str() {
            "" => self.problem.clone().into_owned(),
            place => format!("{place}: {}", self.problem),
        }
    }
}

pub(super) fn id(value: &Scalar<'_>, role: Role) -> Result<EntityId, Fault> {
    match value {
        Scalar::Absent => Err(role.fault(RejectCode::MissingId, "there is no id")),
        Scalar::Text(text) => {
            text.parse().map_err(|_| role.fault(RejectCode::InvalidId, "the id is not 16 hex digits"))
        }
        _ => Err(role.fault(RejectCode::InvalidId, "the id is not a string")),
    }
}

pub(super) fn name(value: Scalar<'_>, role: Role) -> Result<String, Fault> {
    let invalid = |problem: Cow<'static, str>| role.fault(RejectCode::InvalidName, problem);
    let name = match value {
        Scalar::Absent => return Err(role.fault(RejectCode::MissingName, "there is no name")),
        Scalar::Text(name) => name,
        _ => return Err(invalid("the name is not a string".into())),
    };
    if name.is_empty() {
        return Err(invalid("the name is empty".into()));
    }
    // No character is longer than four bytes, so most names need not be counted.
    if name.len() > MAX_NAME_CHARS && name.chars().count() > MAX_NAME_CHARS {
        return Err(invalid(format!("the name is longer than {MAX_NAME_CHARS} characters").into()));
    }
    if role == Role::Segment
        && let Some(character) = name.chars().find(|&character| !is_allowed_in_segment_name(character))
    {
        return Err(invalid(format!("the name has {character:?}, which a segment's must not have").into()));
    }
    Ok(name.into_owned())
}

/// Letters, numbers and separators of any script, and the symbols that the guide lists.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-fields>
fn is_allowed_in_segment_name(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => true,
        '_' | '.' | ':' | '/' | '%' | '&' | '#' | '=' | '+' | '\\' | '-' | '@' => true,
        // Where bytes of another encoding stood: the sender is better known by a damaged name than not at all.
        '\u{fffd}' => true,
        // White space that is not a control character is what Unicode calls a separator.
        other => other.is_alphanumeric() || (other.is_whitespace() && !other.is_control()),
    }
}

pub(super) fn trace_id(value: &Scalar<'_>, role: Role) -> Result<TraceId, Fault> {
    match value {
        Scalar::Absent => Err(role.fault(RejectCode::MissingTraceId, "there is no trace_id")),
        Scalar::Text(text) => text.parse().map_err(|_| {
            let problem = "the trace_id is not of the form 1-5759e988-bd862e3fe1be46a994272793";
            role.fault(RejectCode::InvalidTraceId, problem)
        }),
        _ => Err(role.fault(RejectCode::InvalidTraceId, "the trace_id is not a string")),
    }
}

pub(super) fn start(value: &Scalar<'_>, role: Role) -> Result<Timestamp, Fault> {
    match value {
        Scalar::Number(seconds) => Ok(Timestamp::from_seconds(*seconds)),
        Scalar::Absent => Err(role.fault(RejectCode::MissingStartTime, "there is no start_time")),
        _ => Err(role.fault(RejectCode::MissingStartTime, "the start_time is not a number")),
    }
}

/// The end, or `None` of work in progress.
pub(super) fn end(
    value: &Scalar<'_>,
    in_progress: &Scalar<'_>,
    role: Role,
) -> Result<Option<Timestamp>, Fault> {
    match (value, in_progress) {
        (Scalar::Number(_), Scalar::Boolean(true)) => {
            let code = match role {
                Role::Segment => RejectCode::InProgressSegmentHasEndTime,
                Role::Independent | Role::Embedded => RejectCode::InProgressSubsegmentHasEndTime,
            };
            Err(role.fault(code, "it is in_progress and has an end_time"))
        }
        (Scalar::Number(seconds), _) => Ok(Some(Timestamp::from_seconds(*seconds))),
        (_, Scalar::Boolean(true)) => Ok(None),
        (Scalar::Absent, _) => {
            Err(role.fault(RejectCode::MissingEndTime, "there is neither an end_time nor in_progress: true"))
        }
        _ => Err(role.fault(RejectCode::MissingEndTime, "the end_time is not a number")),
    }
}

/// The parent that counts in this role. X-Ray validates only that of an independent subsegment; a segment
/// with a parent that is no id is a root.
pub(super) fn parent(value: &Scalar<'_>, role: Role) -> Result<Option<EntityId>, Fault> {
    match (role, value) {
        (Role::Embedded, _) => Ok(None),
        (Role::Segment, Scalar::Text(text)) => Ok(text.parse().ok()),
        (Role::Segment, _) => Ok(None),
        (Role::Independent, Scalar::Absent) => {
            Err(role.fault(RejectCode::MissingParentId, "there is no parent_id"))
        }
        (Role::Independent, Scalar::Text(text)) => text
            .parse()
            .map(Some)
            .map_err(|_| role.fault(RejectCode::InvalidParentId, "the parent_id is not 16 hex digits")),
        (Role::Independent, _) => {
            Err(role.fault(RejectCode::InvalidParentId, "the parent_id is not a string"))
        }
    }
}
