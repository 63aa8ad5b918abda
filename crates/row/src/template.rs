//! What stands in a template in place of text, and how a document is made of template and columns.
//!
//! `docs/format/parts.md` describes the marks. They are control characters, which no JSON text may hold.

use model::{EntityId, TraceId};

/// What stands in place of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    TraceId = 0x01,
    Id = 0x02,
    ParentId = 0x03,
    Name = 0x04,
    /// Seconds with six decimals, and without zeros at the end.
    StartSix = 0x05,
    Start = 0x06,
    EndSix = 0x07,
    End = 0x08,
    Origin = 0x0b,
    Namespace = 0x0c,
    Method = 0x0e,
    Url = 0x0f,
    Status = 0x10,
    User = 0x11,
    AnnotationKey = 0x12,
    /// The value, after which it is the next annotation's turn.
    AnnotationValue = 0x13,
    /// No text: the annotation's value is not written as the column has it, and stands in `rest`.
    AnnotationOther = 0x14,
    /// The next text of `rest`.
    Rest = 0x15,
    /// No text: from here on the next entity's row counts, and from `Leave` on the one before again.
    Enter = 0x16,
    Leave = 0x17,
    /// The trace id as W3C writes it: 32 digits.
    TraceIdDigits = 0x18,
    /// Microseconds, which the text goes on with to nanoseconds.
    StartMicros = 0x19,
    EndMicros = 0x1a,
}

/// One row, as far as a document is made of it.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    pub trace_id: TraceId,
    pub id: EntityId,
    pub parent_id: Option<EntityId>,
    pub name: &'a str,
    /// Microseconds.
    pub start: i64,
    pub end: Option<i64>,
    pub origin: Option<&'a str>,
    pub namespace: Option<&'a str>,
    pub method: Option<&'a str>,
    pub url: Option<&'a str>,
    pub status: Option<i64>,
    pub user: Option<&'a str>,
    pub annotations: Vec<(&'a str, &'a str)>,
}

/// Makes a document from its template. `row` gives the rows of its entities. `None` where they do not fit.
pub fn fill<'a>(
    template: &str,
    mut rest: impl Iterator<Item = &'a str>,
    mut row: impl FnMut(usize) -> Option<Fields<'a>>,
    out: &mut String,
) -> Option<()> {
    // Entities that enclose the place, each with the number of its annotation whose turn it is.
    let mut open = vec![(row(0)?, 0)];
    let mut entered = 1;
    let mut copied = 0;
    for (at, &byte) in template.as_bytes().iter().enumerate() {
        let Some(mark) = Mark::of(byte) else { continue };
        out.push_str(&template[copied..at]);
        copied = at + 1;
        let (fields, next) = open.last_mut()?;
        match mark {
            Mark::Enter => {
                open.push((row(entered)?, 0));
                entered += 1;
            }
            Mark::Leave => {
                open.pop();
            }
            Mark::Rest => out.push_str(rest.next()?),
            Mark::AnnotationKey => out.push_str(fields.annotations.get(*next)?.0),
            Mark::AnnotationValue => {
                out.push_str(fields.annotations.get(*next)?.1);
                *next += 1;
            }
            Mark::AnnotationOther => *next += 1,
            _ => fields.write(mark, out)?,
        }
    }
    out.push_str(&template[copied..]);
    Some(())
}

impl Mark {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            0x01 => Self::TraceId,
            0x02 => Self::Id,
            0x03 => Self::ParentId,
            0x04 => Self::Name,
            0x05 => Self::StartSix,
            0x06 => Self::Start,
            0x07 => Self::EndSix,
            0x08 => Self::End,
            0x0b => Self::Origin,
            0x0c => Self::Namespace,
            0x0e => Self::Method,
            0x0f => Self::Url,
            0x10 => Self::Status,
            0x11 => Self::User,
            0x12 => Self::AnnotationKey,
            0x13 => Self::AnnotationValue,
            0x14 => Self::AnnotationOther,
            0x15 => Self::Rest,
            0x16 => Self::Enter,
            0x17 => Self::Leave,
            0x18 => Self::TraceIdDigits,
            0x19 => Self::StartMicros,
            0x1a => Self::EndMicros,
            _ => return None,
        })
    }
}

impl Fields<'_> {
    /// What the row has for a mark; `None` where it has nothing.
    pub fn write(&self, mark: Mark, out: &mut String) -> Option<()> {
        match mark {
            Mark::TraceId => {
                out.push_str("1-");
                push_hex(&self.trace_id.0[..4], out);
                out.push('-');
                push_hex(&self.trace_id.0[4..], out);
            }
            Mark::TraceIdDigits => push_hex(&self.trace_id.0, out),
            Mark::StartMicros => push_integer(self.start, out),
            Mark::EndMicros => push_integer(self.end?, out),
            Mark::Id => push_hex(&self.id.0.to_be_bytes(), out),
            Mark::ParentId => push_hex(&self.parent_id?.0.to_be_bytes(), out),
            Mark::Name => out.push_str(self.name),
            Mark::StartSix => push_seconds(self.start, true, out)?,
            Mark::Start => push_seconds(self.start, false, out)?,
            Mark::EndSix => push_seconds(self.end?, true, out)?,
            Mark::End => push_seconds(self.end?, false, out)?,
            Mark::Origin => out.push_str(self.origin?),
            Mark::Namespace => out.push_str(self.namespace?),
            Mark::Method => out.push_str(self.method?),
            Mark::Url => out.push_str(self.url?),
            Mark::Status => push_integer(self.status?, out),
            Mark::User => out.push_str(self.user?),
            Mark::AnnotationKey
            | Mark::AnnotationValue
            | Mark::AnnotationOther
            | Mark::Rest
            | Mark::Enter
            | Mark::Leave => return None,
        }
        Some(())
    }
}

fn push_hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|digit| char::from(DIGITS[usize::from(digit)])),
    );
}

fn push_integer(number: i64, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(number));
}

fn push_seconds(micros: i64, with_six: bool, out: &mut String) -> Option<()> {
    const SECOND: i64 = 1_000_000;
    if micros < 0 {
        return None;
    }
    push_integer(micros / SECOND, out);
    out.push('.');
    // A digit before them keeps their zeros.
    out.push_str(&itoa::Buffer::new().format(SECOND + micros % SECOND)[1..]);
    if !with_six {
        let length = out.trim_end_matches('0').trim_end_matches('.').len();
        out.truncate(length);
    }
    Some(())
}
