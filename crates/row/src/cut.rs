//! A document without what its columns hold: makes the template.
//!
//! A mark stands only where [`Fields::write`], which fills templates too, gives exactly the text. The writer compares
//! the whole all the same, and keeps a document as it is where they differ.

use ahash::{AHashMap as HashMap, AHashSet as HashSet};
use wire::member;

use crate::template::{Fields, Mark};

/// How many values of one member stand in templates before it counts as one that varies.
const CONSTANT_VALUES: usize = 8;
/// Members that are told apart. What comes after so many counts as one that varies.
const MOST_MEMBERS: usize = 16_384;
/// Nested deeper nothing is decoded either.
const MOST_LEVELS: usize = 128;

/// What was seen of each member, so that like documents get like templates.
#[derive(Debug, Default)]
pub struct Members {
    /// Those with few values have these in the templates.
    values: HashMap<u64, Values>,
    /// Those whose seconds are written with six decimals, zeros at the end included.
    six: HashSet<u64>,
}

#[derive(Debug, Default)]
struct Values {
    /// Checksums of the values.
    seen: [u32; CONSTANT_VALUES],
    /// More than there is room for: it varies.
    count: usize,
}

/// Makes the template of a document from the rows of its entities, parents before children. `rest` is given what
/// has no column. `None` where the text is not understood.
pub fn cut<'a>(
    text: &'a str,
    rows: &[Fields<'a>],
    members: &mut Members,
    rest: &mut impl FnMut(&'a str),
) -> Option<String> {
    let mut cutter = Cutter {
        text,
        rows,
        members,
        rest,
        at: 0,
        copied: 0,
        entered: 1,
        level: 0,
        annotation: 0,
        template: String::with_capacity(text.len() / 2),
        scratch: String::new(),
    };
    let root = crc32fast::hash(rows.first()?.name.as_bytes()).into();
    cutter.value(Place::Entity(0), root)?;
    cutter.template.push_str(&text[cutter.copied..]);
    Some(cutter.template)
}

impl Members {
    /// Whether a value of a member should stand in the template.
    fn is_constant(&mut self, member: u64, value: &str) -> bool {
        if self.values.len() >= MOST_MEMBERS && !self.values.contains_key(&member) {
            return false;
        }
        let values = self.values.entry(member).or_default();
        if values.count > CONSTANT_VALUES {
            return false;
        }
        let checksum = crc32fast::hash(value.as_bytes());
        if values.seen[..values.count].contains(&checksum) {
            return true;
        }
        if let Some(free) = values.seen.get_mut(values.count) {
            *free = checksum;
        }
        values.count += 1;
        values.count <= CONSTANT_VALUES
    }
}

/// What the value is that is read.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// The entity of this row.
    Entity(usize),
    Http(usize),
    Request(usize),
    Response(usize),
    Annotations(usize),
    Subsegments,
    /// What a column of the row may hold in one of these forms.
    Column(usize, &'static [Mark]),
    /// The nanoseconds of an instant that a column holds to the microsecond.
    Nanos(usize, Mark),
    /// Of a span of OpenTelemetry's, which stands in two arrays of one element each.
    Scopes,
    Scope,
    Spans,
    Span,
    /// Lists of keys and values; only those of the span are annotations of a row.
    Attributes(Option<usize>),
    Attribute(Option<usize>),
    AttributeValue(Option<usize>),
    Other,
}

/// Goes through a text once.
struct Cutter<'a, 'm, R> {
    text: &'a str,
    rows: &'m [Fields<'a>],
    members: &'m mut Members,
    rest: &'m mut R,
    at: usize,
    /// Up to here the text is in the template.
    copied: usize,
    entered: usize,
    level: usize,
    /// Of a span's attributes: which of the row's annotations is next.
    annotation: usize,
    template: String,
    scratch: String,
}

impl<'a, R: FnMut(&'a str)> Cutter<'a, '_, R> {
    fn value(&mut self, place: Place, member: u64) -> Option<()> {
        match self.peek()? {
            b'{' => self.nested(|cutter| cutter.object(place, member)),
            b'[' => self.nested(|cutter| cutter.array(place, member)),
            b'"' => {
                let (from, to) = self.string()?;
                self.take(place, member, from, to);
                Some(())
            }
            b'-' | b'0'..=b'9' => {
                let (from, to) = self.word();
                self.take(place, member, from, to);
                Some(())
            }
            b't' | b'f' | b'n' => {
                if let Place::AttributeValue(Some(_)) = place {
                    self.annotation += 1;
                    self.mark(self.at, self.at, Mark::AnnotationOther);
                }
                self.word();
                Some(())
            }
            _ => None,
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.level += 1;
        if self.level > MOST_LEVELS {
            return None;
        }
        self.at += 1;
        read(self)?;
        self.level -= 1;
        Some(())
    }

    fn object(&mut self, place: Place, member: u64) -> Option<()> {
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        // Of annotations: which of the row's is next.
        let mut next = 0;
        let mut attribute = "";
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            let (from, to) = self.string()?;
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            let key = &self.text[from..to];
            let inner = inner(member, key);
            match place {
                Place::Annotations(row) => self.annotation(row, &mut next, from..to, inner)?,
                Place::Span if key == "attributes" => self.span_attributes(inner)?,
                Place::Attribute(_) if key == "key" && self.peek()? == b'"' => {
                    // The key says what the value is, and stays.
                    let (from, to) = self.string()?;
                    attribute = &self.text[from..to];
                }
                Place::Attribute(row) => {
                    let inner = self::inner(inner, attribute);
                    match row.filter(|_| key == "value").and_then(|row| self.expected(row, attribute)) {
                        Some(row) => self.value(Place::AttributeValue(Some(row)), inner)?,
                        None => self.value(Place::AttributeValue(None), inner)?,
                    }
                }
                _ => self.value(place.of(key, self.rows.len()), inner)?,
            }
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, place: Place, member: u64) -> Option<()> {
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            match (place, self.peek()?) {
                (Place::Subsegments, b'{') => self.subsegment()?,
                _ => self.value(place.element(), member)?,
            }
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn subsegment(&mut self) -> Option<()> {
        let row = self.entered;
        self.entered += 1;
        let name = self.rows.get(row)?.name;
        self.mark(self.at, self.at, Mark::Enter);
        self.value(Place::Entity(row), inner(1, name))?;
        self.mark(self.at, self.at, Mark::Leave);
        Some(())
    }

    /// The attributes of a span: annotations of the row that has the span's id, which is the call's where the segment has another.
    fn span_attributes(&mut self, member: u64) -> Option<()> {
        let row = self.rows.len() - 1;
        self.annotation = 0;
        if row > 0 {
            self.mark(self.at, self.at, Mark::Enter);
        }
        self.value(Place::Attributes(Some(row)), member)?;
        if row > 0 {
            self.mark(self.at, self.at, Mark::Leave);
        }
        Some(())
    }

    /// The row, if this attribute is the next of its annotations.
    fn expected(&self, row: usize, key: &str) -> Option<usize> {
        let (name, _) = self.rows.get(row)?.annotations.get(self.annotation)?;
        (*name == key).then_some(row)
    }

    /// One annotation, after its colon.
    fn annotation(
        &mut self,
        row: usize,
        next: &mut usize,
        key: std::ops::Range<usize>,
        member: u64,
    ) -> Option<()> {
        let expected = self.rows.get(row)?.annotations.get(*next).copied();
        let is_scalar = matches!(self.peek()?, b'"' | b'-' | b'0'..=b'9' | b't' | b'f');
        let Some((_, value)) = expected.filter(|(name, _)| is_scalar && *name == &self.text[key.clone()])
        else {
            return self.value(Place::Other, member);
        };
        *next += 1;
        self.mark(key.start, key.end, Mark::AnnotationKey);
        let (from, to) = if self.peek()? == b'"' { self.string()? } else { self.word() };
        if &self.text[from..to] == value {
            self.mark(from, to, Mark::AnnotationValue);
        } else {
            self.mark(from, from, Mark::AnnotationOther);
            self.mark(from, to, Mark::Rest);
            (self.rest)(&self.text[from..to]);
        }
        Some(())
    }

    /// A string without its quotes, or a number.
    fn take(&mut self, place: Place, member: u64, from: usize, to: usize) {
        let text = &self.text[from..to];
        if let Place::AttributeValue(Some(row)) = place
            && let Some(&(_, value)) = self.rows.get(row).and_then(|row| row.annotations.get(self.annotation))
        {
            self.annotation += 1;
            if text == value {
                return self.mark(from, to, Mark::AnnotationValue);
            }
            self.mark(from, from, Mark::AnnotationOther);
        }
        if let Place::Nanos(row, mark) = place
            && let Some(fields) = self.rows.get(row)
            && let Some(split) = text.len().checked_sub(3)
        {
            self.scratch.clear();
            if fields.write(mark, &mut self.scratch).is_some() && self.scratch == text[..split] {
                self.mark(from, from + split, mark);
                return self.take(Place::Other, member, from + split, to);
            }
        }
        if let Place::Column(row, marks) = place
            && let Some(fields) = self.rows.get(row)
        {
            let with_six = self.members.six.contains(&member);
            // Most seconds may be either.
            let is_later = |mark: &&Mark| with_six && matches!(mark, Mark::Start | Mark::End);
            let (first, later) = (marks.iter().filter(|mark| !is_later(mark)), marks.iter().filter(is_later));
            for &mark in first.chain(later) {
                self.scratch.clear();
                if fields.write(mark, &mut self.scratch).is_some() && self.scratch == text {
                    if matches!(mark, Mark::StartSix | Mark::EndSix) && !with_six {
                        self.members.six.insert(member);
                    }
                    self.mark(from, to, mark);
                    return;
                }
            }
        }
        if !self.members.is_constant(member, text) {
            self.mark(from, to, Mark::Rest);
            (self.rest)(text);
        }
    }

    fn mark(&mut self, from: usize, to: usize, mark: Mark) {
        self.template.push_str(&self.text[self.copied..from]);
        self.template.push(char::from(mark as u8));
        self.copied = to;
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let space = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))?;
        self.at += space;
        rest.get(space).copied()
    }

    /// Where the string without its quotes lies that begins here.
    fn string(&mut self) -> Option<(usize, usize)> {
        let from = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = from;
        loop {
            match *bytes.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some((from, at))
    }

    /// Where the number, or `true`, `false` or `null`, lies that begins here.
    fn word(&mut self) -> (usize, usize) {
        let from = self.at;
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let rest = &self.text.as_bytes()[from..];
        self.at += rest.iter().position(is_end).unwrap_or(rest.len());
        (from, self.at)
    }
}

impl Place {
    /// What an element of an array is.
    fn element(self) -> Self {
        match self {
            Self::Scopes => Self::Scope,
            Self::Spans => Self::Span,
            Self::Attributes(row) => Self::Attribute(row),
            _ => Self::Other,
        }
    }

    /// What a member of it is, in a document of so many rows.
    fn of(self, key: &str, rows: usize) -> Self {
        match (self, key) {
            // X-Ray has no such members.
            (Self::Entity(0), "scopeSpans") => Self::Scopes,
            (Self::Scope, "spans") => Self::Spans,
            (Self::Span, "traceId") => Self::Column(0, &[Mark::TraceIdDigits]),
            (Self::Span, "spanId") if rows == 1 => Self::Column(0, &[Mark::Id]),
            (Self::Span, "parentSpanId") => Self::Column(0, &[Mark::ParentId]),
            (Self::Span, "startTimeUnixNano") => Self::Nanos(0, Mark::StartMicros),
            (Self::Span, "endTimeUnixNano") => Self::Nanos(0, Mark::EndMicros),
            (Self::AttributeValue(row), "stringValue" | "intValue" | "doubleValue" | "boolValue") => {
                Self::AttributeValue(row)
            }
            (_, "attributes") if !matches!(self, Self::Entity(_)) => Self::Attributes(None),
            (Self::Entity(0), member::TRACE_ID) => Self::Column(0, &[Mark::TraceId]),
            (Self::Entity(row), member::ID) => Self::Column(row, &[Mark::Id]),
            (Self::Entity(row), member::PARENT_ID) => Self::Column(row, &[Mark::ParentId]),
            (Self::Entity(row), member::NAME) => Self::Column(row, &[Mark::Name]),
            (Self::Entity(row), member::START_TIME) => Self::Column(row, &[Mark::Start, Mark::StartSix]),
            (Self::Entity(row), member::END_TIME) => Self::Column(row, &[Mark::End, Mark::EndSix]),
            (Self::Entity(row), member::ORIGIN) => Self::Column(row, &[Mark::Origin]),
            (Self::Entity(row), member::NAMESPACE) => Self::Column(row, &[Mark::Namespace]),
            (Self::Entity(row), member::USER) => Self::Column(row, &[Mark::User]),
            (Self::Entity(row), member::HTTP) => Self::Http(row),
            (Self::Entity(row), member::ANNOTATIONS) => Self::Annotations(row),
            (Self::Entity(_), member::SUBSEGMENTS) => Self::Subsegments,
            (Self::Http(row), member::REQUEST) => Self::Request(row),
            (Self::Http(row), member::RESPONSE) => Self::Response(row),
            (Self::Request(row), member::METHOD) => Self::Column(row, &[Mark::Method]),
            (Self::Request(row), member::URL) => Self::Column(row, &[Mark::Url]),
            (Self::Response(row), member::STATUS) => Self::Column(row, &[Mark::Status]),
            _ => Self::Other,
        }
    }
}

/// The number of a member of a member.
fn inner(member: u64, key: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    key.bytes().fold(step(member, 0), step)
}

#[cfg(test)]
mod tests;
